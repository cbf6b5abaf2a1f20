"""Genotypes that mutate into each other, as kernels see them, and the founders of clones that wait to be followed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import bare_kernel, kernel

STACK_ROWS = 4096


class Genotypes(NamedTuple):
    """What the cells of g genotypes do, and where their exact law hands over."""

    birth: npt.NDArray[np.float64]
    """(g,) division rates, 1/day."""
    death: npt.NDArray[np.float64]
    """(g,) death rates, 1/day."""
    edge_start: npt.NDArray[np.int64]
    """(g + 1,) first edge of each genotype (`mutation_edges`); any graph, back mutation included."""
    edge_child: npt.NDArray[np.int64]
    """(e,) genotype of the mutants of each edge."""
    edge_probability: npt.NDArray[np.float64]
    """(e,) probability per division of a mutant daughter; at most 1 in sum per genotype."""
    normal_above: float
    """As for `birth_death_step`."""
    mean_above: float
    """As for `birth_death_step`."""


def mutation_edges(
    probability: npt.ArrayLike,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Edges of a mutation graph in the form of `Genotypes`.

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
def emission_probability(genotype: int, genotypes: Genotypes) -> float:
    """Probability per division of any mutant daughter."""
    first, last = genotypes.edge_start[genotype], genotypes.edge_start[genotype + 1]
    return float(genotypes.edge_probability[first:last].sum())


@kernel
def new_stack() -> npt.NDArray[np.float64]:
    """Work space of `forestall.engine.clones`: founders (genotype, day, cells) that wait to be followed to the end."""
    return np.empty((STACK_ROWS, 3))


@bare_kernel
def push(stack: npt.NDArray[np.float64], top: int, genotype: int, day: float, cells: float) -> int:
    """Let a founder wait; the new number that wait, -1 when the stack was full."""
    if top >= 0 and top < stack.shape[0]:
        stack[top, 0] = genotype
        stack[top, 1] = day
        stack[top, 2] = cells
        return top + 1
    return -1


@bare_kernel
def set_aside(
    stack: npt.NDArray[np.float64], base: int, top: int, genotype: int, day: float, cells: float
) -> int:
    """Let a clone wait below its own mutants."""
    top = push(stack, top, int(stack[base, 0]), stack[base, 1], stack[base, 2])
    push(stack, base, genotype, day, cells)
    return top
