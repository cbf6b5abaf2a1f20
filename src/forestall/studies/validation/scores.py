"""How well each method predicted, and by how much Forestall differs from each rule on the same comparisons."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import spearmanr

from forestall.statistics.cluster_bootstrap import bootstrap_mean
from forestall.statistics.estimate import Estimate
from forestall.studies.validation.answers import FORESTALL, Compared, Validation
from forestall.studies.validation.arm_outcomes import ArmOutcome
from forestall.studies.validation.curves import CurveDistance

NO_EFFECT: Final = "no effect"
GROUPINGS: Final = (
    "endpoint",
    "patients",
    "line",
    "change",
    "added class",
    "population",
    "drugs",
    "calibration",
)
_CLOSE: Final = 0.25
_KEPT: Final = 4
"""Validations whose scores are kept: tables, page, targets and terminal ask for them one after the other."""


@dataclass(frozen=True, slots=True)
class Score:
    """One method on the comparisons that it applies to."""

    method: str
    grouping: str
    group: str
    comparisons: int
    trials: int
    error: Estimate
    """Mean |log HR| error with its 90% bootstrap interval over trials."""
    bias: float
    """Mean error of the log ratio; below zero the method promises too much."""
    rank_correlation: float | None
    direction: tuple[int, int]
    """(right, of those with a direction)."""
    success: tuple[int, int]
    """(right, of those where success is known and predicted)."""
    coverage: tuple[int, int] | None
    """(published ratios inside the 90% prediction interval, of all with one); None for rules, which give none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean |log HR| error of one method less that of another where both apply."""

    method: str
    than: str
    grouping: str
    group: str
    comparisons: int
    trials: int
    difference: Estimate
    """Below zero the method is better; 90% bootstrap interval over trials."""


@dataclass(frozen=True, slots=True)
class ArmScore:
    """Simulated medians or rates of arms beside the published ones."""

    endpoint: str
    arms: str
    """Control arms, or all arms."""
    measure: str
    count: int
    close: int
    """Medians within 25%; rates inside the published interval, or within 10 percentage points if there is none."""
    mean_log_ratio: float | None
    """Of simulated over published medians."""
    mean_difference: float | None
    """Of rates, percentage points."""
    not_reached: int
    """Simulated medians beyond follow-up; they count as not close."""
    coverage: tuple[int, int]
    """(published values inside the 90% prediction interval, of all with one)."""


@dataclass(frozen=True, slots=True)
class CurveScore:
    """Months between predicted and published curves."""

    endpoint: str
    matched: int
    unmatched: int
    median_months: float
    """NaN if none was matched."""
    within_a_month: int


@functools.lru_cache(maxsize=_KEPT)
def scores(found: Validation) -> list[Score]:
    """Every method, for each group of every grouping; the endpoints first."""
    result = []
    for grouping, group, items in _grouped(found.compared):
        for method in found.methods:
            if (score := _score(method, grouping, group, items)) is not None:
                result.append(score)
    return result


@functools.lru_cache(maxsize=_KEPT)
def differences(found: Validation) -> list[Difference]:
    """Forestall against every rule, and every rule against no effect."""
    pairs = [(FORESTALL, rule) for rule in found.methods if rule != FORESTALL and FORESTALL in found.methods]
    pairs += [(rule, NO_EFFECT) for rule in found.methods if rule not in (FORESTALL, NO_EFFECT)]
    result = []
    for grouping, group, items in _grouped(found.compared):
        for method, than in pairs:
            if (difference := _difference(method, than, grouping, group, items)) is not None:
                result.append(difference)
    return result


def arm_scores(arms: Sequence[ArmOutcome]) -> list[ArmScore]:
    """Medians and response rates, control arms and all arms."""
    result = []
    for endpoint, names in (("PFS or TTP", ("PFS", "TTP")), ("OS", ("OS",)), ("ORR", ("ORR",))):
        for measure in ("median", "rate"):
            for kind in ("control", "all"):
                chosen = [
                    one for one in arms
                    if one.endpoint in names and one.measure == measure and (kind == "all" or one.is_control)
                ]  # fmt: skip
                if chosen:
                    result.append(_arm_score(endpoint, kind, measure, chosen))
    return result


def log_error(item: Compared, method: str) -> float | None:
    """Error of the log hazard ratio; None where the method does not apply."""
    hr = item.predicted(method)
    return None if hr is None else math.log(hr / item.published)


def _grouped(compared: Sequence[Compared]) -> Iterable[tuple[str, str, list[Compared]]]:
    """(grouping, group, comparisons): the endpoints, then each other grouping within PFS or TTP."""
    for grouping in GROUPINGS:
        pool = [one for one in compared if grouping == "endpoint" or one.groups["endpoint"] == "PFS or TTP"]
        for group in sorted({one.groups[grouping] for one in pool}, reverse=grouping == "endpoint"):
            yield grouping, group, [one for one in pool if one.groups[grouping] == group]


def _score(method: str, grouping: str, group: str, items: list[Compared]) -> Score | None:
    chosen = [(one, error) for one in items if (error := log_error(one, method)) is not None]
    if not chosen:
        return None
    errors = np.array([error for _, error in chosen])
    trials = [one.question.row.trial for one, _ in chosen]
    members = [one for one, _ in chosen]
    return Score(
        method=method,
        grouping=grouping,
        group=group,
        comparisons=len(chosen),
        trials=len(set(trials)),
        error=bootstrap_mean(np.abs(errors), trials),
        bias=float(errors.mean()),
        rank_correlation=_rank_correlation(members, method),
        direction=_direction(members, method),
        success=_success(members, method),
        coverage=_coverage(members) if method == FORESTALL else None,
    )


def _difference(
    method: str, than: str, grouping: str, group: str, items: list[Compared]
) -> Difference | None:
    pairs = [(one, log_error(one, method), log_error(one, than)) for one in items]
    both = [(one, abs(a) - abs(b)) for one, a, b in pairs if a is not None and b is not None]
    if not both:
        return None
    trials = [one.question.row.trial for one, _ in both]
    mean = bootstrap_mean([value for _, value in both], trials)
    return Difference(method, than, grouping, group, len(both), len(set(trials)), mean)


def _rank_correlation(items: list[Compared], method: str) -> float | None:
    predicted = [one.predicted(method) for one in items]
    if len(set(predicted)) < 3:
        return None
    return float(spearmanr(predicted, [one.published for one in items]).statistic)


def _direction(items: list[Compared], method: str) -> tuple[int, int]:
    pairs = [(one.predicted(method) or 1.0, one.published) for one in items]
    known = [(a, b) for a, b in pairs if a != 1 and b != 1]
    return sum((a < 1) == (b < 1) for a, b in known), len(known)


def _success(items: list[Compared], method: str) -> tuple[int, int]:
    pairs = [(one.expects_success(method), one.succeeded) for one in items]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return sum(a == b for a, b in known), len(known)


def _coverage(items: list[Compared]) -> tuple[int, int]:
    known = [
        (one.simulated.interval, one.published) for one in items if one.simulated and one.simulated.interval
    ]
    return sum(low <= published <= high for (low, high), published in known), len(known)


def _arm_score(endpoint: str, kind: str, measure: str, chosen: list[ArmOutcome]) -> ArmScore:
    reached = [one for one in chosen if math.isfinite(one.simulated)]
    ratios = [
        math.log(one.simulated / one.published)
        for one in reached
        if measure == "median" and one.simulated > 0
    ]
    gaps = [one.simulated - one.published for one in reached if measure == "rate"]
    return ArmScore(
        endpoint=endpoint,
        arms=kind,
        measure=measure,
        count=len(chosen),
        close=sum(_is_close(one) for one in reached),
        mean_log_ratio=float(np.mean(ratios)) if ratios else None,
        mean_difference=float(np.mean(gaps)) if gaps else None,
        not_reached=len(chosen) - len(reached),
        coverage=_arm_coverage(chosen),
    )


def _arm_coverage(chosen: list[ArmOutcome]) -> tuple[int, int]:
    known = [(one.prediction, one.published) for one in chosen if one.prediction]
    return sum(low <= published <= high for (low, high), published in known), len(known)


def curve_scores(curves: Sequence[CurveDistance]) -> list[CurveScore]:
    """By endpoint."""
    result = []
    for endpoint in ("PFS", "OS"):
        chosen = [one for one in curves if one.endpoint == endpoint]
        months = np.array([one.months for one in chosen if one.curve])
        if chosen:
            middle = float(np.median(months)) if months.size else math.nan
            unmatched = len(chosen) - months.size
            result.append(CurveScore(endpoint, int(months.size), unmatched, middle, int((months <= 1).sum())))
    return result


def _is_close(one: ArmOutcome) -> bool:
    if one.measure == "median":
        return abs(one.simulated / one.published - 1) <= _CLOSE
    low, high = one.published_interval or (one.published - 10, one.published + 10)
    return low <= one.simulated <= high
