"""What is recorded of the courses of a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CourseRecord(NamedTuple):
    """What is recorded of n patients, V visits, L lesions, G genotypes (see `findings.Findings`)."""

    made: NDArray[np.int64]
    """(n,) number of visits made."""
    diameter: Array
    """(n, V, L) measured, mm."""
    total: Array
    """(n, V) measured sum of target diameters, mm."""
    fresh: NDArray[np.uint8]
    """(n, V) a new lesion was seen."""
    response: NDArray[np.int8]
    """(n, V)."""
    progression: Array
    """(n,) day of progression."""
    free_until: Array
    """(n,) day of the last visit without progression."""
    death: Array
    """(n,) day of death."""
    contact: Array
    """(n,) last day known alive, if not dead."""
    cause: NDArray[np.int64]
    """(n,) code of the cause of progression."""
    lead_lesion: NDArray[np.int64]
    lead_genotype: NDArray[np.int64]
    """(n,) bit mask."""
    failure: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    """(n,) times the network was solved."""
    trace: Array
    """(n or 0, V, 2, L, G) cells at the visits."""
