"""A trial run as virtual patients."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import ValidationError

from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.course import FAILURES
from forestall.clinic.defaults import default_after_progression
from forestall.clinic.endpoints import (
    duration_of_response,
    objective_response,
    overall_survival,
    progression_free_survival,
)
from forestall.clinic.entry_lesions import sites
from forestall.clinic.findings import Findings
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import Population, draw_population
from forestall.clinic.randomization import allocate
from forestall.errors import InputError
from forestall.interop.adam import AdamArm, AdamStudy, Batch
from forestall.interop.adam_subjects import subjects_of
from forestall.interop.adam_writer import AdamWriter
from forestall.knowledge.ensembles import parameters_named
from forestall.knowledge.packs import scope_of
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet, in_use, using
from forestall.knowledge.reading import validate
from forestall.knowledge.scope import Scope, in_scope
from forestall.knowledge.trials import TrialSpec, read_trial
from forestall.studies.analysis import (
    Outcomes,
)
from forestall.studies.chunks import chunk_size, in_order
from forestall.studies.compilation import announce_compilation
from forestall.studies.defaults import explain_defaults
from forestall.studies.first_replicate import FirstReplicate
from forestall.studies.landmarks import landmarks
from forestall.studies.output import staged_folder
from forestall.studies.progress import Progress, quiet
from forestall.studies.record import (
    RunRecord,
    file_sha256,
    knowledge_sha256,
    machine,
    rerun_command,
    versions,
    write_record,
)
from forestall.studies.scoped import in_its_disease
from forestall.studies.trial_result import TABLES, TrialResult
from forestall.studies.trial_why import Job, explain_trial
from forestall.studies.trial_why_result import TrialWhy

if TYPE_CHECKING:
    pass

Also = Callable[[TrialResult, Path], object]

CHUNK = 2000
"""Most patients followed together; results do not depend on it."""


@dataclass(frozen=True)
class Trial:
    """A trial that can be run."""

    spec: TrialSpec
    source: Mapping[str, Any]
    """The trial as it was written."""
    scope: Scope | None = field(default=None, repr=False, compare=False)
    """The knowledge of the disease; None for breast."""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Self:
        """A trial of the catalogue, or from a file.

        Raises:
            InputError: if there is none, or the file is wrong: naming file, line, field and fix.
        """
        document, scope = read_trial(name_or_path)
        with in_scope(scope):
            source = document.data if scope is None else {**document.data, "disease": scope.origin}
            return cls(validate(TrialSpec, document), source, scope)

    @classmethod
    def of(cls, source: Mapping[str, Any]) -> Self:
        """A trial from a mapping with the fields of a trial file.

        Raises:
            InputError: if a field is wrong.
        """
        scope = scope_of(source)
        try:
            with in_scope(scope):
                return cls(TrialSpec.model_validate(dict(source)), dict(source), scope)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(first["msg"], field=place) from None

    @property
    def name(self) -> str:
        """The trial's name as a folder name."""
        return re.sub(r"[^a-z0-9]+", "-", self.spec.trial.casefold()).strip("-") or "trial"

    def watch(self, seed: int) -> Watch:
        """Visits and follow-up."""
        visits = sorted({round(day) for day in self.spec.visit_days()})
        return Watch(
            tuple(visits),
            round(self.spec.follow_up_days),
            seed,
            self.spec.dropout_per_day,
            accrual_days=self.spec.accrual_days,
        )

    @in_its_disease
    def compiled_arms(self) -> tuple[Arm, ...]:
        """The arms, ready to be given to patients."""
        watch = self.watch(0)
        after = self.spec.after_progression_regimen or default_after_progression(self.spec.population.her2)
        return tuple(
            compile_arm(name, regimen, after, watch.visits, watch.follow_up_days)
            for name, regimen in self.spec.regimens.items()
        )

    @in_its_disease
    def explain_defaults(self) -> str:
        """Every field that the trial leaves open, with the value that it takes."""
        return explain_defaults(self.spec)

    @in_its_disease
    def run(
        self,
        *,
        seed: int = 1,
        patients: int | None = None,
        replicates: int = 1,
        workers: int | None = None,
        parameters: ParameterSet | None = None,
        why: int | None = None,
        out: Path | str | None = None,
        also: Also | None = None,
        progress: Progress | None = None,
    ) -> TrialResult:
        """Run the trial.

        Args:
            seed: Every random number follows from it.
            patients: Patients per replicate; those of the trial if not given.
            replicates: Independent repetitions; the first is reported and written, all of them give the
                prediction intervals.
            workers: Threads; one per processor if not given. Results do not depend on it.
            parameters: Numbers that replace those of the catalog; if not given, the calibrated ones in
                breast cancer (`forestall.knowledge.ensembles`) and the pack's own in other diseases.
            why: Patients of each arm who progressed, whose courses are repeated without one mechanism of resistance at a time
                (`TrialResult.explained`); none if not given.
            out: Folder for the tables and the record, complete or not there; an earlier result there is
                replaced. A temporary one, which lives as long as the result, if not given.
            also: Writes more files into that folder before it takes its place.
            progress: Called with a stage, how much of it is done and how much there is.

        Raises:
            InputError: if the population cannot be drawn or a number is out of range.
            StudyError: if the folder cannot be written, or holds files of others.
        """
        count = self.spec.patients if patients is None else patients
        _check_counts(seed, count, replicates, workers, why, len(self.spec.arms))
        threads = workers or os.cpu_count() or 1
        chosen = _usual_parameters(self.scope) if parameters is None else parameters
        with using(chosen):
            run = _Run(self, self.compiled_arms(), seed, count, replicates, threads, why, progress or quiet)
            return self._run(run, out, also)

    def _run(self, run: _Run, out: Path | str | None, also: Also | None) -> TrialResult:
        if out is None:
            keep = tempfile.TemporaryDirectory(prefix="forestall-")
            return self._result(run, Path(keep.name), kept=None, keep=keep)
        with staged_folder(Path(out)) as staging:
            result = self._result(run, staging, kept=Path(out))
            if also is not None:
                also(result, staging)
        return replace(result, folder=Path(out))

    def _result(self, run: _Run, folder: Path, kept: Path | None, keep: object = None) -> TrialResult:
        announce_compilation(run.progress, lambda: run.chunk(0, 1))
        outcomes = run.all_replicates(folder)
        explained = run.explained(outcomes[0])
        record = self._record(run, folder, kept)
        write_record(record, folder)
        return TrialResult(
            name=self.name,
            spec=self.spec,
            arms=run.arms,
            seed=run.seed,
            patients=run.patients,
            replicates=outcomes,
            causes=tuple(run.causes),
            explained=explained,
            swimmers=run.first.swimmers(),
            entry=run.first.entry(),
            landmarks=landmarks(self.spec, outcomes[0], run.first.milestones),
            record=record,
            folder=folder,
            scope=self.scope,
            keep=keep,
        )

    def _record(self, run: _Run, folder: Path, kept: Path | None) -> RunRecord:
        tables = [path for table in TABLES for path in sorted(folder.glob(f"{table}.*"))]
        return RunRecord(
            study="trial",
            name=self.name,
            trial=dict(self.source),
            seed=run.seed,
            patients=run.patients,
            replicates=run.replicates,
            explained=run.why,
            versions=versions(),
            machine=machine(),
            knowledge_sha256=knowledge_sha256(),
            parameters=in_use().name,
            parameter_values=dict(in_use().values),
            tables_sha256={path.name: file_sha256(path) for path in tables},
            command=rerun_command(kept),
        )


def _usual_parameters(scope: Scope | None) -> ParameterSet:
    """The calibrated numbers in breast cancer, a pack's own elsewhere."""
    return parameters_named() if scope is None else LITERATURE


def _check_counts(
    seed: int, patients: int, replicates: int, workers: int | None, why: int | None, arms: int
) -> None:
    for name, number, least in (
        ("seed", seed, 0),
        ("patients", patients, arms),
        ("replicates", replicates, 1),
        ("workers", 1 if workers is None else workers, 1),
        ("why", 1 if why is None else why, 1),
    ):
        if number < least:
            raise InputError("the number is too small", field=name, value=number, allowed=f"{least} or more")
    if seed >= 2**63:
        raise InputError("the number is too large", field="seed", value=seed, allowed="below 2^63")


@dataclass
class _Run:
    """One run in progress."""

    trial: Trial
    arms: tuple[Arm, ...]
    seed: int
    patients: int
    replicates: int
    workers: int
    why: int | None
    progress: Progress
    causes: list[str] = field(default_factory=list)
    first: FirstReplicate = field(default_factory=FirstReplicate)

    def __post_init__(self) -> None:
        self.watch = self.trial.watch(self.seed)

    def chunk(self, start: int, end: int) -> tuple[Population, Findings]:
        """Patients `start` to `end` of all replicates together, each under her arm, in their order."""
        patients = np.arange(start, end, dtype=np.int64)
        population = draw_population(self.trial.spec.population, patients, self.seed)
        arm = allocate(patients, self.trial.spec.allocation, self.seed)
        parts = [
            follow_arm(population.select(arm == index), self.arms[index], index, self.watch).findings
            for index in np.unique(arm).tolist()
        ]
        findings = Findings.concatenate(parts)
        return population, findings.select(np.argsort(findings.patient))

    def all_replicates(self, folder: Path) -> tuple[Outcomes, ...]:
        """Run every replicate; the first is written."""
        with AdamWriter(folder, self._study()) as writer:
            first = self._replicate(0, writer)
            return (first, *(self._replicate(number) for number in range(1, self.replicates)))

    def _replicate(self, number: int, writer: AdamWriter | None = None) -> Outcomes:
        first = number * self.patients

        def work(start: int, end: int) -> tuple[Population, Findings]:
            return self.chunk(first + start, first + end)

        parts = []
        size = chunk_size(self.patients, self.workers, CHUNK)
        for done, (population, findings) in in_order(work, self.patients, size, self.workers):
            if writer is not None:
                writer.write(_batch(population, findings))
                self.first.add(population, findings)
            self.causes = findings.causes
            parts.append(Outcomes.of(findings))
            self.progress("following patients", first + done, self.replicates * self.patients)
        return Outcomes.joined(parts)

    def explained(self, outcomes: Outcomes) -> TrialWhy | None:
        """Courses of the first replicate repeated without one mechanism at a time, if that is asked for."""
        if self.why is None:
            return None
        job = Job(self.trial.spec, self.watch, self.causes, self.workers, self.progress)
        return explain_trial(job, outcomes, self.why)

    def _study(self) -> AdamStudy:
        arms = [AdamArm(name, regimen.text()) for name, regimen in self.trial.spec.regimens.items()]
        failures = {code: text for code, text in enumerate(FAILURES) if text}
        return AdamStudy(self.trial.spec.trial, arms, sites(), failures)


def _batch(population: Population, findings: Findings) -> Batch:
    endpoints = (
        progression_free_survival(findings),
        overall_survival(findings),
        duration_of_response(findings),
    )
    return Batch(subjects_of(population), findings, endpoints, objective_response(findings))
