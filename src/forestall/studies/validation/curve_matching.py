"""Which published curve shows which arm of the evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from forestall.statistics.estimate import Bools, Floats
from forestall.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from forestall.studies.validation.derivation import DAYS_PER_MONTH, TrialPlan
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.rows import ENDPOINTS
from forestall.studies.validation.treatments import InexpressibleError, read_treatment

_CONTROL_WORDS: Final = frozenset({"control", "placebo", "pbo", "chemo"})
_SAME_MEDIAN: Final = 0.25
"""A curve whose median is further than this share from the arm's in the tables belongs to another analysis, or arm."""
_LEAST_STEM: Final = 3
_SAME_WORD: Final = 0.85
"""Likeness (difflib) of a misspelled name."""


@dataclass(frozen=True, slots=True)
class PublishedCurve:
    """The patients of one arm of one figure."""

    name: str
    """Figure and arm, as an override names it: "FALCON_2/fulvestrant"."""
    trial: str
    endpoint: str
    arm: str
    months: Floats
    event: Bools

    @property
    def figure(self) -> str:
        """The figure that it stands in."""
        return self.name.partition("/")[0]

    @property
    def curve(self) -> KaplanMeier:
        """With times in days."""
        return kaplan_meier(self.months * DAYS_PER_MONTH, self.event)


def _is_of(curve: PublishedCurve, evidence: Evidence, trial: str) -> bool:
    wanted = _plain(curve.trial)
    return wanted in {_plain(trial), _plain(evidence.trials[trial].nct)}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


Match = tuple[PublishedCurve | None, str]
"""A curve or None, and the rule that found it or the reason that none did."""


def matches(
    evidence: Evidence, plan: TrialPlan, endpoint: str, curves: list[PublishedCurve]
) -> dict[str, Match]:
    """The curve of each arm of a trial; nothing if the trial has no curve of the endpoint.

    By `curves` of overrides.yaml; else by the drugs that the curve's name shortens and the other arms' drugs do not share; else a
    curve called "control" for the arm that is one. If the median of one curve of a figure contradicts that of its arm, no curve of
    the figure is used: it shows another analysis, or other arms.

    Args:
        evidence: The tables.
        plan: The trial.
        endpoint: PFS or OS.
        curves: Of every trial.
    """
    given = evidence.overrides.of(plan.trial).curves
    own = [
        one for one in curves if ENDPOINTS.get(one.endpoint) == endpoint and _is_of(one, evidence, plan.trial)
    ]
    found: dict[str, Match] = {}
    for arm in plan.arms:
        if name := given.get(arm, {}).get(endpoint):
            curve = next((one for one in curves if one.name == name), None)
            found[arm] = (curve, "overrides.yaml" if curve else f"overrides.yaml names no such curve: {name}")
        elif own:
            found[arm] = _by_name(evidence, plan, arm, own)
    return _without_doubtful_figures(evidence, plan, endpoint, found)


def _by_name(evidence: Evidence, plan: TrialPlan, arm: str, curves: list[PublishedCurve]) -> Match:
    scored = [(_likeness(evidence, plan, arm, one), one) for one in curves]
    best = max(score for score, _ in scored)
    first = [one for score, one in scored if score == best]
    if best <= 0 or len(first) > 1:
        return None, "no curve of the trial names this arm's drugs alone; name it in overrides.yaml"
    return first[0], f"the curve's name '{first[0].arm}'"


def _without_doubtful_figures(
    evidence: Evidence, plan: TrialPlan, endpoint: str, found: dict[str, Match]
) -> dict[str, Match]:
    doubts = {
        curve.figure: problem
        for arm, (curve, because) in found.items()
        if curve
        and because != "overrides.yaml"
        and (problem := _contradiction(evidence, plan, arm, endpoint, curve))
    }
    return {
        arm: (None, doubts[curve.figure]) if curve and curve.figure in doubts else (curve, because)
        for arm, (curve, because) in found.items()
    }


def _contradiction(
    evidence: Evidence, plan: TrialPlan, arm: str, endpoint: str, curve: PublishedCurve
) -> str:
    """What the median of a curve says against its arm; one that is not reached says only that it is not earlier."""
    row = evidence.outcome(plan.trial, arm, "all", endpoint)
    if row is None or not row.median:
        return ""
    median = curve.curve.median.value / DAYS_PER_MONTH
    reached = min(median, float(curve.months.max()))
    if reached / row.median - 1 < _SAME_MEDIAN and (
        median > reached or reached / row.median - 1 > -_SAME_MEDIAN
    ):
        return ""
    return f"the median of the curve of {arm} is {median:.1f} months, the arm's {row.median:g}: another analysis or arm"


def _likeness(evidence: Evidence, plan: TrialPlan, arm: str, curve: PublishedCurve) -> int:
    """Drugs of the arm that the curve's name shortens, less those that only other arms have."""
    words = [word for word in re.split(r"[^a-z0-9]+", curve.arm.casefold()) if word]
    own = _drugs(evidence, plan.trial, arm)
    every = [_drugs(evidence, plan.trial, name) for name in plan.arms]
    others, special = set().union(*every) - own, own - every[0].intersection(*every)
    score = sum(
        2 * _shortens(word, special) + _shortens(word, own) - 3 * _shortens(word, others) for word in words
    )
    is_control = any((one.trial, one.control) == (plan.trial, arm) for one in evidence.comparisons)
    says_control = any(word in _CONTROL_WORDS for word in words)
    return score + (1 if is_control else -1) * (2 if says_control else 0)


def _shortens(word: str, drugs: set[str]) -> bool:
    """Whether a word begins, or nearly spells, a part of a drug's name."""
    parts = {part for drug in drugs for part in (drug, *drug.split())}
    return len(word) >= _LEAST_STEM and (
        any(part.startswith(word) for part in parts) or bool(get_close_matches(word, parts, 1, _SAME_WORD))
    )


def _drugs(evidence: Evidence, trial: str, arm: str) -> set[str]:
    for row in evidence.arm_rows(trial, arm):
        try:
            return {drug for one in read_treatment(row.drugs).alternatives for drug in one}
        except InexpressibleError:
            continue
    return set()
