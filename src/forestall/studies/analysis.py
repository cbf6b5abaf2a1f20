"""A trial's endpoints, patient by patient, and what the statistician makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.endpoints import objective_response, overall_survival, progression_free_survival
from forestall.clinic.findings import Findings
from forestall.interop.adam import best_change_percent
from forestall.statistics.cox import cox_two_arm
from forestall.statistics.estimate import UNKNOWN, Estimate
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.observations import without_failures
from forestall.statistics.proportions import proportion
from forestall.statistics.replicates import Prediction, predict

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One replicate's endpoints, (n,) each, in the order of the patients; NaN for failed patients."""

    arm: NDArray[np.int16]
    pfs_days: Floats
    pfs_event: NDArray[np.bool_]
    os_days: Floats
    os_event: NDArray[np.bool_]
    responder: Floats
    """1 for a confirmed complete or partial response."""
    best_change: Floats
    """Lowest change of the sum of diameters up to progression, percent."""
    cause: NDArray[np.int16]
    """Index of the cause of progression, -1 for none."""
    failed: NDArray[np.bool_]

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """The endpoints of a batch."""
        pfs, survival = progression_free_survival(findings), overall_survival(findings)
        return cls(
            arm=findings.arm,
            pfs_days=pfs.time_days,
            pfs_event=pfs.event,
            os_days=survival.time_days,
            os_event=survival.event,
            responder=objective_response(findings).responder,
            best_change=best_change_percent(findings),
            cause=np.where(np.isfinite(findings.progression_day), findings.cause, -1).astype(np.int16),
            failed=findings.failure != 0,
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Several batches end to end."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class ArmResult:
    """How one arm fared."""

    name: str
    regimen: str
    n: int
    """Patients randomized, failed ones included."""
    failed: int
    pfs_events: int
    pfs_median: Estimate
    """Days."""
    os_events: int
    os_median: Estimate
    """Days."""
    responders: int
    evaluated: int
    response_rate: Estimate


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """One arm against the control."""

    endpoint: str
    arm: str
    control: str
    ratio: Estimate
    prediction: Prediction | None
    """Over replicates, if there are several."""


def arm_results(outcomes: Outcomes, names: Sequence[str], regimens: Sequence[str]) -> list[ArmResult]:
    """Summaries of the arms.

    Args:
        outcomes: The patients.
        names: Names of the arms.
        regimens: Their regimens in words.
    """
    return [
        _arm_result(outcomes, outcomes.arm == index, name, regimen)
        for index, (name, regimen) in enumerate(zip(names, regimens, strict=True))
    ]


def _arm_result(outcomes: Outcomes, rows: NDArray[np.bool_], name: str, regimen: str) -> ArmResult:
    pfs = without_failures(outcomes.pfs_days[rows], outcomes.pfs_event[rows])
    survival = without_failures(outcomes.os_days[rows], outcomes.os_event[rows])
    response = outcomes.responder[rows]
    evaluated = int(np.isfinite(response).sum())
    responders = int(np.nansum(response))
    return ArmResult(
        name=name,
        regimen=regimen,
        n=int(rows.sum()),
        failed=int(outcomes.failed[rows].sum()),
        pfs_events=pfs.events,
        pfs_median=_median(pfs.time_days, pfs.event),
        os_events=survival.events,
        os_median=_median(survival.time_days, survival.event),
        responders=responders,
        evaluated=evaluated,
        response_rate=proportion(responders, evaluated) if evaluated else UNKNOWN,
    )


def _median(time: Floats, event: NDArray[np.bool_]) -> Estimate:
    return kaplan_meier(time, event).median if time.size else UNKNOWN


def hazard_ratios(replicates: Sequence[Outcomes], names: Sequence[str], control: str) -> list[HazardRatio]:
    """Every other arm against the control, for PFS and OS.

    Args:
        replicates: The outcomes of each replicate; the first is the one that is reported.
        names: Names of the arms.
        control: The arm to compare with.
    """
    base = names.index(control)
    ratios = []
    for endpoint in ("PFS", "OS"):
        for index, name in enumerate(names):
            if index == base:
                continue
            found = [_ratio(outcomes, endpoint, index, base) for outcomes in replicates]
            prediction = predict([one.value for one in found]) if len(found) > 1 else None
            ratios.append(HazardRatio(endpoint, name, control, found[0], prediction))
    return ratios


def _ratio(outcomes: Outcomes, endpoint: str, arm: int, control: int) -> Estimate:
    time = outcomes.pfs_days if endpoint == "PFS" else outcomes.os_days
    event = outcomes.pfs_event if endpoint == "PFS" else outcomes.os_event
    rows = np.isin(outcomes.arm, (arm, control)) & np.isfinite(time)
    treated = outcomes.arm[rows] == arm
    if not rows.any() or treated.all() or not treated.any():
        return UNKNOWN
    return cox_two_arm(time[rows], event[rows], treated).hazard_ratio(0)


def cause_counts(outcomes: Outcomes, arms: int, causes: int) -> NDArray[np.int64]:
    """Patients by arm and cause of progression, (arms, causes)."""
    counts = np.zeros((arms, causes), np.int64)
    rows = (outcomes.cause >= 0) & ~outcomes.failed
    np.add.at(counts, (outcomes.arm[rows], outcomes.cause[rows]), 1)
    return counts
