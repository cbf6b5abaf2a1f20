"""The marker of the burden over one patient's course, in data and in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from forestall.clinic.marker import marker_values
from forestall.knowledge.pack_file import Marker
from forestall.knowledge.packs import pack_in_force
from forestall.studies.course import Course, Floats
from forestall.units import factor

_LEAST_VISITS, _VISITS_OF_TWO = 3, 6
"""Visits that one slope needs, and two."""
_BARELY_BENT = 0.05
"""Root mean square distance of the logarithm from a line below which there is nothing to bend."""


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
        "milestones": {name: _first_day(course, marker, values, name) for name in marker.milestones},
        "slopes_per_day": slopes(course.visit_day, values),
    }


def _first_day(course: Course, marker: Marker, values: Floats, name: str) -> float | None:
    reached = np.flatnonzero(values <= marker.milestones[name].limit(values[0]))
    return float(course.visit_day[reached[0]]) if reached.size else None


def slopes(day: Floats, values: Floats) -> list[float]:
    """Slopes of a marker's decline until its lowest value: those of a sum of two exponentials, or of one if that is as good.

    Args:
        day: (V,) days.
        values: (V,) of the marker.

    Returns:
        Two slopes (1/day, of the natural logarithm), the steep one first; one; or none if the marker never fell for long enough.
    """
    end = int(np.argmin(np.where(values > 0, values, math.inf))) + 1
    if end < _LEAST_VISITS:
        return []
    time, log = day[:end], np.log(values[:end])
    line = np.polyfit(time, log, 1)
    single = float(np.sqrt(((np.polyval(line, time) - log) ** 2).mean()))
    if end < _VISITS_OF_TWO or single < _BARELY_BENT:
        return [float(line[0])]
    steep, flat, error = _two_exponentials(time, log)
    return [steep, flat] if error < 0.5 * single else [float(line[0])]


def _two_exponentials(time: Floats, log: Floats) -> tuple[float, float, float]:
    """Both slopes and the root mean square error of the logarithm."""
    from scipy.optimize import least_squares

    tail = np.polyfit(time[-3:], log[-3:], 1)
    first = (log[1] - log[0]) / (time[1] - time[0])
    start = [log[0], math.log(max(-first, 1e-4)), tail[1], math.log(max(-tail[0], 1e-5))]

    def left(guess: Floats) -> Floats:
        parts = [guess[0] - np.exp(guess[1]) * time, guess[2] - np.exp(guess[3]) * time]
        return np.asarray(np.logaddexp(*parts) - log)

    found = least_squares(left, start, method="lm" if time.size >= len(start) else "trf")
    rates = sorted((-math.exp(found.x[1]), -math.exp(found.x[3])))
    return rates[0], rates[1], float(np.sqrt((found.fun**2).mean()))


def marker_at_entry(course: Course) -> str | None:
    """The burden at the start where the marker stands in for scans; None where it does not."""
    found = marker_of(course)
    if found is None or not found[0].replaces_scans:
        return None
    marker, values = found
    return f"{marker.name} was {_number(values[0])} {marker.unit} at the start."


def marker_at_progression(course: Course, last: int) -> str | None:
    """What was measured at progression, at visit `last`, where the marker stands in for scans; None where it does not."""
    found = marker_of(course)
    if found is None or not found[0].replaces_scans:
        return None
    marker, values = found
    lowest = _number(float(np.min(values[:last])) if last else values[0])
    return f"{marker.name} had risen from {lowest} {marker.unit} at its lowest to {_number(values[last])} {marker.unit}"


def marker_words(course: Course) -> str:
    """A paragraph on the marker."""
    found = marker_of(course)
    if found is None:
        return ""
    marker, values = found
    month, lowest = factor("month", "day"), int(np.argmin(values))
    text = (
        f"{marker.name} was {_number(values[0])} {marker.unit} at the start and lowest after "
        f"{course.visit_day[lowest] / month:.0f} months, {_number(values[lowest])} {marker.unit}."
    )
    for name, milestone in marker.milestones.items():
        day = _first_day(course, marker, values, name)
        when = "was not reached" if day is None else f"was first seen after {day / month:.0f} months"
        text += f" {milestone.name[0].upper()}{milestone.name[1:]} ({name}) {when}."
    fell = [slope for slope in slopes(course.visit_day, values) if slope < 0]
    if len(fell) == 2:
        text += f" It fell in two phases, by {-fell[0]:.3f} and then by {-fell[1]:.4f} per day (natural logarithm)."
    return text


def _number(value: float) -> str:
    return "0" if value <= 0 else f"{float(f'{value:.2g}'):g}"
