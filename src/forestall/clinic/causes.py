"""Why a lesion progressed: switch one thing off at a time and see what its leading clone would do.

For the leading clone of the progressing lesion the net growth rate is computed as it is, and again with each of its alterations
removed (acquired or truncal), each slow expression state put back to rest, in the brain with the exposure of the rest of the body, and
as if the effect of the treatment had not waned. The counterfactual that lowers growth the most names the cause, if it takes away at
least `DECISIVE` of the growth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import (
    ADCC,
    BIRTH,
    CYTOTOXIC,
    DEATH,
    PAYLOAD,
    SIGNALING,
    CourseModel,
    PatientRates,
    killable,
    rates_now,
)
from forestall.biology.setup import CohortArrays, SharedArrays, relative_fitness, strengthen_killing
from forestall.biology.signaling.actions import apply_effects_by_lane
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.lanes import write_lanes
from forestall.biology.signaling.slow_states import place_slow
from forestall.biology.waning import effect_left, toward_rest, wane
from forestall.engine.kernels import bare_kernel, kernel_with

Array = NDArray[np.float64]

INCOMPLETE, SANCTUARY, REGROWTH, TOLERANT, WANED = range(1, 6)
REBOUND, ACQUIRED, TRUNCAL = 100, 1000, 2000
"""First codes of the causes that carry an index: a slow state, an acquired and a truncal alteration."""
DECISIVE = 0.25


def cause_text(code: int, slow_nodes: Sequence[str], alterations: Sequence[str]) -> str:
    """A cause in words.

    Args:
        code: From `attribute`.
        slow_nodes: Names of the slow states.
        alterations: Ids of the alterations, in the order of the bits.
    """
    fixed = {
        INCOMPLETE: "incomplete inhibition",
        SANCTUARY: "brain sanctuary",
        REGROWTH: "regrowth after chemotherapy",
        TOLERANT: "tolerant cells",
        WANED: "waning effect",
    }
    if code in fixed:
        return fixed[code]
    if code >= TRUNCAL:
        return f"{alterations[code - TRUNCAL]} (truncal)"
    if code >= ACQUIRED:
        return f"{alterations[code - ACQUIRED]} (acquired)"
    node = slow_nodes[code - REBOUND]
    return "ER switched on" if node == "ESR1" else f"{node} rebound"


def all_causes(slow_nodes: Sequence[str], alterations: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Every code that `attribute` can give, ascending, and its words.

    Args:
        slow_nodes: Names of the slow states.
        alterations: Ids of the alterations, in the order of the bits.
    """
    codes = [INCOMPLETE, SANCTUARY, REGROWTH, TOLERANT, WANED]
    codes += [REBOUND + q for q in range(len(slow_nodes))]
    codes += [first + k for first in (ACQUIRED, TRUNCAL) for k in range(len(alterations))]
    return np.array(codes, np.int64), [cause_text(code, slow_nodes, alterations) for code in codes]


@kernel_with(error_model="numpy")
def leading_genotype(p: PatientRates, cells: Array, offset: int, room: float) -> int:
    """The genotype that adds most cells per day, or the largest if none grows."""
    best, most = 0, -np.inf
    for g in range(cells.shape[1]):
        net = p.now[BIRTH, offset + g] * room - p.now[DEATH, offset + g]
        gain = cells[0, g] * net if net > 0.0 else -1.0 / (1.0 + cells[0, g])
        if gain > most:
            best, most = g, gain
    return best


@kernel_with(error_model="numpy")
def attribute(
    i: int,
    model: CourseModel,
    cohort: CohortArrays,
    shared: SharedArrays,
    p: PatientRates,
    cells: Array,
    offset: int,
    room: float,
    day: int,
) -> tuple[int, int]:
    """The leading genotype of a lesion and the code of the cause of its growth.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        cohort: The batch.
        shared: Network weights and alterations.
        p: The patient's running state.
        cells: (2, G) cells of the lesion.
        offset: Lane of its first genotype.
        room: 1 - N/K.
        day: Of the treatment.
    """
    rates_now(model, p)
    wane(p, day)
    genotype = leading_genotype(p, cells, offset, room)
    net, codes = _counterfactuals(i, model, cohort, shared, p, offset, genotype, room)
    unwaned = net[0]
    # Without treatment the counterfactuals are taken to grow as the clone does.
    rest = p.rest[BIRTH, offset + genotype] * room - p.rest[DEATH, offset + genotype]
    net = toward_rest(net, rest, effect_left(p, day))
    worst = 0
    for v in range(1, net.shape[0]):
        if net[v] < net[worst]:
            worst = v
    if net[0] > 0.0 and unwaned < min(net[worst], (1.0 - DECISIVE) * net[0]):
        return genotype, WANED
    if net[0] > 0.0 and net[worst] < (1.0 - DECISIVE) * net[0]:
        return genotype, codes[worst]
    if cells[1].sum() > cells[0].sum():
        return genotype, TOLERANT
    if _chemotherapy_is_over(model, p, offset + genotype):
        return genotype, REGROWTH
    return genotype, INCOMPLETE


@kernel_with(error_model="numpy")
def _chemotherapy_is_over(model: CourseModel, p: PatientRates, lane: int) -> bool:
    given = False
    for a in range(model.action_kind.shape[0]):
        if model.action_kind[a] == CYTOTOXIC and model.planned[a]:
            given = True
            if p.effect[a, lane] > 0.01 * model.maximum[a]:
                return False
    return given


class _Variants(NamedTuple):
    """A clone as it is (first) and under each counterfactual: V columns, of which the last may be out of use."""

    mask: NDArray[np.int64]
    """(V,) genotype."""
    code: NDArray[np.int64]
    """(used,) code of the cause that each stands for."""
    slow: Array
    """(Q, V) slow states."""
    effect: Array
    """(A, V) effects of the actions."""


@kernel_with(error_model="numpy")
def _variants(
    model: CourseModel, p: PatientRates, trunk: int, mask: int, bits: int, genotype: int, offset: int
) -> _Variants:
    """The counterfactuals of the leading clone: without each alteration, each rebound, the sanctuary.

    Args:
        model: What the arm shares.
        p: The patient's running state.
        trunk: Bit mask of the truncal genotype.
        mask: That of the leading clone.
        bits: Number of alterations.
        genotype: Index of the leading clone.
        offset: Lane of the lesion's first genotype.
    """
    slow_states, lane = p.slow.shape[0], offset + genotype
    count = 1 + slow_states + bits + 1
    codes = np.zeros(count, np.int64)
    masks = np.full(count, mask)
    slow = np.empty((slow_states, count))
    effect = np.empty((p.effect.shape[0], count))
    for v in range(count):
        slow[:, v] = p.slow[:, lane]
        effect[:, v] = p.effect[:, lane]
    used = 1
    for k in range(bits):
        if (mask >> k) & 1:
            masks[used] = mask & ~(1 << k)
            codes[used] = (TRUNCAL if (trunk >> k) & 1 else ACQUIRED) + k
            used += 1
    for q in range(slow_states):
        slow[q, used] = min(slow[q, used], p.lanes.base[model.network.slow_node[q], lane])
        codes[used] = REBOUND + q
        used += 1
    if offset > 0:
        effect[:, used] = p.effect[:, genotype]
        codes[used] = SANCTUARY
        used += 1
    return _Variants(masks, codes[:used], slow, effect)


@kernel_with(error_model="numpy")
def _counterfactuals(
    i: int,
    model: CourseModel,
    cohort: CohortArrays,
    shared: SharedArrays,
    p: PatientRates,
    offset: int,
    genotype: int,
    room: float,
) -> tuple[Array, NDArray[np.int64]]:
    """Net growth (1/day) of the leading clone as it is (first) and under each counterfactual, with their codes.

    The treatment's effect has not waned in them.
    """
    table = cohort.table[i]
    trunk, mask = cohort.mask[table, 0], cohort.mask[table, genotype]
    variants = _variants(model, p, trunk, mask, shared.cost.shape[0], genotype, offset)
    shape = p.activity.shape[0], variants.mask.shape[0]
    context = np.empty(shape)
    for v in range(shape[1]):
        context[:, v] = cohort.expression[i]
    base, floor = np.empty(shape), np.empty(shape)
    weight = np.empty((shared.weight.shape[0], shape[1]))
    access = np.empty_like(variants.effect)
    write_lanes(shared.alterations, variants.mask, context, shared.weight, base, floor, weight, access)
    strengthen_killing(model, cohort.strength[i], access)
    expression, node_effect, undrugged = np.empty_like(base), np.empty_like(base), np.empty_like(base)
    term, activity = np.empty_like(weight), np.empty_like(base)
    place_slow(model.network, variants.slow, base, undrugged)
    apply_effects_by_lane(
        model.actions, variants.effect, access, undrugged, weight, expression, node_effect, term
    )
    evaluate(model.network, expression, floor, term, node_effect, activity)
    net = np.empty(variants.code.shape[0])
    for v in range(net.shape[0]):
        fitness = p.lanes.fitness[offset + genotype]
        if variants.mask[v] != mask:
            fitness = relative_fitness(variants.mask[v] & ~trunk, shared.cost)
        net[v] = _net_growth(v, model, p, variants.effect, access, expression, activity, fitness, room)
    return net, variants.code


@bare_kernel
def _net_growth(
    v: int,
    model: CourseModel,
    p: PatientRates,
    effect: Array,
    access: Array,
    expression: Array,
    activity: Array,
    fitness: float,
    room: float,
) -> float:
    """Net growth (1/day) of the clone in column `v` of these arrays."""
    drive = activity[model.network.proliferation, v] / p.proliferation
    lost = max(0.0, 1.0 - activity[model.network.survival, v] / p.survival)
    left = killable(model, drive)
    death = p.death * (1.0 - model.turnover) + p.signal_death * lost
    for a in range(effect.shape[0]):
        kind = model.action_kind[a]
        if kind != SIGNALING:
            reach = effect[a, v] * access[a, v]
            if kind >= PAYLOAD and model.antigen[a] >= 0:
                shown = expression[model.antigen[a], v]
                reach *= shown / (shown + (model.adcc_half if kind == ADCC else model.payload_half))
            death += reach * (p.effectors if kind == ADCC else p.sensitivity * left)
    return float((p.birth * room - p.death * model.turnover) * drive * fitness - death)
