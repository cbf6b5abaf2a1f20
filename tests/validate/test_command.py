"""`forestall validate` from the command line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.studies.validation import shards

Writer = Callable[..., Path]
FILES = {
    "record.json", "validation.md", "validation.html", "calibration.svg", "calibration.png", "comparisons.csv", "rules.csv", "arms.csv",
    "curves.csv", "not_expressible.csv", "set_aside.csv", "defects.csv", "derivations.csv", "scores.csv", "differences.csv",
}  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def faulty(tables: Writer) -> Path:
    other = {"trial": "TWO", "arm_exp": "x", "arm_ctl": "y"}
    arms = [
        {"arm": "both", "drugs": "palbociclib;letrozole", "median_months": "24"},
        {"arm": "alone", "drugs": "letrozole", "median_months": "14"},
        {"trial": "TWO", "arm": "x", "drugs": "wonderdrug"},
        {"trial": "TWO", "arm": "y", "drugs": "letrozole"},
    ]
    faulty_row = {"endpoint": "OS", "hr_lo": "0.9", "hr_hi": "0.2"}
    return tables([{}, {"trial": "TWO"}], arms, [{}, other, faulty_row])


def test_unit_rules_alone_write_everything_and_simulate_nothing(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shards, "draw_sample", None)
    out = tmp_path / "out"
    assert (
        run(["validate", "--evidence", str(faulty(tables)), "--rules-only", "--out", str(out)]) == ExitCode.OK
    )
    assert {path.name for path in out.iterdir()} == FILES
    assert "no effect" in capsys.readouterr().out
    record = json.loads((out / "record.json").read_text())
    assert record["counts"]["comparisons_in_scope"] == 2
    assert record["counts"]["comparisons_simulated"] == 0
    assert set(record["evidence_sha256"]) == {"trials.csv", "arms.csv", "comparisons.csv"}
    (defect,) = rows_of(out / "defects.csv")
    assert (defect["file"], defect["line"], defect["column"]) == ("comparisons.csv", "4", "hr_lo")
    (missing,) = rows_of(out / "not_expressible.csv")
    assert "unknown drug: wonderdrug" in missing["reason"]
    page = (out / "validation.md").read_text()
    assert "comparisons.csv:4" in page
    assert "unknown drug: wonderdrug" in page
    assert (out / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_unit_the_same_tables_give_the_same_bytes(tables: Writer, tmp_path: Path) -> None:
    folder = faulty(tables)
    for name in ("a", "b"):
        assert (
            run(["validate", "--evidence", str(folder), "--rules-only", "-q", "--out", str(tmp_path / name)])
            == 0
        )
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_unit_explain_shows_each_rule_and_writes_nothing(
    tables: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["validate", "--evidence", str(faulty(tables)), "--explain", "--out", str(out)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "population.her2: negative  <- her2 'neg'" in printed
    assert "cataloged with the same drugs: palbociclib + letrozole (PALOMA-2)" in printed
    assert "visits: every 8 weeks  <- scan_interval_weeks '8'" in printed
    assert "not simulated: TWO: x against y, PFS: arm 'x': unknown drug: wonderdrug" in printed
    assert "comparisons.csv:4: hr_lo: the interval is inverted" in printed
    assert not out.exists()


def test_unit_the_html_page_shows_what_the_tables_said_and_runs_nothing_of_it(
    tables: Writer, tmp_path: Path
) -> None:
    folder = tables(trials=[{"her2": "<script>alert(1)</script>"}])
    out = tmp_path / "out"
    assert (
        run(["validate", "--evidence", str(folder), "--rules-only", "-q", "--out", str(out)]) == ExitCode.OK
    )
    page = (out / "validation.html").read_text()
    assert "HER2 status not understood: &lt;script&gt;" in page
    assert "<script" not in page
    assert "<svg" in page
    assert "http://" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page.split("<metadata>")[0])


def test_unit_documentation_is_written_with_its_figure_and_its_numbers(
    tables: Writer, tmp_path: Path
) -> None:
    page = tmp_path / "docs" / "validation.md"
    words = ["--rules-only", "-q", "--out", str(tmp_path / "out"), "--write-docs", str(page)]
    assert run(["validate", "--evidence", str(faulty(tables)), *words]) == ExitCode.OK
    assert "(images/validation.svg)" in page.read_text()
    assert [path.name for path in (tmp_path / "docs" / "images").iterdir()] == ["validation.svg"]
    numbers = json.loads((tmp_path / "docs" / "validation.json").read_text())
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    few = [one for one in record["scores"] if one["grouping"] == "endpoint"]
    assert 0 < len(few) < len(record["scores"])
    assert numbers["scores"] == few
    assert numbers["counts"] == record["counts"]


def test_unit_json_holds_scores(tables: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--rules-only", "--json", "--out", str(tmp_path / "out")]
    assert run(["validate", "--evidence", str(faulty(tables)), *words]) == ExitCode.OK
    data = json.loads(capsys.readouterr().out)
    assert data["scores"][0]["method"] == "no effect"


def test_unit_a_wrong_folder_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["validate", "--evidence", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]
    assert run(words) == ExitCode.REFUSED
    assert "evidence: there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_unit_the_curated_tables_take_seconds_by_rules(shared_evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(["validate", "--evidence", str(shared_evidence), "--rules-only", "-q", "--out", str(out)]) == 0
    record = json.loads((out / "record.json").read_text())
    scores = {one["method"]: one for one in record["scores"] if one["group"] == "PFS or TTP"}
    assert scores["no effect"]["comparisons"] == record["scores"][0]["comparisons"]
    assert scores["class average"]["comparisons"] >= 30


@pytest.mark.slow
def test_unit_virtual_patients_answer_a_comparison(tables: Writer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--patients", "160", "-q", "--out", str(out)]
    assert run(["validate", "--evidence", str(faulty(tables)), *words]) == ExitCode.OK
    rows = {row["trial"]: row for row in rows_of(out / "comparisons.csv")}
    assert float(rows["ONE"]["Forestall hr"]) > 0
    assert float(rows["ONE"]["prediction_low"]) < float(rows["ONE"]["prediction_high"])
    assert rows["TWO"]["Forestall hr"] == ""
    assert {row["measure"] for row in rows_of(out / "arms.csv")} == {"median"}
