"""Whom regimens are tried on: a tumor whose genotypes have rates under any set of drugs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forestall.engine.branching.genotype import Genotype

Array = NDArray[np.float64]
Drugs = tuple[str, ...]
"""Drugs that are given together, in the order of the screen; none without treatment."""


class RateSource(Protocol):
    """Rates of genotypes under sets of drugs."""

    @property
    def alterations(self) -> tuple[str, ...]:
        """Names of the alterations that can be acquired."""
        ...

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of each, per division."""
        ...

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """Pairs whose order matters."""
        ...

    def rates(self, genotypes: Sequence[Genotype], drugs: Drugs) -> Array:
        """(genotypes, RATES) rates under drugs given together, 1/day."""
        ...


@dataclass(frozen=True)
class Subject:
    """A tumor to be treated."""

    name: str
    lesions: tuple[float, ...]
    """Cells of each lesion when treatment begins."""
    capacity: float
    """Carrying capacity of a lesion, cells."""
    detectable: float
    """Cells below which nothing is seen."""
    drugs: tuple[str, ...]
    """Drugs to combine."""
    source: RateSource
    notes: tuple[str, ...] = ()
    """What the reader of the result must know."""

    def genotype_name(self, genotype: Genotype) -> str:
        """A genotype in words."""
        names = [self.source.alterations[a] for a in genotype.alterations()]
        return " + ".join(names) or "no alteration"


@dataclass
class PhasedLandscape:
    """The landscape of one regimen: phase 0 without drugs, then one phase per set of drugs. Rates are kept."""

    source: RateSource
    sets: tuple[Drugs, ...]
    known: dict[tuple[Genotype, Drugs], Array] = field(default_factory=dict)
    """Rates that were computed before; shared by the regimens of a subject."""

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Per division."""
        return self.source.probabilities

    @property
    def phase_count(self) -> int:
        """The untreated phase, and one for each set of drugs."""
        return 1 + len(self.sets)

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """Pairs whose order matters."""
        return self.source.ordered

    def rates(self, genotypes: Sequence[Genotype]) -> Array:
        """(genotypes, phases, RATES) rates, 1/day."""
        return np.stack([self._under(genotypes, drugs) for drugs in ((), *self.sets)], axis=1)

    def _under(self, genotypes: Sequence[Genotype], drugs: Drugs) -> Array:
        missing = [genotype for genotype in genotypes if (genotype, drugs) not in self.known]
        if missing:
            self.known.update(
                zip(
                    [(genotype, drugs) for genotype in missing],
                    self.source.rates(missing, drugs),
                    strict=True,
                )
            )
        return np.stack([self.known[genotype, drugs] for genotype in genotypes])
