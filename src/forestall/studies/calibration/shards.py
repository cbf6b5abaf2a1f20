"""Simulated shards: one parameter set in one trial, simulated once and kept."""

from __future__ import annotations

import functools
import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.arms import Arm, compile_arm, renewed
from forestall.clinic.defaults import default_after_progression
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import draw_population
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.regimens import parse_regimen
from forestall.studies.analysis import Outcomes
from forestall.studies.kept import as_finished, batches, load_arrays, save_arrays
from forestall.studies.own_patients import seed_of_trial
from forestall.studies.validation.derivation import DAYS_PER_MONTH, FOLLOW_UP_PER_MEDIAN, TrialPlan

Array = NDArray[np.float64]
Endpoint = Literal["PFS", "OS"]
_SPAN_MONTHS: Final[Mapping[Endpoint, tuple[float, float]]] = {"PFS": (9.0, 42.0), "OS": (12.0, 84.0)}
_ARRAYS: Final = ("survival", "response", "evaluated", "patients")
_TOGETHER: Final = 40
"""Sets that one worker simulates in a trial, whose arms it compiles before: not all, so that a few trials keep all workers busy."""
_POINTS: Final = 12
"""Times at which curves of overall survival are compared."""


@dataclass(frozen=True)
class Shard:
    """Outcomes of the simulated arms of one trial under one parameter set."""

    survival: Array
    """(arms, T) share free of progression at the trial's times; NaN if no patient could be followed."""
    response: Array
    """(arms,) share of responders."""
    evaluated: Array
    """(arms,) patients behind the response."""
    patients: Array
    """(arms,) patients behind the survival."""


@dataclass(frozen=True)
class Design:
    """How a trial is simulated for the calibration."""

    plan: TrialPlan
    times: tuple[int, ...]
    """Days at which curves are compared, the last of them the horizon; visits, where progression is compared."""
    endpoint: Endpoint = "PFS"

    def watch(self, seed: int) -> Watch:
        """Visits and follow-up; nobody is lost."""
        last = self.times[-1]
        visits = sorted({round(day) for day in self.plan.spec.visit_days() if 0 < day <= last})
        return Watch((0, *visits), last + 1, seed, dropout_per_day=0.0)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, compiled once; where progression ends what is compared, nothing is given after it."""
        watch = self.watch(0)
        nothing, her2 = parse_regimen("no treatment"), self.plan.spec.population.her2
        after = nothing if self.endpoint == "PFS" else default_after_progression(her2)
        return tuple(
            compile_arm(name, regimen, after, watch.visits, watch.follow_up_days)
            for name, regimen in self.plan.spec.regimens.items()
        )

    @property
    def name(self) -> str:
        """A file name: the same for subgroups of a trial that are simulated alike, different for what is not."""
        words = f"{self.plan.trial} {self.endpoint}"
        stem = re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")[:60]
        regimens = [regimen.text() for regimen in self.plan.spec.regimens.values()]
        simulated = [words, str(self.plan.source.get("population")), *regimens, *map(str, self.times)]
        return f"{stem}-{zlib.crc32(' '.join(simulated).encode()):08x}"


def design(plan: TrialPlan, medians_months: Iterable[float], endpoint: Endpoint = "PFS") -> Design:
    """Follow-up and visits of a trial for the calibration.

    Args:
        plan: The trial.
        medians_months: Published medians of the endpoint in its arms.
        endpoint: Progression-free or overall survival.
    """
    span, (low, high) = FOLLOW_UP_PER_MEDIAN[endpoint], _SPAN_MONTHS[endpoint]
    months = min(high, max(low, span * max(medians_months, default=0.0)))
    horizon = months * DAYS_PER_MONTH
    visits = sorted({round(day) for day in plan.spec.visit_days()})
    if endpoint == "OS":
        return Design(plan, tuple(math.ceil(horizon * k / _POINTS) for k in range(1, _POINTS + 1)), endpoint)
    times = tuple(day for day in visits if 0 < day <= horizon)
    return Design(plan, times or (math.ceil(horizon),))


def simulate(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
    """Simulate one trial under one parameter set; every arm treats the same patients.

    Args:
        one: The trial.
        parameters: The set.
        seed: Seed of the patients.
        patients: Per arm.
    """
    watch = one.watch(seed)
    with using(parameters):
        people = draw_population(one.plan.spec.population, np.arange(patients, dtype=np.int64), seed)
        followed = [follow_arm(people, renewed(arm), index, watch) for index, arm in enumerate(one.arms)]
        outcomes = [Outcomes.of(one_arm.findings) for one_arm in followed]
    times = np.array(one.times, np.float64)
    ends = [_ends(found, one.endpoint) for found in outcomes]
    known = [np.isfinite(days) for days, _ in ends]
    return Shard(
        survival=np.stack([_free(*end, rows, times) for end, rows in zip(ends, known, strict=True)]),
        response=np.array([_mean(found.responder) for found in outcomes]),
        evaluated=np.array([float(np.isfinite(found.responder).sum()) for found in outcomes]),
        patients=np.array([float(rows.sum()) for rows in known]),
    )


def _ends(found: Outcomes, endpoint: Endpoint) -> tuple[Array, NDArray[np.bool_]]:
    return (found.pfs_days, found.pfs_event) if endpoint == "PFS" else (found.os_days, found.os_event)


def _free(days: Array, event: NDArray[np.bool_], rows: NDArray[np.bool_], times: Array) -> Array:
    """(T,) share without an event, just after each time."""
    if not rows.any():
        return np.full(times.size, np.nan)
    failed = np.where(event[rows], days[rows], np.inf)
    return np.asarray((failed[:, None] > times).mean(axis=0))


def _mean(share: Array) -> float:
    known = share[np.isfinite(share)]
    return float(known.mean()) if known.size else float("nan")


Simulator = Callable[[Design, ParameterSet, int, int], Shard]


def simulate_all(
    designs: Sequence[Design],
    sets: Mapping[int, ParameterSet],
    folder: Path,
    *,
    seed: int,
    patients: int,
    workers: int,
    simulator: Simulator = simulate,
    progress: Callable[[int, int], None] | None = None,
) -> dict[tuple[int, str], Shard]:
    """Simulate every set in every trial; what a folder already holds is read.

    Args:
        designs: The trials.
        sets: Parameter sets by number; the number and the trial key the patients.
        folder: Where shards are kept. Its files are for one version of the program: they do not say which.
        seed: Seed of the calibration.
        patients: Per arm.
        workers: Processes; threads for a simulator of the caller's own.
        simulator: What simulates.
        progress: Told how many shards are done, and how many there are.

    Returns:
        Shards by number of the set and name of the trial.
    """
    distinct = list({one.name: one for one in designs}.values())
    files = {
        (number, one.name): folder / _kept_as(number, parameters, seed, patients) / f"{one.name}.npz"
        for number, parameters in sets.items()
        for one in distinct
    }
    found = {key: shard for key, path in files.items() if (shard := _read(path)) is not None}

    missing = [
        _Missing(one, {number: (sets[number], files[number, one.name]) for number in numbers}, seed, patients)
        for one in distinct
        for numbers in batches([number for number in sets if (number, one.name) not in found], _TOGETHER)
    ]
    work = functools.partial(_make, simulator)
    for done, shards in as_finished(work, missing, workers, apart=simulator is simulate):
        found |= {(number, done.design.name): shard for number, shard in shards.items()}
        if progress is not None:
            progress(len(found), len(files))
    return found


@dataclass(frozen=True)
class _Missing:
    """Shards of one trial that are to be simulated, by number of the set: together, because the trial's arms are compiled first."""

    design: Design
    sets: Mapping[int, tuple[ParameterSet, Path]]
    """With the file of each shard."""
    seed: int
    patients: int


def _make(simulator: Simulator, missing: _Missing) -> dict[int, Shard]:
    """Simulate shards, and keep each."""
    found = {}
    for number, (parameters, file) in missing.sets.items():
        seed = seed_of_trial(missing.seed + number, missing.design.name)
        found[number] = shard = simulator(missing.design, parameters, seed, missing.patients)
        save_arrays(file, {name: getattr(shard, name) for name in _ARRAYS})
    return found


def _kept_as(number: int, parameters: ParameterSet, seed: int, patients: int) -> str:
    """Name of the folder of one set: what its shards depend on beside the trial, so that no other set's are taken for them."""
    return f"{number:05d}-seed{seed}-patients{patients}-{parameters.fingerprint}"


def _read(path: Path) -> Shard | None:
    arrays = load_arrays(path, _ARRAYS)
    return None if arrays is None else Shard(**arrays)
