"""The linear birth-death process, sampled by its exact transition law.

Every cell divides at rate b(t) and dies at rate d(t), independently of the others. Over an interval of any
length one cell leaves no descendant with probability 1 - survival, and otherwise a geometric number 1, 2, ...
whose probability of stopping is `stop`. With

    growth = integral of (b - d) over the interval
    births = integral of b(s) * exp(growth from s to the end) ds

the law is (Kendall 1948, rewritten so that no term cancels)

    stop     = 1 / (1 + births)
    survival = exp(growth) / (1 + births).

n cells leave a binomial number of surviving families and a negative binomial number of further cells, at a
cost that does not depend on n. For rates that are constant the integrals are elementary; over consecutive
pieces they accumulate (`extend_integrals`).

References:
    Kendall DG. On the generalized "birth-and-death" process. Ann Math Stat 1948;19:1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.counts import next_binomial, next_negative_binomial, next_poisson
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_normal, next_uniform

NORMAL_ABOVE = 1e6
"""Default hand-over from the exact law to a normal approximation with skewness, in expected surviving families.

The distribution function is then wrong by less than 1e-6."""

FAST_NORMAL_ABOVE = 300.0
"""Earlier hand-over, for courses of many clones: the distribution function is then wrong by less than 5e-4."""

MEAN_ABOVE = 1e9
"""Default hand-over to the mean, in expected surviving families: a relative error of a few 1e-5."""

LARGEST_EXPONENT = 700.0
"""Growth of more than exp(700)-fold would overflow; it is taken as that."""


@bare_kernel
def mean_of_exponential(exponent: float) -> float:
    """(exp(x) - 1) / x, the mean of exp(x s) over s in (0, 1); 1 at x = 0."""
    if exponent == 0.0:
        return 1.0
    return math.expm1(exponent) / exponent


@bare_kernel
def extend_integrals(growth: float, births: float, b: float, d: float, days: float) -> tuple[float, float]:
    """Append a piece of constant rates to an interval.

    Args:
        growth: Integral of b - d so far (0 at the start).
        births: Integral of births so far, as in the head of this module (0 at the start).
        b: Division rate in the piece, 1/day.
        d: Death rate in the piece, 1/day.
        days: Length of the piece.

    Returns:
        growth and births of the longer interval. A piece in which cells would grow more than exp(700)-fold is
        taken as shorter.
    """
    if (b - d) * days > LARGEST_EXPONENT:
        days = LARGEST_EXPONENT / (b - d)
    piece = (b - d) * days
    return growth + piece, births * math.exp(piece) + b * days * mean_of_exponential(piece)


@bare_kernel
def law_from_integrals(growth: float, births: float) -> tuple[float, float]:
    """(survival, stop) of one cell from the integrals of an interval."""
    stop = 1.0 / (1.0 + births)
    return min(1.0, math.exp(min(growth, LARGEST_EXPONENT)) * stop), stop


@bare_kernel
def constant_rate_law(b: float, d: float, days: float) -> tuple[float, float]:
    """(survival, stop) of one cell after an interval of constant rates.

    Args:
        b: Division rate, 1/day.
        d: Death rate, 1/day.
        days: Length of the interval.

    Returns:
        Probability that any descendant lives, and the probability with which the geometric number of
        descendants of a survivor stops. Their ratio is the expected number of descendants, exp((b - d) *
        days).
    """
    if (b - d) * days > LARGEST_EXPONENT:
        days = LARGEST_EXPONENT / (b - d)
    growth = (b - d) * days
    return law_from_integrals(growth, b * days * mean_of_exponential(growth))


@bare_kernel
def varying_rate_law(
    times: npt.NDArray[np.float64], b: npt.NDArray[np.float64], d: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """(survival, stop) of one cell under rates that are constant between given times.

    Args:
        times: (k + 1,) days, increasing.
        b: (k,) division rates, 1/day.
        d: (k,) death rates, 1/day.
    """
    growth, births = 0.0, 0.0
    for i in range(b.shape[0]):
        growth, births = extend_integrals(growth, births, b[i], d[i], times[i + 1] - times[i])
    return law_from_integrals(growth, births)


@bare_kernel
def effective_rates(growth: float, births: float, days: float) -> tuple[float, float]:
    """The constant rates (b, d) that have the transition law of an interval of varying ones.

    Args:
        growth: Integral of b - d over the interval.
        births: Integral of births over the interval.
        days: Length of the interval, > 0.
    """
    b = births / (days * mean_of_exponential(growth))
    return b, max(0.0, b - growth / days)


@bare_kernel
def birth_death_step(
    state: npt.NDArray[np.uint64],
    cells: float,
    survival: float,
    stop: float,
    normal_above: float,
    mean_above: float,
) -> float:
    """Number of descendants of a number of cells after an interval.

    Args:
        state: (2,) state of a stream.
        cells: Cells at the start, integer-valued.
        survival: Probability that a cell has living descendants.
        stop: Stopping probability of the geometric number of descendants of a survivor.
        normal_above: Expected surviving families above which the normal approximation with skewness is used.
        mean_above: Expected surviving families above which the mean is used.

    Returns:
        Cells at the end, integer-valued.
    """
    families = cells * survival
    if families > normal_above:
        mean, spread = families / stop, (2.0 - stop - survival) / stop
        if families > mean_above or spread <= 0.0:
            return float(np.floor(mean + 0.5))
        size = 1.0 / stop
        third = (
            survival * size * (1.0 + 6.0 * size * (size - 1.0) - 3.0 * survival * size * (2.0 * size - 1.0))
        )
        third += 2.0 * (survival * size) ** 3
        return skewed_normal(state, mean, mean * spread, cells * third)
    survivors = next_binomial(state, cells, survival)
    return survivors + next_negative_binomial(state, survivors, stop)


@bare_kernel
def skewed_normal(state: npt.NDArray[np.uint64], mean: float, variance: float, third: float) -> float:
    """A count from its first three cumulants: a normal number with the quadratic term of Cornish and Fisher.

    Args:
        state: (2,) state of a stream.
        mean: Expected count.
        variance: Its variance, > 0.
        third: Its third central moment.
    """
    z = next_normal(state)
    count = mean + z * math.sqrt(variance) + (z * z - 1.0) * third / (6.0 * variance)
    return max(0.0, float(np.floor(count + 0.5)))


@bare_kernel
def poisson_families(
    state: npt.NDArray[np.uint64], families: float, births: float, normal_above: float
) -> float:
    """Cells of a Poisson number of families that live, of geometric size.

    Args:
        state: (2,) state of a stream.
        families: Expected number of families.
        births: Mean size of a family, less 1.
        normal_above: As for `birth_death_step`.
    """
    if families > normal_above:
        first, second, third = family_moments(births)
        return skewed_normal(state, families * first, families * second, families * third)
    count = next_poisson(state, families)
    return count + next_negative_binomial(state, count, 1.0 / (1.0 + births))


@bare_kernel
def family_moments(births: float) -> tuple[float, float, float]:
    """First three moments of the geometric size 1, 2, ... of a family: the cumulants of a Poisson number of them, per family."""
    size = 1.0 + births
    second = size * (2.0 * size - 1.0)
    return size, second, size * (1.0 + 6.0 * size * births)


@bare_kernel
def next_share(state: npt.NDArray[np.uint64], cells: float, share: float, normal_above: float) -> float:
    """A binomial count.

    Args:
        state: (2,) state of a stream.
        cells: Number of trials.
        share: Probability of success.
        normal_above: Variance above which the skewed normal approximation is used.
    """
    variance = cells * share * (1.0 - share)
    if variance > normal_above:
        return min(cells, skewed_normal(state, cells * share, variance, variance * (1.0 - 2.0 * share)))
    return next_binomial(state, cells, share)


@bare_kernel
def whole_cells(state: npt.NDArray[np.uint64], cells: float) -> float:
    """Round a fractional size up or down at random, so that its mean is kept (from a mean to a count)."""
    return math.floor(cells + next_uniform(state))
