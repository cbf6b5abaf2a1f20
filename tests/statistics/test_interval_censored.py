import math

import numpy as np
import pytest
from lifelines.fitters.npmle import npmle
from scipy.optimize import minimize

from forestall.errors import InputError
from forestall.statistics.cox import Outcome, cox_two_arm
from forestall.statistics.interval_censored import turnbull, turnbull_median
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.piecewise_exponential import interval_hazard_ratio
from forestall.statistics.turnbull_kernel import isotonic


def test_golden_radiotherapy_masses(cosmesis):
    """To four decimals; the gradient proves that the likelihood has its maximum there (`shortfall`)."""
    fit = turnbull(*cosmesis.radiotherapy.T)
    assert fit.converged
    expected = {
        (4, 5): 0.0463,
        (6, 7): 0.0334,
        (7, 8): 0.0887,
        (11, 12): 0.0708,
        (24, 25): 0.0926,
        (33, 34): 0.0818,
        (38, 40): 0.1209,
        (46, 48): 0.4656,
    }
    found = {
        (left, right): mass
        for left, right, mass in zip(fit.left_days, fit.right_days, fit.mass, strict=True)
        if mass > 1e-6
    }
    assert found.keys() == expected.keys()
    for interval, mass in expected.items():
        assert found[interval] == pytest.approx(mass, abs=6e-5)


@pytest.mark.parametrize("arm", ["radiotherapy", "chemoradiotherapy"])
def test_oracle_likelihood_against_lifelines(arm, cosmesis):
    """lifelines' EM climbs the same likelihood and stops short of what the gradient proves to be the top."""
    sample = getattr(cosmesis, arm)
    fit = turnbull(*sample.T)
    opened = sample + np.array([1e-9, 0])  # lifelines closes intervals on the left
    masses, intervals = npmle(*opened.T, verbose=False)
    theirs = sum(
        math.log(
            sum(
                mass
                for mass, (low, high) in zip(masses, intervals, strict=True)
                if left <= low and high <= right
            )
        )
        for left, right in opened
    )
    assert fit.log_likelihood >= theirs - 1e-9
    assert fit.log_likelihood == pytest.approx(theirs, abs=1e-2)


@pytest.mark.parametrize("seed", range(4))
def test_property_exact_and_right_censored_times_give_kaplan_meier(seed, censored_sample):
    time, event, _ = censored_sample(seed, digits=-1)
    fit = turnbull(time, np.where(event, time, np.inf))
    curve = kaplan_meier(time, event)
    known = curve.time_days[: np.flatnonzero(curve.events)[-1] + 1]
    assert fit.at(known) == pytest.approx(curve.at(known), abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_property_gradient_proves_the_maximum(seed):
    """No other distribution does better: 2,000 random rivals, and the bound on the shortfall."""
    left, right = _visits(seed, 60)
    fit = turnbull(left, right)
    assert 0 <= fit.shortfall <= 1e-6
    assert fit.mass.sum() == pytest.approx(1)
    covers = (fit.left_days >= left[:, None]) & (fit.right_days <= right[:, None])
    assert np.log(covers @ fit.mass).sum() == pytest.approx(fit.log_likelihood)
    rng = np.random.default_rng(seed)
    rivals = 0.9 * fit.mass + 0.1 * rng.dirichlet(np.ones(fit.mass.size), 2000)
    assert np.log(rivals @ covers.T).sum(axis=1).max() <= fit.log_likelihood + fit.shortfall


def _visits(seed, patients, every=63.0):
    """Exponential times (mean 300 days) seen at jittered visits, some lost early."""
    rng = np.random.default_rng(seed)
    time, last = rng.exponential(300, patients), rng.uniform(100, 900, patients)
    left, right = np.zeros(patients), np.full(patients, np.inf)
    for i in range(patients):
        days = every * np.arange(1, 20) + rng.uniform(-5, 5, 19)
        days = days[days <= last[i]]
        after = days[days >= time[i]]
        before = days[days < time[i]]
        left[i] = before[-1] if before.size else 0.0
        right[i] = after[0] if after.size else np.inf
    return left, right


def test_property_median_recovers_the_truth_from_visits_every_nine_weeks():
    """4,000 patients, true median 208 days, standard error about 6 days: 30 days off has p < 1e-5."""
    median = turnbull(*_visits(9, 4000)).median
    assert median == pytest.approx(300 * math.log(2), abs=30)


def test_property_bootstrap_interval_is_reproducible_and_holds_the_median():
    left, right = _visits(3, 300)
    estimate = turnbull_median(left, right, resamples=100, seed=5)
    assert estimate == turnbull_median(left, right, resamples=100, seed=5)
    assert estimate.lower < estimate.value < estimate.upper
    assert estimate.upper - estimate.lower < 150


def test_oracle_isotonic_regression_against_quadratic_programming():
    values, weights = np.array([3.0, 1, 2, 5, 4, 4.5, 0]), np.array([1.0, 2, 1, 1, 3, 1, 2])
    best = minimize(
        lambda x: (weights * (x - values) ** 2).sum(),
        np.sort(values),
        constraints={"type": "ineq", "fun": np.diff},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert isotonic(values, weights) == pytest.approx(best.x, abs=1e-5)


def test_unit_edge_cases_of_the_interval_estimate():
    nobody = turnbull([], [])
    assert math.isnan(nobody.median)
    assert nobody.converged
    assert turnbull([10, 20], [np.inf, np.inf]).median == math.inf
    one = turnbull([10], [20])
    assert one.mass.tolist() == [1]
    assert one.median == 15
    assert one.at([10, 15, 20]) == pytest.approx([1, 0.5, 0])
    exact = turnbull([7, 7, 7], [7, 7, 7])
    assert exact.median == 7
    assert exact.at([6.9, 7.0]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [([5], [4], "inverted"), ([np.nan], [4], "1 of 1 intervals"), ([1, 2], [3], "shape")],
)
def test_unit_impossible_intervals_are_named(left, right, words):
    with pytest.raises(InputError, match=words):
        turnbull(left, right)


def test_oracle_hazard_ratio_of_the_cosmesis_data(cosmesis):
    """One constant piece is the exponential model, maximized here directly. With more pieces the estimate
    stays within half a standard error of the semiparametric one: 0.797, standard error 0.29 (Huang and
    Wellner 1995, as quoted by the documentation of R's coxinterval)."""
    left, right, arm = cosmesis.left, cosmesis.right, cosmesis.chemotherapy

    def loss(theta):
        rate = np.exp(theta[0] + theta[1] * arm)
        return -np.log(np.exp(-rate * left) - np.exp(-rate * right)).sum()

    best = minimize(loss, [-3.5, 0.0], tol=1e-10)
    exponential = interval_hazard_ratio(left, right, arm, pieces=1)
    assert exponential.coefficients[0] == pytest.approx(best.x[1], abs=1e-4)
    assert exponential.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    flexible = interval_hazard_ratio(left, right, arm)
    assert flexible.coefficients[0] == pytest.approx(0.797, abs=0.5 * 0.29)
    assert math.sqrt(flexible.covariance[0, 0]) == pytest.approx(0.29, abs=0.02)
    assert flexible.log_likelihood > exponential.log_likelihood


def test_oracle_information_against_finite_differences(cosmesis):
    """The standard error of one coefficient from the curvature of the profile likelihood."""
    left, right, arm = cosmesis.left, cosmesis.right, cosmesis.chemotherapy
    fit = interval_hazard_ratio(left, right, arm, pieces=1)

    def profile(beta):
        def loss(theta):
            rate = np.exp(theta[0] + beta * arm)
            return -np.log(np.exp(-rate * left) - np.exp(-rate * right)).sum()

        return -minimize(loss, [-3.5], tol=1e-12).fun

    middle, step = fit.coefficients[0], 0.05
    curvature = -(profile(middle + step) - 2 * profile(middle) + profile(middle - step)) / step**2
    assert fit.covariance[0, 0] == pytest.approx(1 / curvature, rel=0.02)


def test_property_exact_times_give_nearly_the_hazard_ratio_of_cox(censored_sample):
    time, event, treated = censored_sample(2, 600)
    fit = interval_hazard_ratio(time, np.where(event, time, np.inf), treated, pieces=12)
    assert fit.outcome is Outcome.CONVERGED
    reference = cox_two_arm(time, event, treated)
    assert fit.coefficients[0] == pytest.approx(reference.coefficients[0], abs=0.02)
    assert fit.covariance[0, 0] == pytest.approx(reference.covariance[0, 0], rel=0.03)


def test_unit_interval_hazard_ratio_without_information():
    nothing = interval_hazard_ratio([1, 2], [np.inf, np.inf], [0, 1])
    assert nothing.outcome is Outcome.NO_INFORMATION
    assert math.isnan(nothing.hazard_ratio().value)
    alone = interval_hazard_ratio([1, 2], [3, 4], [1, 1])
    assert alone.outcome is Outcome.NO_INFORMATION


def test_unit_interval_hazard_ratio_when_one_arm_has_no_events():
    fit = interval_hazard_ratio([10, 10, 10, 100, 100], [20, 30, 20, np.inf, np.inf], [0, 0, 0, 1, 1])
    assert fit.outcome is Outcome.INFINITE
    assert fit.hazard_ratio().value == 0
    assert math.isnan(fit.hazard_ratio().upper)
