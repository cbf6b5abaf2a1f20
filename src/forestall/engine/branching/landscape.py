"""What a genotype's cells do in each phase of treatment: the rates that the engine asks for, and rules that answer.

The engine asks a `Landscape` for the rates of genotypes when they first arise. `RuleLandscape` answers from effects that are
declared per alteration; any other model (a signaling network, a table) can stand in its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.genotype import MOST_ALTERATIONS, Genotype

BIRTH, DEATH, SLEEP, WAKE, TOLERANT_DEATH = range(5)
RATES = 5
"""Rates of a genotype in a phase, 1/day: division and death of cycling cells, cycling to tolerant, tolerant to cycling, death of
tolerant cells (which do not divide)."""

Array = npt.NDArray[np.float64]


class Landscape(Protocol):
    """What the engine needs to know of a model."""

    @property
    def probabilities(self) -> Sequence[float]:
        """Probability per division that one daughter acquires each alteration."""
        ...

    @property
    def phase_count(self) -> int:
        """Number of phases; the tumor grows to detection in phase 0."""
        ...

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """Pairs of alterations (first, second) whose order matters."""
        ...

    def rates(self, genotypes: Sequence[Genotype]) -> Array:
        """(genotypes, phases, RATES) rates, 1/day."""
        ...


@dataclass(frozen=True)
class TableLandscape:
    """Rates as they are listed: for models of a few genotypes."""

    probabilities: tuple[float, ...]
    """Probability per division of each alteration."""
    table: Mapping[int, Sequence[Sequence[float]]]
    """Mask of a genotype -> (phases, RATES) rates, 1/day."""
    ordered: tuple[tuple[int, int], ...] = ()

    @property
    def phase_count(self) -> int:
        """Number of phases."""
        return len(next(iter(self.table.values())))

    def rates(self, genotypes: Sequence[Genotype]) -> Array:
        """(genotypes, phases, RATES) rates, 1/day."""
        return np.array([self.table[genotype.mask] for genotype in genotypes], np.float64)


@dataclass(frozen=True)
class Effect:
    """What an alteration, or an interaction of two, does to a cell."""

    growth_factor: float = 1.0
    """On the net growth without treatment, through division: a cost of 10% is 0.9."""
    birth_factor: float = 1.0
    """On the division rate."""
    death_factor: float = 1.0
    """On the death rate without treatment."""
    folds: Mapping[str, float] = field(default_factory=dict)
    """Drug -> fold change of the concentration of half effect; infinite for full resistance."""


@dataclass(frozen=True)
class Alteration:
    """A heritable event at division."""

    name: str
    probability: float
    """Per division, that one daughter acquires it."""
    effect: Effect = Effect()


@dataclass(frozen=True)
class Interaction:
    """What two alterations do together beyond the product of their effects."""

    first: str
    second: str
    effect: Effect
    ordered: bool = False
    """Only where `first` was acquired before `second`."""


@dataclass(frozen=True)
class Drug:
    """What a drug does to a cell at its largest effect."""

    name: str
    kill: float = 0.0
    """Added death rate, 1/day."""
    slowing: float = 0.0
    """Share of divisions that do not happen."""
    hill: float = 1.0
    """Slope of the effect over concentration."""


@dataclass(frozen=True)
class Phase:
    """A time in which rates are constant."""

    name: str
    levels: Mapping[str, float] = field(default_factory=dict)
    """Drug -> concentration in units of that of its half effect in cells without alterations; infinite saturates."""
    sleep: float | None = None
    """Cycling to tolerant in this phase, 1/day; the landscape's if absent."""
    wake: float | None = None
    """Tolerant to cycling in this phase, 1/day; the landscape's if absent."""


@dataclass(frozen=True)
class RuleLandscape:
    """Rates from declared effects."""

    birth: float
    """Division rate of cells without alterations, without treatment, 1/day."""
    death: float
    """Their death rate, 1/day."""
    alterations: tuple[Alteration, ...] = ()
    drugs: tuple[Drug, ...] = ()
    phases: tuple[Phase, ...] = (Phase("untreated"),)
    interactions: tuple[Interaction, ...] = ()
    sleep: float = 0.0
    """Cycling to tolerant, 1/day."""
    wake: float = 0.0
    """Tolerant to cycling, 1/day."""
    tolerant_death: float = 0.0
    """Death rate of tolerant cells, 1/day."""
    tolerant_kill: float = 0.0
    """Share of the drugs' killing that reaches tolerant cells."""
    combine: Literal["sum", "strongest"] = "sum"
    """How killing rates of several drugs add up."""

    def __post_init__(self) -> None:
        if len(self.alterations) > MOST_ALTERATIONS:
            raise ValueError(f"at most {MOST_ALTERATIONS} alterations, not {len(self.alterations)}")
        if sum(self.probabilities) > 1.0 or any(p < 0.0 for p in self.probabilities):
            raise ValueError("probabilities must be >= 0 and at most 1 in sum")

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Probability per division of each alteration."""
        return tuple(alteration.probability for alteration in self.alterations)

    @property
    def phase_count(self) -> int:
        """Number of phases."""
        return len(self.phases)

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """Pairs of alterations whose order matters."""
        return tuple(self._pair(interaction) for interaction in self.interactions if interaction.ordered)

    def rates(self, genotypes: Sequence[Genotype]) -> Array:
        """(genotypes, phases, RATES) rates, 1/day."""
        table = [
            [self._rates(effects, phase) for phase in self.phases] for effects in map(self.effects, genotypes)
        ]
        return np.array(table).reshape(len(genotypes), len(self.phases), RATES)

    def effects(self, genotype: Genotype) -> list[Effect]:
        """The effects that act in a genotype."""
        own = [self.alterations[a].effect for a in genotype.alterations()]
        return own + [
            interaction.effect for interaction in self.interactions if self._acts(interaction, genotype)
        ]

    def _acts(self, interaction: Interaction, genotype: Genotype) -> bool:
        first, second = self._pair(interaction)
        if interaction.ordered:
            return bool(genotype.order >> self.ordered.index((first, second)) & 1)
        return genotype.carries(first) and genotype.carries(second)

    def _pair(self, interaction: Interaction) -> tuple[int, int]:
        names = [alteration.name for alteration in self.alterations]
        return names.index(interaction.first), names.index(interaction.second)

    def _rates(self, effects: Sequence[Effect], phase: Phase) -> list[float]:
        growth = (self.birth - self.death) * math.prod(effect.growth_factor for effect in effects)
        birth = max(0.0, self.death + growth) * math.prod(effect.birth_factor for effect in effects)
        death = self.death * math.prod(effect.death_factor for effect in effects)
        shares = {drug.name: _share(drug, phase.levels.get(drug.name, 0.0), effects) for drug in self.drugs}
        slowed = math.prod(1.0 - drug.slowing * shares[drug.name] for drug in self.drugs)
        kills = [drug.kill * shares[drug.name] for drug in self.drugs]
        kill = sum(kills) if self.combine == "sum" else max(kills, default=0.0)
        sleep = self.sleep if phase.sleep is None else phase.sleep
        wake = self.wake if phase.wake is None else phase.wake
        return [birth * slowed, death + kill, sleep, wake, self.tolerant_death + self.tolerant_kill * kill]


def _share(drug: Drug, level: float, effects: Sequence[Effect]) -> float:
    """Share of a drug's largest effect at a level: Hill, with the potency that the effects leave."""
    fold = math.prod(effect.folds.get(drug.name, 1.0) for effect in effects)
    if level == 0.0 or math.isinf(fold):
        return 0.0
    if math.isinf(level):
        return 1.0
    return 1.0 / (1.0 + math.pow(fold / level, drug.hill))
