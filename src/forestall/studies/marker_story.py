"""The marker of the burden over one patient's course, in data and in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from forestall.clinic.marker import marker_values
from forestall.knowledge.pack_file import Marker
from forestall.knowledge.packs import pack_in_force
from forestall.studies.course import Course, Floats

_DAYS_PER_MONTH = 30.4375
_LEAST_VISITS = 3
"""Visits that a slope needs."""


def marker_of(course: Course) -> tuple[Marker, Floats] | None:
    """The disease's marker and its values (V,) from the true size of all lesions; None if it has no marker."""
    pack = pack_in_force()
    if pack is None or pack.burden is None or not course.lesions:
        return None
    return pack.burden, marker_values(
        pack.burden, np.stack([lesion.true_mm for lesion in course.lesions], axis=1)
    )


def marker_data(course: Course) -> dict[str, Any] | None:
    """The marker as plain data: name, unit, a value for each visit, milestones."""
    found = marker_of(course)
    if found is None:
        return None
    marker, values = found
    return {
        "name": marker.name,
        "unit": marker.unit,
        "value": [float(value) for value in values],
        "milestones": {
            name: None if (day := _first_day(course, marker, values, name)) is None else day
            for name in marker.milestones
        },
        "slopes_per_day": slopes(course.visit_day, values),
    }


def _first_day(course: Course, marker: Marker, values: Floats, name: str) -> float | None:
    milestone = marker.milestones[name]
    reached = [
        day
        for day, value in zip(course.visit_day, values, strict=True)
        if milestone.reached(value, values[0])
    ]
    return float(reached[0]) if reached else None


def slopes(day: Floats, values: Floats) -> list[float]:
    """Slopes of the logarithm (1/day) before and after the one break that fits best, until the marker's lowest value.

    Args:
        day: (V,) days.
        values: (V,) of the marker.

    Returns:
        Two slopes; one if there are too few visits; none if the marker never fell.
    """
    end = int(np.argmin(np.where(values > 0, values, math.inf))) + 1
    time, log = day[:end], np.log(np.maximum(values[:end], 1e-300))
    if end < _LEAST_VISITS:
        return []
    one = np.polyfit(time, log, 1)
    best = (float(((np.polyval(one, time) - log) ** 2).sum()), [float(one[0])])
    for cut in range(_LEAST_VISITS - 1, end - _LEAST_VISITS + 1):
        parts = [np.polyfit(time[part], log[part], 1) for part in (slice(0, cut + 1), slice(cut, end))]
        left = [
            np.polyval(parts[0], time[: cut + 1]) - log[: cut + 1],
            np.polyval(parts[1], time[cut:]) - log[cut:],
        ]
        error = float(sum((part**2).sum() for part in left))
        if error < 0.5 * best[0]:
            best = (error, [float(part[0]) for part in parts])
    return best[1]


def marker_words(course: Course) -> str:
    """A paragraph on the marker."""
    found = marker_of(course)
    if found is None:
        return ""
    marker, values = found
    lowest = int(np.argmin(values))
    text = (
        f"{marker.name} was {_number(values[0])} {marker.unit} at the start and lowest after "
        f"{course.visit_day[lowest] / _DAYS_PER_MONTH:.0f} months, {_number(values[lowest])} {marker.unit}."
    )
    for name, milestone in marker.milestones.items():
        day = _first_day(course, marker, values, name)
        when = (
            "was not reached" if day is None else f"was first seen after {day / _DAYS_PER_MONTH:.0f} months"
        )
        text += f" {milestone.name} ({name}) {when}."
    fell = [slope for slope in slopes(course.visit_day, values) if slope < 0]
    if len(fell) == 2:
        text += f" It fell in two phases, by {-fell[0]:.3f} and then by {-fell[1]:.4f} per day (natural logarithm)."
    return text


def _number(value: float) -> str:
    return "0" if value <= 0 else f"{value:.2g}"
