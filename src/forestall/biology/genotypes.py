"""The genotypes that a patient's clones can take: the truncal one and what is most easily reached from it.

A genotype is a bit mask over the alterations in the order of the catalogue. The caller gives the alterations that matter, the most
important first: each of them is kept as a single step, then pairs in the order of the product of their rates, up to a cap that
keeps a patient's lanes few. A full lattice on demand is the business of a later engine.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TABLES_KEPT = 8192
"""Tables that are kept for patients with the same trunk in later batches."""


@dataclass(frozen=True)
class GenotypeTable:
    """Genotypes of a group of patients with the same truncal alterations and relevant alterations."""

    mask: NDArray[np.int64]
    """(G,) bit masks; the first is the truncal genotype. Padded with -1."""
    edges: NDArray[np.int64]
    """(E, 2) parent and child, by parent. Padded with (0, 0)."""
    edge_start: NDArray[np.int64]
    """(G + 1,) first edge of each parent."""
    probability: NDArray[np.float64]
    """(E,) per division; 0 for padding."""
    loss: NDArray[np.float64]
    """(G,) probability per division that a daughter leaves."""


def genotype_table(
    truncal: int, relevant: Sequence[int], rates: Sequence[float], largest: int
) -> GenotypeTable:
    """Build the genotypes reachable from a truncal genotype.

    Args:
        truncal: Bit mask of the alterations that every cell carries.
        relevant: Indices of the alterations that may be acquired, the most important first.
        rates: Probability per division of each alteration, by index.
        largest: Cap on the number of genotypes G; arrays are padded to it.

    Returns:
        The table, padded to `largest` genotypes and `4 * largest` edges.
    """
    free = [i for i in relevant if not truncal >> i & 1]
    singles = [(i,) for i in free]
    pairs = sorted(itertools.combinations(sorted(free), 2), key=lambda ij: (-rates[ij[0]] * rates[ij[1]], ij))
    kept: list[tuple[int, ...]] = [(), *singles, *pairs][:largest]
    where = {frozenset(steps): index for index, steps in enumerate(kept)}
    edges = [
        (where[steps_before], where[frozenset(steps)], rates[last])
        for steps in kept
        for last in steps
        if (steps_before := frozenset(steps) - {last}) in where and rates[last] > 0
    ]
    return _padded(truncal, kept, sorted(edges), largest)


def _padded(
    truncal: int, kept: Sequence[tuple[int, ...]], edges: Sequence[tuple[int, int, float]], largest: int
) -> GenotypeTable:
    mask = np.full(largest, -1, np.int64)
    mask[: len(kept)] = [truncal | sum(1 << i for i in steps) for steps in kept]
    ends = np.zeros((4 * largest, 2), np.int64)
    probability = np.zeros(4 * largest)
    loss = np.zeros(largest)
    for e, (parent, child, rate) in enumerate(edges):
        ends[e] = parent, child
        probability[e] = rate
        loss[parent] += rate
    parents = [parent for parent, _, _ in edges]
    edge_start = np.searchsorted(parents, np.arange(largest + 1)).astype(np.int64)
    return GenotypeTable(mask, ends, edge_start, probability, loss)


def acquired(table: GenotypeTable) -> NDArray[np.int64]:
    """(E,) index of the alteration that each edge adds; 0 for padding."""
    step = table.mask[table.edges[:, 1]] & ~table.mask[table.edges[:, 0]]
    return np.array([max(int(bit).bit_length() - 1, 0) for bit in step], np.int64)


def leaving(table: GenotypeTable, probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G,) probability per division that a daughter leaves, for other probabilities of the edges than the table's.

    Args:
        table: The genotypes.
        probability: (E,) per division.
    """
    sums = np.bincount(table.edges[:, 0], weights=probability, minlength=table.mask.size)
    return np.asarray(sums, np.float64)


@functools.lru_cache(maxsize=_TABLES_KEPT)
def _kept_table(
    truncal: int, relevant: tuple[int, ...], rates: tuple[float, ...], largest: int
) -> GenotypeTable:
    return genotype_table(truncal, relevant, rates, largest)


def tables_for(
    truncal: NDArray[np.int64],
    group: NDArray[np.int64],
    relevant: Sequence[Sequence[int]],
    rates: Sequence[float],
    largest: int,
) -> tuple[list[GenotypeTable], NDArray[np.int64]]:
    """Tables for a batch of patients, one for each distinct combination.

    Args:
        truncal: (n,) bit masks.
        group: (n,) index into `relevant` (the patients' subtypes).
        relevant: For each group, the alterations that may be acquired, the most important first.
        rates: Probability per division by alteration.
        largest: Cap on the number of genotypes.

    Returns:
        The tables, and for each patient the index of its table, shape (n,).
    """
    keys = np.stack([group, truncal], axis=1)
    distinct, index = np.unique(keys, axis=0, return_inverse=True)
    known, chances = [tuple(group) for group in relevant], tuple(rates)
    tables = [_kept_table(int(mask), known[int(g)], chances, largest) for g, mask in distinct]
    return tables, index.reshape(-1)
