"""First-order sensitivity from any sample: how much of the variance of a result one input accounts for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from forestall.statistics.estimate import Estimate

DRAWS = 400
_LEAST_PER_BIN = 10


def first_order_share(
    given: ArrayLike, result: ArrayLike, *, coverage: float = 0.9, seed: int = 1
) -> Estimate:
    """The share of the variance of a result that goes away, on average, when an input is known.

    Args:
        given: (n,) an input; few distinct values are classes, many are cut into classes of equal size.
        result: (n,) the result.
        coverage: Of the bootstrap interval.
        seed: Seed of the bootstrap.

    Returns:
        Var(E[Y|X]) / Var(Y), without the bias of finite classes, with its interval; NaN if the result does not vary.

    Notes:
        epsilon^2 = (SSB - (k - 1) MSW) / SST over k classes: what chance alone would put between classes is taken off, so that
        an input without influence has an expectation of 0. It can come out slightly negative. Samples drawn with replacement hold
        copies, which lie in one class and raise the share; the interval is moved back by that bias.

    References:
        Kelley TL. Proc Natl Acad Sci 1935;21:554-559, doi:10.1073/pnas.21.9.554.
        Plischke E, Borgonovo E, Smith CL. Eur J Oper Res 2013;226:536-550, doi:10.1016/j.ejor.2012.11.047.
    """
    x, y = np.asarray(given, np.float64), np.asarray(result, np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    classes, y = _classes(x[known]), y[known]
    value = _epsilon_squared(classes, y)
    if math.isnan(value):
        return Estimate(math.nan, math.nan, math.nan)
    random = np.random.default_rng(seed)
    draws = [
        _epsilon_squared(classes[rows], y[rows]) for rows in random.integers(y.size, size=(DRAWS, y.size))
    ]
    tail = (1 - coverage) / 2
    bias = float(np.nanmean(draws)) - value
    lower, upper = np.nanquantile(draws, [tail, 1 - tail]) - bias
    return Estimate(value, float(lower), float(upper))


def _classes(x: np.ndarray) -> np.ndarray:
    """(n,) class of each value; about the square root of n classes, but none of fewer than ten."""
    distinct = np.unique(x)
    count = max(2, min(int(math.sqrt(x.size)), x.size // _LEAST_PER_BIN))
    if distinct.size <= count:
        return np.searchsorted(distinct, x)
    ranks = np.argsort(np.argsort(x, kind="stable"), kind="stable")
    return np.asarray(ranks * count // x.size)


def _epsilon_squared(classes: np.ndarray, y: np.ndarray) -> float:
    number = np.bincount(classes)
    used = number > 0
    groups, n = int(used.sum()), y.size
    total = float(((y - y.mean()) ** 2).sum()) if n else 0.0
    if groups < 2 or n <= groups or total <= 0:
        return math.nan if total <= 0 or n <= groups else 0.0
    means = np.bincount(classes, y)[used] / number[used]
    between = float((number[used] * (means - y.mean()) ** 2).sum())
    within = (total - between) / (n - groups)
    return (between - (groups - 1) * within) / total
