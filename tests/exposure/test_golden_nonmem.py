"""The 29 dosing scenarios in which the authors of mrgsolve compare it with NONMEM (ADVAN2 TRANS2).

Expected: NONMEM's output in https://github.com/mrgsolve/nmtests, commit 39524b62,
`dosing/results/1001-nm.csv` (5 significant digits), at eight of its 131 times. CL 1.1 L/h, V 20 L,
KA 1.5 1/h, concentrations per m3. Lag, F and duration belong to compartment 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from forestall.biology.exposure.disposition import Disposition, absorbed_terms, bolus_terms
from forestall.biology.exposure.events import Event, Inlet, concentration

TIMES = np.array([0.0, 5.0, 13.0, 25.0, 55.0, 63.0, 76.0, 110.0])
FIVE_DIGITS = 6e-5
DAILY = {"interval": 24.0, "additional": 3}


@dataclass(frozen=True)
class Scenario:
    name: str
    events: list[Event]
    expected: list[float]
    settings: dict[str, float] = field(default_factory=dict)


def central(amount: float, time: float = 0.0, **items: float) -> Event:
    return Event(time, amount, compartment=2, **items)


SCENARIOS = [
    Scenario(
        "1 bolus with ADDL",
        [Event(0, 100.0, **DAILY)],
        [0, 3939.5, 2539.1, 5066.8, 4727.1, 3044.5, 5641.8, 871.52],
    ),
    Scenario(
        "2 bolus with lag and F",
        [central(100.0, **DAILY)],
        [0, 0, 10629, 5493.6, 5004.6, 12745, 6234.7, 3648.4],
        {"lag": 12.13, "bioavailability": 2.23},
    ),
    Scenario(
        "3 infusion with ADDL",
        [central(100.0, rate=10.0, **DAILY)],
        [0, 2185.7, 3260.9, 2171.9, 4440.4, 3910.1, 3708.1, 1119.3],
    ),
    Scenario(
        "4 infusion with F",
        [central(480.0, rate=10.0)],
        [0, 2185.7, 4643.7, 6305.9, 1211, 779.95, 381.55, 58.806],
        {"bioavailability": 0.5},
    ),
    Scenario(
        "5 infusion with F and duration",
        [central(480.0, rate=-2)],
        [0, 1092.9, 2321.9, 3396.2, 2872.2, 1849.8, 904.92, 139.47],
        {"bioavailability": 0.5, "duration": 48.0},
    ),
    Scenario(
        "6 infusion into the depot with ADDL",
        [Event(0, 100.0, rate=100.0 / 12, **DAILY)],
        [0, 1602.6, 3531.9, 2055.5, 3917.9, 4308.9, 3374.8, 1234.4],
    ),
    Scenario(
        "7 infusion with ADDL and lag",
        [central(100.0, rate=10.0, **DAILY)],
        [0, 415.22, 3503.4, 2117.6, 3248, 4912.6, 2403.2, 1406.3],
        {"lag": 4.15},
    ),
    Scenario(
        "8 infusion with lag and F",
        [central(100.0, rate=10.0, **DAILY)],
        [0, 834.21, 1352.4, 699, 2331, 1621.6, 1160.7, 464.21],
        {"lag": 3.25, "bioavailability": 0.412},
    ),
    Scenario(
        "9 SS infusion with lag and F",
        [central(100.0, rate=10.0, steady_state=1, **DAILY)],
        [1002.7, 1636.6, 1836.3, 949.08, 2413.1, 1645, 1215.2, 464.28],
        {"lag": 3.16, "bioavailability": 0.412},
    ),
    Scenario(
        "10 SS infusion with F",
        [central(100.0, rate=2.0, steady_state=1, interval=12.0, additional=4)],
        [6014.5, 6277.4, 6081.8, 6081.8, 6191.7, 5929.3, 4839.9, 1035.5],
        {"bioavailability": 0.812},
    ),
    Scenario(
        "11 SS infusion",
        [central(100.0, rate=2.0, steady_state=1, interval=12.0, additional=3)],
        [7498.9, 7605.1, 7584.1, 7584.1, 6989.5, 6345.8, 4772.4, 941.02],
    ),
    Scenario(
        "12 SS infusion, II shorter than the infusion",
        [central(100.0, rate=8.3333, steady_state=1, interval=6.0, additional=12)],
        [15152, 15152, 15152, 15152, 15152, 15152, 15152, 3116.3],
    ),
    Scenario(
        "13 SS infusion, II equal to the infusion, with F",
        [central(100.0, rate=4.12, steady_state=1, interval=10.0, additional=8)],
        [3745.5, 3745.5, 3745.5, 3745.5, 3745.5, 3745.5, 3745.5, 1246.8],
        {"bioavailability": 0.412},
    ),
    Scenario(
        "14 SS infusion, II equal to the infusion",
        [central(100.0, rate=10.0, steady_state=1, interval=10.0, additional=8)],
        [9090.9, 9090.9, 9090.9, 9090.9, 9090.9, 9090.9, 9090.9, 3026.1],
    ),
    Scenario(
        "15 SS bolus with lag and F",
        [central(100.0, steady_state=1, **DAILY)],
        [935.66, 2660.5, 1713.4, 885.59, 2383.3, 1535, 2810.9, 433.22],
        {"lag": 4.0, "bioavailability": 0.412},
    ),
    Scenario(
        "16 bolus with lag and F",
        [central(100.0, **DAILY)],
        [0, 2060, 1326.7, 685.71, 2470.1, 1590.8, 778.22, 455.39],
        {"lag": 5.0, "bioavailability": 0.412},
    ),
    Scenario(
        "17 bolus then infusion into the depot",
        [central(100.0), Event(13, 50.0, rate=24.0, interval=24.0, additional=2)],
        [0, 4012.6, 2584.3, 2756.9, 1551.2, 2569.1, 1693.7, 261.04],
        {"lag": 1.0},
    ),
    Scenario(
        "18 infusion with duration, lag and F",
        [central(100.0, rate=-2, **DAILY)],
        [0, 0, 2193.3, 1313.7, 1838.6, 3047.7, 1490.9, 872.42],
        {"lag": 5.0, "bioavailability": 0.61, "duration": 9.0},
    ),
    Scenario(
        "19 SS infusion with duration and F",
        [central(100.0, rate=-2, steady_state=1, **DAILY)],
        [1438.5, 2574.1, 2634.3, 1691.3, 2947.8, 2359.9, 2371.3, 666.06],
        {"bioavailability": 0.61, "duration": 9.0},
    ),
    Scenario(
        "20 EVID 4 with ADDL",
        [
            Event(0, 100.0, rate=50.0, interval=12.0, additional=2),
            Event(50, 120.0, evid=4, interval=12.0, additional=3),
        ],
        [0, 4149.2, 3865, 5252.2, 4727.5, 7552.2, 9643.8, 3198],
    ),
    Scenario(
        "21 EVID 4 with SS",
        [Event(0, 100.0, evid=4, steady_state=1, interval=12.0)],
        [5552.4, 8157, 5255.2, 2716.2, 521.64, 335.96, 164.35, 25.33],
    ),
    Scenario(
        "22 EVID 4 with SS and ADDL",
        [Event(0, 100.0, evid=4, steady_state=1, interval=12.0, additional=2)],
        [5552.4, 8157, 9009.7, 9009.7, 1952.7, 1257.6, 615.22, 94.82],
    ),
    Scenario(
        "23 EVID 4 with SS and lag",
        [central(100.0, evid=4, steady_state=1, interval=12.0)],
        [9270.8, 7041.8, 8774.7, 4535.2, 870.98, 560.95, 274.41, 42.293],
        {"lag": 10.0},
    ),
    Scenario(
        "24 EVID 4 with SS, ADDL and lag",
        [central(100.0, evid=4, steady_state=1, interval=12.0, additional=2)],
        [9270.8, 7041.8, 8774.7, 8774.7, 3260.5, 2099.9, 1027.2, 158.32],
        {"lag": 10.0},
    ),
    Scenario(
        "25 EVID 4 with SS and lag, three at one time",
        [central(dose, evid=4, steady_state=1, interval=12.0) for dose in (100.0, 200.0, 300.0)],
        [21126, 31046, 19995, 10334, 1984.7, 1278.2, 625.3, 96.374],
        {"lag": 5.0},
    ),
    Scenario(
        "26 EVID 3 with ADDL",
        [
            Event(0, 100.0, rate=50.0, interval=12.0, additional=3),
            Event(50, evid=3),
            Event(54, 120.0, interval=16.0, additional=2),
        ],
        [0, 4149.2, 3865, 5252.2, 4505.3, 3796.6, 6334.2, 2640.2],
    ),
    Scenario(
        "27 EVID 3 with ADDL and lag",
        [
            Event(0, 100.0, rate=50.0, interval=12.0, additional=3),
            Event(50, evid=3),
            Event(54, 120.0, interval=16.0, additional=2),
        ],
        [0, 4149.2, 3865, 5252.2, 4505.3, 3796.6, 6334.2, 2640.2],
        {"lag": 10.0},
    ),
    Scenario(
        "28 SS 1 and 2",
        [
            Event(0, 100.0, steady_state=1, **DAILY),
            Event(12, 50.0, steady_state=2, **DAILY),
        ],
        [1891.9, 5376.6, 6237.1, 7277.4, 6064.3, 6077.3, 7139.5, 1723.4],
    ),
    Scenario(
        "29 constant-rate SS",
        [Event(0, rate=100.0, steady_state=1)],
        [90909, 71678, 46165, 23860, 4582.4, 2951.2, 1443.7, 222.51],
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_golden_scenario_agrees_with_nonmem(scenario):
    disposition = Disposition.of(1.1, 20.0)
    model = {
        1: Inlet(absorbed_terms(disposition, 1.5)),
        2: Inlet(bolus_terms(disposition), **scenario.settings),
    }

    computed = 1000.0 * concentration(model, scenario.events, TIMES)[0]

    np.testing.assert_allclose(computed, scenario.expected, rtol=FIVE_DIGITS, atol=1e-9)
