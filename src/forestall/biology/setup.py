"""One patient's lanes, exposure and running state, made ready for the course."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.day_templates import LONGEST_SPAN_DAYS
from forestall.biology.dosing import Schedule
from forestall.biology.integrate import DRUG_RING_DAYS, RING_DAYS
from forestall.biology.periods import know_rates, ring_place, start_phase
from forestall.biology.rates import (
    BIRTH,
    DEATH,
    RATE_ROWS,
    RING_ROWS,
    SIGNALING,
    TERMS,
    CourseModel,
    Lanes,
    PatientRates,
    copy_rows,
    rates_now,
    solve_signaling,
)
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.lanes import AlterationArrays, write_lanes
from forestall.biology.signaling.slow_states import expression_targets, rest_state
from forestall.engine.kernels import bare_kernel, kernel_with
from forestall.engine.references import by_reference

Array = NDArray[np.float64]

MOST_ROUNDS, DAMPING, SETTLED = 60, 0.7, 1e-6
"""How the genotypes' slow states are brought to rest."""


class CohortArrays(NamedTuple):
    """What differs between the n patients of a batch.

    A actions, D drugs, P phases, C components, L lesions, K genotype tables, G genotypes, E edges.
    """

    patient: NDArray[np.int64]
    """(n,) number of the patient, the key of its random streams."""
    expression: Array
    """(n, nodes) baseline expression, truncal alterations not applied."""
    gain: Array
    """(n, drivers) gains of the slow drivers."""
    table: NDArray[np.int64]
    """(n,) row of the genotype tables."""
    mask: NDArray[np.int64]
    """(K, G) genotypes, truncal first, padded with -1."""
    edges: NDArray[np.int64]
    """(K, E, 2)."""
    edge_start: NDArray[np.int64]
    """(K, G + 1)."""
    probability: Array
    """(n, E) per division."""
    loss: Array
    """(n, G) per division."""
    elimination: Array
    """(n, D, TERMS) 1/day."""
    scale: Array
    """(n, D, TERMS) mg/L per mg."""
    amount: Array
    """(n, P, C) mg per maintenance dose."""
    loading: Array
    """(n, P, C) mg per loading dose."""
    birth: Array
    """(n,) 1/day."""
    growth: Array
    """(n,) net growth without treatment and crowding, 1/day."""
    capacity: Array
    """(n,) cells of a lesion at which division would stop."""
    dying: Array
    """(n,) death by loss of the survival drive, relative."""
    waning: Array
    """(n,) 1/day at which the cells lose what the treatment does to them."""
    tolerating: Array
    """(n,) rate at which cells turn tolerant, relative."""
    sparing: Array
    """(n,) share of the death of cycling cells that tolerant cells die of, relative."""
    sensitivity: Array
    """(n,) to cytotoxics, relative."""
    effectors: Array
    """(n,) antibody-dependent killing, relative."""
    strength: Array
    """(n, A) of each action in this patient: it multiplies a kill rate, and is the power of what an action on signaling leaves."""
    site_class: NDArray[np.int64]
    """(n, L) exposure class of each lesion: 0 systemic, 1 brain, -1 no lesion."""
    site: NDArray[np.int8]
    """(n, L) code of the site, -1 for no lesion."""
    diameter: Array
    """(n, L) mm at entry."""
    scar: Array
    """(n, L) mm of what is dead in a lesion's place, which scans show; 0 for none."""
    background: Array
    """(n,) hazard of death from other causes, 1/day."""
    death_threshold: Array
    """(n,) cumulative hazard at which the patient dies."""
    dropout: Array
    """(n,) day of loss to follow-up or of the data cut, whichever is first."""
    stop: NDArray[np.int64]
    """(n,) day of the first dose of chemotherapy that is not given any more, for its toxicity."""


class SharedArrays(NamedTuple):
    """What the setup needs beside the model."""

    weight: Array
    """(terms,) of the network."""
    alterations: AlterationArrays
    cost: Array
    """(alterations,) relative loss of the birth rate."""


@bare_kernel
def relative_fitness(acquired: int, cost: Array) -> float:
    """Birth rate of a genotype, relative to that without its acquired alterations (a bit mask), of so many (alterations,) costs."""
    fitness = 1.0
    for k in range(cost.shape[0]):
        if (acquired >> k) & 1:
            fitness *= 1.0 - cost[k]
    return fitness


@bare_kernel
def strengthen_killing(model: CourseModel, strength: Array, access: Array) -> None:
    """Multiply what reaches the lanes of actions that kill, (A, lanes), by their strength in the patient, (A,)."""
    for action in range(access.shape[0]):
        if model.action_kind[action] != SIGNALING:
            for lane in range(access.shape[1]):
                access[action, lane] *= strength[action]


@kernel_with(error_model="numpy")
def _lanes(i: int, classes: int, model: CourseModel, cohort: CohortArrays, shared: SharedArrays) -> Lanes:
    table = cohort.table[i]
    genotypes = cohort.mask.shape[1]
    lanes = classes * genotypes
    nodes = cohort.expression.shape[1]
    terms = shared.weight.shape[0]
    genotype = np.empty(lanes, np.int64)
    context = np.empty((nodes, lanes))
    gain = np.empty((cohort.gain.shape[1], lanes))
    fitness = np.empty(lanes)
    for lane in range(lanes):
        genotype[lane] = max(cohort.mask[table, lane % genotypes], cohort.mask[table, 0])
        context[:, lane] = cohort.expression[i]
        gain[:, lane] = cohort.gain[i]
        fitness[lane] = relative_fitness(genotype[lane] & ~cohort.mask[table, 0], shared.cost)
    base = np.empty((nodes, lanes))
    floor = np.empty((nodes, lanes))
    weight = np.empty((terms, lanes))
    access = np.empty((model.action_kind.shape[0], lanes))
    write_lanes(shared.alterations, genotype, context, shared.weight, base, floor, weight, access)
    normalizer = np.empty((model.network.slow_node.shape[0], lanes))
    strengthen_killing(model, cohort.strength[i], access)
    rest_state(model.network, base, floor, weight, gain, np.empty((nodes, lanes)), normalizer)
    for lane in range(1, lanes):
        normalizer[:, lane] = normalizer[:, 0]
    return Lanes(base, floor, weight, gain, access, fitness, normalizer)


@kernel_with(error_model="numpy")
def _settled(model: CourseModel, lanes: Lanes) -> tuple[Array, Array]:
    """Slow states of every genotype before treatment, by damped iteration, and the activities they go with.

    The truncal genotype is at rest from the start; the others come to within `SETTLED` of rest, and what is left relaxes
    in the first days of the course.
    """
    net = model.network
    nodes, width = lanes.base.shape
    ones = np.ones((nodes, width))
    activity = np.empty((nodes, width))
    expression = lanes.base.copy()
    slow = np.empty((net.slow_node.shape[0], width))
    target = np.empty(slow.shape)
    for q in range(slow.shape[0]):
        slow[q] = lanes.base[net.slow_node[q]]
    for _ in range(MOST_ROUNDS):
        evaluate(net, expression, lanes.floor, lanes.weight, ones, activity)
        expression_targets(net, activity, lanes.base, lanes.gain, lanes.normalizer, target)
        left = 0.0
        for q in range(slow.shape[0]):
            now, aim = slow[q], target[q]
            for lane in range(width):
                left = max(left, abs(aim[lane] - now[lane]) / (1.0 + aim[lane]))
                now[lane] += DAMPING * (aim[lane] - now[lane])
        if left < SETTLED:
            break
        for node in range(nodes):
            if net.slow_of_node[node] >= 0:
                expression[node] = slow[net.slow_of_node[node]]
    return slow, activity


@kernel_with(error_model="numpy")
def _no_head_start(fitness: Array, proliferation: Array) -> None:
    """Let no acquired alteration speed up growth without treatment.

    What does so has had the tumor's whole life to take it over, and is then in the trunk, which is drawn from prevalences.
    """
    for lane in range(1, fitness.shape[0]):
        if proliferation[lane] > proliferation[0]:
            fitness[lane] *= proliferation[0] / proliferation[lane]


@kernel_with(error_model="numpy")
def prepare_patient(
    i: int, model: CourseModel, schedule: Schedule, cohort: CohortArrays, shared: SharedArrays
) -> PatientRates:
    """The running state of one patient before the first dose.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
    """
    model, schedule = by_reference(model), by_reference(schedule)
    cohort, shared = by_reference(cohort), by_reference(shared)
    classes = 1
    for lesion in range(cohort.site_class.shape[1]):
        classes = max(classes, cohort.site_class[i, lesion] + 1)
    lanes = _lanes(i, classes, model, cohort, shared)
    slow, activity = _settled(model, lanes)
    _no_head_start(lanes.fitness, activity[model.network.proliferation])
    p = _at_rest(i, model, schedule, cohort, lanes, slow, activity)
    _begin(model, schedule, p)
    return p


@bare_kernel
def _begin(model: CourseModel, schedule: Schedule, p: PatientRates) -> None:
    """Find the rates at rest, and start the first phase."""
    p = by_reference(p)
    solve_signaling(model, p)
    rates_now(model, p)
    copy_rows(p.now, p.rest)
    copy_rows(p.target, p.aim)
    start_phase(schedule, p, 0)


@kernel_with(error_model="numpy")
def _at_rest(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    lanes: Lanes,
    slow: Array,
    activity: Array,
) -> PatientRates:
    """The running state of one patient without drugs, from her slow states and activities."""
    nodes, width = lanes.base.shape
    drugs = cohort.elimination.shape[1]
    templates, segments = schedule.length.shape
    actions = model.action_kind.shape[0]
    genotypes = cohort.mask.shape[1]
    return PatientRates(
        lanes=lanes,
        genotypes=genotypes,
        decay=np.empty((templates, segments, 2, drugs, TERMS)),
        decay_known=np.zeros(templates, np.uint8),
        part_decay=np.empty((schedule.part_length.shape[0], 2, drugs, TERMS)),
        elimination=cohort.elimination[i],
        scale=cohort.scale[i],
        strength=cohort.strength[i],
        amount=cohort.amount[i],
        loading=cohort.loading[i],
        birth=cohort.birth[i],
        death=cohort.birth[i] - cohort.growth[i],
        signal_death=model.signal_death * cohort.dying[i],
        enter=model.enter * cohort.tolerating[i],
        spared=min(1.0, (1.0 - model.protection) * cohort.sparing[i]),
        proliferation=activity[model.network.proliferation, 0],
        survival=activity[model.network.survival, 0],
        sensitivity=cohort.sensitivity[i],
        effectors=cohort.effectors[i],
        concentration=np.zeros((drugs, TERMS)),
        slow=slow,
        target=slow.copy(),
        aim=slow.copy(),
        trend=np.zeros_like(slow),
        expected=slow.copy(),
        first=slow.copy(),
        begin=slow.copy(),
        turned=np.zeros(1, np.int64),
        seen_slow=slow.copy(),
        effect=np.zeros((actions, width)),
        seen_effect=np.zeros((actions, width)),
        activity=activity,
        expression=lanes.base.copy(),
        node_effect=np.ones((nodes, width)),
        term=lanes.weight.copy(),
        drive=np.empty((2, width)),
        kill=np.zeros((4, width)),
        now=np.empty((RATE_ROWS, width)),
        part_kill=np.empty((LONGEST_SPAN_DAYS, actions, width // genotypes, 2, 2)),
        ring=np.empty((RING_DAYS, RING_ROWS, width)),
        slow_ring=np.empty((RING_DAYS, slow.shape[0], width)),
        drug_ring=np.zeros((DRUG_RING_DAYS, drugs, TERMS)),
        day_decay=np.empty((2, drugs, TERMS)),
        rest=np.empty((RATE_ROWS, width)),
        waning=cohort.waning[i],
        scratch=np.empty((4, width)),
        flags=np.empty((2, width), np.bool_),
        clock=np.zeros(6, np.int64),
        factor=np.zeros(1),
    )


@kernel_with(error_model="numpy")
def mean_growth(
    model: CourseModel, schedule: Schedule, cohort: CohortArrays, shared: SharedArrays, first: int, days: int
) -> Array:
    """Net growth of every lane of the first patient in the first phase, averaged over some days.

    Args:
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        first: First day that counts.
        days: Number of days that count.

    Returns:
        (lanes,) 1/day, without crowding.
    """
    rates = mean_rates(0, model, schedule, cohort, shared, first, days)
    net: Array = rates[0] - rates[1]
    return net


@kernel_with(error_model="numpy")
def mean_rates(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    first: int,
    days: int,
) -> Array:
    """Birth and death of every lane of one patient in the first phase, averaged over some days.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        first: First day that counts.
        days: Number of days that count.

    Returns:
        (2, lanes) 1/day, without crowding.
    """
    model, schedule = by_reference(model), by_reference(schedule)
    p = prepare_patient(i, model, schedule, cohort, shared)
    mean = np.zeros((2, p.now.shape[1]))
    _add_mean_rates(model, schedule, p, first, days, mean)
    return mean


@kernel_with(error_model="numpy")
def _add_mean_rates(
    model: CourseModel, schedule: Schedule, p: PatientRates, first: int, days: int, mean: Array
) -> None:
    p = by_reference(p)
    for day in range(first + days):
        know_rates(model, schedule, p, 0, day, 1)
        place = ring_place(schedule, p, 0, day)
        if day >= first:
            mean[0] += p.ring[place, BIRTH] / days
            mean[1] += p.ring[place, DEATH] / days
