"""Virtual mice: growth of one tumor at a constant rate, measured at visits, until the mouse leaves the study.

A volume on the last day cannot be compared with a forecast that ignores why that day was the last: fast tumors leave early at about
the same size, slow ones stay. Each virtual mouse therefore leaves by the probabilities that the single agents showed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge.pdx_fits import PdxRemoval

Floats = NDArray[np.float64]

HORIZON_DAYS: Final = 150.0
"""No mouse is followed longer."""
_LARGEST_LOG: Final = 10.0


@dataclass(frozen=True)
class Mice:
    """Virtual mice of one model and treatment."""

    days: Floats
    """(visits,) days of measurement, from 0."""
    volumes: Floats
    """(mice, visits) mm^3; after a mouse left, its last volume."""
    last: NDArray[np.int64]
    """(mice,) position of each mouse's last visit."""

    @property
    def last_day(self) -> Floats:
        """(mice,) day of the last measurement."""
        return self.days[self.last]

    @property
    def last_volume(self) -> Floats:
        """(mice,) mm^3 at the last measurement."""
        return self.volumes[:, -1]


def follow_mice(
    rates: Floats, deviation: Floats, start: float, removal: PdxRemoval, random: np.random.Generator
) -> Mice:
    """Follow mice until they leave.

    Args:
        rates: (mice,) growth of the log volume, 1/day.
        deviation: (mice,) lasting departure of the log volume from the line.
        start: First volume, mm^3.
        removal: When mice leave, and the scatter around the line.
        random: Source of scatter and removal.
    """
    days = np.arange(0.0, HORIZON_DAYS + removal.interval, removal.interval)
    scatter = random.normal(0.0, removal.error_sd, (rates.size, days.size))
    logs = np.log(start) + rates[:, None] * days + deviation[:, None] + scatter
    logs[:, 0] = np.log(start)
    volumes = np.exp(np.minimum(logs, _LARGEST_LOG))
    leaves = random.random(volumes.shape) < _probability(days, volumes, removal)
    leaves[:, 0], leaves[:, -1] = False, True
    last = leaves.argmax(axis=1)
    return Mice(days, _carried_forward(volumes, last), last)


def _probability(days: Floats, volumes: Floats, removal: PdxRemoval) -> Floats:
    which = np.searchsorted(removal.volumes, volumes)
    early = (days < removal.first_day)[None, :]
    chance: Floats = np.where(early, np.array(removal.early)[which], np.array(removal.late)[which])
    return chance


def _carried_forward(volumes: Floats, last: NDArray[np.int64]) -> Floats:
    visits = np.arange(volumes.shape[1])
    held = np.minimum(visits[None, :], last[:, None])
    return np.take_along_axis(volumes, held, axis=1)
