"""The transition law of the linear birth-death process, and sampling from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import solve_ivp

from forestall.engine.birth_death import (
    FAST_NORMAL_ABOVE,
    MEAN_ABOVE,
    NORMAL_ABOVE,
    birth_death_step,
    constant_rate_law,
    effective_rates,
    extend_integrals,
    law_from_integrals,
    varying_rate_law,
    whole_cells,
)
from forestall.engine.random import stream

from .sampling import families_of, path, shares, steps
from .verdicts import (
    FALSE_ALARM,
    chi_square,
    chi_square_of_two,
    mass_from_generating_function,
    z_limit,
    z_of_mean,
)

RATES = [(0.14, 0.13), (0.13, 0.14), (0.2, 0.2), (0.5, 0.0), (0.0, 0.5), (0.14, 0.14 - 1e-9), (1e-12, 2e-12)]


def generating_function(z: float, survival: float, stop: float) -> float:
    return 1.0 - survival + survival * stop * z / (1.0 - (1.0 - stop) * z)


@pytest.mark.parametrize(("b", "d"), RATES)
@pytest.mark.parametrize("days", [0.0, 1e-6, 7.0, 300.0])
def test_oracle_law_solves_the_backward_equation(b: float, d: float, days: float) -> None:
    """Kendall 1948: the generating function f(t) starts at z and obeys f' = b f^2 - (b + d) f + d."""
    survival, stop = constant_rate_law(b, d, days)
    for z in (0.0, 0.4, 0.9):
        solution = solve_ivp(
            lambda _, f: b * f * f - (b + d) * f + d, (0.0, days), [z], "LSODA", rtol=1e-11, atol=1e-13
        )
        expected = solution.y[0, -1] if days else z
        assert generating_function(z, survival, stop) == pytest.approx(expected, abs=2e-9)


def test_oracle_law_under_varying_rates_solves_the_backward_equation() -> None:
    """Integrated from the end of the interval back to its start, through three pieces of constant rates."""
    times, b, d = np.array([0.0, 2.0, 3.5, 9.0]), np.array([0.3, 0.0, 0.6]), np.array([0.1, 0.9, 0.5])
    survival, stop = varying_rate_law(times, b, d)
    for z in (0.0, 0.5, 0.9):
        f = z
        for piece in (2, 1, 0):
            span = (0.0, times[piece + 1] - times[piece])
            f = solve_ivp(
                lambda _, f, i=piece: b[i] * f * f - (b[i] + d[i]) * f + d[i],
                span,
                [f],
                rtol=1e-11,
                atol=1e-13,
            ).y[0, -1]
        assert generating_function(z, survival, stop) == pytest.approx(f, abs=1e-9)


def test_property_splitting_an_interval_does_not_change_its_law() -> None:
    whole = varying_rate_law(np.array([0.0, 10.0]), np.array([0.31]), np.array([0.17]))
    cuts = np.array([0.0, 1.0, 1.0, 4.5, 10.0])
    split = varying_rate_law(cuts, np.full(4, 0.31), np.full(4, 0.17))
    assert split == pytest.approx(whole, rel=1e-14)
    assert whole == pytest.approx(constant_rate_law(0.31, 0.17, 10.0), rel=1e-15)


def test_oracle_extinction_probability_in_the_long_run() -> None:
    """1 - survival tends to d / b, and to 1 where cells die as often as they divide."""
    for b, d in ((0.14, 0.13), (1.0, 0.01), (0.3, 0.0)):
        assert 1.0 - constant_rate_law(b, d, 1e5)[0] == pytest.approx(d / b, abs=1e-12)
    assert constant_rate_law(0.2, 0.2, 1e5)[0] == pytest.approx(1.0 / (1.0 + 0.2 * 1e5), rel=1e-12)


@pytest.mark.parametrize(
    ("b", "d", "days"),
    [(5.0, 0.1, 1e6), (0.1, 5.0, 1e6), (0.0, 0.0, 1e6), (0.0, 1e3, 1e3), (1e3, 0.0, 1.0), (0.1, 0.1, 0.0)],
)
def test_unit_extreme_laws_stay_probabilities(b: float, d: float, days: float) -> None:
    survival, stop = constant_rate_law(b, d, days)
    assert 0.0 <= survival <= 1.0
    assert 0.0 < stop <= 1.0


@pytest.mark.parametrize(("b", "d"), RATES)
def test_property_effective_rates_recover_constant_rates(b: float, d: float) -> None:
    growth, births = extend_integrals(0.0, 0.0, b, d, 7.0)
    assert effective_rates(growth, births, 7.0) == pytest.approx((b, d), rel=1e-9, abs=1e-15)


def test_property_effective_rates_have_the_law_of_the_varying_rates() -> None:
    growth, births = extend_integrals(*extend_integrals(0.0, 0.0, 0.2, 0.9, 2.0), 0.7, 0.1, 3.0)
    b, d = effective_rates(growth, births, 5.0)
    assert constant_rate_law(b, d, 5.0) == pytest.approx(law_from_integrals(growth, births), rel=1e-12)
    assert b > 0.0
    assert d > 0.0


@pytest.mark.parametrize("cells", [1.0, 2.0, 13.0, 200.0])
@pytest.mark.parametrize(("b", "d"), [(0.14, 0.13), (0.3, 0.5), (0.4, 0.0), (0.0, 0.3)])
def test_oracle_step_samples_the_transition_law(cells: float, b: float, d: float) -> None:
    """Chi-square against the law's probabilities, n = 50,000, p > 1e-6."""
    survival, stop = constant_rate_law(b, d, 7.0)
    probability = mass_from_generating_function(
        lambda z: (1.0 - survival + survival * stop * z / (1.0 - (1.0 - stop) * z)) ** cells, 2**14
    )
    sample = steps(1, 50_000, cells, b, d, 7.0, np.inf, np.inf)
    assert chi_square(sample.astype(np.int64), np.maximum(probability, 0.0)) > FALSE_ALARM


@pytest.mark.parametrize("cells", [1e6, 1e9, 1e13])
@pytest.mark.parametrize(("b", "d"), [(0.14, 0.13), (0.0, 1.0), (0.3, 2.5), (1e-9, 0.0)])
def test_oracle_mean_and_variance_at_any_size(cells: float, b: float, d: float) -> None:
    """Mean n e^(rt), variance n e^(rt) (e^(rt) - 1) (b + d) / r (Bailey 1964); n = 20,000, p > 1e-6 each."""
    growth = math.exp((b - d) * 7.0)
    variance = cells * growth * (growth - 1.0) * (b + d) / (b - d)
    sample = steps(2, 20_000, cells, b, d, 7.0, np.inf, np.inf)
    assert abs(z_of_mean(sample, cells * growth, math.sqrt(variance))) < z_limit()
    if variance > 100.0:
        statistic = sample.var() * sample.size / variance
        assert stats.chi2(sample.size - 1).sf(statistic) > FALSE_ALARM
        assert stats.chi2(sample.size - 1).cdf(statistic) > FALSE_ALARM


def test_oracle_dsmts_birth_death() -> None:
    """Birth-death model of the DSMTS (Evans, Gillespie, Wilkinson 2008): 100 cells, b 0.1, d 0.11, 50 days.

    n = 10,000; Z in (-3, 3) and Y in (-5, 5) on each day. Another seed would fail in about 3% of cases (Z).
    """
    n, b, d = 10_000, 0.1, 0.11
    days = np.arange(1, 51)
    growth = np.exp((b - d) * days)
    mean, variance = 100.0 * growth, 100.0 * growth * (growth - 1.0) * (b + d) / (b - d)
    sample = path(1, n, 100.0, b, d, 1.0, 50)
    z = np.sqrt(n) * (sample.mean(axis=0) - mean) / np.sqrt(variance)
    y = np.sqrt(n / 2.0) * (sample.var(axis=0, ddof=1) / variance - 1.0)
    assert np.abs(z).max() < 3.0
    assert np.abs(y).max() < 5.0


@pytest.mark.parametrize(("b", "d", "cells"), [(0.14, 0.13, 2.2e6), (0.3, 0.9, 1e8), (0.3, 0.0, 1e6 + 1.0)])
def test_property_results_do_not_depend_on_the_normal_hand_over(b: float, d: float, cells: float) -> None:
    """Just above the default hand-over the exact and the normal law agree; 2 x 100,000, p > 1e-6."""
    exact = steps(3, 100_000, cells, b, d, 7.0, np.inf, np.inf)
    normal = steps(4, 100_000, cells, b, d, 7.0, NORMAL_ABOVE, np.inf)
    assert not np.array_equal(exact, steps(3, 100_000, cells, b, d, 7.0, NORMAL_ABOVE, np.inf))
    assert chi_square_of_two(exact, normal) > FALSE_ALARM


JUST_ABOVE = FAST_NORMAL_ABOVE * 1.01


@pytest.mark.parametrize(
    ("survival", "stop"), [(0.9, 0.9), (0.5, 0.5), (0.3, 0.05), (0.01, 0.1), (1e-3, 0.9)]
)
def test_oracle_the_early_normal_law_keeps_the_skewness(survival: float, stop: float) -> None:
    """Largest error of the distribution function 5e-4 plus noise at p = 1e-6, n = 400,000; a plain normal law misses by up to 8e-3."""
    cells = math.ceil(JUST_ABOVE / survival)
    growth, births = math.log(survival / stop), 1.0 / stop - 1.0
    b, d = effective_rates(growth, births, 7.0)
    mass = mass_from_generating_function(lambda z: generating_function(z, survival, stop) ** cells, 2**16)
    sample = steps(1, 400_000, float(cells), b, d, 7.0, FAST_NORMAL_ABOVE, np.inf)
    assert distance(sample, mass) < 5e-4 + kolmogorov_limit(400_000)


@pytest.mark.parametrize("births", [0.0, 0.5, 20.0])
@pytest.mark.parametrize("expected", [0.7, 40.0, JUST_ABOVE])
def test_oracle_families_are_compound_poisson(births: float, expected: float) -> None:
    """Against the generating function exp(n (g(z) - 1)) with g geometric; n = 400,000, p > 1e-6."""
    stop = 1.0 / (1.0 + births)
    mass = mass_from_generating_function(
        lambda z: np.exp(expected * (generating_function(z, 1.0, stop) - 1.0)), 2**16
    )
    sample = families_of(1, 400_000, expected, births, FAST_NORMAL_ABOVE)
    assert distance(sample, mass) < 5e-4 + kolmogorov_limit(400_000)


@pytest.mark.parametrize(
    ("cells", "share"), [(10.0, 0.3), (400.0, 0.01), (1300.0, 0.4), (1e6, 4e-4), (2000.0, 0.7)]
)
def test_oracle_shares_are_binomial(cells: float, share: float) -> None:
    """n = 400,000, p > 1e-6; the last three are drawn from the normal law with skewness."""
    mass = stats.binom(cells, share).pmf(np.arange(2**12))
    sample = shares(1, 400_000, cells, share, FAST_NORMAL_ABOVE)
    assert distance(sample, mass) < 5e-4 + kolmogorov_limit(400_000)
    assert sample.max() <= cells


def distance(sample: NDArray[np.float64], mass: NDArray[np.float64]) -> float:
    """Largest difference between a sample's distribution function and that of probabilities of 0, 1, ..."""
    seen = np.bincount(sample.astype(np.int64), minlength=mass.size)[: mass.size] / sample.size
    return float(np.abs(np.cumsum(seen) - np.cumsum(mass)).max())


def kolmogorov_limit(size: int) -> float:
    """What the distance of a sample from its own law exceeds with probability `FALSE_ALARM`."""
    return float(stats.kstwobign.isf(FALSE_ALARM)) / math.sqrt(size)


def test_oracle_the_mean_replaces_noise_only_where_it_is_negligible() -> None:
    """Above the hand-over to the mean the relative standard deviation that is dropped is below 1e-4."""
    cells = 3e9
    deterministic = steps(1, 3, cells, 0.14, 0.13, 7.0, NORMAL_ABOVE, MEAN_ABOVE)
    assert deterministic == pytest.approx(cells * math.exp(0.07), rel=1e-9)
    exact = steps(1, 1000, cells, 0.14, 0.13, 7.0, np.inf, np.inf)
    assert exact.std() / exact.mean() < 1e-4


@pytest.mark.parametrize(("b", "d"), [(0.0, 0.0), (0.3, 0.2)])
def test_unit_nothing_comes_of_nothing_and_no_time_changes_nothing(b: float, d: float) -> None:
    assert (steps(1, 5, 0.0, b, d, 7.0, NORMAL_ABOVE, MEAN_ABOVE) == 0.0).all()
    for cells in (1.0, 1e5, 1e8, 1e13):
        assert (steps(1, 5, cells, b, d, 0.0, NORMAL_ABOVE, MEAN_ABOVE) == cells).all()


def test_oracle_rounding_keeps_the_mean() -> None:
    """n = 20,000, p > 1e-6."""
    state = stream(1, 1, 1, 1)
    sample = np.array([whole_cells(state, 2.3) for _ in range(20_000)])
    assert set(sample) == {2.0, 3.0}
    assert abs(z_of_mean(sample, 2.3, math.sqrt(0.21))) < z_limit()


def test_unit_a_step_takes_any_state_row() -> None:
    states = np.vstack([stream(1, patient, 1, 1) for patient in range(3)])
    alone = birth_death_step(stream(1, 2, 1, 1), 50.0, 0.8, 0.7, NORMAL_ABOVE, MEAN_ABOVE)
    assert birth_death_step(states[2], 50.0, 0.8, 0.7, NORMAL_ABOVE, MEAN_ABOVE) == alone
