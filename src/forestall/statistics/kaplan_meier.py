"""The product-limit estimate of a survival curve, its confidence band and its quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forestall.statistics.estimate import UNKNOWN, Estimate, Floats, Integers, normal_quantile
from forestall.statistics.observations import checked

_ROUNDING = 1e-9
"""A product of fractions may miss the level that it equals by this much."""


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """A survival curve: a step function that holds each value until the next time."""

    time_days: Floats
    """(k,) 0 and every distinct time of an event or a censoring, day."""
    survival: Floats
    """(k,) probability to be free of the event beyond that time; NaN if there are no patients."""
    lower: Floats
    """(k,) lower end of the pointwise log-log interval."""
    upper: Floats
    """(k,) upper end of the pointwise log-log interval."""
    at_risk: Integers
    """(k,) patients under observation just before that time."""
    events: Integers
    """(k,) events at that time."""
    censored: Integers
    """(k,) patients censored at that time."""
    confidence: float
    """Coverage of the interval."""

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.at_risk[0])

    def at(self, time_days: ArrayLike) -> Floats:
        """Survival at any times (day); NaN beyond the last patient still under observation."""
        times = np.asarray(time_days, dtype=np.float64)
        held = self.survival[np.maximum(np.searchsorted(self.time_days, times, side="right") - 1, 0)]
        unknown = (times > self.time_days[-1]) & (self.survival[-1] > 0)
        return np.where(times < 0, 1.0, np.where(unknown, np.nan, held))

    def numbers_at_risk(self, time_days: ArrayLike) -> Integers:
        """Patients still under observation at the given times (day), for the row under the curve."""
        index = np.searchsorted(self.time_days, np.asarray(time_days, dtype=np.float64), side="left")
        return np.append(self.at_risk, 0)[index]

    def quantile(self, fraction: float) -> Estimate:
        """The time by which a fraction of the patients had the event, day.

        The interval holds the times at which the pointwise log-log interval covers `1 - fraction`.

        References:
            Brookmeyer R, Crowley J. Biometrics 1982;38:29-41, doi:10.2307/2530286.
        """
        if not self.patients:
            return UNKNOWN
        level = 1 - fraction
        return Estimate(
            *(self._first_at_or_below(curve, level) for curve in (self.survival, self.lower, self.upper))
        )

    @property
    def median(self) -> Estimate:
        """The median time with its interval, day; infinite where it was not reached."""
        return self.quantile(0.5)

    def _first_at_or_below(self, curve: Floats, level: float) -> float:
        reached = np.flatnonzero(curve <= level + _ROUNDING)
        return float(self.time_days[reached[0]]) if reached.size else math.inf


def kaplan_meier(time_days: ArrayLike, event: ArrayLike, *, confidence: float = 0.95) -> KaplanMeier:
    """The Kaplan-Meier curve with Greenwood's variance on the log-log scale.

    Args:
        time_days: (n,) times, day.
        event: (n,) whether the time is an event; otherwise it is a censoring. A censoring at the time of
            an event counts as later.
        confidence: Coverage of the pointwise interval.

    Raises:
        InputError: if a time is NaN (see `without_failures`), negative or infinite.

    Notes:
        S(t) = prod (1 - d/Y); the interval is S^exp(-+ z s / ln S) with s^2 = sum d / (Y (Y - d)). Where
        the curve is zero it has no variance: the lower end is 0, the upper end that of the step before.

    References:
        Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481, doi:10.1080/01621459.1958.10501452.
    """
    data = checked(time_days, event)
    times = np.unique(np.append(data.time_days, 0.0))
    position = np.searchsorted(times, data.time_days)
    events = np.bincount(position[data.event], minlength=times.size)
    censored = np.bincount(position[~data.event], minlength=times.size)
    leaving = np.cumsum(events + censored)
    at_risk = len(data) - np.concatenate(([0], leaving[:-1]))
    if not len(data):
        nothing = np.full(1, np.nan)
        return KaplanMeier(times, nothing, nothing, nothing, at_risk, events, censored, confidence)
    survival = np.cumprod(1 - events / at_risk)
    lower, upper = _log_log_band(survival, at_risk, events, confidence)
    return KaplanMeier(times, survival, lower, upper, at_risk, events, censored, confidence)


def _log_log_band(
    survival: Floats, at_risk: Integers, events: Integers, confidence: float
) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64))))
        width = normal_quantile(confidence) * deviation / np.log(survival)
        lower, upper = survival ** np.exp(-width), survival ** np.exp(width)
    untouched = survival == 1
    lower[untouched] = upper[untouched] = 1.0
    gone = survival <= 0
    lower[gone] = 0.0
    before = np.flatnonzero(~gone)
    upper[gone] = upper[before[-1]] if before.size else 1.0
    return lower, upper
