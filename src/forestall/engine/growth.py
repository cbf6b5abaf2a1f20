"""Growing a tumor from one cell to a size, with the mutants that it holds by then.

Birth, death and mutation follow the exact joint law of `forestall.engine.clones`, so that a step may be
as long as the tumor needs to grow e-fold. Steps end early only to meet the target size and, where a
carrying capacity slows division, to follow it: division is multiplied by the mean of 1 - N / K over the
step, in closed form for the mean of the population. A lineage that dies out is thrown away and a new
founder starts, which is the law conditional on reaching the target.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import LARGEST_EXPONENT, mean_of_exponential
from forestall.engine.clones import COMPLETED, STACK_FULL, evolve_clones, evolve_founder
from forestall.engine.emission import silent_law
from forestall.engine.kernels import bare_kernel, kernel
from forestall.engine.mutation import Genotypes, emission_probability

REACHED = COMPLETED
OVERFLOWED = STACK_FULL
EXTINCT = 2
TOO_SLOW = 3

MAX_FOUNDERS = 100_000
GROWTH_PER_STEP = 3.0
CROWDED_GROWTH_PER_STEP = 0.25
_CROWDED = 0.01
_APPROACH = 0.5
_CLEARANCE = 64.0
_FAR_APPROACH = 0.98
_FAR_CLEARANCE = 400.0
_FAMILIES = 8.0 * math.e
_SIZE_TOLERANCE = 1e-4
_NOISE_TOLERANCE = 1e-2
_NEVER = 10.0
"""Standard deviations that chance does not carry a size."""


@bare_kernel
def mean_room(cells: float, capacity: float, b: float, d: float, days: float) -> float:
    """Mean of 1 - N(t) / K over an interval of logistic growth, between 0 and 1.

    Args:
        cells: Size N at the start, cells.
        capacity: Carrying capacity K, cells; may be infinite.
        b: Division rate without crowding, 1/day.
        d: Death rate, 1/day.
        days: Length of the interval, > 0.

    Notes:
        dN/dt = b (1 - N / K) N - d N; then the integral of b N / K over the interval is
        log(1 + b N / K * integral of exp((b - d) t)).
    """
    load = b * days * cells / capacity
    if load <= 0.0:
        return 1.0
    crowding = math.log1p(load * mean_of_exponential(min((b - d) * days, LARGEST_EXPONENT))) / (b * days)
    return min(1.0, max(0.0, 1.0 - crowding))


@bare_kernel
def _average(cells: npt.NDArray[np.float64], rates: npt.NDArray[np.float64]) -> float:
    weighted, total = 0.0, 0.0
    for genotype in range(cells.shape[0]):
        weighted += cells[genotype] * rates[genotype]
        total += cells[genotype]
    return weighted / total


@bare_kernel
def _fastest_growth(
    cells: npt.NDArray[np.float64],
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    room: float,
) -> float:
    """Largest relative rate of change: of a clone, or of the room that all share, 1/day."""
    fastest = 0.0
    for genotype in range(cells.shape[0]):
        if cells[genotype] > 0.0:
            growth = abs(birth[genotype] * room - death[genotype])
            fastest = max(fastest, growth, birth[genotype] * (1.0 - room))
    return fastest


@bare_kernel
def size_tolerance(target: float, b: float, d: float) -> float:
    """How far below the target counts as reached: within it, noise moves the size more than growth does."""
    noise = 0.5 * (b + d) / (b - d) if b > d else math.inf
    return max(0.5, _SIZE_TOLERANCE * target, min(noise, _NOISE_TOLERANCE * target))


@bare_kernel
def step_days(
    total: float, target: float, b: float, d: float, fastest: float, crowded: bool, longest: float
) -> float:
    """A step that stays below the target.

    It takes a share of the time that is missing on average (0.98, or 0.5 where the size is noisier), such
    that the rest of the missing size is at least four standard deviations, and the whole eight times a mean
    family.
    """
    limit = CROWDED_GROWTH_PER_STEP if crowded else GROWTH_PER_STEP
    days = min(longest, limit / fastest) if fastest > 0.0 else longest
    missing = target - total
    if b > 0.0:
        days = min(days, missing / (_FAMILIES * b))
    if b + d <= 0.0:
        return days
    noise = missing * missing / (target * (b + d))
    if b <= d:
        return min(days, noise / _CLEARANCE)
    remaining = math.log(target / total) / (b - d)
    far = min(_FAR_APPROACH * remaining, noise / _FAR_CLEARANCE)
    return min(days, max(far, min(_APPROACH * remaining, noise / _CLEARANCE)))


@kernel
def grow_to_size(
    state: npt.NDArray[np.uint64],
    founder: int,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    capacity: float,
    target: float,
    max_days: float,
    normal_above: float,
    mean_above: float,
    stack: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> tuple[float, int]:
    """Grow a tumor from one cell to a size.

    Args:
        state: (2,) state of a stream.
        founder: Genotype of the first cell.
        birth: (g,) division rates without crowding, 1/day.
        death: (g,) death rates, 1/day.
        edge_start: (g + 1,) first edge of each genotype (`mutation_edges`).
        edge_child: (e,) genotype of the mutants of each edge.
        edge_probability: (e,) probability per division of a mutant daughter.
        capacity: Carrying capacity, cells; infinite for exponential growth.
        target: Size to grow to, all genotypes together, cells; reached to 1e-4, or to half a cell, or to
            where noise outweighs growth (at most 1e-2).
        max_days: Longest life of a lineage; finite, so that a tumor that cannot grow ends.
        normal_above: Hand-over to the normal approximation (`forestall.engine.birth_death`).
        mean_above: Hand-over to the mean.
        stack: Work space (`new_stack`), one per thread.
        out: (g,) cells of each genotype at the end, overwritten; meaningless unless the status is `REACHED`.

    Returns:
        Age at the target size, days, counted from the founder of the surviving lineage (nan unless reached),
        and the status: `REACHED`, `OVERFLOWED` (see `evolve_clones`), `EXTINCT` (`MAX_FOUNDERS` lineages died
        out) or `TOO_SLOW` (a lineage lived for `max_days` without reaching the size).
    """
    work = np.empty((2, birth.shape[0]))
    genotypes = Genotypes(birth, death, edge_start, edge_child, edge_probability, normal_above, mean_above)
    slowed = Genotypes(work[1], death, edge_start, edge_child, edge_probability, normal_above, mean_above)
    return _grow(state, founder, genotypes, slowed, capacity, target, max_days, stack, work[0], out)


@bare_kernel
def _grow(
    state: npt.NDArray[np.uint64],
    founder: int,
    genotypes: Genotypes,
    slowed: Genotypes,
    capacity: float,
    target: float,
    max_days: float,
    stack: npt.NDArray[np.float64],
    cells: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> tuple[float, int]:
    """`grow_to_size` with work space: division rates that crowding has slowed, and cells.

    All founders share the first step, and the law of a silent line in it.
    """
    if _is_out_of_reach(genotypes, capacity, target):
        return math.nan, TOO_SLOW
    b, d = genotypes.birth[founder], genotypes.death[founder]
    room = max(0.0, 1.0 - 1.0 / capacity)
    if target - size_tolerance(target, b * room, d) <= 1.0:
        out[:] = 0.0
        out[founder] = 1.0
        return 0.0, REACHED
    fastest = max(abs(b * room - d), b / capacity)
    days = step_days(1.0, target, b * room, d, fastest, _CROWDED * capacity < 1.0, max_days)
    room = mean_room(1.0, capacity, b, d, days)
    total, division = emission_probability(founder, genotypes), b * room
    law = silent_law(division * (1.0 - total), d, division * total, days)
    for _ in range(MAX_FOUNDERS):
        _slow_down(genotypes, room, slowed)
        status = evolve_founder(state, founder, law, days, slowed, stack, out)
        if status != COMPLETED:
            return math.nan, status
        if out.sum() <= 0.0:
            continue
        age, status = _grow_lineage(
            state, days, genotypes, slowed, capacity, target, max_days, stack, cells, out
        )
        if status != EXTINCT:
            return age if status == REACHED else math.nan, status
    return math.nan, EXTINCT


@bare_kernel
def _is_out_of_reach(genotypes: Genotypes, capacity: float, target: float) -> bool:
    """Whether crowding stops every genotype at a size so far below the target that chance will not carry it there.

    Growth stops where b (1 - N / K) = d; the size then varies with a variance of K.
    """
    largest = 0.0
    for genotype in range(genotypes.birth.shape[0]):
        if genotypes.birth[genotype] > 0.0:
            largest = max(largest, 1.0 - genotypes.death[genotype] / genotypes.birth[genotype])
    if largest <= 0.0 or math.isinf(capacity):
        return False
    return (1.0 - _NOISE_TOLERANCE) * target > capacity * largest + _NEVER * math.sqrt(capacity)


@bare_kernel
def _grow_lineage(
    state: npt.NDArray[np.uint64],
    age: float,
    genotypes: Genotypes,
    slowed: Genotypes,
    capacity: float,
    target: float,
    max_days: float,
    stack: npt.NDArray[np.float64],
    cells: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> tuple[float, int]:
    """Grow what has come of a founder in `age` days."""
    birth, death = genotypes.birth, genotypes.death
    while True:
        total = out.sum()
        if total <= 0.0:
            return age, EXTINCT
        b, d = _average(out, birth), _average(out, death)
        room = max(0.0, 1.0 - total / capacity)
        if total >= target - size_tolerance(target, b * room, d):
            return age, REACHED
        if age >= max_days:
            return age, TOO_SLOW
        fastest = _fastest_growth(out, birth, death, room)
        days = step_days(total, target, b * room, d, fastest, total > _CROWDED * capacity, max_days - age)
        _slow_down(genotypes, mean_room(total, capacity, b, d, days), slowed)
        for genotype in range(out.shape[0]):
            cells[genotype] = out[genotype]
        status = evolve_clones(state, cells, days, slowed, stack, out)
        if status != COMPLETED:
            return age, status
        age += days


@bare_kernel
def _slow_down(genotypes: Genotypes, room: float, slowed: Genotypes) -> None:
    """Set the division rates that are left where so much room is."""
    for genotype in range(genotypes.birth.shape[0]):
        slowed.birth[genotype] = genotypes.birth[genotype] * room
