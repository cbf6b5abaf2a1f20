"""Mutants that many cells found along their path, at the four nodes of a Gauss-Legendre quadrature of the interval.

Where very many are expected within a short time, the four are replaced by the two nodes with the same total, mean, variance and
skewness. Where the path is nearly level none is needed (`forestall.engine.branching.steady`).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.daughters import push_mutants
from forestall.engine.branching.lattice import IMPOSSIBLE, NOT_YET, LatticeArrays
from forestall.engine.branching.path import Path, Shares
from forestall.engine.branching.stack import TOLERANT, Worker, push
from forestall.engine.branching.steady import emit_steadily, is_steady
from forestall.engine.bulk import NODES, WEIGHTS
from forestall.engine.counts import next_poisson
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.random import next_uniform

_RARE, _PLENTY = 2.0, 64.0
_RARE_PER_DIVISION, _PLENTY_PER_DIVISION = 2.0, 8.0
"""Mutants with one alteration of which fewer are expected are drawn one by one, each on its own day: whether any is left at the
end depends on it. Mutants of which more are expected are drawn at two nodes. Both limits are in numbers and per division of a cell."""
_TWO_NODES_UP_TO = 0.8
"""Product of the fastest change and the interval up to which two nodes integrate the mean to 1e-4 and the variance to 4e-3."""


@bare_kernel
def node_day(node: int, start: float, days: float) -> float:
    """Day of a node of an interval that begins on day `start`."""
    return start + float(NODES[node]) * days


@bare_kernel
def node_weight(node: int) -> float:
    """Share of the interval that a node stands for."""
    return float(WEIGHTS[node])


@bare_kernel
def exponential_path(cells: float, after: float, start: float, days: float, fastest: float) -> Path:
    """The exponential path between two sizes, cells."""
    bend = math.log(max(after, 1.0) / cells)
    shares = (
        cells * math.exp(bend * NODES[0]) * WEIGHTS[0] * days,
        cells * math.exp(bend * NODES[1]) * WEIGHTS[1] * days,
        cells * math.exp(bend * NODES[2]) * WEIGHTS[2] * days,
        cells * math.exp(bend * NODES[3]) * WEIGHTS[3] * days,
    )
    return Path(shares, start, days, fastest, bend)


@bare_kernel
def next_day(state: npt.NDArray[np.uint64], path: Path, total: float) -> float:
    """A day, in proportion to the cells on it; on one of the nodes where the path is not exponential."""
    rest = next_uniform(state)
    if not math.isnan(path.bend):
        return path.start + path.days * _along(path.bend, rest)
    rest *= total
    for node in range(3):
        rest -= path.shares[node]
        if rest < 0.0:
            return node_day(node, path.start, path.days)
    return node_day(3, path.start, path.days)


@bare_kernel
def _along(bend: float, part: float) -> float:
    """Where a part of the area under exp(bend x), x in (0, 1), is reached."""
    if abs(bend) < 1e-9:
        return part
    return math.log1p(part * math.expm1(bend)) / bend


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


@bare_kernel_with(forceinline=True)
def emit_mutants(
    state: npt.NDArray[np.uint64],
    row: int,
    phase: int,
    room: float,
    path: Path,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Put the mutants of a path on the stack: all at once if it is level, single ones if few are expected, otherwise some at each node.

    Args:
        state: (2,) state of a stream.
        row: Genotype of the parents.
        phase: Phase of treatment.
        room: Factor on divisions.
        path: Number of parents.
        lattice: Genotypes.
        worker: Founders that wait; receives `UNKNOWN_GENOTYPE` where a mutant is not in the lattice.
        top: Their number.

    Returns:
        The new number of founders that wait.
    """
    child, probability, shares = lattice.child, lattice.probability, path.shares
    b = lattice.rates[row, phase, 0] * room
    total = shares[0] + shares[1] + shares[2] + shares[3]
    few, plenty, rare = _few(b, path), _plenty(b, path), 0.0
    for a in range(child.shape[1]):
        if child[row, a] == IMPOSSIBLE:
            continue
        expected = probability[a] * (b * total)
        if is_steady(child[row, a], expected, phase, room, path, lattice):
            top = emit_steadily(state, row, a, expected, phase, room, path, lattice, worker, top)
        elif expected < few:
            rare += expected
        elif expected > plenty:
            top = _emit_plenty(state, row, a, b, path, lattice, worker, top)
        else:
            for node in range(4):
                mutants = next_poisson(state, probability[a] * b * shares[node])
                day = node_day(node, path.start, path.days)
                top = push_mutants(row, a, day, mutants, lattice, worker, top)
    for _ in range(int(next_poisson(state, rare))):
        a = _next_rare(state, row, b * total, few, rare, phase, room, path, lattice)
        top = push_mutants(row, a, next_day(state, path, total), 1.0, lattice, worker, top)
    return top


@bare_kernel
def _few(b: float, path: Path) -> float:
    """Expected mutants with one alteration below which each is drawn by itself."""
    return max(_RARE, _RARE_PER_DIVISION * b * path.days)


@bare_kernel
def _plenty(b: float, path: Path) -> float:
    """Expected mutants with one alteration above which two nodes represent them."""
    if path.fastest * path.days > _TWO_NODES_UP_TO:
        return math.inf
    return max(_PLENTY, _PLENTY_PER_DIVISION * b * path.days)


@bare_kernel_with(forceinline=True)
def _emit_plenty(
    state: npt.NDArray[np.uint64],
    row: int,
    alteration: int,
    b: float,
    path: Path,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> int:
    """Put very many mutants with one alteration on the stack; otherwise as `emit_mutants`."""
    first, second, early, late = two_nodes(path.shares)
    rate = lattice.probability[alteration] * b
    for day, cells in (
        (path.start + first * path.days, next_poisson(state, rate * early)),
        (path.start + second * path.days, next_poisson(state, rate * late)),
    ):
        top = push_mutants(row, alteration, day, cells, lattice, worker, top)
    return top


@bare_kernel
def two_nodes(shares: Shares) -> Shares:
    """The two-point distribution with the moments, up to the third, of shares at the four nodes.

    Returns:
        The two points, as parts of the interval, and their shares.
    """
    total, mean, variance, skewness = 0.0, 0.0, 0.0, 0.0
    for node in range(4):
        total += shares[node]
        mean += shares[node] * NODES[node]
    mean /= total
    for node in range(4):
        off = NODES[node] - mean
        variance += shares[node] / total * off * off
        skewness += shares[node] / total * off * off * off
    deviation = math.sqrt(variance)
    half = 0.5 * skewness / (variance * deviation)
    reach = math.sqrt(1.0 + half * half)
    late = 0.5 * (1.0 - half / reach)
    return (
        mean + deviation * (half - reach),
        mean + deviation * (half + reach),
        total * (1.0 - late),
        total * late,
    )


@bare_kernel
def emit_sleepers(
    state: npt.NDArray[np.uint64], row: int, sleep: float, path: Path, worker: Worker, top: int
) -> int:
    """Put the few cells of a large clone that fell asleep on the stack, at a rate, 1/day; other arguments as for `emit_mutants`."""
    for node in range(4):
        sleepers = next_poisson(state, sleep * path.shares[node])
        if sleepers > 0.0:
            top = push(worker, top, row, TOLERANT, node_day(node, path.start, path.days), sleepers)
    return top


@bare_kernel
def _next_rare(
    state: npt.NDArray[np.uint64],
    row: int,
    divisions: float,
    few: float,
    rare: float,
    phase: int,
    room: float,
    path: Path,
    lattice: LatticeArrays,
) -> int:
    """One of the alterations whose mutants `emit_mutants` draws one by one, of which `rare` are expected in so many divisions."""
    rest, chosen = next_uniform(state) * rare, 0
    for a in range(lattice.child.shape[1]):
        other, expected = lattice.child[row, a], lattice.probability[a] * divisions
        if other == IMPOSSIBLE or expected >= few or is_steady(other, expected, phase, room, path, lattice):
            continue
        chosen = a
        rest -= expected
        if rest < 0.0:
            break
    return chosen
