"""One clone over an interval of constant rates: exact event by event of its line's emissions, or in bulk where it is large.

A clone *emits* mutants at its divisions and cells that fall asleep (or wake). While few are expected, the first emission, the size
of the clone then, and everything after are drawn without approximation (`forestall.engine.emission`): a draw per emission, none
per cell. A large clone that emits many is drawn at once: with the exact mean and covariance of both phenotypes where many cells
switch, otherwise by its own exact law with a Poisson number of emissions along its path.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import birth_death_step, constant_rate_law
from forestall.engine.branching.daughters import cycling_rates, expected_emissions, push_emitted
from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.mutants import (
    emit_mutants,
    emit_sleepers,
    exponential_path,
    fastest_change,
    node_day,
    node_weight,
)
from forestall.engine.branching.silent import next_emission_of_many, next_emission_of_one
from forestall.engine.branching.stack import (
    CYCLING,
    DONE,
    LARGE_ABOVE,
    MEAN_ABOVE,
    NORMAL_ABOVE,
    PAIR_ABOVE,
    STATUS,
    Worker,
    ask_for,
    push,
    set_aside,
)
from forestall.engine.branching.together import (
    FEW,
    expected_to_wake,
    follow_together,
    longest_at_once,
)
from forestall.engine.counts import next_binomial
from forestall.engine.emission import Roots, emission_roots
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.random import next_exponential, next_uniform

Floats = npt.NDArray[np.float64]

_WAITING_AT_ONCE = 64
_FEW_OF_STEADY, _STEADY = 1.0, 1e-3
"""Mutants up to which a large clone is followed one by one if its own chance adds less than a part in ten thousand (a twelfth of the
second number) to the variance of their number."""
_ALONE = 4.0
"""Tolerant cells up to which each is drawn by itself."""


@bare_kernel_with(forceinline=True)
def follow_cycling(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow the cycling cells of one genotype to the end of an interval.

    Args:
        state: (2,) state of a stream.
        row: The genotype.
        cells: Its cells on day `start`, integer-valued.
        start: Day within the interval.
        end: End of the interval.
        phase: Phase of treatment.
        room: Factor on divisions.
        lattice: Genotypes.
        worker: Founders that wait.
        top: Their number.

    Returns:
        Cells on day `end` and the new number of founders that wait. A clone that has put many founders on the stack is put
        below them itself and returns 0.
    """
    base, sizes, total = top, worker.sizes, lattice.total[row]
    division, d, sleep = cycling_rates(row, phase, room, lattice)
    b, emission = division * (1.0 - total), division * total + sleep
    bulk = sizes[PAIR_ABOVE] if sleep > 0.0 else 2.0 * sizes[LARGE_ABOVE]
    roots = emission_roots(b, d, emission) if emission > 0.0 else (0.0, 0.0, 0.0, 0.0)
    while cells > 0.0 and start < end and worker.note[STATUS] == DONE:
        if top - base >= _WAITING_AT_ONCE:
            top = set_aside(worker, base, top)
            push(worker, base, row, CYCLING, start, cells)
            return 0.0, top
        span = end - start
        few = _few(sleep, emission, b + d, span)
        if cells > bulk and expected_emissions(cells, b - d, emission, span) > few:
            day, top = follow_together(state, row, cells, 0.0, start, end, phase, room, lattice, worker, top)
            if day > start:
                return 0.0, top
            days, cells, top = _follow_in_bulk(
                state, row, cells, start, span, phase, room, lattice, worker, top
            )
            if days > 0.0 or worker.note[STATUS] != DONE:
                start += days
                continue
        day, cells = _next_emission(state, cells, roots, b, d, emission, span, sizes)
        start += min(day, span)
        if day > span:
            continue
        asleep = sleep > 0.0 and next_uniform(state) * emission < sleep
        cells = cells - 1.0 if asleep else cells
        top = push_emitted(state, row, asleep, start, lattice, worker, top)
    return cells, top


@bare_kernel
def _few(sleep: float, emission: float, turnover: float, days: float) -> float:
    """Emissions up to which a large clone is followed one by one, by rates of a cell, 1/day.

    Between its sampled ends the integral of N cells' number varies by about N turnover days^3 / 12 (a Brownian bridge), which adds
    emission turnover days^2 / 12 to the variance over the mean of the number of mutants.
    """
    return _FEW_OF_STEADY if sleep <= 0.0 and emission * turnover * days * days < _STEADY else FEW


@bare_kernel_with(forceinline=True)
def _next_emission(
    state: npt.NDArray[np.uint64],
    cells: float,
    roots: Roots,
    b: float,
    d: float,
    emission: float,
    days: float,
    sizes: Floats,
) -> tuple[float, float]:
    """Day of the first emission of a clone, and its cells then."""
    if emission <= 0.0:
        survival, stop = constant_rate_law(b, d, days)
        return math.inf, birth_death_step(
            state, cells, survival, stop, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE]
        )
    if cells == 1.0:
        return next_emission_of_one(state, roots, emission, days)
    return next_emission_of_many(
        state, cells, roots, d, emission, days, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE]
    )


@bare_kernel_with(forceinline=True)
def _follow_in_bulk(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    span: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, float, int]:
    """Follow a large clone of cycling cells over days that can be drawn at once; arguments as for `follow_cycling`.

    Returns:
        These days, at most `span` and 0 where too few emissions are expected; the cells at their end; and the new number of
        founders that wait.
    """
    fastest = fastest_change(row, phase, room, lattice)
    if math.isnan(fastest):
        ask_for(worker, row)
        return 0.0, cells, top
    sizes, total = worker.sizes, lattice.total[row]
    division, d, sleep = cycling_rates(row, phase, room, lattice)
    b, emission = division * (1.0 - total), division * total + sleep
    days = min(span, longest_at_once(fastest), _span_of_path(cells, b + d, sizes))
    few = _few(sleep, emission, b + d, days)
    if days <= 0.0 or expected_emissions(cells, b - d, emission, days) <= few:
        return 0.0, cells, top
    survival, stop = constant_rate_law(b, d + sleep, days)
    after = birth_death_step(state, cells, survival, stop, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE])
    path = exponential_path(cells, after, start, days, fastest)
    if total > 0.0:
        top = emit_mutants(state, row, phase, room, path, lattice, worker, top)
    if sleep > 0.0:
        top = emit_sleepers(state, row, sleep, path, worker, top)
    return days, after, top


@bare_kernel_with(forceinline=True)
def follow_tolerant(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow the tolerant cells of one genotype; arguments and result as for `follow_cycling`."""
    wake, death = lattice.rates[row, phase, 3], lattice.rates[row, phase, 4]
    leaving = wake + death
    while cells > 0.0 and start < end and leaving > 0.0 and worker.note[STATUS] == DONE:
        if cells <= _ALONE:
            return _follow_few_tolerant(state, row, cells, start, end, wake, leaving, worker, top)
        span = end - start
        if wake > 0.0 and expected_to_wake(cells, wake, leaving, span) > FEW:
            day, top = follow_together(state, row, 0.0, cells, start, end, phase, room, lattice, worker, top)
            if day > start:
                return 0.0, top
            fastest = fastest_change(row, phase, room, lattice)
            if math.isnan(fastest):
                ask_for(worker, row)
                break
            span = min(span, longest_at_once(fastest))
        left = next_binomial(state, cells, -math.expm1(-leaving * span))
        woken = next_binomial(state, left, wake / leaving)
        top = _wake(state, row, woken, start, span, leaving, worker, top)
        cells, start = cells - left, start + span
    return cells, top


@bare_kernel
def _follow_few_tolerant(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    wake: float,
    leaving: float,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow each of a few tolerant cells by itself; arguments and result as for `follow_tolerant`, rates 1/day."""
    asleep = 0.0
    for _ in range(int(cells)):
        day = start + next_exponential(state) / leaving
        if day >= end:
            asleep += 1.0
        elif next_uniform(state) * leaving < wake:
            top = push(worker, top, row, CYCLING, day, 1.0)
    return asleep, top


@bare_kernel
def _wake(
    state: npt.NDArray[np.uint64],
    row: int,
    woken: float,
    start: float,
    span: float,
    leaving: float,
    worker: Worker,
    top: int,
) -> int:
    """Put cells that woke on the stack: each on its own day while they are few, at four nodes otherwise."""
    gone = -math.expm1(-leaving * span)
    if woken <= _WAITING_AT_ONCE:
        for _ in range(int(woken)):
            day = -math.log1p(-next_uniform(state) * gone) / leaving
            top = push(worker, top, row, CYCLING, start + min(day, span), 1.0)
        return top
    rest = 0.0
    for node in range(4):
        rest += node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
    for node in range(4):
        share = node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
        cells = next_binomial(state, woken, min(1.0, share / rest)) if node < 3 else woken
        if cells > 0.0:
            top = push(worker, top, row, CYCLING, node_day(node, start, span), cells)
        woken, rest = woken - cells, rest - share
    return top


@bare_kernel
def _span_of_path(cells: float, turnover: float, sizes: Floats) -> float:
    """Interval over which the path of a clone between its sampled ends is known well enough; 0 if it is too small."""
    if cells <= 2.0 * sizes[LARGE_ABOVE]:
        return 0.0
    return (cells / sizes[LARGE_ABOVE] - 1.0) / turnover if turnover > 0.0 else math.inf
