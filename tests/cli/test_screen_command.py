"""`forestall screen`, `forestall network simulate` and `forestall network export` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from forestall.cli.main import run

SCREEN = ["screen", "--context", "HER2+/ER+", "--drugs", "lapatinib,fulvestrant,palbociclib"]


def test_unit_a_screen_writes_tables_figures_and_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run([*SCREEN, "--genotypes", "wild type,PIK3CA_mut", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "3 drugs, 2 genotypes, 4 doses: 120 conditions" in printed
    assert "Ranked by Bliss" in printed
    assert {path.name for path in out.iterdir()} == {
        "combinations.csv", "single_agents.csv", "points.parquet", "record.json",
        "heatmap.png", "heatmap.svg", "pairs.png", "pairs.svg", "surface.png", "surface.svg",
    }  # fmt: skip
    assert pl.read_parquet(out / "points.parquet").height == 120
    assert pl.read_csv(out / "combinations.csv")["mechanism"].null_count() == 0
    assert json.loads((out / "record.json").read_text())["study"] == "screen"


def test_unit_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SCREEN, "--json", "--top", "2"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["combinations"]) == 2
    assert len(data["single_agents"]) == 3


def test_unit_single_agents_alone_are_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SCREEN, "--order", "1"]) == 0
    assert "gr50" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["screen", "--drugs", "lapatinib"], "--context is missing"),
        ([*SCREEN, "--growth", "Growth"], "--growth is only for models of others"),
        (
            ["screen", "--network", "x.bnet", "--drugs", "A", "--context", "ER+"],
            "--context is only for our own networks",
        ),
        (["screen", "--network", "x.xml", "--drugs", "k"], "needs --output and --until"),
        ([*SCREEN, "--ligand", "NRG1"], "takes NAME=NUMBER"),
        (
            ["network", "simulate", "missing.xml", "--until", "5"],
            "missing.xml: the file cannot be read: no such file",
        ),
        (
            ["network", "export", "breast", "x.xml", "--context", "ER+", "--layout", "tree"],
            "allowed: functions, rules",
        ),
    ],
)
def test_unit_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_unit_our_network_goes_out_and_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("roadrunner")
    file, table = tmp_path / "breast.xml", tmp_path / "course.csv"
    assert (
        run(["network", "export", "breast", str(file), "--context", "HER2+/ER+", "--drug", "lapatinib=1x"])
        == 0
    )
    simulate = [
        "network",
        "simulate",
        str(file),
        "--until",
        "10",
        "--points",
        "3",
        "--observe",
        "activity_AKT1,slow_ERBB3",
    ]
    assert run([*simulate, "--out", str(table)]) == 0
    assert "activity_AKT1" in capsys.readouterr().out
    assert pl.read_csv(table).columns == ["time", "activity_AKT1", "slow_ERBB3"]
    assert run([*simulate, "--json", "--set", "dose_lapatinib=0"]) == 0
    values = json.loads(capsys.readouterr().out)["values"]["slow_ERBB3"]
    assert values == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)
