"""What the counterfactual attribution of a trial gives: effects by patient, sums by arm, and where the one-day cause differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forestall.clinic.counterfactual import Kind
from forestall.statistics.estimate import Estimate
from forestall.statistics.proportions import proportion
from forestall.studies.course_files import number_or_none
from forestall.studies.why import MATTERS_PERCENT

NO_SINGLE = "no single mechanism"
"""Main mechanism of a patient whose lesion would have been as large without any one of them."""
SAME, LESSER, IDLE, ONLY_COURSE, NEITHER = (
    "the named cause is the main mechanism",
    "the named cause mattered, another mattered more",
    "the named cause made no difference over the course",
    "no mechanism was named, one mattered over the course",
    "no mechanism was named, and none mattered by itself",
)
VERDICTS = (SAME, LESSER, IDLE, ONLY_COURSE, NEITHER)
"""How the cause of the one day stands to the main mechanism of the course."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one mechanism did in one patient: her course without it, against her course."""

    kind: str
    mechanism: str
    volume_percent: float
    """Volume of the lesion that led the progression, in percent of what it was, on the day of the first of the two progressions;
    NaN if she would have died before."""
    progression_day: float | None
    """None if she would not have progressed while she was followed."""
    later_days: float
    """By how much later she would have progressed; at least, if she would not have."""

    @property
    def matters(self) -> bool:
        """Whether the lesion would have been smaller."""
        return self.volume_percent <= 100.0 - MATTERS_PERCENT


@dataclass(frozen=True, slots=True)
class Explained:
    """One patient who progressed."""

    patient: int
    arm: str
    cause: str
    """The one-day cause, in words."""
    progression_day: float
    effects: tuple[Effect, ...]
    """Of every mechanism that was switched off."""

    @property
    def main(self) -> Effect | None:
        """The mechanism without which the lesion would have been smallest; None if none mattered."""
        mattered = [effect for effect in self.effects if effect.matters]
        return min(mattered, key=lambda effect: effect.volume_percent, default=None)

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        named, main = named_mechanism(self.cause), self.main
        if named is None:
            return NEITHER if main is None else ONLY_COURSE
        if main is not None and main.mechanism == named:
            return SAME
        return LESSER if any(item.mechanism == named and item.matters for item in self.effects) else IDLE


@dataclass(frozen=True, slots=True)
class MechanismSum:
    """One mechanism in one arm."""

    arm: str
    kind: str
    mechanism: str
    explained: int
    """Patients of the arm whose courses were repeated."""
    mattered: int
    """Those whose lesion would have been smaller without it."""
    main: int
    """Those in whom nothing else mattered as much."""
    prevented: int
    """Those who would not have progressed while they were followed."""
    later_days: float
    """Median over those in whom it mattered; NaN if there are none."""

    @property
    def share(self) -> Estimate:
        """Of the explained patients, those in whom it mattered, with the exact 95% interval."""
        return proportion(self.mattered, self.explained)

    @property
    def main_share(self) -> Estimate:
        """Of the explained patients, those in whom it was the main mechanism, with the exact 95% interval."""
        return proportion(self.main, self.explained)


@dataclass(frozen=True)
class TrialWhy:
    """Why the patients of a trial progressed, by repeated courses."""

    arms: tuple[str, ...]
    progressed: tuple[int, ...]
    """Patients who progressed, by arm."""
    patients: tuple[Explained, ...]
    """Those whose courses were repeated."""
    courses: int
    """Courses that were simulated for it."""

    def of_arm(self, arm: str) -> list[Explained]:
        """The explained patients of an arm."""
        return [one for one in self.patients if one.arm == arm]

    def sums(self) -> list[MechanismSum]:
        """Arm by arm, the mechanism that was most often the main one first; those that mattered in nobody are left out."""
        main = Counter((one.main.kind, one.main.mechanism) for one in self.patients if one.main is not None)
        often = Counter(
            (effect.kind, effect.mechanism)
            for one in self.patients
            for effect in one.effects
            if effect.matters
        )
        order = sorted(often, key=lambda key: (-main[key], -often[key], key))
        return [self._sum(arm, *key) for arm in self.arms for key in order]

    def _sum(self, arm: str, kind: str, mechanism: str) -> MechanismSum:
        explained = self.of_arm(arm)
        mattered = [
            effect
            for one in explained
            for effect in one.effects
            if (effect.kind, effect.mechanism) == (kind, mechanism) and effect.matters
        ]
        mains = [one.main for one in explained]
        return MechanismSum(
            arm=arm,
            kind=kind,
            mechanism=mechanism,
            explained=len(explained),
            mattered=len(mattered),
            main=sum(main is not None and (main.kind, main.mechanism) == (kind, mechanism) for main in mains),
            prevented=sum(effect.progression_day is None for effect in mattered),
            later_days=float(np.median([effect.later_days for effect in mattered]))
            if mattered
            else float("nan"),
        )

    def unexplained(self, arm: str) -> int:
        """Patients of an arm in whom no single mechanism mattered."""
        return sum(one.main is None for one in self.of_arm(arm))

    def verdicts(self, arm: str) -> dict[str, int]:
        """How often the one-day cause stands in each relation to the course, in the order of `VERDICTS`."""
        counts = Counter(one.verdict for one in self.of_arm(arm))
        return {verdict: counts[verdict] for verdict in VERDICTS}

    def rows(self) -> list[Mapping[str, Any]]:
        """The sums as rows of a table, with a row for each arm for those whom no single mechanism explains."""
        return [*(_sum_row(item) for item in self.sums()), *self._unexplained_rows()]

    def _unexplained_rows(self) -> Iterator[Mapping[str, Any]]:
        for arm in self.arms:
            none, explained = self.unexplained(arm), len(self.of_arm(arm))
            yield _sum_row(MechanismSum(arm, "none", NO_SINGLE, explained, 0, none, 0, float("nan")))

    def patient_rows(self) -> list[Mapping[str, Any]]:
        """Every effect of every explained patient as rows of a table."""
        return [
            {
                "patient": one.patient,
                "arm": one.arm,
                "one_day_cause": one.cause,
                "progression_day": one.progression_day,
                "kind": effect.kind,
                "mechanism": effect.mechanism,
                "leading_lesion_volume_percent": number_or_none(effect.volume_percent),
                "progression_day_without": effect.progression_day,
                "later_days": effect.later_days,
                "matters": effect.matters,
                "main": effect is one.main,
            }
            for one in self.patients
            for effect in one.effects
        ]

    def to_data(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "courses": self.courses,
            "progressed": dict(zip(self.arms, self.progressed, strict=True)),
            "explained": {arm: len(self.of_arm(arm)) for arm in self.arms},
            "mechanisms": self.rows(),
            "one_day_cause": {arm: self.verdicts(arm) for arm in self.arms},
        }


def named_mechanism(cause: str) -> str | None:
    """The mechanism that a one-day cause names, as `Effect.mechanism` has it; None if it names none."""
    fixed = {
        "ER switched on": "ESR1",
        "brain sanctuary": Kind.SANCTUARY.value,
        "tolerant cells": Kind.TOLERANCE.value,
        "waning effect": Kind.WANING.value,
    }
    if cause in fixed:
        return fixed[cause]
    for ending in (" (acquired)", " (truncal)", " rebound"):
        if cause.endswith(ending):
            return cause.removesuffix(ending)
    return None


def _sum_row(item: MechanismSum) -> Mapping[str, Any]:
    return {
        "arm": item.arm,
        "kind": item.kind,
        "mechanism": item.mechanism,
        "explained": item.explained,
        "mattered": item.mattered,
        "share": number_or_none(item.share.value),
        "share_low": number_or_none(item.share.lower),
        "share_high": number_or_none(item.share.upper),
        "main": item.main,
        "main_share": number_or_none(item.main_share.value),
        "main_share_low": number_or_none(item.main_share.lower),
        "main_share_high": number_or_none(item.main_share.upper),
        "prevented": item.prevented,
        "later_days_median": number_or_none(item.later_days),
    }
