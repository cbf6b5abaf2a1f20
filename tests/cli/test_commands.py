"""What the commands print and leave behind, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.cli.progress import progress_on_stderr


@pytest.mark.parametrize("kind", ["trial", "patient"])
def test_oracle_jsonschema_accepts_the_schema(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", kind]) == ExitCode.OK
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"trial": "population", "patient": "lesions"}[kind] in schema["required"]


@pytest.mark.parametrize("word", ["cleopetra", "no-such-file.yaml"])
def test_unit_an_unknown_trial_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", word]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("forestall: error: ")
    assert printed.err.count("\n") == 1
    assert word in printed.err


def test_unit_a_refused_trial_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text("trial: BROKEN\npatients: many\n")
    assert run(["trial", "broken.yaml", "--out", "results"]) == ExitCode.REFUSED
    assert [path.name for path in tmp_path.iterdir()] == ["broken.yaml"]


def test_unit_progress_off_a_terminal_names_each_stage_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_stderr(silent=False) as progress:
        for done in range(3):
            progress("simulating", done, 3)
        progress("writing", 0, 0)
    assert capsys.readouterr().err == "simulating ...\nwriting ...\n"


def test_unit_silent_progress_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_stderr(silent=True) as progress:
        progress("simulating", 1, 3)
    assert capsys.readouterr() == ("", "")
