"""The numbers that a sensitivity analysis moves, and how far: what is still uncertain of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forestall.knowledge.ensembles import DEFAULT
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.calibration.inputs import inputs_of
from forestall.studies.calibration.spec import Unknown, load_spec, unknowns
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.ensemble import Parameters

RANGE: Final = 1.6449
"""Standard deviations to either side: 90% of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One number, or several that are moved together."""

    name: str
    numbers: Mapping[str, float]
    """Name in a parameter set -> value at the center."""
    is_share: bool
    """Whether the number is a share, which is moved on the scale of log odds; others on that of logarithms."""
    sd: float
    """Of what is uncertain, on that scale."""

    def values(self, deviate: float) -> dict[str, float]:
        """The numbers at so many standard deviations from the center."""
        return {name: self._moved(center, self.sd * deviate) for name, center in self.numbers.items()}

    def deviate(self, parameters: ParameterSet) -> float:
        """How many standard deviations a set lies from the center."""
        name, center = next(iter(self.numbers.items()))
        shift = deviate_of(parameters.values[name], self.is_share) - deviate_of(center, self.is_share)
        return shift / self.sd if self.sd > 0 else 0.0

    def _moved(self, center: float, shift: float) -> float:
        if self.is_share:
            odds = center / (1 - center) * math.exp(shift)
            return odds / (1 + odds)
        return center * math.exp(shift)


def coordinates(plan: TrialPlan, parameters: Parameters) -> list[Coordinate]:
    """The calibrated numbers that a trial can depend on.

    Args:
        plan: The trial.
        parameters: A calibrated ensemble, whose spread is moved over; or the catalog's numbers, over their priors.
    """
    every = unknowns(load_spec(DEFAULT))
    arms = {place for choices in plan.arms.values() for place in choices}
    weights = np.vstack([inputs_of(plan, arm, every).weights for arm in sorted(arms)])
    relevant = [one for one, column in zip(every, weights.T, strict=True) if np.any(column)]
    if parameters.ensemble is None:
        return [Coordinate(one.name, dict(one.numbers), one.scale == "logit", one.sd) for one in relevant]
    members = parameters.members(plan.trial)
    return [_of_members(one, members) for one in relevant if one.numbers[0][0] in members[0].values]


def _of_members(unknown: Unknown, members: Sequence[ParameterSet]) -> Coordinate:
    is_share = unknown.scale == "logit"
    deviates = np.array([deviate_of(member.values[unknown.numbers[0][0]], is_share) for member in members])
    centers = {name: _center(members, name, is_share) for name, _ in unknown.numbers}
    return Coordinate(unknown.name, centers, is_share, float(deviates.std(ddof=1)))


def _center(members: Sequence[ParameterSet], name: str, is_share: bool) -> float:
    middle = float(np.mean([deviate_of(member.values[name], is_share) for member in members]))
    return 1 / (1 + math.exp(-middle)) if is_share else math.exp(middle)


def deviate_of(value: float, is_share: bool) -> float:
    """A number on the scale that it is moved on."""
    return math.log(value / (1 - value)) if is_share else math.log(value)
