"""Hazard ratios of the same patients in both arms."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from forestall.statistics import twin_hazards
from forestall.statistics.between_members import moments
from forestall.statistics.given_data import first_order_share
from forestall.statistics.twin_hazards import twin_hazard_ratio


def twins(n: int, seed: int, ratio: float = 0.6) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    frailty = random.gamma(2.0, 0.5, n)
    first, second = random.exponential(1 / (ratio * frailty)), random.exponential(1 / frailty)
    end = random.uniform(0.5, 3.0, n)
    return np.minimum(first, end), first < end, np.minimum(second, end), second < end


def test_oracle_against_lifelines_with_clusters() -> None:
    """Distinct times, so that Breslow's and Efron's likelihoods are the same; lifelines gives the Lin-Wei variance of clusters."""
    treated, treated_event, control, control_event = twins(250, 1)
    frame = pd.DataFrame(
        {
            "time": np.concatenate([treated, control + 1e-9]),
            "event": np.concatenate([treated_event, control_event]),
            "arm": np.repeat([1.0, 0.0], 250),
            "patient": np.tile(np.arange(250), 2),
        }
    )
    oracle = CoxPHFitter().fit(frame, "time", "event", cluster_col="patient", robust=True)
    found = twin_hazard_ratio(treated, treated_event, control + 1e-9, control_event)
    assert found.log_ratio == pytest.approx(float(oracle.params_["arm"]), abs=1e-5)
    assert math.sqrt(found.variance) == pytest.approx(float(oracle.standard_errors_["arm"]), rel=0.01)


def at_visits(times: tuple[np.ndarray, ...], every: float) -> tuple[np.ndarray, ...]:
    """The same, with events found at visits."""
    treated, treated_event, control, control_event = times
    return (
        np.where(treated_event, np.ceil(treated / every) * every, treated), treated_event,
        np.where(control_event, np.ceil(control / every) * every, control), control_event,
    )  # fmt: skip


@pytest.mark.parametrize("every", [0.0, 0.4])
def test_oracle_the_variance_is_that_of_repeated_trials(every: float) -> None:
    """600 repetitions of 120 twins: the variance of the estimates is known to 5.8%, so 20% is 3.4 standard errors."""
    drawn = [twins(120, seed) for seed in range(600)]
    found = [twin_hazard_ratio(*(at_visits(one, every) if every else one)) for one in drawn]
    spread = np.var([one.log_ratio for one in found])
    assert np.mean([one.variance for one in found]) == pytest.approx(spread, rel=0.2)


def test_invariant_the_residuals_add_up_to_the_score_which_is_zero_at_the_maximum() -> None:
    """Only if residuals and likelihood treat ties alike."""
    treated, treated_event, control, control_event = at_visits(twins(150, 3), 0.4)
    days, event = np.concatenate([treated, control]), np.concatenate([treated_event, control_event])
    found = twin_hazard_ratio(treated, treated_event, control, control_event)
    arm = np.repeat([1.0, 0.0], 150)
    assert abs(twin_hazards._score_residuals(days, event, arm, found.log_ratio).sum()) < 1e-6
    assert abs(twin_hazards._score_residuals(days, event, arm, found.log_ratio + 0.1).sum()) > 1.0


def test_oracle_visits_do_not_draw_the_ratio_towards_one() -> None:
    """Exponential times with ratio 0.4, four visits in the control arm's median: the standard error of the mean is 0.006."""
    random = np.random.default_rng(6)
    ratios = []
    for _ in range(200):
        treated, control = random.exponential(1 / 0.4, 400), random.exponential(1.0, 400)
        every = math.log(2) / 4
        days = [np.minimum(np.ceil(times / every) * every, 3.0) for times in (treated, control)]
        ratios.append(twin_hazard_ratio(days[0], treated < 3.0, days[1], control < 3.0).log_ratio)
    assert np.mean(ratios) == pytest.approx(math.log(0.4), abs=0.025)


def test_unit_without_events_in_one_arm_there_is_no_ratio() -> None:
    days, none, all_events = np.arange(1.0, 9.0), np.zeros(8, np.bool_), np.ones(8, np.bool_)
    assert math.isnan(twin_hazard_ratio(days, none, days, all_events).log_ratio)


def test_oracle_the_spread_between_members_is_found_through_their_noise() -> None:
    """4,000 members, spread 0.2, noise 0.3: the standard error of the spread is about 0.007."""
    random = np.random.default_rng(2)
    values = 1.5 + 0.2 * random.standard_normal(4000) + 0.3 * random.standard_normal(4000)
    found = moments(values, np.full(4000, 0.09))
    assert found.mean == pytest.approx(1.5, abs=0.02)
    assert found.spread == pytest.approx(0.2, abs=0.025)
    assert found.predictive_sd(0.04) == pytest.approx(math.hypot(0.2, 0.2), abs=0.025)


def test_unit_members_without_an_estimate_are_left_out_and_counted() -> None:
    found = moments([1.0, math.nan, 3.0], [0.1, 0.1, math.nan])
    assert (found.mean, found.members, found.spread) == (1.0, 1, 0.0)
    assert moments([math.nan], [0.1]).members == 0


def test_oracle_first_order_shares_of_the_ishigami_function() -> None:
    """Analytical: 0.3139, 0.4424, 0 (Ishigami T, Homma T. Proc ISUMA 1990, doi:10.1109/ISUMA.1990.151285)."""
    random = np.random.default_rng(3)
    x = random.uniform(-np.pi, np.pi, (20_000, 3))
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    for column, expected in enumerate((0.3139, 0.4424, 0.0)):
        assert first_order_share(x[:, column], y).value == pytest.approx(expected, abs=0.02)


def test_oracle_an_input_without_influence_has_share_zero_in_small_samples() -> None:
    """300 samples of 200: the mean of the unbiased estimate has standard error below 0.004; without the correction it is 0.065."""
    random = np.random.default_rng(4)
    found = [
        first_order_share(random.standard_normal(200), random.standard_normal(200)).value for _ in range(300)
    ]
    assert abs(np.mean(found)) < 0.015


def test_oracle_the_interval_of_a_share_holds_it() -> None:
    """200 samples of 300, true share 0.5: a 90% interval holds it in 83% to 97% of samples with probability 0.99."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        x = random.standard_normal(300)
        share = first_order_share(x, x + random.standard_normal(300))
        held += share.lower <= 0.5 <= share.upper
    assert 0.83 <= held / 200 <= 0.97


def test_unit_classes_and_constants() -> None:
    carrier = np.repeat([0.0, 1.0], 50)
    assert first_order_share(carrier, 3 * carrier).value == pytest.approx(1.0)
    assert math.isnan(first_order_share(carrier, np.ones(100)).value)
