"""What Forestall says of a comparison: virtual patients, analyzed as the paper did, for each parameter set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.between_members import Moments, moments
from forestall.statistics.estimate import normal_quantile
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.twin_hazards import TwinRatio, twin_hazard_ratio
from forestall.studies.validation.derivation import FOLLOW_UP_PER_MEDIAN, Question
from forestall.studies.validation.rows import ENDPOINTS
from forestall.studies.validation.samples import Sample

COVERAGE: Final = 0.9
"""Of prediction intervals."""
_ENOUGH: Final = 0.5
"""Share of the parameter sets that must give a hazard ratio."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A predicted hazard ratio."""

    hr: float
    """Geometric mean over parameter sets; NaN if too few of them give one."""
    spread: float
    """Standard deviation of the log ratio between parameter sets."""
    error: float
    """Standard error of the mean log ratio, from finitely many virtual patients and parameter sets."""
    members: int
    """Parameter sets that gave a ratio."""
    discrepancy: float
    """Standard deviation of published log ratios around predictions of unseen trials that nothing else explains."""
    interval: tuple[float, float] | None
    """90% prediction interval of the published ratio; None if the trial's size is not known."""
    trial_error: float | None
    """Standard error of the log ratio of the published trial."""


Times = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Days and event flags, (members, patients) each."""
Sizes = tuple[int | None, int | None]
"""Patients of the published arms, experimental first."""


def compare(question: Question, sample: Sample, sizes: Sizes, discrepancy: float = 0.0) -> Simulated:
    """The predicted hazard ratio of a comparison.

    Progression is analyzed as in the calibration, when it is known for twice the longest median of the arms. Hazards come nearer to
    each other later, which the virtual patients show where they are followed for survival.

    Args:
        question: The comparison.
        sample: Virtual patients of its trial.
        sizes: Patients of the published arms, experimental first.
        discrepancy: Standard deviation of published log ratios around predictions of unseen trials, beyond parameters and sampling.
    """
    row, endpoint = question.row, ENDPOINTS[question.row.endpoint]
    arms = [sample.times(name, endpoint) for name in (row.experimental, row.control)]
    if endpoint == "PFS":
        arms = _until(FOLLOW_UP_PER_MEDIAN[endpoint] * max(_median(*arm) for arm in arms), arms)
    ratios = [_ratio(*(part[member] for arm in arms for part in arm)) for member in range(len(arms[0][0]))]
    found = moments([one.log_ratio for one in ratios], [one.variance for one in ratios])
    shares = [
        float(event[np.isfinite(days)].mean()) if np.isfinite(days).any() else 0.0 for days, event in arms
    ]
    error = row.standard_error or _usual_error(sizes, shares)
    usable = found.members >= _ENOUGH * len(ratios)
    return Simulated(
        hr=math.exp(found.mean) if usable else math.nan,
        spread=found.spread,
        error=found.error,
        members=found.members,
        discrepancy=discrepancy,
        interval=_interval(found, error, discrepancy) if usable else None,
        trial_error=error,
    )


def _median(days: NDArray[np.float64], event: NDArray[np.bool_]) -> float:
    """Day of all parameter sets' patients together; infinite if it is not reached."""
    known = np.isfinite(days)
    return kaplan_meier(days[known], event[known]).median.value if known.any() else math.inf


def _until(day: float, arms: Sequence[Times]) -> list[Times]:
    """What is known on a day."""
    return [(np.minimum(days, day), event & (days <= day)) for days, event in arms]


def _ratio(
    treated_days: NDArray[np.float64],
    treated_event: NDArray[np.bool_],
    control_days: NDArray[np.float64],
    control_event: NDArray[np.bool_],
) -> TwinRatio:
    """Over the patients who failed in neither arm."""
    known = np.isfinite(treated_days) & np.isfinite(control_days)
    return twin_hazard_ratio(
        treated_days[known], treated_event[known], control_days[known], control_event[known]
    )


def _usual_error(sizes: Sizes, shares: list[float]) -> float | None:
    """Of a trial of this size with as many events as were simulated."""
    if sizes[0] and sizes[1] and min(shares) > 0:
        return math.sqrt(1 / (sizes[0] * shares[0]) + 1 / (sizes[1] * shares[1]))
    return None


def _interval(found: Moments, error: float | None, discrepancy: float) -> tuple[float, float] | None:
    if error is None:
        return None
    half = normal_quantile(COVERAGE) * found.predictive_sd(error**2 + discrepancy**2)
    return math.exp(found.mean - half), math.exp(found.mean + half)
