import math
import time as clock

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from scipy.optimize import minimize

from forestall.errors import InputError
from forestall.statistics.cox import Outcome, cox, cox_two_arm


@pytest.mark.parametrize("fit", [cox, cox_two_arm])
@pytest.mark.parametrize(
    ("ties", "beta", "error"), [("efron", -1.57213, 0.41240), ("breslow", -1.50919, 0.40956)]
)
def test_oracle_freireich_against_published_coefficients(fit, ties, beta, error, freireich):
    """R: coxph(Surv(t, e) ~ arm, ties = ...) prints -1.5721, 0.4124 (efron); -1.509, 0.410 (breslow)."""
    result = fit(freireich.time, freireich.event, freireich.treated, ties=ties)
    assert result.outcome is Outcome.CONVERGED
    assert result.coefficients[0] == pytest.approx(beta, abs=1e-5)
    assert math.sqrt(result.covariance[0, 0]) == pytest.approx(error, abs=1e-5)


@pytest.mark.parametrize("digits", [None, -1, -2])
def test_oracle_three_covariates_against_lifelines(digits, censored_sample):
    time, event, treated = censored_sample(21, digits=digits)
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {"arm": treated * 1.0, "age": rng.normal(54, 10, 200), "log_size": rng.normal(0, 1, 200)}
    )
    fitter = CoxPHFitter().fit(frame.assign(t=time, e=event), "t", "e")
    result = cox(time, event, frame.to_numpy())
    assert result.coefficients == pytest.approx(fitter.params_.to_numpy(), rel=1e-5, abs=1e-7)
    assert result.covariance == pytest.approx(fitter.variance_matrix_.to_numpy(), rel=1e-4, abs=1e-8)
    assert result.log_likelihood == pytest.approx(fitter.log_likelihood_)
    interval = np.exp(fitter.confidence_intervals_.to_numpy()[0])
    assert result.hazard_ratio(0)[1:] == pytest.approx(tuple(interval), rel=1e-5)
    assert result.p_value(2) == pytest.approx(fitter.summary["p"].iloc[2], rel=1e-4)


def test_oracle_strata_against_lifelines(censored_sample):
    time, event, treated = censored_sample(22, digits=-1)
    strata = np.arange(200) % 3
    frame = pd.DataFrame({"t": time, "e": event, "arm": treated * 1.0, "s": strata})
    fitter = CoxPHFitter().fit(frame, "t", "e", strata=["s"])
    result = cox(time, event, treated, strata=strata)
    assert result.coefficients[0] == pytest.approx(fitter.params_.iloc[0], rel=1e-5)


def test_oracle_breslow_against_direct_maximization(censored_sample):
    time, event, treated = censored_sample(23, 80, digits=-2)
    covariates = np.column_stack((treated, np.random.default_rng(3).normal(size=80)))

    def loss(beta):
        score = covariates @ beta
        return -sum(score[i] - math.log(np.exp(score[time >= time[i]]).sum()) for i in np.flatnonzero(event))

    best = minimize(loss, np.zeros(2), tol=1e-10)
    result = cox(time, event, covariates, ties="breslow")
    assert result.coefficients == pytest.approx(best.x, abs=1e-4)
    assert result.log_likelihood == pytest.approx(-best.fun)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(10))
def test_property_two_arm_path_equals_general_path(seed, ties, censored_sample):
    time, event, treated = censored_sample(seed, 150, ratio=0.3 + 0.2 * seed, digits=-1)
    fast, general = cox_two_arm(time, event, treated, ties=ties), cox(time, event, treated, ties=ties)
    assert fast.coefficients == pytest.approx(general.coefficients, rel=1e-7)
    assert fast.covariance == pytest.approx(general.covariance, rel=1e-6)
    assert fast.null_log_likelihood == pytest.approx(general.null_log_likelihood)


def test_property_scale_and_shift_of_a_covariate(censored_sample):
    time, event, _ = censored_sample(31)
    age = np.random.default_rng(1).normal(54, 10, 200)
    years, decades = cox(time, event, age), cox(time, event, 3 + age / 10)
    assert decades.coefficients == pytest.approx(10 * years.coefficients)
    assert decades.log_likelihood == pytest.approx(years.log_likelihood)


def test_property_estimate_covers_the_true_hazard_ratio(censored_sample):
    """200 trials of 200 patients: if an interval covers by 95%, fewer than 179 do with p < 0.001."""
    covered = 0
    for seed in range(200):
        ratio = cox_two_arm(*censored_sample(1000 + seed)).hazard_ratio()
        covered += ratio.lower <= 0.6 <= ratio.upper
    assert 179 <= covered <= 199


@pytest.mark.parametrize("fit", [cox, cox_two_arm])
@pytest.mark.parametrize(
    ("time", "event", "treated"),
    [
        ([1, 2, 3], [0, 0, 0], [0, 1, 0]),
        ([1, 2, 3], [1, 1, 1], [1, 1, 1]),
        ([], [], []),
    ],
)
def test_unit_no_information_is_nan_with_a_reason(fit, time, event, treated):
    result = fit(time, event, treated)
    assert result.outcome is Outcome.NO_INFORMATION
    assert all(math.isnan(value) for value in result.hazard_ratio())


@pytest.mark.parametrize("fit", [cox, cox_two_arm])
@pytest.mark.parametrize(("treated", "ratio"), [([1, 1, 1, 0, 0, 0], 0.0), ([0, 0, 0, 1, 1, 1], math.inf)])
def test_unit_one_arm_without_events_gives_an_unbounded_ratio(fit, treated, ratio):
    result = fit([9, 9, 9, 1, 2, 3], [0, 0, 0, 1, 1, 1], treated)
    assert result.outcome is Outcome.INFINITE
    assert result.hazard_ratio().value == ratio
    assert math.isnan(result.hazard_ratio().upper)


@pytest.mark.parametrize("fit", [cox, cox_two_arm])
def test_unit_all_events_at_one_time(fit):
    """Everyone in both arms has the event at once. Breslow: every risk set is full, so the ratio is 1."""
    result = fit([5, 5, 5, 5], [1, 1, 1, 1], [0, 0, 1, 1], ties="breslow")
    assert result.hazard_ratio().value == pytest.approx(1.0)


def test_unit_nan_in_times_or_covariates_is_refused():
    with pytest.raises(InputError, match="NaN"):
        cox_two_arm([1, np.nan], [1, 1], [0, 1])
    with pytest.raises(InputError, match="finite"):
        cox([1, 2], [1, 1], [0, np.nan])


def test_unit_replicate_trials_cost_about_a_millisecond(censored_sample):
    """Best of 20 fits of 1,000 patients; the bounds are ten times what an idle core of 2024 needs."""
    time, event, treated = censored_sample(1, 1000)
    for fit, bound in ((cox_two_arm, 1e-3), (cox, 7e-3)):
        best = math.inf
        for _ in range(20):
            began = clock.perf_counter()
            fit(time, event, treated)
            best = min(best, clock.perf_counter() - began)
        assert best < bound
