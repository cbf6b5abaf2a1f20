"""Proportions, such as an objective response rate, with an exact interval."""

from __future__ import annotations

from scipy.special import betaincinv

from forestall.errors import InputError
from forestall.statistics.estimate import UNKNOWN, Estimate


def proportion(successes: int, trials: int, *, confidence: float = 0.95) -> Estimate:
    """A proportion with the exact interval of Clopper and Pearson.

    Args:
        successes: Number of successes.
        trials: Number of patients with a result.
        confidence: Coverage, at least.

    Returns:
        The proportion and its interval; NaN if there are no patients.

    References:
        Clopper CJ, Pearson ES. Biometrika 1934;26:404-413, doi:10.1093/biomet/26.4.404.
    """
    if not 0 <= successes <= trials:
        raise InputError("impossible count of successes", value=successes, allowed=f"0 to {trials}")
    if trials == 0:
        return UNKNOWN
    tail = (1 - confidence) / 2
    lower = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, tail))
    upper = 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1 - tail))
    return Estimate(successes / trials, lower, upper)
