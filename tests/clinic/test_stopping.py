"""Chemotherapy that is stopped before progression."""

from __future__ import annotations

import numpy as np
import pytest

import forestall as fs
from forestall.biology.setup import CohortArrays
from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.follow import Followed, Watch, follow_cohort
from forestall.clinic.population import Population, draw_population
from forestall.clinic.stopping import NEVER, is_stopped, remaining, stop_days
from forestall.clinic.trace import doses_given
from forestall.knowledge.parameter_sets import LITERATURE, using
from forestall.knowledge.regimens import parse_regimen

VISITS = tuple(range(0, 379, 42))
WATCH = Watch(VISITS, 379, seed=4, dropout_per_day=0.0, handover_cells=0.0, measurement_error=0.0)


def arm(text: str) -> Arm:
    return compile_arm("one", parse_regimen(text), parse_regimen("no treatment"), VISITS, 379)


def people(count: int) -> Population:
    return draw_population(fs.Trial.load("cleopatra").spec.population, np.arange(count), 4)


def course(text: str, population: Population, cohort: CohortArrays, stop: int) -> Followed:
    """The clones are those of the cohort, whatever regimen decided which alterations are followed."""
    stops = cohort._replace(stop=np.full(len(population), stop, np.int64))
    return follow_cohort(population, arm(text), 0, WATCH, stops, trace=True)


@pytest.mark.parametrize(
    ("regimen", "days"),
    [
        ("bevacizumab 10 mg/kg q2w + docetaxel 100 mg/m2 q3w{}", 21),
        ("docetaxel 75 mg/m2 q3w{} + capecitabine 1250 mg/m2 bid d1-14 q3w", 21),
        ("trastuzumab 2 mg/kg q1w (load 4 mg/kg) + paclitaxel 80 mg/m2 q1w{}", 7),
        ("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w{}", 21),
        ("paclitaxel 90 mg/m2 d1,8,15 q4w{}", 28),
    ],
)
def test_oracle_a_stopped_drug_is_one_with_fewer_cycles(regimen: str, days: int) -> None:
    """Stopped on any dose: early, while periods are extrapolated, and after they were found to repeat.

    Fewer than a thousand cells depend on where stretches of days end, and so may a sum of diameters that just reaches progression.
    """
    population, blank = people(4), np.full(4, np.inf)
    cohort = cohort_arrays(population, arm(regimen.format("")), blank, blank)
    for cycles in (1, 5, 11):
        stopped = course(regimen.format(""), population, cohort, cycles * days)
        planned = course(regimen.format(f" x{cycles}"), population, cohort, NEVER)
        for row in range(len(population)):
            seen = min(stopped.record.made[row], planned.record.made[row])
            one, other = (course.record.trace[row, :seen] for course in (stopped, planned))
            assert np.allclose(one, other, rtol=5e-3, atol=1e3)


def test_unit_only_drugs_whose_toxicity_adds_up_are_stopped() -> None:
    stopped = {
        name: is_stopped(parse_regimen(name).components[0])
        for name in (
            "docetaxel",
            "capecitabine",
            "trastuzumab",
            "trastuzumab deruxtecan",
            "eribulin",
            "carboplatin",
        )
    }
    assert [name for name, one in stopped.items() if one] == ["docetaxel", "carboplatin"]
    assert remaining(parse_regimen("trastuzumab").components) is None
    assert remaining(parse_regimen("docetaxel").components) == ()


def test_unit_the_first_dose_after_the_time_is_not_given() -> None:
    one, population = arm("docetaxel 75 mg/m2 q3w"), people(2000)
    stop = stop_days(population, one.phases[0], one.schedule)
    weeks = np.exp(0.4 * population.endurance_deviate()) * 24
    within = (weeks > 3) & (weeks < 50)
    assert within.sum() > 1900
    assert (stop[within] % 21 == 0).all()
    assert ((stop - weeks * 7 >= 0) & (stop - weeks * 7 < 21))[within].all()
    limited = arm("docetaxel 75 mg/m2 q3w x6")
    found = set(stop_days(population, limited.phases[0], limited.schedule))
    assert {84, 105, NEVER} <= found <= {*range(21, 126, 21), NEVER}


def test_unit_doses_are_those_until_the_stop() -> None:
    with using(LITERATURE):
        one, population = arm("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w"), people(40)
        blank = np.full(40, np.inf)
        followed = follow_cohort(population, one, 0, WATCH, cohort_arrays(population, one, blank, blank))
    seen = 0
    for row in np.flatnonzero(followed.record.failure == 0):
        antibody, taxane = doses_given(one, followed, int(row))
        last = followed.findings.progression_day[row]
        end = last if np.isfinite(last) else followed.findings.last_contact_day[row]
        stop = followed.cohort.stop[row]
        seen += int(stop < end)
        assert taxane.day.max() < min(stop, end) <= taxane.day.max() + 21
        assert antibody.day.max() + 21 >= end
    assert seen > 3
