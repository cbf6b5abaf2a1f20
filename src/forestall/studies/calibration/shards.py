"""Simulated shards: one parameter set in one trial, simulated once and kept."""

from __future__ import annotations

import math
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
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
from forestall.studies.validation.derivation import DAYS_PER_MONTH, TrialPlan

Array = NDArray[np.float64]
Endpoint = Literal["PFS", "OS"]
_SPAN: Final[Mapping[Endpoint, float]] = {"PFS": 2.0, "OS": 1.5}
"""Follow-up in medians of the longest arm."""
_SPAN_MONTHS: Final[Mapping[Endpoint, tuple[float, float]]] = {"PFS": (9.0, 42.0), "OS": (12.0, 84.0)}
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
        after = parse_regimen("no treatment") if self.endpoint == "PFS" else default_after_progression()
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
    span, (low, high) = _SPAN[endpoint], _SPAN_MONTHS[endpoint]
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


def write_shard(shard: Shard, path: Path) -> None:
    """Write a shard so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.savez_compressed(
            stream,
            survival=shard.survival,
            response=shard.response,
            evaluated=shard.evaluated,
            patients=shard.patients,
        )
    part.replace(path)


def read_shard(path: Path) -> Shard | None:
    """A shard that was written; None if there is none or it cannot be read, so that it is simulated again."""
    try:
        with np.load(path) as data:
            return Shard(data["survival"], data["response"], data["evaluated"], data["patients"])
    except (OSError, ValueError, KeyError):
        return None


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
        sets: Parameter sets by number; the number keys the patients.
        folder: Where shards are kept.
        seed: Seed of the calibration.
        patients: Per arm.
        workers: Threads.
        simulator: What simulates.
        progress: Told how many shards are done, and how many there are.

    Returns:
        Shards by number of the set and name of the trial.
    """
    distinct = list({one.name: one for one in designs}.values())
    total = len(distinct) * len(sets)
    found: dict[tuple[int, str], Shard] = {}
    missing: list[tuple[int, Design]] = []
    for number in sets:
        for one in distinct:
            shard = read_shard(_path(folder, number, one))
            if shard is None:
                missing.append((number, one))
            else:
                found[number, one.name] = shard

    def work(number: int, one: Design) -> tuple[int, str, Shard]:
        shard = simulator(one, sets[number], seed + number, patients)
        write_shard(shard, _path(folder, number, one))
        return number, one.name, shard

    for number, name, shard in _unordered(work, missing, workers):
        found[number, name] = shard
        if progress is not None:
            progress(len(found), total)
    return found


def _path(folder: Path, number: int, one: Design) -> Path:
    return folder / f"{number:05d}" / f"{one.name}.npz"


def _unordered(
    work: Callable[[int, Design], tuple[int, str, Shard]], todo: Sequence[tuple[int, Design]], workers: int
) -> Iterator[tuple[int, str, Shard]]:
    """Results as they come; few are waiting at a time, so that a stop loses no more than what is running."""
    queue = iter(todo)
    waiting: set[Future[tuple[int, str, Shard]]] = set()
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            while len(waiting) < 2 * workers and (item := next(queue, None)) is not None:
                waiting.add(pool.submit(copy_context().run, work, item[0], item[1]))
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
