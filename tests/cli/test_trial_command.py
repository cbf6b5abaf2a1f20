"""`forestall trial` and `forestall rerun`: what they print, what they leave behind, and what they survive."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run

SHORT = """
trial: SHORT
population: {her2: positive}
arms:
  control: trastuzumab q3w
  dual: trastuzumab + pertuzumab q3w
patients: 600
visits: every 9 weeks
follow_up: 9 months
published: CLEOPATRA
"""
TABLES = [f"{name}.{ending}" for name in ("adrs", "adsl", "adtr", "adtte") for ending in ("csv", "parquet")]
FOLDER = sorted([*TABLES, "figures", "record.json", "report.html", "why.csv"])
PATIENTS = ["--patients", "30"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trial file and the output of a run."""
    home = tmp_path_factory.mktemp("home")
    (home / "short.yaml").write_text(SHORT)
    _done("trial", str(home / "short.yaml"), *PATIENTS, "--out", str(home / "first"), "--quiet")
    return home


@pytest.fixture
def short(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trial file, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    return home / "short.yaml"


def _done(*arguments: str) -> None:
    assert run(arguments) == ExitCode.OK


def _bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def test_unit_the_folder_holds_tables_report_figures_and_record(home: Path) -> None:
    assert sorted(path.name for path in (home / "first").iterdir()) == FOLDER
    figures = {path.name for path in (home / "first" / "figures").iterdir()}
    assert {"pfs.svg", "pfs.png", "os.svg", "waterfall.svg", "swimmer.svg", "causes.svg"} <= figures
    record = json.loads((home / "first" / "record.json").read_text())
    assert record["command"] == f"forestall rerun {home / 'first'}"
    assert record["trial"]["trial"] == "SHORT"


def test_unit_nothing_is_left_beside_the_folder(home: Path) -> None:
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_unit_the_table_stands_on_stdout_and_the_stages_on_stderr(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _done("trial", str(short), *PATIENTS)
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("SHORT · 30 virtual patients · 2 arms · seed 1 · parameters:")
    assert lines[-1] == f"report: {Path('out') / 'short' / 'report.html'}"
    for start in ("control ", "dual ", "Hazard ratio PFS", "Why patients progressed (control / dual)"):
        assert any(line.startswith(start) for line in lines), start
    assert "following patients ...\n" in printed.err
    assert Path("out/short/report.html").is_file()


def test_unit_json_is_one_strict_object_and_nothing_else(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    _done("trial", str(short), *PATIENTS, "--json", "--replicates", "2")
    printed = capsys.readouterr()
    assert printed.err == ""
    payload = json.loads(printed.out, parse_constant=refuse)
    assert payload["trial"] == "SHORT"
    assert payload["replicates"] == 2
    assert payload["rerun"] == "forestall rerun out/short"


def test_unit_quiet_prints_nothing(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _done("trial", str(short), *PATIENTS, "-q")
    assert capsys.readouterr() == ("", "")


def test_unit_explain_defaults_runs_nothing(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _done("trial", str(short), "--explain-defaults")
    printed = capsys.readouterr().out
    assert "after_progression: trastuzumab" in printed
    assert "randomization: 1:1" in printed
    assert not Path("out").exists()


def test_property_the_number_of_workers_changes_no_byte(home: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        folder = str(tmp_path / workers)
        _done(
            "trial",
            str(home / "short.yaml"),
            "--patients",
            "600",
            "--workers",
            workers,
            "--out",
            folder,
            "-q",
        )
    assert _bytes(tmp_path / "1") == _bytes(tmp_path / "2")


def test_property_another_seed_changes_the_tables(home: Path, tmp_path: Path) -> None:
    _done("trial", str(home / "short.yaml"), *PATIENTS, "--seed", "2", "--out", str(tmp_path / "x"), "-q")
    assert _bytes(home / "first")["adtr.csv"] != _bytes(tmp_path / "x")["adtr.csv"]


def test_unit_rerun_finds_all_tables_identical(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _done("rerun", str(home / "first"), "--workers", "2", "--out", str(tmp_path / "again"))
    printed = capsys.readouterr().out
    assert printed.count(": identical") == len(TABLES)
    assert printed.endswith("all tables are identical\n")
    assert _bytes(tmp_path / "again") == _bytes(home / "first")


def test_unit_rerun_fails_if_a_table_differs(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((home / "first" / "record.json").read_text())
    record["tables_sha256"]["adtte.csv"] = "0" * 64
    record["versions"]["numpy"] = "1.0"
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert run(["rerun", str(tmp_path)]) == ExitCode.FAILED
    printed = capsys.readouterr().out
    assert "adtte.csv: DIFFERENT" in printed
    assert "numpy: 1.0 in the record" in printed
    assert "the tables differ" in printed


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (None, "no run record"),
        ("{", "cannot be read"),
        ('{"seed": 1}', "cannot be read"),
        ("[]", "cannot be read"),
    ],
)
def test_unit_rerun_refuses_what_is_no_record(
    record: str | None, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if record is not None:
        (tmp_path / "record.json").write_text(record)
    assert run(["rerun", str(tmp_path)]) == ExitCode.REFUSED
    complaint = capsys.readouterr().err
    assert word in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("make", "out"),
    [
        (lambda place: (place / "file").write_text("mine"), "file"),
        (lambda place: (place / "file").write_text("mine"), "file/inside"),
        (
            lambda place: (place / "full").mkdir() or (place / "full" / "thesis.txt").write_text("mine"),
            "full",
        ),
        (lambda _place: None, "."),
        (lambda _place: None, "/proc/no-such-folder"),
    ],
    ids=["a file", "below a file", "files of others", "the current folder", "not writable"],
)
def test_unit_a_folder_that_cannot_be_written_is_refused_before_the_run(
    make: Callable[[Path], object],
    out: str,
    short: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(["trial", str(short), "--out", out]) == ExitCode.REFUSED
    complaint = capsys.readouterr().err
    assert complaint.startswith("forestall: error: ")
    assert complaint.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_unit_an_exception_leaves_the_earlier_result_as_it_was(
    short: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _done("trial", str(short), *PATIENTS, "--out", "kept", "-q")
    before = _bytes(Path("kept"))

    def fail(*_: object) -> None:
        raise ZeroDivisionError("while drawing")

    monkeypatch.setattr("forestall.report.html.write_report", fail)
    for out in ("kept", "new"):
        assert run(["trial", str(short), *PATIENTS, "--seed", "2", "--out", out, "-q"]) == ExitCode.FAILED
    assert "while drawing" in capsys.readouterr().err
    assert _bytes(Path("kept")) == before
    assert [path.name for path in Path().iterdir()] == ["kept"]


def _start(short: Path, folder: Path) -> subprocess.Popen[bytes]:
    """A run, seen to be following patients."""
    command = [sys.executable, "-m", "forestall", "trial", str(short), "--out", "result", "-q"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 300
    while not list(folder.glob(".result.partial-*/adsl.csv.partial")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


def test_unit_ctrl_c_leaves_nothing(short: Path, tmp_path: Path) -> None:
    process = _start(short, tmp_path)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=120)
    assert time.monotonic() - begin < 5
    assert process.returncode == ExitCode.INTERRUPTED
    assert complaint == b"forestall: interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_unit_after_kill_9_the_same_command_works(short: Path, home: Path, tmp_path: Path) -> None:
    process = _start(short, tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "result").exists()
    assert list(tmp_path.glob(".result.partial-*"))
    _done("trial", str(short), "--out", "result", "-q")
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == FOLDER
