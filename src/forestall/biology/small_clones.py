"""Clones of few cells through a stretch of days, drawn from the exact birth-death law.

The descendants of a clone's cells are a binomial number of surviving families and a negative binomial number of further cells.
Altered daughters arise at divisions of the parent as a Poisson process, from large parents and small ones; those that leave nobody
until the end need not be followed one by one where many arise. Descendants are drawn in both phenotypes together and then divided
between them in the proportion of their means.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.biology.stretch import StretchLaw
from forestall.engine.birth_death import MEAN_ABOVE, NORMAL_ABOVE, birth_death_step
from forestall.engine.counts import next_binomial, next_poisson
from forestall.engine.exponential import exp_poly
from forestall.engine.random import next_uniform

Array = NDArray[np.float64]

_LARGE, _CYCLING, _TOLERANT, _CROWDED = range(4)
"""Rows of the scratch array, as in `lesions`."""
FEW = 12.0
"""Up to so many altered daughters are followed one by one, more day by day."""


@njit(cache=True, error_model="numpy", forceinline=True)
def _descendants(state: NDArray[np.uint64], cells: float, mean: float, births: float) -> float:
    """Descendants of `cells` whose families have the law of m = `mean` and I = `births`."""
    stop = 1.0 / (1.0 + births)
    return float(birth_death_step(state, cells, min(1.0, mean * stop), stop, NORMAL_ABOVE, MEAN_ABOVE))


@njit(cache=True, error_model="numpy", forceinline=True)
def _advance(
    cells: Array,
    lesion: int,
    g: int,
    law: StretchLaw,
    lane: int,
    load: float,
    state: NDArray[np.uint64],
    crowded: float,
) -> None:
    """The descendants of one small clone."""
    cycling, tolerant = cells[0, lesion, g], cells[1, lesion, g]
    kept = exp_poly(-crowded)
    grown, asleep = 0.0, 0.0
    if cycling > 0.0:
        births = law.births[0, lane] * (1.0 - load) * exp_poly(-crowded * law.births_crowd[lane])
        grown = _descendants(state, cycling, law.mean[0, lane] * kept, births)
        asleep = next_binomial(state, grown, law.asleep[0, lane])
    if tolerant > 0.0:
        woken = _descendants(state, tolerant, law.wake[1, lane] * kept, law.wake[2, lane])
        tolerant = next_binomial(state, tolerant, law.wake[0, lane])
        grown += woken
    cells[0, lesion, g], cells[1, lesion, g] = grown - asleep, tolerant + asleep


@njit(cache=True, error_model="numpy")
def _pick_day(state: NDArray[np.uint64], law: StretchLaw, days: int, parent: int, c: float, q: float) -> int:
    """A day on which the parent divided, in proportion to its divisions."""
    divide = law.divide
    rest = next_uniform(state) * (law.divided[0, parent] * c + law.divided[1, parent] * q)
    day = 0
    while day < days - 1:
        rest -= divide[day, 0, parent] * c + divide[day, 1, parent] * q
        if rest < 0.0:
            break
        day += 1
    return day


@njit(cache=True, error_model="numpy")
def _family(
    state: NDArray[np.uint64],
    founders: float,
    law: StretchLaw,
    days: int,
    lane: int,
    day: int,
    at: float,
    load: float,
) -> float:
    """Living descendants of founders that arose at the fraction `at` of a day."""
    mean, births = law.mean, law.births
    later = 1.0 - at
    m = mean[day + 1, lane] * (mean[day, lane] / mean[day + 1, lane]) ** later
    integral = births[day + 1, lane] + later * (births[day, lane] - births[day + 1, lane])
    met = load * law.crowd[lane] * (days - day - at) / days
    met_births = integral * (1.0 - load) * math.exp(-0.5 * met)
    return float(_descendants(state, founders, m * math.exp(-met), met_births))


@njit(cache=True, error_model="numpy", forceinline=True)
def _settle_arrival(
    cells: Array,
    lesion: int,
    g: int,
    living: float,
    law: StretchLaw,
    lane: int,
    day: int,
    state: NDArray[np.uint64],
) -> None:
    """Add the descendants of altered daughters that arose on a day to their clone."""
    asleep = next_binomial(state, living, 0.5 * (law.asleep[day, lane] + law.asleep[day + 1, lane]))
    cells[0, lesion, g] += living - asleep
    cells[1, lesion, g] += asleep


@njit(cache=True, error_model="numpy")
def _many_arrivals(
    cells: Array,
    lesion: int,
    child: int,
    law: StretchLaw,
    days: int,
    parent: int,
    lane: int,
    c: float,
    q: float,
    load: float,
    state: NDArray[np.uint64],
) -> None:
    """Draw the altered daughters of one alteration day by day; `c` and `q` are parent cells times the probability."""
    for day in range(days):
        expected = law.divide[day, 0, parent] * c + law.divide[day, 1, parent] * q
        founders = next_poisson(state, expected)
        if founders > 0.0:
            living = _family(state, founders, law, days, lane, day, 0.5, load)
            _settle_arrival(cells, lesion, child, living, law, lane, day, state)


@njit(cache=True, error_model="numpy")
def _few_arrivals(
    lesion: int,
    cells: Array,
    law: StretchLaw,
    days: int,
    first: int,
    load: float,
    total: float,
    edges: NDArray[np.int64],
    state: NDArray[np.uint64],
    work: Array,
    expected: Array,
) -> None:
    """Draw the altered daughters of all alterations together that expect few; `total` is their expected number."""
    for _ in range(int(next_poisson(state, total))):
        rest = next_uniform(state) * total
        chosen = -1
        for e in range(expected.shape[0]):
            if 0.0 < expected[e] <= FEW:
                chosen = e
                rest -= expected[e]
                if rest < 0.0:
                    break
        parent, child = edges[chosen, 0], edges[chosen, 1]
        day = _pick_day(state, law, days, first + parent, work[_CYCLING, parent], work[_TOLERANT, parent])
        living = _family(state, 1.0, law, days, first + child, day, next_uniform(state), load)
        _settle_arrival(cells, lesion, child, living, law, first + child, day, state)


@njit(cache=True, error_model="numpy", forceinline=True)
def _expect(
    law: StretchLaw,
    first: int,
    kept: float,
    edges: NDArray[np.int64],
    probability: Array,
    work: Array,
    expected: Array,
) -> None:
    """Expected number of altered daughters of each edge that found or join a small clone, into `expected` (E,)."""
    divided = law.divided
    for e in range(expected.shape[0]):
        parent, child = edges[e, 0], edges[e, 1]
        lane = first + parent
        divisions = divided[0, lane] * work[_CYCLING, parent] + divided[1, lane] * work[_TOLERANT, parent]
        expected[e] = probability[e] * kept * divisions * (1.0 - work[_LARGE, child])


@njit(cache=True, error_model="numpy", forceinline=True)
def small_clones(
    lesion: int,
    cells: Array,
    law: StretchLaw,
    days: int,
    first: int,
    load: float,
    edges: NDArray[np.int64],
    probability: Array,
    state: NDArray[np.uint64],
    work: Array,
    expected: Array,
) -> None:
    """Carry the small clones of one lesion through a stretch, and let altered daughters join them.

    Args:
        lesion: Index of the lesion.
        cells: (2, L, G), changed in place.
        law: The stretch's law.
        days: Its length.
        first: First lane of the lesion's exposure class.
        load: N_mid / K.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division.
        state: The lesion's random stream.
        work: Scratch of `lesions`: which clones are large, cells at the start, X.
        expected: (edges in use,) scratch.
    """
    for g in range(cells.shape[2]):
        if work[_LARGE, g] == 0.0 and work[_CYCLING, g] + work[_TOLERANT, g] > 0.0:
            _advance(cells, lesion, g, law, first + g, load, state, work[_CROWDED, g])
    kept, few = 1.0 - load, 0.0
    _expect(law, first, kept, edges, probability, work, expected)
    for e in range(expected.shape[0]):
        if expected[e] <= FEW:
            few += expected[e]
            continue
        parent, child = edges[e, 0], edges[e, 1]
        share = probability[e] * kept
        c, q = work[_CYCLING, parent] * share, work[_TOLERANT, parent] * share
        _many_arrivals(cells, lesion, child, law, days, first + parent, first + child, c, q, load, state)
    if few > 0.0:
        _few_arrivals(lesion, cells, law, days, first, load, few, edges, state, work, expected)
