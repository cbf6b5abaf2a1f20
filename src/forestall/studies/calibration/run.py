"""A calibration from evidence to ensemble: waves of simulation, an emulator, the smoother, folds."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge.parameter_sets import LITERATURE
from forestall.studies.calibration.emulator import Emulators, Inputs, fit_all
from forestall.studies.calibration.inputs import inputs_of
from forestall.studies.calibration.observations import Observation, covariance
from forestall.studies.calibration.predictions import Predictor, predicted
from forestall.studies.calibration.prepared import Calibration, normal_design, prepare
from forestall.studies.calibration.shards import Simulator, simulate, simulate_all
from forestall.studies.calibration.smoother import assimilate
from forestall.studies.calibration.spec import CalibrationSpec
from forestall.studies.compilation import announce_compilation
from forestall.studies.kept import as_finished
from forestall.studies.progress import Progress, quiet

Array = NDArray[np.float64]
_WIDENED: Final = 1.5
"""Factor on the spread of the posterior from which a later wave is drawn; narrow waves are as wide as the posterior."""
_APART: Final = 1000
"""Between the seeds of the parts."""
_DECIMALS: Final = 6
"""Of the deviates of later sets. The last bits of linear algebra differ between processors, and even between runs on one, and every
wave can make ten times of such a difference: a calibration without rounding, repeated, ended in another ensemble."""


def calibrate(
    calibration: Calibration,
    folder: Path,
    *,
    workers: int = 1,
    simulator: Simulator = simulate,
    progress: Progress | None = None,
) -> None:
    """Run the waves, then the folds; shards that the folder holds are not simulated again. Arguments as in `run_waves`."""
    run_waves(calibration, folder, workers=workers, simulator=simulator, progress=progress)
    calibration.fold_of = calibration.fold_of or folds(calibration)

    def left_out(fold: int) -> Array:
        return posterior(
            calibration, [one for one in calibration.observed if calibration.fold_of[one.trial] != fold]
        )

    found: dict[int, Array] = {}
    for fold, members in as_finished(left_out, calibration.folds, workers):
        found[fold] = members
        if progress is not None:
            progress("leaving trials out", len(found), len(calibration.folds))
    calibration.posterior |= sorted(found.items())


def run_waves(
    calibration: Calibration,
    folder: Path,
    *,
    workers: int = 1,
    simulator: Simulator = simulate,
    progress: Progress | None = None,
) -> None:
    """Simulate the waves and learn from them; the posterior of all trials is found, that of folds is not.

    Args:
        calibration: From `prepare`; its results are filled in.
        folder: Where shards are kept.
        workers: Processes that simulate, or threads for a simulator of the caller's own.
        simulator: What simulates.
        progress: Told the stage, how much of it is done and how much there is.
    """
    spec = calibration.spec
    if simulator is simulate:
        one = calibration.designs[0]
        announce_compilation(progress or quiet, lambda: simulate(one, LITERATURE, spec.seed, 2))
    sets = normal_design(spec.members[0], len(calibration.unknowns), spec.seed)
    for wave, count in enumerate(spec.members):
        first = sum(spec.members[:wave])
        numbers = range(first, first + count)
        stage = f"simulating wave {wave + 1} of {len(spec.members)}"
        told = None if progress is None else functools.partial(progress, stage)
        _simulate_wave(calibration, dict(zip(numbers, sets, strict=True)), folder, workers, simulator, told)
        calibration.deviates |= dict(zip(numbers, sets, strict=True))
        last = wave + 1 == len(spec.members)
        if progress is not None:
            progress(f"learning from wave {wave + 1}", 0, 0)
        local = _local(spec, wave)
        if last and wave > 0:
            calibration.emulator_error = _emulator_error(calibration, local)
        calibration.emulators = learned(calibration, calibration.deviates, local)
        if last and spec.parts > 1:
            calibration.parts = [_learned_of_part(calibration, part, local) for part in range(spec.parts)]
        calibration.posterior[None] = posterior(calibration, calibration.observed)
        if not last:
            sets = _next_design(calibration, wave + 1)


def _local(spec: CalibrationSpec, wave: int) -> range:
    """Numbers of the sets that lie where the emulator is used after a wave: its own, with the narrow ones before it."""
    if wave == 0:
        return range(0)
    first = min(wave, max(1, _first_narrow(spec)))
    return range(sum(spec.members[:first]), sum(spec.members[: wave + 1]))


def _first_narrow(spec: CalibrationSpec) -> int:
    return len(spec.members) - spec.narrow


def then_survival(first: Calibration, evidence: Path) -> Calibration | None:
    """The second stage, ready to be run: everything but its own unknowns stays at the center of the first.

    Args:
        first: Done.
        evidence: Folder of the tables.
    """
    effort = first.spec.survival
    if effort is None:
        return None
    spec = first.spec.model_copy(
        update={
            "members": effort.members,
            "narrow": effort.narrow,
            "patients": effort.patients,
            "parameters": effort.parameters,
            "parts": 1,
        }
    )
    second = prepare(spec, evidence, endpoint="OS")
    second.fold_of = first.fold_of
    center = np.round(np.median(first.posterior[None], axis=0), _DECIMALS)
    second.base = first.parameter_set(center, "center")
    return second


def _simulate_wave(
    calibration: Calibration,
    deviates: Mapping[int, Array],
    folder: Path,
    workers: int,
    simulator: Simulator,
    progress: Callable[[int, int], None] | None,
) -> None:
    sets = {number: calibration.parameter_set(row, f"set {number}") for number, row in deviates.items()}
    calibration.shards |= simulate_all(
        calibration.designs,
        sets,
        folder,
        seed=calibration.spec.seed,
        patients=calibration.spec.patients,
        workers=workers,
        simulator=simulator,
        progress=progress,
    )


def _all_inputs(calibration: Calibration) -> dict[tuple[str, int], Inputs]:
    return {
        (one.name, arm): inputs_of(one.plan, arm, calibration.unknowns)
        for one in calibration.designs
        for arm in range(len(one.plan.spec.arms))
    }


def posterior(calibration: Calibration, kept: Sequence[Observation]) -> Array:
    """(N, P) members that some observations allow; those of the prior if there are none.

    Where the emulator was learned in K parts, members n, n + K, ... of the prior are moved by the part n. So what
    is chance of the simulations differs between the members.

    Args:
        calibration: With its emulators.
        kept: The observations.
    """
    prior = calibration.prior()
    if not kept:
        return prior
    parts = calibration.parts or [calibration.emulators]
    # Who knows a K-th of the sets errs by the root of K more.
    errors = {kind: sd * math.sqrt(len(parts)) for kind, sd in calibration.emulator_error.items()}
    found = [
        moved(calibration, prior[part :: len(parts)], emulators, kept, errors, 2 + _APART * part)
        for part, emulators in enumerate(parts)
    ]
    if len(parts) == 1:
        return found[0]  # in the smoother's memory layout, on which the last bits of later waves depend
    members = np.empty_like(prior)
    for part, some in enumerate(found):
        members[part :: len(parts)] = some
    return members


def moved(
    calibration: Calibration,
    prior: Array,
    emulators: Emulators,
    kept: Sequence[Observation],
    errors: Mapping[str, float],
    seed: int,
) -> Array:
    """(N, P) members of a prior, moved to some observations.

    Args:
        calibration: What is calibrated.
        prior: (N, P) members.
        emulators: What predicts the observations.
        kept: The observations.
        errors: Of the emulators, by kind of observation.
        seed: Beside that of the specification.
    """
    return assimilate(
        prior,
        Predictor(calibration.designs, emulators, kept),
        np.array([one.value for one in kept]),
        covariance(kept, errors),
        reach(calibration, emulators, kept),
        rounds=calibration.spec.assimilations,
        seed=calibration.spec.seed + seed,
    )


def reach(calibration: Calibration, emulators: Emulators, kept: Sequence[Observation]) -> NDArray[np.bool_]:
    """(P, D) which observation an unknown can reach: one of its arms depends on it."""
    touched = np.zeros((len(calibration.unknowns), len(kept)), np.bool_)
    designs = {(one.plan.trial, one.plan.subgroup): one for one in calibration.designs}
    for column, one in enumerate(kept):
        plan = designs[one.trial, one.subgroup]
        for arm in one.arms:
            for member in plan.plan.arms[arm]:
                weights = emulators[plan.name, member].inputs.weights
                touched[:, column] |= (weights != 0).any(axis=0)
    return touched


def folds(calibration: Calibration) -> dict[str, int]:
    """Trial -> fold; trials that share patients are left out together."""
    group = {trial: names[0] for names in calibration.spec.together for trial in names}
    trials = sorted({one.row.trial for one in calibration.questions if one.plan is not None})
    groups = sorted({group.get(trial, trial) for trial in trials})
    order = np.random.default_rng(calibration.spec.seed).permutation(len(groups))
    place = {groups[k]: int(rank) % calibration.spec.folds for rank, k in enumerate(order)}
    return {trial: place[group.get(trial, trial)] for trial in trials}


def _next_design(calibration: Calibration, wave: int) -> Array:
    """Sets of a later wave: normal around the posterior's mean, wider than it."""
    members = calibration.posterior[None]
    spread = np.linalg.cholesky(np.cov(members.T) + 1e-6 * np.eye(members.shape[1]))
    draws = normal_design(calibration.spec.members[wave], members.shape[1], calibration.spec.seed + 9 + wave)
    wide = 1.0 if wave >= _first_narrow(calibration.spec) else _WIDENED
    return np.asarray(np.round(members.mean(axis=0) + wide * draws @ spread.T, _DECIMALS))


def _learned_of_part(calibration: Calibration, part: int, local: Collection[int]) -> Emulators:
    """What is learned from a part of the sets, which has its share of every wave."""
    own = {n: row for n, row in calibration.deviates.items() if n % calibration.spec.parts == part}
    return learned(calibration, own, local)


def learned(calibration: Calibration, deviates: Mapping[int, Array], local: Collection[int]) -> Emulators:
    """What is learned from some of the simulated sets, moved to agree with those that lie where the emulator is used."""
    inputs = _all_inputs(calibration)
    return fit_all(calibration.designs, inputs, deviates, calibration.shards, local)


def _emulator_error(calibration: Calibration, numbers: Sequence[int]) -> dict[str, float]:
    """How far the emulator is from simulations that it has not seen, by kind of observation: a standard deviation.

    Notes:
        The emulator learns from the earlier waves and half of the narrow ones, and is compared, pooled, with the other half; and
        the other way round. The chance of two halves is in that difference, and that of both halves together in the final
        emulator: half the mean square is what counts.
    """
    halves = [list(numbers[half::2]) for half in (0, 1)]
    squares: dict[str, list[float]] = {}
    for known, hidden in (halves, halves[::-1]):
        deviates = {k: row for k, row in calibration.deviates.items() if k not in hidden}
        calibration.emulators = learned(calibration, deviates, known)
        for one in calibration.observed:
            difference = _difference(calibration, one, hidden)
            if math.isfinite(difference):
                squares.setdefault(one.kind, []).append(difference**2)
    return {kind: math.sqrt(sum(values) / len(values) / 2) for kind, values in squares.items()}


def _difference(calibration: Calibration, one: Observation, numbers: Sequence[int]) -> float:
    """An observation as simulations of several sets together give it, less the same by the emulator."""
    plan = next(
        d for d in calibration.designs if (d.plan.trial, d.plan.subgroup) == (one.trial, one.subgroup)
    )
    shards = [calibration.shards[number, plan.name] for number in numbers]
    deviates = np.stack([calibration.deviates[number] for number in numbers])
    simulated, learned = [], []
    for arm in one.arms:
        members = list(plan.plan.arms[arm])
        emulators = [calibration.emulators[plan.name, member] for member in members]
        free = np.nanmean([shard.survival[members].mean(axis=0) for shard in shards], axis=0)
        response = np.nanmean([shard.response[members].mean() for shard in shards])
        simulated.append((free[None], np.array([response])))
        curve = np.mean([emulator.survival_at(deviates).mean(axis=0) for emulator in emulators], axis=0)
        share = np.mean([emulator.response_at(deviates).mean() for emulator in emulators])
        learned.append((curve[None], np.array([share])))
    return float(predicted(one, plan, simulated)[0] - predicted(one, plan, learned)[0])
