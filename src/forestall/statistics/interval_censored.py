"""Survival from interval-censored times, without an assumption on its shape (Turnbull's estimate)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forestall.errors import InputError
from forestall.statistics.estimate import UNKNOWN, Estimate, Floats, Integers
from forestall.statistics.turnbull_kernel import fit_masses

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Turnbull:
    """The nonparametric maximum likelihood estimate: probability masses on disjoint intervals.

    Where the mass lies inside an interval, the data cannot tell.
    """

    left_days: Floats
    """(k,) open left end of each interval that carries mass, day; equal to the right end if exact."""
    right_days: Floats
    """(k,) closed right end, day; infinite for what was never seen to happen."""
    mass: Floats
    """(k,) probability of each interval."""
    log_likelihood: float
    """Log-likelihood at the estimate."""
    shortfall: float
    """Upper bound on how far the log-likelihood lies below its maximum."""
    converged: bool
    """Whether that bound is below the tolerance."""
    patients: int
    """Number of patients."""

    def at(self, time_days: ArrayLike) -> Floats:
        """Survival at any times (day), with the mass of a finite interval spread evenly inside it."""
        times = np.asarray(time_days, dtype=np.float64)
        if not self.mass.size:
            return np.full(times.shape, np.nan)
        finite = np.isfinite(self.right_days)
        left, width = self.left_days[finite], (self.right_days - self.left_days)[finite]
        elapsed = times[..., None] - left
        part = np.where(width > 0, np.clip(elapsed / np.where(width > 0, width, 1.0), 0, 1), elapsed >= 0)
        return np.asarray(1 - part @ self.mass[finite], dtype=np.float64)

    def quantile(self, fraction: float) -> float:
        """The time by which a fraction had the event, day (linear interpolation); infinite if not reached."""
        if not self.mass.size:
            return math.nan
        reached = np.cumsum(self.mass)
        index = int(np.searchsorted(reached, fraction - _ROUNDING))
        if index >= self.mass.size or math.isinf(self.right_days[index]):
            return math.inf
        missing = fraction - (reached[index] - self.mass[index])
        left, right = self.left_days[index], self.right_days[index]
        return float(left + (right - left) * min(1.0, missing / self.mass[index]))

    @property
    def median(self) -> float:
        """The median time, day."""
        return self.quantile(0.5)


def turnbull(left_days: ArrayLike, right_days: ArrayLike, *, tolerance: float = 1e-6) -> Turnbull:
    """Fit Turnbull's estimate by alternating self-consistency and iterative convex minorant steps.

    Args:
        left_days: (n,) last time known to be free of the event, day.
        right_days: (n,) first time known to have had it, day; equal to the left end if the time is exact,
            infinite if it was never seen.
        tolerance: Stop when the log-likelihood is proven to lie within this of its maximum.

    Raises:
        InputError: if an end is NaN, negative, or an interval is inverted.

    Notes:
        Times lie in (left, right]. The gradient d of the log-likelihood gives the proof: the shortfall is at
        most max(d) - n.

    References:
        Turnbull BW. J R Stat Soc B 1976;38:290-295, doi:10.1111/j.2517-6161.1976.tb01597.x.
        Wellner JA, Zhan Y. J Am Stat Assoc 1997;92:945-959.
    """
    left, right = checked_intervals(left_days, right_days)
    if not left.size:
        return Turnbull(left, right, left, 0.0, 0.0, True, 0)
    (start, stop), first, last = _innermost(left, right)
    mass, likelihood, shortfall = fit_masses(first, last, start.size, tolerance)
    keep = mass > 0
    return Turnbull(
        start[keep], stop[keep], mass[keep], likelihood, shortfall, shortfall <= tolerance, left.size
    )


def turnbull_median(
    left_days: ArrayLike,
    right_days: ArrayLike,
    *,
    resamples: int = 200,
    seed: int = 1,
    confidence: float = 0.95,
) -> Estimate:
    """The median of interval-censored times with a percentile bootstrap interval, day.

    Args:
        left_days: (n,) last time known to be free of the event, day.
        right_days: (n,) first time known to have had it, day.
        resamples: Bootstrap samples.
        seed: Seed of the resampling; the same seed gives the same interval.
        confidence: Coverage of the interval.
    """
    left, right = checked_intervals(left_days, right_days)
    if not left.size:
        return UNKNOWN
    picks = np.random.Generator(np.random.Philox(seed)).integers(left.size, size=(resamples, left.size))
    medians = np.sort([turnbull(left[pick], right[pick], tolerance=1e-3).median for pick in picks])
    tail = (1 - confidence) / 2
    lower, upper = (float(medians[round(place * (resamples - 1))]) for place in (tail, 1 - tail))
    return Estimate(turnbull(left, right).median, lower, upper)


def checked_intervals(left_days: ArrayLike, right_days: ArrayLike) -> tuple[Floats, Floats]:
    """Interval ends as arrays, or an error that says what is wrong with them."""
    left = np.atleast_1d(np.asarray(left_days, dtype=np.float64))
    right = np.atleast_1d(np.asarray(right_days, dtype=np.float64))
    if left.shape != right.shape or left.ndim != 1:
        raise InputError(
            "interval ends differ in shape", value=(left.shape, right.shape), allowed="two (n,) arrays"
        )
    missing = int((np.isnan(left) | np.isnan(right)).sum())
    if missing:
        raise InputError(
            f"{missing} of {left.size} intervals hold NaN", fix="leave failed patients out and count them"
        )
    if left.size and (left.min() < 0 or not np.isfinite(left).all() or (left > right).any()):
        raise InputError("an interval is negative or inverted", allowed="0 <= left <= right, left finite")
    return left, right


def _innermost(left: Floats, right: Floats) -> tuple[tuple[Floats, Floats], Integers, Integers]:
    """The intervals that can carry mass, and the first and last of them inside each patient's interval.

    They are the left ends that are followed at once by a right end. Where ends coincide, a closed left end of
    an exact time comes first, then right ends (closed), then left ends (open).
    """
    values, rank = np.unique(np.concatenate((left, right)), return_inverse=True)
    opening = 3 * rank[: left.size] + np.where(left == right, 0, 2)
    closing = 3 * rank[left.size :] + 1
    keys = np.unique(np.concatenate((opening, closing)))
    is_right = keys % 3 == 1
    pair = np.flatnonzero(~is_right[:-1] & is_right[1:])
    starts, stops = keys[pair], keys[pair + 1]
    first = np.searchsorted(starts, opening, side="left")
    last = np.searchsorted(stops, closing, side="right") - 1
    return (values[starts // 3], values[stops // 3]), first, last
