"""Running a recorded run again and comparing every table, bit for bit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from forestall.errors import InputError
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.biopsy_design import biopsy_design
from forestall.studies.biopsy_result import STUDY
from forestall.studies.output import staged_folder
from forestall.studies.patient import Patient
from forestall.studies.progress import Progress
from forestall.studies.record import RunRecord, knowledge_sha256, read_record, versions
from forestall.studies.simulate import simulate
from forestall.studies.trial import Trial


@dataclass(frozen=True)
class Rerun:
    """How a repetition compares with the record."""

    tables: dict[str, bool]
    """File name -> whether the repetition gave the same bytes."""
    changed: list[str]
    """What differs in the software or the knowledge files."""

    @property
    def identical(self) -> bool:
        """Whether all tables are the same."""
        return bool(self.tables) and all(self.tables.values())

    def lines(self) -> list[str]:
        """The comparison in words."""
        rows = [f"{name}: {'identical' if same else 'DIFFERENT'}" for name, same in self.tables.items()]
        verdict = "all tables are identical" if self.identical else "the tables differ"
        return [*rows, *self.changed, verdict]


def rerun(
    folder: Path,
    *,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Rerun:
    """Repeat the run that a folder records.

    Args:
        folder: Folder of an earlier run.
        out: Where to keep the repetition; nothing is kept if not given.
        workers: Threads.
        progress: Called with a stage, how much of it is done and how much there is.

    Raises:
        InputError: if there is no record, or `out` is the folder itself.
    """
    record = read_record(folder)
    if out is not None and out.resolve() == folder.resolve():
        raise InputError(
            "the repetition would replace the run that it is compared with",
            value=str(out),
            fix="choose another --out",
        )
    if out is not None:
        again = _repeat(record, out, workers, progress)
    else:
        with tempfile.TemporaryDirectory(prefix="forestall-") as scratch:
            again = _repeat(record, Path(scratch) / "again", workers, progress)
    tables = {name: again.tables_sha256.get(name) == digest for name, digest in record.tables_sha256.items()}
    return Rerun(tables, _changes(record))


def _repeat(record: RunRecord, out: Path, workers: int | None, progress: Progress | None) -> RunRecord:
    if record.study == "patient":
        arguments = dict(record.trial)
        patient = Patient(**arguments.pop("patient", {}))
        parameters = ParameterSet(record.parameters, record.parameter_values)
        simulate(patient, **arguments, parameters=parameters, progress=progress).write(out)
        return read_record(out)
    if record.study == STUDY:
        design = biopsy_design(
            Trial.of(record.trial["trial"]), **record.trial["arguments"], progress=progress
        )
        with staged_folder(out) as staging:
            design.write_files(staging)
            design.write_record(staging, kept=out)
        return read_record(out)
    return (
        Trial.of(record.trial)
        .run(
            seed=record.seed,
            patients=record.patients,
            replicates=record.replicates,
            workers=workers,
            parameters=ParameterSet(record.parameters, record.parameter_values),
            why=record.explained,
            out=out,
            progress=progress,
        )
        .record
    )


def _changes(record: RunRecord) -> list[str]:
    now = versions()
    changed = [
        f"{name}: {then} in the record, {now.get(name, 'none')} now"
        for name, then in record.versions.items()
        if now.get(name) != then
    ]
    if record.knowledge_sha256 != knowledge_sha256():
        changed.append("the knowledge files have changed since the record")
    return changed
