"""Clones of few cells through a stretch of days, drawn from the exact birth-death law.

The descendants of a clone's cells are a binomial number of surviving families and a negative binomial number of further cells (their
skewed normal approximation where there are hundreds of families).
Altered daughters arise at divisions of the parent as a Poisson process, from large parents and small ones; only those are drawn that
have descendants at the end. Descendants are drawn in both phenotypes together and then divided
between them in the proportion of their means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.stretch import BLOCK_DAYS, CUMULATED, StretchLaw, surviving
from forestall.engine.birth_death import (
    FAST_NORMAL_ABOVE,
    MEAN_ABOVE,
    birth_death_step,
    family_moments,
    next_share,
    poisson_families,
    skewed_normal,
)
from forestall.engine.counts import next_geometric, next_poisson
from forestall.engine.exponential import exp_poly
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.random import next_uniform

Array = NDArray[np.float64]

LARGE, CYCLING, TOLERANT, CROWDED = range(4)
"""Rows of the scratch array: 1 for large clones; cells at the start; X."""
FEW = 6.0
"""Up to so many altered daughters with descendants are drawn one by one, more in blocks of days.

A block's families have one law with the mean and the variance of all their cells; their number is then a few percent smaller."""


@bare_kernel_with(forceinline=True)
def _descendants(state: NDArray[np.uint64], cells: float, mean: float, births: float) -> float:
    """Descendants of `cells` whose families have the law of m = `mean` and I = `births`."""
    stop = 1.0 / (1.0 + births)
    return float(birth_death_step(state, cells, min(1.0, mean * stop), stop, FAST_NORMAL_ABOVE, MEAN_ABOVE))


@bare_kernel
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
        asleep = next_share(state, grown, law.asleep[0, lane], FAST_NORMAL_ABOVE)
    if tolerant > 0.0:
        woken = _descendants(state, tolerant, law.wake[1, lane] * kept, law.wake[2, lane])
        tolerant = next_share(state, tolerant, law.wake[0, lane], FAST_NORMAL_ABOVE)
        grown += woken
    cells[0, lesion, g], cells[1, lesion, g] = grown - asleep, tolerant + asleep


@bare_kernel_with(forceinline=True)
def _arrival_law(
    law: StretchLaw, days: int, before: int, lane: int, day: int, load: float
) -> tuple[float, float]:
    """Of a cell that arises in the middle of a day: the probability that it has descendants, and I.

    What crowding has taken from the parents, in the lane `before`, is taken from that probability.
    """
    mean = law.scratch[day, 4, lane] + law.scratch[day, 5, lane]
    births = 0.5 * (law.births[day, lane] + law.births[day + 1, lane])
    met = load * law.crowd[lane] * (days - day - 0.5) / days
    crowded = births * (1.0 - load) * exp_poly(-0.5 * met)
    left = exp_poly(-load * law.scratch[day, CUMULATED, before])
    return surviving(mean * exp_poly(-met), crowded) * left, crowded


@bare_kernel_with(forceinline=True)
def _add_cells(
    cells: Array, lesion: int, g: int, living: float, asleep: float, state: NDArray[np.uint64]
) -> None:
    """Add cells to a clone, of which the share `asleep` is tolerant on average."""
    tolerant = next_share(state, living, asleep, FAST_NORMAL_ABOVE)
    cells[0, lesion, g] += living - tolerant
    cells[1, lesion, g] += tolerant


@bare_kernel_with(forceinline=True)
def _asleep(law: StretchLaw, lane: int, day: int) -> float:
    """The share of the descendants of a cell that arises in the middle of a day that are tolerant at the end."""
    return float(0.5 * (law.asleep[day, lane] + law.asleep[day + 1, lane]))


@bare_kernel_with(forceinline=True)
def _middle(days: int, block: int) -> int:
    """The day in the middle of a block."""
    return (block * BLOCK_DAYS + min(days, (block + 1) * BLOCK_DAYS)) // 2


@bare_kernel
def _block(
    law: StretchLaw,
    days: int,
    x: int,
    e: int,
    before: int,
    lane: int,
    block: int,
    c: float,
    q: float,
    load: float,
) -> tuple[float, float]:
    """Expected families of a block of days, and their I: the law that has the mean and the variance of all their cells."""
    families = law.families
    first = families[0, 1, x, e, block] * c + families[1, 1, x, e, block] * q
    if first <= 0.0:
        return 0.0, 0.0
    second = families[0, 2, x, e, block] * c + families[1, 2, x, e, block] * q
    births = max(0.0, 0.5 * (second / first - 1.0))
    expected = first / (1.0 + births)
    if load > 0.0:
        day = _middle(days, block)
        survival, crowded = _arrival_law(law, days, before, lane, day, load)
        plain = 0.5 * (law.births[day, lane] + law.births[day + 1, lane])
        expected *= survival / law.survive[day, lane]
        births *= crowded / plain if plain > 0.0 else 1.0
    return expected, births


@bare_kernel
def _many_arrivals(
    cells: Array,
    lesion: int,
    law: StretchLaw,
    days: int,
    x: int,
    e: int,
    parent: int,
    child: int,
    c: float,
    q: float,
    load: float,
    normal: bool,
    state: NDArray[np.uint64],
) -> None:
    """Draw the altered daughters of one alteration, block by block.

    `c` and `q` are the parent's cells times the probability of the alteration. If the number is `normal`, all families are drawn at
    once, from the first three cumulants of their cells.
    """
    before, lane = x * cells.shape[2] + parent, x * cells.shape[2] + child
    mean, variance, third, asleep = 0.0, 0.0, 0.0, 0.0
    for block in range((days + BLOCK_DAYS - 1) // BLOCK_DAYS):
        families, births = _block(law, days, x, e, before, lane, block, c, q, load)
        share = _asleep(law, lane, _middle(days, block))
        if normal:
            one, two, three = family_moments(births)
            mean += families * one
            variance += families * two
            third += families * three
            asleep += families * one * share
        elif families > 0.0:
            living = poisson_families(state, families, births, FAST_NORMAL_ABOVE)
            if living > 0.0:
                _add_cells(cells, lesion, child, living, share, state)
    if mean > 0.0:
        _add_cells(cells, lesion, child, skewed_normal(state, mean, variance, third), asleep / mean, state)


@bare_kernel
def _one_arrival(
    cells: Array,
    lesion: int,
    law: StretchLaw,
    days: int,
    x: int,
    e: int,
    parent: int,
    child: int,
    c: float,
    q: float,
    load: float,
    state: NDArray[np.uint64],
) -> None:
    """Draw the day of one altered daughter that has descendants, in proportion to how many such arise, and its family.

    Args:
        cells: (2, L, G), changed in place.
        lesion: Index of the lesion.
        law: The stretch's law.
        days: Its length.
        x: Exposure class of the lesion.
        e: The alteration.
        parent: Genotype of the parent.
        child: Genotype of the child.
        c: Cycling cells of the parent at the start.
        q: Tolerant cells of the parent.
        load: N_mid / K.
        state: Random stream.
    """
    alive, families = law.alive, law.families
    rest = next_uniform(state) * (alive[0, x, e] * c + alive[1, x, e] * q)
    block, last = 0, (days - 1) // BLOCK_DAYS
    while block < last:
        here = families[0, 0, x, e, block] * c + families[1, 0, x, e, block] * q
        if rest < here:
            break
        rest -= here
        block += 1
    before, lane = x * cells.shape[2] + parent, x * cells.shape[2] + child
    end = min(days, (block + 1) * BLOCK_DAYS)
    for day in range(block * BLOCK_DAYS, end):
        rest -= (law.divide[day, 0, before] * c + law.divide[day, 1, before] * q) * law.survive[day, lane]
        if rest < 0.0 or day == end - 1:
            survival, births = _arrival_law(law, days, before, lane, day, load)
            if load == 0.0 or next_uniform(state) * law.survive[day, lane] < survival:
                living = 1.0 + next_geometric(state, 1.0 / (1.0 + births))
                _add_cells(cells, lesion, child, living, _asleep(law, lane, day), state)
            return


@bare_kernel
def _few_arrivals(
    lesion: int,
    cells: Array,
    law: StretchLaw,
    days: int,
    x: int,
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
        _one_arrival(
            cells, lesion, law, days, x, chosen, parent, child,
            work[CYCLING, parent], work[TOLERANT, parent], load, state,
        )  # fmt: skip


@bare_kernel
def _expect(
    law: StretchLaw,
    x: int,
    kept: float,
    edges: NDArray[np.int64],
    probability: Array,
    work: Array,
    expected: Array,
) -> None:
    """Expected number, per edge, of altered daughters with descendants that found or join a small clone, into `expected` (E,)."""
    alive = law.alive
    for e in range(expected.shape[0]):
        parent, child = edges[e, 0], edges[e, 1]
        arising = alive[0, x, e] * work[CYCLING, parent] + alive[1, x, e] * work[TOLERANT, parent]
        expected[e] = probability[e] * kept * arising * (1.0 - work[LARGE, child])


@bare_kernel
def small_clones(
    lesion: int,
    cells: Array,
    law: StretchLaw,
    days: int,
    x: int,
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
        x: The lesion's exposure class.
        load: N_mid / K.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division.
        state: The lesion's random stream.
        work: Scratch with the rows above.
        expected: (edges in use,) scratch.
    """
    for g in range(cells.shape[2]):
        if work[LARGE, g] == 0.0 and work[CYCLING, g] + work[TOLERANT, g] > 0.0:
            _advance(cells, lesion, g, law, x * cells.shape[2] + g, load, state, work[CROWDED, g])
    kept, few = 1.0 - load, 0.0
    _expect(law, x, kept, edges, probability, work, expected)
    for e in range(expected.shape[0]):
        if expected[e] <= FEW:
            few += expected[e]
            continue
        parent, child = edges[e, 0], edges[e, 1]
        share = probability[e] * kept
        c, q = work[CYCLING, parent] * share, work[TOLERANT, parent] * share
        normal = expected[e] > FAST_NORMAL_ABOVE
        _many_arrivals(cells, lesion, law, days, x, e, parent, child, c, q, load, normal, state)
    if few > 0.0:
        _few_arrivals(lesion, cells, law, days, x, load, few, edges, state, work, expected)
