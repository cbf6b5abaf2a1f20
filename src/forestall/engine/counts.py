"""Exact samplers of counts: Poisson, binomial, negative binomial, gamma, for counts up to 2^53.

Small means are sampled by inversion (one uniform), large ones by rejection from a transformed uniform, whose
acceptance ratio is evaluated in saddle-point form and so keeps its precision at any size. There is no normal
approximation. Counts are float64 of integer value.

References:
    Hörmann W. The transformed rejection method for generating Poisson random variables.
        Insur Math Econ 1993;12:39 (PTRS).
    Hörmann W. The generation of binomial random variates. J Stat Comput Simul 1993;46:101 (BTRS).
    Marsaglia G, Tsang WW. A simple method for generating gamma variables. ACM Trans Math Softw 2000;26:363.
    Loader C. Fast and accurate computation of binomial probabilities. 2000.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_normal, next_uniform

_INVERSION_BELOW = 10.0
_GEOMETRIC_UP_TO = 6.0
"""A whole number of successes up to this is a sum of geometric numbers."""
_SQUEEZE = 0.0331
"""Of Marsaglia and Tsang: below 1 - 0.0331 x^4 a uniform number is accepted whatever the shape."""
_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
_STIRLING_TABLE = np.array(
    [0.0] + [math.lgamma(k + 1.0) - (k + 0.5) * math.log(k) + k - _HALF_LOG_TWO_PI for k in range(1, 16)]
)


@bare_kernel
def stirling_error(count: float) -> float:
    """log(n!) minus Stirling's formula, for a count of at least 1."""
    if count < 16.0:
        return float(_STIRLING_TABLE[int(count)])
    inverse = 1.0 / count
    square = inverse * inverse
    series = 1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0)
    return inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * series))


@bare_kernel
def deviance(count: float, mean: float) -> float:
    """Deviance term count * log(count / mean) + mean - count, without cancellation; count > 0."""
    difference = count - mean
    if abs(difference) >= 0.1 * (count + mean):
        return count * math.log(count / mean) - difference
    ratio = difference / (count + mean)
    total = difference * ratio
    term = 2.0 * count * ratio
    square = ratio * ratio
    for j in range(1, 1000):
        term *= square
        following = total + term / (2 * j + 1)
        if following == total:
            break
        total = following
    return total


@bare_kernel
def log_poisson_mass(count: float, mean: float) -> float:
    """Logarithm of the Poisson probability of a count; mean > 0."""
    if count == 0.0:
        return -mean
    return -stirling_error(count) - deviance(count, mean) - _HALF_LOG_TWO_PI - 0.5 * math.log(count)


@bare_kernel
def log_binomial_mass(count: float, trials: float, p: float) -> float:
    """Logarithm of the binomial probability of a count; 0 < p < 1, 0 <= count <= trials."""
    if count == 0.0:
        return trials * math.log1p(-p)
    if count == trials:
        return trials * math.log(p)
    rest = trials - count
    corrections = stirling_error(trials) - stirling_error(count) - stirling_error(rest)
    deviances = deviance(count, trials * p) + deviance(rest, trials * (1.0 - p))
    return corrections - deviances - _HALF_LOG_TWO_PI + 0.5 * math.log(trials / count / rest)


@bare_kernel
def next_poisson(state: npt.NDArray[np.uint64], mean: float) -> float:
    """A Poisson count.

    Args:
        state: (2,) state of a stream.
        mean: Expected count; 0 or less gives 0, nan gives nan.
    """
    if mean <= 0.0 or math.isnan(mean):
        return math.nan if math.isnan(mean) else 0.0
    if mean < _INVERSION_BELOW:
        return _poisson_by_inversion(state, mean)
    return _poisson_by_rejection(state, mean)


@bare_kernel
def _poisson_by_inversion(state: npt.NDArray[np.uint64], mean: float) -> float:
    rest = next_uniform(state)
    mass = math.exp(-mean)
    count = 0.0
    while rest > mass and count < 200.0:
        rest -= mass
        count += 1.0
        mass *= mean / count
    return count


@bare_kernel
def _poisson_by_rejection(state: npt.NDArray[np.uint64], mean: float) -> float:
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    squeeze = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = next_uniform(state) - 0.5
        v = next_uniform(state)
        us = 0.5 - abs(u)
        count = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= squeeze:
            return count
        if count < 0.0 or (us < 0.013 and v > us):
            continue
        log_scale = math.log(1.1239 + 1.1328 / (b - 3.4))
        if math.log(v) + log_scale - math.log(a / (us * us) + b) <= log_poisson_mass(count, mean):
            return count


@bare_kernel
def next_binomial(state: npt.NDArray[np.uint64], trials: float, p: float) -> float:
    """A binomial count.

    Args:
        state: (2,) state of a stream.
        trials: Number of trials, integer-valued; 0 or less gives 0, nan gives nan.
        p: Probability of success; taken as 0 below 0 and as 1 above 1; nan gives nan.
    """
    if math.isnan(trials) or math.isnan(p):
        return math.nan
    if trials <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return trials
    rare = min(p, 1.0 - p)
    if trials * rare < _INVERSION_BELOW:
        count = _binomial_by_inversion(state, trials, rare)
    else:
        count = _binomial_by_rejection(state, trials, rare)
    return count if p <= 0.5 else trials - count


@bare_kernel
def _binomial_by_inversion(state: npt.NDArray[np.uint64], trials: float, p: float) -> float:
    rest = next_uniform(state)
    odds = p / (1.0 - p)
    mass = math.exp(trials * math.log1p(-p))
    count = 0.0
    while rest > mass and count < trials and count < 200.0:
        rest -= mass
        mass *= odds * (trials - count) / (count + 1.0)
        count += 1.0
    return count


@bare_kernel
def _binomial_by_rejection(state: npt.NDArray[np.uint64], trials: float, p: float) -> float:
    deviation = math.sqrt(trials * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    center = trials * p + 0.5
    squeeze = 0.92 - 4.2 / b
    while True:
        u = next_uniform(state) - 0.5
        v = next_uniform(state)
        us = 0.5 - abs(u)
        count = math.floor((2.0 * a / us + b) * u + center)
        if us >= 0.07 and v <= squeeze:
            return count
        if count < 0.0 or count > trials:
            continue
        log_scale = math.log((2.83 + 5.1 / b) * deviation)
        if math.log(v) + log_scale - math.log(a / (us * us) + b) <= _below_mode(count, trials, p):
            return count


@bare_kernel
def _below_mode(count: float, trials: float, p: float) -> float:
    """Logarithm of the binomial probability of a count over that of the most probable one."""
    mode = math.floor((trials + 1.0) * p)
    return log_binomial_mass(count, trials, p) - log_binomial_mass(mode, trials, p)


@bare_kernel
def next_gamma(state: npt.NDArray[np.uint64], shape: float) -> float:
    """A gamma number of scale 1; shape > 0 (0 or less gives 0, nan gives nan)."""
    if math.isnan(shape):
        return math.nan
    if shape <= 0.0:
        return 0.0
    if shape < 1.0:
        return _large_gamma(state, shape + 1.0) * math.pow(next_uniform(state), 1.0 / shape)
    return _large_gamma(state, shape)


@bare_kernel
def _large_gamma(state: npt.NDArray[np.uint64], shape: float) -> float:
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = next_normal(state)
        root = 1.0 + c * x
        if root <= 0.0:
            continue
        v, u, square = root * root * root, next_uniform(state), x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return d * v
        if math.log(u) < 0.5 * square + d - d * v + d * math.log(v):
            return d * v


@bare_kernel
def _log_rest(p: float) -> float:
    """log(1 - p), without the slower function where the difference is precise."""
    return math.log(1.0 - p) if p > 0.01 else math.log1p(-p)


@bare_kernel
def next_geometric(state: npt.NDArray[np.uint64], stop: float) -> float:
    """Failures before the first success of trials that succeed with probability `stop` in (0, 1]."""
    if stop >= 1.0:
        return 0.0
    return math.floor(math.log(next_uniform(state)) / _log_rest(stop))


@bare_kernel
def next_negative_binomial(state: npt.NDArray[np.uint64], successes: float, stop: float) -> float:
    """Failures before a number of successes of trials that succeed with probability `stop`.

    Args:
        state: (2,) state of a stream.
        successes: Successes waited for, > 0 and not necessarily whole; 0 or less gives 0.
        stop: Probability of success in (0, 1].
    """
    if successes <= 0.0 or stop >= 1.0:
        return 0.0
    if successes == 1.0:
        return next_geometric(state, stop)
    odds = (1.0 - stop) / stop
    if successes <= _GEOMETRIC_UP_TO and successes == math.floor(successes):
        scale, total = 1.0 / _log_rest(stop), 0.0
        for _ in range(int(successes)):
            total += math.floor(math.log(next_uniform(state)) * scale)
        return total
    if successes > 1.0 and successes * odds < _INVERSION_BELOW:
        return _negative_binomial_by_inversion(state, successes, stop)
    return next_poisson(state, odds * next_gamma(state, successes))


@bare_kernel
def _negative_binomial_by_inversion(state: npt.NDArray[np.uint64], successes: float, stop: float) -> float:
    rest = next_uniform(state)
    mass = math.exp(successes * math.log(stop))
    count = 0.0
    while rest > mass and count < 1000.0:
        rest -= mass
        mass *= (1.0 - stop) * (successes + count) / (count + 1.0)
        count += 1.0
    return count
