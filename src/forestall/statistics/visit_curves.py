"""Curves of what is found at visits, between the visits.

Progression is found at visits, which patients make around the planned days: a published curve falls around each visit and is level
between two. Half-way to the next visit it has the share that is free after the last.
"""

from __future__ import annotations

import math

import numpy as np

from forestall.statistics.estimate import Floats

_LEAST = 1e-4
"""Share below which a curve is taken as level, so that its logarithm stays finite."""


def between_visits(visits: Floats, free: Floats) -> tuple[Floats, Floats]:
    """The points between which straight lines run.

    Args:
        visits: (T,) days, ascending, without 0.
        free: (N, T) share without an event just after each.

    Returns:
        (T + 1,) days and (N, T + 1) shares.
    """
    days = np.concatenate([[0.0], visits])
    gaps = np.diff(days, append=2 * days[-1] - days[-2])
    return days + gaps / 2, np.hstack([np.ones((len(free), 1)), free])


def medians_of_lines(time: Floats, free: Floats) -> Floats:
    """(N,) times at which curves of straight lines between logarithms pass one half; infinite for one that does not.

    Args:
        time: (T,) ascending, in any unit; the curves begin at 0 with 1.
        free: (N, T) shares.
    """
    time = np.concatenate([[0.0], time])
    hazard = -np.log(np.clip(np.hstack([np.ones((len(free), 1)), free]), _LEAST, 1.0))
    passed = hazard >= math.log(2)
    place = np.where(passed.any(axis=1), passed.argmax(axis=1), len(time) - 1)
    before, rows = np.maximum(place - 1, 0), np.arange(len(free))
    low, high = hazard[rows, before], hazard[rows, place]
    share = (math.log(2) - low) / np.maximum(high - low, 1e-9)
    inside = time[before] + share * (time[place] - time[before])
    return np.asarray(np.where(passed.any(axis=1), inside, np.inf))
