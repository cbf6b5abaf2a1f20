"""Cells that leave a clone: how many are expected, which alteration they carry, and the place where they wait."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import LARGEST_EXPONENT, mean_of_exponential
from forestall.engine.branching.lattice import IMPOSSIBLE, LatticeArrays
from forestall.engine.branching.stack import CYCLING, TOLERANT, Worker, ask_for, push
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_uniform


@bare_kernel
def cycling_rates(row: int, phase: int, room: float, lattice: LatticeArrays) -> tuple[float, float, float]:
    """Rates at which cycling cells divide, die and fall asleep, 1/day."""
    rates = lattice.rates
    return rates[row, phase, 0] * room, rates[row, phase, 1], rates[row, phase, 2]


@bare_kernel
def expected_emissions(cells: float, net: float, emission: float, days: float) -> float:
    """Largest number of emissions to be expected of cycling cells."""
    return emission * cells * days * max(1.0, mean_of_exponential(min(net * days, LARGEST_EXPONENT)))


@bare_kernel
def push_emitted(
    state: npt.NDArray[np.uint64],
    row: int,
    asleep: bool,
    day: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Let the cell that a clone emitted wait: one that fell asleep, or a mutant."""
    if asleep:
        return push(worker, top, row, TOLERANT, day, 1.0)
    return push_mutants(row, next_alteration(state, row, lattice), day, 1.0, lattice, worker, top)


@bare_kernel
def push_mutants(
    row: int, alteration: int, day: float, cells: float, lattice: LatticeArrays, worker: Worker, top: int
) -> int:
    """Let the founders of a mutant clone wait, if any, or note that its genotype is not in the lattice yet."""
    if cells <= 0.0:
        return top
    other = lattice.child[row, alteration]
    if other < 0:
        ask_for(worker, row)
        return top
    return push(worker, top, other, CYCLING, day, cells)


@bare_kernel
def next_alteration(state: npt.NDArray[np.uint64], row: int, lattice: LatticeArrays) -> int:
    """One of the alterations that a genotype can acquire, in proportion to their probabilities."""
    rest, chosen = next_uniform(state) * lattice.total[row], 0
    for a in range(lattice.child.shape[1]):
        if lattice.child[row, a] != IMPOSSIBLE:
            chosen = a
            rest -= lattice.probability[a]
            if rest < 0.0:
                break
    return chosen
