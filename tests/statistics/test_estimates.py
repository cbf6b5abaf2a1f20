"""Restricted means, proportions and replicates."""

import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from scipy.stats import binomtest

from forestall.errors import InputError
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.proportions import proportion
from forestall.statistics.replicates import predict
from forestall.statistics.restricted_mean import restricted_mean, restricted_mean_difference


@pytest.mark.parametrize("horizon", [100.0, 365.25])
def test_oracle_restricted_mean_against_lifelines(horizon, censored_sample):
    time, event, _ = censored_sample(6, digits=-1)
    fitter = KaplanMeierFitter().fit(time, event)
    mean = restricted_mean_survival_time(fitter, horizon)
    assert restricted_mean(kaplan_meier(time, event), horizon).value == pytest.approx(mean)


def test_oracle_without_censoring_it_is_the_mean_of_truncated_times():
    """And the variance is that of the mean: sum (x - mean)^2 / n^2."""
    time = np.random.default_rng(2).exponential(100, 400)
    truncated = np.minimum(time, 150)
    estimate = restricted_mean(kaplan_meier(time, np.ones(400)), 150)
    assert estimate.value == pytest.approx(truncated.mean())
    half = 1.959964 * truncated.std() / 20
    assert estimate.upper - estimate.value == pytest.approx(half, rel=1e-6)


def test_oracle_freireich_difference_to_23_weeks(freireich):
    """The difference of the two areas, each summed over the steps of its curve by hand."""
    difference = restricted_mean_difference(freireich.time, freireich.event, freireich.treated)
    steps = np.arange(0, 23, 1.0)
    areas = [kaplan_meier(*arm).at(steps).sum() for arm in (freireich.placebo, freireich.mercaptopurine)]
    assert difference.value == pytest.approx(areas[1] - areas[0])
    assert difference.lower > 0


def test_unit_a_horizon_beyond_follow_up_is_refused():
    with pytest.raises(InputError, match="beyond the last observation"):
        restricted_mean(kaplan_meier([5, 10], [1, 0]), 11)
    assert restricted_mean(kaplan_meier([5, 10], [1, 1]), 11).value == 7.5


def test_unit_restricted_mean_of_an_empty_arm_is_unknown():
    assert math.isnan(restricted_mean_difference([1, 2], [1, 1], [0, 0]).value)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (3, 17), (269, 336), (1, 1)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_oracle_exact_interval_against_scipy(successes, trials, confidence):
    expected = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    estimate = proportion(successes, trials, confidence=confidence)
    assert estimate.value == successes / trials
    assert (estimate.lower, estimate.upper) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_unit_proportion_of_nobody_is_unknown_and_of_too_many_is_refused():
    assert all(math.isnan(value) for value in proportion(0, 0))
    with pytest.raises(InputError, match="impossible count"):
        proportion(3, 2)


def test_oracle_prediction_interval_against_numpy_percentiles():
    values = np.random.default_rng(0).normal(size=37)
    prediction = predict(values)
    assert prediction[:3] == pytest.approx(tuple(np.percentile(values, [50, 5, 95])))
    assert prediction.replicates == 37


def test_unit_missing_replicates_are_counted_and_unreached_ones_keep_their_rank():
    prediction = predict([10, math.nan, 12, math.inf, 11, math.inf])
    assert (prediction.replicates, prediction.missing) == (5, 1)
    assert prediction.median == 12
    assert prediction.upper == math.inf
    assert prediction.lower == pytest.approx(10.2)


@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
def test_unit_no_replicates_is_nan(values):
    prediction = predict(values)
    assert math.isnan(prediction.median)
    assert prediction.missing == len(values)
