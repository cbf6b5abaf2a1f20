"""The first mutant of a clone: when it comes, and how many cells there are then.

A division yields one mutant daughter with probability u; the other daughter, and the number of parents,
stay. Seen from the parent its cells divide at rate b (1 - u), die at rate d, and emit mutants at rate b u.
The probability that one cell's line emits nothing in an interval, and its number of cells then, have a
closed form (a birth-death process with killing), so that the first emission and the size of the parent at that
moment can be sampled without approximation and without a step.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import LARGEST_EXPONENT, birth_death_step, mean_of_exponential
from forestall.engine.counts import next_negative_binomial
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_exponential

Roots = tuple[float, float, float, float]
"""`emission_roots` of a clone's rates."""


@bare_kernel
def emission_roots(b: float, d: float, emission: float) -> Roots:
    """Constants of the birth-death process killed at its first emission.

    With x1 <= 1 <= x2 the roots of b x^2 - (b + d + emission) x + d, returns b (x2 - x1), b x1, b (1 - x1)
    and b (x2 - 1), each without cancellation and also for b = 0.
    """
    net = b - d
    rate = math.sqrt(net * net + emission * (emission + 2.0 * (b + d)))
    total = b + d + emission + rate
    lower = 2.0 * b * d / total if total > 0.0 else 0.0
    if net >= emission:
        below = 0.5 * (net - emission + rate)
        above = emission * b / below if below > 0.0 else 0.0
        return rate, lower, below, above
    above = 0.5 * (emission - net + rate)
    return rate, lower, emission * b / above, above


@bare_kernel
def silent_law(b: float, d: float, emission: float, days: float) -> tuple[float, float, float]:
    """What becomes of one cell whose line emits nothing.

    Args:
        b: Division rate without emission, 1/day.
        d: Death rate, 1/day.
        emission: Rate at which a cell emits mutants, 1/day.
        days: Length of the interval.

    Returns:
        Logarithm of the probability that the line emits nothing, and, given that, the probability of survival
        and of stopping, as in `constant_rate_law`.
    """
    roots = emission_roots(b, d, emission)
    mixing = days * mean_of_exponential(-roots[0] * days)
    silent, alive, survival, stop = silent_line(roots, d, days, mixing)
    if silent <= 0.0:
        return -math.inf, survival, stop
    emitted = emission * mixing / alive
    log_silent = math.log1p(-emitted) if emitted < 0.5 else math.log(silent)
    return log_silent, survival, stop


@bare_kernel
def silent_line(roots: Roots, d: float, days: float, mixing: float) -> tuple[float, float, float, float]:
    """The terms of `silent_law`.

    Args:
        roots: Constants of the rates.
        d: Death rate, 1/day.
        days: Length of the interval.
        mixing: Integral of exp(-rate t) over it, days.

    Returns:
        Probability that one cell's line emits nothing; exp(-rate days) + b (x2 - 1) mixing; survival; stopping.
    """
    rate, lower, _, above = roots
    decay = math.exp(-min(rate * days, LARGEST_EXPONENT))
    alive, spread = decay + above * mixing, 1.0 + lower * mixing
    survivor = decay / (spread * alive)
    silent = survivor + d * mixing / spread
    if silent <= 0.0:
        return silent, alive, 1.0, 1.0
    return silent, alive, survivor / silent, min(1.0, alive / spread)


@bare_kernel
def emission_time(b: float, d: float, emission: float, emitted: float) -> float:
    """The time at which a line has emitted with a given probability: inverse of `silent_law`, days."""
    rate, _, below, _ = emission_roots(b, d, emission)
    return day_of(rate, emitted / (emission + emitted * below))


@bare_kernel
def day_of(rate: float, mixing: float) -> float:
    """The day until which the integral of exp(-rate t) has grown to `mixing` days."""
    if rate * mixing < 1e-300:
        return mixing
    return -math.log1p(-min(rate * mixing, 1.0)) / rate


@bare_kernel
def next_emission(
    state: npt.NDArray[np.uint64],
    cells: float,
    b: float,
    d: float,
    emission: float,
    days: float,
    normal_above: float,
    mean_above: float,
) -> tuple[float, float]:
    """Follow a clone to its first mutant or to the end of the interval.

    Args:
        state: (2,) state of a stream.
        cells: Cells at the start, integer-valued.
        b: Division rate without emission, 1/day.
        d: Death rate, 1/day.
        emission: Rate at which a cell emits mutants, 1/day.
        days: Length of the interval.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.

    Returns:
        Day of the first mutant, or infinity when there is none, and the cells of the clone at that time
        (or at the end).
    """
    log_silent, survival, stop = silent_law(b, d, emission, days)
    wait = next_exponential(state)
    if log_silent >= 0.0 or wait > -cells * log_silent:
        return math.inf, birth_death_step(state, cells, survival, stop, normal_above, mean_above)
    day = min(days, emission_time(b, d, emission, -math.expm1(-wait / cells)))
    _, survival, stop = silent_law(b, d, emission, day)
    family = 1.0 + next_negative_binomial(state, 2.0, stop)
    return day, family + birth_death_step(state, cells - 1.0, survival, stop, normal_above, mean_above)
