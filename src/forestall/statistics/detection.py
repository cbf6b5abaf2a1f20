"""How many patients it takes to find something: to see it at all, or to see it more often than error alone would show it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from forestall.errors import InputError

MOST_PATIENTS = 1_000_000
_BATCH = 4096


def patients_to_see(chance: float, power: float) -> int | None:
    """Fewest patients among whom at least one shows it, with a probability.

    Args:
        chance: Probability that one patient shows it.
        power: Probability that is asked for.

    Returns:
        n with 1 - (1 - chance)^n >= power; None beyond a million.
    """
    _check(chance, "chance", 0.0, 1.0)
    _check(power, "power", 0.0, 1.0, open_ends=True)
    if chance == 0.0:
        return None
    number = 1 if chance == 1.0 else math.ceil(math.log1p(-power) / math.log1p(-chance) - 1e-12)
    return number if number <= MOST_PATIENTS else None


def patients_to_exceed(chance: float, error: float, power: float, significance: float) -> int | None:
    """Fewest patients for which an exact binomial test tells a chance from error.

    The test rejects "only error" if the number of patients who show it is one that error alone reaches with a probability of at most
    `significance`. Its power is not monotone in n: the first n that has the power is given.

    Args:
        chance: Probability that one patient shows it.
        error: The same if there were only error.
        power: Probability of rejecting, at least.
        significance: One-sided.

    Returns:
        n; None if the chance does not exceed error, or beyond a million.
    """
    _check(chance, "chance", 0.0, 1.0)
    _check(error, "error", 0.0, 1.0)
    _check(power, "power", 0.0, 1.0, open_ends=True)
    _check(significance, "significance", 0.0, 1.0, open_ends=True)
    if error == 0.0:
        return patients_to_see(chance, power)
    if chance <= error:
        return None
    low, high = 1, _BATCH
    while low <= MOST_PATIENTS:
        number = np.arange(low, min(high, MOST_PATIENTS) + 1)
        enough = np.flatnonzero(binomial_power(number, chance, error, significance) >= power)
        if enough.size:
            return int(number[enough[0]])
        low, high = high + 1, 2 * high
    return None


def binomial_power(
    number: NDArray[np.int64], chance: float, error: float, significance: float
) -> NDArray[np.float64]:
    """Power of the exact one-sided binomial test of "only error".

    Args:
        number: (k,) patients.
        chance: Probability that one patient shows it.
        error: The same if there were only error; 0 means that one patient who shows it is enough.
        significance: One-sided.
    """
    fewest = stats.binom.ppf(1.0 - significance, number, error) + 1 if error > 0 else np.ones(number.size)
    return np.asarray(stats.binom.sf(fewest - 1, number, chance), np.float64)


def _check(number: float, field: str, low: float, high: float, *, open_ends: bool = False) -> None:
    inside = low < number < high if open_ends else low <= number <= high
    if not inside:
        allowed = f"between {low:g} and {high:g}" + (", ends excluded" if open_ends else "")
        raise InputError("not a possible probability", field=field, value=number, allowed=allowed)
