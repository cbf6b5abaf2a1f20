"""The report of one simulated patient as an HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forestall.report.clone_tree import clone_tree
from forestall.report.figures import Plate
from forestall.report.fish import fish_plot
from forestall.report.html import REPORT_FILE, Picture, page
from forestall.report.patient import course_figure
from forestall.report.samples_table import finding_text
from forestall.report.why import why_cells, why_figure
from forestall.report.wording import DASH
from forestall.studies.course import Course
from forestall.studies.samples import SampledCourse
from forestall.studies.story import paragraphs
from forestall.studies.why import Why

TEMPLATE = "patient.html.jinja"
_FISH_CAPTION = (
    "Each lesion's clones, a clone inside the one that it came from. A body is as thick as its lesion is wide, on its own scale. "
    "Left of month 0 stands the growth before treatment, not to scale. Clones that never made up 0.5% of a lesion are left out. "
    "Dashed: progression; triangles: biopsies; bars below: blood draws."
)
_TREE_CAPTION = (
    "Which clone came from which, the most cells it had at a visit, and where. The outlined clone led the progression. A clone "
    "with several alterations is drawn below the largest that has one less: in which order they came is not known."
)
_WHY_TEXT = (
    "The course again, with the same random numbers and one mechanism switched off at a time: the volume of the lesion that led the "
    "progression, in percent of what it was, on the day of the first of the two progressions."
)


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """A table of the page."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page."""

    name: str
    title: str
    text: str
    figures: Sequence[Picture]
    tables: Sequence[HtmlTable] = ()


@dataclass(frozen=True, slots=True)
class PatientPage:
    """What the page shows."""

    title: str
    regimen: str
    paragraphs: Sequence[str]
    sections: Sequence[Section]


def write_patient_report(
    course: Course, folder: Path, *, sampled: SampledCourse | None = None, why: Why | None = None
) -> Path:
    """Write `report.html` into a folder that is there.

    Args:
        course: A simulated course.
        folder: Where to.
        sampled: Her samples, if any were taken.
        why: What each mechanism did, if that was asked for.

    Returns:
        The HTML file.
    """
    path = folder / REPORT_FILE
    path.write_text(page(TEMPLATE, report=_page(course, sampled, why)), encoding="utf-8", newline="\n")
    return path


def _page(course: Course, sampled: SampledCourse | None, why: Why | None) -> PatientPage:
    found = [] if sampled is None else sampled.paragraphs()
    told = [*found, *([] if why is None else why.paragraphs)]
    sections = [_course(course), _clones(course, sampled)]
    sections += [] if why is None else [_why(why)]
    sections += [] if sampled is None else [_samples(sampled)]
    return PatientPage(course.patient.patient, course.regimen.name, paragraphs(course, told), sections)


def _course(course: Course) -> Section:
    caption = (
        "Lesions as the scans measured them with the response at each scan, shares of the clones, and doses."
    )
    plate = Plate(
        "course", "Course", caption, "Diameters, clones and doses over time.", course_figure(course)
    )
    return Section("course", "Course", "", [Picture(plate)])


def _clones(course: Course, sampled: SampledCourse | None) -> Section:
    fish = Plate(
        "fish",
        "Fish plot",
        _FISH_CAPTION,
        "Clones of every lesion over time, nested.",
        fish_plot(course, sampled),
    )
    tree = Plate(
        "clone_tree",
        "Clone tree",
        _TREE_CAPTION,
        "A tree of the clones with their sizes.",
        clone_tree(course),
    )
    return Section("clones", "Clones", "", [Picture(fish), Picture(tree)])


def _why(why: Why) -> Section:
    plate = Plate(
        "why",
        "The leading lesion without each mechanism",
        "The lesion that led the progression, as it was and without each mechanism that mattered. Dashed: progression.",
        "Diameter of the leading lesion over time in each repetition.",
        why_figure(why),
    )
    heads = ("Switched off", "Progression, months", "Later by, months", "Volume, % of what it was")
    table = HtmlTable("Each mechanism", heads, [why_cells(item) for item in why.without])
    return Section("why", "Why", _WHY_TEXT, [Picture(plate)], [table])


def _samples(sampled: SampledCourse) -> Section:
    stained = [found.marker for sample in sampled.tissue[:1] for found in sample.receptors]
    tissue = [
        (
            f"{sample.lesion}, day {sample.day:.0f}",
            f"{sample.tumor_share:.0%}",
            *("+" if found.positive else "-" for found in sample.receptors),
            ", ".join(finding_text(found) for found in sample.variants if found.called) or DASH,
        )
        for sample in sampled.tissue
    ]
    blood = [
        (
            f"day {sample.day:.0f}",
            f"{sample.dna_ng_per_ml:.2g}",
            f"{100 * sample.tumor_share:.2g}%",
            str(sample.circulating_cells),
            ", ".join(finding_text(found) for found in sample.variants if found.called) or DASH,
        )
        for sample in sampled.blood
    ]
    tables = [
        HtmlTable("Tissue", ("Biopsy", "Tumor cells", *stained, "Reported"), tissue),
        HtmlTable("Blood", ("Draw", "DNA, ng/mL", "Tumor DNA", "CTC", "Reported"), blood),
    ]
    return Section("samples", "Biopsies and blood", "", [], [table for table in tables if table.rows])
