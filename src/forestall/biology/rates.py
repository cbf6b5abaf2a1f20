"""From concentrations to the rates of every clone at one moment: effects, signaling, then birth, death and switching."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.signaling.actions import DEGRADE, INHIBIT, OUTSIDE, CompiledActions
from forestall.biology.signaling.compile import CompiledNetwork
from forestall.biology.signaling.kernel import evaluate_with
from forestall.biology.signaling.slow_states import write_targets
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.vectors import WIDTH, absolute, any_above, larger, load, smaller, spread, store

Array = NDArray[np.float64]

BIRTH, DEATH, ENTER, LEAVE, TOLERANT_DEATH = range(5)
"""Rows of the rate arrays: b, d, s_in, s_out and d_q."""
RATE_ROWS = 5
LATE_GAP, LATE_ENTER, LATE_LEAVE = range(RATE_ROWS, 8)
"""Rows of `PatientRates.ring` after those: first moments about the middle of the day of b - d - s_in + d_q + s_out, s_in and s_out."""
RING_ROWS = 8
TERMS = 4
"""Exponentials per drug: up to three of disposition and one of absorption."""
SIGNALING, CYTOTOXIC, PAYLOAD, ADCC = range(4)
"""Codes of what a drug action does: act on the network, or kill in one of three ways."""
NEXT, SAME, FROZEN, EVALUATIONS, ANCHOR, EXTRAPOLATED = range(6)
"""Entries of a patient's clock: next day to come; days in a row with the doses of one period earlier; 1 if frozen; evaluations of the
network so far; day of freezing; 1 if extrapolated."""
UNCHANGED = 2e-5
"""Effects and (relative) expressions that changed by less than this over a day do not ask for a new evaluation."""

GONE = 1e-9
"""A free drug below this share of the concentration of half effect does nothing."""


class CourseModel(NamedTuple):
    """What all patients of one arm share. A actions, D drugs, X exposure classes, Q slow states."""

    network: CompiledNetwork
    actions: CompiledActions
    """Of the A actions, those on the network."""
    action_drug: NDArray[np.int64]
    """(A,)."""
    action_kind: NDArray[np.int64]
    """(A,) one of the codes above."""
    apart: NDArray[np.bool_]
    """(A,) the action is of a drug that only kills: it is integrated apart from signaling."""
    planned: NDArray[np.bool_]
    """(A,) the action is of a drug of the protocol's regimen, not only of what follows progression."""
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
    slow_weight: Array
    """(T, S, 3, 3, Q) what slow states are at the two quadrature nodes and at the end of a segment: weights of what they are at its
    start, of an earlier and of a later target (see `slow_following.slow_weights`)."""
    signal_death: float
    """1/day of added death at complete loss of the survival drive, in the typical patient."""
    turnover: float
    """Share of the deaths without drugs that go with division: cells that do not divide are spared them."""
    cycle_killing: float
    """Share of the killing by cytotoxics and payloads that needs division."""
    payload_half: float
    """Expression of the antigen at which half of a payload's killing is reached, relative to a tumor without amplification."""
    adcc_half: float
    """The same for killing by effector cells."""
    enter: float
    """1/day at which cycling cells turn tolerant when the proliferation drive is lost completely, in the typical patient."""
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
    part_decay: Array
    """(U, 2, D, TERMS) the same between the nodes of the parts of drugs that only kill."""
    elimination: Array
    """(D, TERMS) 1/day."""
    scale: Array
    """(D, TERMS) mg/L per mg."""
    strength: Array
    """(A,) of each action in this patient: the power of what an action on signaling leaves its target."""
    amount: Array
    """(P, C) mg per maintenance dose."""
    loading: Array
    """(P, C) mg per loading dose."""
    birth: float
    """1/day at the reference drive."""
    death: float
    """1/day at the reference drive."""
    signal_death: float
    """1/day of added death at complete loss of the survival drive."""
    enter: float
    """1/day at which cycling cells turn tolerant when the proliferation drive is lost completely."""
    spared: float
    """Share of the death of cycling cells that tolerant cells die of."""
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
    """(Q, lanes) the same at the start of the segment, by the line through the nodes before it."""
    trend: Array
    """(Q, lanes) predicted change of the target, 1/day."""
    expected: Array
    """(Q, lanes) the target predicted for a node."""
    first: Array
    """(Q, lanes) the target at the first node of the segment."""
    begin: Array
    """(Q, lanes) slow states at its start."""
    turned: NDArray[np.int64]
    """(1,) what doses at its start did to exposure (`slow_following.NONE` and the others)."""
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
    """(4, lanes) cytotoxic and antibody-dependent, 1/day; scratch for the first moments of both."""
    now: Array
    """(RATE_ROWS, lanes) scratch."""
    part_kill: Array
    """(LONGEST_SPAN_DAYS, A, X, 2, 2) killing of the present segment by actions integrated apart, for each of its two nodes: its
    integral and its first moment about the middle of the day."""
    ring: Array
    """(RING_DAYS, RING_ROWS, lanes) integrals over each recent day, and first moments."""
    slow_ring: Array
    """(RING_DAYS, Q, lanes) slow states at the start of each recent day."""
    drug_ring: Array
    """(DRUG_RING_DAYS, D, TERMS) concentrations at the start of each recent day."""
    day_decay: Array
    """(2, D, TERMS) factors over one day and over one dosing period."""
    rest: Array
    """(RATE_ROWS, lanes) rates without treatment, 1/day."""
    waning: float
    """1/day at which the cells lose what the treatment does to them (`waning.effect_left`)."""
    scratch: Array
    """(4, lanes)."""
    flags: NDArray[np.bool_]
    """(2, lanes) scratch."""
    clock: NDArray[np.int64]
    """(6,) `NEXT` and the others."""
    factor: Array
    """(1,) by which the differences between periods shrink."""


@bare_kernel_with(forceinline=True)
def copy_rows(source: Array, into: Array) -> None:
    """Copy a C-contiguous array of two dimensions."""
    for row in range(source.shape[0]):
        for first in range(0, source.shape[1], WIDTH):
            store(into, (row, first), load(source, (row, first)))


@bare_kernel_with(inline="always")
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


@bare_kernel
def _apply_actions(net: CompiledNetwork, actions: CompiledActions, p: PatientRates) -> None:
    """Put the slow states into the expression and let the present effects act; rows that nothing touches stay as they are."""
    for a in range(actions.code.shape[0]):
        if actions.code[a] == OUTSIDE:
            continue
        for k in range(actions.target_start[a], actions.target_start[a + 1]):
            row, position = _row(actions, p, a, k), actions.target[k]
            if actions.code[a] == INHIBIT:
                for first in range(0, row.shape[0], WIDTH):
                    store(row, (first,), spread(1.0))
            else:
                rest = p.lanes.base if actions.code[a] == DEGRADE else p.lanes.weight
                for first in range(0, row.shape[0], WIDTH):
                    store(row, (first,), load(rest, (position, first)))
    for node in range(net.slow_of_node.shape[0]):
        q = net.slow_of_node[node]
        if q >= 0:
            for first in range(0, p.slow.shape[1], WIDTH):
                store(p.expression, (node, first), load(p.slow, (q, first)))
    for a in range(actions.code.shape[0]):
        if actions.code[a] == OUTSIDE or p.effect[a, 0] == 0.0:
            continue
        for k in range(actions.target_start[a], actions.target_start[a + 1]):
            row = _row(actions, p, a, k)
            for first in range(0, row.shape[0], WIDTH):
                left = 1.0 - load(p.effect, (a, first)) * load(p.lanes.access, (a, first))
                store(row, (first,), load(row, (first,)) * left)


@bare_kernel
def solve_signaling(model: CourseModel, p: PatientRates) -> None:
    """Activities, drives and slow targets under the present effects and slow states."""
    net, lanes = model.network, p.lanes
    _apply_actions(net, model.actions, p)
    evaluate_with(net, p.expression, lanes.floor, p.term, p.node_effect, p.activity, p.scratch, p.flags)
    write_targets(net, p.activity, lanes.base, lanes.gain, lanes.normalizer, p.target)
    grow, live = net.proliferation, net.survival
    for first in range(0, p.drive.shape[1], WIDTH):
        store(p.drive, (0, first), load(p.activity, (grow, first)) / p.proliferation)
        store(p.drive, (1, first), larger(1.0 - load(p.activity, (live, first)) / p.survival, 0.0))
    copy_rows(p.slow, p.seen_slow)
    copy_rows(p.effect, p.seen_effect)
    p.clock[EVALUATIONS] += 1


@bare_kernel_with(forceinline=True)
def effect_now(model: CourseModel, p: PatientRates, action: int, exposure_class: int) -> float:
    """Effect of an action at the present concentration: a share of 1, or 1/day of killing."""
    drug = model.action_drug[action]
    plasma = 0.0
    for k in range(TERMS):
        plasma += p.concentration[drug, k]
    free = max(plasma, 0.0) * model.free[drug, exposure_class]
    if free < GONE * model.potency[action] and model.hill[action] >= 1.0:
        return 0.0
    if model.hill[action] != 1.0:
        ratio = (free / model.potency[action]) ** model.hill[action]
        effect = model.maximum[action] * ratio / (1.0 + ratio)
    else:
        effect = model.maximum[action] * free / (free + model.potency[action])
    if model.action_kind[action] == SIGNALING and p.strength[action] != 1.0 and effect > 0.0:
        return float(1.0 - (1.0 - effect) ** p.strength[action])
    return float(effect)


@bare_kernel
def _effects(model: CourseModel, p: PatientRates, weight: float, everything: bool) -> bool:
    """Effects at the present concentrations; whether signaling must be solved again.

    Args:
        model: What the arm shares.
        p: The patient.
        weight: Days that the answer stands for; over a short stretch a larger change can be overlooked.
        everything: Whether to take the drugs that only kill, too.
    """
    overlooked = UNCHANGED / weight
    changed = False
    genotypes = p.genotypes
    for a in range(model.action_kind.shape[0]):
        if model.apart[a] and not everything:
            continue
        for x in range(p.effect.shape[1] // genotypes):
            effect = effect_now(model, p, a, x)
            first = x * genotypes
            if model.action_kind[a] == SIGNALING and abs(effect - p.seen_effect[a, first]) > overlooked:
                changed = True
            for lane in range(first, first + genotypes):
                p.effect[a, lane] = effect
    return changed or moved(p.slow, p.seen_slow, overlooked)


@bare_kernel_with(forceinline=True)
def moved(now: Array, seen: Array, overlooked: float) -> bool:
    """Whether a slow state differs from the one last seen, relative to its size."""
    for q in range(now.shape[0]):
        for first in range(0, now.shape[1], WIDTH):
            new = load(now, (q, first))
            change = absolute(new - load(seen, (q, first)))
            if any_above(change - overlooked * (1.0 + new), 0.0):
                return True
    return False


@bare_kernel_with(forceinline=True)
def add_kill(model: CourseModel, p: PatientRates, a: int, first: int, amount: float, into: int) -> None:
    """Add the killing by one action to the lanes of one exposure class.

    Args:
        model: What the arm shares.
        p: The patient.
        a: The action.
        first: First lane of the class.
        amount: Effect of the action, 1/day, or its integral or moment.
        into: Row of `p.kill` that receives killing of which a share needs division; the next one, that by effector cells.
    """
    antigen, access, kill = model.antigen[a], p.lanes.access, p.kill
    immune = model.action_kind[a] == ADCC
    row, half = (into + 1, model.adcc_half) if immune else (into, model.payload_half)
    if model.action_kind[a] >= PAYLOAD and antigen >= 0:
        for lane in range(first, first + p.genotypes):
            shown = p.expression[antigen, lane]
            kill[row, lane] += amount * access[a, lane] * shown / (half + shown)
    else:
        for lane in range(first, first + p.genotypes):
            kill[row, lane] += amount * access[a, lane]


@bare_kernel_with(inline="always")
def killable(model: CourseModel, drive: Any) -> Any:
    """Share of the killing by cytotoxics and payloads that is left at a relative division rate, of one lane or of several at once."""
    return (1.0 - model.cycle_killing) + model.cycle_killing * drive


@bare_kernel
def _kills(model: CourseModel, p: PatientRates, everything: bool) -> None:
    p.kill[:] = 0.0
    for a in range(model.action_kind.shape[0]):
        if model.action_kind[a] == SIGNALING or (model.apart[a] and not everything):
            continue
        for first in range(0, p.effect.shape[1], p.genotypes):
            if p.effect[a, first] > 0.0:
                add_kill(model, p, a, first, p.effect[a, first], 0)


@bare_kernel
def rates_now(model: CourseModel, p: PatientRates, weight: float = 1.0, everything: bool = True) -> None:
    """Write the rates of every lane (1/day) at the present state into `p.now`.

    Args:
        model: What the arm shares.
        p: The patient.
        weight: Days that the rates stand for.
        everything: Whether drugs that only kill are counted; without them they are integrated apart.
    """
    if _effects(model, p, weight, everything):
        solve_signaling(model, p)
    _kills(model, p, everything)
    now, spared, turned = p.now, p.spared, p.death * model.turnover
    for first in range(0, now.shape[1], WIDTH):
        drive, lost = load(p.drive, (0, first)), load(p.drive, (1, first))
        fitness = load(p.lanes.fitness, (first,))
        death = (p.death - turned) + p.signal_death * lost + p.effectors * load(p.kill, (1, first))
        death = death + turned * fitness * drive
        death = death + p.sensitivity * load(p.kill, (0, first)) * killable(model, drive)
        store(now, (BIRTH, first), p.birth * drive * fitness)
        store(now, (ENTER, first), p.enter * larger(1.0 - drive, 0.0))
        store(now, (LEAVE, first), model.leave * smaller(drive, 1.0))
        store(now, (DEATH, first), death)
        store(now, (TOLERANT_DEATH, first), spared * death)
