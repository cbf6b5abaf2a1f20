"""Cells in culture: the integrated growth against a finer course, the law of growth, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.assay import log_fold_changes, run_assay
from forestall.biology.culture import CellLine, Culture, Treatments, culture_of, fates_in_culture
from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.steady import Case, time_course
from forestall.clinic.usual_exposure import average_free_concentration
from forestall.errors import InputError
from forestall.knowledge.drugs import load_drugs

TYPE = "her2_positive_er_positive"
DRUGS = ("lapatinib", "fulvestrant", "docetaxel", "trastuzumab emtansine")
LINES = (CellLine("wild type", TYPE), CellLine("PIK3CA_mut", TYPE, ("PIK3CA_mut",)))


@pytest.fixture(scope="module")
def culture() -> Culture:
    return culture_of(LINES, [load_drugs()[name] for name in DRUGS], fates_in_culture())


def lanes(*rows: tuple[int, dict[int, float]]) -> Treatments:
    """Treatments from (line, {drug: nM}) rows."""
    width = max(1, *(len(given) for _, given in rows))
    pairs = [[*given.items(), *[(0, 0.0)] * (width - len(given))] for _, given in rows]
    return Treatments(
        np.array([line for line, _ in rows]),
        np.array([[drug for drug, _ in row] for row in pairs]),
        np.array([[dose for _, dose in row] for row in pairs], float),
    )


def test_oracle_untreated_cells_double_in_their_doubling_time(culture: Culture) -> None:
    fold = np.exp(log_fold_changes(culture, lanes((0, {}), (1, {})), 40.0 / 24.0))
    np.testing.assert_allclose(fold, 2.0, rtol=1e-9)


def test_oracle_growth_follows_the_course_of_the_network_to_a_thousandth(culture: Culture) -> None:
    """Lapatinib 40 nM with fulvestrant 2 nM: the law of growth summed over `time_course` every 0.01 day, tolerance 1e-9."""
    doses, days = {"lapatinib": 40.0, "fulvestrant": 2.0}, 3.0
    effects = {
        Action(a.kind, a.target, name, load_drugs()[name].drug_class): a.maximum.value
        * dose
        / (dose + a.potency.to("nmol/L"))
        for name, dose in doses.items()
        for a in load_drugs()[name].actions
    }
    case = Case(TYPE, effects=effects)
    grid = np.linspace(0.0, days, 301)
    states = time_course(case, grid.tolist(), tolerance=1e-9)
    rest = time_course(Case(TYPE), [0.0])[0]
    drive = np.array([state["proliferation"] for state in states]) / rest["proliferation"]
    lost = np.maximum(0.0, 1.0 - np.array([state["survival"] for state in states]) / rest["survival"])
    fates = culture.fates
    rate = fates.birth * drive - fates.death - fates.signal_death * lost
    expected = ((rate[1:] + rate[:-1]) / 2 * np.diff(grid)).sum()
    found = log_fold_changes(culture, lanes((0, {0: 40.0, 1: 2.0})), days)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_oracle_cytotoxics_kill_in_proportion_to_division(culture: Culture) -> None:
    """Docetaxel does not touch the network: growth = (b - f k) - d exactly."""
    action = load_drugs()["docetaxel"].actions[0]
    dose, fates = 2.0, culture.fates
    kill = action.maximum.to("1/day") / (1.0 + (action.potency.to("nmol/L") / dose) ** action.hill.value)
    expected = 3.0 * (fates.birth - fates.kill_factor * kill - fates.death)
    np.testing.assert_allclose(log_fold_changes(culture, lanes((0, {2: dose})), 3.0), expected, rtol=1e-9)


def test_property_a_lane_does_not_depend_on_its_neighbors(culture: Culture) -> None:
    rng = np.random.default_rng(1)
    many = Treatments(
        rng.integers(0, 2, 1500), rng.integers(0, 4, (1500, 2)), rng.exponential(10.0, (1500, 2))
    )
    together = log_fold_changes(culture, many, 3.0)
    for i in (0, 700, 1024, 1499):
        assert log_fold_changes(culture, many.part(slice(i, i + 1)), 3.0)[0] == together[i]


def test_property_a_zero_dose_is_bit_identical_to_no_treatment(culture: Culture) -> None:
    without, zero = log_fold_changes(culture, lanes((0, {}), (0, {1: 0.0, 3: 0.0})), 3.0)
    assert without == zero


def test_property_two_halves_of_a_dose_are_the_dose(culture: Culture) -> None:
    halves = Treatments(np.array([0]), np.array([[0, 0]]), np.array([[5.0, 5.0]]))
    assert log_fold_changes(culture, halves, 3.0) == log_fold_changes(culture, lanes((0, {0: 10.0})), 3.0)


def test_unit_the_payload_needs_its_antigen() -> None:
    """T-DM1 kills HER2-positive cells and hardly touches those that lost HER2."""
    lines = (CellLine("positive", TYPE), CellLine("lost", TYPE, ("ERBB2_loss",)))
    culture = culture_of(lines, [load_drugs()["trastuzumab emtansine"]], fates_in_culture())
    treated = log_fold_changes(culture, lanes((0, {0: 100.0}), (1, {0: 100.0})), 3.0)
    untreated = log_fold_changes(culture, lanes((0, {}), (1, {})), 3.0)
    positive, lost = treated - untreated
    assert positive < 2 * lost < 0


def test_unit_slow_states_move_during_the_assay(culture: Culture) -> None:
    """HER2 blockade raises HER3 expression within three days (acceptance: FOXO3 releases it)."""
    index = culture.network.index.slow["ERBB3"]
    end = run_assay(culture.treated(lanes((0, {0: 40.0}), (0, {}))), culture.fates, 3.0)
    assert end.slow[index, 0] > 1.2 * end.slow[index, 1]


def test_oracle_usual_exposure_is_the_daily_dose_over_the_clearance() -> None:
    """Lapatinib 1250 mg daily, CL/F 34.5 L/h, 0.5% free, 581 g/mol."""
    free = 1250.0 / 24.0 / 34.5 * 0.005 / 581.06 * 1e6
    np.testing.assert_allclose(average_free_concentration("lapatinib"), free, rtol=1e-3)


def test_unit_a_drug_without_a_usual_dose_says_what_to_do() -> None:
    with pytest.raises(InputError, match="give its doses in nM"):
        average_free_concentration("endoxifen")
