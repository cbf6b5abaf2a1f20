"""`import forestall as fs`: as short as the command, and the same result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import forestall as fs
from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.kernel_cache import VARIABLE
from forestall.studies.compilation import COMPILING

SOURCE: dict[str, Any] = {
    "trial": "PYTHON",
    "population": {"her2": "positive"},
    "arms": {"control": "trastuzumab q3w", "dual": "trastuzumab + pertuzumab q3w"},
    "patients": 20,
    "visits": "every 9 weeks",
    "follow_up": "6 months",
}


def test_unit_the_report_of_a_result_is_the_folder_of_the_command(tmp_path: Path) -> None:
    import yaml

    (tmp_path / "trial.yaml").write_text(yaml.safe_dump(SOURCE, sort_keys=False))
    assert run(["trial", str(tmp_path / "trial.yaml"), "--out", str(tmp_path / "one"), "-q"]) == ExitCode.OK
    page = fs.Trial.of(SOURCE).run().report(tmp_path / "two")
    assert page == tmp_path / "two" / "report.html"
    one, two = (
        {path.relative_to(tmp_path / name): path for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("one", "two")
    )
    assert one
    assert set(one) == set(two)
    for name, path in one.items():
        expected = path.read_text() if path.suffix in (".html", ".json") else path.read_bytes()
        if isinstance(expected, str):
            assert two[name].read_text() == expected.replace(str(tmp_path / "one"), str(tmp_path / "two")), (
                name
            )
        else:
            assert two[name].read_bytes() == expected, name


def test_unit_a_result_that_was_written_reads_its_tables_there(tmp_path: Path) -> None:
    result = fs.Trial.of(SOURCE).run(out=tmp_path / "out")
    assert result.folder == tmp_path / "out"
    assert result.to_frame("adsl").height == 20
    assert set(result.to_frame("ADTTE")["PARAMCD"]) >= {"PFS", "OS"}
    assert (tmp_path / "out" / "report.html").is_file()
    with pytest.raises(fs.InputError, match="no such table"):
        result.to_frame("ADAE")


def test_unit_provenance_and_citations_are_there() -> None:
    result = fs.Trial.of(SOURCE).run(patients=4)
    assert len(result.citations()) > 20
    assert {"name", "value", "unit", "status", "source"} <= set(result.provenance().columns)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"patients": 0}, "patients"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"replicates": 0}, "replicates"),
    ],
)
def test_unit_a_number_that_is_too_small_is_refused(change: dict[str, int], word: str) -> None:
    with pytest.raises(fs.InputError, match=word):
        fs.Trial.of(SOURCE).run(**change)  # type: ignore[arg-type]


def test_unit_simulating_never_loads_what_draws() -> None:
    code = "import sys, forestall as fs; fs.Trial; fs.simulate; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_unit_the_first_run_says_that_it_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for _ in range(2):
        fs.Trial.of(SOURCE).run(patients=4)
    assert capsys.readouterr() == ("", f"{COMPILING} ...\n")
