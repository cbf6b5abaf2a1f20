"""Trials that can also draw and report themselves."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from forestall.api.common import announced, set_of, shown_as
from forestall.errors import InputError
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies import trial as trials
from forestall.studies import trial_result
from forestall.studies.attribution import attribution_rows
from forestall.studies.course_files import write_csv
from forestall.studies.output import staged_folder
from forestall.studies.progress import Progress
from forestall.studies.record import rerun_command, write_record
from forestall.studies.scoped import in_its_disease

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from forestall.report.model import ReportInput

WHY_FILE = "why.csv"
"""Table of the causes of progression in a trial's folder."""
MECHANISMS_FILE, PATIENTS_FILE = "why_mechanisms.csv", "why_patients.csv"
"""Tables of what each mechanism did over the courses: summed by arm, and patient by patient."""


@dataclass(frozen=True)
class TrialResult(trial_result.TrialResult):
    """A finished trial."""

    @cached_property
    @in_its_disease
    def content(self) -> ReportInput:
        """Everything that the report shows, as plain numbers and texts."""
        from forestall.report.trial import report_of

        return report_of(self)

    def summary(self) -> str:
        """The result beside the published one, as the command prints it."""
        from rich.console import Console

        from forestall.report.terminal import WIDTH, print_summary

        text = io.StringIO()
        console = Console(file=text, width=WIDTH, highlight=False, markup=False, emoji=False, no_color=True)
        print_summary(self.content, console=console)
        return text.getvalue().rstrip()

    def plot(self, endpoint: str = "PFS") -> Figure:
        """The Kaplan-Meier figure.

        Args:
            endpoint: PFS or OS.

        Raises:
            InputError: if the trial has no such endpoint.
        """
        from forestall.report.figures import survival_plate

        known = {data.endpoint: data for data in self.content.survival}
        if endpoint.upper() not in known:
            raise InputError("no such endpoint", field="endpoint", value=endpoint, allowed=" or ".join(known))
        return survival_plate(self.content, known[endpoint.upper()]).figure

    def why(self, *, by_kind: bool = False) -> pl.DataFrame:
        """Why patients progressed: count, share and exact 95% interval of every cause in every arm.

        Args:
            by_kind: Sum over the causes of a kind (acquired alteration, crosstalk rebound, ...).
        """
        import polars as pl

        return pl.DataFrame(attribution_rows(self.attributions(by_kind=by_kind)), infer_schema_length=None)

    @in_its_disease
    def report(self, folder: Path | str) -> Path:
        """Write report, figures, tables and record: the folder that `forestall trial` writes.

        Args:
            folder: Where to; an earlier result there is replaced.

        Returns:
            The report, an HTML file that needs no other.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """
        from forestall.report.html import REPORT_FILE, write_report

        target = Path(folder)
        record = self.record.model_copy(update={"command": rerun_command(target)})
        with staged_folder(target) as staging:
            for table in self.record.tables_sha256:
                shutil.copyfile(self.folder / table, staging / table)
            write_record(record, staging)
            write_report(replace(self.content, rerun_command=record.command), staging)
            _write_why(self, staging)
        return target / REPORT_FILE

    def to_json(self) -> str:
        """The result as one JSON object: what `forestall trial --json` prints."""
        from forestall.report.payload import report_payload

        return json.dumps(report_payload(self.content), allow_nan=False)


def _write_why(result: trial_result.TrialResult, folder: Path) -> None:
    """Write the tables of why patients progressed."""
    write_csv(folder / WHY_FILE, attribution_rows(result.attributions()))
    if result.explained is not None:
        write_csv(folder / MECHANISMS_FILE, result.explained.rows())
        write_csv(folder / PATIENTS_FILE, result.explained.patient_rows())


@dataclass(frozen=True)
class Trial(trials.Trial):
    """A trial that can be run."""

    def run(
        self,
        *,
        seed: int = 1,
        patients: int | None = None,
        replicates: int = 1,
        workers: int | None = None,
        parameters: ParameterSet | str | None = None,
        why: int | None = None,
        out: Path | str | None = None,
        also: trials.Also | None = None,
        progress: Progress | None = None,
    ) -> TrialResult:
        """Run the trial.

        Args:
            seed: Every random number follows from it.
            patients: Patients per replicate; those of the trial if not given.
            replicates: Independent repetitions; the first is reported and written, all of them give the
                prediction intervals.
            workers: Threads; one per processor if not given. Results do not depend on it.
            parameters: Numbers that replace those of the catalog: "calibrated" (the default in breast cancer), "literature", the path
                of an ensemble that `forestall calibrate` wrote, or a set of your own.
            why: Patients of each arm who progressed, whose courses are repeated without one mechanism of resistance at a time
                (`TrialResult.explained`); none if not given.
            out: Folder for tables, record, report and figures, complete or not there; an earlier result
                there is replaced. The tables are kept as long as the result if not given.
            also: Writes more files into that folder before it takes its place.
            progress: Called with a stage, how much of it is done and how much there is; by default the first
                run says on the standard error that it is compiling.

        Raises:
            InputError: if the population cannot be drawn or a number is out of range.
            StudyError: if the folder cannot be written, or holds files of others.
        """
        told = progress or announced

        def finish(result: trial_result.TrialResult, folder: Path) -> None:
            from forestall.report.html import write_report

            told("drawing the report", 0, 0)
            write_report(shown_as(TrialResult, result).content, folder)
            _write_why(result, folder)
            if also is not None:
                also(result, folder)

        done = super().run(
            seed=seed,
            patients=patients,
            replicates=replicates,
            workers=workers,
            parameters=set_of(parameters),
            why=why,
            out=out,
            also=finish,
            progress=told,
        )
        return shown_as(TrialResult, done)
