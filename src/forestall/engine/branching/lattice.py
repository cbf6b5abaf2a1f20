"""The lattice of genotypes, grown on demand: rates and neighbors of the genotypes that have arisen so far.

What is stored never depends on what was asked for before, only how much: a genotype's rates and neighbors are functions of the
genotype, so results do not depend on the order in which a lattice grew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import RATES, Landscape

NOT_YET = -1
"""A neighbor that has not been asked for."""
IMPOSSIBLE = -2
"""A neighbor that does not exist: the alteration is carried already, or never arises."""

MOST_GENOTYPES = 500_000


class LatticeArrays(NamedTuple):
    """What the kernels see; k genotypes, a alterations, p phases."""

    child: npt.NDArray[np.int32]
    """(k, a) row of the genotype with one more alteration, `NOT_YET` or `IMPOSSIBLE`."""
    rates: npt.NDArray[np.float64]
    """(k, p, RATES), 1/day."""
    probability: npt.NDArray[np.float64]
    """(a,) per division."""
    total: npt.NDArray[np.float64]
    """(k,) probability per division of any alteration that the genotype can still acquire."""


@dataclass(frozen=True)
class _Snapshot:
    genotypes: tuple[Genotype, ...]
    arrays: LatticeArrays


class Lattice:
    """Genotypes that have arisen, with their rates.

    Args:
        landscape: Where rates come from.
        founders: Genotypes that are there from the start.
        depth: Steps from them that are added at once.
    """

    def __init__(
        self, landscape: Landscape, founders: Iterable[Genotype] = (Genotype(),), depth: int = 2
    ) -> None:
        self._landscape = landscape
        self._rows: dict[Genotype, int] = {}
        self._lock = threading.Lock()
        self._now = _Snapshot((), self._empty())
        self._add(dict.fromkeys(founders))
        for _ in range(depth):
            self.expand(range(len(self.genotypes)))

    @property
    def genotypes(self) -> tuple[Genotype, ...]:
        """The genotypes, in the order of their rows."""
        return self._now.genotypes

    @property
    def arrays(self) -> LatticeArrays:
        """What the kernels see; never changed in place."""
        return self._now.arrays

    def row(self, genotype: Genotype) -> int:
        """The row of a genotype that is in the lattice."""
        return self._rows[genotype]

    def expand(self, rows: Iterable[int]) -> None:
        """Add every neighbor of some genotypes.

        Raises:
            ValueError: if the lattice would hold more than `MOST_GENOTYPES`.
        """
        with self._lock:
            parents = sorted({row for row in rows if (self.arrays.child[row] == NOT_YET).any()})
            found = {child: None for row in parents for child in self._children(row)}
            self._add(dict.fromkeys(child for child in found if child not in self._rows))
            child_rows = self.arrays.child.copy()
            for row in parents:
                for a in np.flatnonzero(child_rows[row] == NOT_YET):
                    child_rows[row, a] = self._rows[self._child(row, int(a))]
            self._now = _Snapshot(self.genotypes, self.arrays._replace(child=child_rows))

    def _children(self, row: int) -> list[Genotype]:
        return [self._child(row, int(a)) for a in np.flatnonzero(self.arrays.child[row] == NOT_YET)]

    def _child(self, row: int, alteration: int) -> Genotype:
        return self.genotypes[row].with_alteration(alteration, self._landscape.ordered)

    def _add(self, genotypes: Iterable[Genotype]) -> None:
        new = list(genotypes)
        if not new:
            return
        if len(self._rows) + len(new) > MOST_GENOTYPES:
            raise ValueError(f"more than {MOST_GENOTYPES} genotypes arise: alterations are too probable")
        for genotype in new:
            self._rows[genotype] = len(self._rows)
        old, added = self.arrays, self._arrays_of(new)
        grown = (np.concatenate([old.child, added.child]), np.concatenate([old.rates, added.rates]))
        total = np.concatenate([old.total, added.total])
        self._now = _Snapshot((*self.genotypes, *new), LatticeArrays(*grown, old.probability, total))

    def _arrays_of(self, genotypes: Sequence[Genotype]) -> LatticeArrays:
        probability = np.array(self._landscape.probabilities, np.float64)
        possible = np.array(
            [
                [p > 0.0 and not genotype.carries(a) for a, p in enumerate(probability)]
                for genotype in genotypes
            ],
            bool,
        ).reshape(len(genotypes), probability.size)
        child = np.where(possible, NOT_YET, IMPOSSIBLE).astype(np.int32)
        rates = np.ascontiguousarray(self._landscape.rates(genotypes))
        return LatticeArrays(child, rates, probability, possible @ probability)

    def _empty(self) -> LatticeArrays:
        probability = np.array(self._landscape.probabilities, np.float64)
        return LatticeArrays(
            np.empty((0, probability.size), np.int32),
            np.empty((0, self._landscape.phase_count, RATES)),
            probability,
            np.empty(0),
        )
