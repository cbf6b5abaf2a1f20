"""Whether the calibration finds a truth: worlds that the simulator itself has made, with evidence as noisy as the published one.

In each world parameters are drawn from the prior, every trial of the evidence is simulated with them, and what the trials would
have published is calibrated to, with the emulator of the calibration. The truth must then lie in 90% intervals nine times out of
ten, and its rank among the members must be uniform (simulation-based calibration; Talts et al., arXiv:1804.06788).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.studies.calibration.emulator import Emulators
from forestall.studies.calibration.observations import EVENTS_PER_PATIENT, Observation, covariance
from forestall.studies.calibration.predictions import Predictor, predicted
from forestall.studies.calibration.prepared import Calibration, normal_design
from forestall.studies.calibration.run import learned, moved
from forestall.studies.calibration.shards import Design, Shard, Simulator, simulate, simulate_all
from forestall.studies.progress import Progress, quiet

Array = NDArray[np.float64]
_GROUPS: Final = 8
"""Groups of sets that are left out together, where sets of the calibration are the worlds."""
_FIRST_WORLD: Final = 10_000
"""Numbers of the worlds' shards, beyond those of the calibration."""
_TWINS: Final = 0.38
"""Variance of a log hazard ratio in patients who are followed under both arms, over that of a randomized trial of the same size."""
_LEAST_SD: Final = 0.03
"""Of the noise that is added where a world has more chance than the published trial."""


@dataclass(frozen=True)
class Recovery:
    """What was found in all worlds."""

    unknowns: tuple[str, ...]
    truth: Array
    """(worlds, P) in standard deviations of the prior."""
    median: Array
    """(worlds, P) of the members."""
    spread: Array
    """(worlds, P) standard deviation of the members; 1 if nothing was learned."""
    rank: Array
    """(worlds, P) share of the members below the truth."""
    patients: int
    """Simulated per arm for what is published in a world."""
    emulator: Mapping[str, float]
    """Standard deviation of the emulator's error by kind of observation, on its scale."""

    @property
    def held(self) -> NDArray[np.bool_]:
        """(worlds, P) whether the truth lies in the central 90% of the members."""
        return (self.rank > 0.05) & (self.rank < 0.95)


def truths(calibration: Calibration, worlds: int) -> Array:
    """(worlds, P) draws from the prior."""
    return normal_design(worlds, len(calibration.unknowns), calibration.spec.seed + 101)


def recover(
    calibration: Calibration,
    folder: Path,
    *,
    worlds: int,
    patients: int,
    workers: int = 1,
    simulator: Simulator = simulate,
    progress: Progress | None = None,
) -> Recovery:
    """Make worlds, and calibrate to each.

    Args:
        calibration: With its simulated sets; the emulator learns from them.
        folder: Where shards are kept.
        worlds: How many.
        patients: Simulated per arm for what is published in a world; 0 takes sets of the calibration's own first wave, which was
            drawn from the prior, as worlds. They cost nothing more; each is left out of what its emulator learns from.
        workers: Threads.
        simulator: What simulates.
        progress: Told the stage, how much of it is done and how much there is.
    """
    told = progress or quiet
    if patients:
        drawn = dict(enumerate(truths(calibration, worlds), start=_FIRST_WORLD))
        sets = {number: calibration.parameter_set(row, f"world {number}") for number, row in drawn.items()}
        shards = simulate_all(
            calibration.designs,
            sets,
            folder,
            seed=calibration.spec.seed,
            patients=patients,
            workers=workers,
            simulator=simulator,
            progress=functools.partial(told, "simulating worlds"),
        )
    else:
        drawn = {
            number: calibration.deviates[number] for number in range(min(worlds, calibration.spec.members[0]))
        }
        shards = calibration.shards
    emulators = _emulators(calibration, list(drawn), told)
    simulated = patients or calibration.spec.patients
    evidence = {number: _evidence(calibration, number, shards, simulated) for number in drawn}
    errors = _emulator_errors(calibration, drawn, evidence, emulators)
    members = []
    for place, (number, observed) in enumerate(evidence.items(), start=1):
        members.append(moved(calibration, calibration.prior(), emulators[number], observed, errors, number))
        told("calibrating to worlds", place, len(drawn))
    return _recovery(calibration, np.stack(list(drawn.values())), np.stack(members), simulated, errors)


def _recovery(
    calibration: Calibration, truth: Array, members: Array, patients: int, errors: Mapping[str, float]
) -> Recovery:
    """Summaries of (worlds, N, P) members."""
    return Recovery(
        unknowns=tuple(one.name for one in calibration.unknowns),
        truth=truth,
        median=np.median(members, axis=1),
        spread=members.std(axis=1),
        rank=(members < truth[:, None]).mean(axis=1),
        patients=patients,
        emulator=errors,
    )


def _emulators(calibration: Calibration, worlds: Sequence[int], told: Progress) -> dict[int, Emulators]:
    """By world: what is learned from the sets of the first wave, but not from the world and the others of its group.

    Later waves lie around the truth of the evidence; an emulator that is fitted to them errs where other worlds lie.
    """
    found: dict[int, Emulators] = {}
    fresh = not set(worlds) & calibration.deviates.keys()
    groups = [list(worlds)] if fresh else [list(worlds[k::_GROUPS]) for k in range(min(_GROUPS, len(worlds)))]
    for place, group in enumerate(groups, start=1):
        first = range(calibration.spec.members[0])
        known = {number: calibration.deviates[number] for number in first if number not in group}
        found |= dict.fromkeys(group, learned(calibration, known, ()))
        told("learning from sets", place, len(groups))
    return found


def _evidence(
    calibration: Calibration, world: int, shards: Mapping[tuple[int, str], Shard], patients: int
) -> list[Observation]:
    """What would be published of a world: its simulated trials with as much chance as the published ones have, or more."""
    designs = {(one.plan.trial, one.plan.subgroup): one for one in calibration.designs}
    simulated, missing = [], []
    for one in calibration.observed:
        plan = designs[one.trial, one.subgroup]
        value = _simulated_value(one, plan, shards[world, plan.name])
        own = _sampling_error(one, value, patients)
        extra = math.sqrt(max(one.error**2 - own**2, _LEAST_SD**2))
        exact = replace(one, value=value, error=math.hypot(own, extra), own_error=0.0, trial_error=0.0)
        if math.isfinite(value):
            simulated.append(exact)
            missing.append(replace(exact, error=extra))
    noise = np.random.default_rng([calibration.spec.seed, world]).multivariate_normal(
        np.zeros(len(missing)), covariance(missing, {})
    )
    return [replace(one, value=one.value + float(shift)) for one, shift in zip(simulated, noise, strict=True)]


def _simulated_value(one: Observation, plan: Design, shard: Shard) -> float:
    arms = []
    for arm in one.arms:
        members = list(plan.plan.arms[arm])
        arms.append((shard.survival[members].mean(axis=0)[None], np.array([shard.response[members].mean()])))
    return float(predicted(one, plan, arms)[0])


def _sampling_error(one: Observation, value: float, patients: int) -> float:
    """Standard deviation of a simulated number by chance."""
    if one.kind == "hazard_ratio":
        return math.sqrt(_TWINS * 2 / (EVENTS_PER_PATIENT * patients))
    if one.kind == "median":
        return 1 / math.sqrt(EVENTS_PER_PATIENT * patients)
    share = min(max(1 / (1 + math.exp(-value)), 0.5 / patients), 1 - 0.5 / patients)
    return 1 / math.sqrt(patients * share * (1 - share))


def _emulator_errors(
    calibration: Calibration,
    drawn: Mapping[int, Array],
    evidence: Mapping[int, Sequence[Observation]],
    emulators: Mapping[int, Emulators],
) -> dict[str, float]:
    """What lies between simulated and emulated worlds beyond chance, by kind of observation."""
    beyond: dict[str, list[float]] = {}
    for number, observed in evidence.items():
        values = Predictor(calibration.designs, emulators[number], observed)(drawn[number][None])[0]
        for one, value in zip(observed, values, strict=True):
            beyond.setdefault(one.kind, []).append((one.value - float(value)) ** 2 - one.error**2)
    return {kind: math.sqrt(max(0.0, float(np.mean(squares)))) for kind, squares in beyond.items()}
