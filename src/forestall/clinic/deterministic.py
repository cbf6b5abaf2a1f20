"""The fast engine's deterministic course of one patient, the first phase kept throughout: what the reference checks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.advance import Walker, advance, new_walker
from forestall.biology.dosing import Schedule
from forestall.biology.rates import CourseModel, PatientRates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.engine.kernels import bare_kernel, kernel_with
from forestall.engine.references import by_reference

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
    model, schedule = by_reference(model), by_reference(schedule)
    cohort, shared = by_reference(cohort), by_reference(shared)
    lesions, _, genotypes = cells.shape
    p = prepare_patient(i, model, schedule, cohort, shared)
    now = np.empty((2, lesions, genotypes))
    now[0], now[1] = cells[:, 0], cells[:, 1]
    out = np.empty((visits.shape[0], lesions, 2, genotypes))
    chance = np.zeros((lesions, 2), np.uint64)
    walker = new_walker(p.now.shape[1], genotypes, cohort.probability[i])
    day = 0
    for visit in range(visits.shape[0]):
        _carry(i, model, schedule, cohort, p, day, visits[visit], now, chance, walker)
        day = visits[visit]
        out[visit, :, 0], out[visit, :, 1] = now[0], now[1]
    return out


@bare_kernel
def _carry(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    p: PatientRates,
    day: int,
    until: int,
    cells: Array,
    chance: NDArray[np.uint64],
    walker: Walker,
) -> None:
    """Carry the (2, L, G) cells of a patient from one day to another."""
    p, walker = by_reference(p), by_reference(walker)
    while day < until:
        day += advance(i, model, schedule, cohort, p, 0, day, until - day, cells, 0.0, chance, walker)
