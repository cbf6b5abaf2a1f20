"""Courses of one patient that can also draw and report themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forestall.api.common import announced, set_of, shown_as
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.knowledge.regimens import Regimen
from forestall.studies import samples as sampling
from forestall.studies import simulate as simulation
from forestall.studies import why as explanation
from forestall.studies.patient import Patient
from forestall.studies.progress import Progress
from forestall.studies.samples import DEFAULT_BLOOD, DEFAULT_TISSUE
from forestall.studies.scoped import in_its_disease

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forestall.clinic.laboratory import Laboratory


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
        return shown_as(SampledPatient, sampled)

    def write(self, folder: Path | str, *, also: Callable[[Path], object] | None = None) -> None:
        """Write report.html, story.txt, course.json, visits.csv, clones.csv, the record, and the figures.

        Args:
            folder: Where to; an earlier result there is replaced.
            also: Writes more files into the folder before it takes its place.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """
        self._write_with(folder, also)

    def _write_with(
        self,
        folder: Path | str,
        also: Callable[[Path], object] | None,
        *,
        figures: Mapping[str, Callable[[], Figure]] | None = None,
        sampled: SampledPatient | None = None,
        why: Why | None = None,
    ) -> None:
        """Write the course with what a study of it adds: files, figures (or others of the same name), a part of the report."""
        drawn = {"course": self.plot, "fish": self.plot_fish, "clone_tree": self.plot_tree, **(figures or {})}

        def more(staging: Path) -> None:
            from forestall.report.drawing import save_figure
            from forestall.report.patient_html import write_patient_report

            for name, draw in drawn.items():
                save_figure(draw(), staging, name)
            write_patient_report(self, staging, sampled=sampled, why=why)
            if also is not None:
                also(staging)

        super().write(folder, also=more)


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
        self.course._write_with(folder, self.write_files, figures={"fish": self.plot_fish}, sampled=self)


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
        self.course._write_with(folder, self.write_files, figures={"why": self.plot}, why=self)


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
        parameters=set_of(parameters),
    )
    found = explanation.explain_course(case, progress or announced)
    return Why(shown_as(PatientCourse, found.course), found.without)


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
            cancer capecitabine, with trastuzumab if it is HER2-positive).
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
        parameters=set_of(parameters),
        progress=progress or announced,
    )
    return shown_as(PatientCourse, course)
