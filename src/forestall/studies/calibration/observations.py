"""What was published, as numbers with errors: medians, shares at a time, response rates, hazard ratios, points of curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.estimate import normal_quantile
from forestall.studies.calibration.shards import Endpoint
from forestall.studies.calibration.spec import ModelError
from forestall.studies.validation.derivation import Question, TrialPlan
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.rows import ENDPOINTS, ArmRow

Kind = Literal["median", "rate", "response", "hazard_ratio"]
_USUAL_PATIENTS: Final = 150
"""Of an arm without a number; assumed."""
EVENTS_PER_PATIENT: Final = 0.7
"""Where no interval is published; assumed."""
_Z: Final = normal_quantile(0.95)
_WITH_RATIO: Final[Mapping[str, float]] = {"median": 0.49, "rate": 0.45, "response": 0.3}
"""Correlation with the logarithm of the hazard ratio, for the control arm; the other sign for the experimental one. That of a median is
derived (`covariance`), the others are assumed."""
_SAME_ARM: Final = 0.5
"""Correlation of two numbers of one arm; assumed."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One published number on the scale where its error is normal."""

    trial: str
    subgroup: str
    arms: tuple[str, ...]
    """One arm, or the experimental and the control arm of a hazard ratio."""
    kind: Kind
    months: float | None
    """Of a share at a time."""
    value: float
    """Logarithm of a median in months or of a hazard ratio; logit of a share."""
    error: float
    """Standard deviation of its sampling."""
    own_error: float
    """Standard deviation of what the model cannot be expected to hit in this number."""
    trial_error: float
    """The same of what it misses in all numbers of a trial together."""

    @property
    def model_error(self) -> float:
        """Standard deviation of what the model cannot be expected to hit."""
        return math.hypot(self.own_error, self.trial_error)


def observations(
    evidence: Evidence,
    questions: Sequence[Question],
    floors: ModelError,
    curves: Mapping[tuple[str, str], Sequence[tuple[float, float, int]]] | None = None,
    endpoint: Endpoint = "PFS",
) -> list[Observation]:
    """Everything published of progression and response that the plans can be compared with.

    Args:
        evidence: The tables.
        questions: Comparisons with their plans.
        floors: Errors of the model.
        curves: Points of published curves by trial and arm: months, share free of progression, patients.
        endpoint: Progression-free or overall survival; responses go with progression.
    """
    plans: dict[tuple[str, str], TrialPlan] = {}
    for question in questions:
        if question.plan is not None:
            plans[question.plan.trial, question.plan.subgroup] = question.plan
    found: list[Observation] = []
    for plan in plans.values():
        for arm in plan.arms:
            found += _of_arm(evidence, plan, arm, floors, endpoint)
            found += _of_curve(plan, arm, floors, (curves or {}).get((plan.trial, arm), ()))
    found += [one for question in questions if (one := _ratio(question, floors, endpoint)) is not None]
    return found


def covariance(observed: Sequence[Observation], emulator: Mapping[str, float]) -> NDArray[np.float64]:
    """(D, D) covariance of observations; what was seen in the same patients errs together.

    Args:
        observed: The observations.
        emulator: Standard deviation of the emulator's error by kind.

    Notes:
        Of exponential times, the logarithms of median and mean correlate by 0.69, so a median and a hazard ratio of its arm by
        -0.49 or 0.49; a share free at a time behaves as the median. The correlation holds for the part of the error that is
        sampling. What the model misses in a whole trial is shared by all its numbers. A matrix that rounding leaves indefinite is
        mended at its eigenvalues.
    """
    sd = [math.hypot(one.error, one.model_error, emulator.get(one.kind, 0.0)) for one in observed]
    found = np.diag(np.square(np.array(sd)))
    for a, first in enumerate(observed):
        for b in range(a):
            second = observed[b]
            if first.trial == second.trial:
                shared = first.trial_error * second.trial_error
                if first.subgroup == second.subgroup:
                    shared += _correlation(first, second) * first.error * second.error
                found[a, b] = found[b, a] = shared
    values, vectors = np.linalg.eigh(found)
    least = 1e-6 * values.max()
    return found if values.min() > least else np.asarray((vectors * np.maximum(values, least)) @ vectors.T)


def _correlation(first: Observation, second: Observation) -> float:
    """Of the sampling errors of two observations of one trial."""
    if first.kind == second.kind == "hazard_ratio":
        shared = {*first.arms} & {*second.arms}
        return 0.5 if shared and first.arms[1] == second.arms[1] else 0.0
    if "hazard_ratio" in (first.kind, second.kind):
        ratio, other = (first, second) if first.kind == "hazard_ratio" else (second, first)
        if other.arms[0] not in ratio.arms:
            return 0.0
        size = _WITH_RATIO[other.kind]
        return size if other.arms[0] == ratio.arms[1] else -size
    return _SAME_ARM if first.arms == second.arms else 0.0


def _seen(
    plan: TrialPlan,
    floors: ModelError,
    kind: Kind,
    arms: tuple[str, ...],
    number: tuple[float, float],
    months: float | None = None,
) -> Observation:
    """A number with the error of its sampling, and those of the model."""
    missed = getattr(floors.arm, kind), getattr(floors.trial, kind)
    return Observation(plan.trial, plan.subgroup, arms, kind, months, *number, *missed)


def _of_arm(
    evidence: Evidence, plan: TrialPlan, arm: str, floors: ModelError, endpoint: Endpoint
) -> Iterator[Observation]:
    median = evidence.outcome(plan.trial, arm, plan.subgroup, endpoint)
    if median is not None and median.median:
        number = math.log(median.median), _error_of_median(median)
        yield _seen(plan, floors, "median", (arm,), number)
    response = evidence.outcome(plan.trial, arm, plan.subgroup, "ORR")
    if endpoint == "PFS" and response is not None and response.rate is not None:
        number = _logit(response.rate / 100, response.n or _USUAL_PATIENTS)
        yield _seen(plan, floors, "response", (arm,), number)
    for row in evidence.arm_rows(plan.trial, arm):
        if _is_landmark(row, plan, endpoint) and row.rate is not None:
            number = _logit(row.rate / 100, row.n or _USUAL_PATIENTS)
            yield _seen(plan, floors, "rate", (arm,), number, row.rate_months)


def _is_landmark(row: ArmRow, plan: TrialPlan, endpoint: Endpoint) -> bool:
    usual = row.subgroup.name == plan.subgroup and not row.subgroup.suffix and row.preferred != "0"
    return usual and ENDPOINTS.get(row.endpoint) == endpoint and bool(row.rate_months)


def _of_curve(
    plan: TrialPlan, arm: str, floors: ModelError, points: Sequence[tuple[float, float, int]]
) -> Iterator[Observation]:
    if plan.subgroup != "all":
        return
    for months, share, n in points:
        yield _seen(plan, floors, "rate", (arm,), _logit(share, n), months)


def _ratio(question: Question, floors: ModelError, endpoint: Endpoint) -> Observation | None:
    row, plan = question.row, question.plan
    if plan is None or row.hr is None or ENDPOINTS[row.endpoint] != endpoint:
        return None
    error = row.standard_error
    if error is None:
        patients = (row.n_experimental or _USUAL_PATIENTS) + (row.n_control or _USUAL_PATIENTS)
        error = math.sqrt(4 / (EVENTS_PER_PATIENT * patients))
    arms = (row.experimental, row.control)
    return _seen(plan, floors, "hazard_ratio", arms, (math.log(row.hr), error))


def _error_of_median(row: ArmRow) -> float:
    """From the interval, or that of an exponential curve with so many patients."""
    if row.interval is not None and row.interval[0] > 0:
        return math.log(row.interval[1] / row.interval[0]) / (2 * _Z)
    return 1 / math.sqrt(EVENTS_PER_PATIENT * (row.n or _USUAL_PATIENTS))


def _logit(share: float, n: int) -> tuple[float, float]:
    """The logit of a share with its standard deviation, half a patient away from none and all."""
    p = min(max(share, 0.5 / n), 1 - 0.5 / n)
    return math.log(p / (1 - p)), 1 / math.sqrt(n * p * (1 - p))
