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
    family_moments,
    mean_of_exponential,
    poisson_families,
    skewed_normal,
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
_FEW = 8.0
"""Up to so many expected families that live and do not mutate themselves are drawn one by one."""
NODES = 0.5 + 0.5 * np.polynomial.legendre.leggauss(4)[0]
WEIGHTS = 0.5 * np.polynomial.legendre.leggauss(4)[1]
Nodes = tuple[float, float, float, float]
"""A number for each node."""
Law = tuple[float, float]
"""Probability of survival, and of stopping, of one cell."""


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
    divisions = _node_divisions(birth[genotype] * cells, math.log(max(after, 1.0) / cells), days)
    total, rare = divisions[0] + divisions[1] + divisions[2] + divisions[3], 0.0
    for edge in range(first, last):
        probability, child = edge_probability[edge], genotypes.edge_child[edge]
        if probability * total < _RARE:
            rare += probability * total
        elif genotypes.edge_start[child] == genotypes.edge_start[child + 1]:
            laws = _node_laws(birth[child], death[child], end - start, days)
            out[child] += _families(state, probability, divisions, laws, genotypes.normal_above)
        else:
            for node in range(4):
                mutants = _mutants(state, probability * divisions[node], genotypes.normal_above)
                if mutants > 0.0:
                    top = push(stack, top, child, start + NODES[node] * days, mutants)
    for _ in range(int(next_poisson(state, rare))):
        edge = _choose_rare_edge(state, first, last, edge_probability, total, rare)
        node = _choose_node(state, divisions, total)
        top = push(stack, top, genotypes.edge_child[edge], start + NODES[node] * days, 1.0)
    return top


@bare_kernel
def _node_divisions(divisions: float, exponent: float, days: float) -> Nodes:
    """Divisions that each node stands for, of a clone that has so many per day at the start and grows by exp(exponent)."""
    return (
        divisions * math.exp(exponent * NODES[0]) * WEIGHTS[0] * days,
        divisions * math.exp(exponent * NODES[1]) * WEIGHTS[1] * days,
        divisions * math.exp(exponent * NODES[2]) * WEIGHTS[2] * days,
        divisions * math.exp(exponent * NODES[3]) * WEIGHTS[3] * days,
    )


@bare_kernel
def _node_laws(b: float, d: float, longest: float, days: float) -> tuple[Law, Law, Law, Law]:
    """`constant_rate_law` of founders at each node, to the end that comes `longest` days after the start of the nodes' interval."""
    return (
        constant_rate_law(b, d, longest - NODES[0] * days),
        constant_rate_law(b, d, longest - NODES[1] * days),
        constant_rate_law(b, d, longest - NODES[2] * days),
        constant_rate_law(b, d, longest - NODES[3] * days),
    )


@bare_kernel
def _mutants(state: npt.NDArray[np.uint64], expected: float, normal_above: float) -> float:
    """A Poisson number of mutants."""
    if expected > normal_above:
        return skewed_normal(state, expected, expected, expected)
    return next_poisson(state, expected)


@bare_kernel
def _choose_node(state: npt.NDArray[np.uint64], shares: Nodes, total: float) -> int:
    """A node, in proportion to its share of the total."""
    rest = next_uniform(state) * total
    for node in range(3):
        rest -= shares[node]
        if rest < 0.0:
            return node
    return 3


@bare_kernel
def _families(
    state: npt.NDArray[np.uint64],
    probability: float,
    divisions: Nodes,
    laws: tuple[Law, Law, Law, Law],
    normal_above: float,
) -> float:
    """Cells at the end of the families that an alteration founds, which does not mutate further.

    Few families are drawn one by one, many as one normal number with the first three cumulants of all nodes together.

    Args:
        state: (2,) state of a stream.
        probability: Of the alteration, per division.
        divisions: Of the parent, that each node stands for.
        laws: Survival and stopping of a founder at each node.
        normal_above: Expected living families above which they are drawn together.
    """
    expected = (
        probability * divisions[0] * laws[0][0],
        probability * divisions[1] * laws[1][0],
        probability * divisions[2] * laws[2][0],
        probability * divisions[3] * laws[3][0],
    )
    total, cells = expected[0] + expected[1] + expected[2] + expected[3], 0.0
    if total > normal_above:
        mean, variance, third = 0.0, 0.0, 0.0
        for node in range(4):
            one, two, three = family_moments(1.0 / laws[node][1] - 1.0)
            mean += expected[node] * one
            variance += expected[node] * two
            third += expected[node] * three
        return skewed_normal(state, mean, variance, third)
    if total > _FEW:
        for node in range(4):
            cells += poisson_families(state, expected[node], 1.0 / laws[node][1] - 1.0, normal_above)
        return cells
    for _ in range(int(next_poisson(state, total))):
        cells += 1.0 + next_geometric(state, laws[_choose_node(state, expected, total)][1])
    return cells


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
