r"""Clones of one lesion through up to a week: large ones by closed form, small ones by the exact birth-death law.

Per day the rates are constant (their integrals over the day). A clone has cycling cells c and tolerant cells q:

    dc/dt = (b R (1 - u) - d - s_in) c + s_out q + arrivals,    dq/dt = s_in c - (d_q + s_out) q,    R = 1 - N / K.

A clone of at least `handover` cells follows the exact solution of this linear system day by day, with R at the day's middle. A
smaller one is stochastic: between changes of rate an ancestor is extinct with probability 1 - m / (1 + I) and otherwise leaves
a geometric number of descendants with parameter I / (1 + I), where m(s, t) is the mean growth and
I = \int b(s) m(s, t) ds (Kendall 1948, Ann Math Stat 19:1, 10.1214/aoms/1177730285). Alterations arise at divisions of the
parent as a Poisson process; the altered daughter leaves the parent's clone.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.engine.birth_death import MEAN_ABOVE, NORMAL_ABOVE, birth_death_step, switch_phenotypes, whole_cells
from forestall.engine.counts import next_binomial, next_poisson
from forestall.engine.exponential import exp_poly
from forestall.engine.random import next_uniform

BIRTH, DEATH, ENTER, LEAVE, TOLERANT_DEATH = range(5)
"""Rows of the rate arrays: integrals over one day of b, d, s_in, s_out and d_q."""
RATE_ROWS = 5
STEP_DAYS = 7
"""Longest stretch that `advance_lesion` takes at once."""
_FEW = 12.0

Array = NDArray[np.float64]


@njit(cache=True)
def deterministic_day(
    cells: Array,
    rates: Array,
    offset: int,
    room: float,
    loss: Array,
    births: Array,
    half_growth: Array,
) -> None:
    """Carry every clone of one lesion through one day by the exact solution for constant rates.

    Args:
        cells: (2, G) cycling and tolerant cells, changed in place.
        rates: (RATE_ROWS, lanes) integrals over the day.
        offset: Lane of the first genotype in this lesion's exposure class.
        room: 1 - N/K.
        loss: (G,) probability per division that a daughter leaves for another genotype.
        births: (G,) receives the divisions of the cycling cells on this day.
        half_growth: (G,) receives the growth factor of the cycling cells over half a day.
    """
    for g in range(cells.shape[1]):
        lane = offset + g
        division = rates[BIRTH, lane] * room
        enter = rates[ENTER, lane]
        leave = rates[LEAVE, lane]
        grow = division * (1.0 - loss[g]) - rates[DEATH, lane] - enter
        fade = -rates[TOLERANT_DEATH, lane] - leave
        mean = 0.5 * (grow + fade)
        gap = 0.5 * (grow - fade)
        omega = math.sqrt(gap * gap + enter * leave) + 1e-12
        fast = exp_poly(mean + omega)
        slow = exp_poly(mean - omega)
        even = 0.5 * (fast + slow)
        odd = 0.5 * (fast - slow) / omega
        c = cells[0, g]
        q = cells[1, g]
        half_growth[g] = exp_poly(0.5 * grow)
        after = c * (even + gap * odd) + leave * q * odd
        births[g] = division * (c + 4.0 * math.sqrt(c * after) + after) / 6.0
        cells[0, g] = after
        cells[1, g] = q * (even - gap * odd) + enter * c * odd


@njit(cache=True)
def _laws(rates: Array, days: int, lane: int, room: Array, loss: float, mean: Array, births: Array) -> None:
    """Mean growth m(s, t) and I(s, t) from the start of each day s to the end t, by recursion from the end.

    Args:
        rates: (days, RATE_ROWS, lanes).
        days: Number of days.
        lane: The genotype's lane.
        room: (days,).
        loss: Probability per division that a daughter leaves.
        mean: (STEP_DAYS + 1,) receives m.
        births: (STEP_DAYS + 1,) receives I.
    """
    mean[days] = 1.0
    births[days] = 0.0
    for back in range(days):
        day = days - 1 - back
        b = rates[day, BIRTH, lane] * room[day] * (1.0 - loss)
        net = b - rates[day, DEATH, lane]
        growth = math.exp(net)
        ratio = math.expm1(net) / net if abs(net) > 1e-12 else 1.0
        mean[day] = mean[day + 1] * growth
        births[day] = births[day + 1] + mean[day + 1] * b * ratio


@njit(cache=True)
def _arrivals(
    state: NDArray[np.uint64],
    divisions: Array,
    probability: float,
    days: int,
    mean: Array,
    births: Array,
) -> float:
    """Descendants, at the end of the stretch, of the altered daughters that arise during it.

    Args:
        state: Random stream.
        divisions: (days,) divisions of the parent on each day.
        probability: Probability of the alteration per division.
        days: Number of days.
        mean: (STEP_DAYS + 1,) m of the child, from `_laws`.
        births: (STEP_DAYS + 1,) I of the child.

    Returns:
        Number of living descendants.
    """
    total = 0.0
    for day in range(days):
        total += divisions[day]
    if total * probability <= 0.0:
        return 0.0
    arrivals = next_poisson(state, total * probability)
    if arrivals == 0.0:
        return 0.0
    living = 0.0
    left = arrivals
    if arrivals <= _FEW:
        for _ in range(int(arrivals)):
            pick = next_uniform(state) * total
            day = 0
            while day < days - 1 and pick >= divisions[day]:
                pick -= divisions[day]
                day += 1
            living += _descend(state, 1.0, day, next_uniform(state), mean, births)
        return living
    remaining = total
    for day in range(days):
        share = min(1.0, divisions[day] / remaining) if remaining > 0.0 else 1.0
        here = next_binomial(state, left, share) if day < days - 1 else left
        remaining -= divisions[day]
        left -= here
        if here > 0.0:
            living += _descend(state, here, day, 0.5, mean, births)
    return living


@njit(cache=True)
def _descend(
    state: NDArray[np.uint64], founders: float, day: int, at: float, mean: Array, births: Array
) -> float:
    """Living descendants of founders that arose at the fraction `at` of a day."""
    later = 1.0 - at
    m = mean[day + 1] * (mean[day] / mean[day + 1]) ** later
    integral = births[day + 1] + later * (births[day] - births[day + 1])
    return _step(state, founders, m, integral)


@njit(cache=True)
def _step(state: NDArray[np.uint64], cells: float, mean: float, births: float) -> float:
    """Descendants of `cells` whose families have the law of m = `mean` and I = `births`."""
    return birth_death_step(state, cells, mean / (1.0 + births), 1.0 / (1.0 + births), NORMAL_ABOVE, MEAN_ABOVE)


@njit(cache=True)
def advance_lesion(
    cells: Array,
    rates: Array,
    offset: int,
    days: int,
    capacity: float,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    handover: float,
    state: NDArray[np.uint64],
    work: Array,
) -> None:
    """Carry one lesion through up to `STEP_DAYS` days.

    Args:
        cells: (2, G) cycling and tolerant cells, changed in place.
        rates: (days, RATE_ROWS, lanes) integrals over each day.
        offset: Lane of the first genotype in this lesion's exposure class.
        days: Days to advance, at most `STEP_DAYS`.
        capacity: Carrying capacity, cells.
        loss: (G,) probability per division that a daughter leaves for another genotype.
        edges: (E, 2) parent and child genotype, parents before children.
        probability: (E,) probability per division.
        handover: Clones of fewer cells are stochastic; 0 makes every clone deterministic.
        state: Random stream.
        work: (STEP_DAYS + 6, max(G, STEP_DAYS + 1)) scratch.
    """
    genotypes = cells.shape[1]
    large = work[STEP_DAYS]
    half_growth = work[STEP_DAYS + 1]
    room = work[STEP_DAYS + 2]
    mean = work[STEP_DAYS + 3]
    integral = work[STEP_DAYS + 4]
    divisions = work[STEP_DAYS + 5]
    alive = False
    for g in range(genotypes):
        count = cells[0, g] + cells[1, g]
        large[g] = 1.0 if count >= handover else 0.0
        if large[g] == 0.0 and count > 0.0:
            cells[0, g] = whole_cells(state, cells[0, g])
            cells[1, g] = whole_cells(state, cells[1, g])
        alive = alive or cells[0, g] + cells[1, g] > 0.0
    if not alive:
        return
    _large_clones(cells, rates, offset, days, capacity, loss, edges, probability, large, half_growth, room, work)
    if handover <= 0.0:
        return
    for g in range(genotypes):
        if large[g] == 1.0:
            continue
        lane = offset + g
        _laws(rates, days, lane, room, loss[g], mean, integral)
        enter = 0.0
        leave = 0.0
        fade = 0.0
        for day in range(days):
            enter += 0.5 * rates[day, ENTER, lane]
            leave += 0.5 * rates[day, LEAVE, lane]
            fade += rates[day, TOLERANT_DEATH, lane]
        before = cells[0, g]
        if cells[0, g] + cells[1, g] > 0.0:
            cells[0, g], cells[1, g] = switch_phenotypes(state, cells[0, g], cells[1, g], enter, leave, 1.0)
            if cells[0, g] > 0.0:
                cells[0, g] = _step(state, cells[0, g], mean[0], integral[0])
            if cells[1, g] > 0.0:
                cells[1, g] = next_binomial(state, cells[1, g], math.exp(-fade))
            cells[0, g], cells[1, g] = switch_phenotypes(state, cells[0, g], cells[1, g], enter, leave, 1.0)
        for day in range(days):
            work[day, g] = 0.5 * (before + cells[0, g]) * rates[day, BIRTH, lane] * room[day]
        for e in range(edges.shape[0]):
            if edges[e, 1] == g:
                for day in range(days):
                    divisions[day] = work[day, edges[e, 0]]
                cells[0, g] += _arrivals(state, divisions, probability[e], days, mean, integral)


@njit(cache=True)
def _large_clones(
    cells: Array,
    rates: Array,
    offset: int,
    days: int,
    capacity: float,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    large: Array,
    half_growth: Array,
    room: Array,
    work: Array,
) -> None:
    """The deterministic part of `advance_lesion`; small clones keep their numbers.

    Writes the room of each day and, in `work[day, g]`, the divisions of each large clone.
    """
    genotypes = cells.shape[1]
    before = -1.0
    for day in range(days):
        total = 0.0
        for g in range(genotypes):
            total += cells[0, g] + cells[1, g]
        drift = math.sqrt(total / before) if before > 0.0 else 1.0
        room[day] = max(0.0, 1.0 - total * min(drift, 2.0) / capacity)
        before = total
        births = work[day]
        for g in range(genotypes):
            if large[g] == 0.0:
                work[STEP_DAYS + 3, g] = cells[0, g]
                work[STEP_DAYS + 4, g] = cells[1, g]
        deterministic_day(cells, rates[day], offset, room[day], loss, births, half_growth)
        for g in range(genotypes):
            if large[g] == 0.0:
                cells[0, g] = work[STEP_DAYS + 3, g]
                cells[1, g] = work[STEP_DAYS + 4, g]
                births[g] = 0.0
        for e in range(edges.shape[0]):
            child = edges[e, 1]
            if large[child] == 1.0:
                p = half_growth[edges[e, 0]]
                c = half_growth[child]
                spread = (p * p + 4.0 * p * c + c * c) / (1.0 + 4.0 * p + p * p)
                cells[0, child] += probability[e] * births[edges[e, 0]] * spread
