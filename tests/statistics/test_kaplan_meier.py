import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from forestall.errors import InputError
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.observations import checked, without_failures


def test_oracle_freireich_survival_standard_errors_and_medians(freireich):
    """Kaplan-Meier table of the 6-MP arm as printed in textbooks (R: survfit(Surv(t, e) ~ 1))."""
    curve = kaplan_meier(*freireich.mercaptopurine)
    printed = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for time, survival in printed.items():
        assert curve.at(time) == pytest.approx(survival, abs=5e-4)
    assert curve.at(5.99) == 1.0
    assert curve.median.value == 23
    assert kaplan_meier(*freireich.placebo).median.value == 8


@pytest.mark.parametrize("digits", [None, -1, -2])
@pytest.mark.parametrize("seed", range(5))
def test_oracle_curve_band_and_median_against_lifelines(seed, digits, censored_sample):
    time, event, _ = censored_sample(seed, digits=digits)
    curve = kaplan_meier(time, event)
    fitter = KaplanMeierFitter().fit(time, event)
    assert np.array_equal(curve.time_days, fitter.survival_function_.index)
    assert curve.survival == pytest.approx(fitter.survival_function_.iloc[:, 0].to_numpy(), abs=1e-12)
    table = fitter.event_table
    assert np.array_equal(curve.at_risk, table["at_risk"])
    assert np.array_equal(curve.events, table["observed"])
    assert np.array_equal(curve.censored, table["censored"])
    inside = curve.survival > 0
    band = fitter.confidence_interval_.to_numpy()[inside]
    assert np.column_stack((curve.lower, curve.upper))[inside] == pytest.approx(band, abs=1e-9)
    limits = median_survival_times(fitter.confidence_interval_).to_numpy().ravel()
    assert curve.median.value == fitter.median_survival_time_
    assert (curve.median.lower, curve.median.upper) == tuple(limits)


def test_oracle_without_censoring_the_curve_is_the_empirical_survival():
    time = np.random.default_rng(1).exponential(100, 101)
    curve = kaplan_meier(time, np.ones(101))
    assert curve.at(time) == pytest.approx([(time > t).mean() for t in time])
    assert curve.median.value == np.median(time)


def test_property_order_of_patients_does_not_matter(censored_sample):
    time, event, _ = censored_sample(3)
    order = np.random.default_rng(0).permutation(time.size)
    first, second = kaplan_meier(time, event), kaplan_meier(time[order], event[order])
    assert np.array_equal(first.survival, second.survival)
    assert np.array_equal(first.lower, second.lower)


def test_unit_numbers_at_risk_count_those_still_under_observation():
    curve = kaplan_meier([5, 10, 10, 20], [1, 0, 1, 1])
    assert curve.numbers_at_risk([0, 5, 5.1, 10, 15, 20, 21]).tolist() == [4, 4, 3, 3, 1, 1, 0]


def test_unit_no_events_gives_a_median_that_is_not_reached():
    curve = kaplan_meier([5, 10], [0, 0])
    assert curve.survival.tolist() == [1, 1, 1]
    assert curve.median == (math.inf, math.inf, math.inf)
    assert not curve.median.reached


def test_unit_all_events_at_one_time():
    curve = kaplan_meier([7, 7, 7], [1, 1, 1])
    assert curve.survival.tolist() == [1, 0]
    assert curve.lower.tolist() == [1, 0]
    assert curve.median.value == 7


def test_unit_an_empty_arm_is_unknown_not_zero():
    curve = kaplan_meier([], [])
    assert curve.patients == 0
    assert math.isnan(curve.at(1.0))
    assert all(math.isnan(value) for value in curve.median)


def test_unit_survival_after_the_last_censored_patient_is_unknown():
    curve = kaplan_meier([5, 10], [1, 0])
    assert curve.at(10) == 0.5
    assert math.isnan(curve.at(10.1))


def test_unit_nan_is_refused_or_counted_but_never_dropped_in_silence():
    with pytest.raises(InputError, match=r"1 of 3 times are NaN.*without_failures"):
        kaplan_meier([1, np.nan, 3], [1, 0, 1])
    known = without_failures([1, np.nan, 3], [1, 0, 1])
    assert known.time_days.tolist() == [1, 3]
    assert (known.failed, known.events, len(known)) == (1, 2, 2)


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [
        ([-1.0], [1], "negative"),
        ([np.inf], [1], "infinite"),
        ([1.0], [2], "neither"),
        ([1.0, 2.0], [1], "shape"),
    ],
)
def test_unit_impossible_observations_are_named(time, event, words):
    with pytest.raises(InputError, match=words):
        checked(time, event)
