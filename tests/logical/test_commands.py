"""The commands on networks that others published."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run

BNET = "targets, factors\nEGFR, EGF & !Drug\nERK, EGFR | ERK & !Drug\nDeath, !ERK\n"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "net.bnet"
    file.write_text(BNET)
    return file


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert run(["network", *arguments, "--json"]) == ExitCode.OK
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("engine", ["exact", "sliced", "async", "sync"])
def test_unit_run_with_perturbations(engine: str, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = ("--perturb", "EGF=1", "--perturb", "Drug=1", "--trajectories", "500", "--engine", engine)
    result = _json(capsys, "run", str(network), *held)
    assert isinstance(result, dict)
    assert result["nodes"] == {"Death": 1.0}
    assert result["states"] == {"Death": 1.0}
    free = _json(capsys, "run", str(network), "--perturb", "EGF=1", "--perturb", "Drug=0", "--engine", engine,
                 "--outputs", "ERK,Death")  # fmt: skip
    assert isinstance(free, dict)
    assert free["nodes"] == {"ERK": 1.0, "Death": 0.0}


def test_unit_run_prints_a_table_and_writes_the_course(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "course.parquet"
    words = [
        "run",
        str(network),
        "--initial",
        "all=0",
        "--initial",
        "EGF=0.25",
        "--time",
        "20",
        "--tick",
        "2",
    ]
    assert run(["network", *words, "--states", "ERK,Death", "--out", str(out)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "4 nodes" not in printed
    assert "5 nodes, 2 inputs" in printed
    assert "without a rule, and therefore inputs: EGF, Drug" in printed
    course = pl.read_parquet(out)
    assert course.columns[0] == "time"
    assert course["time"].to_list() == [2.0 * tick for tick in range(11)]
    assert abs(course["Death"][-1] - 0.75) < 0.03


def test_unit_perturb_ranks_and_writes_all_pairs(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs.csv"
    words = [
        "perturb",
        str(network),
        "--order",
        "2",
        "--perturb",
        "EGF=1",
        "--initial",
        "all=0",
        "--out",
        str(out),
    ]
    assert run(["network", *words, "--trajectories", "300"]) == ExitCode.OK
    assert "24 perturbations, 300 trajectories each" in capsys.readouterr().out
    table = pl.read_csv(out)
    assert len(table) == 24
    row = table.filter(pl.col("perturbation") == "ERK=1 Death=1").row(0, named=True)
    assert (row["node_1"], row["value_2"], row["Death"]) == ("ERK", 1, 1.0)


def test_unit_perturb_values_and_nodes(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = _json(
        capsys, "perturb", str(network), "--values", "1", "--nodes", "Drug,ERK", "--trajectories", "300"
    )
    assert isinstance(rows, list)
    assert [row["perturbation"] for row in rows] == ["Drug=1", "ERK=1"]
    assert [row["Death"] for row in rows] == [1.0, 0.0]


def test_unit_attractors(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("biodivine_aeon")
    found = _json(capsys, "attractors", str(network), "--perturb", "EGF=1", "--perturb", "Drug=0")
    assert found == [
        {"states": 1, "settled": {"EGFR": 1, "ERK": 1, "Death": 0, "EGF": 1, "Drug": 0}, "changing": []}
    ]


def test_unit_nodes_may_be_named_by_the_label_of_their_species(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("libsbml")
    plain, file = tmp_path / "plain.bnet", tmp_path / "net.sbml"
    plain.write_text("S_1, S_2\nS_2, S_2\nS_3, S_1\n")
    assert run(["network", "convert", str(plain), str(file), "--quiet"]) == ExitCode.OK
    for name, label in (("S_1", "ERK"), ("S_2", "MEK"), ("S_3", "MEK")):
        text = file.read_text().replace(f'qual:id="{name}"', f'qual:id="{name}" qual:name="{label}"')
        file.write_text(text)
    words = ["run", str(file), "--perturb", "S_2=1", "--outputs", "ERK", "--trajectories", "200"]
    assert _json(capsys, *words)["nodes"] == {"S_1": 1.0}  # type: ignore[index]
    assert run(["network", *words]) == ExitCode.OK
    assert "S_1 (ERK)" in capsys.readouterr().out
    assert run(["network", "perturb", str(file), "--nodes", "MEK"]) == ExitCode.REFUSED
    assert "several nodes have this label (got 'MEK'); name one of S_2, S_3" in capsys.readouterr().err


def test_unit_convert_says_what_is_lost(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["network", "convert", str(network), str(tmp_path / "a.bnd"), "--initial", "EGF=1"])
        == ExitCode.OK
    )
    assert (tmp_path / "a.cfg").read_text() == "EGF.istate = 1;\n"
    assert run(["network", "convert", str(tmp_path / "a.bnd"), str(tmp_path / "b.bnet")]) == ExitCode.OK
    assert "not written: initial states of EGF" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "{}", "--perturb", "ERKK=1"], "did you mean 'ERK' or"),
        (["run", "{}", "--perturb", "ERK=2"], "NODE=0 or NODE=1"),
        (["run", "{}", "--perturb", "ERK=1:1.5"], "0 to 1"),
        (["run", "{}", "--perturb", "ERK=1", "--perturb", "ERK=0"], "perturbed twice"),
        (["run", "{}", "--outputs", "nope"], "no such node"),
        (["run", "{}", "--engine", "fast"], "allowed: exact, async, sync, sliced"),
        (["run", "{}", "--initial", "ERK=2"], "NODE=0, 1, 0.3 or random"),
        (["run", "{}", "--out", "x.xls"], "allowed: .csv, .parquet"),
        (["run", "{}", "--engine", "sliced", "--averaged"], "use --engine exact"),
        (["run", "{}", "--engine", "sliced", "--from", "2"], "use --engine exact"),
        (["run", "nothing.bnet"], "cannot be read"),
        (["perturb", "{}", "--order", "4"], "--order"),
        (["perturb", "{}", "--values", "2"], "0 or at 1"),
        (["convert", "{}", "out.doc"], "the suffix names no known format"),
    ],
)
def test_unit_wrong_options_are_one_line(
    words: list[str], says: str, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["network", *(word.format(network) for word in words)]) == ExitCode.REFUSED
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert says in printed
