"""A recorded run, repeated: the same bytes, or a list of what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forestall.errors import InputError
from forestall.studies import rerun as module
from forestall.studies.patient import Patient
from forestall.studies.record import RECORD_FILE, read_record, rerun_command
from forestall.studies.rerun import Rerun, rerun
from forestall.studies.simulate import simulate
from forestall.studies.trial import CHUNK, Trial

SOURCE: dict[str, Any] = {
    "trial": "RECORDED",
    "population": {"her2": "positive", "er_positive": "50%"},
    "arms": {"control": "trastuzumab q3w", "dual": "trastuzumab + pertuzumab q3w"},
    "randomization": "1:2",
    "patients": 30,
    "visits": [{"every": "6 weeks", "until": "3 months"}, {"every": "9 weeks"}],
    "follow_up": "6 months",
    "accrual": "2 months",
    "dropout": "5% per year",
    "after_progression": "lapatinib + capecitabine",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two replicates."""
    folder = tmp_path_factory.mktemp("runs") / "recorded"
    Trial.of(SOURCE).run(seed=11, patients=24, replicates=2, out=folder, workers=1)
    return folder


def test_property_a_run_can_be_repeated_bit_for_bit(folder: Path) -> None:
    again = rerun(folder, workers=2)
    assert len(again.tables) == 8
    assert again.identical
    assert again.changed == []


def test_property_chunks_change_no_byte(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHUNK > 24
    monkeypatch.setattr("forestall.studies.trial.CHUNK", 7)
    assert rerun(folder).identical


def test_unit_the_record_has_all_that_was_asked_for(folder: Path) -> None:
    record = read_record(folder)
    assert (record.seed, record.patients, record.replicates) == (11, 24, 2)
    assert record.trial == SOURCE
    assert record.command == f"forestall rerun {folder}"
    assert {"forestall", "python", "numpy", "numba"} <= set(record.versions)


def test_unit_a_run_that_is_not_kept_has_no_command_to_repeat_it() -> None:
    result = Trial.of({**SOURCE, "patients": 3}).run()
    assert result.record.command == ""
    assert result.to_frame("ADSL").height == 3


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("out/a", "forestall rerun out/a"),
        ("my runs", "forestall rerun 'my runs'"),
        ("$x", "forestall rerun '$x'"),
    ],
)
def test_unit_the_command_can_be_pasted_into_a_shell(folder: str, command: str) -> None:
    assert rerun_command(Path(folder)) == command


def test_unit_what_changed_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads((folder / RECORD_FILE).read_text())
    record["versions"]["numba"] = "0.1"
    record["tables_sha256"]["adsl.csv"] = "0" * 64
    (tmp_path / RECORD_FILE).write_text(json.dumps(record))
    monkeypatch.setattr(module, "knowledge_sha256", lambda: "other")
    again = rerun(tmp_path)
    assert not again.identical
    assert [name for name, same in again.tables.items() if not same] == ["adsl.csv"]
    assert any(line.startswith("numba: 0.1 in the record") for line in again.changed)
    assert any("knowledge files" in line for line in again.changed)


def test_unit_a_record_without_tables_is_never_identical() -> None:
    assert not Rerun({}, []).identical


def test_unit_the_repetition_cannot_replace_the_run(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match="would replace"):
        rerun(folder, out=folder)
    assert sorted(folder.rglob("*")) == before


def test_unit_a_record_with_another_trial_in_it_is_refused(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / RECORD_FILE).read_text())
    record["trial"] = {"trial": "RECORDED", "arms": {}}
    (tmp_path / RECORD_FILE).write_text(json.dumps(record))
    with pytest.raises(InputError):
        rerun(tmp_path)


def test_property_the_course_of_one_patient_can_be_repeated_too(tmp_path: Path) -> None:
    anna = Patient(
        patient="Anna", her2="positive", er="positive", lesions=[{"site": "liver", "diameter": "32 mm"}]
    )
    for seed in (3, None):
        folder = tmp_path / f"seed {seed}"
        simulate(anna, "trastuzumab q3w", "9 months", seed, visits="every 6 weeks").write(folder)
        again = rerun(folder, out=tmp_path / "again")
        assert set(again.tables) == {"clones.csv", "visits.csv"}
        assert again.identical
