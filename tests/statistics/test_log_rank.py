import math

import numpy as np
import pytest
from lifelines.statistics import logrank_test, multivariate_logrank_test

from forestall.statistics.cox import cox_two_arm
from forestall.statistics.log_rank import log_rank


def test_oracle_freireich_against_published_chi_square(freireich):
    """R: survdiff(Surv(t, e) ~ arm) prints N, observed, expected 9, 19.3 and 21, 10.7 and chi-square 16.8."""
    result = log_rank(freireich.time, freireich.event, np.where(freireich.treated, "6-MP", "placebo"))
    assert result.statistic == pytest.approx(16.79, abs=0.005)
    assert result.observed.tolist() == [9, 21]
    assert result.expected == pytest.approx([19.25, 10.75], abs=0.005)


@pytest.mark.parametrize("digits", [None, -1, -2])
def test_oracle_two_groups_against_lifelines(digits, censored_sample):
    time, event, treated = censored_sample(11, digits=digits)
    expected = logrank_test(time[treated], time[~treated], event[treated], event[~treated])
    result = log_rank(time, event, treated)
    assert (result.statistic, result.p_value) == pytest.approx((expected.test_statistic, expected.p_value))
    assert result.degrees == 1


def test_oracle_four_groups_against_lifelines(censored_sample):
    time, event, _ = censored_sample(5, digits=-1)
    group = np.random.default_rng(2).integers(4, size=time.size)
    expected = multivariate_logrank_test(time, group, event)
    result = log_rank(time, event, group)
    assert result.statistic == pytest.approx(expected.test_statistic)
    assert result.degrees == 3


def test_oracle_stratified_statistic_sums_over_strata(censored_sample):
    """(sum of O - E)^2 / (sum of V), with O, E and V of each stratum counted by hand, patient by patient."""
    time, event, treated = censored_sample(8, 60, digits=-2)
    strata = np.arange(60) % 3
    difference, variance = 0.0, 0.0
    for level in range(3):
        for now in np.unique(time[event & (strata == level)]):
            risk = (time >= now) & (strata == level)
            deaths = int((risk & event & (time == now)).sum())
            n, n1 = int(risk.sum()), int((risk & treated).sum())
            difference += (risk & event & treated & (time == now)).sum() - deaths * n1 / n
            variance += deaths * (n1 / n) * (1 - n1 / n) * (n - deaths) / (n - 1) if n > 1 else 0.0
    assert log_rank(time, event, treated, strata=strata).statistic == pytest.approx(difference**2 / variance)


def test_property_without_ties_it_is_the_score_test_of_cox(censored_sample):
    time, event, treated = censored_sample(4)
    step = 1e-4
    at = [_partial_likelihood(time, event, treated, beta) for beta in (-step, 0.0, step)]
    score = (at[2] - at[0]) / (2 * step)
    information = -(at[2] - 2 * at[1] + at[0]) / step**2
    assert log_rank(time, event, treated).statistic == pytest.approx(score**2 / information, rel=1e-4)
    assert at[1] == pytest.approx(cox_two_arm(time, event, treated).null_log_likelihood)


def _partial_likelihood(time, event, treated, beta):
    weight = np.exp(beta * treated)
    return sum(beta * treated[i] - math.log(weight[time >= time[i]].sum()) for i in np.flatnonzero(event))


@pytest.mark.parametrize(
    ("time", "event", "group"),
    [([1, 2, 3], [0, 0, 0], [0, 1, 0]), ([1, 2], [1, 1], [0, 0]), ([], [], []), ([1.0, 2.0], [0, 1], [0, 1])],
)
def test_unit_nothing_to_compare_is_nan(time, event, group):
    result = log_rank(time, event, group)
    assert math.isnan(result.statistic)
    assert math.isnan(result.p_value)
    assert result.degrees == 0


def test_unit_all_events_at_one_time_carry_no_information_if_nobody_survives():
    assert math.isnan(log_rank([5, 5, 5, 5], [1, 1, 1, 1], [0, 0, 1, 1]).statistic)
