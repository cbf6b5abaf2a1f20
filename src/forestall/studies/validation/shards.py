"""A validation in shards: one trial under one parameter set. A shard that was written is never run again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from forestall.errors import InputError, StudyError
from forestall.kernel_cache import PACKAGE, fingerprint
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.studies.compilation import announce_compilation
from forestall.studies.record import knowledge_sha256
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.ensemble import Parameters, key_of
from forestall.studies.validation.samples import Sample, draw_sample, load_sample, save_sample

Progress = Callable[[str, int, int], None]
Key = tuple[str, str]
"""Trial and subgroup."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    patients: int
    """Per arm, over all parameter sets."""
    members: int
    """Parameter sets at most."""
    seed: int


@dataclass(frozen=True, slots=True)
class _Shard:
    key: Key
    plan: TrialPlan
    member: ParameterSet
    place: int
    """Of the member among those of the trial; it chooses the patients."""
    count: int
    seed: int

    @property
    def name(self) -> str:
        """File name: a hash of all that the sample depends on."""
        content = {
            "trial": _content(self.plan.source),
            "arms": {name: list(choices) for name, choices in self.plan.arms.items()},
            "member": key_of(self.member),
            "patients": [self.place * self.count, self.count],
            "seed": self.seed,
            "model": _model(),
        }
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32] + ".npz"

    def draw(self) -> Sample:
        """Run it."""
        with using(self.member):
            return draw_sample(self.plan, self.seed, self.place * self.count, self.count)


def _content(source: Mapping[str, Any]) -> dict[str, Any]:
    """What the patients depend on: neither the trial's name nor its size, so that equal trials share their shards."""
    return {name: value for name, value in source.items() if name not in ("trial", "patients")}


@cache
def _model() -> list[str]:
    return [fingerprint(PACKAGE), knowledge_sha256()]


def run_shards(
    plans: Mapping[Key, TrialPlan],
    parameters: Parameters,
    size: Size,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[dict[Key, Sample], dict[str, str]]:
    """Run every shard that the folder lacks, and read the others.

    Args:
        plans: Trials by name and subgroup.
        parameters: Parameter sets.
        size: Patients, parameter sets and seed.
        folder: Where shards are kept.
        workers: Threads; one per processor if None.
        progress: Called with a stage, how much of it is done and how much there is.

    Returns:
        The samples, and trials that could not be run with the reason.

    Raises:
        StudyError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"cannot write to {folder}: {error.strerror or error}") from None
    shards = [shard for key, plan in plans.items() for shard in _shards_of(key, plan, parameters, size)]
    missing = list({shard.name: shard for shard in shards if not (folder / shard.name).is_file()}.values())
    failures = _run(missing, folder, workers or os.cpu_count() or 1, progress or _quiet)
    failed = {" ".join(shard.key): failures[shard.name] for shard in shards if shard.name in failures}
    return _collected([shard for shard in shards if " ".join(shard.key) not in failed], folder), failed


def _shards_of(key: Key, plan: TrialPlan, parameters: Parameters, size: Size) -> Iterator[_Shard]:
    members = parameters.members(key[0])[: size.members]
    count = -(-size.patients // len(members))
    for place, member in enumerate(members):
        yield _Shard(key, plan, member, place, count, size.seed)


def _run(shards: list[_Shard], folder: Path, workers: int, progress: Progress) -> dict[str, str]:
    """On threads; the shards that failed, with the reason."""
    failures: dict[str, str] = {}
    if shards:
        first = shards[0]
        announce_compilation(progress, lambda: draw_sample(first.plan, first.seed, 0, 1))
    for done, (shard, problem) in enumerate(_finished(shards, folder, workers), start=1):
        progress("running trials", done, len(shards))
        if problem:
            failures[shard.name] = problem
    return failures


def _finished(shards: list[_Shard], folder: Path, workers: int) -> Iterator[tuple[_Shard, str]]:
    """Each shard when it is on disk, with the reason if it could not be run."""
    pool = ThreadPoolExecutor(workers)
    try:
        waiting: dict[Future[str], _Shard] = {pool.submit(_keep, shard, folder): shard for shard in shards}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _keep(shard: _Shard, folder: Path) -> str:
    try:
        sample = shard.draw()
    except InputError as error:
        return str(error)
    save_sample(sample, folder / shard.name)
    return ""


def _collected(shards: list[_Shard], folder: Path) -> dict[Key, Sample]:
    found: dict[Key, list[Sample]] = {}
    for shard in shards:
        sample = load_sample(folder / shard.name)
        if sample is None:
            (folder / shard.name).unlink(missing_ok=True)
            raise StudyError(
                f"{folder / shard.name} could not be read and was removed; run the command again"
            )
        found.setdefault(shard.key, []).append(sample)
    return {key: Sample.stacked(parts) for key, parts in found.items()}


def _quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""
