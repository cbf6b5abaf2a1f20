"""How patients are watched, as arrays and numbers for the course kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ClinicArrays(NamedTuple):
    """How patients are watched, the same for all."""

    visits: NDArray[np.int64]
    """(V,) days of the planned visits; the first is the baseline, day 0."""
    follow_up: int
    """Days after which follow-up ends."""
    cells_per_mm3: float
    detection: float
    """mm; lesions smaller than this are not seen."""
    measurement_error: float
    """Standard deviation of the logarithm of a measured diameter."""
    burden_hazard: float
    """1/day of death at the reference burden outside the brain."""
    burden_reference: float
    """mm3."""
    burden_exponent: float
    brain_multiplier: float
    """Weight of brain volume in the burden."""
    handover: float
    """Clones of fewer cells are stochastic; 0 makes the course deterministic."""
    seed: int
