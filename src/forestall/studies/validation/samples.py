"""Virtual patients of one published trial: what each had under each arm, for each parameter set."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.arms import Arm, renewed
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import Population, draw_population
from forestall.knowledge.parameter_sets import in_use
from forestall.knowledge.trials import TrialSpec
from forestall.studies.analysis import Outcomes
from forestall.studies.kept import load_arrays, save_arrays
from forestall.studies.trial import Trial
from forestall.studies.validation.derivation import TrialPlan

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_COMPILED: Final = ("drugs.", "alterations.")
_NOT_COMPILED: Final = ".rate_per_division"
_ARRAYS: Final = ("pfs_days", "pfs_event", "os_days", "os_event", "responder")


@dataclass(frozen=True, slots=True)
class Sample:
    """Outcomes, (members, arms, patients) each; a patient is the same woman in every arm. NaN for failed patients."""

    arms: tuple[str, ...]
    """Published arms, in the order of the second axis."""
    pfs_days: Floats
    pfs_event: Bools
    os_days: Floats
    os_event: Bools
    responder: Floats

    @classmethod
    def stacked(cls, parts: Sequence[Self]) -> Self:
        """Several parameter sets' samples one after the other."""
        arrays = (np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS)
        return cls(parts[0].arms, *arrays)

    def times(self, arm: str, endpoint: str) -> tuple[Floats, Bools]:
        """(members, patients) times (day) and event flags of an arm.

        Args:
            arm: Published name.
            endpoint: PFS or OS.
        """
        place = self.arms.index(arm)
        if endpoint == "PFS":
            return self.pfs_days[:, place], self.pfs_event[:, place]
        return self.os_days[:, place], self.os_event[:, place]

    def responses(self, arm: str) -> Floats:
        """(members, patients) 1 for a response, 0 for none, NaN if it was not evaluated."""
        return self.responder[:, self.arms.index(arm)]


def draw_sample(plan: TrialPlan, seed: int, first: int, count: int) -> Sample:
    """Follow patients of a trial under the parameters in force.

    Every patient is followed under every published arm; where physicians chose among K drugs, patient i receives
    the drug number i mod K.

    Args:
        plan: The trial.
        seed: Seed.
        first: Number of the first patient.
        count: Patients per arm.
    """
    patients = np.arange(first, first + count, dtype=np.int64)
    population = draw_population(plan.spec.population, patients, seed)
    watch = Trial(plan.spec, plan.source).watch(seed)
    arms = [renewed(arm) for arm in _compiled(json.dumps(dict(plan.source)), _effects_in_use())]
    followed = [_follow(population, arms, choices, watch) for choices in plan.arms.values()]
    arrays = (np.stack([getattr(one, name) for one in followed])[None] for name in _ARRAYS)
    return Sample(tuple(plan.arms), *arrays)


def _effects_in_use() -> tuple[tuple[str, float], ...]:
    """Numbers of the set in use that an arm is compiled from."""
    values = in_use().values.items()
    return tuple(
        sorted(
            (name, value)
            for name, value in values
            if name.startswith(_COMPILED) and not name.endswith(_NOT_COMPILED)
        )
    )


@functools.lru_cache(maxsize=512)
def _compiled(source: str, effects: tuple[tuple[str, float], ...]) -> tuple[Arm, ...]:
    """The arms of a trial, which take longer to compile than a few patients to follow.

    Args:
        source: The trial as JSON.
        effects: Numbers of the set in use that the arms depend on; they are read from the set, and are here to tell sets apart.
    """
    document = json.loads(source)
    return Trial(TrialSpec.model_validate(document), document).compiled_arms()


def _follow(population: Population, arms: Sequence[Arm], choices: tuple[int, ...], watch: Watch) -> Outcomes:
    """Every patient under her choice of the arms, in the order of the patients."""
    turn = population.patient % len(choices)
    parts, rows = [], []
    for place, arm in enumerate(choices):
        chosen = np.flatnonzero(turn == place)
        if chosen.size:
            parts.append(Outcomes.of(follow_arm(population.select(chosen), arms[arm], arm, watch).findings))
            rows.append(chosen)
    joined, order = Outcomes.joined(parts), np.argsort(np.concatenate(rows))
    return Outcomes(*(getattr(joined, name)[order] for name in Outcomes.__slots__))


def save_sample(sample: Sample, path: Path) -> None:
    """Write a sample; the file is complete or not there."""
    arrays = {name: getattr(sample, name) for name in _ARRAYS}
    save_arrays(path, {"arms": np.array(sample.arms), **arrays})


def load_sample(path: Path) -> Sample | None:
    """A sample that was written before; None if there is none that can be read."""
    arrays = load_arrays(path, ("arms", *_ARRAYS))
    return None if arrays is None else Sample(tuple(arrays.pop("arms").tolist()), **arrays)
