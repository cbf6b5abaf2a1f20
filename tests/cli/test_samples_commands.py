"""`forestall biopsy`, `biopsy-design` and `why`: what they print and keep, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run

EVA = """\
patient: Eva
age: 58
her2: negative
er: positive
alterations: [PIK3CA_mut]
lesions:
  - {site: bone, diameter: 40 mm}
  - {site: liver, diameter: 30 mm}
"""


@pytest.fixture
def eva(tmp_path: Path) -> Path:
    """A patient file."""
    path = tmp_path / "eva.yaml"
    path.write_text(EVA)
    return path


def test_unit_biopsy_prints_tissue_and_blood(eva: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["biopsy", str(eva), "-r", "letrozole", "--for", "12 months", "--tissue", "baseline:all"]
    assert run([*words, "--blood", "16 weeks"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "PIK3CA_mut" in printed
    assert any(line.split()[:1] == ["112"] for line in printed.splitlines())
    assert "for research only" in " ".join(printed.split())
    assert max(len(line) for line in printed.splitlines()) <= 100


def test_unit_biopsy_json_is_strict(eva: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    words = ["biopsy", str(eva), "-r", "letrozole", "--for", "6 months", "--json", "--blood", "none"]
    assert run([*words, "--tissue", "baseline:liver", "--set", "biopsy.purity=0.8"]) == ExitCode.OK
    data = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert [sample["lesion"] for sample in data["samples"]] == ["liver"]
    assert data["study"] == "biopsy"


def test_unit_biopsy_keeps_a_course_that_can_be_run_again(
    eva: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "eva"
    words = ["biopsy", str(eva), "-r", "letrozole", "--for", "6 months", "--quiet", "--out", str(out)]
    assert run(words) == ExitCode.OK
    assert (out / "findings.maf").read_text().startswith("#version")
    assert run(["rerun", str(out)]) == ExitCode.OK
    assert "all tables are identical" in capsys.readouterr().out


def test_unit_why_prints_what_mattered(eva: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "why"
    assert run(["why", str(eva), "-r", "letrozole", "--for", "36 months", "--out", str(out)]) == ExitCode.OK
    printed = " ".join(capsys.readouterr().out.split())
    assert "Without PIK3CA mut" in printed
    assert {"why.csv", "without.csv", "why.png", "report.html"} <= {path.name for path in out.iterdir()}


def test_unit_biopsy_design_is_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["biopsy-design", "falcon", "--mechanism", "ESR1_mut", "--frequency", "0.2", "--patients", "200"]
    out = tmp_path / "design"
    assert run([*words, "--arm", "anastrozole", "--out", str(out)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "tissue (progressing)" in printed
    assert max(len(line) for line in printed.splitlines()) <= 100
    assert {"plans.csv", "design.json", "power.svg", "record.json"} <= {path.name for path in out.iterdir()}
    assert run([*words, "--arm", "anastrozole", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == json.loads((out / "design.json").read_text())
    assert run(["rerun", str(out)]) == ExitCode.OK
    assert "all tables are identical" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["biopsy", "{eva}", "-r", "letrozole", "--tissue", "baseline:spleen"], "liver"),
        (["biopsy", "{eva}", "-r", "letrozole", "--blood", "tomorow"], "baseline"),
        (["biopsy", "{eva}", "-r", "letrozole", "--set", "depth=3"], "parameter"),
        (["why", "{eva}", "-r", "letrozole", "--for", "6 weeks"], "did not progress"),
        (["biopsy-design", "falcon", "--mechanism", "ESR1", "--frequency", "0.2"], "ESR1_mut"),
        (["biopsy-design", "falcon", "--mechanism", "ESR1_mut", "--frequency", "20"], "frequency"),
        (["biopsy-design", "falcn", "--mechanism", "ESR1_mut", "--frequency", "0.2"], "falcon"),
    ],
)
def test_unit_a_mistake_is_one_line(
    words: list[str], names: str, eva: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([word.replace("{eva}", str(eva)) for word in words]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith("forestall: ")]
    assert len(lines) == 1
    assert names.casefold() in lines[0].casefold()
    assert "Traceback" not in printed.err
