"""A validation in shards: one trial under one parameter set. A shard that was written is never run again."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forestall.errors import InputError, StudyError
from forestall.kernel_cache import PACKAGE, fingerprint
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.studies.compilation import announce_compilation
from forestall.studies.kept import as_finished, batches
from forestall.studies.own_patients import seed_of_trial
from forestall.studies.progress import Progress, quiet
from forestall.studies.record import knowledge_sha256
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.ensemble import Parameters
from forestall.studies.validation.samples import Sample, draw_sample, load_sample, save_sample

Key = tuple[str, str]
"""Trial and subgroup."""
_MANY: Final = 200
"""Shards that are worth the seconds in which processes start."""
_TOGETHER: Final = 20
"""Shards of a trial that are run one after the other, because its arms are compiled before the first."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    patients: int
    """Per arm, over all parameter sets."""
    members: int
    """Parameter sets at most."""
    seed: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Patients of one trial under one parameter set."""

    key: Key
    plan: TrialPlan
    member: ParameterSet
    first: int
    """Number of the first patient."""
    count: int
    """Patients per arm."""
    seed: int

    @property
    def name(self) -> str:
        """File name: a hash of all that the sample depends on."""
        content = {
            "trial": _content(self.plan.source),
            "arms": {name: list(choices) for name, choices in self.plan.arms.items()},
            "member": self.member.fingerprint,
            "patients": [self.first, self.count],
            "seed": self.seed,
            "model": _model(),
        }
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32] + ".npz"

    def draw(self) -> Sample:
        """Run it."""
        with using(self.member):
            return draw_sample(self.plan, self.seed, self.first, self.count)


def _content(source: Mapping[str, Any]) -> dict[str, Any]:
    """What the patients depend on: neither the trial's name nor its size, so that equal trials share their shards."""
    return {name: value for name, value in source.items() if name not in ("trial", "patients")}


@functools.cache
def _model() -> list[str]:
    """The code, and the knowledge that is not in the trial or the parameter set already."""
    return [fingerprint(PACKAGE), knowledge_sha256(without=("validation/", "calibration/"))]


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
    shards = [shard for key, plan in plans.items() for shard in _shards_of(key, plan, parameters, size)]
    failures = run(shards, folder, workers=workers, progress=progress)
    failed = {" ".join(shard.key): failures[shard.name] for shard in shards if shard.name in failures}
    kept = [shard for shard in shards if " ".join(shard.key) not in failed]
    samples: dict[Key, list[Sample]] = {}
    for shard in kept:
        samples.setdefault(shard.key, []).append(read_shard(shard, folder))
    return {key: Sample.stacked(parts) for key, parts in samples.items()}, failed


def run(
    shards: Sequence[Shard], folder: Path, *, workers: int | None = None, progress: Progress | None = None
) -> dict[str, str]:
    """Run the shards that the folder lacks: on threads, or, if they are many, on processes.

    Args:
        shards: What is wanted.
        folder: Where they are kept.
        workers: Threads or processes; one per processor if None.
        progress: Called with a stage, how much of it is done and how much there is.

    Returns:
        Names of the shards that could not be run, and why.

    Raises:
        StudyError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"cannot write to {folder}: {error.strerror or error}") from None
    report = progress or quiet
    missing = list({shard.name: shard for shard in shards if not (folder / shard.name).is_file()}.values())
    failures: dict[str, str] = {}
    if missing:
        first = missing[0]
        announce_compilation(report, lambda: draw_sample(first.plan, first.seed, 0, 1))
    finished = as_finished(
        functools.partial(_keep_all, folder),
        _by_trial(missing),
        workers or os.cpu_count() or 1,
        apart=len(missing) >= _MANY,
    )
    done = 0
    for shards_of_one, problems in finished:
        done += len(shards_of_one)
        failures |= problems
        report("running trials", done, len(missing))
    return failures


def _by_trial(shards: Sequence[Shard]) -> list[Sequence[Shard]]:
    found: dict[Key, list[Shard]] = {}
    for shard in shards:
        found.setdefault(shard.key, []).append(shard)
    return [together for of_trial in found.values() for together in batches(of_trial, _TOGETHER)]


def read_shard(shard: Shard, folder: Path) -> Sample:
    """The sample of a shard that was run.

    Raises:
        StudyError: if the file cannot be read; it is removed, so that the next run replaces it.
    """
    path = folder / shard.name
    sample = load_sample(path)
    if sample is None:
        path.unlink(missing_ok=True)
        raise StudyError(f"{path} could not be read and was removed; run the command again")
    return sample


def _shards_of(key: Key, plan: TrialPlan, parameters: Parameters, size: Size) -> Iterator[Shard]:
    members = parameters.members(key[0])[: size.members]
    count = -(-size.patients // len(members))
    seed = seed_of_trial(size.seed, json.dumps(_content(plan.source), sort_keys=True))
    for place, member in enumerate(members):
        yield Shard(key, plan, member, place * count, count, seed)


def _keep_all(folder: Path, shards: Sequence[Shard]) -> dict[str, str]:
    """Put shards on disk; names of those that could not be run, and why."""
    problems = {}
    for shard in shards:
        try:
            save_sample(shard.draw(), folder / shard.name)
        except InputError as error:
            problems[shard.name] = str(error)
    return problems
