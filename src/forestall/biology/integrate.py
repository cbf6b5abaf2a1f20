"""The integrals of every clone's rates over a day, or over several days without a dose that acts on signaling.

Drug amounts follow exact exponentials. Effects are evaluated at the quadrature nodes of the day's template (see `dosing`), the
network's fast activities are solved there, and the slow expression states follow (see `slow_following`). Drugs that only kill are
integrated at nodes of their own; what they kill depends on the drives, which are taken as linear between the two nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.day_templates import LONGEST_SPAN_DAYS
from forestall.biology.dosing import MAX_PERIOD_DAYS, Schedule
from forestall.biology.rates import (
    BIRTH,
    DEATH,
    ENTER,
    LATE_ENTER,
    LATE_GAP,
    LATE_LEAVE,
    LEAVE,
    RATE_ROWS,
    RING_ROWS,
    TERMS,
    TOLERANT_DEATH,
    CourseModel,
    PatientRates,
    add_kill,
    copy_rows,
    effect_now,
    killable,
)
from forestall.biology.slow_following import (
    BENDS,
    EARLY,
    JUMPS,
    MIDDLE,
    NONE,
    end_segment,
    foresee,
    settle,
    turn,
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
ABSORBED = 1e-9
"""A drug whose terms add up to less than this share of their sizes at the time of the dose is absorbed first."""
_MIDNIGHT = 1e-6
"""Days after midnight at which a part that begins there may be found."""


@bare_kernel_with(forceinline=True)
def grid_of(p: PatientRates) -> int:
    """Which grid of the schedule a patient's days are integrated on: the second if she has lesions in the brain."""
    return int(p.now.shape[1] // p.genotypes - 1)


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
            turn(p, BENDS)
    given = _give(schedule, p, phase, day, schedule.bolus[template, segment])
    if given != NONE:
        turn(p, given)


@bare_kernel
def _kill_apart(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, template: int, segment: int
) -> bool:
    """Integrate the drugs that only kill over a segment, day by day; whether there is any killing.

    With the drives linear through their values at the segment's two nodes, the integral of effect times drive is a weight
    for each node; `p.part_kill` receives the weights, of the integral and of the first moment.
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
                if not model.apart[a]:
                    continue
                for x in range(amount.shape[2]):
                    effect = half * effect_now(model, p, a, x)
                    if effect == 0.0:
                        continue
                    some = True
                    for moment in range(2):
                        amount[today, a, x, 0, moment] += effect * (1.0 - late)
                        amount[today, a, x, 1, moment] += effect * late
                        effect *= at - today - 0.5
        _move(schedule, p, phase, day + today, p.part_decay[u, 0], schedule.part_infusing[u], True)
    return some


@bare_kernel
def _add_kill_apart(model: CourseModel, p: PatientRates, node: int, day: int, span: int) -> None:
    """Add what the drugs that only kill do, in the share of one node, to the days of a span."""
    spared, ring, kill, drive = p.spared, p.ring, p.kill, p.drive
    for j in range(span):
        kill[:] = 0.0
        for a in range(model.action_kind.shape[0]):
            if not model.apart[a]:
                continue
            for x in range(p.part_kill.shape[2]):
                for moment in range(2):
                    amount = p.part_kill[j, a, x, node, moment]
                    if amount != 0.0:
                        add_kill(model, p, a, x * p.genotypes, amount, 2 * moment)
        today = (day + j) % RING_DAYS
        for first in range(0, kill.shape[1], WIDTH):
            left = killable(model, load(drive, (0, first)))
            killed = p.sensitivity * load(kill, (0, first)) * left + p.effectors * load(kill, (1, first))
            death, tolerant = (today, DEATH, first), (today, TOLERANT_DEATH, first)
            store(ring, death, load(ring, death) + killed)
            store(ring, tolerant, load(ring, tolerant) + spared * killed)
            late = p.sensitivity * load(kill, (2, first)) * left + p.effectors * load(kill, (3, first))
            gap = (today, LATE_GAP, first)
            store(ring, gap, load(ring, gap) - (1.0 - spared) * late)


@bare_kernel_with(forceinline=True)
def _clear(ring: Array, place: int) -> None:
    for row in range(RING_ROWS):
        for first in range(0, ring.shape[2], WIDTH):
            store(ring, (place, row, first), spread(0.0))


@bare_kernel_with(forceinline=True)
def _add_rates(p: PatientRates, today: int, weight: float, late: float) -> None:
    """Add a multiple of the present rates to a day of the ring, and another to its first moments."""
    ring, now = p.ring, p.now
    for row in range(RATE_ROWS):
        for first in range(0, now.shape[1], WIDTH):
            place = (today, row, first)
            store(ring, place, load(ring, place) + weight * load(now, (row, first)))
    for first in range(0, now.shape[1], WIDTH):
        enter, leave = load(now, (ENTER, first)), load(now, (LEAVE, first))
        gap = (
            load(now, (BIRTH, first))
            - load(now, (DEATH, first))
            - enter
            + load(now, (TOLERANT_DEATH, first))
            + leave
        )
        store(ring, (today, LATE_GAP, first), load(ring, (today, LATE_GAP, first)) + late * gap)
        store(ring, (today, LATE_ENTER, first), load(ring, (today, LATE_ENTER, first)) + late * enter)
        store(ring, (today, LATE_LEAVE, first), load(ring, (today, LATE_LEAVE, first)) + late * leave)


@bare_kernel_with(forceinline=True)
def _add_span(p: PatientRates, day: int, span: int, length: float, at: float) -> None:
    """Add the present rates, those of one of a span's two nodes, to its days: rates are linear through the nodes."""
    between = 2.0 * at - length
    for j in range(span):
        _add_rates(p, (day + j) % RING_DAYS, (j + 0.5 - (length - at)) / between, 1.0 / (12.0 * between))


@bare_kernel
def integrate_days(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, span: int
) -> None:
    """Integrate the rates over `span` days from `day` on, and carry concentrations and slow states along."""
    template = schedule.template[grid_of(p), phase, day]
    _know_decay(schedule, p, template)
    for j in range(span):
        _clear(p.ring, (day + j) % RING_DAYS)
        copy_rows(p.slow, p.slow_ring[(day + j) % RING_DAYS])
        _remember_drugs(schedule, p, day, j)
    for s in range(schedule.segments[template]):
        _begin_segment(schedule, p, phase, day, template, s)
        kills = _kill_apart(model, schedule, p, phase, day, template, s)
        length, infusing = schedule.length[template, s], schedule.infusing[template, s]
        copy_rows(p.slow, p.begin)
        for node in range(2):
            _move(schedule, p, phase, day, p.decay[template, s, node], infusing, False)
            foresee(model, p, node, length)
            settle(model, p, template, s, node, length)
            at = length * (EARLY if node == 0 else 1.0 - EARLY)
            if span == 1:
                _add_rates(
                    p, day % RING_DAYS, 0.5 * length, 0.5 * length * (schedule.start[template, s] + at - 0.5)
                )
            else:
                _add_span(p, day, span, length, at)
            if kills:
                _add_kill_apart(model, p, node, day, span)
        _move(schedule, p, phase, day, p.decay[template, s, 0], infusing, False)
        end_segment(model, p, template, s, length)


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
