"""One patient under one regimen: reproducible, unchanged by a zero dose, told without false precision."""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forestall.errors import InputError, StudyError
from forestall.knowledge.parameters import value
from forestall.studies.course_files import arguments_of, course_data
from forestall.studies.patient import Patient
from forestall.studies.record import file_sha256, read_record
from forestall.studies.simulate import PatientCourse, simulate
from forestall.studies.story import after, paragraphs

ANNA = Patient(
    patient="Anna",
    age=52,
    weight="64 kg",
    height="165 cm",
    her2="positive",
    er="positive",
    lesions=[{"site": "liver", "diameter": "32 mm"}, {"site": "node", "diameter": "18 mm"}],
    prior=["taxane"],
)
REGIMEN = "trastuzumab + docetaxel q3w"
MONTHS = "30 months"


@functools.cache
def course(
    regimen: str = REGIMEN, seed: int | None = 1, duration: str = MONTHS, **more: Any
) -> PatientCourse:
    return simulate(ANNA, regimen, duration, seed, **more)


def outcome(found: PatientCourse) -> dict[str, Any]:
    """All that was found, without what was asked for."""
    leave = {*arguments_of(found), "numbers_behind"}
    return {name: part for name, part in course_data(found).items() if name not in leave}


def test_property_the_same_seed_gives_the_same_course() -> None:
    assert simulate(ANNA, REGIMEN, MONTHS, 1).to_json() == course().to_json()
    assert simulate(ANNA, REGIMEN, MONTHS, None).to_json() == course(seed=None).to_json()


def test_property_another_seed_gives_another_course() -> None:
    assert outcome(course(seed=2)) != outcome(course())


@pytest.mark.parametrize("seed", [1, None])
def test_property_a_dose_of_zero_is_no_treatment(seed: int | None) -> None:
    zero = course("trastuzumab 0 mg/kg q3w (load 0 mg/kg) + docetaxel 0 mg/m2 q3w", seed)
    assert outcome(zero) == outcome(course("no treatment", seed))
    assert "no treatment until progression" in zero.story()


def test_property_a_drug_at_zero_dose_changes_nothing() -> None:
    given = "trastuzumab 6 mg/kg q3w + docetaxel 75 mg/m2 q3w x6"
    assert outcome(course(f"{given} + pertuzumab 0 mg q3w")) == outcome(course(given))


def test_property_treatment_after_progression_does_not_change_what_went_before() -> None:
    first, second = course("no treatment"), course("no treatment", after_progression="vinorelbine")
    last = first.end_of_measurement
    assert first.progression == second.progression
    assert first.progression is not None
    assert np.array_equal(first.sum_mm[:last], second.sum_mm[:last])
    both = slice(last, min(first.visit_day.size, second.visit_day.size))
    pairs = zip(first.lesions, second.lesions, strict=True)
    assert any((one.true_mm[both] != other.true_mm[both]).any() for one, other in pairs)


def test_property_two_regimens_share_their_random_numbers() -> None:
    first, second = course(), course("lapatinib + capecitabine")
    for mine, other in zip(first.lesions, second.lesions, strict=True):
        # The clones that are followed depend on the regimen: lesions differ by less than a day's growth.
        assert mine.true_mm[0] == pytest.approx(other.true_mm[0], rel=0.01)
        error = mine.measured_mm[0] / mine.true_mm[0]
        if mine.described:
            assert error == pytest.approx(other.measured_mm[0] / other.true_mm[0], rel=1e-12)
        assert not np.array_equal(mine.true_mm, other.true_mm)


def test_property_a_longer_follow_up_leaves_the_beginning_alone() -> None:
    short, long = course(duration="16 weeks"), course()
    number = short.visit_day.size
    assert number == 3
    assert np.array_equal(short.sum_mm, long.sum_mm[:number])
    for mine, other in zip(short.lesions, long.lesions, strict=True):
        assert np.array_equal(mine.true_mm, other.true_mm[:number])


def test_oracle_a_lesion_is_a_sphere_of_its_cells() -> None:
    density = value("tumor.cells_per_mm3", "cells/mm**3")
    cells = sum(clone.cells for clone in course().clones)
    for column, lesion in enumerate(course().lesions):
        diameter = np.cbrt(6 / np.pi * np.asarray(cells)[:, column] / density)
        np.testing.assert_allclose(lesion.true_mm, diameter, rtol=1e-12)


def test_property_no_cell_is_tolerant_before_treatment() -> None:
    tolerant = np.array([clone.tolerant_cells for clone in course().clones])
    every = np.array([clone.cells for clone in course().clones])
    assert (tolerant[:, 0] == 0).all()
    assert (tolerant[:, 1:] > 0).any()
    assert (tolerant <= every).all()


def test_oracle_the_typical_patient_enters_as_described_and_is_measured_without_error() -> None:
    typical = course(seed=None)
    assert [lesion.name for lesion in typical.lesions] == ["liver", "node"]
    # A lesion is grown day by day until it has its size, so that it is at most a day's growth larger.
    assert typical.sum_mm[0] == pytest.approx(32 + 18, rel=0.01)
    for lesion in typical.lesions:
        seen = lesion.measured_mm > 0
        assert seen[0]
        np.testing.assert_allclose(lesion.measured_mm[seen], lesion.true_mm[seen], rtol=1e-12)


def test_oracle_doses_follow_the_protocol() -> None:
    found = course("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w x6", duration="52 weeks")
    stop = found.last_day if found.progression is None else found.progression.day
    trastuzumab, docetaxel = (dose for dose in found.doses if dose.phase == 0)
    np.testing.assert_array_equal(trastuzumab.day, np.arange(0, stop, 21))
    np.testing.assert_allclose(trastuzumab.amount_mg, [8 * 64, *[6 * 64] * (trastuzumab.day.size - 1)])
    ended = stop if found.stopped_day is None else found.stopped_day
    np.testing.assert_array_equal(docetaxel.day, np.arange(0, min(stop, ended), 21)[:6])
    mosteller = np.sqrt(165 * 64 / 3600)
    np.testing.assert_allclose(docetaxel.amount_mg, 75 * mosteller, rtol=0.03)


def test_unit_what_follows_progression_begins_on_that_day() -> None:
    found = course("no treatment")
    assert found.progression is not None
    assert {dose.drug for dose in found.doses} == {"capecitabine", "trastuzumab"}
    days = np.concatenate([dose.day for dose in found.doses])
    assert days.min() == found.progression.day
    assert days.max() < found.last_day


def test_unit_visits_are_those_that_were_asked_for() -> None:
    found = course(duration="20 weeks", visits="every 4 weeks until 8 weeks, then every 6 weeks")
    np.testing.assert_array_equal(found.visit_day, [0, 28, 56, 98, 140])
    assert found.response[0] == ""
    assert set(found.response[1 : found.end_of_measurement]) <= {"CR", "PR", "SD", "PD", "NE"}


def test_unit_nobody_is_lost_to_follow_up() -> None:
    assert all(course(seed=seed).events()[-1][1] in ("death", "end of follow-up") for seed in range(1, 6))


def test_unit_lesions_of_one_site_are_numbered() -> None:
    sites = ["bone", "liver", "liver"]
    patient = Patient(
        her2="negative", er="positive", lesions=[{"site": site, "diameter": "20 mm"} for site in sites]
    )
    found = simulate(patient, "letrozole", "8 weeks")
    assert [lesion.name for lesion in found.lesions if lesion.described] == ["bone", "liver 1", "liver 2"]
    assert all(lesion.name.startswith("new ") for lesion in found.lesions if not lesion.described)
    assert "bone" in found.story()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"regimen": "trastuzumap"}, ("trastuzumap", "trastuzumab")),
        ({"regimen": "trastuzumab -6 mg/kg q3w"}, ("negative",)),
        ({"regimen": []}, ("regimen",)),
        ({"duration": "24"}, ("duration", "unit")),
        ({"duration": "24 kg"}, ("duration", "kg")),
        ({"duration": "0 days"}, ("duration", "0 days")),
        ({"duration": "31 years"}, ("duration", "30 years")),
        ({"visits": "now and then"}, ("visits", "every 9 weeks")),
        ({"visits": "every 6 hours"}, ("visits", "a day apart")),
        ({"visits": "every 6 mm"}, ("visits", "mm")),
        ({"seed": -1}, ("seed", "-1")),
        ({"seed": 1.5}, ("seed", "1.5")),
        ({"seed": 2**63}, ("seed", "below")),
        ({"after_progression": "capecitabin 1 mg"}, ("capecitabin",)),
    ],
)
def test_unit_wrong_arguments_are_named(arguments: dict[str, Any], told: Sequence[str]) -> None:
    with pytest.raises(InputError) as caught:
        simulate(ANNA, **{"regimen": REGIMEN, **arguments})
    assert all(words in str(caught.value) for words in told), str(caught.value)


def test_unit_the_story_tells_progression_and_what_led_it() -> None:
    found = course("no treatment")
    assert found.progression is not None
    story = " ".join(found.story().split())
    assert story.startswith("Anna is 52 years old")
    assert f"Progression was found {after(found.progression.day)}" in story
    assert "led the growth" in story
    assert "After progression she received trastuzumab 6 mg/kg" in story
    assert story.endswith("must not guide anyone's treatment.")
    for lesion in found.lesions:
        if lesion.described:
            assert f"{lesion.measured_mm[0]:.0f} mm" in story


@pytest.mark.parametrize("seed", [1, 2, 3, None])
@pytest.mark.parametrize("regimen", [REGIMEN, "lapatinib + capecitabine", "no treatment"])
def test_unit_the_story_has_no_false_precision(regimen: str, seed: int | None) -> None:
    told = paragraphs(course(regimen, seed))
    measured = [text for text in told if "Treatment until" not in text and "After progression" not in text]
    words = re.sub(r"doi:\S+|https?:\S+|Mechanism .*|Evidence .*", "", " ".join(measured))
    assert not re.search(r"\d\.\d", words), words
    assert "nan" not in words.split()
    assert "_" not in words


def test_unit_a_failed_simulation_says_so() -> None:
    failed = replace(course(), failure="a number became infinite", progression=None)
    assert "The simulation failed: a number became infinite." in failed.story()
    assert json.loads(failed.to_json())["failure"] == "a number became infinite"


def test_unit_json_is_complete_and_standard() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = course("no treatment")
    data = json.loads(found.to_json(), parse_constant=refuse)
    assert [visit["day"] for visit in data["visits_made"]] == found.visit_day.tolist()
    assert data["progression"]["cause"]
    assert {clone["name"] for clone in data["clones"]} >= {"founding clone"}
    names = [lesion["name"] for lesion in data["lesions"]]
    assert all(list(clone["cells"]) == names for clone in data["clones"])


def test_unit_written_files_agree_with_the_course(tmp_path: Path) -> None:
    found = course("no treatment")
    folder = tmp_path / "anna"
    for _ in range(2):
        found.write(folder, also=lambda staged: (staged / "extra.txt").write_text("drawn"))
    names = {path.name for path in folder.iterdir()}
    assert names == {"story.txt", "course.json", "visits.csv", "clones.csv", "record.json", "extra.txt"}
    assert (folder / "story.txt").read_text(encoding="utf-8") == found.story() + "\n"
    with (folder / "visits.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == found.visit_day.size * len(found.lesions)
    assert [float(row["true_mm"]) for row in rows[: len(found.lesions)]] == [
        lesion.true_mm[0] for lesion in found.lesions
    ]
    record = read_record(folder)
    assert record.tables_sha256 == {name: file_sha256(folder / name) for name in ("clones.csv", "visits.csv")}


def test_unit_the_record_says_how_to_run_it_again(tmp_path: Path) -> None:
    found = course(seed=None)
    found.write(tmp_path / "anna")

    class Names:
        Patient = Patient
        simulate = staticmethod(simulate)

    again = eval(read_record(tmp_path / "anna").command, {"fs": Names})
    assert outcome(again) == outcome(found)


def test_unit_a_folder_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(StudyError):
        course().write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
