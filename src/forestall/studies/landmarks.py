"""Rates at a time and of milestones of the disease's marker, simulated beside what is published."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.findings import Findings
from forestall.clinic.marker import marker_values
from forestall.knowledge.evidence import Outcome, landmarks_of
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.trials import TrialSpec
from forestall.statistics.estimate import Estimate
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.proportions import proportion
from forestall.studies.analysis import Outcomes
from forestall.units import factor

Floats = NDArray[np.float64]
_HALF_A_VISIT = 15.0
"""Days by which a visit may come later than the time that is published."""
_FEWEST_AT_RISK = 5
"""Patients still observed below whom a rate is not given."""


@dataclass(frozen=True, slots=True)
class MilestoneDays:
    """When patients first reached a milestone."""

    name: str
    arm: NDArray[np.int16]
    """(n,)."""
    day: Floats
    """(n,) of the visit; infinite if never, NaN if the patient failed."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """One published rate and the simulated one."""

    arm: str
    endpoint: str
    months: float | None
    """None for a milestone reached at any time."""
    simulated: Estimate
    """A fraction, with its 95% interval."""
    published_pct: float
    ci: tuple[float | None, float | None] | None
    """Of the published rate, percent."""
    verified: str


def milestone_days(findings: Findings) -> Iterator[MilestoneDays]:
    """When each patient first reached each milestone of the marker, as measured until progression."""
    pack = pack_in_force()
    if pack is None or pack.burden is None:
        return
    values = marker_values(pack.burden, findings.lesion_diameter_mm)
    for name, milestone in pack.burden.milestones.items():
        limit = np.array([milestone.limit(baseline) for baseline in values[:, 0].tolist()])
        reached = (values <= limit[:, None]) & np.isfinite(values) & (findings.visit_day > 0)
        day = np.where(reached, findings.visit_day, math.inf).min(axis=1, initial=math.inf)
        yield MilestoneDays(name, findings.arm, np.where(findings.failure == 0, day, np.nan))


def landmarks(spec: TrialSpec, outcomes: Outcomes, reached: Sequence[MilestoneDays]) -> tuple[Landmark, ...]:
    """Every published rate of a trial that the simulation can give.

    Args:
        spec: The trial.
        outcomes: Endpoints of one replicate.
        reached: Milestones of the same patients, in parts.
    """
    arms = list(spec.arms)
    found = []
    for arm, row in landmarks_of(spec):
        months, index = row.rate_time_months, arms.index(arm)
        if months is not None and months * factor("month", "day") > spec.follow_up_days:
            continue
        simulated = _simulated(row, index, outcomes, reached)
        if simulated is not None and row.rate_pct is not None:
            found.append(Landmark(arm, row.endpoint, months, simulated, row.rate_pct, row.ci, row.verified))
    return tuple(sorted(found, key=lambda one: (one.endpoint, one.months or math.inf, arms.index(one.arm))))


def _simulated(
    row: Outcome, arm: int, outcomes: Outcomes, reached: Sequence[MilestoneDays]
) -> Estimate | None:
    months = row.rate_time_months
    day = math.inf if months is None else months * factor("month", "day")
    if row.endpoint in ("PFS", "OS"):
        own = outcomes.arm == arm
        time, event = (
            (outcomes.pfs_days, outcomes.pfs_event)
            if row.endpoint == "PFS"
            else (outcomes.os_days, outcomes.os_event)
        )
        return _survival_at(day, time[own], event[own])
    parts = [part.day[part.arm == arm] for part in reached if part.name == row.endpoint]
    if not parts:
        return None
    days = np.concatenate(parts)
    days = days[~np.isnan(days)]
    return proportion(int((np.isfinite(days) & (days <= day + _HALF_A_VISIT)).sum()), days.size)


def _survival_at(day: float, time: Floats, event: NDArray[np.bool_]) -> Estimate:
    known = ~np.isnan(time)
    curve = kaplan_meier(time[known], event[known])
    place = max(int(np.searchsorted(curve.time_days, day, side="right")) - 1, 0)
    if math.isnan(float(curve.at(day))) or curve.at_risk[place] < _FEWEST_AT_RISK:
        return Estimate(math.nan, math.nan, math.nan)
    return Estimate(float(curve.survival[place]), float(curve.lower[place]), float(curve.upper[place]))
