"""The fast engine's deterministic course of one patient, the first phase kept throughout: what the reference checks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.advance import advance, new_walker
from forestall.biology.dosing import Schedule
from forestall.biology.rates import CourseModel
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.engine.kernels import kernel_with

Array = NDArray[np.float64]


@kernel_with(error_model="numpy", nogil=True)
def deterministic_course(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    cells: Array,
    visits: NDArray[np.int64],
) -> Array:
    """Cells of one patient at the visits, every clone deterministic.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        cells: (L, 2, G) at day 0, L lesions that the patient has.
        visits: (V,) days, ascending, the first 0.

    Returns:
        (V, L, 2, G) cells.
    """
    lesions, _, genotypes = cells.shape
    p, _ = prepare_patient(i, model, schedule, cohort, shared)
    now = np.empty((2, lesions, genotypes))
    now[0], now[1] = cells[:, 0], cells[:, 1]
    out = np.empty((visits.shape[0], lesions, 2, genotypes))
    chance = np.zeros((lesions, 2), np.uint64)
    walker = new_walker(p.now.shape[1], genotypes, cohort.probability[i])
    day = 0
    for visit in range(visits.shape[0]):
        while day < visits[visit]:
            day += advance(
                i, model, schedule, cohort, p, 0, day, visits[visit] - day, now, 0.0, chance, walker
            )
        out[visit, :, 0], out[visit, :, 1] = now[0], now[1]
    return out
