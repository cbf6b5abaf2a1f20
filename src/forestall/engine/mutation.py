"""Clones that mutate: parents, mutants and mutants of mutants over an interval, jointly.

A division yields one mutant daughter with probability u; the other daughter, and the number of parents,
stay. Seen from the parent its cells divide at rate b (1 - u), die at rate d, and emit mutants at rate b u.
The probability that one cell's line emits nothing in an interval, and its number of cells then, have a
closed form (a birth-death process with killing), so that the first emission, the size of the parent at that
moment and everything after can be sampled without approximation and without a step: `follow_clone` costs
one draw per mutant and none per cell.

Where more than `BULK_ABOVE` mutants are expected of a clone that is large, their number is Poisson along the
exponential path between the parent's sampled ends, founded at four Gauss-Legendre nodes of the interval: mean
and variance of the number of mutants at the end are then right to the error of the quadrature (below 1e-4),
and the neglected spread of the path about the exponential is below 1% of the number of mutants.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import (
    birth_death_step,
    constant_rate_law,
    mean_of_exponential,
    poisson_families,
)
from forestall.engine.counts import next_geometric, next_negative_binomial, next_poisson
from forestall.engine.kernels import bare_kernel, kernel
from forestall.engine.random import next_exponential, next_uniform

COMPLETED = 0
STACK_FULL = 1

BULK_ABOVE = 3.0
_BULK_CELLS = 1000.0
_BULK_EXPONENT = 4.0
_LARGEST_EXPONENT = 700.0
_RARE = 2.0
"""Edges that expect fewer mutants of a clone in an interval are drawn together."""
_FEW = 12.0
"""Up to so many expected mutants that do not mutate themselves are drawn one by one."""
_WAITING_AT_ONCE = 64
_NODES = 0.5 + 0.5 * np.polynomial.legendre.leggauss(4)[0]
_WEIGHTS = 0.5 * np.polynomial.legendre.leggauss(4)[1]

STACK_ROWS = 4096


@kernel
def new_stack() -> npt.NDArray[np.float64]:
    """Work space of `evolve_clones`: founders (genotype, day, cells) that wait to be followed to the end."""
    return np.empty((STACK_ROWS, 3))


def mutation_edges(
    probability: npt.ArrayLike,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Edges of a mutation graph in the form that `evolve_clones` takes.

    Args:
        probability: (g, g) probability per division of genotype i (row) of a mutant daughter of genotype j.

    Returns:
        edge_start (g + 1,), edge_child (e,) and edge_probability (e,).

    Raises:
        ValueError: A probability is negative, or those of one genotype add up to more than 1.
    """
    matrix = np.array(probability, dtype=np.float64)
    np.fill_diagonal(matrix, 0.0)
    if (matrix < 0.0).any() or (matrix.sum(axis=1) > 1.0).any():
        raise ValueError("mutation probabilities must be >= 0 and at most 1 in sum per genotype")
    parents, children = np.nonzero(matrix)
    start = np.searchsorted(parents, np.arange(matrix.shape[0] + 1)).astype(np.int64)
    return start, children.astype(np.int64), matrix[parents, children]


@bare_kernel
def emission_roots(b: float, d: float, emission: float) -> tuple[float, float, float, float]:
    """Constants of the birth-death process killed at its first emission.

    With x1 <= 1 <= x2 the roots of b x^2 - (b + d + emission) x + d, returns b (x2 - x1), b x1, b (1 - x1)
    and b (x2 - 1), each without cancellation and also for b = 0.
    """
    net = b - d
    rate = math.sqrt(net * net + emission * (emission + 2.0 * (b + d)))
    total = b + d + emission + rate
    lower = 2.0 * b * d / total if total > 0.0 else 0.0
    if net >= emission:
        below = 0.5 * (net - emission + rate)
        above = emission * b / below if below > 0.0 else 0.0
        return rate, lower, below, above
    above = 0.5 * (emission - net + rate)
    return rate, lower, emission * b / above, above


@bare_kernel
def silent_law(b: float, d: float, emission: float, days: float) -> tuple[float, float, float]:
    """What becomes of one cell whose line emits nothing.

    Args:
        b: Division rate without emission, 1/day.
        d: Death rate, 1/day.
        emission: Rate at which a cell emits mutants, 1/day.
        days: Length of the interval.

    Returns:
        Logarithm of the probability that the line emits nothing, and, given that, the probability of survival
        and of stopping, as in `constant_rate_law`.
    """
    rate, lower, _, above = emission_roots(b, d, emission)
    decay = math.exp(-min(rate * days, _LARGEST_EXPONENT))
    mixing = days * mean_of_exponential(-rate * days)
    alive = decay + above * mixing
    spread = 1.0 + lower * mixing
    survivor = decay / (spread * alive)
    silent = survivor + d * mixing / spread
    if silent <= 0.0:
        return -math.inf, 1.0, 1.0
    emitted = emission * mixing / alive
    log_silent = math.log1p(-emitted) if emitted < 0.5 else math.log(silent)
    return log_silent, survivor / silent, min(1.0, alive / spread)


@bare_kernel
def emission_time(b: float, d: float, emission: float, emitted: float) -> float:
    """The time at which a line has emitted with a given probability: inverse of `silent_law`, days."""
    rate, _, below, _ = emission_roots(b, d, emission)
    mixing = emitted / (emission + emitted * below)
    if rate * mixing < 1e-300:
        return mixing
    return -math.log1p(-min(rate * mixing, 1.0)) / rate


@bare_kernel
def next_emission(
    state: npt.NDArray[np.uint64],
    cells: float,
    b: float,
    d: float,
    emission: float,
    days: float,
    normal_above: float,
    mean_above: float,
) -> tuple[float, float]:
    """Follow a clone to its first mutant or to the end of the interval.

    Args:
        state: (2,) state of a stream.
        cells: Cells at the start, integer-valued.
        b: Division rate without emission, 1/day.
        d: Death rate, 1/day.
        emission: Rate at which a cell emits mutants, 1/day.
        days: Length of the interval.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.

    Returns:
        Day of the first mutant, or infinity when there is none, and the cells of the clone at that time
        (or at the end).
    """
    log_silent, survival, stop = silent_law(b, d, emission, days)
    wait = next_exponential(state)
    if log_silent >= 0.0 or wait > -cells * log_silent:
        return math.inf, birth_death_step(state, cells, survival, stop, normal_above, mean_above)
    day = min(days, emission_time(b, d, emission, -math.expm1(-wait / cells)))
    _, survival, stop = silent_law(b, d, emission, day)
    family = 1.0 + next_negative_binomial(state, 2.0, stop)
    return day, family + birth_death_step(state, cells - 1.0, survival, stop, normal_above, mean_above)


@bare_kernel
def _push(stack: npt.NDArray[np.float64], top: int, genotype: int, day: float, cells: float) -> int:
    if top >= 0 and top < stack.shape[0]:
        stack[top, 0] = genotype
        stack[top, 1] = day
        stack[top, 2] = cells
        return top + 1
    return -1


@bare_kernel
def _set_aside(
    stack: npt.NDArray[np.float64], base: int, top: int, genotype: int, day: float, cells: float
) -> int:
    """Let a clone wait below its own mutants."""
    top = _push(stack, top, int(stack[base, 0]), stack[base, 1], stack[base, 2])
    _push(stack, base, genotype, day, cells)
    return top


@bare_kernel
def _days_in_bulk(cells: float, b: float, d: float, emission: float, days: float) -> float:
    """The longest part of an interval over which a clone is so large that its path is known well enough.

    0 if fewer mutants than are worth it are expected in that part.
    """
    room = cells / _BULK_CELLS - 1.0
    if room <= 0.0:
        return 0.0
    days = min(days, room / (b + d)) if b + d > 0.0 else days
    growth = min((b - d) * days, _LARGEST_EXPONENT)
    expected = emission * cells * days * max(1.0, mean_of_exponential(growth))
    return days if expected > BULK_ABOVE else 0.0


@bare_kernel
def _choose_edge(
    state: npt.NDArray[np.uint64], first: int, last: int, probability: npt.NDArray[np.float64], total: float
) -> int:
    rest = next_uniform(state) * total
    edge = first
    while edge < last - 1 and rest > probability[edge]:
        rest -= probability[edge]
        edge += 1
    return edge


@bare_kernel
def _bulk_days(
    genotype: int,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
) -> float:
    """Longest interval over which four nodes integrate mean and variance of the mutants to 1e-4."""
    net = birth[genotype] - death[genotype]
    fastest = abs(net)
    for edge in range(edge_start[genotype], edge_start[genotype + 1]):
        child = edge_child[edge]
        own = birth[child] - death[child]
        fastest = max(fastest, abs(own - net), abs(2.0 * own - net))
    return _BULK_EXPONENT / fastest if fastest > 0.0 else math.inf


@bare_kernel
def _emit_in_bulk(
    state: npt.NDArray[np.uint64],
    cells: float,
    after: float,
    b: float,
    start: float,
    days: float,
    first: int,
    last: int,
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    stack: npt.NDArray[np.float64],
    top: int,
    end: float,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    normal_above: float,
    out: npt.NDArray[np.float64],
) -> int:
    exponent = math.log(max(after, 1.0) / cells)
    total, rare = 0.0, 0.0
    for node in range(4):
        total += b * cells * math.exp(exponent * _NODES[node]) * _WEIGHTS[node] * days
    for edge in range(first, last):
        expected = edge_probability[edge] * total
        if expected < _RARE:
            rare += expected
            continue
        child = edge_child[edge]
        final = edge_start[child] == edge_start[child + 1]
        if final and expected <= _FEW:
            scale = edge_probability[edge] * b * cells * days
            out[child] += _few_families(state, scale, exponent, birth[child], death[child], end - start, days)
            continue
        for node in range(4):
            share = b * cells * math.exp(exponent * _NODES[node]) * _WEIGHTS[node] * days
            expected, day = edge_probability[edge] * share, start + _NODES[node] * days
            if final:
                out[child] += _families(state, expected, birth[child], death[child], end - day, normal_above)
                continue
            mutants = next_poisson(state, expected)
            if mutants > 0.0:
                top = _push(stack, top, child, day, mutants)
    for _ in range(int(next_poisson(state, rare))):
        edge = _choose_rare_edge(state, first, last, edge_probability, total, rare)
        rest, node = next_uniform(state) * total, 0
        while node < 3:
            rest -= b * cells * math.exp(exponent * _NODES[node]) * _WEIGHTS[node] * days
            if rest < 0.0:
                break
            node += 1
        top = _push(stack, top, edge_child[edge], start + _NODES[node] * days, 1.0)
    return top


@bare_kernel
def _few_families(
    state: npt.NDArray[np.uint64],
    scale: float,
    exponent: float,
    b: float,
    d: float,
    longest: float,
    days: float,
) -> float:
    """`_families` of all four nodes together: one Poisson number, then the node and the size of each family.

    Args:
        state: (2,) state of a stream.
        scale: Expected founders if the parent kept its size.
        exponent: Logarithm of the parent's growth over the nodes.
        b: Division rate of the founders, 1/day.
        d: Their death rate, 1/day.
        longest: Days from the start of the nodes' interval to the end.
        days: Length of the nodes' interval.
    """
    total = 0.0
    for node in range(4):
        survival, _ = constant_rate_law(b, d, longest - _NODES[node] * days)
        total += scale * math.exp(exponent * _NODES[node]) * _WEIGHTS[node] * survival
    cells = 0.0
    for _ in range(int(next_poisson(state, total))):
        rest = next_uniform(state) * total
        for node in range(4):
            survival, stop = constant_rate_law(b, d, longest - _NODES[node] * days)
            rest -= scale * math.exp(exponent * _NODES[node]) * _WEIGHTS[node] * survival
            if rest < 0.0 or node == 3:
                cells += 1.0 + next_geometric(state, stop)
                break
    return cells


@bare_kernel
def _families(
    state: npt.NDArray[np.uint64], expected: float, b: float, d: float, days: float, normal_above: float
) -> float:
    """Cells, after some days, of a Poisson number of founders that do not mutate: those that die out are not drawn."""
    survival, stop = constant_rate_law(b, d, days)
    return poisson_families(state, expected * survival, 1.0 / stop - 1.0, normal_above)


@bare_kernel
def _choose_rare_edge(
    state: npt.NDArray[np.uint64],
    first: int,
    last: int,
    probability: npt.NDArray[np.float64],
    total: float,
    rare: float,
) -> int:
    """One of the edges of which fewer than `_RARE` mutants are expected, in proportion to that number."""
    rest, chosen = next_uniform(state) * rare, first
    for edge in range(first, last):
        expected = probability[edge] * total
        if 0.0 < expected < _RARE:
            chosen = edge
            rest -= expected
            if rest < 0.0:
                break
    return chosen


@bare_kernel
def follow_clone(
    state: npt.NDArray[np.uint64],
    genotype: int,
    cells: float,
    start: float,
    days: float,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    normal_above: float,
    mean_above: float,
    stack: npt.NDArray[np.float64],
    top: int,
    out: npt.NDArray[np.float64],
) -> tuple[float, int]:
    """Follow the cells of one genotype from day `start` to day `days` and put their mutants on the stack.

    Args:
        state: (2,) state of a stream.
        genotype: Index of the genotype.
        cells: Its cells on day `start`, integer-valued.
        start: Day within the interval.
        days: End of the interval.
        birth: (g,) division rates, 1/day.
        death: (g,) death rates, 1/day.
        edge_start: (g + 1,) first edge of each genotype.
        edge_child: (e,) genotype of the mutants of each edge.
        edge_probability: (e,) probability per division of a mutant daughter.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.
        stack: Waiting founders (`new_stack`).
        top: Number of waiting founders.
        out: (g,) receives the descendants of mutants that do not mutate and need not wait.

    Returns:
        Cells on day `days` and the new number of waiting founders, -1 when the stack was full. A clone that
        has put many mutants on the stack is put below them itself, to be followed further, and returns 0.
    """
    first, last, base = edge_start[genotype], edge_start[genotype + 1], top
    if first == last:
        survival, stop = constant_rate_law(birth[genotype], death[genotype], days - start)
        return birth_death_step(state, cells, survival, stop, normal_above, mean_above), top
    total = edge_probability[first:last].sum()
    division, d = birth[genotype], death[genotype]
    b, emission = division * (1.0 - total), division * total
    while cells > 0.0 and start < days and top >= 0:
        if top - base >= _WAITING_AT_ONCE:
            top = _set_aside(stack, base, top, genotype, start, cells)
            return 0.0, top
        span = days - start
        bulk = _days_in_bulk(cells, b, d, emission, span)
        if bulk > 0.0:
            span = min(bulk, _bulk_days(genotype, birth, death, edge_start, edge_child))
            survival, stop = constant_rate_law(b, d, span)
            after = birth_death_step(state, cells, survival, stop, normal_above, mean_above)
            top = _emit_in_bulk(
                state, cells, after, division, start, span, first, last, edge_child, edge_probability,
                stack, top, days, birth, death, edge_start, normal_above, out,
            )  # fmt: skip
            cells, start = after, start + span
            continue
        day, cells = next_emission(state, cells, b, d, emission, span, normal_above, mean_above)
        if day > span:
            break
        start += day
        edge = _choose_edge(state, first, last, edge_probability, total)
        top = _push(stack, top, edge_child[edge], start, 1.0)
    return cells, top


@bare_kernel
def evolve_clones(
    state: npt.NDArray[np.uint64],
    cells: npt.NDArray[np.float64],
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    days: float,
    normal_above: float,
    mean_above: float,
    stack: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> int:
    """All genotypes after an interval of constant rates, of any length: parents, mutants and their mutants.

    Args:
        state: (2,) state of a stream.
        cells: (g,) cells at the start, integer-valued; not changed.
        birth: (g,) division rates, 1/day.
        death: (g,) death rates, 1/day.
        edge_start: (g + 1,) first edge of each genotype.
        edge_child: (e,) genotype of the mutants of each edge; any graph, back mutation included.
        edge_probability: (e,) probability per division of a mutant daughter; at most 1 in sum per genotype.
        days: Length of the interval.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.
        stack: Work space (`new_stack`), one per thread.
        out: (g,) cells at the end; must not be `cells`.

    Returns:
        `COMPLETED`, or `STACK_FULL` when more founders waited than the stack holds; `out` is then not usable.
    """
    out[:] = 0.0
    for genotype in range(cells.shape[0]):
        if cells[genotype] <= 0.0:
            continue
        top = _push(stack, 0, genotype, 0.0, cells[genotype])
        top = _follow_all(
            state, days, birth, death, edge_start, edge_child, edge_probability, normal_above, mean_above,
            stack, top, out,
        )  # fmt: skip
        if top < 0:
            return STACK_FULL
    return COMPLETED


@bare_kernel
def _follow_all(
    state: npt.NDArray[np.uint64],
    days: float,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    normal_above: float,
    mean_above: float,
    stack: npt.NDArray[np.float64],
    top: int,
    out: npt.NDArray[np.float64],
) -> int:
    """Follow all clones that wait on the stack to day `days`; 0, or -1 when the stack was full."""
    while top > 0:
        top -= 1
        clone, start, number = int(stack[top, 0]), stack[top, 1], stack[top, 2]
        after, top = follow_clone(
            state, clone, number, start, days, birth, death, edge_start, edge_child, edge_probability,
            normal_above, mean_above, stack, top, out,
        )  # fmt: skip
        out[clone] += after
    return top


@bare_kernel
def evolve_founder(
    state: npt.NDArray[np.uint64],
    founder: int,
    log_silent: float,
    survival: float,
    stop: float,
    birth: npt.NDArray[np.float64],
    death: npt.NDArray[np.float64],
    edge_start: npt.NDArray[np.int64],
    edge_child: npt.NDArray[np.int64],
    edge_probability: npt.NDArray[np.float64],
    days: float,
    normal_above: float,
    mean_above: float,
    stack: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> int:
    """`evolve_clones` from one cell, for many cells one after another: the law of its silent line is given.

    Args:
        state: (2,) state of a stream.
        founder: Its genotype.
        log_silent: As `silent_law` returns it for the founder's rates and the interval, like the next two.
        survival: Probability that a silent line survives.
        stop: Its probability of stopping.
        birth: As for `evolve_clones`.
        death: As for `evolve_clones`.
        edge_start: As for `evolve_clones`.
        edge_child: As for `evolve_clones`.
        edge_probability: As for `evolve_clones`.
        days: Length of the interval.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.
        stack: Work space.
        out: (g,) cells at the end.

    Returns:
        As `evolve_clones`.
    """
    out[:] = 0.0
    wait = next_exponential(state)
    if wait > -log_silent:
        if next_uniform(state) < survival:
            out[founder] = 1.0 + next_geometric(state, stop)
        return COMPLETED
    first, last = edge_start[founder], edge_start[founder + 1]
    total = edge_probability[first:last].sum()
    b, emission = birth[founder] * (1.0 - total), birth[founder] * total
    day = min(days, emission_time(b, death[founder], emission, -math.expm1(-wait)))
    _, _, stop = silent_law(b, death[founder], emission, day)
    top = _push(stack, 0, founder, day, 1.0 + next_negative_binomial(state, 2.0, stop))
    top = _push(stack, top, edge_child[_choose_edge(state, first, last, edge_probability, total)], day, 1.0)
    top = _follow_all(
        state, days, birth, death, edge_start, edge_child, edge_probability, normal_above, mean_above,
        stack, top, out,
    )  # fmt: skip
    return COMPLETED if top >= 0 else STACK_FULL
