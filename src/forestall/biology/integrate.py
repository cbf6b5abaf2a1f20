"""The integrals of every clone's rates over a day, or over several days without a dose that acts on signaling.

Drug amounts follow exact exponentials. Effects are evaluated at the quadrature nodes of the day's template (see `dosing`), the
network's fast activities are solved there. Between nodes the slow expression states relax exactly towards a target that changes
linearly: predicted from the last two nodes, then corrected with the target found at the next one. Drugs that only kill are
integrated at nodes of their own; what they kill depends on the drives, which are taken as linear between the two nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.day_templates import LONGEST_SPAN_DAYS
from forestall.biology.dosing import MAX_PERIOD_DAYS, Schedule
from forestall.biology.rates import (
    DEATH,
    RATE_ROWS,
    SIGNALING,
    TERMS,
    TOLERANT_DEATH,
    CourseModel,
    PatientRates,
    add_kill,
    copy_rows,
    effect_now,
    killable,
    moved,
    rates_now,
)
from forestall.engine.exponential import exp_poly
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.vectors import WIDTH, load, spread, store

Array = NDArray[np.float64]

LONGEST_STRETCH_DAYS = 63
"""Days whose rates are asked for at once."""
RING_DAYS = 2 * MAX_PERIOD_DAYS + LONGEST_SPAN_DAYS + LONGEST_STRETCH_DAYS + 1
"""Days of rates that are kept: two dosing periods, the longest span, and a stretch."""
DRUG_RING_DAYS = 2 * MAX_PERIOD_DAYS + LONGEST_SPAN_DAYS + 1
"""Days of concentrations that are kept: two dosing periods and the longest span."""
TREND_SHARE = 0.3
"""A trend is extrapolated over at most this share of a time constant: beyond it a strong feedback would ring."""
NONE, BENDS, JUMPS = range(3)
"""What doses given at once do to exposure: absorbed ones bend its course, the others make it jump."""
ABSORBED = 1e-9
"""A drug whose terms add up to less than this share of their sizes at the time of the dose is absorbed first."""
CORRECTED = 1e-3
"""A correction of a slow state by more than this (relative) asks for the rates of the corrected state."""
MOST_CORRECTIONS = 3
"""Corrections at one node."""
_MIDNIGHT = 1e-6
"""Days after midnight at which a part that begins there may be found."""
EARLY, MIDDLE = 0.5 - np.sqrt(3.0) / 6.0, np.sqrt(3.0) / 3.0
"""The outer legs and the middle leg between the ends and the two nodes of a stretch of time, as shares of it."""


@bare_kernel
def _know_decay(schedule: Schedule, p: PatientRates, template: int) -> None:
    if p.decay_known[template]:
        return
    p.decay_known[template] = 1
    for s in range(schedule.segments[template]):
        _write_decay(p, schedule.length[template, s], p.decay[template, s], schedule.only_kills, False)
    for u in range(schedule.parts[template, 0], schedule.parts[template, schedule.segments[template]]):
        _write_decay(p, schedule.part_length[u], p.part_decay[u], schedule.only_kills, True)


@bare_kernel
def _write_decay(
    p: PatientRates, length: float, decay: Array, only_kills: NDArray[np.bool_], kills: bool
) -> None:
    for d in range(p.elimination.shape[0]):
        if only_kills[d] == kills:
            for k in range(TERMS):
                decay[0, d, k] = exp_poly(-p.elimination[d, k] * length * EARLY)
                decay[1, d, k] = exp_poly(-p.elimination[d, k] * length * MIDDLE)


@bare_kernel_with(forceinline=True)
def _dose(schedule: Schedule, p: PatientRates, phase: int, c: int, day: int) -> float:
    return float(p.loading[phase, c] if schedule.dose[phase, c, day] == 2 else p.amount[phase, c])


@bare_kernel_with(forceinline=True)
def _move(
    schedule: Schedule, p: PatientRates, phase: int, day: int, decay: Array, infusing: Array, kills: bool
) -> None:
    """Carry the concentrations of one kind of drug over a leg, with the infusions that run in it.

    Args:
        schedule: The arm's doses.
        p: The patient.
        phase: Index of the phase.
        day: Day of the phase.
        decay: (D, TERMS) factors over the leg.
        infusing: (C,) 1 while a component is infused.
        kills: Whether to move the drugs that only kill, or the others.
    """
    for d in range(p.elimination.shape[0]):
        if schedule.only_kills[d] == kills:
            for k in range(TERMS):
                p.concentration[d, k] *= decay[d, k]
    for c in range(infusing.shape[0]):
        if infusing[c] > 0.0:
            d = schedule.drug[phase, c]
            rate = _dose(schedule, p, phase, c, day) / schedule.infusion[phase, c]
            for k in range(TERMS):
                p.concentration[d, k] += rate * p.scale[d, k] * (1.0 - decay[d, k]) / p.elimination[d, k]


@bare_kernel
def _give(schedule: Schedule, p: PatientRates, phase: int, day: int, boluses: Array) -> int:
    """Add the doses given at once, (C,) of them; whether there are none, some that are absorbed, or some that jump into plasma."""
    given = NONE
    for c in range(boluses.shape[0]):
        if boluses[c] > 0.0:
            d = schedule.drug[phase, c]
            amount = boluses[c] * _dose(schedule, p, phase, c, day)
            rise, size = 0.0, 0.0
            for k in range(TERMS):
                p.concentration[d, k] += amount * p.scale[d, k]
                rise += p.scale[d, k]
                size += abs(p.scale[d, k])
            given = max(given, JUMPS if abs(rise) > ABSORBED * size else BENDS)
    return given


@bare_kernel
def _begin_segment(
    schedule: Schedule, p: PatientRates, phase: int, day: int, template: int, segment: int
) -> None:
    """Give what is given at once at the start of a segment, and note the infusions that begin there."""
    for c in range(schedule.drug.shape[1]):
        begins = segment == 0 or schedule.infusing[template, segment - 1, c] == 0.0
        if schedule.infusing[template, segment, c] > 0.0 and begins:
            turn(p, False)
    given = _give(schedule, p, phase, day, schedule.bolus[template, segment])
    if given != NONE:
        turn(p, given == JUMPS)


@bare_kernel_with(forceinline=True)
def _relax(model: CourseModel, p: PatientRates, template: int, segment: int, leg: int, days: float) -> None:
    """Advance the slow states, exactly for a target that follows its trend."""
    p.since[0] += days
    decay, slow, aim, trend = model.slow_decay, p.slow, p.aim, p.trend
    for q in range(slow.shape[0]):
        tau, left = model.network.slow_tau_days[q], decay[template, segment, leg, q]
        p.keep[q] *= left
        for first in range(0, slow.shape[1], WIDTH):
            heading, change = load(aim, (q, first)), load(trend, (q, first))
            gap = load(slow, (q, first)) - heading + change * tau
            store(slow, (q, first), heading + change * (days - tau) + gap * left)
            store(aim, (q, first), heading + change * days)


@bare_kernel
def turn(p: PatientRates, jump: bool) -> None:
    """A dose begins now: the target's trend ends, and the next one begins here; with a jump of exposure its value tells nothing."""
    p.since[0] = 0.0
    p.since[1] = 1.0 if jump else p.since[1]
    p.keep[:] = 1.0
    p.trend[:] = 0.0
    if not jump:
        copy_rows(p.aim, p.target)


@bare_kernel_with(forceinline=True)
def _correct(model: CourseModel, p: PatientRates, ahead: float) -> None:
    """At a node: put the slow states where the target found now would have led them, and take its trend.

    Called again with another target, it replaces the one before.

    Args:
        model: What the arm shares.
        p: The patient, with the new target.
        ahead: Days to the next node, about.
    """
    days, jumped = p.since[0], p.since[1] == 1.0
    slow, target, aim, trend, old = p.slow, p.target, p.aim, p.trend, p.before
    for q in range(slow.shape[0]):
        share = 1.0 - p.keep[q]
        tau = model.network.slow_tau_days[q]
        steady = 0.0
        if not jumped and days > 0.0:
            share = 1.0 - share * tau / days
            if ahead < TREND_SHARE * tau:
                steady = min(1.0, days / ahead) / days
        for first in range(0, slow.shape[1], WIDTH):
            found = load(target, (q, first))
            store(slow, (q, first), load(slow, (q, first)) + share * (found - load(aim, (q, first))))
            store(trend, (q, first), steady * (found - load(old, (q, first))))
    copy_rows(p.target, p.aim)


@bare_kernel_with(forceinline=True)
def _settle(model: CourseModel, p: PatientRates, length: float, ahead: float) -> None:
    """At a node: the slow states and their rates, found again while a correction moves the slow states from where the rates were found.

    Args:
        model: What the arm shares.
        p: The patient.
        length: Days of the segment.
        ahead: Days to the next node, about.
    """
    for _ in range(MOST_CORRECTIONS):
        rates_now(model, p, length, False)
        _correct(model, p, ahead)
        if not moved(p.slow, p.seen_slow, CORRECTED):
            break
    p.keep[:] = 1.0
    p.since[:] = 0.0


@bare_kernel
def _kill_apart(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, template: int, segment: int
) -> bool:
    """Integrate the drugs that only kill over a segment, day by day; whether there is any killing.

    With the drives linear through their values at the segment's two nodes, the integral of effect times drive is a weight
    for each node; `p.part_kill` receives the weights.
    """
    amount = p.part_kill
    amount[:] = 0.0
    start, length = schedule.start[template, segment], schedule.length[template, segment]
    first, last = start + length * EARLY, start + length * (1.0 - EARLY)
    some = False
    for u in range(schedule.parts[template, segment], schedule.parts[template, segment + 1]):
        part, half = schedule.part_start[u], 0.5 * schedule.part_length[u]
        today = int(part + half)
        if today > 0 and part - today < _MIDNIGHT:
            _remember_killers(schedule, p, day + today)
        _give(schedule, p, phase, day + today, schedule.part_bolus[u])
        for node in range(2):
            _move(schedule, p, phase, day + today, p.part_decay[u, node], schedule.part_infusing[u], True)
            at = part + 2.0 * half * (EARLY if node == 0 else 1.0 - EARLY)
            late = (at - first) / (last - first)
            for a in range(model.action_kind.shape[0]):
                if not model.apart[a] or model.action_kind[a] == SIGNALING:
                    continue
                for x in range(amount.shape[2]):
                    effect = half * effect_now(model, p, a, x)
                    some = some or effect > 0.0
                    amount[today, a, x, 0] += effect * (1.0 - late)
                    amount[today, a, x, 1] += effect * late
        _move(schedule, p, phase, day + today, p.part_decay[u, 0], schedule.part_infusing[u], True)
    return some


@bare_kernel
def _add_kill_apart(model: CourseModel, p: PatientRates, node: int, day: int, span: int) -> None:
    """Add what the drugs that only kill do, in the share of one node, to the days of a span."""
    spared, ring, kill, drive = p.spared, p.ring, p.kill, p.drive
    for j in range(span):
        kill[:] = 0.0
        for a in range(model.action_kind.shape[0]):
            for x in range(p.part_kill.shape[2]):
                if p.part_kill[j, a, x, node] != 0.0:
                    add_kill(model, p, a, x * p.genotypes, p.part_kill[j, a, x, node], kill)
        today = (day + j) % RING_DAYS
        for first in range(0, kill.shape[1], WIDTH):
            killed = p.sensitivity * load(kill, (0, first)) * killable(model, load(drive, (0, first)))
            killed = killed + p.effectors * load(kill, (1, first))
            death, tolerant = (today, DEATH, first), (today, TOLERANT_DEATH, first)
            store(ring, death, load(ring, death) + killed)
            store(ring, tolerant, load(ring, tolerant) + spared * killed)


@bare_kernel_with(forceinline=True)
def _clear(ring: Array, place: int) -> None:
    for row in range(RATE_ROWS):
        for first in range(0, ring.shape[2], WIDTH):
            store(ring, (place, row, first), spread(0.0))


@bare_kernel_with(forceinline=True)
def _add_rates(p: PatientRates, today: int, weight: float) -> None:
    """Add a multiple of the present rates to a day of the ring."""
    ring, now = p.ring, p.now
    for row in range(RATE_ROWS):
        for first in range(0, now.shape[1], WIDTH):
            place = (today, row, first)
            store(ring, place, load(ring, place) + weight * load(now, (row, first)))


@bare_kernel
def integrate_days(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, span: int
) -> None:
    """Integrate the rates over `span` days from `day` on, and carry concentrations and slow states along."""
    template = schedule.template[phase, day]
    _know_decay(schedule, p, template)
    for j in range(span):
        _clear(p.ring, (day + j) % RING_DAYS)
        copy_rows(p.slow, p.slow_ring[(day + j) % RING_DAYS])
        _remember_drugs(schedule, p, day, j)
    for s in range(schedule.segments[template]):
        _begin_segment(schedule, p, phase, day, template, s)
        kills = _kill_apart(model, schedule, p, phase, day, template, s)
        length, infusing = schedule.length[template, s], schedule.infusing[template, s]
        for node in range(2):
            _move(schedule, p, phase, day, p.decay[template, s, node], infusing, False)
            _relax(model, p, template, s, node, length * (EARLY if node == 0 else MIDDLE))
            copy_rows(p.target, p.before)
            _settle(model, p, length, length * (MIDDLE if node == 0 else 2.0 * EARLY))
            at = length * (EARLY if node == 0 else 1.0 - EARLY)
            for j in range(span):
                weight = 0.5 * length if span == 1 else (j + 0.5 - (length - at)) / (2.0 * at - length)
                _add_rates(p, (day + j) % RING_DAYS, weight)
            if kills:
                _add_kill_apart(model, p, node, day, span)
        _move(schedule, p, phase, day, p.decay[template, s, 0], infusing, False)
        _relax(model, p, template, s, 0, length * EARLY)


@bare_kernel
def _remember_drugs(schedule: Schedule, p: PatientRates, day: int, later: int) -> None:
    """Keep the concentrations at the start of a day that comes `later` days after the present state.

    Drugs that act on signaling have no doses in between; what the others will have is noted when it is known.
    """
    ring, decay = p.drug_ring, p.day_decay
    today, before = (day + later) % DRUG_RING_DAYS, (day + later - 1) % DRUG_RING_DAYS
    for d in range(decay.shape[1]):
        for k in range(TERMS):
            if later == 0:
                ring[today, d, k] = p.concentration[d, k]
            elif not schedule.only_kills[d]:
                ring[today, d, k] = ring[before, d, k] * decay[0, d, k]


@bare_kernel
def _remember_killers(schedule: Schedule, p: PatientRates, day: int) -> None:
    """Keep the present concentrations of the drugs that only kill as those at the start of a day."""
    for d in range(schedule.only_kills.shape[0]):
        if schedule.only_kills[d]:
            for k in range(TERMS):
                p.drug_ring[day % DRUG_RING_DAYS, d, k] = p.concentration[d, k]
