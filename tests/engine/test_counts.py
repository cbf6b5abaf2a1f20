"""Samplers of counts against their laws, from the smallest to the largest arguments.

Chi-square and mean of n = 100,000 numbers per case, p > 1e-6 each, unless a test says otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forestall.engine.counts import (
    deviance,
    log_binomial_mass,
    log_poisson_mass,
    next_binomial,
    next_gamma,
    next_negative_binomial,
    next_poisson,
    stirling_error,
)
from forestall.engine.random import stream

from .sampling import binomials, gammas, negative_binomials, poissons
from .verdicts import FALSE_ALARM, chi_square_of_counts, z_limit, z_of_mean

SIZE = 100_000


@pytest.mark.parametrize("mean", [1e-12, 1e-3, 0.7, 9.9, 10.0, 11.0, 30.0, 1e3, 1e6, 1e9, 1e12])
def test_oracle_poisson_follows_its_law(mean: float) -> None:
    sample = poissons(1, SIZE, mean)
    assert chi_square_of_counts(sample, stats.poisson(mean).cdf) > FALSE_ALARM
    assert abs(z_of_mean(sample, mean, math.sqrt(mean))) < z_limit()
    assert np.array_equal(sample, np.floor(sample))


@pytest.mark.parametrize(
    ("trials", "p"),
    [
        (1.0, 0.3), (7.0, 1e-12), (7.0, 1.0 - 1e-9), (19.0, 0.5), (20.0, 0.5), (21.0, 0.5), (30.0, 0.9),
        (1e3, 0.02), (1e3, 0.37), (1e6, 1e-5), (1e6, 2e-5), (1e9, 0.5), (1e13, 1e-12), (1e13, 0.75),
    ],
)  # fmt: skip
def test_oracle_binomial_follows_its_law(trials: float, p: float) -> None:
    sample = binomials(2, SIZE, trials, p)
    assert chi_square_of_counts(sample, stats.binom(trials, p).cdf) > FALSE_ALARM
    assert abs(z_of_mean(sample, trials * p, math.sqrt(trials * p * (1.0 - p)))) < z_limit()
    assert sample.min() >= 0.0
    assert sample.max() <= trials


@pytest.mark.parametrize(
    ("successes", "stop"),
    [
        (1.0, 0.5), (1.0, 1e-6), (1.0, 1.0 - 1e-7), (2.0, 0.3), (3.0, 0.01), (9.0, 0.5), (12.0, 0.5),
        (0.5, 0.1), (100.0, 0.95), (100.0, 0.05), (1e6, 0.5), (1e9, 1.0 - 1e-9), (1e12, 0.7),
    ],
)  # fmt: skip
def test_oracle_negative_binomial_follows_its_law(successes: float, stop: float) -> None:
    sample = negative_binomials(3, SIZE, successes, stop)
    law = stats.nbinom(successes, stop)
    assert chi_square_of_counts(sample, law.cdf) > FALSE_ALARM
    assert abs(z_of_mean(sample, law.mean(), law.std())) < z_limit()


@pytest.mark.parametrize("shape", [0.05, 0.8, 1.0, 2.5, 1e3, 1e12])
def test_oracle_gamma_follows_its_law(shape: float) -> None:
    """Kolmogorov-Smirnov, n = 100,000, p > 1e-6."""
    assert stats.kstest(gammas(4, SIZE, shape), stats.gamma(shape).cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        (poissons(1, 9, 0.0), 0.0),
        (poissons(1, 9, -1e-9), 0.0),
        (binomials(1, 9, 0.0, 0.5), 0.0),
        (binomials(1, 9, 1e13, 0.0), 0.0),
        (binomials(1, 9, 1e13, 1.0), 1e13),
        (binomials(1, 9, 5.0, 1.0 + 1e-12), 5.0),
        (negative_binomials(1, 9, 0.0, 0.5), 0.0),
        (negative_binomials(1, 9, 1e13, 1.0), 0.0),
        (gammas(1, 9, 0.0), 0.0),
    ],
)
def test_unit_certain_counts(sample: np.ndarray, value: float) -> None:
    assert (sample == value).all()


@pytest.mark.parametrize("mean", [0.5, 20.0, 1e6, 1e12])
def test_oracle_neighboring_masses_have_the_ratio_of_the_law(mean: float) -> None:
    """P(k + 1) / P(k) of a Poisson count is mean / (k + 1), of a binomial count odds * (n - k) / (k + 1)."""
    trials, p = 4.0 * mean, 0.25
    for k in (math.floor(mean), math.floor(mean + 3.0 * math.sqrt(mean)), max(1.0, math.floor(0.7 * mean))):
        ratio = log_poisson_mass(k + 1.0, mean) - log_poisson_mass(k, mean)
        assert ratio == pytest.approx(math.log(mean / (k + 1.0)), abs=1e-10 * max(1.0, mean * 1e-6))
        if k + 1.0 <= trials:
            ratio = log_binomial_mass(k + 1.0, trials, p) - log_binomial_mass(k, trials, p)
            expected = math.log((trials - k) / (k + 1.0) * p / (1.0 - p))
            assert ratio == pytest.approx(expected, abs=1e-10 * max(1.0, mean * 1e-6))


def test_oracle_masses_equal_scipy() -> None:
    for k in range(60):
        assert log_poisson_mass(float(k), 13.7) == pytest.approx(stats.poisson.logpmf(k, 13.7), rel=1e-12)
        assert log_binomial_mass(float(k), 60.0, 0.3) == pytest.approx(
            stats.binom.logpmf(k, 60, 0.3), rel=1e-12
        )


def test_oracle_stirling_error_equals_the_logarithm_of_factorials() -> None:
    for n in [*range(1, 200), 10_000]:
        exact = math.lgamma(n + 1.0) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2.0 * math.pi)
        assert stirling_error(float(n)) == pytest.approx(exact, abs=4e-16 * max(4.0, n * math.log(n)))


@pytest.mark.parametrize("relative", [1e-9, 1e-4, 0.05, 0.2, 0.5])
def test_oracle_deviance_equals_its_series_near_the_mean(relative: float) -> None:
    mean = 1e8
    difference = relative * mean
    series = mean * sum(relative**k / (k * (k - 1)) * (-1) ** k for k in range(2, 60))
    assert deviance(mean + difference, mean) == pytest.approx(series, rel=1e-6)


def test_unit_nan_goes_through_and_does_not_hang() -> None:
    state = stream(1, 0, 0, 0)
    assert math.isnan(next_poisson(state, math.nan))
    assert math.isnan(next_binomial(state, math.nan, 0.5))
    assert math.isnan(next_binomial(state, 1e6, math.nan))
    assert math.isnan(next_gamma(state, math.nan))
    assert math.isnan(next_negative_binomial(state, math.nan, 0.1))
