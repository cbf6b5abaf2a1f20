"""What the radiologist of one patient sees at a visit, and what it is called."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.lesions import lesion_size
from forestall.biology.setup import CohortArrays
from forestall.clinic.course_record import CourseRecord
from forestall.clinic.recist import (
    NOT_EVALUABLE,
    PROGRESSIVE_DISEASE,
    assess_visit,
    has_risen,
    select_targets,
    target_sum,
)
from forestall.clinic.watching import ClinicArrays
from forestall.engine.kernels import bare_kernel, kernel_with
from forestall.engine.random import next_normal

Array = NDArray[np.float64]

UNSEEN, BASELINE, NEW = range(3)
"""States of a lesion in the eyes of the radiologist."""


class Eyes(NamedTuple):
    """What the radiologist of one patient keeps in mind."""

    noise: NDArray[np.uint64]
    """(L, 2) random stream of the measurements of each lesion."""
    seen: NDArray[np.uint8]
    """(L,)."""
    target: NDArray[np.bool_]
    """(L,)."""
    other: NDArray[np.bool_]
    """(L,) seen at baseline, and no target."""
    node: NDArray[np.bool_]
    """(L,) whether it is a lymph node."""
    unmeasurable: NDArray[np.bool_]
    """(L,) whether it is in bone, or was treated locally before."""
    low: Array
    """(L,) fewest cells so far."""
    nadir: Array
    """(2,) smallest sum so far of the target lesions and of the others, mm."""


@bare_kernel
def diameter_of(cells: float, cells_per_mm3: float) -> float:
    """Diameter (mm) of a sphere that holds the cells."""
    return float((6.0 / math.pi * cells / cells_per_mm3) ** (1.0 / 3.0))


@bare_kernel
def cells_in(diameter: float, cells_per_mm3: float) -> float:
    """Cells in a sphere of the diameter (mm)."""
    return float(math.pi / 6.0 * diameter**3 * cells_per_mm3)


@bare_kernel
def _measure(
    i: int,
    visit: int,
    scar: Array,
    clinic: ClinicArrays,
    cells: Array,
    eyes: Eyes,
    record: CourseRecord,
) -> None:
    """Measure every lesion, with the scar, (L,) mm, that it grows from; a lesion first seen after baseline is new."""
    seen = eyes.seen
    for lesion in range(cells.shape[1]):
        error = next_normal(eyes.noise[lesion]) * clinic.measurement_error
        filled = lesion_size(cells, lesion) + cells_in(scar[lesion], clinic.cells_per_mm3)
        true = diameter_of(filled, clinic.cells_per_mm3)
        measured = true * math.exp(error) if true >= clinic.detection else 0.0
        if visit == 0:
            seen[lesion] = BASELINE if measured > 0.0 else UNSEEN
        elif measured > 0.0 and seen[lesion] == UNSEEN:
            seen[lesion] = NEW
            record.fresh[i, visit] = 1
        if seen[lesion] != UNSEEN:
            record.diameter[i, visit, lesion] = measured


@kernel_with(error_model="numpy")
def _choose_targets(diameter: Array, site: NDArray[np.int8], eyes: Eyes) -> None:
    """The target lesions at baseline, and the others; without a measurable lesion there are only others."""
    eyes.target[:] = select_targets(diameter, site, eyes.node, eyes.unmeasurable)
    eyes.other[:] = (eyes.seen == BASELINE) & ~eyes.target


@bare_kernel
def remember_low(cells: Array, eyes: Eyes) -> None:
    """Keep the fewest cells that each lesion has had."""
    for lesion in range(cells.shape[1]):
        eyes.low[lesion] = min(eyes.low[lesion], lesion_size(cells, lesion))


@bare_kernel
def assess(
    i: int,
    visit: int,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    cells: Array,
    eyes: Eyes,
    record: CourseRecord,
) -> bool:
    """Measure a patient and assess the response; whether it is progression."""
    _measure(i, visit, cohort.scar[i], clinic, cells, eyes, record)
    size = record.diameter[i, visit, : cells.shape[1]]
    if visit == 0:
        _choose_targets(size, cohort.site[i, : cells.shape[1]], eyes)
    record.total[i, visit], complete = target_sum(size, eyes.target, eyes.node, clinic.detection)
    others, healed = target_sum(size, eyes.other, eyes.node, clinic.detection)
    if visit == 0:
        eyes.nadir[0], eyes.nadir[1] = record.total[i, 0], others
        record.response[i, 0] = NOT_EVALUABLE
        for lesion in range(cells.shape[1]):
            eyes.low[lesion] = lesion_size(cells, lesion)
        return False
    worse = record.fresh[i, visit] == 1 or has_risen(others, eyes.nadir[1])
    eyes.nadir[1] = min(eyes.nadir[1], others)
    code, eyes.nadir[0] = assess_visit(
        record.total[i, visit], record.total[i, 0], eyes.nadir[0], worse, complete, not healed
    )
    record.response[i, visit] = code
    return bool(code == PROGRESSIVE_DISEASE)
