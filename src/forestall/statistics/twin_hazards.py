"""The hazard ratio of two arms that hold the same patients, with a variance that knows it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.cox import Outcome, cox_two_arm
from forestall.statistics.estimate import Bools, Floats


class TwinRatio(NamedTuple):
    """A log hazard ratio."""

    log_ratio: float
    """Of treated against control; NaN if it cannot be estimated."""
    variance: float
    """Robust, over patients."""


def twin_hazard_ratio(
    treated_days: Floats, treated_event: Bools, control_days: Floats, control_event: Bools
) -> TwinRatio:
    """Fit proportional hazards to the two courses of every patient.

    Args:
        treated_days: (n,) times of the treated course, day.
        treated_event: (n,) event flags.
        control_days: (n,) times of the same patients' control course, day.
        control_event: (n,) event flags.

    Returns:
        The maximum of the partial likelihood and the sandwich variance with a cluster for each patient.

    Notes:
        variance = sum_i (r_i1 + r_i0)^2 / I^2, with the score residuals
        r = d (x - e(t)) - exp(b x) sum_{events s <= t} (x - e(s)) / S0(s), e the risk-weighted mean of x.
        Progression is found at visits, so that many times are tied. Efron's treatment of ties is used, since Breslow's draws ratios
        towards 1; the days of a published trial's scans scatter.

    References:
        Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074-1078, doi:10.1080/01621459.1989.10478874.
        Lee EW, Wei LJ, Amato DA. In: Survival Analysis: State of the Art. Kluwer 1992:237-247.
        Efron B. J Am Stat Assoc 1977;72:557-565, doi:10.1080/01621459.1977.10480613.
    """
    n = treated_days.size
    days = np.concatenate([treated_days, control_days])
    event = np.concatenate([treated_event, control_event])
    arm = np.repeat([1.0, 0.0], n)
    fit = cox_two_arm(days, event, arm.astype(np.bool_), ties="efron")
    if fit.outcome is not Outcome.CONVERGED:
        return TwinRatio(math.nan, math.nan)
    log_ratio = float(fit.coefficients[0])
    residuals = _score_residuals(days, event, arm, log_ratio)
    by_patient = residuals[:n] + residuals[n:]
    information = 1 / float(fit.covariance[0, 0])
    return TwinRatio(log_ratio, float((by_patient**2).sum()) / information**2)


def _score_residuals(days: Floats, event: Bools, arm: Floats, log_ratio: float) -> Floats:
    """(2n,) score residuals with Efron's treatment of ties.

    Of d events at one time the k-th, from 0, meets a risk set in which each of the d counts 1 - k/d.
    """
    risk = np.exp(log_ratio * arm)
    times, place = np.unique(days, return_inverse=True)
    deaths = np.bincount(place[event], minlength=times.size)
    group = np.repeat(np.arange(times.size), deaths)
    rank = np.arange(group.size) - (np.cumsum(deaths) - deaths)[group]
    left = 1.0 - rank / deaths[group]

    def at_risk(weight: Floats) -> Floats:
        """(events,) sums over the risk set of each event."""
        dying = np.bincount(place[event], weight[event], times.size)
        everyone = _from_the_end(np.bincount(place, weight, times.size))
        return (everyone - dying)[group] + left * dying[group]

    def met(step: Floats) -> Floats:
        """(2n,) sums of a step at each event until a patient's time; she meets those of her own event in part."""
        spared = np.asarray(np.bincount(group, (1.0 - left) * step, times.size), np.float64)
        until: Floats = np.cumsum(np.bincount(group, step, times.size), dtype=np.float64)
        return until[place] - np.where(event, spared[place], 0.0)

    total = at_risk(risk)
    hazard, mean = 1.0 / total, at_risk(risk * arm) / total
    means = np.bincount(group, mean, times.size) / np.maximum(deaths, 1)
    own = np.where(event, arm - means[place], 0.0)
    return own - risk * (arm * met(hazard) - met(hazard * mean))


def _from_the_end(counts: NDArray[np.number]) -> Floats:
    return np.cumsum(counts[::-1], dtype=np.float64)[::-1]
