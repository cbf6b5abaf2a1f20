"""Medians, response rates and landmark rates of the arms of a trial, predicted beside the published ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.between_members import moments
from forestall.statistics.estimate import normal_quantile
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.visit_curves import between_visits, medians_of_lines
from forestall.studies.validation.derivation import DAYS_PER_MONTH, TrialPlan
from forestall.studies.validation.ensemble import Parameters
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.rows import ENDPOINTS, ArmRow, is_sequence
from forestall.studies.validation.samples import Sample
from forestall.studies.validation.simulated import COVERAGE

_PERCENT: Final = 100.0
_ENOUGH: Final = 0.5
"""Share of the parameter sets that must reach a median for its spread to be known."""
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """One published outcome of an arm beside the predicted one."""

    trial: str
    subgroup: str
    arm: str
    endpoint: str
    """PFS, TTP, OS or ORR."""
    measure: str
    """A median in months, or a rate in percent (at `months` for a landmark)."""
    months: float | None
    published: float
    published_interval: Interval | None
    simulated: float
    """Infinite for a median that was not reached."""
    prediction: Interval | None
    """90% prediction interval, from parameters and from the size of the published arm."""
    is_control: bool


class _Predicted(NamedTuple):
    value: float
    interval: Interval | None


def arm_outcomes(
    evidence: Evidence, plan: TrialPlan, sample: Sample, controls: set[str], parameters: Parameters
) -> list[ArmOutcome]:
    """Every published median and rate of the plan's arms that the virtual patients have too.

    Args:
        evidence: The tables.
        plan: The trial.
        sample: Its virtual patients.
        controls: Arms that are the control of a comparison.
        parameters: Where the parameter sets come from; they know what they leave unexplained.
    """
    found = []
    for arm in plan.arms:
        for row, endpoint in _rows(evidence, plan, arm):
            predicted = _predicted(row, endpoint, sample, plan, parameters)
            found.append(_outcome(row, plan, predicted, arm in controls))
    return found


def _rows(evidence: Evidence, plan: TrialPlan, arm: str) -> Iterator[tuple[ArmRow, str]]:
    """Rows that count, each with the endpoint of the simulation that stands for it."""
    for endpoint in ("PFS", "OS", "ORR"):
        row = evidence.outcome(plan.trial, arm, plan.subgroup, endpoint)
        wanted = endpoint in plan.endpoints or (endpoint == "ORR" and not is_sequence(arm))
        if row is not None and wanted:
            yield row, endpoint
    for row in evidence.arm_rows(plan.trial, arm):
        usual = row.subgroup.name == plan.subgroup and not row.subgroup.suffix and row.preferred != "0"
        landmark = row.endpoint in ENDPOINTS and row.rate is not None and row.rate_months is not None
        if usual and landmark and ENDPOINTS[row.endpoint] in plan.endpoints:
            yield row, ENDPOINTS[row.endpoint]


def _is_median(row: ArmRow, endpoint: str) -> bool:
    return endpoint != "ORR" and row.median is not None


def _predicted(
    row: ArmRow, endpoint: str, sample: Sample, plan: TrialPlan, parameters: Parameters
) -> _Predicted:
    if endpoint == "ORR":
        responses = sample.responses(row.arm)
        known = np.isfinite(responses)
        counts = known.sum(axis=1)
        shares = [
            float(line[use].mean()) if use.any() else math.nan
            for line, use in zip(responses, known, strict=True)
        ]
        return _rate(shares, counts, row.n, parameters.discrepancy("PFS", "response"))
    days, event = sample.times(row.arm, endpoint)
    if _is_median(row, endpoint):
        visits = np.array(plan.spec.visit_days()) if endpoint == "PFS" else None
        return _median(days, event, row.n, parameters.discrepancy(endpoint, "median"), visits)
    assert row.rate_months is not None
    day = row.rate_months * DAYS_PER_MONTH
    if day > plan.spec.follow_up_days:
        return _Predicted(math.nan, None)
    counts = np.isfinite(days).sum(axis=1)
    shares = [_free(*line, day) for line in zip(days, event, strict=True)]
    return _rate(shares, counts, row.n, parameters.discrepancy(endpoint, "rate"))


def _free(days: NDArray[np.float64], event: NDArray[np.bool_], day: float) -> float:
    known = np.isfinite(days)
    curve = kaplan_meier(days[known], event[known])
    return float(curve.at(min(day, float(curve.time_days[-1]))))


def _rate(shares: list[float], counts: NDArray[np.int64], n: int | None, discrepancy: float) -> _Predicted:
    """A rate with a normal interval, cut at 0 and 100 percent; the discrepancy is one of log odds."""
    values = np.array(shares)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = moments(values, values * (1 - values) / counts)
    if not n or not found.members:
        return _Predicted(_PERCENT * found.mean, None)
    slope = found.mean * (1 - found.mean)
    half = normal_quantile(COVERAGE) * found.predictive_sd(slope / n + (slope * discrepancy) ** 2)
    ends = max(0.0, found.mean - half), min(1.0, found.mean + half)
    return _Predicted(_PERCENT * found.mean, (_PERCENT * ends[0], _PERCENT * ends[1]))


def _median(
    days: NDArray[np.float64],
    event: NDArray[np.bool_],
    n: int | None,
    discrepancy: float,
    visits: NDArray[np.float64] | None,
) -> _Predicted:
    """The median of all parameter sets' patients together, months.

    The variance of a log median is taken as 1 / events, which is exact for exponential times.
    """
    known = np.isfinite(days)
    value = _center(days[known], event[known], visits) / DAYS_PER_MONTH
    logs = np.array(
        [_log_median(line[use], hit[use]) for line, hit, use in zip(days, event, known, strict=True)]
    )
    events = (event & known).sum(axis=1)
    with np.errstate(divide="ignore"):
        found = moments(logs, 1 / events)
    if not n or not math.isfinite(value) or found.members < _ENOUGH * len(logs):
        return _Predicted(value, None)
    share = float(events.sum() / known.sum())
    half = normal_quantile(COVERAGE) * found.predictive_sd(1 / (share * n) + discrepancy**2)
    return _Predicted(value, (value * math.exp(-half), value * math.exp(half)))


def _center(days: NDArray[np.float64], event: NDArray[np.bool_], visits: NDArray[np.float64] | None) -> float:
    """A median, days; of what is found at visits, of the curve between them: the visit itself is a third off, or the next one is."""
    curve = kaplan_meier(days, event)
    if visits is None:
        return curve.median.value
    within = visits[(visits > 0) & (visits <= curve.time_days[-1])]
    if not within.size:
        return curve.median.value
    middle, free = between_visits(within, curve.at(within)[None])
    return float(medians_of_lines(middle, free)[0])


def _log_median(days: NDArray[np.float64], event: NDArray[np.bool_]) -> float:
    median = kaplan_meier(days, event).median.value
    return math.log(median / DAYS_PER_MONTH) if math.isfinite(median) and median > 0 else math.nan


def _outcome(row: ArmRow, plan: TrialPlan, predicted: _Predicted, is_control: bool) -> ArmOutcome:
    is_rate = row.endpoint == "ORR" or row.median is None
    return ArmOutcome(
        trial=plan.trial,
        subgroup=plan.subgroup,
        arm=row.arm,
        endpoint=row.endpoint,
        measure="rate" if is_rate else "median",
        months=row.rate_months if is_rate and row.endpoint != "ORR" else None,
        published=float((row.rate if is_rate else row.median) or 0.0),
        published_interval=row.interval,
        simulated=predicted.value,
        prediction=predicted.interval,
        is_control=is_control,
    )
