"""`forestall screen --patient` and `--cohort`: what combinations cure, and how wrong files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forestall.cli.main import run
from forestall.engine.branching.simulate import CHUNK
from forestall.errors import InputError
from forestall.studies.anticipate.files import subject_from_file, subjects_of_cohort
from forestall.studies.anticipate.regimens import MOST_REGIMENS, regimens_of
from forestall.studies.anticipate.run import Answer, Question, anticipate, pooled

TUMOR = """\
tumor: two drugs
birth: 0.14/day
death: 0.13/day
lesions: [1.0e+9]
alterations:
  resists A: {probability: 5.0e-8, resists: {A: full}}
  resists B: {probability: 5.0e-8, resists: {B: full}}
drugs:
  A: {kill: 0.04/day}
  B: {kill: 0.04/day}
combined: strongest
"""
SHARED = TUMOR.replace(
    "drugs:\n", "  resists both: {probability: 1.0e-9, resists: {A: full, B: full}}\ndrugs:\n"
)


@pytest.fixture
def tumor(tmp_path: Path) -> Path:
    path = tmp_path / "tumor.yaml"
    path.write_text(TUMOR)
    return path


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    path = tmp_path / "shared.yaml"
    path.write_text(SHARED)
    return path


def by_name(answers: list[Answer]) -> dict[str, Answer]:
    return {answer.regimen.name: answer for answer in answers}


@pytest.mark.slow
def test_oracle_together_cures_and_in_turn_fails(tumor: Path) -> None:
    """Bozic and others 2013, figure 5: together 99.9%, in turn none; 1,000 tumors, within 4.9 standard errors."""
    answers = by_name(anticipate(subject_from_file(tumor, ["all"]), Question(tumors=1000)))
    assert answers["A + B"].cured == pytest.approx(0.999, abs=4.9 * 0.001 + 5e-4)
    assert not answers["A + B"].singles
    for name in ("A", "B", "A, then B", "B, then A"):
        assert answers[name].cured == 0.0
    assert answers["A, then B"].remaining[0] == ("resists A + resists B", 1.0)


@pytest.mark.slow
def test_oracle_one_shared_alteration_defeats_the_pair(shared: Path) -> None:
    """The same paper: 26.3% cured together, none in turn, of which 73.7% by the shared mutation; 1,000 tumors."""
    answers = by_name(anticipate(subject_from_file(shared, ["all"]), Question(tumors=1000)))
    together, in_turn = answers["A + B"], answers["A, then B"]
    assert together.cured == pytest.approx(0.263, abs=4.9 * 0.014)
    assert together.singles == ("resists both",)
    assert dict(together.remaining)["resists both"] == pytest.approx(0.737, abs=4.9 * 0.014)
    assert in_turn.cured == 0.0
    assert dict(in_turn.remaining)["resists both"] == pytest.approx(0.737, abs=4.9 * 0.014)


def test_property_the_answer_does_not_depend_on_workers(tumor: Path) -> None:
    """Two chunks, one after the other and at once."""
    subject = subject_from_file(tumor, ["A", "B"])
    one, three = (anticipate(subject, Question(1, CHUNK + 200, workers=workers)) for workers in (1, 3))
    assert one == three


def test_unit_a_cohort_is_the_mean_of_its_members(tmp_path: Path, tumor: Path, shared: Path) -> None:
    path = tmp_path / "cohort.yaml"
    path.write_text("cohort: both\nmembers: [tumor.yaml, shared.yaml]\n")
    name, subjects = subjects_of_cohort(path, ["all"])
    answers = [anticipate(subject, Question(tumors=40)) for subject in subjects]
    mean = by_name(pooled(answers, name))["A + B"]
    parts = [by_name(each)["A + B"].cured for each in answers]
    assert mean.cured == pytest.approx(sum(parts) / 2)
    assert mean.tumors == 80
    assert mean.singles == ("resists both",)


def test_unit_the_command_prints_and_writes(
    tumor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "screen",
        "--patient",
        str(tumor),
        "--drugs",
        "all",
        "--tumors",
        "20",
        "--out",
        str(tmp_path / "out"),
    ]
    assert run(words) == 0
    text = capsys.readouterr().out
    assert "A + B: together cures" in text
    assert (tmp_path / "out" / "regimens.csv").read_text().startswith("subject,regimen,drugs")
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["regimens"][0]["regimen"] == "A + B"
    assert {row["regimen"] for row in found["regimens"]} == {"A", "B", "A + B", "A, then B", "B, then A"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("birth: 0.14/day", "birth: 0.12/day", ["birth", "above death"]),
        ("birth: 0.14/day", "birth: 0.14 kg", ["birth", "kg"]),
        ("birth: 0.14/day", "birth: nan", ["birth"]),
        ("lesions: [1.0e+9]", "lesions: [0.5]", ["lesions"]),
        ("lesions: [1.0e+9]", "lesions: []", ["lesions"]),
        ("{A: full}", "{C: full}", ["'C'", "among the drugs"]),
        ("{A: full}", "{A: none}", ["'full'"]),
        ("probability: 5.0e-8, resists: {A", "probability: 1.5, resists: {A", ["probability"]),
        ("combined: strongest", "combined: best", ["combined"]),
        ("combined: strongest", "capacity: 2.0e+9", ["cannot grow"]),
        ("combined: strongest", "colour: red", ["colour"]),
    ],
)
def test_unit_wrong_files_are_refused_in_one_line(
    tumor: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: list[str]
) -> None:
    assert old in TUMOR
    tumor.write_text(TUMOR.replace(old, new))
    assert run(["screen", "--patient", str(tumor), "--drugs", "all"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "tumor.yaml" in line
    for word in words:
        assert word in line


def test_unit_wrong_options_are_refused(tumor: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, word in (
        (["--drugs", "A,C"], "'C'"),
        (["--drugs", "all", "--at", "20 years"], "horizon"),
        (["--drugs", "all", "--cohort", str(tumor)], "not both"),
        (["--drugs", "all", "--context", "HER2+/ER+"], "--context is only for networks"),
        (["--drugs", "all", "--until", "3"], "--until is only for networks"),
    ):
        assert run(["screen", "--patient", str(tumor), *more]) == 2
        assert word in capsys.readouterr().err
    assert run(["screen", "--cohort", str(tumor), "--drugs", "all"]) == 2
    assert run(["screen", "--context", "HER2+/ER+", "--drugs", "lapatinib", "--workers", "2"]) == 2
    assert "--workers is only for patients" in capsys.readouterr().err
    assert run(["screen", "--patient", str(tumor.parent / "none.yaml"), "--drugs", "all"]) == 2


def test_unit_too_many_regimens_are_refused() -> None:
    drugs = [f"d{i}" for i in range(30)]
    assert len(regimens_of(drugs[:3], 3)) == 3 + 3 * 3 + 7
    assert len(regimens_of(drugs, 2)) == 30 + 3 * 435
    with pytest.raises(InputError, match=f"more than {MOST_REGIMENS}"):
        regimens_of(drugs, 3)


def test_unit_a_patient_of_another_disease_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "patient.yaml"
    path.write_text("disease: cml\nlesions: [{site: marrow, diameter: 50 mm}]\n")
    assert run(["screen", "--patient", str(path), "--drugs", "imatinib"]) == 2
    assert "patient.yaml:1: disease: patients of other diseases cannot be screened" in capsys.readouterr().err
