"""Courses under packs: decline in phases, loss of response, tolerance that goes away without the drug."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from forestall.cli.main import run
from forestall.knowledge.scope import in_scope
from forestall.studies.marker_story import marker_data, slopes
from forestall.studies.patient import Patient
from forestall.studies.simulate import PatientCourse, simulate

TANG_FIRST, TANG_SECOND = (0.052, 0.018), (0.0057, 0.0038)
"""Slopes of BCR-ABL1 under imatinib, mean and standard deviation, 1/day (Tang 2011, doi:10.1182/blood-2011-02-339267)."""


def test_oracle_slopes_of_two_exponentials_are_found_again() -> None:
    day = np.arange(0.0, 1000.0, 84.0)
    values = np.exp(-0.05 * day) + 0.02 * np.exp(-0.006 * day)
    first, second = slopes(day, values)
    assert first == pytest.approx(-0.05, rel=0.2)
    assert second == pytest.approx(-0.006, rel=0.1)


def test_unit_one_exponential_has_one_slope() -> None:
    day = np.arange(0.0, 500.0, 50.0)
    assert slopes(day, np.exp(-0.01 * day)) == [pytest.approx(-0.01)]


@pytest.fixture(scope="module")
def imatinib() -> PatientCourse:
    return simulate(Patient.typical("cml"), "imatinib", "4 years", None, visits="every 4 weeks")


def test_oracle_bcr_abl1_declines_in_two_phases_under_imatinib(imatinib: PatientCourse) -> None:
    with in_scope(imatinib.scope):
        data = marker_data(imatinib)
    assert data is not None
    first, second, *_ = data["slopes_per_day"]
    assert abs(-first - TANG_FIRST[0]) < 2 * TANG_FIRST[1]
    assert abs(-second - TANG_SECOND[0]) < 2 * TANG_SECOND[1]
    assert data["value"][0] == pytest.approx(100.0, rel=0.01)


def test_unit_what_is_left_in_the_second_phase_does_not_divide(imatinib: PatientCourse) -> None:
    founding = imatinib.clones[0]
    year = int(np.searchsorted(imatinib.visit_day, 364))
    assert founding.tolerant_cells[year].sum() > 0.9 * founding.cells[year].sum()


def test_unit_the_story_tells_the_marker_and_is_for_any_sex(imatinib: PatientCourse) -> None:
    story = imatinib.story()
    assert "BCR-ABL1" in story
    assert "MMR" in story
    assert " She " not in story
    assert "breast" not in story


@pytest.mark.parametrize(
    ("drug", "resists"), [("dasatinib", True), ("nilotinib", True), ("ponatinib", False)]
)
def test_unit_t315i_in_every_cell_grows_under_all_but_ponatinib(drug: str, resists: bool) -> None:
    lesions = [{"site": "marrow", "diameter": "50 mm"}]
    patient = Patient(disease="cml", lesions=lesions, alterations=["ABL1_T315I"])
    course = simulate(patient, drug, "2 years", None, after_progression="no treatment")
    cells = course.clones[0].cells.sum(axis=1)
    assert (cells[-1] > cells[0]) == resists


def _with_a_holiday(alterations: list[str], seed: int | None, after_progression: str) -> PatientCourse:
    """A year of imatinib, then nothing until progression."""
    daily = {"drug": "imatinib", "dose": "400 mg", "every": "1 day", "cycles": 360, "route": "po"}
    lesions = [{"site": "marrow", "diameter": "50 mm"}]
    patient = Patient(disease="cml", lesions=lesions, alterations=alterations)
    return simulate(
        patient,
        [daily],
        "2 years",
        seed,
        after_progression=after_progression,
        visits="every 12 weeks",
    )


def test_unit_tolerance_goes_away_on_a_drug_holiday() -> None:
    course = _with_a_holiday([], 3, "no treatment")
    total = sum(clone.cells.sum(axis=1) for clone in course.clones)
    tolerant = sum(clone.tolerant_cells.sum(axis=1) for clone in course.clones) / np.maximum(total, 1.0)
    end = int(np.searchsorted(course.visit_day, 336))
    assert tolerant[end] > 0.5
    assert tolerant[-1] < 0.5 * tolerant[end]
    assert total[-1] > total[end]


def test_unit_cells_with_t315i_grow_under_imatinib_before_and_after_a_holiday() -> None:
    cells = _with_a_holiday(["ABL1_T315I"], None, "imatinib").clones[0].cells.sum(axis=1)
    assert (np.diff(cells) > 0).all()


def test_unit_the_documented_pack_runs_from_the_command_line(
    gist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["simulate", "--disease", str(gist), "--regimen", "imatinib", "--json", "--for", "1 year"]) == 0
    )
    course = json.loads(capsys.readouterr().out)
    assert course["patient"]["disease"] == str(gist)
    assert {lesion["site"] for lesion in course["lesions"]} <= {"peritoneum", "liver"}
    assert course["visits_made"][1]["sum_mm"] < course["visits_made"][0]["sum_mm"]


def test_unit_a_trial_of_the_documented_pack_runs_and_repeats(
    gist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = gist.parent / "trial.yaml"
    trial.write_text(
        "trial: GIST-1\ndisease: gist.yaml\npopulation: {types: {kit_exon11: 100%}}\narms: {standard: imatinib, none: no treatment}\n"
        "control: none\npatients: 40\nvisits: every 12 weeks\nfollow_up: 24 months\n",
        encoding="utf-8",
    )
    out = gist.parent / "out"
    assert run(["trial", str(trial), "--out", str(out), "--quiet"]) == 0
    subjects = (out / "adsl.csv").read_text(encoding="utf-8").splitlines()
    assert len(subjects) == 41
    assert "TUMTYPE" in subjects[0]
    assert "HER2" not in subjects[0]
    assert run(["rerun", str(out), "--quiet"]) == 0
