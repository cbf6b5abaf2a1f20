"""A lesion: its living clones after an interval, with the space that they share, and its growth from one cell to a size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.clone import PAIR_ABOVE, follow_cycling, follow_tolerant
from forestall.engine.branching.stack import (
    CELLS,
    CYCLING,
    DAY,
    DONE,
    EXTINCT,
    PHENOTYPE,
    ROW,
    STATUS,
    TOLERANT,
    TOO_MANY_GENOTYPES,
    TOO_SLOW,
    push,
)
from forestall.engine.growth import (
    CROWDED_GROWTH_PER_STEP,
    MAX_FOUNDERS,
    mean_room,
    size_tolerance,
    step_days,
)
from forestall.engine.kernels import kernel

Floats = npt.NDArray[np.float64]

_SWITCHING_FOLDS = 0.5
"""Step of a lesion whose cells switch, over the fastest change of a large clone: new mutants are few cells whose every switch is
drawn, so they are soon counted with their genotype."""
CROWDED = 0.01
"""Share of the capacity from which on a lesion is crowded."""


@kernel
def settle(
    rows: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    cells: Floats,
    living: int,
    row: int,
    phenotype: float,
    number: float,
    note: npt.NDArray[np.int64],
) -> int:
    """Add cells to a lesion, whose list of genotypes grows if theirs is new.

    Args:
        rows: (n,) genotypes of the lesion.
        place: (genotypes,) where each stands in `rows`, or -1.
        cells: (n, 2) cells of each, cycling and tolerant.
        living: Number of genotypes in the list.
        row: Genotype of the cells.
        phenotype: Their phenotype.
        number: How many.
        note: Counters; receives `TOO_MANY_GENOTYPES`.

    Returns:
        The new number of genotypes in the list.
    """
    if number <= 0.0:
        return living
    here = place[row]
    if here < 0:
        if living >= rows.shape[0]:
            note[STATUS] = TOO_MANY_GENOTYPES
            return living
        here = np.int32(living)
        place[row] = here
        rows[living] = row
        cells[living, 0], cells[living, 1] = 0.0, 0.0
        living += 1
    cells[here, int(phenotype)] += number
    return living


@kernel
def forget_extinct(
    rows: npt.NDArray[np.int64], place: npt.NDArray[np.int32], cells: Floats, living: int
) -> int:
    """Drop genotypes without cells from a lesion's list, in order; the new number."""
    kept = 0
    for here in range(living):
        row = rows[here]
        if cells[here, 0] + cells[here, 1] > 0.0:
            rows[kept], place[row] = row, np.int32(kept)
            cells[kept, 0], cells[kept, 1] = cells[here, 0], cells[here, 1]
            kept += 1
        else:
            place[row] = np.int32(-1)
    return kept


@kernel
def evolve_lesion(
    state: npt.NDArray[np.uint64],
    days: float,
    phase: int,
    room: float,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    totals: Floats,
    sizes: Floats,
    rows: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    cells: Floats,
    living: int,
    work: Floats,
    moments: Floats,
    stack: Floats,
    note: npt.NDArray[np.int64],
) -> int:
    """All clones of a lesion after an interval of constant rates, of any length.

    Args:
        state: (2,) state of a stream.
        days: Length of the interval.
        phase: Phase of treatment.
        room: Factor on divisions.
        child: Neighbors of the genotypes.
        rates: (genotypes, phases, RATES), 1/day.
        probability: (a,) per division.
        totals: (genotypes,) probability per division of any alteration.
        sizes: Hand-over sizes.
        rows: (n,) genotypes of the lesion.
        place: (genotypes,) where each stands in `rows`, or -1.
        cells: (n, 2) cells at the start; overwritten by those at the end.
        living: Number of genotypes in the list.
        work: (n, 2) work space.
        moments: (5,) work space.
        stack: Work space.
        note: Counters; a status other than `DONE` means that `cells` is not usable.

    Returns:
        The new number of genotypes in the list.
    """
    before = living
    for here in range(before):
        work[here, 0], work[here, 1] = cells[here, 0], cells[here, 1]
        cells[here, 0], cells[here, 1] = 0.0, 0.0
    for here in range(before):
        row = int(rows[here])
        top = push(stack, 0, note, row, TOLERANT, 0.0, work[here, 1])
        top = push(stack, top, note, row, CYCLING, 0.0, work[here, 0])
        while top > 0 and note[STATUS] == DONE:
            top -= 1
            row, phenotype = int(stack[top, ROW]), stack[top, PHENOTYPE]
            day, number = stack[top, DAY], stack[top, CELLS]
            if number <= 0.0:
                continue
            if phenotype == CYCLING:
                number, top = follow_cycling(
                    state, row, number, day, days, phase, room, child, rates, probability, totals[row],
                    sizes, moments, stack, top, note,
                )  # fmt: skip
            else:
                number, top = follow_tolerant(
                    state, row, number, day, days, phase, room, child, rates, probability, totals[row],
                    sizes, moments, stack, top, note,
                )  # fmt: skip
            living = settle(rows, place, cells, living, row, phenotype, number, note)
    return forget_extinct(rows, place, cells, living)


@kernel
def burden(cells: Floats, living: int) -> float:
    """Cells of a lesion."""
    total = 0.0
    for here in range(living):
        total += cells[here, 0] + cells[here, 1]
    return total


@kernel
def average_rates(
    rows: npt.NDArray[np.int64], cells: Floats, living: int, phase: int, rates: Floats
) -> tuple[float, float]:
    """Division and death rate of the average cell of a lesion, 1/day."""
    total, births, deaths = 0.0, 0.0, 0.0
    for here in range(living):
        row = rows[here]
        total += cells[here, 0] + cells[here, 1]
        births += cells[here, 0] * rates[row, phase, 0]
        deaths += cells[here, 0] * rates[row, phase, 1] + cells[here, 1] * rates[row, phase, 4]
    return births / total, deaths / total


@kernel
def _fastest(
    rows: npt.NDArray[np.int64], cells: Floats, living: int, phase: int, room: float, rates: Floats
) -> float:
    """Largest relative rate of change of a clone, or of the room that all share, 1/day."""
    fastest = 0.0
    for here in range(living):
        birth = rates[rows[here], phase, 0]
        fastest = max(fastest, abs(birth * room - rates[rows[here], phase, 1]), birth * (1.0 - room))
    return fastest


@kernel
def _longest_with_switching(
    rows: npt.NDArray[np.int64], cells: Floats, living: int, phase: int, rates: Floats, sizes: Floats
) -> float:
    """Interval in which large clones whose cells switch are drawn at once, days."""
    fastest = 0.0
    for here in range(living):
        own = rates[rows[here], phase]
        asleep = cells[here, 1] if own[3] > 0.0 else 0.0
        if asleep > sizes[PAIR_ABOVE] or (own[2] > 0.0 and cells[here, 0] > sizes[PAIR_ABOVE]):
            fastest = max(fastest, abs(own[0] - own[1]), own[2], own[3] + own[4])
    return _SWITCHING_FOLDS / fastest if fastest > 0.0 else math.inf


@kernel
def treat_lesion(
    state: npt.NDArray[np.uint64],
    days: float,
    phase: int,
    capacity: float,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    totals: Floats,
    sizes: Floats,
    rows: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    cells: Floats,
    living: int,
    work: Floats,
    moments: Floats,
    stack: Floats,
    note: npt.NDArray[np.int64],
) -> int:
    """A lesion after some days of one phase; arguments as for `evolve_lesion`, capacity in cells.

    Where space is limited, division is multiplied by the mean room over each step, in closed form for the mean of the lesion.
    """
    while days > 0.0 and living > 0 and note[STATUS] == DONE:
        step, room = min(days, _longest_with_switching(rows, cells, living, phase, rates, sizes)), 1.0
        if capacity < math.inf:
            total = burden(cells, living)
            b, d = average_rates(rows, cells, living, phase, rates)
            step = min(step, _crowded_step(rows, cells, living, phase, rates, total, capacity, b - d))
            room = mean_room(total, capacity, b, d, step)
        living = evolve_lesion(
            state, step, phase, room, child, rates, probability, totals, sizes, rows, place, cells, living,
            work, moments, stack, note,
        )  # fmt: skip
        days -= step
    return living


@kernel
def _crowded_step(
    rows: npt.NDArray[np.int64],
    cells: Floats,
    living: int,
    phase: int,
    rates: Floats,
    total: float,
    capacity: float,
    net: float,
) -> float:
    """A step in which the room changes little, or the lesion becomes crowded at its end."""
    room = max(0.0, 1.0 - total / capacity)
    fastest = _fastest(rows, cells, living, phase, room, rates)
    step = CROWDED_GROWTH_PER_STEP / fastest if fastest > 0.0 else math.inf
    if total < CROWDED * capacity and net > 0.0:
        return max(step, math.log(CROWDED * capacity / total) / net)
    return math.inf if total < CROWDED * capacity else step


@kernel
def grow_lesion(
    state: npt.NDArray[np.uint64],
    founder: int,
    target: float,
    capacity: float,
    max_days: float,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    totals: Floats,
    sizes: Floats,
    rows: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    cells: Floats,
    work: Floats,
    moments: Floats,
    stack: Floats,
    note: npt.NDArray[np.int64],
) -> tuple[float, int]:
    """Grow a lesion in phase 0 from one cell to a size; lineages that die out are replaced.

    Args:
        state: (2,) state of a stream.
        founder: Genotype of the first cell.
        target: Size to grow to, cells.
        capacity: Carrying capacity, cells.
        max_days: Longest life of a lineage.
        child: As for `evolve_lesion`, like all that follow.
        rates: ..
        probability: ..
        totals: ..
        sizes: ..
        rows: ..
        place: ..
        cells: ..
        work: ..
        moments: ..
        stack: ..
        note: Receives `EXTINCT` or `TOO_SLOW` as well.

    Returns:
        Age at the target size, days, and the number of genotypes.
    """
    for _ in range(MAX_FOUNDERS):
        age, living = 0.0, settle(rows, place, cells, 0, founder, CYCLING, 1.0, note)
        while living > 0 and note[STATUS] == DONE:
            total = burden(cells, living)
            b, d = average_rates(rows, cells, living, 0, rates)
            room = max(0.0, 1.0 - total / capacity)
            if total >= target - size_tolerance(target, b * room, d):
                return age, living
            if age >= max_days:
                note[STATUS] = TOO_SLOW
                break
            fastest = _fastest(rows, cells, living, 0, room, rates)
            longest = min(max_days - age, _longest_with_switching(rows, cells, living, 0, rates, sizes))
            days = step_days(total, target, b * room, d, fastest, total > CROWDED * capacity, longest)
            room = mean_room(total, capacity, b, d, days)
            living = evolve_lesion(
                state, days, 0, room, child, rates, probability, totals, sizes, rows, place, cells, living,
                work, moments, stack, note,
            )  # fmt: skip
            age += days
        if note[STATUS] != DONE:
            clear_lesion(rows, place, cells, living)
            return math.nan, 0
    note[STATUS] = EXTINCT
    return math.nan, 0


@kernel
def clear_lesion(
    rows: npt.NDArray[np.int64], place: npt.NDArray[np.int32], cells: Floats, living: int
) -> None:
    """Empty a lesion's list of genotypes."""
    for here in range(living):
        place[rows[here]] = np.int32(-1)
        cells[here, 0], cells[here, 1] = 0.0, 0.0
