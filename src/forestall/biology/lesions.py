r"""Clones of a patient's lesions through up to three weeks: large ones by closed form, small ones by the exact birth-death law.

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

from forestall.engine.birth_death import (
    MEAN_ABOVE,
    NORMAL_ABOVE,
    birth_death_step,
    switch_phenotypes,
    whole_cells,
)
from forestall.engine.counts import next_binomial, next_poisson
from forestall.engine.exponential import exp_poly
from forestall.engine.random import next_uniform

BIRTH, DEATH, ENTER, LEAVE, TOLERANT_DEATH = range(5)
"""Rows of the rate arrays: integrals over one day of b, d, s_in, s_out and d_q."""
RATE_ROWS = 5
STEP_DAYS = 21
"""Longest stretch that `advance_lesions` takes at once."""
WORK_ROWS = STEP_DAYS + 18
"""Rows of the scratch array of `advance_lesions`."""
_LAWS, _LARGE, _HALF, _ROOM = 0, 2, 3, 4
"""Rows of scratch; the divisions of each day and then the work of one day follow."""
_DIVISIONS, _DAY = 5, STEP_DAYS + 5
_FEW = 12.0

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def deterministic_day(
    cycling: Array,
    tolerant: Array,
    rates: Array,
    room: Array,
    loss: Array,
    large: Array,
    births: Array,
    half_growth: Array,
    work: Array,
) -> None:
    """Carry large clones through one day by the exact solution for constant rates.

    The clones of all lesions stand in one row. The work is split into short loops that write one array each: that is what
    the compiler puts into vector registers.

    Args:
        cycling: (K,) cycling cells, changed in place.
        tolerant: (K,) tolerant cells, changed in place.
        rates: (RATE_ROWS, K) integrals over the day; overwritten.
        room: (K,) 1 - N/K of the clone's lesion.
        loss: (K,) probability per division that a daughter leaves for another genotype.
        large: (K,) 1 for the clones to advance, 0 for those to leave alone.
        births: (K,) receives the divisions of the cycling cells of large clones.
        half_growth: (K,) receives the growth factor of the cycling cells over half a day.
        work: (8, K) scratch.
    """
    clones = cycling.shape[0]
    division, death, enter, leave, fade = (
        rates[BIRTH],
        rates[DEATH],
        rates[ENTER],
        rates[LEAVE],
        rates[TOLERANT_DEATH],
    )
    grow, gap, mean, omega, even, odd, after = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    for k in range(clones):
        division[k] *= room[k]
    for k in range(clones):
        grow[k] = division[k] * (1.0 - loss[k]) - death[k] - enter[k]
    for k in range(clones):
        gap[k] = 0.5 * (grow[k] + fade[k] + leave[k])
    for k in range(clones):
        mean[k] = grow[k] - gap[k]
    for k in range(clones):
        omega[k] = math.sqrt(gap[k] * gap[k] + enter[k] * leave[k]) + 1e-12
    for k in range(clones):
        even[k] = exp_poly(mean[k] + omega[k])
    for k in range(clones):
        odd[k] = exp_poly(mean[k] - omega[k])
    for k in range(clones):
        half_growth[k] = exp_poly(0.5 * grow[k])
    for k in range(clones):
        mean[k] = 0.5 * (even[k] - odd[k]) / omega[k]
    for k in range(clones):
        even[k] = 0.5 * (even[k] + odd[k])
    for k in range(clones):
        after[k] = cycling[k] * (even[k] + gap[k] * mean[k]) + leave[k] * tolerant[k] * mean[k]
    for k in range(clones):
        odd[k] = tolerant[k] * (even[k] - gap[k] * mean[k]) + enter[k] * cycling[k] * mean[k]
    for k in range(clones):
        births[k] = division[k] * (cycling[k] + 4.0 * math.sqrt(cycling[k] * after[k]) + after[k])
    for k in range(clones):
        births[k] *= large[k] * (1.0 / 6.0)
    for k in range(clones):
        cycling[k] += large[k] * (after[k] - cycling[k])
    for k in range(clones):
        tolerant[k] += large[k] * (odd[k] - tolerant[k])


@njit(cache=True, error_model="numpy")
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
        growth = exp_poly(net)
        ratio = (
            (growth - 1.0) / net if abs(net) > 1e-2 else 1.0 + net * (0.5 + net * (1.0 / 6.0 + net / 24.0))
        )
        mean[day] = mean[day + 1] * growth
        births[day] = births[day + 1] + mean[day + 1] * b * ratio


@njit(cache=True, error_model="numpy")
def _descendants(
    state: NDArray[np.uint64], arrivals: float, divisions: Array, total: float, mean: Array, births: Array
) -> float:
    """Living descendants, at the end of a stretch, of the altered daughters that arose during it.

    Args:
        state: Random stream.
        arrivals: Number of altered daughters.
        divisions: (days,) divisions of the parent on each day, in proportion to which they arose.
        total: Sum of the divisions.
        mean: (STEP_DAYS + 1,) m of the child, from `_laws`.
        births: (STEP_DAYS + 1,) I of the child.
    """
    days = divisions.shape[0]
    living = 0.0
    if arrivals <= _FEW:
        for _ in range(int(arrivals)):
            pick = next_uniform(state) * total
            day = 0
            while day < days - 1 and pick >= divisions[day]:
                pick -= divisions[day]
                day += 1
            living += _descend(state, 1.0, day, next_uniform(state), mean, births)
        return living
    left, remaining = arrivals, total
    for day in range(days):
        share = min(1.0, divisions[day] / remaining) if remaining > 0.0 else 1.0
        here = next_binomial(state, left, share) if day < days - 1 else left
        remaining -= divisions[day]
        left -= here
        if here > 0.0:
            living += _descend(state, here, day, 0.5, mean, births)
    return living


@njit(cache=True, error_model="numpy")
def _descend(
    state: NDArray[np.uint64], founders: float, day: int, at: float, mean: Array, births: Array
) -> float:
    """Living descendants of founders that arose at the fraction `at` of a day."""
    later = 1.0 - at
    m = mean[day + 1] * (mean[day] / mean[day + 1]) ** later
    integral = births[day + 1] + later * (births[day] - births[day + 1])
    return float(_step(state, founders, m, integral))


@njit(cache=True, error_model="numpy")
def _step(state: NDArray[np.uint64], cells: float, mean: float, births: float) -> float:
    """Descendants of `cells` whose families have the law of m = `mean` and I = `births`."""
    return birth_death_step(
        state, cells, mean / (1.0 + births), 1.0 / (1.0 + births), NORMAL_ABOVE, MEAN_ABOVE
    )


@njit(cache=True, error_model="numpy")
def advance_lesions(
    cells: Array,
    rates: Array,
    site_class: NDArray[np.int64],
    days: int,
    capacity: float,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    handover: float,
    states: NDArray[np.uint64],
    work: Array,
    daily: Array,
) -> None:
    """Carry a patient's lesions through up to `STEP_DAYS` days.

    Args:
        cells: (2, L, G) cycling and tolerant cells, changed in place.
        rates: (days, RATE_ROWS, lanes) integrals over each day.
        site_class: (L,) exposure class of each lesion.
        days: Days to advance, at most `STEP_DAYS`.
        capacity: Carrying capacity of a lesion, cells.
        loss: (G,) probability per division that a daughter leaves for another genotype.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division.
        handover: Clones of fewer cells are stochastic; 0 makes every clone deterministic.
        states: (L, 2) random stream of each lesion.
        work: (`WORK_ROWS`, at least L times the larger of G and `STEP_DAYS` + 1) scratch.
        daily: (RATE_ROWS, L * G) scratch.
    """
    lesions, genotypes = cells.shape[1], cells.shape[2]
    large = work[_LARGE]
    for lesion in range(lesions):
        for g in range(genotypes):
            count = cells[0, lesion, g] + cells[1, lesion, g]
            k = lesion * genotypes + g
            large[k] = 1.0 if count >= handover else 0.0
            if large[k] == 0.0 and count > 0.0:
                cells[0, lesion, g] = whole_cells(states[lesion], cells[0, lesion, g])
                cells[1, lesion, g] = whole_cells(states[lesion], cells[1, lesion, g])
    _large_clones(cells, rates, site_class, days, capacity, loss, edges, probability, work, daily)
    if handover <= 0.0:
        return
    for lesion in range(lesions):
        offset = site_class[lesion] * genotypes
        _small_clones(lesion, cells, rates, offset, days, loss, edges, probability, states, work)


@njit(cache=True, error_model="numpy")
def _large_clones(
    cells: Array,
    rates: Array,
    site_class: NDArray[np.int64],
    days: int,
    capacity: float,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    work: Array,
    daily: Array,
) -> None:
    """The deterministic part of `advance_lesions`.

    Writes each lesion's room on each day (`work[_ROOM, lesion * STEP_DAYS + day]`) and the divisions of its large clones
    (`work[_DIVISIONS + day]`).
    """
    lesions, genotypes = cells.shape[1], cells.shape[2]
    clones = lesions * genotypes
    cycling, tolerant = cells[0].ravel(), cells[1].ravel()
    large, half_growth, rooms = work[_LARGE], work[_HALF], work[_ROOM]
    room, before, losses = work[_DAY + 7], work[_DAY + 8], work[_DAY + 9]
    for k in range(clones):
        losses[k] = loss[k % genotypes]
    for lesion in range(lesions):
        before[lesion] = -1.0
    for day in range(days):
        births = work[_DIVISIONS + day]
        for lesion in range(lesions):
            first = lesion * genotypes
            total = 0.0
            for k in range(first, first + genotypes):
                total += cycling[k] + tolerant[k]
            drift = min(math.sqrt(total / before[lesion]), 2.0) if before[lesion] > 0.0 else 1.0
            left = max(0.0, 1.0 - total * drift / capacity)
            before[lesion] = total
            rooms[lesion * STEP_DAYS + day] = left
            offset = site_class[lesion] * genotypes
            for row in range(RATE_ROWS):
                source, copy = rates[day, row], daily[row]
                for g in range(genotypes):
                    copy[first + g] = source[offset + g]
            for g in range(genotypes):
                room[first + g] = left
        deterministic_day(
            cycling, tolerant, daily, room, losses, large, births, half_growth, work[_DAY : _DAY + 7]
        )
        _arrive_in_large(cycling, births, half_growth, large, lesions, genotypes, edges, probability)


@njit(cache=True, error_model="numpy")
def _arrive_in_large(
    cycling: Array,
    births: Array,
    half_growth: Array,
    large: Array,
    lesions: int,
    genotypes: int,
    edges: NDArray[np.int64],
    probability: Array,
) -> None:
    """Add one day's altered daughters to large clones, with their growth to the day's end (Simpson's rule)."""
    for e in range(edges.shape[0]):
        if probability[e] == 0.0:
            continue
        for lesion in range(lesions):
            parent, child = lesion * genotypes + edges[e, 0], lesion * genotypes + edges[e, 1]
            if large[child] == 1.0 and births[parent] > 0.0:
                p, c = half_growth[parent], half_growth[child]
                spread = (p * p + 4.0 * p * c + c * c) / (1.0 + 4.0 * p + p * p)
                cycling[child] += probability[e] * births[parent] * spread


@njit(cache=True, error_model="numpy")
def _small_clones(
    lesion: int,
    cells: Array,
    rates: Array,
    offset: int,
    days: int,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    states: NDArray[np.uint64],
    work: Array,
) -> None:
    """The stochastic part of `advance_lesions` for one lesion."""
    genotypes = cells.shape[2]
    first = lesion * genotypes
    state = states[lesion]
    large, mean, integral = work[_LARGE], work[_LAWS], work[_LAWS + 1]
    room = work[_ROOM, lesion * STEP_DAYS : lesion * STEP_DAYS + days]
    for g in range(genotypes):
        if large[first + g] == 1.0:
            continue
        living = cells[0, lesion, g] + cells[1, lesion, g] > 0.0
        known = False
        if living:
            known = True
            _laws(rates, days, offset + g, room, loss[g], mean, integral)
            before = cells[0, lesion, g]
            _advance_small(cells[:, lesion, g], rates, days, offset + g, mean[0], integral[0], state)
            for day in range(days):
                divided = 0.5 * (before + cells[0, lesion, g]) * rates[day, BIRTH, offset + g] * room[day]
                work[_DIVISIONS + day, first + g] = divided
        for e in range(edges.shape[0]):
            if edges[e, 1] == g and probability[e] > 0.0:
                parent = first + edges[e, 0]
                total = 0.0
                for day in range(days):
                    total += work[_DIVISIONS + day, parent]
                arrivals = next_poisson(state, total * probability[e]) if total > 0.0 else 0.0
                if arrivals > 0.0:
                    if not known:
                        known = True
                        _laws(rates, days, offset + g, room, loss[g], mean, integral)
                    divisions = work[_DIVISIONS : _DIVISIONS + days, parent]
                    fresh = _descendants(state, arrivals, divisions, total, mean, integral)
                    enter, leave, _ = _half_switching(rates, days, offset + g)
                    fresh, asleep = switch_phenotypes(state, fresh, 0.0, enter, leave, 1.0)
                    cells[0, lesion, g] += fresh
                    cells[1, lesion, g] += asleep


@njit(cache=True, error_model="numpy")
def _half_switching(rates: Array, days: int, lane: int) -> tuple[float, float, float]:
    """Switching to and from tolerance over half of a stretch, and the tolerant cells' death over all of it.

    Half is also what the descendants of daughters see that arise during the stretch.
    """
    enter, leave, fade = 0.0, 0.0, 0.0
    for day in range(days):
        enter += 0.5 * rates[day, ENTER, lane]
        leave += 0.5 * rates[day, LEAVE, lane]
        fade += rates[day, TOLERANT_DEATH, lane]
    return enter, leave, fade


@njit(cache=True, error_model="numpy")
def _advance_small(
    clone: Array, rates: Array, days: int, lane: int, mean: float, births: float, state: NDArray[np.uint64]
) -> None:
    """Switching, growth and switching again (Strang) of one small clone; `clone` is (2,)."""
    enter, leave, fade = _half_switching(rates, days, lane)
    clone[0], clone[1] = switch_phenotypes(state, clone[0], clone[1], enter, leave, 1.0)
    if clone[0] > 0.0:
        clone[0] = _step(state, clone[0], mean, births)
    if clone[1] > 0.0:
        clone[1] = next_binomial(state, clone[1], math.exp(-fade))
    clone[0], clone[1] = switch_phenotypes(state, clone[0], clone[1], enter, leave, 1.0)
