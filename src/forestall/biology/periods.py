"""Rates day by day: integrated until dosing periods differ by a shrinking pattern, extrapolated until they repeat, then reused.

Under repeated doses rates come near a periodic state as the slowest drug does: from one period to the next the difference shrinks by
one factor. When a whole period differs from the one before it by a factor times what that one differed from its predecessor, the
patient is *extrapolated*: the pattern is continued, and nothing is integrated. When next to nothing is left of it, the patient is
*frozen*: days map to those of the last period, and nothing is computed. When the doses change (the last cycle of a drug, a new phase)
the state of that day is put together: slow expression from the pattern, concentrations by the closed form of c(t + P) = a c(t) + k.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.integrate import (
    DRUG_RING_DAYS,
    LONGEST_STRETCH_DAYS,
    RING_DAYS,
    grid_of,
    integrate_days,
)
from forestall.biology.rates import (
    ANCHOR,
    EXTRAPOLATED,
    FROZEN,
    NEXT,
    RATE_ROWS,
    RING_ROWS,
    SAME,
    TERMS,
    CourseModel,
    PatientRates,
    copy_rows,
)
from forestall.biology.slow_following import JUMPS, turn
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with
from forestall.engine.vectors import WIDTH, absolute, any_above, load, store, total

Array = NDArray[np.float64]

PATTERN = 2e-7
"""Daily integrals (dimensionless) are extrapolated that follow the pattern to within this times the period in days and the square of
1 - the factor: an error of a difference adds up over the periods to come, and one of the factor adds up with it."""
SETTLED = 1e-7
"""Daily integrals that will change by less than this in all periods to come are taken as periodic."""
SLOWEST = 0.95
"""Largest factor by which differences may shrink; one near 1 would be extrapolated too far."""


@bare_kernel
def start_phase(schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Begin a phase: its days count from 0 and nothing is known to be periodic."""
    p.clock[NEXT] = 0
    change_doses(schedule, p, phase)
    p.clock[SAME] = 0


@bare_kernel
def change_doses(schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Go on with the doses of another phase whose days are those of the present one.

    A period before the change has other doses than one after it, which the schedule of the new phase does not know.
    """
    p.clock[SAME] = -schedule.period[phase]
    p.clock[FROZEN] = 0
    p.clock[EXTRAPOLATED] = 0
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
        day: Day of the phase, at or after that of freezing; the next day to come if the patient is not frozen.
    """
    if p.clock[EXTRAPOLATED] == 1:
        _resume(schedule, p, phase, day)
    if p.clock[FROZEN] == 0:
        return
    back = max(schedule.period[phase], LONGEST_STRETCH_DAYS)
    rates, slow, drugs = (
        np.empty((back, RING_ROWS, p.ring.shape[2])),
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
    turn(p, JUMPS)
    p.clock[NEXT], p.clock[SAME], p.clock[FROZEN] = day, 0, 0


@bare_kernel
def _continued(ring: Array, to: int, latest: int, before: int, factor: float) -> None:
    """Write the (rows, lanes) of a place that follow from those one and two periods earlier."""
    for row in range(ring.shape[1]):
        for first in range(0, ring.shape[2], WIDTH):
            last = load(ring, (latest, row, first))
            store(ring, (to, row, first), last + factor * (last - load(ring, (before, row, first))))


@bare_kernel
def _continued_drugs(p: PatientRates, day: int, period: int, out: Array) -> None:
    """Concentrations (D, TERMS) at the start of a day, from those one and two periods earlier: exact for equal doses."""
    latest, before = (day - period) % DRUG_RING_DAYS, (day - 2 * period) % DRUG_RING_DAYS
    for d in range(out.shape[0]):
        for k in range(TERMS):
            last = p.drug_ring[latest, d, k]
            out[d, k] = last + p.day_decay[1, d, k] * (last - p.drug_ring[before, d, k])


@bare_kernel
def _resume(schedule: Schedule, p: PatientRates, phase: int, day: int) -> None:
    """Put the running state of an extrapolated patient together, at the start of the next day."""
    period = schedule.period[phase]
    place = day % RING_DAYS
    _continued(p.slow_ring, place, (day - period) % RING_DAYS, (day - 2 * period) % RING_DAYS, p.factor[0])
    copy_rows(p.slow_ring[place], p.slow)
    _continued_drugs(p, day, period, p.concentration)
    turn(p, JUMPS)
    p.clock[SAME], p.clock[EXTRAPOLATED] = 0, 0


@bare_kernel
def _extrapolate(schedule: Schedule, p: PatientRates, phase: int, day: int, span: int) -> None:
    """Continue the pattern for some days."""
    period = schedule.period[phase]
    for today in range(day, day + span):
        place, latest, before = (
            today % RING_DAYS,
            (today - period) % RING_DAYS,
            (today - 2 * period) % RING_DAYS,
        )
        _continued(p.ring, place, latest, before, p.factor[0])
        _continued(p.slow_ring, place, latest, before, p.factor[0])
        _continued_drugs(p, today, period, p.drug_ring[today % DRUG_RING_DAYS])


@bare_kernel_with(forceinline=True)
def _differences(ring: Array, day: int, period: int, row: int, first: int) -> tuple[Any, Any]:
    """What the lanes of a day have more than one period before, and what those had more than one period before them."""
    middle = load(ring, ((day - period) % RING_DAYS, row, first))
    change = load(ring, (day % RING_DAYS, row, first)) - middle
    return change, middle - load(ring, ((day - 2 * period) % RING_DAYS, row, first))


@bare_kernel
def _fitted_factor(p: PatientRates, end: int, period: int) -> float:
    """The factor by which the last period's differences are those of the period before, by least squares."""
    above, below = 0.0, 1e-300
    for day in range(end - period, end):
        for row in range(RATE_ROWS):
            for first in range(0, p.ring.shape[2], WIDTH):
                change, earlier = _differences(p.ring, day, period, row, first)
                above += total(change * earlier)
                below += total(earlier * earlier)
    return min(SLOWEST, max(0.0, above / below))


@bare_kernel
def _drug_factor(model: CourseModel, p: PatientRates, end: int, period: int) -> float:
    """The factor of the drugs: what all later periods will add is what they would add if differences shrank by it.

    Drugs are weighted by how much the last period has changed their effects.
    """
    before = (end - period) % DRUG_RING_DAYS
    above, below = 0.0, 1e-300
    for a in range(model.action_drug.shape[0]):
        d = model.action_drug[a]
        plasma, change, ahead = 0.0, 0.0, 0.0
        for k in range(TERMS):
            decay, step = p.day_decay[1, d, k], p.concentration[d, k] - p.drug_ring[before, d, k]
            plasma += p.concentration[d, k]
            change += step
            ahead += step * decay / (1.0 - decay)
        saturation = model.potency[a] + model.free[d, 0] * max(plasma, 0.0)
        weight = model.maximum[a] * abs(change) * model.free[d, 0] * model.potency[a] / saturation**2
        if change * ahead > 0.0:
            above += weight * ahead / (change + ahead)
            below += weight
    return min(SLOWEST, above / below)


@bare_kernel
def _lasting_factor(fitted: float, drugs: float) -> float:
    """The factor to continue a pattern with, so that all that is to come adds up to what it should.

    Effects saturate: beside what is in proportion to the drugs' change x, which shrinks by their factor f, differences of rates have
    something in proportion to x^2, which shrinks by f^2. The factor from period to period therefore comes near f by f itself, and what
    it lacks now takes as much from the sum as f / (1 + f) of it would for ever. Slow expression may shrink more slowly than the drugs.
    """
    return max(fitted, drugs - (drugs - fitted) * drugs / (1.0 + drugs))


@bare_kernel
def _follows(p: PatientRates, end: int, period: int, factor: float, tolerance: float) -> bool:
    """Whether the last period differs from the one before it by a factor times that one's difference from its predecessor."""
    for day in range(end - period, end):
        for row in range(RATE_ROWS):
            for first in range(0, p.ring.shape[2], WIDTH):
                change, earlier = _differences(p.ring, day, period, row, first)
                if any_above(absolute(change - factor * earlier), tolerance):
                    return False
    return True


@bare_kernel
def _judge(model: CourseModel, p: PatientRates, end: int, period: int) -> None:
    """At the end of a period: whether to extrapolate from here on, or to freeze."""
    if p.clock[EXTRAPOLATED] == 0:
        fitted = _fitted_factor(p, end, period)
        tolerance = PATTERN * period
        follows = _follows(p, end, period, fitted, tolerance * (1.0 - fitted) ** 2)
        if not follows and not _follows(p, end, period, 0.0, tolerance):
            return
        p.factor[0] = _lasting_factor(fitted, _drug_factor(model, p, end, period))
        p.clock[EXTRAPOLATED] = 1
    left = p.factor[0] / (1.0 - p.factor[0])
    if left == 0.0 or _follows(p, end, period, 0.0, SETTLED / left):
        p.clock[FROZEN], p.clock[ANCHOR], p.clock[EXTRAPOLATED] = 1, end, 0


@bare_kernel
def _step(model: CourseModel, schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Integrate or extrapolate the next day or span; at the end of a period, notice whether it follows a pattern."""
    day, period = p.clock[NEXT], schedule.period[phase]
    span = schedule.span[grid_of(p), phase, day]
    end = day + span
    same = period > 0 and day >= period and schedule.same_until[phase, day] >= end
    if p.clock[EXTRAPOLATED] == 1 and not same:
        _resume(schedule, p, phase, day)
    if p.clock[EXTRAPOLATED] == 1:
        _extrapolate(schedule, p, phase, day, span)
    else:
        integrate_days(model, schedule, p, phase, day, span)
    p.clock[SAME] = p.clock[SAME] + span if same else 0
    p.clock[NEXT] = end
    lasts = schedule.same_until[phase, end] > end
    if lasts and p.clock[SAME] >= 2 * period and end // period > day // period:
        _judge(model, p, end, period)


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
