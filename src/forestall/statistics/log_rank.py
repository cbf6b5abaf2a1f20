"""The log-rank test of equal hazards in two or more groups, stratified if wanted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from forestall.errors import InputError
from forestall.statistics.estimate import Floats
from forestall.statistics.observations import Observations, checked


class LogRank(NamedTuple):
    """Result of a log-rank test."""

    statistic: float
    """Chi-square statistic; NaN if no event separates the groups."""
    p_value: float
    """Two-sided p value."""
    degrees: int
    """Degrees of freedom: groups that were ever at risk, minus one."""
    observed: Floats
    """(g,) events seen, by group in sorted order."""
    expected: Floats
    """(g,) events expected if the hazards were equal."""


def log_rank(
    time_days: ArrayLike, event: ArrayLike, group: ArrayLike, *, strata: ArrayLike | None = None
) -> LogRank:
    """Test whether groups have the same hazard.

    Args:
        time_days: (n,) times, day.
        event: (n,) event flags.
        group: (n,) labels of the groups (booleans, integers or text).
        strata: (n,) labels of the strata; observed minus expected and its variance are summed over them.

    Raises:
        InputError: if a time is NaN (see `without_failures`), negative or infinite.

    Notes:
        In each stratum and at each event time the events by group are multivariate hypergeometric given their
        margins; ties are exact under that law.

    References:
        Peto R, Peto J. J R Stat Soc A 1972;135:185-207, doi:10.2307/2344317.
    """
    data = checked(time_days, event)
    labels, member = np.unique(np.asarray(group), return_inverse=True)
    layer = (
        np.zeros(len(data), dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    )
    if member.shape != data.time_days.shape or layer.shape != data.time_days.shape:
        raise InputError(
            "groups or strata differ in shape from the times", value=member.shape, allowed="(n,)"
        )
    observed, expected = np.zeros(labels.size), np.zeros(labels.size)
    covariance = np.zeros((labels.size, labels.size))
    for level in range(int(layer.max(initial=-1)) + 1):
        inside = layer == level
        within = Observations(data.time_days[inside], data.event[inside])
        seen, awaited, spread = _stratum(within, member[inside] == np.arange(labels.size)[:, None])
        observed += seen
        expected += awaited
        covariance += spread
    return _test(observed, expected, covariance)


def _stratum(data: Observations, member: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Observed and expected events (g,) and the covariance (g, g) of one stratum."""
    times = np.unique(data.time_days[data.event])
    at_risk, events = np.empty((2, member.shape[0], times.size))
    for row, own in enumerate(member):
        ordered = np.sort(data.time_days[own])
        deaths = np.sort(data.time_days[own & data.event])
        at_risk[row] = ordered.size - np.searchsorted(ordered, times, side="left")
        events[row] = np.searchsorted(deaths, times, side="right") - np.searchsorted(
            deaths, times, side="left"
        )
    total, deaths_all = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / total
    factor = deaths_all * np.divide(total - deaths_all, total - 1, out=np.zeros_like(total), where=total > 1)
    covariance = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    return events.sum(axis=1), (share * deaths_all).sum(axis=1), covariance


def _test(observed: Floats, expected: Floats, covariance: Floats) -> LogRank:
    compared = np.diag(covariance) > 0
    degrees = int(compared.sum()) - 1
    if degrees < 1:
        return LogRank(math.nan, math.nan, 0, observed, expected)
    difference = (observed - expected)[compared]
    statistic = float(difference @ np.linalg.pinv(covariance[np.ix_(compared, compared)]) @ difference)
    return LogRank(statistic, float(chdtrc(degrees, statistic)), degrees, observed, expected)
