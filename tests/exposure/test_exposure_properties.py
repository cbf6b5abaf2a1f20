"""Laws that hold for every linear model and every dosing history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.biology.exposure.disposition import Disposition, absorbed_terms, bolus_terms
from forestall.biology.exposure.events import Event, concentration, exposure_model
from forestall.biology.exposure.variability import superposition_terms

TIMES = np.linspace(0.0, 40.0, 41)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def models(draw):
    exchange = draw(st.lists(st.tuples(numbers(0.05, 50.0), numbers(1.0, 500.0)), max_size=2))
    disposition = Disposition.of(draw(numbers(0.1, 500.0)), draw(numbers(1.0, 500.0)), exchange)
    absorption = draw(st.none() | numbers(0.05, 50.0))
    return exposure_model(
        disposition, absorption, bioavailability=draw(numbers(0.1, 1.0)), lag=draw(numbers(0.0, 0.5))
    )


@st.composite
def events(draw):
    """A history without resets, in the order of time."""
    history = []
    for time in sorted(draw(st.lists(numbers(0.0, 20.0), min_size=1, max_size=4))):
        rate = draw(st.just(0.0) | numbers(1.0, 100.0))
        steady_state = draw(st.sampled_from([0, 0, 2]))
        additional = draw(st.integers(0, 5))
        history.append(
            Event(
                time,
                draw(numbers(1.0, 1000.0)),
                rate=rate,
                steady_state=steady_state,
                additional=additional,
                interval=draw(numbers(0.5, 10.0)),
            )
        )
    return history


def scaled(event: Event, factor: float) -> Event:
    return Event(**{**vars(event), "amount": event.amount * factor, "rate": event.rate * factor})


@given(models(), events(), numbers(0.01, 100.0))
@settings(max_examples=60, deadline=None)
def test_property_concentration_is_proportional_to_dose(model, history, factor):
    once = concentration(model, history, TIMES)
    scaled_history = [scaled(event, factor) for event in history]
    np.testing.assert_allclose(
        concentration(model, scaled_history, TIMES), factor * once, rtol=1e-9, atol=1e-12 * factor
    )


@given(models(), events())
@settings(max_examples=60, deadline=None)
def test_property_histories_superpose(model, history):
    apart = sum(concentration(model, [event], TIMES) for event in history)
    together = concentration(model, history, TIMES)
    np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-12)


@given(models(), events(), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_property_asking_in_two_calls_gives_the_same(model, history, cut):
    at_once = concentration(model, history, TIMES)
    first, second = (concentration(model, history, part) for part in (TIMES[:cut], TIMES[cut:]))
    assert np.array_equal(np.hstack([first, second]), at_once)


@given(models(), events())
@settings(max_examples=40, deadline=None)
def test_property_the_order_of_times_does_not_matter(model, history):
    forwards = concentration(model, history, TIMES)
    assert np.array_equal(concentration(model, history, TIMES[::-1]), forwards[:, ::-1])


@given(models(), events())
@settings(max_examples=40, deadline=None)
def test_property_zero_doses_give_exactly_zero(model, history):
    nothing = [scaled(event, 0.0) for event in history]
    assert not concentration(model, nothing, TIMES).any()


@given(models(), events())
@settings(max_examples=40, deadline=None)
def test_property_a_zero_dose_more_changes_no_bit(model, history):
    more = [*history, Event(30.0, 0.0, additional=3, interval=1.0)]
    assert np.array_equal(concentration(model, more, TIMES), concentration(model, history, TIMES))


@given(models(), events())
@settings(max_examples=40, deadline=None)
def test_property_concentrations_are_not_negative(model, history):
    computed = concentration(model, history, TIMES)
    assert computed.min() >= -1e-9 * computed.max()


@given(models(), numbers(1.0, 1000.0), numbers(0.2, 10.0), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_property_additional_doses_are_doses(model, amount, interval, additional):
    train = [Event(0.0, amount, interval=interval, additional=additional)]
    single = [Event(k * interval, amount) for k in range(additional + 1)]
    off_grid = TIMES + 0.0137
    np.testing.assert_allclose(
        concentration(model, train, off_grid), concentration(model, single, off_grid), rtol=1e-9, atol=1e-12
    )


@given(models(), numbers(1.0, 1000.0), numbers(0.5, 10.0))
@settings(max_examples=60, deadline=None)
def test_property_a_steady_state_repeats_itself(model, amount, interval):
    history = [Event(0.0, amount, steady_state=1, interval=interval, additional=10)]
    within = np.linspace(0.01, 0.99, 7) * interval
    first, later = (concentration(model, history, within + k * interval) for k in (0, 7))
    np.testing.assert_allclose(later, first, rtol=1e-8)


def test_property_a_patient_does_not_depend_on_the_others():
    clearance, volume = np.array([3.0, 8.0, 20.0]), np.array([10.0, 30.0, 25.0])
    history = [Event(0.0, 100.0, interval=1.0, additional=4)]
    together = concentration(
        exposure_model(Disposition.of(clearance, volume, [(4.0, 20.0)]), 6.0), history, TIMES
    )
    for i in range(3):
        alone = exposure_model(Disposition.of(clearance[i], volume[i], [(4.0, 20.0)]), 6.0)
        assert np.array_equal(concentration(alone, history, TIMES)[0], together[i])


@pytest.mark.parametrize("absorption", [None, 2.0, 0.3])
def test_property_kernel_form_gives_the_same_concentration(absorption):
    """What the course does from day to day: decay, add doses, integrate infusions, sum."""
    disposition = Disposition.of([5.0, 9.0], [12.0, 15.0], [(6.0, 20.0), (1.0, 80.0)])
    terms = bolus_terms(disposition) if absorption is None else absorbed_terms(disposition, absorption)
    rate, coefficient = superposition_terms(terms)
    assert rate.shape == coefficient.shape == (2, 4)

    state = np.zeros((2, 4))
    seen = []
    for day in range(12):
        state += coefficient * 100.0 * (day % 3 == 0)
        seen.append(state.sum(axis=1))
        infusion_rate = 40.0 * (day in (4, 5))
        decay = np.exp(-rate)
        state = state * decay + coefficient * infusion_rate * (1.0 - decay) / rate

    history = [Event(0.0, 100.0, interval=3.0, additional=3), Event(4.0, 80.0, rate=40.0)]
    model = exposure_model(disposition, absorption)
    np.testing.assert_allclose(
        np.array(seen).T, concentration(model, history, np.arange(12.0)), rtol=1e-9, atol=1e-12
    )
