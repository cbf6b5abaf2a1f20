"""The course of one patient in files: JSON for programs, CSV tables, and the record of the run."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forestall import __version__
from forestall.studies.course import CloneCourse, Course, Floats
from forestall.studies.marker_story import marker_data
from forestall.studies.record import RunRecord, file_sha256, knowledge_sha256, machine, versions

TABLES = ("clones.csv", "visits.csv")
"""Tables of a course, which a rerun compares."""


def course_data(course: Course) -> dict[str, Any]:
    """The course as plain data: texts, numbers, lists; None for what was not measured."""
    return {
        "study": "patient",
        "forestall": __version__,
        **arguments_of(course),
        "covariates": {
            "age_years": course.age_years,
            "postmenopausal": course.postmenopausal,
            "weight_kg": course.weight_kg,
        },
        "best_response": course.best_response or None,
        **({} if (marker := marker_data(course)) is None else {"marker": marker}),
        "visits_made": [_visit(course, number) for number in range(course.visit_day.size)],
        "lesions": [
            {"name": lesion.name, "site": lesion.site, "described": lesion.described}
            for lesion in course.lesions
        ],
        "clones": [_clone(course, clone) for clone in course.clones],
        "doses": [
            {
                "drug": dose.drug,
                "phase": ("regimen", "after progression")[dose.phase],
                "doses_per_day": dose.doses_per_day,
                "day": _listed(dose.day),
                "amount_mg": _listed(dose.amount_mg),
            }
            for dose in course.doses
        ],
        "events": [{"day": day, "event": event} for day, event in course.events()],
        "progression": None if course.progression is None else _plain(vars(course.progression)),
        "numbers_behind": dict(course.numbers),
        "failure": course.failure or None,
    }


def arguments_of(course: Course) -> dict[str, Any]:
    """The arguments of `simulate` that give this course."""
    return {
        "patient": course.patient.model_dump(mode="json", exclude_unset=True),
        "regimen": course.regimen.text(),
        "duration": f"{course.follow_up_days} days",
        "seed": course.seed,
        "after_progression": course.after_progression.text(),
        "visits": course.visits,
    }


def write_tables(course: Course, folder: Path) -> None:
    """Write visits.csv (a row per visit and lesion) and clones.csv (a row per visit, lesion and clone)."""
    write_csv(folder / "visits.csv", _visit_rows(course))
    write_csv(folder / "clones.csv", _clone_rows(course))


def record_of(course: Course, folder: Path) -> RunRecord:
    """The record of the run whose tables stand in a folder."""
    arguments = arguments_of(course)
    words = "".join(f", {name}={value!r}" for name, value in list(arguments.items())[2:])
    return RunRecord(
        study="patient",
        name=course.patient.patient,
        trial=arguments,
        seed=course.seed or 0,
        patients=1,
        replicates=1,
        versions=versions(),
        machine=machine(),
        knowledge_sha256=knowledge_sha256(),
        parameters=course.parameters.name,
        parameter_values=dict(course.parameters.values),
        tables_sha256={name: file_sha256(folder / name) for name in TABLES},
        command=f"fs.simulate(fs.Patient(**{arguments['patient']!r}), {arguments['regimen']!r}{words})",
    )


def _visit(course: Course, number: int) -> dict[str, Any]:
    return {
        "day": float(course.visit_day[number]),
        "response": course.response[number] or None,
        "sum_mm": number_or_none(course.sum_mm[number]),
        "measured_mm": {lesion.name: number_or_none(lesion.measured_mm[number]) for lesion in course.lesions},
        "true_mm": {lesion.name: float(lesion.true_mm[number]) for lesion in course.lesions},
    }


def _clone(course: Course, clone: CloneCourse) -> dict[str, Any]:
    columns = {lesion.name: number for number, lesion in enumerate(course.lesions)}
    return {
        "name": clone.name,
        "acquired": list(clone.acquired),
        "cells": {name: _listed(clone.cells[:, column]) for name, column in columns.items()},
    }


def _visit_rows(course: Course) -> Iterator[Mapping[str, object]]:
    for number, day in enumerate(course.visit_day):
        for lesion in course.lesions:
            yield {
                "day": day,
                "lesion": lesion.name,
                "site": lesion.site,
                "measured_mm": number_or_none(lesion.measured_mm[number]),
                "true_mm": lesion.true_mm[number],
                "sum_of_targets_mm": number_or_none(course.sum_mm[number]),
                "response": course.response[number],
            }


def _clone_rows(course: Course) -> Iterator[Mapping[str, object]]:
    for number, day in enumerate(course.visit_day):
        for column, lesion in enumerate(course.lesions):
            for clone in course.clones:
                yield {
                    "day": day,
                    "lesion": lesion.name,
                    "clone": clone.name,
                    "cells": clone.cells[number, column],
                    "tolerant_cells": clone.tolerant_cells[number, column],
                    "dying_per_day": clone.dying_per_day[number, column],
                }


def write_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows that have the same columns; an empty file if there is none."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(stream, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)


def number_or_none(number: float) -> float | None:
    """A number as files have it: None if it is not known."""
    return float(number) if math.isfinite(number) else None


def _listed(numbers: Floats) -> list[float]:
    return [float(number) for number in numbers]


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
