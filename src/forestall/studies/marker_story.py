"""The marker of the burden over one patient's course, in data and in words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from forestall.clinic.marker import marker_values
from forestall.knowledge.pack_file import Marker
from forestall.knowledge.packs import pack_in_force
from forestall.studies.course import Course, Floats
from forestall.units import factor

_LEAST_VISITS = (3, 6, 12)
"""Visits that one slope needs, two, and three."""
_PHASES = {2: "two", 3: "three"}
_POINTS_OF_A_LINE = 2
_BOUNDS = ((-50.0, 50.0), (math.log(1e-7), math.log(0.5)))
"""Of the logarithm at the start and of the logarithm of the decline per day: visits weeks apart cannot tell steeper ones."""
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
    """Slopes of a marker's decline until its lowest value: those of a sum of as few exponentials, up to three, as describe it.

    Args:
        day: (V,) days.
        values: (V,) of the marker.

    Returns:
        Slopes (1/day, of the natural logarithm), the steepest first; none if the marker never fell for long enough. One more
        exponential is taken if it halves the distance to the logarithm of the values.
    """
    end = int(np.argmin(np.where(values > 0, values, math.inf))) + 1
    if end < _LEAST_VISITS[0]:
        return []
    time, log = day[:end], np.log(values[:end])
    line = np.polyfit(time, log, 1)
    found, error = [float(line[0])], float(np.sqrt(((np.polyval(line, time) - log) ** 2).mean()))
    for number in (2, 3):
        if end < _LEAST_VISITS[number - 1] or error < _BARELY_BENT:
            break
        more, left = _exponentials(time, log, number)
        if left >= 0.5 * error:
            break
        found, error = more, left
    return found


def _exponentials(time: Floats, log: Floats, number: int) -> tuple[list[float], float]:
    """Slopes of a sum of two or three exponentials, and the root mean square error of the logarithm: the best of several searches."""
    return min((_fit(time, log, start) for start in _starts(time, log, number)), key=lambda fit: fit[1])


def _starts(time: Floats, log: Floats, number: int) -> Iterator[Floats]:
    """Guesses (intercept, logarithm of the decline, ...) from lines through parts of the course, cut at several places."""
    places = sorted({max(2, time.size * twelfths // 12) for twelfths in (1, 2, 3, 5, 7)})
    for cuts in itertools.combinations(places, number - 1):
        edges = (0, *cuts, time.size)
        if min(np.diff(edges)) < _POINTS_OF_A_LINE:
            continue
        lines = [
            np.polyfit(time[first:last], log[first:last], 1) for first, last in itertools.pairwise(edges)
        ]
        yield np.array([part for line in lines for part in (line[1], math.log(max(-line[0], 1e-300)))])


def _fit(time: Floats, log: Floats, start: Floats) -> tuple[list[float], float]:
    """Slopes and error of the sum of exponentials that a search from one guess ends at."""
    from scipy.optimize import least_squares

    def away(guess: Floats) -> Floats:
        parts = guess[0::2, None] - np.exp(guess[1::2, None]) * time
        return np.asarray(np.logaddexp.reduce(parts, axis=0) - log)

    low, high = (np.tile(ends, start.size // 2) for ends in zip(*_BOUNDS, strict=True))
    found = least_squares(away, np.clip(start, low, high), bounds=(low, high))
    return sorted((-np.exp(found.x[1::2])).tolist()), float(np.sqrt((found.fun**2).mean()))


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
    if len(fell) > 1:
        first, *later = (f"{-slope:.3f}" if slope < -0.02 else f"{-slope:.2g}" for slope in fell)
        text += f" It fell in {_PHASES[len(fell)]} phases, by {first} and then by {' and '.join(later)} per day (natural logarithm)."
    return text


def _number(value: float) -> str:
    return "0" if value <= 0 else f"{float(f'{value:.2g}'):g}"
