"""Mutants of a large clone whose size hardly changes, drawn all at once at the end of an interval.

Founders that come at a constant rate v, whose lines divide at rate b, leave a negative binomial number of cells: of shape v / b, and
with the stopping probability of one line. This is exact for any death rate and any shape. If the lines emit mutants of their own it
holds, with the constants of `forestall.engine.emission`, for the cells of those that have emitted nothing; those that have are a
Poisson number, independent of the others. A path that grows or shrinks is a level one and an excess above it, whose few mutants are
drawn one by one. With G the generating function of a line that emits nothing, x1 and x2 as in `emission_roots`,

    G' = b (G - x1) (G - x2)    hence    integral of (G - x1) = -log((x2 - z) / (x2 - G)) / b,

whose dependence on z is that of a negative binomial number.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import LARGEST_EXPONENT, mean_of_exponential
from forestall.engine.branching.daughters import (
    cycling_rates,
    expected_emissions,
    push_emitted,
    push_mutants,
)
from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.path import Path
from forestall.engine.branching.silent import emitting_line
from forestall.engine.branching.stack import CYCLING, Worker, push
from forestall.engine.counts import next_gamma, next_poisson
from forestall.engine.emission import Roots, emission_roots
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.random import next_uniform

_ENOUGH = 1.0
"""Mutants with one alteration that must be expected: fewer cost less one by one."""
_EXCESS = 1.0
"""Mutants that may be expected of the excess above the level path."""
_LINES_THAT_EMIT = 1.0
"""Emissions that may be expected of all mutants."""


@bare_kernel_with(forceinline=True)
def is_steady(row: int, expected: float, phase: int, room: float, path: Path, lattice: LatticeArrays) -> bool:
    """Whether the mutants of a path are drawn all at once.

    Args:
        row: Genotype of the mutants, below 0 if it is not in the lattice.
        expected: Their number.
        phase: Phase of treatment.
        room: Factor on divisions.
        path: Number of parents.
        lattice: Genotypes.
    """
    if row < 0 or expected < _ENOUGH or not 0.5 * expected * abs(path.bend) < _EXCESS:
        return False
    division, d, sleep = cycling_rates(row, phase, room, lattice)
    b, emission = division * (1.0 - lattice.total[row]), division * lattice.total[row] + sleep
    return b > 0.0 and expected_emissions(expected, b - d, emission, path.days) <= _LINES_THAT_EMIT


@bare_kernel_with(forceinline=True)
def emit_steadily(
    state: npt.NDArray[np.uint64],
    row: int,
    alteration: int,
    expected: float,
    phase: int,
    room: float,
    path: Path,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Put the descendants of mutants with one alteration on the stack, at the end of the path.

    Args:
        state: (2,) state of a stream.
        row: Genotype of the parents.
        alteration: What the mutants acquire.
        expected: Their number.
        phase: Phase of treatment.
        room: Factor on divisions.
        path: Number of parents.
        lattice: Genotypes.
        worker: Founders that wait.
        top: Their number.

    Returns:
        The new number of founders that wait.
    """
    other, days = lattice.child[row, alteration], path.days
    division, d, sleep = cycling_rates(other, phase, room, lattice)
    b, emission = division * (1.0 - lattice.total[other]), division * lattice.total[other] + sleep
    level = expected / mean_of_exponential(abs(path.bend))
    roots = emission_roots(b, d, emission)
    per_line = _mixing_of_the_living(roots, days)
    cells = next_poisson(state, b * per_line * next_gamma(state, level / (b * days)))
    if cells > 0.0:
        top = push(worker, top, other, CYCLING, path.start + days, cells)
    for _ in range(int(next_poisson(state, level * emission * per_line))):
        top = _push_line(state, other, roots, emission, sleep, path, lattice, worker, top)
    for _ in range(int(next_poisson(state, expected - level))):
        day = path.start + days * next_part_of_excess(state, path.bend)
        top = push_mutants(row, alteration, day, 1.0, lattice, worker, top)
    return top


@bare_kernel
def _mixing_of_the_living(roots: Roots, days: float) -> float:
    """Days m such that a line of age `days` has emitted with probability emission * m, and its number of cells has odds b * m.

    It is mixing / alive in the terms of `forestall.engine.emission.silent_line`, whose (1 - stop) / stop is b * m.
    """
    rate, above = roots[0], roots[3]
    mixing = days * mean_of_exponential(-rate * days)
    return mixing / (math.exp(-min(rate * days, LARGEST_EXPONENT)) + above * mixing)


@bare_kernel
def _push_line(
    state: npt.NDArray[np.uint64],
    row: int,
    roots: Roots,
    emission: float,
    sleep: float,
    path: Path,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Put a line that emits before the end of the path on the stack with what it emits, or nothing.

    As many are proposed as if all lines were as old as the path is long; that of a younger one is accepted as seldom as it has emitted.
    """
    age = path.days * next_uniform(state)
    rest = emission * _mixing_of_the_living(roots, path.days) * next_uniform(state)
    if rest >= emission * _mixing_of_the_living(roots, age):
        return top
    after, cells = emitting_line(state, roots, emission, rest, age)
    day = path.start + path.days - age + after
    asleep = sleep > 0.0 and next_uniform(state) * emission < sleep
    top = push_emitted(state, row, asleep, day, lattice, worker, top)
    return push(worker, top, row, CYCLING, day, cells - 1.0 if asleep else cells)


@bare_kernel
def next_part_of_excess(state: npt.NDArray[np.uint64], bend: float) -> float:
    """A part of an interval, in proportion to the excess of exp(bend x), x in (0, 1), over its smallest value there.

    From the end at which the excess is 0 it grows as exp(a y) - 1, a = abs(bend): a little less than in proportion to y.
    """
    a = abs(bend)
    while True:
        y = math.sqrt(next_uniform(state))
        if next_uniform(state) * math.expm1(a) * y <= math.expm1(a * y):
            return y if bend > 0.0 else 1.0 - y
