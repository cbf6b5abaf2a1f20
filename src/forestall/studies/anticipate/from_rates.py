"""A subject from a file of rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import Alteration, Drug, Effect, Interaction, Phase, RuleLandscape
from forestall.errors import InputError, did_you_mean
from forestall.knowledge.tumors import EffectSpec, TumorSpec
from forestall.studies.anticipate.subject import Array, Drugs, Subject

_RELAPSE_CELLS = 1e9
"""Burden at which regrowth is seen unless the file says otherwise, or that at the start if it is smaller."""


@dataclass(frozen=True)
class DeclaredRates:
    """Rates from declared effects."""

    landscape: RuleLandscape
    levels: Mapping[str, float]
    """Of each drug, in units of the concentration of half effect."""

    @property
    def alterations(self) -> tuple[str, ...]:
        """Names."""
        return tuple(alteration.name for alteration in self.landscape.alterations)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Per division."""
        return self.landscape.probabilities

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """Pairs whose order matters."""
        return self.landscape.ordered

    def rates(self, genotypes: Sequence[Genotype], drugs: Drugs) -> Array:
        """(genotypes, RATES) rates, 1/day."""
        phase = Phase("treated", {drug: self.levels[drug] for drug in drugs})
        return np.asarray(replace(self.landscape, phases=(phase,)).rates(genotypes)[:, 0])


def subject_from_rates(spec: TumorSpec, drugs: Sequence[str]) -> Subject:
    """The subject that a file of rates describes.

    Args:
        spec: The file.
        drugs: Drugs to combine; all of the file if "all".

    Raises:
        InputError: if a drug is not in the file.
    """
    chosen = (
        tuple(spec.drugs) if [name.casefold() for name in drugs] == ["all"] else tuple(dict.fromkeys(drugs))
    )
    for name in chosen:
        if name not in spec.drugs:
            raise InputError(
                "the tumor's file has no such drug",
                field="drugs",
                value=name,
                fix=did_you_mean(name, spec.drugs),
            )
    tolerance = spec.tolerance
    landscape = RuleLandscape(
        birth=spec.birth,
        death=spec.death,
        alterations=tuple(
            Alteration(name, a.probability, _effect(a)) for name, a in spec.alterations.items()
        ),
        drugs=tuple(Drug(name, drug.kill, drug.slowing, drug.hill) for name, drug in spec.drugs.items()),
        interactions=tuple(Interaction(*i.between, _effect(i), i.ordered) for i in spec.interactions),
        sleep=tolerance.enter if tolerance else 0.0,
        wake=tolerance.leave if tolerance else 0.0,
        tolerant_death=tolerance.death if tolerance else 0.0,
        tolerant_kill=tolerance.kill if tolerance else 0.0,
        combine=spec.combined,
    )
    levels = {name: math.inf if drug.level is None else drug.level for name, drug in spec.drugs.items()}
    return Subject(
        name=spec.tumor,
        lesions=spec.lesions,
        capacity=spec.capacity or math.inf,
        detectable=spec.relapse or min(_RELAPSE_CELLS, sum(spec.lesions)),
        drugs=chosen,
        source=DeclaredRates(landscape, levels),
    )


def _effect(spec: EffectSpec) -> Effect:
    return Effect(1.0 - spec.cost, spec.birth_factor, spec.death_factor, spec.resists)
