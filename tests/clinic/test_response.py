"""Factors on the effects of drugs: class, drug, the patient's own sensitivity, earlier lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.population import draw_population
from forestall.clinic.prior_lines import draw_earlier_lines
from forestall.clinic.response import CROSS_RESISTANT, strength
from forestall.errors import KnowledgeError
from forestall.knowledge import response_classes
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.response_classes import Spread, load_response_classes

TRAITS = get_args(Spread)
NEUTRAL = {
    "prior.sensitivity_per_line": 1.0,
    "prior.sensitivity_per_line_log_sd": 0.0,
    **{f"prior.sensitivity_same_trait.{trait}": 1.0 for trait in CROSS_RESISTANT},
    **{
        name: neutral
        for trait in TRAITS
        for name, neutral in (
            (f"sensitivity.{trait}_log_sd", 0.0),
            (f"prior.sensitivity_same_class.{trait}", 1.0),
        )
    },
}
LETROZOLE, DOCETAXEL = 0, 0


def factors(regimen: str, changes: Mapping[str, float], **criteria: object) -> np.ndarray:
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
    with using(ParameterSet("x", {**NEUTRAL, **changes})):
        people = draw_population(
            Eligibility.model_validate({"her2": "negative", **criteria}), np.arange(40), 3
        )
        return strength(people, arm)


def total(regimen: str, changes: Mapping[str, float]) -> np.ndarray:
    """(n,) effect of the first action of a regimen in many patients, what all cytotoxics have in common included."""
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
    with using(ParameterSet("x", {**NEUTRAL, **changes})):
        people = draw_population(Eligibility.model_validate({"her2": "negative"}), np.arange(4000), 3)
        shared = people.cytotoxic_sensitivity if arm.kinds[0] == "cytotoxic" else 1.0
        return strength(people, arm)[:, 0] * shared


def test_unit_neutral_numbers_change_nothing() -> None:
    for regimen in ("docetaxel q3w", "letrozole + palbociclib", "bevacizumab 10 mg/kg q2w"):
        assert factors(regimen, {}) == pytest.approx(1.0, abs=1e-12)


def test_unit_class_and_drug_multiply_a_kill_rate() -> None:
    changes = {"response.class.taxane": 0.5, "response.drug.docetaxel": 1.2, "response.drug.paclitaxel": 9.0}
    assert factors("docetaxel q3w", changes) == pytest.approx(0.6)


def test_unit_earlier_lines_and_earlier_classes_weaken() -> None:
    changes = {"prior.sensitivity_per_line": 0.8, "prior.sensitivity_same_class.cytotoxic": 0.5}
    assert factors("docetaxel q3w", changes, line=3) == pytest.approx(0.64)
    assert factors("docetaxel q3w", changes, line=1, prior=["taxane"]) == pytest.approx(0.5)
    assert factors("capecitabine q3w", changes, line=1, prior=["taxane"]) == pytest.approx(1.0)


def test_oracle_every_line_costs_a_patient_something_else() -> None:
    """The logarithm ~ Normal(0, sd^2 times the earlier lines), one number for all drugs; Z of the variance, false alarm 1e-6."""
    arm = compile_arm(
        "a", parse_regimen("letrozole + palbociclib"), parse_regimen("no treatment"), (0, 56), 60
    )
    with using(ParameterSet("x", {**NEUTRAL, "prior.sensitivity_per_line_log_sd": 0.5})):
        for line in (1, 2, 4):
            criteria = Eligibility.model_validate({"her2": "negative", "line": line})
            logs = np.log(strength(draw_population(criteria, np.arange(4000), 3), arm))
            assert np.ptp(logs, axis=1) == pytest.approx(0.0, abs=1e-12)
            variance = 0.25 * (line - 1)
            assert abs(logs[:, 0].var() - variance) <= 4.9 * variance * np.sqrt(2 / 4000)


def test_unit_the_class_given_before_weakens_by_its_trait() -> None:
    changes = {"prior.sensitivity_same_class.endocrine": 0.2, "prior.sensitivity_same_class.her2": 0.7}
    assert factors("exemestane", changes, line=1, prior=["aromatase inhibitor"]) == pytest.approx(0.2)
    trastuzumab = factors("trastuzumab", changes, her2="positive", line=1, prior=["trastuzumab"])
    assert trastuzumab[:, 0] == pytest.approx(0.7)


def test_unit_a_relative_given_before_weakens_unless_the_class_itself_was_given() -> None:
    changes = {"prior.sensitivity_same_class.cytotoxic": 0.5, "prior.sensitivity_same_trait.cytotoxic": 0.7}
    assert factors("capecitabine q3w", changes, line=1, prior=["taxane"]) == pytest.approx(0.7)
    assert factors("docetaxel q3w", changes, line=1, prior=["taxane"]) == pytest.approx(0.5)
    assert factors("capecitabine q3w", changes, line=1, prior=["aromatase inhibitor"]) == pytest.approx(1.0)


@pytest.mark.parametrize(("by_all", "by_trait"), [(0.0, 0.0), (0.3, 0.6), (0.0, 0.8), (1.0, 0.4)])
def test_oracle_sensitivities_go_together_as_the_shares_say(by_all: float, by_trait: float) -> None:
    spread = {f"sensitivity.{trait}_log_sd": 0.7 for trait in TRAITS}
    shares = {"sensitivity.shared_by_all": by_all, "sensitivity.shared_by_trait": by_trait}
    drugs = ("letrozole", "anastrozole", "fulvestrant", "palbociclib", "docetaxel q3w", "capecitabine q3w")
    logs = np.log([total(drug, {**spread, **shares}) for drug in drugs])
    assert logs.std(axis=1) == pytest.approx(0.7, rel=0.05)
    within = by_all + (1 - by_all) * by_trait
    expected = np.full((6, 6), by_all)
    expected[:3, :3] = expected[4:, 4:] = within
    expected[:2, :2] = expected[range(6), range(6)] = 1.0
    assert np.corrcoef(logs) == pytest.approx(expected, abs=0.05)


def test_unit_a_conjugate_is_an_antibody_and_a_payload() -> None:
    kinds = [action.kind for action in load_drugs()["trastuzumab emtansine"].actions]
    payload = np.array([kind == "payload" for kind in kinds])
    conjugate = factors("trastuzumab emtansine", {"response.class.tubulin_conjugate": 0.5})[0]
    np.testing.assert_allclose(conjugate, np.where(payload, 0.5, 1.0))
    antibody = factors("trastuzumab emtansine", {"response.class.her2_antibody": 0.5})[0]
    assert (antibody[~payload] < 0.75).all()
    assert antibody[payload] == pytest.approx(1.0)
    after_conjugate = {
        "prior.sensitivity_same_trait.payload": 0.7,
        "prior.sensitivity_same_trait.cytotoxic": 0.5,
    }
    after = factors(
        "trastuzumab emtansine", after_conjugate, line=1, prior=["trastuzumab deruxtecan", "taxane"]
    )[0]
    np.testing.assert_allclose(after, np.where(payload, 0.7, 1.0))


def test_unit_an_antibody_of_the_same_epitope_has_the_factor_of_the_other_beside_its_own() -> None:
    changes = {"response.drug.trastuzumab": 0.5, "response.drug.margetuximab": 1.2}
    np.testing.assert_allclose(factors("margetuximab", changes)[0], 0.6)
    np.testing.assert_allclose(factors("trastuzumab", changes)[0], 0.5)
    np.testing.assert_allclose(factors("pertuzumab", changes)[0], 1.0)
    np.testing.assert_allclose(factors("trastuzumab emtansine", changes)[0], 1.0)


@pytest.mark.parametrize(
    ("line", "lines"), [("1", {0}), ("2", {1}), ("1-3", {0, 1, 2}), ("3+", {2, 3, 4, 5, 6})]
)
def test_unit_earlier_lines_follow_the_protocol(line: str, lines: set[int]) -> None:
    found = draw_earlier_lines(Eligibility.model_validate({"her2": "any", "line": line}), np.arange(2000), 1)
    assert set(found.tolist()) == lines


def test_unit_the_antibody_of_a_conjugate_is_a_class(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "classes.yaml"
    file.write_text("classes:\n  conjugate: {drugs: [x], spread: cytotoxic, antibody: her3_antibody}\n")
    monkeypatch.setattr(response_classes, "FILE", file)
    with pytest.raises(KnowledgeError, match=r"conjugate\.antibody.*her3_antibody"):
        load_response_classes.__wrapped__()


def test_unit_a_drug_binds_the_epitope_of_another_one_of_its_class(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "classes.yaml"
    file.write_text("classes:\n  antibody: {drugs: [x], spread: her2, same_epitope: {x: y}}\n")
    monkeypatch.setattr(response_classes, "FILE", file)
    with pytest.raises(KnowledgeError, match=r"antibody\.same_epitope.*y"):
        load_response_classes.__wrapped__()


def test_unit_every_drug_that_acts_has_a_class() -> None:
    classed = {drug for entry in load_response_classes().values() for drug in entry.drugs}
    assert classed == {drug.name for drug in load_drugs().values() if drug.actions}
