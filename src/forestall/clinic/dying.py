"""How many cells of every clone die per day on given days: what sheds DNA into the blood.

The trace keeps cells, not rates. The rates of a day follow from the doses alone, so they are computed again, for one patient.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.biology.dosing import AFTER_PROGRESSION, PROTOCOL, STOPPED, Schedule
from forestall.biology.periods import catch_up, change_doses, know_rates, ring_place, start_phase
from forestall.biology.rates import DEATH, TOLERANT_DEATH, CourseModel, PatientRates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.biology.waning import effect_left, toward_rest
from forestall.clinic.arms import Arm
from forestall.clinic.follow import Followed
from forestall.engine.kernels import kernel_with
from forestall.engine.references import by_reference

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def death_rates(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    days: NDArray[np.int64],
    switch: int,
    out: Array,
) -> None:
    """Death rates over the day before each of some days; without treatment before the first.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        days: (V,) days from 0 on, ascending.
        switch: Day on which the treatment after progression began; one after the last if it did not.
        out: (V, 2, lanes) receives the rates of cycling and of tolerant cells, 1/day.
    """
    model, schedule = by_reference(model), by_reference(schedule)
    cohort, shared = by_reference(cohort), by_reference(shared)
    p = prepare_patient(i, model, schedule, cohort, shared)
    _write_death_rates(i, schedule, model, cohort, p, days, switch, out)


@kernel_with(error_model="numpy")
def _write_death_rates(
    i: int,
    schedule: Schedule,
    model: CourseModel,
    cohort: CohortArrays,
    p: PatientRates,
    days: NDArray[np.int64],
    switch: int,
    out: Array,
) -> None:
    """`death_rates` of a patient who is ready."""
    p = by_reference(p)
    phase, began = PROTOCOL, 0
    for v in range(days.shape[0]):
        before = days[v] - 1
        if before < 0:
            out[v, 0], out[v, 1] = p.rest[DEATH], p.rest[TOLERANT_DEATH]
            continue
        if phase == PROTOCOL and before >= cohort.stop[i] and cohort.stop[i] < switch:
            know_rates(model, schedule, p, phase, cohort.stop[i] - 1, 1)
            catch_up(schedule, p, phase, cohort.stop[i])
            phase = STOPPED
            change_doses(schedule, p, phase)
        if phase != AFTER_PROGRESSION and before >= switch:
            know_rates(model, schedule, p, phase, switch - 1, 1)
            catch_up(schedule, p, phase, switch)
            phase, began = AFTER_PROGRESSION, switch
            start_phase(schedule, p, phase)
        know_rates(model, schedule, p, phase, before - began, 1)
        place = ring_place(schedule, p, phase, before - began)
        left = effect_left(p, before - began + 0.5)
        for k, row in enumerate((DEATH, TOLERANT_DEATH)):
            out[v, k] = toward_rest(p.ring[place, row], p.rest[row], left)


def dying_cells(
    arm: Arm, followed: Followed, day: Array, cells: Array, tolerant: Array, row: int = 0
) -> Array:
    """Cells that die per day in every lesion and clone.

    Args:
        arm: What the patient was given.
        followed: Her course.
        day: (V,) days.
        cells: (V, L, G) cells on these days, tolerant ones included.
        tolerant: (V, L, G) tolerant cells.
        row: Row of the patient in the batch.

    Returns:
        (V, L, G) cells per day, as on the day before.
    """
    cohort = followed.cohort
    progression = followed.findings.progression_day[row]
    days = day.astype(np.int64)
    never = int(days[-1]) + 1 if days.size else 1
    site_class = cohort.site_class[row, cohort.site[row] >= 0]
    genotypes = cohort.mask.shape[1]
    rates = np.zeros((days.size, 2, genotypes * (1 + int(site_class.max(initial=0)))))
    switch = int(progression) if np.isfinite(progression) else never
    death_rates(row, arm.model, arm.schedule, cohort, arm.shared, days, switch, rates)
    kept = np.flatnonzero(cohort.mask[cohort.table[row]] >= 0)
    lanes = site_class[:, None] * genotypes + kept
    cycling = rates[:, 0, lanes] * (cells - tolerant)
    return np.asarray(cycling + rates[:, 1, lanes] * tolerant, np.float64)
