"""Curves of what is found at visits, between the visits.

Progression is found at visits, which patients make around the planned days: a published curve falls around each visit and is level
between two. Half-way to the next visit it has the share that is free after the last.
"""

from __future__ import annotations

import math

import numpy as np

from forestall.statistics.estimate import Floats

_LEAST = 1e-12


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


def median_of_lines(days: Floats, free: Floats) -> float:
    """Where a curve of straight lines between logarithms passes one half; infinite if it does not.

    Args:
        days: (T,) ascending.
        free: (T,) shares.
    """
    hazard = -np.log(np.maximum(free, _LEAST))
    if not hazard[-1] >= math.log(2):
        return math.inf
    return float(np.interp(math.log(2), hazard, days))
