"""Every dosing scenario against differential equations solved to 1e-11, restarted at each event.

Steady states are the limit of many doses: as many as it takes for the first to have decayed by e^-25.
"""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.exposure.events import Event, concentration

RELATIVE_ERROR = 1e-6

MODELS = {
    "iv-1": {"clearance": 1.1, "volume": 20.0},
    "iv-2": {"clearance": 3.0, "volume": 15.0, "exchange": ((4.0, 20.0),)},
    "iv-3": {"clearance": 6.0, "volume": 12.0, "exchange": ((5.0, 15.0), (3.0, 40.0))},
    "oral-1": {"clearance": 1.1, "volume": 20.0, "absorption": 1.5},
    "oral-2": {"clearance": 3.0, "volume": 15.0, "exchange": ((4.0, 20.0),), "absorption": 0.7},
    "oral-3": {
        "clearance": 6.0,
        "volume": 12.0,
        "exchange": ((5.0, 15.0), (3.0, 40.0)),
        "absorption": 0.31,
    },
}

LAG = {"lag": 4.15}
F = {"bioavailability": 0.412}
LAG_AND_F = {**LAG, **F}

BOLUS = {"amount": 100.0}
EVERY_DAY = {"interval": 24.0, "additional": 3}
TEN_HOURS = {"amount": 100.0, "rate": 10.0}
TWELVE_HOURS = {"amount": 100.0, "rate": 100.0 / 12.0}
FIFTY_HOURS = {"amount": 100.0, "rate": 2.0}
SS = {"steady_state": 1, "interval": 24.0}

SCENARIOS = {
    "bolus": ({}, [Event(0, **BOLUS)]),
    "bolus with ADDL": ({}, [Event(0, **BOLUS, **EVERY_DAY)]),
    "bolus with lag": (LAG, [Event(0, **BOLUS)]),
    "bolus with F": (F, [Event(0, **BOLUS)]),
    "bolus with ADDL, lag and F": (LAG_AND_F, [Event(0, **BOLUS, **EVERY_DAY)]),
    "infusion": ({}, [Event(0, **TEN_HOURS)]),
    "infusion with F": (F, [Event(0, 480.0, rate=10.0)]),
    "infusion with ADDL": ({}, [Event(0, **TEN_HOURS, **EVERY_DAY)]),
    "infusion with ADDL and lag": (LAG, [Event(0, **TEN_HOURS, **EVERY_DAY)]),
    "infusion with ADDL, lag and F": (LAG_AND_F, [Event(0, **TEN_HOURS, **EVERY_DAY)]),
    "infusions that overlap": ({}, [Event(0, **FIFTY_HOURS, interval=12.0, additional=4)]),
    "infusion by its duration, with lag and F": (
        {**LAG_AND_F, "duration": 9.0},
        [Event(0, 100.0, rate=-2, **EVERY_DAY)],
    ),
    "SS bolus": ({}, [Event(0, **BOLUS, **SS)]),
    "SS bolus with lag": (LAG, [Event(0, **BOLUS, **SS)]),
    "SS bolus with ADDL, lag and F": (LAG_AND_F, [Event(0, **BOLUS, **SS, additional=3)]),
    "SS infusion with lag and F": (LAG_AND_F, [Event(0, **TEN_HOURS, **SS, additional=3)]),
    "SS infusion with F": (F, [Event(0, **FIFTY_HOURS, **SS, additional=4)]),
    "SS infusion, II longer than the infusion": ({}, [Event(0, **TWELVE_HOURS, **SS, additional=2)]),
    "SS infusion, II equal to the infusion": (
        {},
        [Event(0, **TEN_HOURS, steady_state=1, interval=10.0, additional=8)],
    ),
    "SS infusion, II shorter than the infusion": (
        {},
        [Event(0, **TWELVE_HOURS, steady_state=1, interval=7.0, additional=12)],
    ),
    "SS infusion, II shorter than the infusion, with lag and F": (
        LAG_AND_F,
        [Event(0, **FIFTY_HOURS, steady_state=1, interval=12.0, additional=3)],
    ),
    "SS infusion that the lag carries past the record": (
        {"lag": 11.0},
        [Event(0, **TEN_HOURS, steady_state=1, interval=16.0, additional=1)],
    ),
    "bolus then infusion": (
        {},
        [Event(0, **BOLUS), Event(13, 50.0, rate=24.0, interval=24.0, additional=2)],
    ),
    "EVID 3 during an infusion": ({}, [Event(0, **FIFTY_HOURS), Event(20, evid=3), Event(30, **BOLUS)]),
    "EVID 3 before additional doses": ({}, [Event(0, **BOLUS, **EVERY_DAY), Event(30, evid=3)]),
    "EVID 3 while a dose waits for its lag": (
        {"lag": 10.0},
        [Event(0, **BOLUS, **EVERY_DAY), Event(30, evid=3), Event(54, 120.0, interval=16.0, additional=2)],
    ),
    "EVID 4 with ADDL": (
        {},
        [Event(0, **TEN_HOURS, **EVERY_DAY), Event(50, 120.0, evid=4, interval=12.0, additional=3)],
    ),
    "EVID 4 with lag": (LAG, [Event(0, **BOLUS, **EVERY_DAY), Event(50, 120.0, evid=4)]),
    "EVID 4 infusion during an infusion": (
        {},
        [Event(0, **FIFTY_HOURS), Event(20, 200.0, evid=4, rate=20.0)],
    ),
    "EVID 4 with SS": ({}, [Event(0, **BOLUS), Event(5, 60.0, evid=4, **SS)]),
    "EVID 4 with SS, ADDL and lag": (
        {"lag": 10.0},
        [Event(0, **BOLUS, **SS), Event(5, 60.0, evid=4, interval=12.0, steady_state=1, additional=2)],
    ),
    "EVID 4 with SS, lag, three at one time": (
        {"lag": 5.0},
        [Event(0, dose, evid=4, interval=12.0, steady_state=1) for dose in (100.0, 200.0, 300.0)],
    ),
    "SS 1 and 2": (
        {},
        [Event(0, **BOLUS, **SS, additional=3), Event(12, 50.0, steady_state=2, interval=24.0, additional=3)],
    ),
    "SS 2 with lag onto a running infusion": (
        LAG,
        [Event(0, **FIFTY_HOURS), Event(20, 50.0, steady_state=2, interval=24.0, additional=1)],
    ),
    "SS 1 cancels additional doses": (
        {},
        [Event(0, **BOLUS, **EVERY_DAY), Event(30, 50.0, steady_state=1, interval=12.0)],
    ),
    "constant-rate SS": (LAG_AND_F, [Event(0, rate=100.0, steady_state=1)]),
    "constant-rate SS 2 onto a bolus": ({}, [Event(0, **BOLUS), Event(10, rate=5.0, steady_state=2)]),
}

TIMES = np.unique(np.concatenate([np.arange(0.37, 120.0, 5.3), [0.0, 5.0, 24.0, 30.0, 50.0]]))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_oracle_scenario_agrees_with_differential_equations(scenario, model, make_patient, ode_concentration):
    settings, events = SCENARIOS[scenario]
    patient = make_patient(**MODELS[model], **settings)

    computed = concentration(patient.model(), events, TIMES)[0]

    expected = ode_concentration(patient, events, TIMES)
    assert expected.max() > 0.01
    np.testing.assert_allclose(computed, expected, rtol=RELATIVE_ERROR, atol=1e-12)


@pytest.mark.parametrize("model", [name for name in MODELS if name.startswith("oral")])
def test_oracle_oral_doses_then_a_central_infusion(model, make_patient, ode_concentration):
    patient = make_patient(**MODELS[model], **LAG_AND_F)
    events = [
        Event(0, **BOLUS, **EVERY_DAY),
        Event(13, 50.0, rate=24.0, interval=24.0, additional=2, compartment=2),
        Event(60, 30.0, compartment=2, steady_state=2, interval=18.0),
    ]

    computed = concentration(patient.model(), events, TIMES)[0]

    np.testing.assert_allclose(
        computed, ode_concentration(patient, events, TIMES), rtol=RELATIVE_ERROR, atol=1e-12
    )


@pytest.mark.parametrize("relative_gap", [0.0, 1e-9, 1e-6, 1.9e-5, 2.1e-5, 1e-4, -1e-6])
@pytest.mark.parametrize("model", ["oral-1", "oral-2", "oral-3"])
def test_oracle_absorption_close_to_a_disposition_rate(model, relative_gap, make_patient, ode_concentration):
    settings = MODELS[model]
    rates = np.sort(-np.linalg.eigvals(make_patient(**{**settings, "absorption": None}).matrix()))
    events = [Event(0, **BOLUS, **EVERY_DAY), Event(80, **TEN_HOURS, **SS)]
    for rate in rates:
        patient = make_patient(**{**settings, "absorption": rate * (1 + relative_gap)})

        computed = concentration(patient.model(), events, TIMES)[0]
        expected = ode_concentration(patient, events, TIMES)

        rounding = 1e-10 * expected.max()
        np.testing.assert_allclose(computed, expected, rtol=RELATIVE_ERROR, atol=rounding)
