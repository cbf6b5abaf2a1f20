"""From doses to the rates of every clone, day by day: exposure, effects, signaling, then birth, death and switching.

Drug amounts follow exact exponentials. Effects are evaluated at the quadrature nodes of the day's template (see `dosing`), the
network's fast activities are solved there. Between nodes the slow expression states relax exactly towards a target that changes
linearly: predicted from the last two nodes, then corrected with the target found at the next one. The result is the integral of
each rate over each day. Once a whole dosing period repeats the one before it, its rates are reused.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.biology.dosing import LONGEST_SPAN_DAYS, MAX_PERIOD_DAYS, Schedule
from forestall.biology.lesions import BIRTH, DEATH, ENTER, LEAVE, RATE_ROWS, TOLERANT_DEATH
from forestall.biology.signaling.actions import DEGRADE, INHIBIT, OUTSIDE, CompiledActions
from forestall.biology.signaling.compile import CompiledNetwork
from forestall.biology.signaling.kernel import evaluate, expression_targets
from forestall.engine.exponential import exp_poly

Array = NDArray[np.float64]

RING_DAYS = MAX_PERIOD_DAYS + LONGEST_SPAN_DAYS + 1
"""Days of rates that are kept: one dosing period and the longest span."""
DRUG_RING_DAYS = 2 * MAX_PERIOD_DAYS + LONGEST_SPAN_DAYS + 1
"""Days of concentrations that are kept: two dosing periods and the longest span."""
TERMS = 4
"""Exponentials per drug: up to three of disposition and one of absorption."""
SIGNALING, CYTOTOXIC, PAYLOAD, ADCC = range(4)
"""Codes of what a drug action does: act on the network, or kill in one of three ways."""
UNCHANGED = 2e-5
"""Effects and (relative) expressions that changed by less than this over a day do not ask for a new evaluation."""
TREND_SHARE = 0.3
"""A trend is extrapolated over at most this share of a time constant: beyond it a strong feedback would ring."""
PERIODIC = 5e-8
"""Daily integrals (dimensionless) that repeat to within this times the period in days are taken as periodic."""
_EARLY, _MIDDLE = 0.5 - np.sqrt(3.0) / 6.0, np.sqrt(3.0) / 3.0


class CourseModel(NamedTuple):
    """What all patients of one arm share. A actions, D drugs, X exposure classes, Q slow states."""

    network: CompiledNetwork
    actions: CompiledActions
    """Of the A actions, those on the network."""
    action_drug: NDArray[np.int64]
    """(A,)."""
    action_kind: NDArray[np.int64]
    """(A,) one of the codes above."""
    antigen: NDArray[np.int64]
    """(A,) for `PAYLOAD` and `ADCC` the node whose expression the antibody needs; -1 if it is not in the network."""
    potency: Array
    """(A,) free concentration of half effect, nmol/L."""
    hill: Array
    """(A,)."""
    maximum: Array
    """(A,) largest effect (0-1) or, for killing, rate (1/day)."""
    free: Array
    """(D, X) nmol/L of free drug per mg/L in plasma."""
    slow_decay: Array
    """(T, S, 2, Q) factors by which slow states keep their distance from the target between quadrature nodes."""
    signal_death: float
    """1/day of added death at complete loss of the survival drive."""
    enter: float
    """1/day at which cycling cells turn tolerant when the proliferation drive is lost completely."""
    leave: float
    """1/day at which tolerant cells wake at full drive."""
    protection: float
    """Fraction of all death that tolerant cells are spared."""


class Lanes(NamedTuple):
    """One patient's lanes: lane = exposure class * genotypes + genotype."""

    base: Array
    """(nodes, lanes) expression without drugs, slow states at their base."""
    floor: Array
    """(nodes, lanes)."""
    weight: Array
    """(terms, lanes)."""
    gain: Array
    """(drivers, lanes)."""
    access: Array
    """(A, lanes) fraction of each action that reaches its target."""
    fitness: Array
    """(lanes,) 1 - cost of the genotype."""
    normalizer: Array
    """(Q, lanes) what the untreated truncal genotype asks of the slow states."""


class PatientRates(NamedTuple):
    """One patient's constants and running state for `day_rates`."""

    lanes: Lanes
    genotypes: int
    decay: Array
    """(T, S, 2, D, TERMS) factors between quadrature nodes."""
    decay_known: NDArray[np.uint8]
    """(T,)."""
    elimination: Array
    """(D, TERMS) 1/day."""
    scale: Array
    """(D, TERMS) mg/L per mg."""
    amount: Array
    """(P, C) mg per maintenance dose."""
    loading: Array
    """(P, C) mg per loading dose."""
    birth: float
    """1/day at the reference drive."""
    death: float
    """1/day at the reference drive."""
    proliferation: float
    """The truncal genotype's untreated proliferation drive."""
    survival: float
    """Its survival drive."""
    sensitivity: float
    """To cytotoxics, relative."""
    effectors: float
    """Antibody-dependent killing, relative."""
    concentration: Array
    """(D, TERMS) mg/L, running."""
    slow: Array
    """(Q, lanes) expression of the slow nodes, running."""
    target: Array
    """(Q, lanes) where the slow states are heading, at the last node."""
    aim: Array
    """(Q, lanes) the same, predicted for now."""
    trend: Array
    """(Q, lanes) predicted change of the target, 1/day."""
    before: Array
    """(Q, lanes) the target at the node before the last."""
    keep: Array
    """(Q,) share of a distance from the target that is left since the last node, or since a jump of exposure after it."""
    since: Array
    """(2,) days since then; 1 if there was a jump."""
    seen_slow: Array
    """(Q, lanes) at the last evaluation."""
    effect: Array
    """(A, lanes)."""
    seen_effect: Array
    """(A, lanes) at the last evaluation."""
    activity: Array
    """(nodes, lanes)."""
    expression: Array
    """(nodes, lanes) expression under the drugs."""
    node_effect: Array
    """(nodes, lanes) factors on activities."""
    term: Array
    """(terms, lanes) weights under the drugs."""
    drive: Array
    """(2, lanes) proliferation relative to the reference; survival lost."""
    kill: Array
    """(2, lanes) cytotoxic and antibody-dependent, 1/day."""
    now: Array
    """(RATE_ROWS, lanes) scratch."""
    ring: Array
    """(RING_DAYS, RATE_ROWS, lanes) integrals over each recent day."""
    slow_ring: Array
    """(RING_DAYS, Q, lanes) slow states at the start of each recent day."""
    drug_ring: Array
    """(DRUG_RING_DAYS, D, TERMS) concentrations at the start of each recent day."""
    day_decay: Array
    """(2, D, TERMS) factors over one day and over one dosing period."""
    clock: NDArray[np.int64]
    """(4,) next day to integrate; days in a row that repeated; 1 if frozen; evaluations so far."""


@njit(cache=True, error_model="numpy")
def start_phase(schedule: Schedule, p: PatientRates, phase: int) -> None:
    """Begin a phase: its days count from 0 and nothing is known to be periodic."""
    p.clock[0] = 0
    p.clock[1] = 0
    p.clock[2] = 0
    for d in range(p.elimination.shape[0]):
        for k in range(TERMS):
            p.day_decay[0, d, k] = np.exp(-p.elimination[d, k])
            p.day_decay[1, d, k] = np.exp(-p.elimination[d, k] * schedule.period[phase])


@njit(cache=True, error_model="numpy")
def _copy(source: Array, into: Array) -> None:
    """Copy a C-contiguous array of two dimensions."""
    for row in range(source.shape[0]):
        old, new = source[row], into[row]
        for k in range(old.shape[0]):
            new[k] = old[k]


@njit(cache=True, error_model="numpy")
def _add(source: Array, weight: float, into: Array) -> None:
    """Add a multiple of a C-contiguous array of two dimensions."""
    for row in range(source.shape[0]):
        old, new = source[row], into[row]
        for k in range(old.shape[0]):
            new[k] += weight * old[k]


@njit(cache=True, error_model="numpy")
def _row(actions: CompiledActions, p: PatientRates, action: int, k: int) -> Array:
    """The (lanes,) row that the k-th target of an action multiplies."""
    code, position = actions.code[action], actions.target[k]
    if code == INHIBIT:
        effect: Array = p.node_effect[position]
        return effect
    if code == DEGRADE:
        expression: Array = p.expression[position]
        return expression
    term: Array = p.term[position]
    return term


@njit(cache=True, error_model="numpy")
def _apply_actions(net: CompiledNetwork, actions: CompiledActions, p: PatientRates) -> None:
    """Put the slow states into the expression and let the present effects act; rows that nothing touches stay as they are."""
    for a in range(actions.code.shape[0]):
        if actions.code[a] == OUTSIDE:
            continue
        for k in range(actions.target_start[a], actions.target_start[a + 1]):
            row, position = _row(actions, p, a, k), actions.target[k]
            if actions.code[a] == INHIBIT:
                for lane in range(row.shape[0]):
                    row[lane] = 1.0
            else:
                rest = p.lanes.base[position] if actions.code[a] == DEGRADE else p.lanes.weight[position]
                for lane in range(row.shape[0]):
                    row[lane] = rest[lane]
    for node in range(net.slow_of_node.shape[0]):
        q = net.slow_of_node[node]
        if q >= 0:
            row, slow = p.expression[node], p.slow[q]
            for lane in range(slow.shape[0]):
                row[lane] = slow[lane]
    for a in range(actions.code.shape[0]):
        if actions.code[a] == OUTSIDE or p.effect[a, 0] == 0.0:
            continue
        effect, reach = p.effect[a], p.lanes.access[a]
        for k in range(actions.target_start[a], actions.target_start[a + 1]):
            row = _row(actions, p, a, k)
            for lane in range(row.shape[0]):
                row[lane] *= 1.0 - effect[lane] * reach[lane]


@njit(cache=True, error_model="numpy")
def solve_signaling(model: CourseModel, p: PatientRates) -> None:
    """Activities, drives and slow targets under the present effects and slow states."""
    net, lanes = model.network, p.lanes
    _apply_actions(net, model.actions, p)
    evaluate(net, p.expression, lanes.floor, p.term, p.node_effect, p.activity)
    expression_targets(net, p.activity, lanes.base, lanes.gain, lanes.normalizer, p.target)
    grow, live = net.proliferation, net.survival
    drive, lost, growing, living = p.drive[0], p.drive[1], p.activity[grow], p.activity[live]
    for lane in range(drive.shape[0]):
        drive[lane] = growing[lane] / p.proliferation
    for lane in range(lost.shape[0]):
        lost[lane] = max(0.0, 1.0 - living[lane] / p.survival)
    _copy(p.slow, p.seen_slow)
    _copy(p.effect, p.seen_effect)
    p.clock[3] += 1


@njit(cache=True, error_model="numpy")
def _effects(model: CourseModel, p: PatientRates, weight: float) -> bool:
    """Effects at the present concentrations; whether signaling must be solved again.

    Args:
        model: What the arm shares.
        p: The patient.
        weight: Days that the answer stands for; over a short stretch a larger change can be overlooked.
    """
    overlooked = UNCHANGED / weight
    changed = False
    for a in range(model.action_kind.shape[0]):
        drug = model.action_drug[a]
        plasma = 0.0
        for k in range(TERMS):
            plasma += p.concentration[drug, k]
        for x in range(p.effect.shape[1] // p.genotypes):
            free = max(plasma, 0.0) * model.free[drug, x]
            if model.hill[a] != 1.0:
                ratio = (free / model.potency[a]) ** model.hill[a]
                effect = model.maximum[a] * ratio / (1.0 + ratio)
            else:
                effect = model.maximum[a] * free / (free + model.potency[a])
            first = x * p.genotypes
            if model.action_kind[a] == SIGNALING and abs(effect - p.seen_effect[a, first]) > overlooked:
                changed = True
            p.effect[a, first : first + p.genotypes] = effect
    return changed or _moved(p.slow, p.seen_slow, overlooked)


@njit(cache=True, error_model="numpy")
def _moved(now: Array, seen: Array, overlooked: float) -> bool:
    """Whether a slow state differs from the one last seen, relative to its size."""
    for q in range(now.shape[0]):
        new, old = now[q], seen[q]
        worst = 0.0
        for lane in range(new.shape[0]):
            worst = max(worst, abs(new[lane] - old[lane]) - overlooked * (1.0 + new[lane]))
        if worst > 0.0:
            return True
    return False


@njit(cache=True, error_model="numpy")
def _kills(model: CourseModel, p: PatientRates) -> None:
    p.kill[:] = 0.0
    for a in range(model.action_kind.shape[0]):
        kind = model.action_kind[a]
        if kind == SIGNALING:
            continue
        antigen = model.antigen[a]
        effect, access, kill = p.effect[a], p.lanes.access[a], p.kill[1 if kind == ADCC else 0]
        if kind >= PAYLOAD and antigen >= 0:
            shown = p.expression[antigen]
            for lane in range(kill.shape[0]):
                kill[lane] += effect[lane] * access[lane] * shown[lane] / (1.0 + shown[lane])
        else:
            for lane in range(kill.shape[0]):
                kill[lane] += effect[lane] * access[lane]


@njit(cache=True, error_model="numpy")
def rates_now(model: CourseModel, p: PatientRates, weight: float = 1.0) -> None:
    """Write the rates of every lane (1/day) at the present state into `p.now`.

    Args:
        model: What the arm shares.
        p: The patient.
        weight: Days that the rates stand for.
    """
    if _effects(model, p, weight):
        solve_signaling(model, p)
    _kills(model, p)
    drives, lost = p.drive[0], p.drive[1]
    cytotoxic, immune = p.kill[0], p.kill[1]
    birth, deaths, enter, leave, fade = (
        p.now[BIRTH],
        p.now[DEATH],
        p.now[ENTER],
        p.now[LEAVE],
        p.now[TOLERANT_DEATH],
    )
    fitness = p.lanes.fitness
    base, signal, spared = p.death, model.signal_death, 1.0 - model.protection
    for lane in range(drives.shape[0]):
        drive = drives[lane]
        death = (
            base + signal * lost[lane] + cytotoxic[lane] * p.sensitivity * drive + immune[lane] * p.effectors
        )
        birth[lane] = p.birth * drive * fitness[lane]
        deaths[lane] = death
        enter[lane] = model.enter * max(0.0, 1.0 - drive)
        leave[lane] = model.leave * min(1.0, drive)
        fade[lane] = spared * death


@njit(cache=True, error_model="numpy")
def _know_decay(schedule: Schedule, p: PatientRates, template: int) -> None:
    if p.decay_known[template]:
        return
    p.decay_known[template] = 1
    for s in range(schedule.segments[template]):
        length = schedule.length[template, s]
        for d in range(p.elimination.shape[0]):
            for k in range(TERMS):
                p.decay[template, s, 0, d, k] = exp_poly(-p.elimination[d, k] * length * _EARLY)
                p.decay[template, s, 1, d, k] = exp_poly(-p.elimination[d, k] * length * _MIDDLE)


@njit(cache=True, error_model="numpy")
def _move(
    schedule: Schedule, p: PatientRates, phase: int, day: int, template: int, segment: int, leg: int
) -> None:
    """Carry the concentrations over one leg (0: outer, 1: middle) of a segment, with the infusions running in it."""
    decay = p.decay[template, segment, leg]
    for d in range(p.elimination.shape[0]):
        for k in range(TERMS):
            p.concentration[d, k] *= decay[d, k]
    for c in range(schedule.drug.shape[1]):
        if schedule.infusing[template, segment, c] > 0.0:
            d = schedule.drug[phase, c]
            rate = _dose(schedule, p, phase, c, day) / schedule.infusion[phase, c]
            for k in range(TERMS):
                p.concentration[d, k] += rate * p.scale[d, k] * (1.0 - decay[d, k]) / p.elimination[d, k]


@njit(cache=True, error_model="numpy")
def _dose(schedule: Schedule, p: PatientRates, phase: int, c: int, day: int) -> float:
    return float(p.loading[phase, c] if schedule.dose[phase, c, day] == 2 else p.amount[phase, c])


@njit(cache=True, error_model="numpy")
def _give(schedule: Schedule, p: PatientRates, phase: int, day: int, template: int, segment: int) -> None:
    """Add the doses given at once at the start of a segment, and note the infusions that begin there."""
    for c in range(schedule.drug.shape[1]):
        begins = segment == 0 or schedule.infusing[template, segment - 1, c] == 0.0
        if schedule.infusing[template, segment, c] > 0.0 and begins:
            _turn(p, False)
        doses = schedule.bolus[template, segment, c]
        if doses > 0.0:
            _turn(p, True)
            d = schedule.drug[phase, c]
            for k in range(TERMS):
                p.concentration[d, k] += doses * _dose(schedule, p, phase, c, day) * p.scale[d, k]


@njit(cache=True, error_model="numpy")
def _relax(model: CourseModel, p: PatientRates, decay: Array, days: float) -> None:
    """Advance the slow states, exactly for a target that follows its trend."""
    p.since[0] += days
    for q in range(p.slow.shape[0]):
        tau = model.network.slow_tau_days[q]
        p.keep[q] *= decay[q]
        trends, aims, slow, left = p.trend[q], p.aim[q], p.slow[q], decay[q]
        for lane in range(slow.shape[0]):
            trend, aim = trends[lane], aims[lane]
            slow[lane] = aim + trend * (days - tau) + (slow[lane] - aim + trend * tau) * left
            aims[lane] = aim + trend * days


@njit(cache=True, error_model="numpy")
def _turn(p: PatientRates, jump: bool) -> None:
    """A dose begins now: the target's trend ends, and with a jump of exposure its value tells nothing either."""
    p.since[0] = 0.0
    p.since[1] = 1.0 if jump else p.since[1]
    p.keep[:] = 1.0
    p.trend[:] = 0.0


@njit(cache=True, error_model="numpy")
def _correct(model: CourseModel, p: PatientRates, ahead: float) -> None:
    """At a node: put the slow states where the target found now would have led them, and take its trend.

    Args:
        model: What the arm shares.
        p: The patient, with the new target.
        ahead: Days to the next node, about.
    """
    days, jumped = p.since[0], p.since[1] == 1.0
    for q in range(p.slow.shape[0]):
        share = 1.0 - p.keep[q]
        tau = model.network.slow_tau_days[q]
        steady = 0.0
        if not jumped and days > 0.0:
            share = 1.0 - share * tau / days
            if ahead < TREND_SHARE * tau:
                steady = min(1.0, days / ahead) / days
        slow, target, aim, trend, old = p.slow[q], p.target[q], p.aim[q], p.trend[q], p.before[q]
        for lane in range(slow.shape[0]):
            slow[lane] += share * (target[lane] - aim[lane])
            trend[lane] = steady * (target[lane] - old[lane])
        p.keep[q] = 1.0
    _copy(p.target, p.aim)
    p.since[0] = 0.0
    p.since[1] = 0.0


@njit(cache=True, error_model="numpy")
def _integrate(
    model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int, span: int
) -> None:
    """Integrate the rates over `span` days from `day` on, and carry concentrations and slow states along."""
    template = schedule.template[phase, day]
    _know_decay(schedule, p, template)
    for j in range(span):
        ring = p.ring[(day + j) % RING_DAYS]
        for row in range(RATE_ROWS):
            rates = ring[row]
            for lane in range(rates.shape[0]):
                rates[lane] = 0.0
        _copy(p.slow, p.slow_ring[(day + j) % RING_DAYS])
        _remember_drugs(p, day, j)
    for s in range(schedule.segments[template]):
        _give(schedule, p, phase, day, template, s)
        length = schedule.length[template, s]
        for node in range(2):
            _move(schedule, p, phase, day, template, s, node)
            _relax(model, p, model.slow_decay[template, s, node], length * (_EARLY if node == 0 else _MIDDLE))
            _copy(p.target, p.before)
            rates_now(model, p, length)
            _correct(model, p, length * (_MIDDLE if node == 0 else 2.0 * _EARLY))
            if span == 1:
                _add(p.now, 0.5 * length, p.ring[day % RING_DAYS])
            else:
                at = length * (_EARLY if node == 0 else 1.0 - _EARLY)
                other = length - at
                for j in range(span):
                    _add(p.now, (j + 0.5 - other) / (at - other), p.ring[(day + j) % RING_DAYS])
        _move(schedule, p, phase, day, template, s, 0)
        _relax(model, p, model.slow_decay[template, s, 0], length * _EARLY)


@njit(cache=True, error_model="numpy")
def _remember_drugs(p: PatientRates, day: int, later: int) -> None:
    """Keep the concentrations at the start of a day that comes `later` days after the present state, without doses between."""
    now = p.drug_ring[(day + later) % DRUG_RING_DAYS]
    before = p.drug_ring[(day + later - 1) % DRUG_RING_DAYS]
    for d in range(now.shape[0]):
        for k in range(TERMS):
            now[d, k] = p.concentration[d, k] if later == 0 else before[d, k] * p.day_decay[0, d, k]


@njit(cache=True, error_model="numpy")
def _coast(schedule: Schedule, p: PatientRates, phase: int, day: int, span: int) -> None:
    """Reuse the rates of one period earlier.

    Concentrations go on exactly: from one period to the next they follow c' = a c + k with a fixed k, so that
    c(t) = c(t - P) + a (c(t - P) - c(t - 2 P)).
    """
    period = schedule.period[phase]
    for j in range(1, span + 1):
        today = day + j - 1
        _copy(p.ring[(today - period) % RING_DAYS], p.ring[today % RING_DAYS])
        _copy(p.slow_ring[(today - period) % RING_DAYS], p.slow_ring[today % RING_DAYS])
        now = p.drug_ring[(day + j) % DRUG_RING_DAYS]
        last = p.drug_ring[(day + j - period) % DRUG_RING_DAYS]
        first = p.drug_ring[(day + j - 2 * period) % DRUG_RING_DAYS]
        for d in range(now.shape[0]):
            for k in range(TERMS):
                now[d, k] = last[d, k] + p.day_decay[1, d, k] * (last[d, k] - first[d, k])
    _copy(p.drug_ring[(day + span) % DRUG_RING_DAYS], p.concentration)
    _copy(p.slow_ring[(day + span - period) % RING_DAYS], p.slow)


@njit(cache=True, error_model="numpy")
def _repeated(p: PatientRates, day: int, span: int, period: int) -> bool:
    for j in range(span):
        new = p.ring[(day + j) % RING_DAYS]
        old = p.ring[(day + j - period) % RING_DAYS]
        for row in range(RATE_ROWS):
            one, other = new[row], old[row]
            worst = 0.0
            for lane in range(one.shape[0]):
                worst = max(worst, abs(one[lane] - other[lane]))
            if worst > PERIODIC * period:
                return False
    return True


@njit(cache=True, error_model="numpy")
def day_rates(model: CourseModel, schedule: Schedule, p: PatientRates, phase: int, day: int) -> Array:
    """The integrals of every rate over one day of a phase.

    Args:
        model: What the arm shares.
        schedule: The arm's doses.
        p: The patient; days must be asked for in order.
        phase: Index of the phase.
        day: Day of the phase.

    Returns:
        (RATE_ROWS, lanes), a view that stays valid for `MAX_PERIOD_DAYS` days.
    """
    period = schedule.period[phase]
    while p.clock[0] <= day:
        at = p.clock[0]
        span = schedule.span[phase, at]
        same = period > 0 and at >= 2 * period
        for j in range(span):
            same = same and schedule.repeats[phase, at + j] == 1
        if not same:
            p.clock[1] = 0
            p.clock[2] = 0
        if p.clock[2] == 1:
            _coast(schedule, p, phase, at, span)
        else:
            _integrate(model, schedule, p, phase, at, span)
            if same and _repeated(p, at, span, period):
                p.clock[1] += span
                if p.clock[1] >= period:
                    p.clock[2] = 1
            else:
                p.clock[1] = 0
        p.clock[0] += span
    rates: Array = p.ring[day % RING_DAYS]
    return rates
