r"""Clones of a patient's lesions through a stretch of days: large ones by closed form, small ones by the exact birth-death law.

What one cell becomes is known for every lane (`stretch`). A lesion adds its size: crowding takes the share N / K of all divisions.
A clone of at least `handover` cells follows the mean, with half of the crowding before and half after it. Smaller clones are drawn
(`small_clones`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.biology.small_clones import CROWDED, CYCLING, LARGE, TOLERANT, small_clones
from forestall.biology.stretch import CC, CQ, MEET, QC, QQ, StretchLaw
from forestall.engine.birth_death import whole_cells
from forestall.engine.exponential import exp_lanes
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.vectors import WIDTH, load, spread, store, total

Array = NDArray[np.float64]

KEPT, WORK_ROWS = 4, 5
"""The row of the scratch array after those of `small_clones`, exp(-X) so far, and their number."""
MOST_CROWDING = 0.06
"""Largest share of divisions times divisions per cell that crowding may take in one stretch."""
SHORT_STRETCH_DAYS = 21
"""Stretches up to this take crowding day by day."""
UNCROWDED = 1e-7
"""Share of the capacity below which a lesion has no crowding."""


@bare_kernel
def longest_stretch(cells: Array, capacity: float, division: float) -> int:
    """Days over which crowding of the most crowded lesion stays small, at least 1.

    Args:
        cells: (2, L, G).
        capacity: Carrying capacity of a lesion, cells.
        division: Divisions per cell and day without crowding.
    """
    most = 0.0
    for lesion in range(cells.shape[1]):
        most = max(most, lesion_size(cells, lesion))
    crowding = division * most / capacity
    return int(max(1.0, min(1e6, MOST_CROWDING / (crowding + 1e-12))))


@bare_kernel_with(forceinline=True)
def lesion_size(cells: Array, lesion: int) -> float:
    """All cells of a lesion, of (2, L, G) cells."""
    size = 0.0
    for g in range(0, cells.shape[2], WIDTH):
        size += total(load(cells, (0, lesion, g)) + load(cells, (1, lesion, g)))
    return size


@bare_kernel
def _is_roomy(law: StretchLaw, days: int, first: int, capacity: float, work: Array) -> bool:
    """Whether a lesion is so small, at the start and at the end of a stretch, that crowding is nothing; then without it."""
    before, after, path = 0.0, 0.0, law.path
    for g in range(work.shape[1]):
        c, q, lane = work[CYCLING, g], work[TOLERANT, g], first + g
        before += c + q
        after += c * (path[days - 1, CC, lane] + path[days - 1, QC, lane])
        after += q * (path[days - 1, CQ, lane] + path[days - 1, QQ, lane])
    if max(before, after) > UNCROWDED * capacity:
        return False
    for g in range(work.shape[1]):
        work[CROWDED, g] = 0.0
    return True


@bare_kernel
def _crowding(law: StretchLaw, days: int, first: int, capacity: float, work: Array) -> float:
    """X of every clone of a lesion; the mean of N / K.

    N(t) is that of all clones, each less what crowding has taken from it so far.

    Args:
        law: The stretch.
        days: Its length.
        first: First lane of the lesion's exposure class.
        capacity: K, cells.
        work: Rows `CROWDED` and `KEPT` are written.
    """
    if _is_roomy(law, days, first, capacity, work):
        return 0.0
    genotypes = work.shape[1]
    mean = 0.0
    for g in range(0, genotypes, WIDTH):
        store(work, (CROWDED, g), spread(0.0))
        store(work, (KEPT, g), spread(1.0))
    # In long stretches every third day stands for itself and its neighbors.
    each = 3 if days > SHORT_STRETCH_DAYS and days % 3 == 0 else 1
    for day in range(each // 2, days, each):
        cells, divisions = 1e-300, 0.0
        for g in range(0, genotypes, WIDTH):
            # Lanes of the next exposure class, should the load reach them, meet no cells here.
            cycling, tolerant = _cells_on(law, day, first + g, g, work)
            cells += total(cycling + tolerant)
            divisions += total(cycling * load(law.birth, (day, first + g)))
        share = each * cells / capacity
        share *= 1.0 - 0.5 * share * divisions / cells
        mean += share
        for g in range(0, genotypes, WIDTH):
            met = load(law.birth, (day, first + g)) * share
            store(work, (CROWDED, g), load(work, (CROWDED, g)) + met)
            # exp(-met), of what is at most a few percent.
            store(work, (KEPT, g), load(work, (KEPT, g)) * (1.0 - met * (1.0 - met * (0.5 - met / 6.0))))
    return mean / days


@bare_kernel_with(forceinline=True)
def _cells_on(law: StretchLaw, day: int, lane: int, g: int, work: Array) -> tuple[Any, Any]:
    """Cycling and tolerant cells of sixteen clones on a day, under the crowding so far."""
    c, q, x = load(work, (CYCLING, g)), load(work, (TOLERANT, g)), load(work, (CROWDED, g))
    cycling = c * load(law.path, (day, CC, lane)) * load(work, (KEPT, g))
    cycling = cycling + q * load(law.path, (day, CQ, lane)) * (1.0 - x * load(law.met, (CQ, lane)))
    tolerant = c * load(law.path, (day, QC, lane)) * (1.0 - x * load(law.met, (QC, lane)))
    tolerant = tolerant + q * load(law.path, (day, QQ, lane)) * (1.0 - x * load(law.met, (QQ, lane)))
    return cycling, tolerant


@bare_kernel_with(forceinline=True)
def _grown(law: StretchLaw, row: int, lane: int, x: Any) -> Any:
    """Cells after the stretch per cell before it, in one row of the law, of clones that crowding takes X from."""
    return load(law.grow, (row, lane)) * exp_lanes(-1.0 * x * load(law.met, (row, lane)))


@bare_kernel
def _grow_large(cells: Array, lesion: int, law: StretchLaw, first: int, work: Array) -> None:
    """Carry the large clones through the stretch."""
    for g in range(0, work.shape[1], WIDTH):
        x, large = load(work, (CROWDED, g)), load(work, (LARGE, g))
        c, q = load(work, (CYCLING, g)), load(work, (TOLERANT, g))
        cycling = _grown(law, CC, first + g, x) * c + _grown(law, CQ, first + g, x) * q
        tolerant = _grown(law, QC, first + g, x) * c + _grown(law, QQ, first + g, x) * q
        store(cells, (0, lesion, g), large * cycling + (1.0 - large) * c)
        store(cells, (1, lesion, g), large * tolerant + (1.0 - large) * q)


@bare_kernel
def _arrive_in_large(
    cells: Array,
    lesion: int,
    law: StretchLaw,
    x: int,
    crowding: float,
    edges: NDArray[np.int64],
    probability: Array,
    work: Array,
) -> None:
    """Add the mean of altered daughters of large clones to large clones."""
    arrive = law.arrive
    for e in range(edges.shape[0]):
        if probability[e] == 0.0:
            break
        parent, child = edges[e, 0], edges[e, 1]
        if work[LARGE, parent] == 0.0 or work[LARGE, child] == 0.0:
            continue
        c, q = work[CYCLING, parent], work[TOLERANT, parent]
        kept = probability[e] * (1.0 - crowding) * math.exp(-crowding * arrive[MEET, x, e])
        cells[0, lesion, child] += kept * (arrive[CC, x, e] * c + arrive[CQ, x, e] * q)
        cells[1, lesion, child] += kept * (arrive[QC, x, e] * c + arrive[QQ, x, e] * q)


@bare_kernel
def _sort_by_size(cells: Array, lesion: int, handover: float, state: NDArray[np.uint64], work: Array) -> None:
    """Mark the large clones, make the others whole cells, and keep all as they are at the start."""
    for g in range(work.shape[1]):
        count = cells[0, lesion, g] + cells[1, lesion, g]
        work[LARGE, g] = 1.0 if count >= handover else 0.0
        whole = math.floor(cells[0, lesion, g]) == cells[0, lesion, g] and math.floor(count) == count
        if work[LARGE, g] == 0.0 and not whole:
            cells[0, lesion, g] = whole_cells(state, cells[0, lesion, g])
            cells[1, lesion, g] = whole_cells(state, cells[1, lesion, g])
        work[CYCLING, g], work[TOLERANT, g] = cells[0, lesion, g], cells[1, lesion, g]


@bare_kernel
def advance_lesions(
    cells: Array,
    law: StretchLaw,
    days: int,
    site_class: NDArray[np.int64],
    capacity: float,
    edges: NDArray[np.int64],
    probability: Array,
    handover: float,
    states: NDArray[np.uint64],
    work: Array,
    expected: Array,
) -> None:
    """Carry a patient's lesions through a stretch.

    Args:
        cells: (2, L, G) cycling and tolerant cells, changed in place.
        law: The stretch's law.
        days: Its length.
        site_class: (L,) exposure class of each lesion.
        capacity: Carrying capacity of a lesion, cells.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division.
        handover: Clones of fewer cells are stochastic; 0 makes every clone deterministic.
        states: (L, 2) random stream of each lesion.
        work: (`WORK_ROWS`, G) scratch.
        expected: (edges in use,) scratch; the edges after them have probability 0.
    """
    for lesion in range(cells.shape[1]):
        if lesion_size(cells, lesion) <= 0.0:
            continue
        x = site_class[lesion]
        first = x * cells.shape[2]
        _sort_by_size(cells, lesion, handover, states[lesion], work)
        crowding = _crowding(law, days, first, capacity, work)
        _grow_large(cells, lesion, law, first, work)
        _arrive_in_large(cells, lesion, law, x, crowding, edges, probability, work)
        if handover > 0.0:
            small_clones(
                lesion, cells, law, days, x, crowding, edges, probability, states[lesion], work, expected
            )
