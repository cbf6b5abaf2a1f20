"""The fast engine's deterministic course of one patient, the first phase kept throughout: what the reference checks."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.lesions import RATE_ROWS, STEP_DAYS, WORK_ROWS, advance_lesions
from forestall.biology.rates import CourseModel, day_rates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", nogil=True)
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
    rates = np.empty((STEP_DAYS, RATE_ROWS, p.now.shape[1]))
    work = np.zeros((WORK_ROWS, lesions * max(genotypes, STEP_DAYS + 1)))
    daily = np.empty((RATE_ROWS, lesions * genotypes))
    states = np.zeros((lesions, 2), np.uint64)
    table = cohort.table[i]
    day = 0
    for visit in range(visits.shape[0]):
        while day < visits[visit]:
            step = min(STEP_DAYS, visits[visit] - day)
            for j in range(step):
                rates[j] = day_rates(model, schedule, p, 0, day + j)
            advance_lesions(
                now,
                rates,
                cohort.site_class[i, :lesions],
                step,
                cohort.capacity[i],
                cohort.loss[table],
                cohort.edges[table],
                cohort.probability[table],
                0.0,
                states,
                work,
                daily,
            )
            day += step
        out[visit, :, 0], out[visit, :, 1] = now[0], now[1]
    return out
