"""Biopsies and blood draws of one simulated patient: what they would find, before and after treatment, in each lesion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forestall.clinic.biopsy import Biopsy
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.sample_findings import Sample
from forestall.clinic.tumor_state import TumorState
from forestall.errors import InputError, did_you_mean
from forestall.interop.maf import maf_text
from forestall.knowledge.scope import Scope, in_scope
from forestall.studies.course import Course
from forestall.studies.course_files import course_data
from forestall.studies.sample_files import SAMPLE_TABLES, sample_rows, write_samples
from forestall.studies.sample_words import sample_paragraphs
from forestall.studies.scoped import in_its_disease
from forestall.studies.story import RESEARCH_USE, story_of
from forestall.units import quantity_in

if TYPE_CHECKING:
    import polars as pl

BASELINE, PROGRESSION, END, EVERY_VISIT = "baseline", "progression", "end", "visits"
PROGRESSING, LARGEST, ALL = "progressing", "largest", "all"
DEFAULT_TISSUE = (f"{BASELINE}:{PROGRESSING}", f"{PROGRESSION}:{PROGRESSING}")
DEFAULT_BLOOD = (EVERY_VISIT,)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A sample that was asked for and could not be had."""

    asked: str
    reason: str


@dataclass(frozen=True)
class SampledCourse:
    """A course and the samples taken along it."""

    course: Course
    tissue: tuple[Sample, ...]
    blood: tuple[Sample, ...]
    not_taken: tuple[NotTaken, ...]

    @property
    def scope(self) -> Scope | None:
        """The knowledge of the disease; None for breast."""
        return self.course.scope

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Tissue, then blood."""
        return self.tissue + self.blood

    @in_its_disease
    def paragraphs(self) -> list[str]:
        """What the samples found, in words."""
        return sample_paragraphs(self.course, self.tissue, self.blood)

    @in_its_disease
    def story(self) -> str:
        """The course in words, with what the samples found."""
        return story_of(self.course, self.paragraphs())

    @in_its_disease
    def to_frame(self, table: str) -> pl.DataFrame:
        """A table.

        Args:
            table: `samples`, `variants` or `receptors`.

        Raises:
            InputError: if there is no such table.
        """
        import polars as pl

        if table not in SAMPLE_TABLES:
            raise InputError("no such table", value=table, allowed=", ".join(SAMPLE_TABLES))
        return pl.DataFrame(sample_rows(table, self.samples), infer_schema_length=None)

    @in_its_disease
    def to_maf(self) -> str:
        """The variants that were called, as a MAF file."""
        return maf_text(self.course.patient.patient, self.samples)

    @in_its_disease
    def to_data(self) -> dict[str, Any]:
        """Course and samples as plain data."""
        return {
            "study": "biopsy",
            "course": course_data(self.course),
            **{table: sample_rows(table, self.samples) for table in SAMPLE_TABLES},
            "not_taken": [{"asked": item.asked, "reason": item.reason} for item in self.not_taken],
            "notice": RESEARCH_USE,
        }

    @in_its_disease
    def write_files(self, folder: Path) -> None:
        """Write the story, samples.json, the tables and findings.maf into a folder that is there."""
        (folder / "story.txt").write_text(self.story() + "\n", encoding="utf-8")
        data = json.dumps(self.to_data(), allow_nan=False, ensure_ascii=False)
        (folder / "samples.json").write_text(data + "\n", encoding="utf-8")
        write_samples(self.course, self.samples, folder)


def state_at(course: Course, visit: int) -> TumorState:
    """The tumor at a visit.

    Args:
        course: A simulated course.
        visit: Number of the visit.
    """
    trunk = frozenset(course.patient.alterations)
    return TumorState(
        day=float(course.visit_day[visit]),
        lesion=tuple(lesion.name for lesion in course.lesions),
        site=tuple(lesion.site for lesion in course.lesions),
        diameter_mm=np.array([lesion.true_mm[visit] for lesion in course.lesions]),
        carried=tuple(trunk | set(clone.acquired) for clone in course.clones),
        cells=np.stack([clone.cells[visit] for clone in course.clones], axis=1),
        dying_per_day=np.stack([clone.dying_per_day[visit] for clone in course.clones], axis=1),
        her2_positive=course.patient.her2 == "positive",
        er_positive=course.patient.er == "positive",
        seed=course.seed or 0,
    )


def sample_course(
    course: Course,
    tissue: Sequence[str] = DEFAULT_TISSUE,
    blood: Sequence[str] = DEFAULT_BLOOD,
    *,
    laboratory: Laboratory | None = None,
) -> SampledCourse:
    """Take biopsies and blood along a course.

    Samples are taken at visits: a day between two visits means the nearer one.

    Args:
        course: A simulated course.
        tissue: When and where, as "progression:liver". When is `baseline`, `progression`, `end`, `visits`, or a time such as
            "16 weeks" or a day; where is a lesion's name, `progressing`, `largest` or `all`.
        blood: When.
        laboratory: How samples are taken and read; as in the catalog if not given.

    Raises:
        InputError: if a time or a lesion cannot be read or is not there.
    """
    with in_scope(course.scope):
        return _sampled(course, tissue, blood, laboratory or Laboratory.with_numbers())


def _sampled(
    course: Course, tissue: Sequence[str], blood: Sequence[str], laboratory: Laboratory
) -> SampledCourse:
    needle, tube = laboratory.biopsy, laboratory.liquid_biopsy
    cores: dict[tuple[int, int], Sample] = {}
    missing: list[NotTaken] = []
    for asked in tissue:
        when, _, where = asked.partition(":")
        for visit in _visits(course, when, asked, missing):
            state = state_at(course, visit)
            for lesion in _lesions(course, state, where or LARGEST):
                if needle.can_take(state, lesion):
                    cores.setdefault((visit, lesion), needle.take(state, lesion))
                else:
                    missing.append(NotTaken(asked, _too_small(state, lesion, needle)))
    visits = sorted({visit for asked in blood for visit in _visits(course, asked, asked, missing)})
    tubes = tuple(tube.draw(state_at(course, visit)) for visit in visits)
    return SampledCourse(course, tuple(cores[key] for key in sorted(cores)), tubes, tuple(missing))


def _too_small(state: TumorState, lesion: int, needle: Biopsy) -> str:
    size = f"{state.diameter_mm[lesion]:.1f} mm on day {state.day:.0f}"
    return f"{state.lesion[lesion]} measured {size}, below {needle.smallest_lesion_mm:g} mm"


def _visits(course: Course, when: str, asked: str, missing: list[NotTaken]) -> list[int]:
    """Numbers of the visits that a time names."""
    word = when.strip().casefold()
    last = course.visit_day.size - 1
    if word == EVERY_VISIT:
        return list(range(last + 1))
    if word == PROGRESSION:
        if course.progression is None:
            missing.append(NotTaken(asked, "the disease did not progress"))
            return []
        return [int(np.flatnonzero(course.visit_day == course.progression.day)[0])]
    if word in (BASELINE, END):
        return [0 if word == BASELINE else last]
    day = _day(when)
    if day > course.last_day:
        missing.append(NotTaken(asked, f"follow-up ended on day {course.last_day:.0f}"))
        return []
    return [int(np.argmin(np.abs(course.visit_day - day)))]


def _day(when: str) -> float:
    words = f"{BASELINE}, {PROGRESSION}, {END}, {EVERY_VISIT}, a day, or a time such as '16 weeks'"
    try:
        day = float(when) if when.strip().replace(".", "", 1).isdigit() else quantity_in(when, "day")
    except InputError:
        fix = did_you_mean(when, (BASELINE, PROGRESSION, END, EVERY_VISIT))
        raise InputError(
            "not a time at which a sample can be taken", value=when, allowed=words, fix=fix
        ) from None
    if day < 0:
        raise InputError("a sample cannot be taken before the baseline", value=when, allowed=words)
    return day


def _lesions(course: Course, state: TumorState, where: str) -> list[int]:
    """Columns of the lesions that a word names; those that are gone are left out of `all`."""
    word = where.strip().casefold()
    if word == ALL:
        return [number for number in range(len(state.lesion)) if state.cells[number].sum() >= 1]
    if word == PROGRESSING and course.progression is not None:
        return [state.lesion_number(course.progression.lesion)]
    if word in (LARGEST, PROGRESSING):
        return [int(np.argmax(state.diameter_mm))]
    if word in state.lesion:
        return [state.lesion_number(word)]
    known = [*state.lesion, PROGRESSING, LARGEST, ALL]
    raise InputError("no such lesion", value=where, allowed=", ".join(known), fix=did_you_mean(where, known))
