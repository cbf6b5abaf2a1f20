"""Sensitivity of trials whose dependence is known."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.knowledge.parameter_sets import in_use
from forestall.studies.sensitivity.choice import chosen_trial
from forestall.studies.sensitivity.coordinates import RANGE, Coordinate, coordinates
from forestall.studies.sensitivity.morris import elementary_effects, trajectories
from forestall.studies.sensitivity.sobol import decompose
from forestall.studies.validation import shards
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.ensemble import parameters_for
from forestall.studies.validation.samples import Sample

MOVES = "tolerance.entry_rate"


def three() -> list[Coordinate]:
    return [Coordinate(name, {name: 1.0}, False, 1.0) for name in ("a", "b", "c")]


def test_oracle_elementary_effects_of_a_line_are_its_slopes() -> None:
    """Over the range of 2 RANGE standard deviations; sigma is zero for a line."""
    points = trajectories(three(), 5, 1)
    effects, used = elementary_effects(three(), points, points @ np.array([1.0, -3.0, 0.0]), 1)
    assert used == 5
    assert [effect.name for effect in effects] == ["b", "a", "c"]
    assert effects[0].mean == pytest.approx(-6 * RANGE)
    assert effects[1].mean_absolute == pytest.approx(2 * RANGE)
    assert effects[2].mean_absolute == pytest.approx(0, abs=1e-9)
    assert all(effect.spread == pytest.approx(0, abs=1e-9) for effect in effects)


def test_oracle_sobol_indices_of_a_polynomial_are_its_variances() -> None:
    """Of 2a + b + ab: variances 4, 1 and 1 of 6; the surrogate is of the same form and sees no noise."""
    deviates = np.random.default_rng(1).normal(size=(200, 3))
    a, b, _ = deviates.T
    found = decompose(three(), deviates, 2 * a + b + a * b, "result", 1024, 1)
    assert found is not None
    assert found.explained == pytest.approx(1, abs=0.01)
    assert [index.name for index in found.indices] == ["a", "b", "c"]
    assert [index.first.value for index in found.indices] == pytest.approx([4 / 6, 1 / 6, 0], abs=0.05)
    assert [index.total.value for index in found.indices] == pytest.approx([5 / 6, 2 / 6, 0], abs=0.05)


def test_unit_a_surrogate_of_chance_explains_nothing_and_of_too_few_runs_is_none() -> None:
    random = np.random.default_rng(2)
    found = decompose(three(), random.normal(size=(80, 3)), random.normal(size=80), "result", 64, 1)
    assert found is not None
    assert found.explained < 0.1
    assert decompose(three(), random.normal(size=(10, 3)), random.normal(size=10), "result", 64, 1) is None


def test_unit_a_sample_that_is_no_power_of_two_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["sensitivity", "cleopatra", "--sobol", "60"]) == ExitCode.REFUSED
    assert "--sobol" in capsys.readouterr().err


def test_unit_a_trajectory_with_a_missing_result_is_left_out() -> None:
    points = trajectories(three(), 4, 1)
    results = points.sum(axis=1)
    results[5] = math.nan
    assert elementary_effects(three(), points, results, 1)[1] == 3
    assert elementary_effects(three(), points, np.full(len(points), math.nan), 1) == ([], 0)


def test_unit_numbers_move_on_their_scale() -> None:
    rate = Coordinate("r", {"r": 2.0, "s": 4.0}, False, 0.5)
    assert rate.values(2.0) == pytest.approx({"r": 2 * math.e, "s": 4 * math.e})
    share = Coordinate("p", {"p": 0.5}, True, 1.0)
    assert share.values(1.0)["p"] == pytest.approx(1 / (1 + math.exp(-1)))


def test_unit_only_numbers_that_the_trial_can_depend_on_are_moved() -> None:
    plan, contrast = chosen_trial("cleopatra")
    assert (contrast.experimental, contrast.control) == ("dual", "control")
    names = {one.name for one in coordinates(plan, parameters_for("literature"))}
    assert "growth.doubling_time.her2_positive" in names
    assert "growth.doubling_time.triple_negative" not in names
    assert not any("cdk46" in name or "palbociclib" in name for name in names)


def known(plan: TrialPlan, seed: int, first: int, count: int) -> Sample:
    """Times whose ratio depends on one number alone."""
    random = np.random.default_rng(seed)
    shift = math.log(in_use().values.get(MOVES, 1e-3))
    rates = np.array([math.exp(0.3 * shift) if place else 1.0 for place in range(len(plan.arms))])
    days = random.exponential(300, count)[None, None] / rates[None, :, None]
    event = np.ones(days.shape, np.bool_)
    return Sample(tuple(plan.arms), days, event, days, event, event.astype(np.float64))


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "draw_sample", known)


@pytest.mark.usefixtures("simulator")
def test_oracle_the_command_finds_the_number_that_moves_the_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--parameters", "literature", "--trajectories", "3", "--patients", "40", "--out", str(out)]
    assert run(["sensitivity", "paloma-2", *words]) == ExitCode.OK
    with (out / "effects.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["quantity"] == "log hazard ratio"]
    assert rows[0]["number"] == MOVES
    assert float(rows[0]["mean_absolute_effect"]) > 5 * float(rows[1]["mean_absolute_effect"])
    assert f"log hazard ratio moves with: {MOVES}" in capsys.readouterr().out
    assert (out / "sensitivity.png").read_bytes().startswith(b"\x89PNG")
    assert "persisters" in (out / "sensitivity.md").read_text()
    with (out / "sobol.csv").open(newline="") as stream:
        top = next(row for row in csv.DictReader(stream) if row["quantity"] == "log hazard ratio")
    assert top["number"] == MOVES
    assert float(top["total"]) > 0.8
    record = json.loads((out / "record.json").read_text())
    assert record["trajectories_used"]["log hazard ratio"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [(["nowhere"], "nowhere"), (["paloma-2", "--parameters", "wishful"], "no such parameters")],
)
def test_unit_wrong_names_are_one_clear_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sensitivity", *words]) == ExitCode.REFUSED
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
