"""A treatment loses its effect on cells without a new alteration, at a rate of each patient."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.deterministic import deterministic_course
from forestall.clinic.dying import dying_cells
from forestall.clinic.follow import Followed, Watch, follow_cohort
from forestall.clinic.population import Population, draw_population
from forestall.knowledge.packs import find_disease
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.scope import in_scope

WATCH = Watch(tuple(range(0, 379, 63)), 378, seed=3)
AT_ONCE, NEVER = 1e6, 0.0
"""1/day."""


def arm(regimen: str) -> Arm:
    after = parse_regimen("no treatment")
    return compile_arm("arm", parse_regimen(regimen), after, WATCH.visits, WATCH.follow_up_days)


def people(count: int, her2: str = "positive") -> Population:
    return draw_population(
        Eligibility.model_validate({"her2": her2, "er_positive": 1.0}), np.arange(count), 3
    )


@pytest.mark.parametrize(("her2", "kind"), [("positive", "her2_positive"), ("negative", "er_positive")])
def test_oracle_rates_differ_between_patients_as_in_the_catalog(her2: str, kind: str) -> None:
    """The logarithm ~ Normal(log rate of the type, sd); Z of the mean and of the variance, false alarm 1e-6 each."""
    rate = people(4000, her2).waning_per_day
    z = np.log(rate / value(f"waning.rate.{kind}", "1/day")) / value("waning.log_sd", "1")
    assert abs(z.mean()) * np.sqrt(rate.size) < 4.9
    assert abs(z.var(ddof=1) - 1) / np.sqrt(2 / rate.size) < 4.9


def test_unit_effects_wane_faster_with_every_earlier_line() -> None:
    rates = []
    with using(ParameterSet("x", {"prior.waning_per_line": 1.5})):
        for line in (1, 3):
            criteria = Eligibility.model_validate({"her2": "positive", "line": line})
            rates.append(draw_population(criteria, np.arange(20), 3).waning_per_day)
    assert rates[1] == pytest.approx(2.25 * rates[0])


def test_unit_effects_do_not_wane_in_packs() -> None:
    with in_scope(find_disease("cml")):
        people = draw_population(Eligibility.model_validate({}), np.arange(3), 1)
    assert (people.waning_per_day == 0.0).all()


def test_oracle_a_treatment_whose_effect_is_lost_at_once_is_none() -> None:
    """Cells of one year under two drugs are those without drugs, to 1e-6; under lasting drugs there are fewer."""
    visits = np.array([0, 63, 365])
    found = {}
    for regimen, rate in (
        ("trastuzumab q3w + docetaxel q3w", AT_ONCE),
        ("trastuzumab q3w + docetaxel q3w", NEVER),
        ("no treatment", NEVER),
    ):
        given = arm(regimen)
        cohort = cohort_arrays(people(4), given, np.full(4, np.inf), np.full(4, 1e4))
        cohort = cohort._replace(
            site_class=np.zeros((4, 1), np.int64),
            waning=np.full(4, rate),
            probability=np.zeros_like(cohort.probability),
            loss=np.zeros_like(cohort.loss),
        )
        cells = np.zeros((1, 2, cohort.mask.shape[1]))
        cells[0, 0, 0] = 1e9
        found[regimen, rate] = np.array(
            [
                deterministic_course(i, given.model, given.schedule, cohort, given.shared, cells, visits)[
                    -1
                ].sum()
                for i in range(4)
            ]
        )
    lost, lasting, none = found.values()
    np.testing.assert_allclose(lost, none, rtol=1e-6)
    assert (lasting < 0.9 * none).all()


def followed(rate: float, trace: bool = False) -> tuple[Arm, Followed]:
    given, population = arm("letrozole 2.5 mg qd"), people(300, "negative")
    cohort = cohort_arrays(population, given, np.full(300, np.inf), np.full(300, 1e4))
    return given, follow_cohort(
        population, given, 0, WATCH, cohort._replace(waning=np.full(300, rate)), trace=trace
    )


def test_unit_waning_is_named_where_it_is_why_a_clone_grew() -> None:
    named = {}
    for rate in (NEVER, 0.02):
        findings = followed(rate)[1].findings
        progressed = findings.cause[findings.cause >= 0]
        named[rate] = float(np.mean(progressed == findings.causes.index("waning effect")))
    assert named[NEVER] == 0.0
    assert named[0.02] > 0.3


def test_unit_cells_die_as_without_treatment_once_the_effect_is_lost() -> None:
    days = np.array([0.0, 200.0])
    shed = {}
    for rate in (AT_ONCE, NEVER):
        given, course = followed(rate, trace=True)
        lesions = int((course.cohort.site[0] >= 0).sum())
        clones = int((course.cohort.mask[course.cohort.table[0]] >= 0).sum())
        cells = np.full((2, lesions, clones), 1e9)
        shed[rate] = dying_cells(given, course, days, cells, np.zeros_like(cells))
    np.testing.assert_allclose(shed[AT_ONCE][1], shed[AT_ONCE][0], rtol=1e-9)
    assert not np.allclose(shed[NEVER][1], shed[NEVER][0], rtol=1e-2)
