"""Combined survival times against cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from forestall.errors import InputError
from forestall.statistics.cluster_bootstrap import bootstrap_mean
from forestall.statistics.combined_times import (
    Weibull,
    _pairs,
    additive,
    alone,
    hazard_ratio_of,
    independent_action,
)

UNIT = Weibull(1.0)


def test_oracle_a_curve_goes_through_its_points() -> None:
    assert Weibull.of_median(8).median == pytest.approx(8)
    curve = Weibull.through([(8, 0.5), (16, 0.2)])
    assert math.exp(-((8 / curve.scale) ** curve.shape)) == pytest.approx(0.5)
    assert math.exp(-((16 / curve.scale) ** curve.shape)) == pytest.approx(0.2)
    assert Weibull.through([(8, 0.5)]).shape == 1


def test_unit_a_curve_that_rises_is_refused() -> None:
    with pytest.raises(InputError, match="does not fall"):
        Weibull.through([(8, 0.5), (16, 0.7)])
    with pytest.raises(InputError, match="no point"):
        Weibull.through([(8, 1.0)])


@pytest.mark.parametrize("ratio", [0.3, 0.5, 1.0, 2.0])
def test_oracle_proportional_hazards_give_their_ratio(ratio: float) -> None:
    assert hazard_ratio_of(alone(Weibull(1 / ratio)), alone(UNIT), 5) == pytest.approx(ratio, rel=0.005)


def test_oracle_the_ratio_depends_on_follow_up_only_without_proportional_hazards() -> None:
    late = Weibull.through([(1, 0.9), (2, 0.2)])
    assert hazard_ratio_of(alone(late), alone(UNIT), 1) < 0.5 * hazard_ratio_of(alone(late), alone(UNIT), 4)


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_oracle_independent_times_multiply_their_failures(t: float) -> None:
    survival = float((independent_action(UNIT, Weibull(2.0), 0.0) > t).mean())
    assert survival == pytest.approx(1 - (1 - math.exp(-t)) * (1 - math.exp(-t / 2)), abs=0.004)


def test_oracle_perfectly_correlated_equal_drugs_add_nothing() -> None:
    assert hazard_ratio_of(independent_action(UNIT, UNIT, 1.0), alone(UNIT), 5) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("t", [0.5, 1.0, 3.0])
def test_oracle_the_sum_of_two_exponential_times_is_gamma(t: float) -> None:
    survival = float((additive(UNIT, UNIT, 0.0, 0.0) > t).mean())
    assert survival == pytest.approx(math.exp(-t) * (1 + t), abs=0.004)


def test_oracle_perfectly_correlated_equal_drugs_double_the_time() -> None:
    assert hazard_ratio_of(additive(UNIT, UNIT, 1.0, 0.0), alone(UNIT), 8) == pytest.approx(0.5, abs=0.01)


def test_oracle_benefit_that_ends_at_the_first_scan_does_not_count() -> None:
    constant = additive(UNIT, Weibull(2.0, 1e6), 0.3, 2.0 + 1e-3)
    assert (constant >= 2.0 - 1e-2).all()
    short = additive(UNIT, Weibull(0.01), 0.3, 1.0)
    np.testing.assert_allclose(np.sort(short).mean(), 1.0, rtol=0.02)


def test_property_additivity_never_falls_below_either_drug() -> None:
    one, other = _pairs(UNIT, Weibull(0.7), 0.3)
    both = additive(UNIT, Weibull(0.7), 0.3, 0.4)
    assert (both >= one).all()
    assert (both >= other).all()


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.3, 0.8])
def test_oracle_times_have_the_rank_correlation_asked_for(rho: float) -> None:
    one, other = _pairs(UNIT, Weibull(3.0, 0.7), rho)
    assert spearmanr(one, other).statistic == pytest.approx(rho, abs=0.01)


def test_unit_an_impossible_correlation_is_refused() -> None:
    with pytest.raises(InputError, match="not a correlation"):
        independent_action(UNIT, UNIT, 1.2)


def test_oracle_the_bootstrap_of_independent_values_is_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, 400)
    found = bootstrap_mean(values, [str(number) for number in range(400)])
    half = 1.645 * values.std(ddof=1) / 20
    assert found.value == pytest.approx(values.mean())
    assert found.upper - found.value == pytest.approx(half, rel=0.1)


def test_oracle_repeating_a_cluster_does_not_narrow_its_interval() -> None:
    values = np.random.default_rng(4).normal(size=50)
    once = bootstrap_mean(values, [str(number) for number in range(50)])
    thrice = bootstrap_mean(np.tile(values, 3), [str(number) for number in range(50)] * 3)
    assert thrice.upper - thrice.lower == pytest.approx(once.upper - once.lower, rel=1e-9)


def test_unit_one_cluster_has_no_interval() -> None:
    found = bootstrap_mean([1.0, 3.0], ["a", "a"])
    assert found.value == 2
    assert math.isnan(found.lower)
