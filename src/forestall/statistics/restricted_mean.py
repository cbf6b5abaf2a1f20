"""Restricted mean survival time: the area under the survival curve up to a horizon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from forestall.errors import InputError
from forestall.statistics.estimate import UNKNOWN, Estimate, normal_quantile
from forestall.statistics.kaplan_meier import KaplanMeier, kaplan_meier


def restricted_mean(curve: KaplanMeier, horizon_days: float) -> Estimate:
    """Mean time free of the event within the horizon, day, with a normal interval.

    Args:
        curve: A Kaplan-Meier curve; its `confidence` is used.
        horizon_days: End of the window, day; at most the last time that was observed.

    Raises:
        InputError: if the curve does not reach to the horizon.

    References:
        Royston P, Parmar MKB. BMC Med Res Methodol 2013;13:152, doi:10.1186/1471-2288-13-152.
    """
    if not curve.patients:
        return UNKNOWN
    mean, variance = _area(curve, horizon_days)
    half = normal_quantile(curve.confidence) * math.sqrt(variance)
    return Estimate(mean, mean - half, mean + half)


def restricted_mean_difference(
    time_days: ArrayLike,
    event: ArrayLike,
    treated: ArrayLike,
    *,
    horizon_days: float | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Difference of the restricted means, treated minus control, day.

    Args:
        time_days: (n,) times, day.
        event: (n,) event flags.
        treated: (n,) whether the patient is in the treated arm.
        horizon_days: End of the window; by default the earlier of the two arms' last times.
        confidence: Coverage of the interval.
    """
    arm = np.asarray(treated, dtype=np.bool_)
    time, flag = np.asarray(time_days, dtype=np.float64), np.asarray(event)
    curves = [
        kaplan_meier(time[arm == side], flag[arm == side], confidence=confidence) for side in (False, True)
    ]
    if not all(curve.patients for curve in curves):
        return UNKNOWN
    horizon = min(float(curve.time_days[-1]) for curve in curves) if horizon_days is None else horizon_days
    (control, control_variance), (treatment, treatment_variance) = (_area(curve, horizon) for curve in curves)
    half = normal_quantile(confidence) * math.sqrt(control_variance + treatment_variance)
    return Estimate(treatment - control, treatment - control - half, treatment - control + half)


def _area(curve: KaplanMeier, horizon: float) -> tuple[float, float]:
    """Area under the curve up to the horizon and its variance: sum (area after t)^2 d / (Y (Y - d))."""
    last = float(curve.time_days[-1])
    if horizon > last and curve.survival[-1] > 0:
        raise InputError(
            "the horizon lies beyond the last observation", value=horizon, allowed=f"at most {last:g} days"
        )
    inside = curve.time_days < horizon
    edges = np.append(curve.time_days[inside], horizon)
    pieces = np.diff(edges) * curve.survival[inside]
    after = np.cumsum(pieces[::-1])[::-1]
    at_risk, events = curve.at_risk[inside].astype(np.float64), curve.events[inside]
    spread = np.divide(
        events, at_risk * (at_risk - events), out=np.zeros_like(at_risk), where=at_risk > events
    )
    return float(pieces.sum()), float(np.sum(after**2 * spread))
