"""Calibration against worlds whose truth is known: a stand-in for the simulator, published tables drawn from it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.calibration.predictions import drawn, log_hazard_ratio, median_months, share_at
from forestall.studies.calibration.prepared import Calibration, prepare
from forestall.studies.calibration.recovery import recover
from forestall.studies.calibration.recovery_results import coverage, uniformity, write_recovery
from forestall.studies.calibration.results import write_ensemble, write_results
from forestall.studies.calibration.run import calibrate, posterior, run_waves
from forestall.studies.calibration.shards import Design, Shard
from forestall.studies.calibration.spec import CalibrationSpec, numbers, unknowns
from forestall.studies.validation.derivation import DAYS_PER_MONTH

from .synthetic import ARMS, SHIPPED_PARTS, SPEC, calibrated, publish, stand_in

pytest.importorskip("iterative_ensemble_smoother")


@pytest.mark.slow
def test_property_intervals_of_90_percent_hold_the_truth_in_85_to_95_percent(tmp_path: Path) -> None:
    """Truths drawn from the prior, 20 worlds x 8 unknowns. A binomial share of 0.9 of 160 (taken as independent, which they nearly
    are) lies within 0.85 to 0.95 with probability 0.97.
    """
    rng = np.random.default_rng(11)
    held, errors, narrower = [], [], []
    for world in range(20):
        deviates = rng.normal(size=len(unknowns(SPEC)))
        members = calibrated(tmp_path, deviates, world, SHIPPED_PARTS).posterior[None]
        low, high = np.quantile(members, (0.05, 0.95), axis=0)
        held += list((low <= deviates) & (deviates <= high))
        errors += list(np.median(members, axis=0) - deviates)
        narrower += list(members.std(axis=0))
    assert 0.85 <= np.mean(held) <= 0.95
    assert np.sqrt(np.mean(np.square(errors))) < 0.6
    assert np.mean(narrower) < 0.6


@pytest.fixture(scope="module")
def waved(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """A calibration whose waves are simulated, the first with many sets: worlds are learned from that alone."""
    folder = tmp_path_factory.mktemp("waves")
    spec = SPEC.model_copy(update={"members": (240, 20)})
    calibration = prepare(spec, publish(folder / "evidence", numbers(unknowns(spec), np.zeros(8)), 3))
    run_waves(calibration, folder / "shards", simulator=stand_in, workers=2)
    return calibration


@pytest.mark.slow
def test_property_worlds_of_the_simulator_are_recovered(waved: Calibration, tmp_path: Path) -> None:
    """As above, with the command's own worlds. Uniform ranks give a P value below 0.001 once in a thousand studies."""
    found = recover(waved, tmp_path, worlds=20, patients=400, simulator=stand_in)
    assert found.truth.shape == (20, 8)
    assert 0.85 <= coverage(found).value <= 0.95
    assert uniformity(found) > 0.001
    assert 1 - found.spread.mean() > 0.3


@pytest.mark.slow
def test_property_a_truth_that_is_not_that_of_the_evidence_is_not_held(
    waved: Calibration, tmp_path: Path
) -> None:
    found = recover(waved, tmp_path, worlds=20, patients=400, simulator=stand_in)
    other = np.roll(found.truth, 1, axis=0)
    low, high = found.median - 1.645 * found.spread, found.median + 1.645 * found.spread
    assert ((low <= other) & (other <= high)).mean() < 0.75


def test_unit_sets_of_the_calibration_are_worlds_that_their_emulator_has_not_seen(
    waved: Calibration, tmp_path: Path
) -> None:
    found = recover(waved, tmp_path, worlds=3, patients=0)
    assert found.truth == pytest.approx(np.stack([waved.deviates[number] for number in range(3)]))
    assert found.patients == SPEC.patients
    assert np.isfinite(found.rank).all()
    write_recovery(found, tmp_path)
    assert len((tmp_path / "recovery.csv").read_text().splitlines()) == 9


def test_unit_more_folds_than_trials_leave_each_trial_out_alone(waved: Calibration, tmp_path: Path) -> None:
    spec = waved.spec.model_copy(update={"folds": 50, "kept_in_folds": 12})
    one = replace(waved, spec=spec, posterior={})
    calibrate(one, tmp_path, simulator=stand_in)
    assert len(one.folds) == len(set(one.fold_of)) == len(ARMS)
    write_ensemble([one], tmp_path, command="test", spec_sha256="0", curves_sha256=None)
    with (tmp_path / f"{spec.name}.csv").open() as stream:
        rows = Counter(row["fold"] for row in csv.DictReader(stream))
    assert rows == {"all": spec.kept + 1, **{str(fold): 13 for fold in one.folds}}


def test_unit_a_fold_that_leaves_out_everything_knows_what_the_prior_knows(waved: Calibration) -> None:
    assert np.array_equal(posterior(waved, []), waved.prior())


def test_property_worlds_need_no_more_than_the_first_wave(waved: Calibration, tmp_path: Path) -> None:
    count = waved.spec.members[0]
    first = replace(
        waved,
        spec=waved.spec.model_copy(update={"members": (count,)}),
        deviates={number: row for number, row in waved.deviates.items() if number < count},
        shards={key: shard for key, shard in waved.shards.items() if key[0] < count},
        emulators={},
        posterior={},
    )
    whole, alone = (recover(one, tmp_path, worlds=3, patients=0) for one in (waved, first))
    assert np.array_equal(whole.rank, alone.rank)
    assert whole.emulator == alone.emulator


def test_unit_medians_ratios_and_shares_of_exponential_curves() -> None:
    days = np.arange(1, 40) * 30.0
    rate = np.array([0.05, 0.1])
    free = np.exp(-rate[:, None] * days / DAYS_PER_MONTH)
    assert median_months(days, free) == pytest.approx(np.log(2) / rate, rel=1e-6)
    assert log_hazard_ratio(free[1:], free[:1]) == pytest.approx(math.log(2), rel=1e-6)
    assert share_at(days, free, 7.3) == pytest.approx(np.exp(-rate * 7.3), rel=1e-6)


def test_unit_progression_is_drawn_half_a_visit_after_it_happened() -> None:
    """Over visits that fall differently for the times, the median that a trial finds is that of its curve on average."""
    days = np.arange(1, 40) * 42.0
    one = SimpleNamespace(times=tuple(days), endpoint="PFS")
    gaps = []
    for rate in np.linspace(0.002, 0.008, 200):
        free = np.exp(-rate * days)[None]
        found = days[(free[0] <= 0.5).argmax()]
        gaps.append(median_months(*drawn(one, free))[0] * DAYS_PER_MONTH - found)
        assert abs(gaps[-1]) <= 21.5
    assert abs(np.mean(gaps)) < 3
    assert share_at(*drawn(one, free), 20 / DAYS_PER_MONTH)[0] == 1
    assert np.array_equal(drawn(SimpleNamespace(times=tuple(days), endpoint="OS"), free)[1], free)


def test_property_a_stopped_calibration_goes_on_from_its_shards(tmp_path: Path) -> None:
    deviates = np.zeros(len(unknowns(SPEC)))
    first = calibrated(tmp_path, deviates, 1)
    again = prepare(SPEC, tmp_path / "evidence-1")
    done: list[str] = []

    def counted(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
        done.append(one.name)
        return stand_in(one, parameters, seed, patients)

    victims = sorted((tmp_path / "shards-1").rglob("*.npz"))[:3]
    victims[0].unlink()
    victims[1].write_bytes(victims[1].read_bytes()[:-9])
    calibrate(again, tmp_path / "shards-1", simulator=counted)
    assert len(done) == 2
    assert np.array_equal(first.posterior[None], again.posterior[None])


SMALL = SPEC.model_copy(
    update={"members": (20, 10), "patients": 30, "ensemble": 100, "kept": 50, "folds": 2, "assimilations": 2}
)


def written(evidence: Path, out: Path, workers: int, *, stopped_after: int | None = None) -> dict[str, bytes]:
    """Every file that a calibration writes; stopped once and taken up again if that is asked."""
    out.mkdir()
    if stopped_after is not None:
        left = iter(range(stopped_after))

        def stopping(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
            if next(left, None) is None:
                raise RuntimeError("stopped")
            return stand_in(one, parameters, seed, patients)

        with pytest.raises(RuntimeError, match="stopped"):
            calibrate(prepare(SMALL, evidence), out / "shards", simulator=stopping, workers=workers)
    calibration = prepare(SMALL, evidence)
    calibrate(calibration, out / "shards", simulator=stand_in, workers=workers)
    write_ensemble([calibration], out, command="test", spec_sha256="0" * 64, curves_sha256=None)
    write_results([calibration], out)
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_property_the_files_of_a_calibration_depend_neither_on_workers_nor_on_being_stopped(
    tmp_path: Path,
) -> None:
    evidence = publish(tmp_path / "evidence", numbers(unknowns(SPEC), np.zeros(len(unknowns(SPEC)))), 1)
    once = written(evidence, tmp_path / "once", 1)
    assert set(once) == {
        "synthetic.yaml",
        "synthetic.csv",
        "predictions.csv",
        "identifiability.csv",
        "summary.json",
        "record.json",
    }
    record = json.loads(once["record.json"])
    assert record["seed"] == SMALL.seed
    assert CalibrationSpec.model_validate(record["specification"]) == SMALL
    assert {"numpy", "forestall", "iterative_ensemble_smoother"} <= set(record["versions"])
    for name, hashed in record["files_sha256"].items():
        assert hashlib.sha256(once[name]).hexdigest() == hashed
    for row in csv.DictReader(io.StringIO(once["identifiability.csv"].decode())):
        assert float(row["posterior_median"]) == float(f"{float(row['posterior_median']):.5g}")
    assert written(evidence, tmp_path / "two", 2) == once
    assert written(evidence, tmp_path / "stopped", 1, stopped_after=50) == once


WIDER = {name: prior.model_copy(update={"sd": 0.6}) for name, prior in SPEC.parameters.items()}


@pytest.mark.parametrize("change", [{"patients": 99}, {"seed": 6}, {"parameters": WIDER}])
def test_unit_shards_of_another_specification_are_not_taken(
    tmp_path: Path, change: dict[str, object]
) -> None:
    calibrated(tmp_path, np.zeros(len(unknowns(SPEC))), 1)
    other = prepare(SPEC.model_copy(update=change), tmp_path / "evidence-1")
    done: list[str] = []

    def counted(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
        done.append(one.name)
        return stand_in(one, parameters, seed, patients)

    calibrate(other, tmp_path / "shards-1", simulator=counted)
    assert len(done) == sum(SPEC.members) * len(ARMS)
