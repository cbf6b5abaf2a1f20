"""Clones that mutate: parents, mutants and mutants of mutants over an interval, jointly.

A clone is followed from one emission to the next (`forestall.engine.emission`), which costs one draw per mutant
and none per cell, or in bulk where it is large and expects many mutants (`forestall.engine.bulk`). Mutants wait
on a stack and are followed to the end in the same way.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import birth_death_step, constant_rate_law
from forestall.engine.bulk import bulk_days, days_in_bulk, emit_in_bulk
from forestall.engine.counts import next_geometric, next_negative_binomial
from forestall.engine.emission import emission_time, next_emission, silent_law
from forestall.engine.kernels import bare_kernel
from forestall.engine.mutation import Genotypes, emission_probability, push, set_aside
from forestall.engine.random import next_exponential, next_uniform

COMPLETED = 0
STACK_FULL = 1

_WAITING_AT_ONCE = 64


@bare_kernel
def evolve_clones(
    state: npt.NDArray[np.uint64],
    cells: npt.NDArray[np.float64],
    days: float,
    genotypes: Genotypes,
    stack: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> int:
    """All genotypes after an interval of constant rates, of any length: parents, mutants and their mutants.

    Args:
        state: (2,) state of a stream.
        cells: (g,) cells at the start, integer-valued; not changed.
        days: Length of the interval.
        genotypes: Rates and edges.
        stack: Work space (`new_stack`), one per thread.
        out: (g,) cells at the end; must not be `cells`.

    Returns:
        `COMPLETED`, or `STACK_FULL` when more founders waited than the stack holds; `out` is then not usable.
    """
    out[:] = 0.0
    for genotype in range(cells.shape[0]):
        if cells[genotype] <= 0.0:
            continue
        top = push(stack, 0, genotype, 0.0, cells[genotype])
        if _follow_all(state, days, genotypes, stack, top, out) < 0:
            return STACK_FULL
    return COMPLETED


@bare_kernel
def evolve_founder(
    state: npt.NDArray[np.uint64],
    founder: int,
    law: tuple[float, float, float],
    days: float,
    genotypes: Genotypes,
    stack: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> int:
    """`evolve_clones` from one cell, for many cells one after another: the law of its silent line is given.

    Args:
        state: (2,) state of a stream.
        founder: Its genotype.
        law: `silent_law` of the founder's rates and the interval.
        days: Length of the interval.
        genotypes: Rates and edges.
        stack: Work space.
        out: (g,) cells at the end.

    Returns:
        As `evolve_clones`.
    """
    out[:] = 0.0
    log_silent, survival, stop = law
    wait = next_exponential(state)
    if wait > -log_silent:
        if next_uniform(state) < survival:
            out[founder] = 1.0 + next_geometric(state, stop)
        return COMPLETED
    total, division, d = (
        emission_probability(founder, genotypes),
        genotypes.birth[founder],
        genotypes.death[founder],
    )
    b, emission = division * (1.0 - total), division * total
    day = min(days, emission_time(b, d, emission, -math.expm1(-wait)))
    _, _, stop = silent_law(b, d, emission, day)
    top = push(stack, 0, founder, day, 1.0 + next_negative_binomial(state, 2.0, stop))
    top = push(stack, top, _choose_mutant(state, founder, total, genotypes), day, 1.0)
    return COMPLETED if _follow_all(state, days, genotypes, stack, top, out) >= 0 else STACK_FULL


@bare_kernel
def _follow_all(
    state: npt.NDArray[np.uint64],
    days: float,
    genotypes: Genotypes,
    stack: npt.NDArray[np.float64],
    top: int,
    out: npt.NDArray[np.float64],
) -> int:
    """Follow all clones that wait on the stack to day `days`; 0, or -1 when the stack was full."""
    while top > 0:
        top -= 1
        clone, start, number = int(stack[top, 0]), stack[top, 1], stack[top, 2]
        after, top = _follow_clone(state, clone, number, start, days, genotypes, stack, top, out)
        out[clone] += after
    return top


@bare_kernel
def _follow_clone(
    state: npt.NDArray[np.uint64],
    genotype: int,
    cells: float,
    start: float,
    days: float,
    genotypes: Genotypes,
    stack: npt.NDArray[np.float64],
    top: int,
    out: npt.NDArray[np.float64],
) -> tuple[float, int]:
    """Follow the cells of one genotype from day `start` to day `days` and put their mutants on the stack.

    Returns:
        Cells on day `days` and the new number of waiting founders, -1 when the stack was full. A clone that
        has put many mutants on the stack is put below them itself, to be followed further, and returns 0.
    """
    base, division, d = top, genotypes.birth[genotype], genotypes.death[genotype]
    normal_above, mean_above = genotypes.normal_above, genotypes.mean_above
    if genotypes.edge_start[genotype] == genotypes.edge_start[genotype + 1]:
        survival, stop = constant_rate_law(division, d, days - start)
        return birth_death_step(state, cells, survival, stop, normal_above, mean_above), top
    total = emission_probability(genotype, genotypes)
    b, emission = division * (1.0 - total), division * total
    while cells > 0.0 and start < days and top >= 0:
        if top - base >= _WAITING_AT_ONCE:
            return 0.0, set_aside(stack, base, top, genotype, start, cells)
        span = days - start
        bulk = days_in_bulk(cells, b, d, emission, span)
        if bulk > 0.0:
            span = min(bulk, bulk_days(genotype, genotypes))
            survival, stop = constant_rate_law(b, d, span)
            after = birth_death_step(state, cells, survival, stop, normal_above, mean_above)
            top = emit_in_bulk(state, genotype, cells, after, start, span, days, genotypes, stack, top, out)
            cells, start = after, start + span
            continue
        day, cells = next_emission(state, cells, b, d, emission, span, normal_above, mean_above)
        if day > span:
            break
        start += day
        top = push(stack, top, _choose_mutant(state, genotype, total, genotypes), start, 1.0)
    return cells, top


@bare_kernel
def _choose_mutant(state: npt.NDArray[np.uint64], genotype: int, total: float, genotypes: Genotypes) -> int:
    """Genotype of a mutant, in proportion to the probabilities, which add up to `total`."""
    edge, last = genotypes.edge_start[genotype], genotypes.edge_start[genotype + 1]
    rest = next_uniform(state) * total
    while edge < last - 1 and rest > genotypes.edge_probability[edge]:
        rest -= genotypes.edge_probability[edge]
        edge += 1
    return int(genotypes.edge_child[edge])
