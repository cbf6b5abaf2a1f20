"""The figure of one simulated patient."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from forestall.knowledge.pack_file import Marker
from forestall.report.course import CoursePlot
from forestall.report.course import course_figure as draw
from forestall.report.model import Floats
from forestall.report.wording import shortened
from forestall.studies.course import Course
from forestall.studies.marker_story import marker_of

_TITLE_LENGTH = 66
_VISIBLE_SHARE = 0.01
"""Clones that never make up this much of the tumor cells are put together: one could not see them."""


def course_figure(course: Course) -> Figure:
    """Draw a patient's course: lesions as measured, the clones in them, and the doses."""
    return draw(plot_of(course))


def plot_of(course: Course) -> CoursePlot:
    """What the figure shows. Lesions that no scan found are left out; their clones count."""
    measured = slice(0, course.end_of_measurement)
    if (found := marker_of(course)) is not None and found[0].replaces_scans:
        return _marker_plot(course, *found)
    seen = [lesion for lesion in course.lesions if (lesion.measured_mm[measured] > 0).any()]
    return CoursePlot(
        title=_title(course),
        visit_day=course.visit_day[measured],
        diameter_mm={lesion.name: lesion.measured_mm[measured] for lesion in seen},
        response=course.response[measured],
        day=course.visit_day,
        clones=_clones(course),
        doses=_doses(course),
        progression_day=None if course.progression is None else course.progression.day,
        death_day=course.death_day,
    )


def _marker_plot(course: Course, marker: Marker, values: Floats) -> CoursePlot:
    """What the figure shows where a marker is measured in place of diameters."""
    return CoursePlot(
        title=_title(course),
        visit_day=course.visit_day,
        diameter_mm={marker.name: np.where(values > 0, values, np.nan)},
        label=f"{marker.name}, {marker.unit}",
        log=marker.scale == "log",
        day=course.visit_day,
        clones=_clones(course),
        doses=_doses(course),
        progression_day=None if course.progression is None else course.progression.day,
        death_day=course.death_day,
    )


def _title(course: Course) -> str:
    name = (
        "Virtual patient"
        if course.patient.patient == "patient"
        else f"{course.patient.patient} (virtual patient)"
    )
    return shortened(f"{name}: {course.regimen.name}", _TITLE_LENGTH)


def _clones(course: Course) -> dict[str, Floats]:
    """Clone -> cells over all lesions."""
    cells = {clone.name.replace("_", " "): clone.cells.sum(axis=1) for clone in course.clones}
    every = np.maximum(sum(cells.values(), np.zeros_like(course.visit_day)), 1.0)
    shown = {name: own for name, own in cells.items() if (own / every).max(initial=0.0) >= _VISIBLE_SHARE}
    rest = every - sum(shown.values(), np.zeros_like(every))
    return shown | ({"rare clones": rest} if (rest / every).max(initial=0.0) >= _VISIBLE_SHARE else {})


def _doses(course: Course) -> dict[str, Floats]:
    """Drug -> days of its doses, in the order of the regimens."""
    drugs = dict.fromkeys(dose.drug for dose in course.doses if dose.day.size)
    return {
        drug: np.unique(np.concatenate([dose.day for dose in course.doses if dose.drug == drug]))
        for drug in drugs
    }
