"""Samples, designs and causes of another disease are told with its own knowledge, whatever was asked of breast before."""

from __future__ import annotations

from pathlib import Path

import pytest

import forestall as fs
from forestall.clinic.assays import panel
from forestall.errors import InputError
from forestall.studies.biopsy_design import biopsy_design


@pytest.fixture
def resistant() -> fs.Patient:
    """A leukemia in which every cell carries T315I."""
    assert "ESR1_mut" in panel()
    lesions = [{"site": "marrow", "diameter": "50 mm"}]
    return fs.Patient(disease="cml", lesions=lesions, alterations=["ABL1_T315I"])


def test_unit_samples_are_read_with_the_panel_of_the_disease_and_without_stains(
    resistant: fs.Patient, tmp_path: Path
) -> None:
    course = fs.simulate(resistant, "imatinib", "1 year", seed=1)
    sampled = course.sample(tissue=("baseline:all",), blood=("baseline",))
    variants = sampled.to_frame("variants")
    assert set(variants["gene"]) == {"ABL1"}
    assert "ABL1_T315I" in sampled.tissue[0].called
    assert sampled.tissue[0].receptors == ()
    assert "the panel reported ABL1 T315I" in " ".join(sampled.story().split())
    sampled.write(tmp_path / "out")
    assert "ABL1" in (tmp_path / "out" / "findings.maf").read_text()


def test_unit_why_names_the_alterations_of_the_disease(resistant: fs.Patient) -> None:
    found = fs.why(resistant, "imatinib", "4 years", seed=1)
    assert "Without ABL1 T315I" in " ".join(found.paragraphs)
    assert found.to_data()["course"]["marker"]["name"] == "BCR-ABL1"


def test_unit_a_design_asks_for_alterations_of_the_disease(gist: Path) -> None:
    path = gist.parent / "trial.yaml"
    path.write_text(
        "trial: GIST-1\ndisease: gist.yaml\npopulation: {types: {kit_exon11: 100%}}\narms: {standard: imatinib}\n"
        "patients: 40\nvisits: every 12 weeks\nfollow_up: 60 months\n",
        encoding="utf-8",
    )
    trial = fs.Trial.load(path)
    with pytest.raises(InputError, match="KIT_T670I"):
        biopsy_design(trial, "KIT_T670", 0.5)
    assert biopsy_design(trial, "KIT_T670I", 0.5, patients=200).carriers > 0
