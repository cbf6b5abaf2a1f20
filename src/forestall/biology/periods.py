"""Rates day by day, integrated once and reused when a whole dosing period repeats the one before it.

A patient whose rates repeat is *frozen*: days map to those of the last period that was integrated, and nothing is computed. When the
doses change (the last cycle of a drug, a new phase) the state of that day is put together: slow expression as one period ago,
concentrations by the closed form of c(t + P) = a c(t) + k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.integrate import (
    DRUG_RING_DAYS,
    LONGEST_STRETCH_DAYS,
    RING_DAYS,
    integrate_days,
    turn,
)
from forestall.biology.rates import RATE_ROWS, TERMS, CourseModel, PatientRates
from forestall.engine.kernels import bare_kernel, kernel_with
from forestall.engine.vectors import WIDTH, absolute, any_above, load

Array = NDArray[np.float64]

PERIODIC = 2e-7
"""Daily integrals (dimensionless) that repeat to within this times the period in days are taken as periodic."""
NEXT, REPEATED, FROZEN, EVALUATIONS, ANCHOR = range(5)
"""Entries of the clock."""


@bare_kernel
def start_phase(schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Begin a phase: its days count from 0 and nothing is known to be periodic."""
    p.clock[NEXT] = 0
    p.clock[REPEATED] = 0
    p.clock[FROZEN] = 0
    for d in range(p.elimination.shape[0]):
        for k in range(TERMS):
            p.day_decay[0, d, k] = np.exp(-p.elimination[d, k])
            p.day_decay[1, d, k] = np.exp(-p.elimination[d, k] * schedule.period[phase])


@bare_kernel
def source_day(schedule: Schedule, p: PatientRates, phase: int, day: int) -> int:
    """The integrated day whose rates a day has."""
    if p.clock[FROZEN] == 0 or day < p.clock[ANCHOR]:
        return day
    period = schedule.period[phase]
    return int(p.clock[ANCHOR] - period + (day - p.clock[ANCHOR]) % period)


@bare_kernel
def ring_place(schedule: Schedule, p: PatientRates, phase: int, day: int) -> int:
    """Where the rates of a day stand in `p.ring`."""
    return int(source_day(schedule, p, phase, day) % RING_DAYS)


@bare_kernel
def _concentrations(schedule: Schedule, p: PatientRates, phase: int, day: int, out: Array) -> None:
    """Concentrations (D, TERMS) at the start of a frozen day, or of one of the period before."""
    period = schedule.period[phase]
    last = source_day(schedule, p, phase, day)
    periods = (day - last) // period
    now, before = last % DRUG_RING_DAYS, (last - period) % DRUG_RING_DAYS
    for d in range(out.shape[0]):
        for k in range(TERMS):
            decay = p.day_decay[1, d, k]
            ahead = decay * (1.0 - decay**periods) / (1.0 - decay)
            latest = p.drug_ring[now, d, k]
            out[d, k] = latest + ahead * (latest - p.drug_ring[before, d, k])


@kernel_with(error_model="numpy")
def catch_up(schedule: Schedule, p: PatientRates, phase: int, day: int) -> None:
    """Bring the running state of a frozen patient to the start of a day, and go on from there as if it had been integrated.

    Args:
        schedule: The arm's doses.
        p: The patient.
        phase: Index of the phase.
        day: Day of the phase, at or after that of freezing.
    """
    if p.clock[FROZEN] == 0:
        return
    back = max(schedule.period[phase], LONGEST_STRETCH_DAYS)
    rates, slow, drugs = (
        np.empty((back, RATE_ROWS, p.ring.shape[2])),
        np.empty((back, p.slow_ring.shape[1], p.ring.shape[2])),
        np.empty((back, p.concentration.shape[0], TERMS)),
    )
    for k in range(back):
        place = ring_place(schedule, p, phase, day - back + k)
        rates[k], slow[k] = p.ring[place], p.slow_ring[place]
        _concentrations(schedule, p, phase, day - back + k, drugs[k])
    p.slow[:] = p.slow_ring[ring_place(schedule, p, phase, day)]
    _concentrations(schedule, p, phase, day, p.concentration)
    for k in range(back):
        place = (day - back + k) % RING_DAYS
        p.ring[place], p.slow_ring[place] = rates[k], slow[k]
        p.drug_ring[(day - back + k) % DRUG_RING_DAYS] = drugs[k]
    turn(p, True)
    p.clock[NEXT], p.clock[REPEATED], p.clock[FROZEN] = day, 0, 0


@bare_kernel
def _repeated(p: PatientRates, day: int, span: int, period: int) -> bool:
    ring = p.ring
    for j in range(span):
        new, old = (day + j) % RING_DAYS, (day + j - period) % RING_DAYS
        for row in range(RATE_ROWS):
            for first in range(0, ring.shape[2], WIDTH):
                change = absolute(load(ring, (new, row, first)) - load(ring, (old, row, first)))
                if any_above(change, PERIODIC * period):
                    return False
    return True


@bare_kernel
def _step(model: CourseModel, schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Integrate the next day or span, and notice whether it repeats."""
    day, period = p.clock[NEXT], schedule.period[phase]
    span = schedule.span[phase, day]
    integrate_days(model, schedule, p, phase, day, span)
    same = period > 0 and day >= 2 * period and schedule.same_until[phase, day] >= day + span
    p.clock[REPEATED] = p.clock[REPEATED] + span if same and _repeated(p, day, span, period) else 0
    p.clock[NEXT] = day + span
    lasts = schedule.same_until[phase, day + span] > day + span
    if period > 0 and p.clock[REPEATED] >= period and lasts:
        p.clock[FROZEN], p.clock[ANCHOR] = 1, day + span


@bare_kernel
def know_rates(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, days: int
) -> bool:
    """Make the rates of some days known; `ring_place` then says where they are.

    Args:
        model: What the arm shares.
        schedule: The arm's doses.
        p: The patient; days must be asked for in order.
        phase: Index of the phase.
        day: First day of the phase that is asked for.
        days: Number of days, at most `LONGEST_STRETCH_DAYS`.

    Returns:
        Whether all of these days only repeat: a day one period later or earlier has the same rates.
    """
    while True:
        if p.clock[FROZEN] == 1:
            changes = schedule.same_until[phase, p.clock[ANCHOR]]
            if changes >= day + days:
                return bool(day >= p.clock[ANCHOR])
            catch_up(schedule, p, phase, changes)
        if p.clock[NEXT] >= day + days:
            return False
        _step(model, schedule, p, phase)
