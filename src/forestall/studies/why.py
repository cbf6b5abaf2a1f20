"""Why a patient progressed: her course again and again, each time with one mechanism of resistance switched off.

The named cause of a progression looks at one day: what would have slowed the leading clone most (`forestall.clinic.causes`). Here the
whole course is repeated with the same random numbers, so that what a mechanism did over months is seen: whether the disease would have
progressed at all, when, and how large the lesion that led it would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forestall.clinic.counterfactual import Kind, Switch, follow_without, switches
from forestall.clinic.population import population_from_patient
from forestall.errors import StudyError
from forestall.knowledge.parameter_sets import using
from forestall.knowledge.scope import Scope, in_scope
from forestall.studies.compilation import announce_compilation
from forestall.studies.course import Course, Floats
from forestall.studies.course_files import course_data, write_csv
from forestall.studies.escape import alteration_text, spaced
from forestall.studies.progress import Progress
from forestall.studies.scoped import in_its_disease
from forestall.studies.simulate import Case, PatientCourse
from forestall.studies.story import RESEARCH_USE, after, listed, story_of

MATTERS_PERCENT = 5.0
"""A mechanism matters if without it the leading lesion would have had at least this much less volume. The day of progression alone is
no measure: a scan that just reaches the threshold, or just does not, moves it by a whole interval."""

_MOST_NAMED = 6


@dataclass(frozen=True)
class Without:
    """The course with one mechanism switched off."""

    switch: Switch
    course: PatientCourse
    progression_day: float | None
    """None if the disease would not have progressed within follow-up."""
    later_days: float
    """By how much progression would have come later; to the end of follow-up at least if it would not have come."""
    volume_percent: float
    """Volume of the leading lesion, in percent of what it was, on the day of the first of the two progressions: until then both
    courses have the same treatment."""

    @property
    def matters(self) -> bool:
        """Whether the lesion would have been smaller without the mechanism."""
        return self.volume_percent <= 100.0 - MATTERS_PERCENT

    @property
    def helps(self) -> bool:
        """Whether the lesion would have been larger without it: an adaptation that holds a tumor back."""
        return self.volume_percent >= 100.0 + MATTERS_PERCENT


@dataclass(frozen=True)
class Why:
    """What each mechanism did in one patient."""

    course: PatientCourse
    """The course as it was."""
    without: tuple[Without, ...]
    """What mattered most first."""

    @property
    def scope(self) -> Scope | None:
        """The knowledge of the disease; None for breast."""
        return self.course.scope

    @property
    def mattered(self) -> tuple[Without, ...]:
        """Those without which the lesion would have been smaller."""
        return tuple(item for item in self.without if item.matters)

    @property
    def idle(self) -> tuple[Without, ...]:
        """Those that made no difference by themselves."""
        return tuple(item for item in self.without if not (item.matters or item.helps))

    def rows(self) -> list[dict[str, Any]]:
        """The table, a row for each mechanism."""
        return [
            {
                "kind": item.switch.kind.value,
                "mechanism": item.switch.name or item.switch.kind.value,
                "progression_day": item.progression_day,
                "later_days": item.later_days,
                "at_least": item.progression_day is None,
                "leading_lesion_volume_percent": item.volume_percent,
                "matters": item.matters,
            }
            for item in self.without
        ]

    @in_its_disease
    def to_data(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "study": "why",
            "course": course_data(self.course),
            "without": self.rows(),
            "notice": RESEARCH_USE,
        }

    @cached_property
    @in_its_disease
    def paragraphs(self) -> list[str]:
        """What mattered, in words."""
        return why_paragraphs(self)

    @in_its_disease
    def story(self) -> str:
        """The course in words, with what each mechanism did."""
        return story_of(self.course, self.paragraphs)

    @in_its_disease
    def write_files(self, folder: Path) -> None:
        """Write the story, why.csv, and without.csv with the leading lesion of every repetition, into a folder that is there."""
        (folder / "story.txt").write_text(self.story() + "\n", encoding="utf-8")
        write_csv(folder / "why.csv", self.rows())
        write_csv(folder / "without.csv", list(_lesion_rows(self)))


def explain_course(case: Case, progress: Progress | None = None) -> Why:
    """Repeat a patient's course with each mechanism switched off.

    Args:
        case: The patient, made ready.
        progress: Told how many repetitions are done.

    Raises:
        StudyError: if she did not progress, or the simulation failed.
    """
    with in_scope(case.scope), using(case.parameters):
        return _explained(case, progress)


def _explained(case: Case, progress: Progress | None) -> Why:
    if progress is not None:
        announce_compilation(progress, lambda: case.course(case.follow()))
    followed = case.follow()
    course = case.course(followed)
    _check_progressed(course)
    typical = population_from_patient(case.patient.spec)
    chosen = switches(case.arm, followed, _alterations(course))
    repeated = []
    for number, switch in enumerate(chosen):
        if progress is not None:
            progress("repeating the course", number, len(chosen))
        arm, again = follow_without(case.population, typical, case.arm, case.watch, followed.cohort, switch)
        repeated.append(_without(course, switch, case.course(again, arm)))
    return Why(course, tuple(sorted(repeated, key=lambda item: item.volume_percent)))


def _check_progressed(course: Course) -> None:
    if course.failure:
        raise StudyError(f"the simulation failed: {course.failure}")
    if course.progression is None:
        raise StudyError(
            f"{course.patient.patient} did not progress within {course.follow_up_days} days, so there is nothing to explain; "
            "follow her longer (--for) or take another --seed"
        )


def _alterations(course: Course) -> tuple[str, ...]:
    """Those of the trunk, then those that clones in the leading lesion had acquired by the day of progression."""
    assert course.progression is not None
    column = [lesion.name for lesion in course.lesions].index(course.progression.lesion)
    visit = int(np.flatnonzero(course.visit_day == course.progression.day)[0])
    living = [clone for clone in course.clones if clone.cells[: visit + 1, column].max() >= 1.0]
    acquired = sorted({name for clone in living for name in clone.acquired})
    return (*course.patient.alterations, *acquired)


def _without(course: PatientCourse, switch: Switch, again: PatientCourse) -> Without:
    assert course.progression is not None
    day = None if again.progression is None else again.progression.day
    first = course.progression.day if day is None else min(day, course.progression.day)
    visit = int(np.flatnonzero(course.visit_day == first)[0])
    was, would = (_diameter(item, course.progression.lesion) for item in (course, again))
    size = float(would[visit]) if visit < would.size else np.nan
    later = (again.last_day if day is None else day) - course.progression.day
    return Without(switch, again, day, float(later), float(100.0 * (size / was[visit]) ** 3))


def _diameter(course: Course, lesion: str) -> Floats:
    return course.lesion(lesion).true_mm


def _lesion_rows(why: Why) -> list[Mapping[str, object]]:
    assert why.course.progression is not None
    lesion = why.course.progression.lesion
    every = [("as it was", why.course), *((str(item.switch), item.course) for item in why.without)]
    return [
        {"without": name, "day": day, "lesion": lesion, "true_mm": size}
        for name, course in every
        for day, size in zip(course.visit_day, _diameter(course, lesion), strict=True)
    ]


def why_paragraphs(why: Why) -> list[str]:
    """What each mechanism that mattered did, and then what did not matter, in words."""
    if not why.mattered:
        told = ["No single mechanism explains it: without any one of them the lesion grows as it did."]
    else:
        told = [" ".join(_sentence(item) for item in why.mattered)]
    rest = []
    helping = [switch_text(item.switch) for item in why.without if item.helps]
    if helping:
        rest.append(f"Held the lesion back: {listed(helping)}.")
    if why.idle:
        rest.append(f"Made no difference by themselves: {_named(why.idle)}.")
    return [*told, " ".join(rest)] if rest else told


def heading(why: Why) -> str:
    """When progression was found, and what led it."""
    assert why.course.progression is not None
    return (
        f"Progression was found {after(why.course.progression.day)}, led by {why.course.progression.lesion}."
    )


def _named(items: Sequence[Without]) -> str:
    names = [str(item.switch).replace("_", " ") for item in items]
    more = len(names) - _MOST_NAMED
    return listed([*names[:_MOST_NAMED], f"{more} more"] if more > 0 else names)


def _sentence(item: Without) -> str:
    text = f"Without {switch_text(item.switch)} the lesion would have had {item.volume_percent:.0f}% of its volume"
    if item.progression_day is None:
        return f"{text}, and the disease would not have progressed within follow-up."
    if item.later_days > 0:
        return f"{text}, and progression would have been found {_span(item.later_days)} later."
    if item.later_days < 0:
        return f"{text}, though progression would have been called {_span(-item.later_days)} sooner, from a smaller size."
    return f"{text}, and progression would have been found on the same day."


def _span(days: float) -> str:
    return after(days).removeprefix("after ")


def switch_text(switch: Switch) -> str:
    """A mechanism as one reads it after "without"."""
    if switch.kind is Kind.ALTERATION:
        return alteration_text(switch.name)
    if switch.kind is Kind.REBOUND:
        return f"the adaptation of {spaced(switch.name)}"
    return {
        Kind.EXPOSURE: "her own exposure (with that of the typical patient)",
        Kind.IMMUNE: "her weaker effector cells (with those of the typical patient)",
        Kind.SANCTUARY: "the sanctuary of the brain",
        Kind.TOLERANCE: "tolerant cells",
        Kind.WANING: "the waning of the treatment's effect",
        Kind.STOPPING: "the end of her chemotherapy before progression",
    }[switch.kind]
