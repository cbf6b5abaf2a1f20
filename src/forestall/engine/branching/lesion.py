"""A lesion: its living clones after an interval, with the space that they share, and its growth from one cell to a size.

Here and in the modules below, what runs once per interval or per clone is inlined: to pass a lattice, a lesion and a worker, about a
hundred words, costs more than the work on a clone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.clone import follow_cycling, follow_tolerant
from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.stack import (
    CELLS,
    CYCLING,
    DAY,
    DONE,
    EXTINCT,
    MAX_DAYS,
    PAIR_ABOVE,
    PHENOTYPE,
    ROW,
    STATUS,
    TOLERANT,
    TOO_MANY_GENOTYPES,
    TOO_SLOW,
    Worker,
    push,
)
from forestall.engine.branching.together import follow_together
from forestall.engine.growth import (
    CROWDED_GROWTH_PER_STEP,
    MAX_FOUNDERS,
    mean_room,
    size_tolerance,
    step_days,
)
from forestall.engine.kernels import bare_kernel, bare_kernel_with

_SWITCHING_FOLDS = 0.5
"""Step of a lesion whose cells switch, over the fastest change of a large clone: new mutants are few cells whose every switch is
drawn, so they are soon counted with their genotype."""
_UNTREATED = 0
CROWDED = 0.01
"""Share of the capacity from which on a lesion is crowded."""


class Lesion(NamedTuple):
    """The genotypes that live in a lesion, as a list; how long it is stands beside it (`living`)."""

    rows: npt.NDArray[np.int64]
    """(n,) genotypes."""
    place: npt.NDArray[np.int32]
    """(genotypes,) where each stands in `rows`, or -1."""
    cells: npt.NDArray[np.float64]
    """(n, 2) cells of each, cycling and tolerant."""


@bare_kernel
def settle(lesion: Lesion, living: int, row: int, phenotype: float, number: float, worker: Worker) -> int:
    """Add cells to a lesion, whose list of genotypes grows if theirs is new.

    Args:
        lesion: Receives them.
        living: Number of genotypes in the list.
        row: Genotype of the cells.
        phenotype: Their phenotype.
        number: How many.
        worker: Receives `TOO_MANY_GENOTYPES`.

    Returns:
        The new number of genotypes in the list.
    """
    if number <= 0.0:
        return living
    here = lesion.place[row]
    if here < 0:
        if living >= lesion.rows.shape[0]:
            worker.note[STATUS] = TOO_MANY_GENOTYPES
            return living
        here = np.int32(living)
        lesion.place[row] = here
        lesion.rows[living] = row
        lesion.cells[living, 0], lesion.cells[living, 1] = 0.0, 0.0
        living += 1
    lesion.cells[here, int(phenotype)] += number
    return living


@bare_kernel
def forget_extinct(lesion: Lesion, living: int) -> int:
    """Drop genotypes without cells from a lesion's list, in order; the new number."""
    rows, place, cells = lesion.rows, lesion.place, lesion.cells
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


@bare_kernel
def clear_lesion(lesion: Lesion, living: int) -> None:
    """Empty a lesion's list of genotypes."""
    for here in range(living):
        lesion.place[lesion.rows[here]] = np.int32(-1)
        lesion.cells[here, 0], lesion.cells[here, 1] = 0.0, 0.0


@bare_kernel
def evolve_lesion(
    state: npt.NDArray[np.uint64],
    days: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    lesion: Lesion,
    living: int,
    worker: Worker,
) -> int:
    """All clones of a lesion after an interval of constant rates, of any length.

    Args:
        state: (2,) state of a stream.
        days: Length of the interval.
        phase: Phase of treatment.
        room: Factor on divisions.
        lattice: Genotypes.
        lesion: Cells at the start; overwritten by those at the end.
        living: Number of genotypes in its list.
        worker: Space; a status other than `DONE` means that the lesion is not usable.

    Returns:
        The new number of genotypes in the list.
    """
    before, work, cells = living, worker.work, lesion.cells
    none = int(np.int64(0))  # numba would compile all that follows once more for a literal
    for here in range(before):
        work[here, 0], work[here, 1] = cells[here, 0], cells[here, 1]
        cells[here, 0], cells[here, 1] = 0.0, 0.0
    for here in range(before):
        row = int(lesion.rows[here])
        day, top = follow_together(
            state, row, work[here, 0], work[here, 1], 0.0, days, phase, room, lattice, worker, none
        )
        if day <= 0.0:
            top = push(worker, top, row, TOLERANT, 0.0, work[here, 1])
            top = push(worker, top, row, CYCLING, 0.0, work[here, 0])
        living = _follow_all(state, days, phase, room, lattice, lesion, living, worker, top)
    return forget_extinct(lesion, living)


@bare_kernel_with(forceinline=True)
def _follow_all(
    state: npt.NDArray[np.uint64],
    days: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    lesion: Lesion,
    living: int,
    worker: Worker,
    top: int,
) -> int:
    """Follow all founders that wait to day `days` and settle what comes of them; arguments and result as for `evolve_lesion`."""
    stack = worker.stack
    while top > 0 and worker.note[STATUS] == DONE:
        top -= 1
        row, phenotype = int(stack[top, ROW]), stack[top, PHENOTYPE]
        day, number = stack[top, DAY], stack[top, CELLS]
        if number <= 0.0:
            continue
        if phenotype == CYCLING:
            number, top = follow_cycling(state, row, number, day, days, phase, room, lattice, worker, top)
        else:
            number, top = follow_tolerant(state, row, number, day, days, phase, room, lattice, worker, top)
        living = settle(lesion, living, row, phenotype, number, worker)
    return living


@bare_kernel
def burden(lesion: Lesion, living: int) -> float:
    """Cells of a lesion."""
    total = 0.0
    for here in range(living):
        total += lesion.cells[here, 0] + lesion.cells[here, 1]
    return total


@bare_kernel
def average_rates(lesion: Lesion, living: int, phase: int, lattice: LatticeArrays) -> tuple[float, float]:
    """Division and death rate of the average cell of a lesion, 1/day."""
    cells, rates = lesion.cells, lattice.rates
    total, births, deaths = 0.0, 0.0, 0.0
    for here in range(living):
        row = lesion.rows[here]
        total += cells[here, 0] + cells[here, 1]
        births += cells[here, 0] * rates[row, phase, 0]
        deaths += cells[here, 0] * rates[row, phase, 1] + cells[here, 1] * rates[row, phase, 4]
    return births / total, deaths / total


@bare_kernel
def _fastest(lesion: Lesion, living: int, phase: int, room: float, lattice: LatticeArrays) -> float:
    """Largest relative rate of change of a clone, or of the room that all share, 1/day."""
    fastest = 0.0
    for here in range(living):
        row = lesion.rows[here]
        birth, death = lattice.rates[row, phase, 0], lattice.rates[row, phase, 1]
        fastest = max(fastest, abs(birth * room - death), birth * (1.0 - room))
    return fastest


@bare_kernel
def _longest_with_switching(
    lesion: Lesion, living: int, phase: int, lattice: LatticeArrays, pair_above: float
) -> float:
    """Interval in which large clones whose cells switch are drawn at once, days."""
    fastest = 0.0
    for here in range(living):
        own, cells = lattice.rates[lesion.rows[here], phase], lesion.cells[here]
        asleep = cells[1] if own[3] > 0.0 else 0.0
        if asleep > pair_above or (own[2] > 0.0 and cells[0] > pair_above):
            fastest = max(fastest, abs(own[0] - own[1]), own[2], own[3] + own[4])
    return _SWITCHING_FOLDS / fastest if fastest > 0.0 else math.inf


@bare_kernel_with(forceinline=True)
def treat_lesion(
    state: npt.NDArray[np.uint64],
    days: float,
    phase: int,
    capacity: float,
    lattice: LatticeArrays,
    lesion: Lesion,
    living: int,
    worker: Worker,
) -> int:
    """A lesion after some days of one phase; arguments as for `evolve_lesion`, capacity in cells.

    Where space is limited, division is multiplied by the mean room over each step, in closed form for the mean of the lesion.
    """
    while days > 0.0 and living > 0 and worker.note[STATUS] == DONE:
        switching = _longest_with_switching(lesion, living, phase, lattice, worker.sizes[PAIR_ABOVE])
        step, room = min(days, switching), 1.0
        if capacity < math.inf:
            total = burden(lesion, living)
            b, d = average_rates(lesion, living, phase, lattice)
            step = min(step, _crowded_step(lesion, living, phase, lattice, total, capacity, b - d))
            room = mean_room(total, capacity, b, d, step)
        living = evolve_lesion(state, step, phase, room, lattice, lesion, living, worker)
        days -= step
    return living


@bare_kernel
def _crowded_step(
    lesion: Lesion,
    living: int,
    phase: int,
    lattice: LatticeArrays,
    total: float,
    capacity: float,
    net: float,
) -> float:
    """A step in which the room changes little, or the lesion becomes crowded at its end."""
    room = max(0.0, 1.0 - total / capacity)
    fastest = _fastest(lesion, living, phase, room, lattice)
    step = CROWDED_GROWTH_PER_STEP / fastest if fastest > 0.0 else math.inf
    if total < CROWDED * capacity and net > 0.0:
        return max(step, math.log(CROWDED * capacity / total) / net)
    return math.inf if total < CROWDED * capacity else step


@bare_kernel
def grow_lesion(
    state: npt.NDArray[np.uint64],
    founder: int,
    target: float,
    capacity: float,
    lattice: LatticeArrays,
    lesion: Lesion,
    worker: Worker,
) -> tuple[float, int]:
    """Grow a lesion in phase 0 from one cell to a size; lineages that die out are replaced.

    Args:
        state: (2,) state of a stream.
        founder: Genotype of the first cell.
        target: Size to grow to, cells.
        capacity: Carrying capacity, cells.
        lattice: Genotypes.
        lesion: Receives the cells; empty.
        worker: Space; receives `EXTINCT` or `TOO_SLOW` as well.

    Returns:
        Age at the target size, days, and the number of genotypes.
    """
    for _ in range(MAX_FOUNDERS):
        living = settle(lesion, 0, founder, CYCLING, 1.0, worker)
        age, living = _grow_lineage(state, target, capacity, lattice, lesion, living, worker)
        if worker.note[STATUS] != DONE:
            clear_lesion(lesion, living)
            return math.nan, 0
        if living > 0:
            return age, living
    worker.note[STATUS] = EXTINCT
    return math.nan, 0


@bare_kernel
def _grow_lineage(
    state: npt.NDArray[np.uint64],
    target: float,
    capacity: float,
    lattice: LatticeArrays,
    lesion: Lesion,
    living: int,
    worker: Worker,
) -> tuple[float, int]:
    """Grow one cell to a size, or until its lineage dies out or takes too long; arguments and result as for `grow_lesion`."""
    age, max_days = 0.0, worker.sizes[MAX_DAYS]
    phase = int(np.int64(_UNTREATED))  # not a literal, as in `evolve_lesion`
    while living > 0 and worker.note[STATUS] == DONE:
        total = burden(lesion, living)
        b, d = average_rates(lesion, living, phase, lattice)
        room = max(0.0, 1.0 - total / capacity)
        if total >= target - size_tolerance(target, b * room, d):
            break
        if age >= max_days:
            worker.note[STATUS] = TOO_SLOW
            break
        fastest = _fastest(lesion, living, phase, room, lattice)
        switching = _longest_with_switching(lesion, living, phase, lattice, worker.sizes[PAIR_ABOVE])
        longest = min(max_days - age, switching)
        days = step_days(total, target, b * room, d, fastest, total > CROWDED * capacity, longest)
        room = mean_room(total, capacity, b, d, days)
        living = evolve_lesion(state, days, phase, room, lattice, lesion, living, worker)
        age += days
    return age, living
