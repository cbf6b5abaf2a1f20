"""The course of virtual patients under one arm: growth to detection, treatment, visits, progression, next treatment, death.

Every patient is followed alone: nothing depends on the other patients of a batch, on their order or on the number of workers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.biology.advance import Walker, advance, forget_laws, new_walker
from forestall.biology.dosing import AFTER_PROGRESSION, PROTOCOL, STOPPED, Schedule
from forestall.biology.lesions import lesion_size
from forestall.biology.periods import catch_up, change_doses, start_phase
from forestall.biology.rates import BIRTH, DEATH, EVALUATIONS, CourseModel, PatientRates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.clinic.causes import attribute
from forestall.clinic.course_record import CourseRecord
from forestall.clinic.death import accumulated, hazard_of_death, time_to
from forestall.clinic.entry_lesions import BONE, NODE
from forestall.clinic.radiology import NEW, UNSEEN, Eyes, assess, cells_in, diameter_of, remember_low
from forestall.clinic.watching import ClinicArrays
from forestall.engine.birth_death import FAST_NORMAL_ABOVE, MEAN_ABOVE
from forestall.engine.growth import REACHED, grow_to_size
from forestall.engine.kernels import bare_kernel, kernel_with
from forestall.engine.mutation import new_stack
from forestall.engine.purposes import Purpose
from forestall.engine.random import open_stream, stream
from forestall.engine.references import by_reference

Array = NDArray[np.float64]

_GROWTH, _COURSE, _MEASUREMENT = int(Purpose.GROWTH), int(Purpose.COURSE), int(Purpose.MEASUREMENT)
OK, NOT_GROWN, NOT_FINITE = range(3)
"""Codes of what can go wrong with a patient."""
FAILURES = ("", "a lesion does not grow to its size at entry", "a number became infinite")
LONGEST_GROWTH_DAYS = 60 * 365.25
"""A lineage that takes longer from its first cell to its size at entry counts as failed."""


@kernel_with(error_model="numpy")
def establish(
    i: int,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    untreated: Array,
    cells: Array,
    stack: Array,
) -> int:
    """Grow each lesion of a patient from one founder cell to its size at entry; the law keeps what is resistant.

    Args:
        i: Row of the patient.
        cohort: The batch.
        clinic: Settings.
        untreated: (RATE_ROWS, lanes) rates per day without treatment.
        cells: (2, L, G) receives the cells.
        stack: Work space of the engine.

    Returns:
        `OK`, or `NOT_GROWN` if a lesion does not reach its size.
    """
    genotypes = cells.shape[2]
    table = cohort.table[i]
    birth, death = untreated[BIRTH, :genotypes].copy(), untreated[DEATH, :genotypes].copy()
    children = cohort.edges[table, :, 1].copy()
    for lesion in range(cells.shape[1]):
        target = cells_in(cohort.diameter[i, lesion], clinic.cells_per_mm3)
        if clinic.handover <= 0.0:
            cells[0, lesion, 0] = target
            continue
        _, status = grow_to_size(
            stream(clinic.seed, cohort.patient[i], _GROWTH, lesion),
            0,
            birth,
            death,
            cohort.edge_start[table],
            children,
            cohort.probability[i],
            cohort.capacity[i],
            target,
            LONGEST_GROWTH_DAYS,
            FAST_NORMAL_ABOVE,
            MEAN_ABOVE,
            stack,
            cells[0, lesion],
        )
        if status != REACHED:
            return NOT_GROWN
    return OK


@bare_kernel
def _alive(cells: Array) -> bool:
    """Whether any lesion has a cell."""
    some = False
    for lesion in range(cells.shape[1]):
        some = some or lesion_size(cells, lesion) > 0.0
    return some


@kernel_with(error_model="numpy")
def follow(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    shared: SharedArrays,
    record: CourseRecord,
) -> None:
    """Follow one patient from detection to death or the end of follow-up, writing row `i` of the record."""
    genotypes = cohort.mask.shape[1]
    lesions = 0
    while lesions < cohort.site_class.shape[1] and cohort.site_class[i, lesions] >= 0:
        lesions += 1
    p = prepare_patient(i, model, schedule, cohort, shared)
    cells = np.zeros((2, lesions, genotypes))
    record.failure[i] = establish(i, cohort, clinic, p.rest, cells, new_stack())
    if record.failure[i] != OK:
        return
    noise = np.empty((lesions, 2), np.uint64)
    chance = np.empty((lesions, 2), np.uint64)
    for lesion in range(lesions):
        open_stream(noise[lesion], clinic.seed, cohort.patient[i], _MEASUREMENT, lesion)
        open_stream(chance[lesion], clinic.seed, cohort.patient[i], _COURSE, lesion)
    eyes = Eyes(
        noise,
        np.zeros(lesions, np.uint8),
        np.zeros(lesions, np.bool_),
        np.zeros(lesions, np.bool_),
        cohort.site[i, :lesions] == NODE,
        (cohort.site[i, :lesions] == BONE) | (cohort.scar[i, :lesions] > 0.0),
        np.empty(lesions),
        np.zeros(2),
    )
    walker = new_walker(p.now.shape[1], genotypes, cohort.probability[i])
    _treat(i, model, schedule, cohort, clinic, shared, p, cells, eyes, chance, walker, record)
    record.evaluations[i] = p.clock[EVALUATIONS]


@bare_kernel
def _visit(
    i: int,
    visit: int,
    day: int,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    cells: Array,
    eyes: Eyes,
    record: CourseRecord,
) -> bool:
    """Measure a patient at a visit and record the response; whether she has progressed."""
    progressed = assess(i, visit, cohort, clinic, cells, eyes, record)
    record.made[i] = visit + 1
    if progressed:
        record.progression[i] = day
    else:
        record.free_until[i] = day
    return progressed


@bare_kernel
def _trace(out: Array, cells: Array) -> None:
    """Keep the (2, L, G) cells of a visit."""
    for phenotype in range(cells.shape[0]):
        for lesion in range(cells.shape[1]):
            for g in range(cells.shape[2]):
                out[phenotype, lesion, g] = cells[phenotype, lesion, g]


@bare_kernel
def _treat(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    shared: SharedArrays,
    p: PatientRates,
    cells: Array,
    eyes: Eyes,
    chance: NDArray[np.uint64],
    walker: Walker,
    record: CourseRecord,
) -> None:
    """Follow a patient whose lesions have grown: visits, the end of chemotherapy, the change at progression, death."""
    p, eyes, walker = by_reference(p), by_reference(eyes), by_reference(walker)
    phase, began, day, visit = PROTOCOL, 0, 0, 0
    progressed = False
    hazard = hazard_of_death(i, cohort, clinic, cells)
    risk = 0.0
    end = min(float(clinic.follow_up), cohort.dropout[i])
    last = int(end)
    while True:
        if visit < clinic.visits.shape[0] and clinic.visits[visit] == day:
            if record.trace.shape[0] > 0:
                _trace(record.trace[i, visit], cells)
            if not progressed:
                progressed = _visit(i, visit, day, cohort, clinic, cells, eyes, record)
                if progressed:
                    catch_up(schedule, p, phase, day)
                    _explain(i, model, cohort, clinic, shared, p, cells, eyes, record, day)
                    phase, began = AFTER_PROGRESSION, day
                    _start_next(schedule, p, walker)
            visit += 1
        if day >= last:
            break
        if phase == PROTOCOL and day == cohort.stop[i]:
            phase = STOPPED
            if _alive(cells):
                _stop(schedule, p, day, walker)
        stop = cohort.stop[i] if phase == PROTOCOL else last
        looked_at = visit < clinic.visits.shape[0] and (not progressed or record.trace.shape[0] > 0)
        step = min(last, stop, clinic.visits[visit] if looked_at else last) - day
        if _alive(cells):
            step = advance(
                i, model, schedule, cohort, p, phase, day - began, step, cells, clinic.handover, chance, walker
            )  # fmt: skip
            remember_low(cells, eyes)
        after = hazard_of_death(i, cohort, clinic, cells)
        if not math.isfinite(after):
            record.failure[i] = NOT_FINITE
            return
        gained = accumulated(hazard, after, step)
        if risk + gained >= cohort.death_threshold[i]:
            passed = time_to(cohort.death_threshold[i] - risk, hazard, after, step)
            record.death[i] = min(day + min(passed, float(step)), end)
            return
        risk += gained
        hazard = after
        day += step
    record.contact[i] = end


@bare_kernel
def _start_next(schedule: Schedule, p: PatientRates, walker: Walker) -> None:
    """Begin what follows progression."""
    start_phase(schedule, p, AFTER_PROGRESSION)
    forget_laws(walker)


@bare_kernel
def _stop(schedule: Schedule, p: PatientRates, day: int, walker: Walker) -> None:
    """Give no more of what the patient does not bear any longer."""
    catch_up(schedule, p, PROTOCOL, day)
    change_doses(schedule, p, STOPPED)
    forget_laws(walker)


@kernel_with(error_model="numpy")
def _explain(
    i: int,
    model: CourseModel,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    shared: SharedArrays,
    p: PatientRates,
    cells: Array,
    eyes: Eyes,
    record: CourseRecord,
    day: int,
) -> None:
    """Name the lesion that led the progression, its leading clone and the cause."""
    lead, most = 0, -1.0
    for lesion in range(cells.shape[1]):
        if eyes.seen[lesion] != UNSEEN:
            gain = diameter_of(cells[:, lesion].sum(), clinic.cells_per_mm3)
            gain -= 0.0 if eyes.seen[lesion] == NEW else diameter_of(eyes.low[lesion], clinic.cells_per_mm3)
            if gain > most:
                lead, most = lesion, gain
    record.lead_lesion[i] = lead
    offset = cohort.site_class[i, lead] * cells.shape[2]
    room = max(0.0, 1.0 - cells[:, lead].sum() / cohort.capacity[i])
    genotype, cause = attribute(i, model, cohort, shared, p, cells[:, lead], offset, room, day)
    record.lead_genotype[i] = cohort.mask[cohort.table[i], genotype]
    record.cause[i] = cause


@kernel_with(error_model="numpy", nogil=True)
def follow_batch(
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    clinic: ClinicArrays,
    shared: SharedArrays,
    record: CourseRecord,
) -> None:
    """Follow every patient of a batch; releases the interpreter lock, so that threads can share the work."""
    model, schedule, cohort = by_reference(model), by_reference(schedule), by_reference(cohort)
    clinic, shared, record = by_reference(clinic), by_reference(shared), by_reference(record)
    for i in range(cohort.patient.shape[0]):
        follow(i, model, schedule, cohort, clinic, shared, record)
