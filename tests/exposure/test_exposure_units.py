"""Formulas that can be checked by hand: half-lives, averages, occupancy, variability, and errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from forestall.biology.exposure.disposition import Disposition, absorbed_terms, bolus_terms, disposition_rates
from forestall.biology.exposure.events import Event, concentration, exposure_model
from forestall.biology.exposure.occupancy import free_concentration, hill_effect
from forestall.biology.exposure.steady_state import (
    average_concentration,
    peak_concentration,
    terminal_half_life,
    trough_concentration,
)
from forestall.biology.exposure.variability import (
    Kinetics,
    lognormal_sigma,
    patient_disposition,
    patient_model,
    patient_terms,
    superposition_terms,
    typical_terms,
)
from forestall.errors import InputError

TWO_COMPARTMENTS = Kinetics(0.235, 3.11, ((0.534, 2.46),), cv_clearance=0.34, cv_volume=0.18)


def test_oracle_one_compartment_half_life_average_and_trough():
    terms = bolus_terms(Disposition.of(2.0, 10.0))
    k, interval = 0.2, 5.0
    assert terminal_half_life(terms)[0] == pytest.approx(math.log(2) / k)
    assert average_concentration(terms, 100.0, interval)[0] == pytest.approx(100.0 / (2.0 * interval))
    trough = 10.0 * math.exp(-k * interval) / (1 - math.exp(-k * interval))
    assert trough_concentration(terms, 100.0, interval)[0] == pytest.approx(trough)
    assert peak_concentration(terms, 100.0, interval)[0] == pytest.approx(trough + 10.0)


def test_oracle_bateman_function():
    terms = absorbed_terms(Disposition.of(2.0, 10.0), 1.5)
    times = np.array([0.1, 1.0, 4.0])
    bateman = 1.5 / (10.0 * (1.5 - 0.2)) * (np.exp(-0.2 * times) - np.exp(-1.5 * times))
    computed = (terms.coefficient[0] * np.exp(-np.outer(times, terms.rate[0]))).sum(axis=1)
    np.testing.assert_allclose(computed, bateman, rtol=1e-12)


def test_oracle_two_compartment_rates_solve_the_quadratic():
    k10, k12, k21 = 0.2, 0.3, 0.15
    rates = disposition_rates(Disposition.of(2.0, 10.0, [(3.0, 20.0)]))[0]
    assert rates.sum() == pytest.approx(k10 + k12 + k21)
    assert rates.prod() == pytest.approx(k10 * k21)


@pytest.mark.parametrize("absorption", [None, 0.05, 3.0])
def test_oracle_area_under_the_curve_is_dose_over_clearance(absorption):
    disposition = Disposition.of(2.5, 10.0, [(3.0, 20.0), (0.5, 60.0)])
    terms = bolus_terms(disposition) if absorption is None else absorbed_terms(disposition, absorption)
    assert (terms.coefficient / terms.rate).sum() == pytest.approx(1 / 2.5, rel=1e-12)


@pytest.mark.parametrize(("absorption", "interval"), [(2.0, 1.0), (30.0, 0.5), (0.04, 28.0), (0.2, 1.0)])
def test_oracle_oral_peak_agrees_with_a_scalar_optimizer(absorption, interval):
    disposition = Disposition.of(2.0, 10.0, [(3.0, 20.0)])
    model = exposure_model(disposition, absorption)
    history = [Event(0.0, 100.0, steady_state=1, interval=interval)]
    best = minimize_scalar(
        lambda time: -concentration(model, history, time)[0, 0],
        bounds=(0.0, interval),
        method="bounded",
        options={"xatol": 1e-10},
    )
    peak = peak_concentration(absorbed_terms(disposition, absorption), 100.0, interval)[0]
    assert peak == pytest.approx(-best.fun, rel=1e-8)


def test_oracle_infused_peak_and_trough_are_those_of_the_events():
    model = patient_model(TWO_COMPARTMENTS, 70.0, 0.0, 0.0)
    duration = 1.0 / 24.0
    history = [Event(0.0, 420.0, rate=420.0 / duration, steady_state=1, interval=21.0)]
    trough, peak = concentration(model, history, [0.0, duration])[0]
    terms = typical_terms(TWO_COMPARTMENTS)
    assert trough_concentration(terms, 420.0, 21.0, duration)[0] == pytest.approx(trough, rel=1e-12)
    assert peak_concentration(terms, 420.0, 21.0, duration)[0] == pytest.approx(peak, rel=1e-12)


def test_unit_free_concentration_of_one_milligram_per_liter():
    assert free_concentration(1.0, 0.1, 500.0) == pytest.approx(200.0)


def test_unit_hill_effect_at_nothing_half_and_plenty():
    effect = hill_effect([0.0, -1e-18, 5.0, 1e300], 5.0, [[1.0], [4.0]], 0.8)
    np.testing.assert_allclose(effect, [[0.0, 0.0, 0.4, 0.8], [0.0, 0.0, 0.4, 0.8]], rtol=1e-12)


def test_oracle_hill_effect_is_its_formula():
    concentration_nm, potency, h = np.array([0.3, 2.0, 40.0]), 1.7, 1.9
    expected = 0.9 * concentration_nm**h / (concentration_nm**h + potency**h)
    np.testing.assert_allclose(hill_effect(concentration_nm, potency, h, 0.9), expected, rtol=1e-12)


def test_oracle_lognormal_variability_has_the_median_and_the_cv():
    """n = 200,000: the standard errors are below 0.002, so 0.01 is 5 of them (false alarm 6e-7)."""
    z = np.random.default_rng(7).standard_normal((2, 200_000))
    patients = patient_disposition(TWO_COMPARTMENTS, np.full(200_000, 70.0), z[0], z[1])
    assert np.median(patients.clearance) == pytest.approx(0.235, rel=0.01)
    assert patients.clearance.std() / patients.clearance.mean() == pytest.approx(0.34, abs=0.01)
    assert patients.central_volume.std() / patients.central_volume.mean() == pytest.approx(0.18, abs=0.01)


def test_unit_lognormal_sigma_of_small_and_large_variation():
    np.testing.assert_allclose(lognormal_sigma([0.0, 1.0]), [0.0, math.sqrt(math.log(2.0))])


def test_unit_weight_acts_by_its_exponents():
    kinetics = Kinetics(10.0, 50.0, weight_on_clearance=0.75, weight_on_volume=1.0, reference_weight=70.0)
    patients = patient_disposition(kinetics, [70.0, 140.0], 0.0, 0.0)
    np.testing.assert_allclose(patients.clearance, [10.0, 10.0 * 2**0.75])
    np.testing.assert_allclose(patients.central_volume, [50.0, 100.0])


def test_unit_bioavailability_is_in_the_kernel_terms_and_lag_is_not():
    kinetics = Kinetics(10.0, 50.0, absorption_rate=3.0, bioavailability=0.4, lag=0.1)
    _, coefficient = superposition_terms(kinetics)
    _, complete = superposition_terms(Kinetics(10.0, 50.0, absorption_rate=3.0))
    np.testing.assert_allclose(coefficient, 0.4 * complete)
    inlet = patient_model(kinetics, 70.0, 0.0, 0.0)[1]
    assert (inlet.lag, inlet.bioavailability) == (0.1, 0.4)


def test_unit_kernel_terms_are_padded_with_harmless_terms():
    rate, coefficient = superposition_terms(Kinetics(10.0, 50.0))
    np.testing.assert_array_equal(rate, [[0.2, 1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(coefficient, [[0.02, 0.0, 0.0, 0.0]])


def test_unit_patients_are_rows():
    terms = patient_terms(TWO_COMPARTMENTS, np.full(5, 60.0), np.zeros(5), np.linspace(-1, 1, 5))
    assert terms.rate.shape == (5, 2)
    assert len(np.unique(terms.rate[:, 0])) == 5


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ({"amount": -1.0}, "AMT"),
        ({"amount": math.nan}, "AMT"),
        ({"amount": 1.0, "rate": -3.0}, "RATE"),
        ({"amount": 1.0, "rate": math.inf}, "RATE"),
        ({"rate": 5.0}, "AMT"),
        ({"amount": 1.0, "additional": 2}, "II"),
        ({"amount": 1.0, "additional": -1}, "ADDL"),
        ({"amount": 1.0, "steady_state": 1}, "II"),
        ({"amount": 1.0, "steady_state": 4}, "SS"),
        ({"amount": 1.0, "interval": -2.0}, "II"),
        ({"amount": 1.0, "evid": 7}, "EVID"),
        ({"amount": 1.0, "evid": 3}, "AMT"),
        ({"evid": 0, "additional": 1}, "ADDL"),
        ({"evid": 2, "steady_state": 1}, "SS"),
        ({"rate": 5.0, "steady_state": 1, "interval": 3.0}, "II"),
        ({"rate": 5.0, "steady_state": 1, "additional": 3}, "ADDL"),
        ({"time": math.nan, "amount": 1.0}, "TIME"),
    ],
)
def test_unit_impossible_records_are_refused_by_item(items, named):
    with pytest.raises(InputError) as refused:
        Event(**{"time": 0.0, **items})
    assert refused.value.field == named


@pytest.mark.parametrize(
    ("history", "named"),
    [
        ([Event(5.0, 1.0), Event(4.0, 1.0)], "record 2: TIME"),
        ([Event(0.0, 1.0, compartment=2)], "record 1: CMT"),
        ([Event(0.0, 1.0), Event(0.0, 1.0, rate=-2)], "record 2: RATE"),
        ([Event(0.0, 1.0, steady_state=1, interval=0.2)], "record 1: II"),
    ],
)
def test_unit_records_that_do_not_fit_the_model_are_named(history, named):
    model = exposure_model(Disposition.of(1.0, 10.0), lag=0.5)
    with pytest.raises(InputError) as refused:
        concentration(model, history, [1.0])
    assert refused.value.field == named


@pytest.mark.parametrize(
    "make",
    [
        lambda: Disposition.of(0.0, 10.0),
        lambda: Disposition.of(1.0, [10.0, -1.0]),
        lambda: Disposition.of(1.0, 10.0, [(math.nan, 5.0)]),
        lambda: Disposition.of(1.0, 10.0, [(1.0, 5.0)] * 3),
        lambda: absorbed_terms(Disposition.of(1.0, 10.0), 0.0),
        lambda: exposure_model(Disposition.of(1.0, 10.0), lag=-1.0),
        lambda: exposure_model(Disposition.of(1.0, 10.0), bioavailability=math.nan),
        lambda: exposure_model(Disposition.of(1.0, 10.0), duration=0.0),
    ],
)
def test_unit_impossible_kinetics_are_refused(make):
    with pytest.raises(InputError):
        make()
