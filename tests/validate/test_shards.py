"""Runs that are stopped and go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forestall.errors import StudyError
from forestall.knowledge.parameter_sets import in_use
from forestall.studies.validation import shards
from forestall.studies.validation.answers import Validation, validate
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.samples import Sample, load_sample, save_sample
from forestall.studies.validation.shards import Size

Writer = Callable[..., Path]


class Draws:
    """Draws samples, counts them, and stops the run after some."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.drawn: list[tuple[str, str, int]] = []
        self.stop_after = stop_after

    def __call__(self, plan: TrialPlan, seed: int, first: int, count: int) -> Sample:
        if count > 1:
            if self.stop_after is not None and len(self.drawn) >= self.stop_after:
                raise KeyboardInterrupt
            self.drawn.append((plan.trial, in_use().name, first))
        random = np.random.default_rng([seed, first])
        days = random.exponential(300, (1, len(plan.arms), count))
        true = np.ones(days.shape, np.bool_)
        return Sample(tuple(plan.arms), days, true, days, true, true.astype(float))


def several(tables: Writer) -> Path:
    names = ("ONE", "TWO", "THREE", "FOUR")
    arms = [
        {"trial": name, "arm": arm, "drugs": drugs, "median_months": median}
        for name, line in zip(names, "1234", strict=True)
        for arm, drugs, median in (("both", "palbociclib;letrozole", "24"), ("alone", "letrozole", "14"))
        if line
    ]
    trials = [{"trial": name, "line": line} for name, line in zip(names, "1234", strict=True)]
    return tables(trials, arms, [{"trial": name} for name in names])


def run(folder: Path, kept: Path, patients: int = 30, seed: int = 1) -> Validation:
    return validate(folder, size=Size(patients, 5, seed), shards=kept, workers=1, parameters="literature")


def ratios(found: Validation) -> list[float]:
    return [one.simulated.hr for one in found.compared if one.simulated]


def test_unit_a_stopped_run_loses_at_most_the_shard_that_it_was_at(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = several(tables), tmp_path / "shards"
    stopped = Draws(stop_after=2)
    monkeypatch.setattr(shards, "draw_sample", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(folder, kept)
    assert len(list(kept.iterdir())) == 2
    rest = Draws()
    monkeypatch.setattr(shards, "draw_sample", rest)
    resumed = ratios(run(folder, kept))
    assert len(rest.drawn) == 2
    assert not set(rest.drawn) & set(stopped.drawn)
    monkeypatch.setattr(shards, "draw_sample", Draws())
    assert resumed == ratios(run(folder, tmp_path / "afresh"))


def test_unit_nothing_is_run_twice_and_everything_if_an_input_changes(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = several(tables), tmp_path / "shards"
    draws = Draws()
    monkeypatch.setattr(shards, "draw_sample", draws)
    for _ in range(2):
        run(folder, kept)
    assert len(draws.drawn) == 4
    run(folder, kept, seed=2)
    assert len(draws.drawn) == 8
    run(folder, kept, patients=31)
    assert len(draws.drawn) == 12


def test_unit_trials_of_the_same_patients_and_arms_share_their_shards(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("ONE", "TWIN")
    arms = [
        {"trial": name, "arm": arm, "drugs": drugs, "median_months": median}
        for name in names
        for arm, drugs, median in (("both", "palbociclib;letrozole", "24"), ("alone", "letrozole", "14"))
    ]
    folder = tables([{"trial": name} for name in names], arms, [{"trial": name} for name in names])
    draws = Draws()
    monkeypatch.setattr(shards, "draw_sample", draws)
    first, second = ratios(run(folder, tmp_path / "shards"))
    assert first == second
    assert len(list((tmp_path / "shards").iterdir())) == 1


def test_unit_a_shard_that_cannot_be_read_is_removed_and_named(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = several(tables), tmp_path / "shards"
    monkeypatch.setattr(shards, "draw_sample", Draws())
    expected = ratios(run(folder, kept))
    broken = sorted(kept.iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(StudyError, match="run the command again"):
        run(folder, kept)
    assert ratios(run(folder, kept)) == expected


def test_property_processes_keep_the_same_samples_as_threads(
    tables: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = several(tables)
    one = kept_by(folder, tmp_path / "threads", 2)
    monkeypatch.setattr(shards, "_MANY", 4)
    two = kept_by(folder, tmp_path / "processes", 2)
    assert one == two
    assert len(one) == 4
    monkeypatch.setattr(shards, "draw_sample", Draws())
    assert kept_by(folder, tmp_path / "elsewhere", 2) == one, "other processes do not know the stand-in"


def kept_by(folder: Path, kept: Path, workers: int) -> dict[str, bytes]:
    validate(folder, size=Size(6, 5, 1), shards=kept, workers=workers, parameters="literature")
    return {path.name: path.read_bytes() for path in kept.iterdir()}


def test_unit_samples_survive_the_disk(tmp_path: Path) -> None:
    days = np.random.default_rng(1).exponential(300, (1, 2, 7))
    days[0, 0, 0] = np.nan
    sample = Sample(("a", "b"), days, days > 9, days, days > 5, days)
    save_sample(sample, tmp_path / "one.npz")
    again = load_sample(tmp_path / "one.npz")
    assert again is not None
    assert again.arms == sample.arms
    np.testing.assert_array_equal(again.pfs_days, days)
    np.testing.assert_array_equal(again.os_event, days > 5)
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]
