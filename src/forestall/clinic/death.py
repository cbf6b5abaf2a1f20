"""Death: its hazard from tumor burden and from other causes, and when an accumulated hazard is reached."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.biology.lesions import lesion_size
from forestall.biology.setup import CohortArrays
from forestall.clinic.watching import ClinicArrays
from forestall.engine.kernels import bare_kernel

Array = NDArray[np.float64]


@bare_kernel
def hazard_of_death(i: int, cohort: CohortArrays, clinic: ClinicArrays, cells: Array) -> float:
    """Hazard of death, 1/day: background and burden."""
    burden = 0.0
    for lesion in range(cells.shape[1]):
        volume = lesion_size(cells, lesion) / clinic.cells_per_mm3
        burden += volume * (clinic.brain_multiplier if cohort.site_class[i, lesion] == 1 else 1.0)
    burden /= clinic.burden_reference
    return float(cohort.background[i] + clinic.burden_hazard * burden**clinic.burden_exponent)


@bare_kernel
def accumulated(before: float, after: float, days: float) -> float:
    """Integral of a hazard that changes exponentially from `before` to `after` (1/day) over some days."""
    if before <= 0.0 or after <= 0.0 or abs(after - before) < 1e-6 * before:
        return 0.5 * (before + after) * days
    return (after - before) / math.log(after / before) * days


@bare_kernel
def time_to(missing: float, before: float, after: float, days: float) -> float:
    """Days until such a hazard has accumulated to `missing`."""
    growth = math.log(after / before) / days if before > 0.0 and after > 0.0 else 0.0
    if abs(growth) * days < 1e-6:
        return missing / max(0.5 * (before + after), 1e-300)
    return math.log1p(missing * growth / before) / growth
