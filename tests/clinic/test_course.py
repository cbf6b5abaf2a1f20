"""The course of virtual patients: against a tight-tolerance reference, and the invariants of the design."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forestall.biology.setup import mean_growth
from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import (
    LARGEST_GENOTYPES,
    by_time_to_outgrow,
    cohort_arrays,
    relevant_alterations,
    singles,
)
from forestall.clinic.deterministic import deterministic_course
from forestall.clinic.findings import Findings
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import Population, draw_population
from forestall.clinic.reference import reference_course
from forestall.knowledge.ensembles import parameters_named
from forestall.knowledge.parameter_sets import using
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

WATCH = Watch(tuple(range(0, 379, 63)), 378, seed=3)
PAIR = "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w x6"
CLIMB = "tucatinib 300 mg bid + trastuzumab 6 mg/kg q3w (load 8 mg/kg) + capecitabine 1000 mg/m2 bid days 1-14 q3w"


def arm(regimen: str, after: str = "capecitabine q3w") -> Arm:
    return compile_arm(
        "arm", parse_regimen(regimen), parse_regimen(after), WATCH.visits, WATCH.follow_up_days
    )


def people(*numbers: int) -> Population:
    return draw_population(Eligibility.model_validate({"her2": "positive"}), np.array(numbers), 3)


def follow(regimen: str, *numbers: int) -> Findings:
    return follow_arm(people(*numbers), arm(regimen), 0, WATCH).findings


def assert_same(one: Findings, other: Findings) -> None:
    for field in dataclasses.fields(one):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(other, field.name), err_msg=field.name
        )


@pytest.mark.parametrize(
    ("number", "regimen"),
    [
        (0, PAIR + " + pertuzumab 420 mg q3w (load 840 mg)"),
        (1, PAIR + " + pertuzumab 420 mg q3w (load 840 mg)"),
        (5, "tucatinib 300 mg bid + trastuzumab 6 mg/kg q3w (load 8 mg/kg)"),
    ],
)
def test_oracle_the_fast_course_matches_lsoda_at_the_visits(number: int, regimen: str) -> None:
    """Relative error of each lesion's cells at most 1e-3 (LSODA, rtol 1e-9, restarted at every dose)."""
    population = people(number)
    given = arm(regimen)
    cohort = cohort_arrays(population, given, np.full(1, np.inf), np.full(1, 1e4))
    cohort = cohort._replace(site_class=cohort.site_class[:, :1])
    cells = np.zeros((1, 2, cohort.mask.shape[1]))
    cells[0, 0, 0], cells[0, 0, 1:6] = 4e9, 1e3
    visits = np.array([0, 21, 63, 126])
    fast = deterministic_course(0, given.model, given.schedule, cohort, given.shared, cells, visits)
    slow = reference_course(0, given.model, given.schedule, cohort, given.shared, cells, visits)
    np.testing.assert_allclose(fast.sum(axis=(2, 3)), slow.sum(axis=(2, 3)), rtol=1e-3)


def test_oracle_slow_expression_follows_daily_doses() -> None:
    """In the brain, within 2e-5 of LSODA after 42 days of tablets; expression follows them with delays of hours to weeks."""
    population, given = people(5), arm(CLIMB)
    cohort = cohort_arrays(population, given, np.full(1, np.inf), np.full(1, 1e4))
    cohort = cohort._replace(site_class=np.ones((1, 1), np.int64))
    cells = np.zeros((1, 2, cohort.mask.shape[1]))
    cells[0, 0, 0] = 1e6
    visits = np.array([0, 42])
    fast = deterministic_course(0, given.model, given.schedule, cohort, given.shared, cells, visits)
    slow = reference_course(0, given.model, given.schedule, cohort, given.shared, cells, visits)
    np.testing.assert_allclose(fast.sum(axis=(2, 3)), slow.sum(axis=(2, 3)), rtol=2e-5)


def test_oracle_an_untreated_lesion_follows_the_logistic_law_to_the_largest_lesion() -> None:
    """N(t) with the doubling time alone, whatever the turnover: it differs fourfold between these patients."""
    population, given = people(*range(8)), arm("no treatment", "no treatment")
    turnover = population.birth_rate_per_day / population.growth_rate_per_day
    assert turnover.max() > 4 * turnover.min()
    cohort = cohort_arrays(population, given, np.full(8, np.inf), np.full(8, 1e4))
    cohort = cohort._replace(site_class=np.zeros((8, 1), np.int64))
    largest = value("growth.capacity_per_lesion", "cells")
    visits = np.array([0, 63, 126, 252, 378])
    for i, rate in enumerate(population.growth_rate_per_day):
        cells = np.zeros((1, 2, cohort.mask.shape[1]))
        cells[0, 0, 0] = start = 0.2 * largest
        found = deterministic_course(i, given.model, given.schedule, cohort, given.shared, cells, visits)
        logistic = largest / (1 + (largest / start - 1) * np.exp(-rate * visits))
        np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), logistic, rtol=2e-3)


@pytest.mark.parametrize(
    ("number", "site", "regimen", "changes"),
    [
        (2, 0, "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w x20", 420),
        (2, 0, "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + lapatinib 1000 mg qd", 504),
        (0, 1, CLIMB, 504),
    ],
)
def test_property_patterns_and_repeated_periods_change_nothing(
    number: int, site: int, regimen: str, changes: int
) -> None:
    """With reuse switched off (no period is waited for) cells agree within 2e-4, also where a drug stops on day 420."""
    visits = np.array([0, 189, 378, 441, 504])
    given = compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), visits.tolist(), 504)
    cohort = cohort_arrays(people(number), given, np.full(1, np.inf), np.full(1, 1e4))
    cohort = cohort._replace(site_class=np.full((1, 1), site, np.int64))
    cells = np.zeros((1, 2, cohort.mask.shape[1]))
    cells[0, 0, 0], cells[0, 0, 1:4] = 1e9, 1e4
    alone = given.schedule._replace(period=np.zeros_like(given.schedule.period))
    reused, solved = (
        deterministic_course(0, given.model, schedule, cohort, given.shared, cells, visits)
        for schedule in (given.schedule, alone)
    )
    assert min(given.schedule.same_until[0, 100], 504) == changes
    np.testing.assert_allclose(reused.sum(axis=(2, 3)), solved.sum(axis=(2, 3)), rtol=2e-4)


def test_property_a_patient_does_not_depend_on_the_others_or_their_order() -> None:
    together, alone = follow(PAIR, 5, 2, 9), follow(PAIR, 9)
    assert_same(together.select(np.array([2])), alone)
    assert_same(follow(PAIR, 9, 5).select(np.array([0])), alone)


def test_property_a_zero_dose_changes_nothing() -> None:
    assert_same(follow(PAIR + " + pertuzumab 0 mg q3w", 1, 2, 3), follow(PAIR, 1, 2, 3))


def test_property_the_same_seed_gives_the_same_patients_twice() -> None:
    assert_same(follow(PAIR, 4, 7), follow(PAIR, 4, 7))


def test_property_more_visits_change_findings_but_not_the_tumor() -> None:
    """Without measurement error, noise or progression the tumor at a common visit does not depend on the visits between."""
    given, population = arm("no treatment", "no treatment"), people(6)
    few = dataclasses.replace(WATCH, visits=(0, 126), handover_cells=0.0, measurement_error=0.0)
    many = dataclasses.replace(few, visits=(0, 42, 63, 126))
    one = follow_arm(population, given, 0, few).findings.sum_diameter_mm[0, 1]
    other = follow_arm(population, given, 0, many).findings
    kept = other.visit_day[0] == 126
    if kept.any():
        np.testing.assert_allclose(other.sum_diameter_mm[0, kept], one, rtol=1e-6)
    else:
        assert np.isfinite(other.progression_day[0])


def test_unit_an_untreated_tumor_grows_and_progresses() -> None:
    findings = follow("no treatment", *range(12))
    ok = findings.failure == 0
    assert ok.sum() >= 10
    assert (np.isfinite(findings.progression_day) | np.isfinite(findings.death_day))[ok].mean() > 0.5
    assert not np.isin(findings.response[ok], (1, 2)).any()


def test_unit_a_failed_patient_is_counted_with_a_reason() -> None:
    given, population = arm(PAIR), people(1, 2)
    doomed = dataclasses.replace(population, capacity_cells=np.array([1e12, 10.0]))
    findings = follow_arm(doomed, given, 0, WATCH).findings
    assert findings.failure.tolist() == [0, 1]
    from forestall.clinic.endpoints import progression_free_survival

    assert np.isnan(progression_free_survival(findings).time_days).tolist() == [False, True]


def test_unit_alterations_that_matter_depend_on_the_regimen() -> None:
    ids = arm(PAIR).alterations
    endocrine = compile_arm("e", parse_regimen("letrozole"), parse_regimen("no treatment"), WATCH.visits, 378)
    names = {ids[k] for k in relevant_alterations(endocrine, 2)}
    assert "ESR1_mut" in names
    assert "p95HER2" in {ids[k] for k in relevant_alterations(arm(PAIR), 0)}


def test_unit_a_reversion_matters_under_a_parp_inhibitor_in_carriers_only() -> None:
    given = compile_arm("o", parse_regimen("olaparib"), parse_regimen("no treatment"), WATCH.visits, 378)
    loss, reversion = (given.alterations.index(name) for name in ("BRCA1_loss", "BRCA_reversion"))
    assert relevant_alterations(given, 3, 1 << loss)[0] == reversion
    assert reversion not in relevant_alterations(given, 3)
    criteria = {"her2": "negative", "er_positive": 0.0, "setting": "metastatic"}
    for status in ("mutant", "wild-type"):
        eligibility = Eligibility.model_validate({**criteria, "biomarkers": {"BRCA1/BRCA2": status}})
        population = draw_population(eligibility, np.arange(8), 1)
        cohort = cohort_arrays(population, given, np.full(8, np.inf), np.full(8, 378.0))
        genotypes = cohort.mask[cohort.table]
        can_revert = ((genotypes >= 0) & (genotypes >> reversion & 1 > 0)).any(axis=1)
        assert can_revert.tolist() == 8 * [status == "mutant"]


def test_property_a_reversion_gives_back_the_growth_of_cells_that_never_lost_the_gene() -> None:
    given = compile_arm("o", parse_regimen("olaparib"), parse_regimen("no treatment"), WATCH.visits, 378)
    loss, reversion = (given.alterations.index(name) for name in ("BRCA2_loss", "BRCA_reversion"))
    population = draw_population(
        Eligibility.model_validate({"her2": "negative", "er_positive": 0.0}), np.arange(1), 1
    )
    net = {}
    for trunk in (0, 1 << loss):
        matter, cohort = singles(population, given, 3, trunk)
        growth = mean_growth(given.model, given.schedule, cohort, given.shared, 30, 30)
        net[trunk] = {"trunk": growth[0]} | {k: growth[1 + n] for n, k in enumerate(matter)}
    assert net[0][loss] == pytest.approx(net[1 << loss]["trunk"], rel=1e-9)
    assert net[0][loss] < net[0]["trunk"] - 0.005
    assert net[1 << loss][reversion] == pytest.approx(net[0]["trunk"], rel=1e-9)


def test_unit_the_clone_that_outgrows_the_others_first_comes_first() -> None:
    # After t days a clone has rate * exp(gain * t) of what the truncal one has: the first to reach 1 comes first, however rare.
    rates, gain = {0: 3e-7, 1: 5e-9, 2: 1e-7, 3: 1.0}, {0: 0.010, 1: 0.021, 2: 0.010, 3: 1e-4}
    days = np.arange(5000)
    reached = {k: int(np.argmax(rates[k] * np.exp(gain[k] * days) >= 1.0)) for k in (0, 1, 2)}
    assert by_time_to_outgrow(rates, gain) == tuple(sorted(reached, key=reached.__getitem__)) == (1, 0, 2)


@pytest.mark.parametrize("parameters", ["literature", "calibrated"])
def test_unit_a_patient_under_an_aromatase_inhibitor_can_acquire_an_esr1_mutation(parameters: str) -> None:
    with using(parameters_named(parameters)):
        given = compile_arm(
            "e", parse_regimen("anastrozole"), parse_regimen("no treatment"), WATCH.visits, 378
        )
        relevant = relevant_alterations(given, 2)
    assert "ESR1_mut" in {given.alterations[k] for k in relevant[: LARGEST_GENOTYPES - 1]}
