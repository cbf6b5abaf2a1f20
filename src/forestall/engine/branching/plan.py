"""What happens to the patients: lines of treatment, each a repeated list of phases, and when a line ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Line:
    """One line of treatment."""

    segments: tuple[tuple[int, float], ...]
    """(phase, days), repeated in turn for as long as the line lasts."""
    days: float = math.inf
    """Longest duration."""
    until_progression: bool = True
    """Whether progression ends it (if another line follows)."""


@dataclass(frozen=True)
class Plan:
    """Lines of treatment and how patients are watched."""

    lines: tuple[Line, ...]
    horizon_days: float = 730.0
    """Patients are followed so long, or until no cell is left."""
    visit_days: float = 56.0
    """Burden is measured so often."""
    progression_ratio: float = 1.728
    """Burden over its nadir in the line that counts as progression: 20% in diameter."""
    detectable_cells: float = 1e7
    """Burden below which nothing is seen."""
    stop_at_last_progression: bool = False
    """Whether a patient's course ends when the last line fails."""

    def __post_init__(self) -> None:
        if not self.lines or any(not line.segments for line in self.lines):
            raise ValueError("a plan needs lines of treatment, and each line a phase")
        if any(days <= 0.0 for line in self.lines for _, days in line.segments):
            raise ValueError("a phase must last longer than 0 days")
        if self.visit_days <= 0.0 or not math.isfinite(self.horizon_days):
            raise ValueError("visits need an interval above 0 and a finite horizon")

    @property
    def visits(self) -> int:
        """Number of visits, the first on day 0."""
        return math.ceil(self.horizon_days / self.visit_days - 1e-9) + 1

    def arrays(self) -> PlanArrays:
        """What the kernels see."""
        segments = [segment for line in self.lines for segment in line.segments]
        first = np.cumsum([0, *(len(line.segments) for line in self.lines)])
        watch = (
            self.horizon_days, self.visit_days, self.progression_ratio, self.detectable_cells,
            float(self.stop_at_last_progression),
        )  # fmt: skip
        return PlanArrays(
            np.array([phase for phase, _ in segments], np.int64),
            np.array([days for _, days in segments], np.float64),
            first.astype(np.int64),
            np.array([line.days for line in self.lines], np.float64),
            np.array([line.until_progression for line in self.lines], np.bool_),
            np.array(watch),
        )


class PlanArrays(NamedTuple):
    """A plan for the kernels: s segments, n lines."""

    phase: npt.NDArray[np.int64]
    """(s,)"""
    days: npt.NDArray[np.float64]
    """(s,)"""
    first: npt.NDArray[np.int64]
    """(n + 1,) first segment of each line."""
    longest: npt.NDArray[np.float64]
    """(n,) longest duration of each line, days."""
    until_progression: npt.NDArray[np.bool_]
    """(n,)"""
    watch: npt.NDArray[np.float64]
    """Horizon, interval of visits, ratio and cells of progression, and whether the last progression ends the course."""


@dataclass(frozen=True)
class Settings:
    """Hand-over sizes. Results do not depend on them beyond Monte Carlo error."""

    normal_above: float = 1e6
    """Expected surviving families above which the law is taken as normal."""
    mean_above: float = 1e9
    """Above which it is taken as its mean: the clone is deterministic."""
    large_above: float = 1e3
    """Cells of a clone above which many mutants are drawn at once, along the path between its sampled ends."""
    pair_above: float = 64.0
    """Cells of a clone whose cells switch above which both phenotypes are drawn together, from their exact moments."""
    max_days: float = 1e5
    """Longest life of a lineage that grows to detection."""

    def array(self) -> npt.NDArray[np.float64]:
        """What the kernels see."""
        return np.array(
            [self.normal_above, self.mean_above, self.large_above, self.pair_above, self.max_days]
        )


@dataclass(frozen=True)
class Tumors:
    """The lesions that patients have when they are found: p patients, l lesions."""

    cells: npt.NDArray[np.float64]
    """(p, l) size of each lesion; 0 for one that is absent."""
    founder: Sequence[int] = ()
    """(l,) row in the lattice of the first cell of each lesion; the first row if empty."""
    capacity: Sequence[float] = field(default=())
    """(l,) carrying capacity, cells; infinite if empty."""
    grown: bool = True
    """Whether each lesion grows to its size from one cell; otherwise it begins with so many cells of its founder."""

    def __post_init__(self) -> None:
        if self.cells.ndim != 2 or not (self.cells >= 0.0).all():
            raise ValueError("sizes of lesions need one row per patient and must be >= 0")

    @property
    def founders(self) -> npt.NDArray[np.int64]:
        """(l,) rows in the lattice."""
        return np.array(self.founder or [0] * self.cells.shape[1], np.int64)

    @property
    def capacities(self) -> npt.NDArray[np.float64]:
        """(l,) cells."""
        return np.array(self.capacity or [math.inf] * self.cells.shape[1], np.float64)
