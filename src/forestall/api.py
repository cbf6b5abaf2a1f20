"""The Python interface: studies that can also draw and report themselves.

import forestall as fs

result = fs.Trial.load("cleopatra").run(seed=1)
print(result.summary())
result.plot()
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forestall.errors import InputError
from forestall.knowledge.ensembles import parameters_named
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.knowledge.regimens import Regimen
from forestall.studies import samples as sampling
from forestall.studies import simulate as simulation
from forestall.studies import trial as trials
from forestall.studies import why as explanation
from forestall.studies.attribution import attribution_rows
from forestall.studies.compilation import COMPILING
from forestall.studies.course_files import write_csv
from forestall.studies.output import staged_folder
from forestall.studies.patient import Patient
from forestall.studies.record import rerun_command, write_record
from forestall.studies.samples import DEFAULT_BLOOD, DEFAULT_TISSUE
from forestall.studies.scoped import in_its_disease

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from forestall.clinic.laboratory import Laboratory
    from forestall.report.model import ReportInput

__all__ = ["Patient", "PatientCourse", "SampledPatient", "Trial", "TrialResult", "Why", "simulate", "why"]

Progress = Callable[[str, int, int], None]
_Shown = TypeVar("_Shown")
WHY_FILE = "why.csv"
"""Table of the causes of progression in a trial's folder."""


@dataclass(frozen=True)
class TrialResult(trials.TrialResult):
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
            write_csv(staging / WHY_FILE, attribution_rows(self.attributions()))
        return target / REPORT_FILE

    def to_json(self) -> str:
        """The result as one JSON object: what `forestall trial --json` prints."""
        from forestall.report.payload import report_payload

        return json.dumps(report_payload(self.content), allow_nan=False)


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
            out: Folder for tables, record, report and figures, complete or not there; an earlier result
                there is replaced. The tables are kept as long as the result if not given.
            also: Writes more files into that folder before it takes its place.
            progress: Called with a stage, how much of it is done and how much there is; by default the first
                run says on the standard error that it is compiling.

        Raises:
            InputError: if the population cannot be drawn or a number is out of range.
            StudyError: if the folder cannot be written, or holds files of others.
        """
        told = progress or _announced

        def finish(result: trials.TrialResult, folder: Path) -> None:
            from forestall.report.html import write_report

            told("drawing the report", 0, 0)
            write_report(_as(TrialResult, result).content, folder)
            write_csv(folder / WHY_FILE, attribution_rows(result.attributions()))
            if also is not None:
                also(result, folder)

        done = super().run(
            seed=seed,
            patients=patients,
            replicates=replicates,
            workers=workers,
            parameters=_set_of(parameters),
            out=out,
            also=finish,
            progress=told,
        )
        return _as(TrialResult, done)


class PatientCourse(simulation.PatientCourse):
    """The course of one patient, with its words, figure and files."""

    @in_its_disease
    def plot(self) -> Figure:
        """The lesions, the clones in them and the doses over time."""
        from forestall.report.patient import course_figure

        return course_figure(self)

    def plot_fish(self) -> Figure:
        """The fish plot: the clones of every lesion, each inside the one that it came from."""
        from forestall.report.fish import fish_plot

        return fish_plot(self)

    def plot_tree(self) -> Figure:
        """The clone tree."""
        from forestall.report.clone_tree import clone_tree

        return clone_tree(self)

    def sample(
        self,
        tissue: Sequence[str] = DEFAULT_TISSUE,
        blood: Sequence[str] = DEFAULT_BLOOD,
        *,
        laboratory: Laboratory | None = None,
    ) -> SampledPatient:
        """Take biopsies and blood along the course.

        Args:
            tissue: When and where, as "progression:liver". When is `baseline`, `progression`, `end`, `visits`, or a time such as
                "16 weeks" or a day (the nearest visit); where is a lesion's name, `progressing`, `largest` or `all`.
            blood: When.
            laboratory: How samples are taken and read; as in the catalog if not given.

        Raises:
            InputError: if a time or a lesion cannot be read or is not there.
        """
        sampled = sampling.sample_course(self, tissue, blood, laboratory=laboratory)
        return _as(SampledPatient, sampled)

    def write(self, folder: Path | str, *, also: Callable[[Path], object] | None = None) -> None:
        """Write report.html, story.txt, course.json, visits.csv, clones.csv, the record, and the figures.

        Args:
            folder: Where to; an earlier result there is replaced.
            also: Writes more files into the folder before it takes its place.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """

        def draw(staging: Path) -> None:
            from forestall.report.drawing import save_figure
            from forestall.report.patient_html import write_patient_report

            save_figure(self.plot(), staging, "course")
            save_figure(self.plot_fish(), staging, "fish")
            save_figure(self.plot_tree(), staging, "clone_tree")
            write_patient_report(self, staging)
            if also is not None:
                also(staging)

        super().write(folder, also=draw)


class SampledPatient(sampling.SampledCourse):
    """A patient's course with the biopsies and blood draws along it."""

    course: PatientCourse

    def plot_fish(self) -> Figure:
        """The fish plot, with the samples marked."""
        from forestall.report.fish import fish_plot

        return fish_plot(self.course, self)

    def plot_tree(self) -> Figure:
        """The clone tree."""
        return self.course.plot_tree()

    def write(self, folder: Path | str) -> None:
        """Write the course, the tables of samples, findings.maf, the fish plot and the clone tree.

        Args:
            folder: Where to; an earlier result there is replaced.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """

        def more(staging: Path) -> None:
            from forestall.report.drawing import save_figure
            from forestall.report.patient_html import write_patient_report

            self.write_files(staging)
            save_figure(self.plot_fish(), staging, "fish")
            write_patient_report(self.course, staging, sampled=self)

        self.course.write(folder, also=more)


class Why(explanation.Why):
    """What each mechanism of resistance did in one patient."""

    course: PatientCourse

    def plot(self) -> Figure:
        """The leading lesion as it was, and without each mechanism that mattered."""
        from forestall.report.why import why_figure

        return why_figure(self)

    def write(self, folder: Path | str) -> None:
        """Write the course, why.csv, without.csv and the figures.

        Args:
            folder: Where to; an earlier result there is replaced.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """

        def more(staging: Path) -> None:
            from forestall.report.drawing import save_figure
            from forestall.report.patient_html import write_patient_report

            self.write_files(staging)
            save_figure(self.plot(), staging, "why")
            write_patient_report(self.course, staging, why=self)

        self.course.write(folder, also=more)


def why(
    patient: Patient,
    regimen: str | Regimen | Mapping[str, Any] | Sequence[Any],
    duration: str = "24 months",
    seed: int | None = 1,
    *,
    after_progression: str | Regimen | Mapping[str, Any] | Sequence[Any] | None = None,
    visits: str | None = None,
    parameters: ParameterSet | str | None = None,
    progress: Progress | None = None,
) -> Why:
    """Repeat one patient's course with one mechanism of resistance switched off at a time; arguments as for `simulate`.

    Args:
        patient: Who is treated.
        regimen: Until progression.
        duration: How long to follow her.
        seed: Of every random number, the same in every repetition.
        after_progression: What follows progression.
        visits: When she is assessed.
        parameters: As for `Trial.run`; the catalog's numbers if not given.
        progress: Told how many repetitions are done.

    Raises:
        InputError: if an argument cannot be read.
        StudyError: if she does not progress.
    """
    case = simulation.prepare(
        patient,
        regimen,
        duration,
        seed,
        after_progression=after_progression,
        visits=visits,
        parameters=_set_of(parameters),
    )
    found = explanation.explain_course(case, progress or _announced)
    return Why(_as(PatientCourse, found.course), found.without)


def simulate(
    patient: Patient,
    regimen: str | Regimen | Mapping[str, Any] | Sequence[Any],
    duration: str = "24 months",
    seed: int | None = 1,
    *,
    after_progression: str | Regimen | Mapping[str, Any] | Sequence[Any] | None = None,
    visits: str | None = None,
    parameters: ParameterSet | str | None = None,
    progress: Progress | None = None,
) -> PatientCourse:
    """Follow one patient through one regimen.

    Args:
        patient: Who is treated.
        regimen: Until progression: a cataloged name, drugs and doses in words, or a list of them.
        duration: How long to follow her, with its unit.
        seed: Of every random number; two regimens with one seed share all of them. None gives the typical
            patient: what the description leaves open takes its median, no lesion is hidden, nothing is
            measured wrongly.
        after_progression: What follows progression; what the disease's knowledge says if absent (in breast
            cancer capecitabine).
        visits: When she is assessed, such as "every 8 weeks" or "every 8 weeks until 18 months, then every
            12 weeks"; every 8 weeks, or as the disease's pack says, if absent.
        parameters: As for `Trial.run`; the catalog's numbers if not given.
        progress: Told what is going on while the model is compiled or loaded; by default the first run says
            on the standard error that it is compiling.

    Returns:
        The course.

    Raises:
        InputError: if the regimen, the duration, the visits or the seed cannot be read.
    """
    course = simulation.simulate(
        patient,
        regimen,
        duration,
        seed,
        after_progression=after_progression,
        visits=visits,
        parameters=_set_of(parameters),
        progress=progress or _announced,
    )
    return _as(PatientCourse, course)


def _set_of(parameters: ParameterSet | str | None) -> ParameterSet | None:
    return parameters_named(parameters) if isinstance(parameters, str) else parameters


def _as(kind: type[_Shown], study: Any) -> _Shown:
    """What a study returned, as the class that can also draw it."""
    return kind(**{part.name: getattr(study, part.name) for part in fields(study)})


def _announced(stage: str, done: int, total: int) -> None:
    if stage == COMPILING:
        print(f"{stage} ...", file=sys.stderr, flush=True)
