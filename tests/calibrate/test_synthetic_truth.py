"""Calibration against worlds whose truth is known: a stand-in for the simulator, published tables drawn from it."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from forestall.clinic.response import parameter_word
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.knowledge.response_classes import response_class_of
from forestall.studies.calibration.predictions import drawn, log_hazard_ratio, median_months, share_at
from forestall.studies.calibration.prepared import Calibration, prepare
from forestall.studies.calibration.recovery import recover
from forestall.studies.calibration.recovery_results import coverage, uniformity, write_recovery
from forestall.studies.calibration.results import write_ensemble, write_results
from forestall.studies.calibration.run import calibrate, posterior, run_waves
from forestall.studies.calibration.shards import Design, Shard
from forestall.studies.calibration.spec import CalibrationSpec, Unknown, load_spec, unknowns
from forestall.studies.validation.derivation import DAYS_PER_MONTH

pytest.importorskip("iterative_ensemble_smoother")

ARMS = {
    "A1": ("letrozole", "palbociclib;letrozole"),
    "A2": ("letrozole", "fulvestrant"),
    "A3": ("fulvestrant", "palbociclib;fulvestrant"),
    "A4": ("letrozole", "everolimus;letrozole"),
    "A5": ("exemestane", "everolimus;exemestane"),
    "A6": ("docetaxel", "capecitabine;docetaxel"),
    "A7": ("capecitabine", "docetaxel"),
    "A8": ("fulvestrant", "everolimus;fulvestrant"),
}
PUBLISHED_PATIENTS = 400
SHIPPED_PARTS = load_spec("metastatic").parts
SPEC = CalibrationSpec.model_validate(
    {
        "name": "synthetic",
        "label": "synthetic",
        "seed": 5,
        "members": [60, 60],
        "patients": 100,
        "ensemble": 500,
        "assimilations": 6,
        "kept": 100,
        "folds": 4,
        "model_error": {
            "arm": {"median": 0.02, "rate": 0.05, "response": 0.05, "hazard_ratio": 0.02},
            "trial": {"median": 0, "rate": 0, "response": 0, "hazard_ratio": 0},
        },
        "parameters": {
            "growth.metastasis_speedup": {"sd": 0.3},
            "response.class.aromatase_inhibitor": {"sd": 0.4},
            "response.class.serd": {"sd": 0.4},
            "response.class.cdk46_inhibitor": {"sd": 0.4},
            "response.class.mtor_inhibitor": {"sd": 0.4},
            "response.class.taxane": {"sd": 0.4},
            "response.class.antimetabolite": {"sd": 0.4},
            "response.drug.exemestane": {"sd": 0.2},
        },
    }
)


VISIT_MONTHS = 56 / DAYS_PER_MONTH


def hazard_per_month(drugs: list[str], values: Mapping[str, float]) -> float:
    """Of progression: faster tumors progress earlier, each drug slows by its strength."""
    log_hazard = math.log(0.12) + math.log(values["growth.metastasis_speedup"] / 1.4)
    for drug in drugs:
        strength = values.get(f"response.class.{response_class_of(drug)}", 1.0)
        strength *= values.get(f"response.drug.{parameter_word(drug)}", 1.0)
        log_hazard -= 0.5 * strength**0.7
    return math.exp(log_hazard)


def stand_in(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
    """Exponential times instead of virtual patients."""
    rng = np.random.default_rng([seed, len(one.name)])
    times = np.array(one.times) / DAYS_PER_MONTH
    survival, response = [], []
    for regimen in one.plan.spec.regimens.values():
        rate = hazard_per_month(sorted({c.drug for c in regimen.components}), parameters.values)
        progressed = rng.exponential(1 / rate, patients)
        survival.append((progressed[:, None] > times).mean(axis=0))
        response.append((progressed > 4.0).mean())
    count = np.full(len(survival), float(patients))
    return Shard(np.stack(survival), np.array(response), count, count)


def publish(folder: Path, truth: Mapping[str, float], seed: int) -> Path:
    """Evidence tables of trials drawn from a truth."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    trials, arms, comparisons = [], [], []
    for name, regimens in ARMS.items():
        trials.append(
            {"disease": "breast", "trial": name, "setting": "metastatic", "line": "1", "population": "", "her2": "neg",
             "hr_status": "HR+", "prior_therapy": "none", "assessor": "INV", "scan_interval_weeks": "8", "verified": "yes"}
        )  # fmt: skip
        times = {}
        for arm, drugs in zip(("control", "more"), regimens, strict=True):
            rate = hazard_per_month(drugs.split(";"), truth)
            times[arm] = rng.exponential(1 / rate, PUBLISHED_PATIENTS)
            arms += [
                _arm(name, arm, drugs, endpoint="PFS", median_months=f"{_found(np.median(times[arm])):.3f}"),
                _arm(
                    name,
                    arm,
                    drugs,
                    endpoint="ORR",
                    rate_pct=f"{100 * (rng.exponential(1 / rate, PUBLISHED_PATIENTS) > 4.0).mean():.2f}",
                ),
            ]
        ratio = times["control"].mean() / times["more"].mean()
        error = math.sqrt(2 / PUBLISHED_PATIENTS)
        comparisons.append(
            {"disease": "breast", "trial": name, "endpoint": "PFS", "subgroup": "all", "arm_exp": "more", "arm_ctl": "control",
             "hr": f"{ratio:.4f}", "hr_lo": f"{ratio * math.exp(-1.96 * error):.4f}", "hr_hi": f"{ratio * math.exp(1.96 * error):.4f}",
             "p_value": "", "n_exp": PUBLISHED_PATIENTS, "n_ctl": PUBLISHED_PATIENTS, "verified": "yes", "preferred": "",
             "notes": "", "assessor": ""}
        )  # fmt: skip
    for file, rows in (("trials", trials), ("arms", arms), ("comparisons", comparisons)):
        with (folder / f"{file}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _found(months: float) -> float:
    """When a trial finds on average what happens at a time: half a visit later."""
    return months + VISIT_MONTHS / 2


def _arm(trial: str, arm: str, drugs: str, **cells: str) -> dict[str, object]:
    empty = {
        "median_months": "",
        "ci_lo": "",
        "ci_hi": "",
        "rate_pct": "",
        "rate_time_months": "",
        "preferred": "",
    }
    fixed = {
        "disease": "breast",
        "trial": trial,
        "arm": arm,
        "subgroup": "all",
        "drugs": drugs,
        "dose_text": "",
    }
    return {
        **fixed,
        "n": PUBLISHED_PATIENTS,
        **empty,
        "verified": "yes",
        "notes": "",
        "assessor": "",
        **cells,
    }


def truth_of(coordinates: list[Unknown], deviates: np.ndarray) -> dict[str, float]:
    values: dict[str, float] = {}
    for unknown, deviate in zip(coordinates, deviates, strict=True):
        values |= unknown.values(float(deviate))
    return values


def calibrated(tmp_path: Path, deviates: np.ndarray, seed: int, parts: int = 1) -> Calibration:
    truth = truth_of(unknowns(SPEC), deviates)
    calibration = prepare(
        SPEC.model_copy(update={"parts": parts}), publish(tmp_path / f"evidence-{seed}", truth, seed)
    )
    calibrate(calibration, tmp_path / f"shards-{seed}", simulator=stand_in, workers=2)
    return calibration


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


def in_parts(folder: Path, parts: int, *, odd_sets_alone_are_longer: bool = False) -> Calibration:
    """One wave; where it is asked for, curves of every second set are other ones."""

    def simulator(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
        shard = stand_in(one, parameters, seed, patients)
        odd = int(parameters.name.removeprefix("set ")) % 2
        return replace(shard, survival=shard.survival**0.8) if odd and odd_sets_alone_are_longer else shard

    spec = SPEC.model_copy(update={"members": (60,), "parts": parts})
    calibration = prepare(spec, publish(folder, truth_of(unknowns(spec), np.zeros(8)), 3))
    run_waves(calibration, folder / "shards", simulator=simulator)
    return calibration


def test_property_each_part_of_the_ensemble_knows_its_own_sets_alone(tmp_path: Path) -> None:
    whole, other_whole, halves, other_halves = (
        in_parts(tmp_path / f"{parts}-{longer}", parts, odd_sets_alone_are_longer=longer).posterior[None]
        for parts in (1, 2)
        for longer in (False, True)
    )
    assert (whole != other_whole).any(axis=1).all()
    assert np.array_equal(halves[::2], other_halves[::2])
    assert (halves[1::2] != other_halves[1::2]).any(axis=1).all()
    assert np.median(halves, axis=0) == pytest.approx(np.median(whole, axis=0), abs=0.5)


@pytest.fixture(scope="module")
def waved(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """A calibration whose waves are simulated, the first with many sets: worlds are learned from that alone."""
    folder = tmp_path_factory.mktemp("waves")
    spec = SPEC.model_copy(update={"members": (240, 20)})
    calibration = prepare(spec, publish(folder / "evidence", truth_of(unknowns(spec), np.zeros(8)), 3))
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
    evidence = publish(tmp_path / "evidence", truth_of(unknowns(SPEC), np.zeros(len(unknowns(SPEC)))), 1)
    once = written(evidence, tmp_path / "once", 1)
    assert set(once) == {
        "synthetic.yaml",
        "synthetic.csv",
        "predictions.csv",
        "identifiability.csv",
        "summary.json",
    }
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
