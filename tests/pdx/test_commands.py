"""`forestall pdx` from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.studies.pdx_data import COLUMNS, read_pdx


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        reader = csv.DictReader(stream)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        return list(reader)


def test_unit_a_prediction_reads_back_as_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "volumes.csv"
    assert run(["pdx", "predict", "--treatment", "LEE011 + everolimus", "--out", str(out)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "X-1004" in printed
    assert "everolimus has no single-agent arm" in printed
    rows = rows_of(out)
    assert {row["treatment"] for row in rows} == {"LEE011 + everolimus"}
    assert len({row["model"] for row in rows}) == 58
    assert len(read_pdx(tmp_path).arms) == 58
    assert "19 models have no volumes" in printed


def test_unit_raw_single_agents_take_the_models_that_have_them(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    words = [
        "--treatment",
        "lee011+BINIMETINIB  + paclitaxel",
        "--method",
        "bliss-raw",
        "--days",
        "0,21",
        "-q",
    ]
    assert run(["pdx", "predict", *words, "--out", str(out)]) == ExitCode.OK
    assert 30 < len({row["model"] for row in rows_of(out)}) <= 39
    assert {row["treatment"] for row in rows_of(out)} == {"LEE011 + binimetinib + paclitaxel"}


def test_unit_days_can_be_chosen(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    words = [
        "--models",
        "X-1004,X-1008",
        "--treatment",
        "alpelisib",
        "--days",
        "0,7.5,400",
        "--out",
        str(out),
        "-q",
    ]
    assert run(["pdx", "predict", *words]) == ExitCode.OK
    assert [float(row["day"]) for row in rows_of(out)] == [0, 7.5, 400] * 2


def test_unit_json_holds_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--models", "X-1004", "--treatment", "BYL719+LEE011", "--out", str(tmp_path / "p.csv"), "--json"]
    assert run(["pdx", "predict", *words]) == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert set(found["methods"]) == {"forestall", "hsa", "bliss"}
    change = {name: rows[0]["last_change"]["mean"] for name, rows in found["methods"].items()}
    assert change["bliss"] < change["forestall"] < change["hsa"]


def test_property_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"]
    for out, seed in zip(files, ("1", "1", "2"), strict=True):
        words = ["--models", "X-1004", "--treatment", "BYL719", "--seed", seed, "--out", str(out), "-q"]
        assert run(["pdx", "predict", *words]) == ExitCode.OK
    a, b, c = (out.read_bytes() for out in files)
    assert a == b
    assert a != c


def test_unit_a_calibration_is_made_and_used(
    synthetic_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, out = tmp_path / "fit.yaml", tmp_path / "p.csv"
    assert run(["pdx", "calibrate", "--data", str(synthetic_folder), "--out", str(made)]) == ExitCode.OK
    assert "60 single-agent and untreated arms" in capsys.readouterr().out
    words = ["--calibration", str(made), "--treatment", "BYL719 + paclitaxel", "--out", str(out), "-q"]
    assert run(["pdx", "predict", *words]) == ExitCode.OK
    assert len({row["model"] for row in rows_of(out)}) == 12


@pytest.mark.slow
def test_unit_the_report_recovers_the_synthetic_folder(
    synthetic_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    words = ["--data", str(synthetic_folder), "--out", str(out), "--trials", "1", "--json"]
    assert run(["pdx", "report", *words]) == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert {path.name for path in out.iterdir()} == {
        "record.json",
        "left_out.csv",
        "xenografts.svg",
        "xenografts.png",
    }
    # Effects are the same shares of growth in each model, and a mouse's slope is known within 2%.
    assert found["left_out_rate"]["rank_correlation"] > 0.95
    assert len(found["synthetic"]) == 15
    assert len(found["gains_in_change"]) == 2
    assert {item["compound"]: item["models"] for item in found["unseen_compounds"]} == {
        "BYL719": 12, "LEE011": 12, "paclitaxel": 12, "tamoxifen": 12,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--treatment", "BYL719 + ribociclip"], "did you mean 'ribociclib'"),
        (["--treatment", "BYL719", "--models", "X-104"], "did you mean"),
        (["--treatment", "BYL719", "--method", "blis"], "did you mean 'bliss'"),
        (["--treatment", "BYL719", "--days", "7,x"], "ascending numbers"),
        (["--treatment", "BYL719", "--days", "7,3"], "ascending numbers"),
        (["--treatment", "BYL719", "--data", "nowhere"], "no such data folder"),
        (["--treatment", "BYL719", "--calibration", "nowhere.yaml"], "there is no such file"),
        (["--treatment", "BYL719", "--data", "a", "--calibration", "b"], "exclude each other"),
        (["--treatment", "LEE011 + everolimus", "--method", "hsa-raw"], "no model has all arms"),
    ],
)
def test_unit_what_cannot_be_done_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.csv"
    assert run(["pdx", "predict", *words, "--out", str(out)]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.err.startswith("forestall: error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not out.exists()
