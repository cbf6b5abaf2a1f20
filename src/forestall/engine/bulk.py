"""Mutants of a large clone that expects many: drawn together along its path.

Where more than `BULK_ABOVE` mutants are expected over a time for which a clone is large enough, their number is Poisson along the
exponential path between the parent's sampled ends, founded at four Gauss-Legendre nodes of the interval: mean
and variance of the number of mutants at the end are then right to the error of the quadrature (below 1e-4),
and the neglected spread of the path about the exponential is below 1% of the number of mutants.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import (
    LARGEST_EXPONENT,
    constant_rate_law,
    mean_of_exponential,
    poisson_families,
)
from forestall.engine.counts import next_geometric, next_poisson
from forestall.engine.kernels import bare_kernel
from forestall.engine.mutation import Genotypes, push
from forestall.engine.random import next_uniform

BULK_ABOVE = 3.0
_BULK_CELLS = 1000.0
_BULK_EXPONENT = 4.0
_RARE = 2.0
"""Edges that expect fewer mutants of a clone in an interval are drawn together."""
_FEW = 12.0
"""Up to so many expected mutants that do not mutate themselves are drawn one by one."""
NODES = 0.5 + 0.5 * np.polynomial.legendre.leggauss(4)[0]
WEIGHTS = 0.5 * np.polynomial.legendre.leggauss(4)[1]


@bare_kernel
def days_in_bulk(cells: float, b: float, d: float, emission: float, days: float) -> float:
    """The longest part of an interval over which a clone is so large that its path is known well enough.

    0 if fewer mutants than are worth it are expected in that part.
    """
    room = cells / _BULK_CELLS - 1.0
    if room <= 0.0:
        return 0.0
    days = min(days, room / (b + d)) if b + d > 0.0 else days
    growth = min((b - d) * days, LARGEST_EXPONENT)
    expected = emission * cells * days * max(1.0, mean_of_exponential(growth))
    return days if expected > BULK_ABOVE else 0.0


@bare_kernel
def bulk_days(genotype: int, genotypes: Genotypes) -> float:
    """Longest interval over which four nodes integrate mean and variance of the mutants to 1e-4."""
    birth, death, edge_start = genotypes.birth, genotypes.death, genotypes.edge_start
    net = birth[genotype] - death[genotype]
    fastest = abs(net)
    for edge in range(edge_start[genotype], edge_start[genotype + 1]):
        child = genotypes.edge_child[edge]
        own = birth[child] - death[child]
        fastest = max(fastest, abs(own - net), abs(2.0 * own - net))
    return _BULK_EXPONENT / fastest if fastest > 0.0 else math.inf


@bare_kernel
def emit_in_bulk(
    state: npt.NDArray[np.uint64],
    genotype: int,
    cells: float,
    after: float,
    start: float,
    days: float,
    end: float,
    genotypes: Genotypes,
    stack: npt.NDArray[np.float64],
    top: int,
    out: npt.NDArray[np.float64],
) -> int:
    """Draw the mutants of a clone over some days.

    Args:
        state: (2,) state of a stream.
        genotype: Of the clone.
        cells: Its cells at the start.
        after: Its cells after these days.
        start: Day on which they begin.
        days: Their number.
        end: Day to which the descendants of mutants that do not mutate are counted.
        genotypes: Rates and edges.
        stack: Founders that wait; receives mutants that can mutate.
        top: Their number.
        out: (g,) receives the descendants of mutants that do not mutate.

    Returns:
        The new number of founders that wait, -1 when the stack was full.
    """
    birth, death, edge_probability = genotypes.birth, genotypes.death, genotypes.edge_probability
    first, last = genotypes.edge_start[genotype], genotypes.edge_start[genotype + 1]
    divisions, exponent = birth[genotype] * cells, math.log(max(after, 1.0) / cells)
    total, rare = _all_divisions(divisions, exponent, days), 0.0
    for edge in range(first, last):
        expected = edge_probability[edge] * total
        if expected < _RARE:
            rare += expected
            continue
        child = genotypes.edge_child[edge]
        final = genotypes.edge_start[child] == genotypes.edge_start[child + 1]
        if final and expected <= _FEW:
            scale = edge_probability[edge] * birth[genotype] * cells * days
            out[child] += _few_families(state, scale, exponent, birth[child], death[child], end - start, days)
            continue
        for node in range(4):
            share = _node_divisions(divisions, exponent, days, node)
            expected, day = edge_probability[edge] * share, start + NODES[node] * days
            if final:
                out[child] += _families(
                    state, expected, birth[child], death[child], end - day, genotypes.normal_above
                )
                continue
            mutants = next_poisson(state, expected)
            if mutants > 0.0:
                top = push(stack, top, child, day, mutants)
    for _ in range(int(next_poisson(state, rare))):
        edge = _choose_rare_edge(state, first, last, edge_probability, total, rare)
        node = _choose_node(state, divisions, exponent, days, total)
        top = push(stack, top, genotypes.edge_child[edge], start + NODES[node] * days, 1.0)
    return top


@bare_kernel
def _all_divisions(divisions: float, exponent: float, days: float) -> float:
    """Divisions of a clone that has so many per day at the start."""
    total = 0.0
    for node in range(4):
        total += _node_divisions(divisions, exponent, days, node)
    return total


@bare_kernel
def _node_divisions(divisions: float, exponent: float, days: float, node: int) -> float:
    """Divisions that a node stands for, of a clone that has so many per day at the start."""
    return float(divisions * math.exp(exponent * NODES[node]) * WEIGHTS[node] * days)


@bare_kernel
def _choose_node(
    state: npt.NDArray[np.uint64], divisions: float, exponent: float, days: float, total: float
) -> int:
    """A node, in proportion to its divisions."""
    rest = next_uniform(state) * total
    for node in range(3):
        rest -= _node_divisions(divisions, exponent, days, node)
        if rest < 0.0:
            return node
    return 3


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
        survival, _ = constant_rate_law(b, d, longest - NODES[node] * days)
        total += scale * math.exp(exponent * NODES[node]) * WEIGHTS[node] * survival
    cells = 0.0
    for _ in range(int(next_poisson(state, total))):
        rest = next_uniform(state) * total
        for node in range(4):
            survival, stop = constant_rate_law(b, d, longest - NODES[node] * days)
            rest -= scale * math.exp(exponent * NODES[node]) * WEIGHTS[node] * survival
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
