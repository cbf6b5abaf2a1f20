"""What Forestall says of a comparison: the trial is run as virtual patients and analyzed as its paper did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.cox import cox_two_arm
from forestall.statistics.estimate import UNKNOWN, Estimate, normal_quantile
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.observations import without_failures
from forestall.statistics.proportions import proportion
from forestall.studies.analysis import Outcomes
from forestall.studies.trial import Trial
from forestall.studies.validation.derivation import DAYS_PER_MONTH, Question, TrialPlan
from forestall.studies.validation.evidence import ENDPOINTS, Evidence
from forestall.studies.validation.rows import ArmRow

COVERAGE = 0.9
"""Of prediction intervals."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated hazard ratio."""

    hr: Estimate
    """With the 95% interval of the virtual trial."""
    interval: tuple[float, float] | None
    """90% prediction interval of the published ratio, from sampling alone; None if the trial's size is not known."""
    error: float | None
    """Standard error of the log ratio that a trial of the published size would have."""


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """One published outcome of an arm beside the simulated one."""

    trial: str
    subgroup: str
    arm: str
    endpoint: str
    """PFS, TTP, OS or ORR."""
    measure: str
    """A median in months, or a rate in percent (at `months` for a landmark)."""
    months: float | None
    published: float
    published_interval: tuple[float, float] | None
    simulated: float
    simulated_interval: tuple[float, float]
    is_control: bool


def run_plan(plan: TrialPlan, *, seed: int, patients: int, workers: int | None) -> Outcomes:
    """Run a trial.

    Args:
        plan: The trial.
        seed: Seed.
        patients: Per simulated arm.
        workers: Threads; one per processor if None.
    """
    total = patients * len(plan.spec.arms)
    result = Trial(plan.spec, plan.source).run(seed=seed, patients=total, workers=workers)
    return result.replicates[0]


def compare(
    question: Question, plan: TrialPlan, outcomes: Outcomes, sizes: tuple[int | None, int | None]
) -> Simulated:
    """The simulated hazard ratio of a comparison.

    Args:
        question: The comparison.
        plan: Its trial.
        outcomes: Virtual patients.
        sizes: Patients of the published arms, experimental first.
    """
    row = question.row
    masks = [np.isin(outcomes.arm, plan.arms[name]) for name in (row.experimental, row.control)]
    time, event = _times(outcomes, ENDPOINTS[row.endpoint])
    known = (masks[0] | masks[1]) & np.isfinite(time)
    ratio = cox_two_arm(time[known], event[known], masks[0][known]).hazard_ratio(0)
    shares = [float(event[mask & np.isfinite(time)].mean()) for mask in masks]
    error = _error_of_a_trial(sizes, shares, row.standard_error)
    return Simulated(ratio, _prediction_interval(ratio, error), error)


def _error_of_a_trial(
    sizes: tuple[int | None, int | None], shares: list[float], published: float | None
) -> float | None:
    if sizes[0] and sizes[1] and min(shares) > 0:
        return math.sqrt(1 / (sizes[0] * shares[0]) + 1 / (sizes[1] * shares[1]))
    return published


def _prediction_interval(ratio: Estimate, error: float | None) -> tuple[float, float] | None:
    if error is None or not all(map(math.isfinite, ratio)) or min(ratio) <= 0:
        return None
    simulation = math.log(ratio.upper / ratio.lower) / (2 * normal_quantile(0.95))
    half = normal_quantile(COVERAGE) * math.hypot(simulation, error)
    return ratio.value * math.exp(-half), ratio.value * math.exp(half)


def arm_outcomes(
    evidence: Evidence, plan: TrialPlan, outcomes: Outcomes, controls: set[str]
) -> list[ArmOutcome]:
    """Every published median and rate of the plan's arms that the virtual patients have too."""
    found = []
    for arm, members in plan.arms.items():
        mask = np.isin(outcomes.arm, members)
        for endpoint in ("PFS", "OS", "ORR"):
            row = evidence.outcome(plan.trial, arm, plan.subgroup, endpoint)
            if row is not None:
                found.append(
                    _arm_outcome(row, plan, endpoint, _measure(outcomes, mask, endpoint), arm in controls)
                )
        found.extend(_landmarks(evidence, plan, arm, outcomes, mask, controls))
    return found


def _landmarks(
    evidence: Evidence,
    plan: TrialPlan,
    arm: str,
    outcomes: Outcomes,
    mask: NDArray[np.bool_],
    controls: set[str],
) -> list[ArmOutcome]:
    found = []
    for row in evidence.arm_rows(plan.trial, arm):
        usual = row.subgroup.name == plan.subgroup and not row.subgroup.suffix and row.preferred != "0"
        if usual and row.endpoint in ENDPOINTS and row.rate is not None and row.rate_months is not None:
            months = row.rate_months
            simulated = _share_free(outcomes, mask, ENDPOINTS[row.endpoint], months)
            found.append(_arm_outcome(row, plan, row.endpoint, simulated, arm in controls))
    return found


def _arm_outcome(
    row: ArmRow, plan: TrialPlan, endpoint: str, simulated: Estimate, is_control: bool
) -> ArmOutcome:
    is_rate = endpoint == "ORR" or row.median is None
    return ArmOutcome(
        trial=plan.trial,
        subgroup=plan.subgroup,
        arm=row.arm,
        endpoint=row.endpoint,
        measure="rate" if is_rate else "median",
        months=row.rate_months if is_rate and endpoint != "ORR" else None,
        published=float((row.rate if is_rate else row.median) or 0.0),
        published_interval=row.interval,
        simulated=simulated.value,
        simulated_interval=(simulated.lower, simulated.upper),
        is_control=is_control,
    )


def _measure(outcomes: Outcomes, mask: NDArray[np.bool_], endpoint: str) -> Estimate:
    """The median in months, or the response rate in percent."""
    if endpoint == "ORR":
        response = outcomes.responder[mask]
        evaluated = int(np.isfinite(response).sum())
        if not evaluated:
            return UNKNOWN
        return _scaled(proportion(int(np.nansum(response)), evaluated), 100)
    observed = without_failures(*(part[mask] for part in _times(outcomes, endpoint)))
    return _scaled(kaplan_meier(observed.time_days, observed.event).median, 1 / DAYS_PER_MONTH)


def _share_free(outcomes: Outcomes, mask: NDArray[np.bool_], endpoint: str, months: float) -> Estimate:
    observed = without_failures(*(part[mask] for part in _times(outcomes, endpoint)))
    curve = kaplan_meier(observed.time_days, observed.event)
    day = months * DAYS_PER_MONTH
    if math.isnan(float(curve.at(day))):
        return UNKNOWN
    place = int(np.searchsorted(curve.time_days, day, side="right")) - 1
    values = (float(band[place]) for band in (curve.survival, curve.lower, curve.upper))
    return _scaled(Estimate(*values), 100)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(*(value * factor for value in estimate))


def _times(outcomes: Outcomes, endpoint: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if endpoint == "PFS":
        return outcomes.pfs_days, outcomes.pfs_event
    return outcomes.os_days, outcomes.os_event
