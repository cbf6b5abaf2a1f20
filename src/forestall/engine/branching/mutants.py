"""Mutants that many cells found along their path, at the four nodes of a Gauss-Legendre quadrature of the interval."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.lattice import IMPOSSIBLE, NOT_YET, LatticeArrays
from forestall.engine.branching.stack import CYCLING, TOLERANT, Worker, ask_for, push
from forestall.engine.bulk import NODES, WEIGHTS
from forestall.engine.counts import next_poisson
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_uniform

Shares = tuple[float, float, float, float]

_RARE = 2.0
"""Events of which fewer are expected are drawn together."""


@bare_kernel
def node_day(node: int, start: float, days: float) -> float:
    """Day of a node of an interval that begins on day `start`."""
    return start + float(NODES[node]) * days


@bare_kernel
def node_weight(node: int) -> float:
    """Share of the interval that a node stands for."""
    return float(WEIGHTS[node])


@bare_kernel
def exponential_shares(cells: float, after: float, days: float) -> Shares:
    """Cell-days that each node stands for, along the exponential path between two sizes."""
    exponent = math.log(max(after, 1.0) / cells)
    return (
        cells * math.exp(exponent * NODES[0]) * WEIGHTS[0] * days,
        cells * math.exp(exponent * NODES[1]) * WEIGHTS[1] * days,
        cells * math.exp(exponent * NODES[2]) * WEIGHTS[2] * days,
        cells * math.exp(exponent * NODES[3]) * WEIGHTS[3] * days,
    )


@bare_kernel
def next_node(state: npt.NDArray[np.uint64], shares: Shares, total: float) -> int:
    """A node, in proportion to the cell-days that it stands for."""
    rest = next_uniform(state) * total
    for node in range(3):
        rest -= shares[node]
        if rest < 0.0:
            return node
    return 3


@bare_kernel
def fastest_change(row: int, phase: int, room: float, lattice: LatticeArrays) -> float:
    """Fastest relative change of a genotype, of its mutants, or of a mutant against its parent, 1/day.

    Four nodes integrate mean and variance of the mutants over four times the inverse of it to 1e-4. It is nan where a neighbor
    is not in the lattice yet.
    """
    child, rates = lattice.child, lattice.rates
    net = rates[row, phase, 0] * room - rates[row, phase, 1]
    fastest: float = max(abs(net), rates[row, phase, 2], rates[row, phase, 3] + rates[row, phase, 4])
    for a in range(child.shape[1]):
        other = child[row, a]
        if other == NOT_YET:
            return math.nan
        if other != IMPOSSIBLE:
            own = rates[other, phase, 0] * room - rates[other, phase, 1]
            fastest = max(fastest, abs(own - net), abs(2.0 * own - net))
    return fastest


@bare_kernel
def emit_mutants(
    state: npt.NDArray[np.uint64],
    row: int,
    b: float,
    shares: Shares,
    start: float,
    days: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Put the mutants of a path on the stack: a Poisson number at each node.

    Args:
        state: (2,) state of a stream.
        row: Genotype of the parents.
        b: Their division rate, 1/day.
        shares: Cell-days of the parents at each node.
        start: Day on which the interval begins.
        days: Its length.
        lattice: Genotypes.
        worker: Founders that wait; receives `UNKNOWN_GENOTYPE` where a mutant is not in the lattice.
        top: Their number.

    Returns:
        The new number of founders that wait.
    """
    child, probability = lattice.child, lattice.probability
    total = shares[0] + shares[1] + shares[2] + shares[3]
    rare = 0.0
    for a in range(child.shape[1]):
        if child[row, a] == IMPOSSIBLE:
            continue
        expected = probability[a] * b * total
        if expected < _RARE:
            rare += expected
            continue
        for node in range(4):
            mutants = next_poisson(state, probability[a] * b * shares[node])
            if mutants > 0.0:
                top = push_mutant(row, a, node_day(node, start, days), mutants, lattice, worker, top)
    for _ in range(int(next_poisson(state, rare))):
        a = _next_rare(state, row, b * total, rare, lattice)
        day = node_day(next_node(state, shares, total), start, days)
        top = push_mutant(row, a, day, 1.0, lattice, worker, top)
    return top


@bare_kernel
def emit_sleepers(
    state: npt.NDArray[np.uint64],
    row: int,
    sleep: float,
    shares: Shares,
    start: float,
    days: float,
    worker: Worker,
    top: int,
) -> int:
    """Put the few cells of a large clone that fell asleep on the stack; other arguments as for `emit_mutants`."""
    for node in range(4):
        sleepers = next_poisson(state, sleep * shares[node])
        if sleepers > 0.0:
            top = push(worker, top, row, TOLERANT, node_day(node, start, days), sleepers)
    return top


@bare_kernel
def push_mutant(
    row: int, alteration: int, day: float, cells: float, lattice: LatticeArrays, worker: Worker, top: int
) -> int:
    """Let the founders of a mutant clone wait, or note that its genotype is not in the lattice yet."""
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


@bare_kernel
def _next_rare(
    state: npt.NDArray[np.uint64], row: int, divisions: float, rare: float, lattice: LatticeArrays
) -> int:
    rest, chosen = next_uniform(state) * rare, 0
    for a in range(lattice.child.shape[1]):
        expected = lattice.probability[a] * divisions
        if lattice.child[row, a] != IMPOSSIBLE and expected < _RARE:
            chosen = a
            rest -= expected
            if rest < 0.0:
                break
    return chosen
