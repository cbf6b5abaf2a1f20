"""`forestall simulate`: what it prints and keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import forestall as fs
from forestall.cli.errors import ExitCode
from forestall.cli.main import run

ANNA = "patient: Anna\nher2: positive\ner: positive\nlesions:\n  - {site: liver, diameter: 32 mm}\n"


@pytest.fixture
def anna(tmp_path: Path) -> Path:
    """A patient file."""
    path = tmp_path / "anna.yaml"
    path.write_text(ANNA)
    return path


def test_unit_the_story_is_printed_and_everything_is_kept(
    anna: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "anna"
    words = ["simulate", str(anna), "--regimen", "trastuzumab q3w", "--for", "12 months", "--out", str(out)]
    assert run(words) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith("Anna is ")
    assert "for research only" in " ".join(printed.split())
    assert printed == (out / "story.txt").read_text()
    assert {"course.json", "course.png", "course.svg", "record.json"} <= {path.name for path in out.iterdir()}
    assert run(["rerun", str(out)]) == ExitCode.OK
    assert "all tables are identical" in capsys.readouterr().out


def test_unit_json_is_one_strict_object(anna: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert run(["simulate", str(anna), "-r", "trastuzumab q3w", "--for", "6 months", "--json"]) == ExitCode.OK
    printed = capsys.readouterr()
    assert json.loads(printed.out, parse_constant=refuse)["patient"]["patient"] == "Anna"
    assert printed.err == ""


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["-r", "trastuzumob q3w"], "trastuzumab"),
        (["-r", "trastuzumab q3w", "--for", "6 mg"], "duration"),
        (["-r", "trastuzumab q3w", "--for", "-1 month"], "duration"),
    ],
)
def test_unit_a_mistake_is_one_line(
    words: list[str], names: str, anna: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", str(anna), *words]) == ExitCode.REFUSED
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith("forestall: error: ")
    assert names in complaint


def test_unit_python_gives_the_same_course_with_a_figure(anna: Path) -> None:
    course = fs.simulate(fs.Patient.load(anna), "trastuzumab q3w", "12 months", seed=1)
    assert course.story().startswith("Anna is ")
    assert course.plot().axes
