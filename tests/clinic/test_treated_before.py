"""What a described patient had before: classes that her tumor has seen, and lines for advanced disease."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.population import population_from_patient
from forestall.clinic.response import strength
from forestall.errors import InputError
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.regimens import parse_regimen
from forestall.studies.patient import Patient
from forestall.studies.simulate import simulate
from forestall.studies.story import paragraphs

LESIONS = [{"site": "liver", "diameter": "32 mm"}]
CHANGES = {
    "prior.sensitivity_same_class.cytotoxic": 0.5,
    "prior.sensitivity_same_trait.cytotoxic": 0.8,
    "prior.sensitivity_per_line": 0.9,
    "prior.sensitivity_per_line_of.cytotoxic": 1.0,
    "prior.growth_per_line": 1.2,
    "prior.waning_per_line": 1.5,
}


def described(**more: object) -> PatientSpec:
    return PatientSpec.model_validate({"her2": "negative", "er": "negative", "lesions": LESIONS, **more})


def factor(regimen: str, **more: object) -> float:
    """Strength of the first action in the typical patient, relative to one who had nothing before."""
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
    with using(ParameterSet("x", CHANGES)):
        treated, untreated = (
            strength(population_from_patient(described(**given)), arm)[0, 0] for given in (more, {})
        )
    return float(treated / untreated)


def test_oracle_a_class_that_was_given_before_works_less() -> None:
    assert factor("docetaxel q3w", prior=["taxane"]) == pytest.approx(0.5)
    assert factor("capecitabine q3w", prior=["taxane"]) == pytest.approx(0.8)
    assert factor("docetaxel q3w", prior=["trastuzumab"]) == pytest.approx(1.0)


def test_oracle_lines_for_advanced_disease_count_beside_what_was_given() -> None:
    assert factor("docetaxel q3w", earlier_lines=2) == pytest.approx(0.81)
    assert factor("docetaxel q3w", prior=["taxane"], earlier_lines=2) == pytest.approx(0.405)


@pytest.mark.parametrize("seed", [None, 4])
def test_oracle_tumors_grow_and_effects_wane_faster_with_every_line(seed: int | None) -> None:
    with using(ParameterSet("x", CHANGES)):
        first, third = (
            population_from_patient(described(earlier_lines=n), seed=seed, patients=np.arange(5))
            for n in (0, 2)
        )
    assert first.doubling_time_days / third.doubling_time_days == pytest.approx(1.44)
    assert third.waning_per_day / first.waning_per_day == pytest.approx(2.25)
    assert list(third.earlier_lines) == [2] * 5


def test_property_who_had_the_drugs_before_progresses_earlier_and_the_story_says_so() -> None:
    naive, treated = (
        simulate(
            Patient(her2="negative", er="negative", lesions=LESIONS, **before),  # type: ignore[arg-type]
            "docetaxel q3w",
            "24 months",
            None,
        )
        for before in ({}, {"prior": ["docetaxel"], "earlier_lines": 1})
    )
    assert treated.progression is not None
    assert naive.progression is None or treated.progression.day < naive.progression.day
    said = " ".join(paragraphs(treated))
    assert "had received docetaxel. She had 1 earlier line of treatment for advanced disease." in said
    assert "earlier line" not in " ".join(paragraphs(naive))


def test_garbage_lines_are_whole_numbers() -> None:
    for wrong in (-1, 1.5, 11, "two", "2", True):
        with pytest.raises(InputError, match="earlier_lines"):
            Patient(her2="negative", er="negative", lesions=LESIONS, earlier_lines=wrong)  # type: ignore[arg-type]
