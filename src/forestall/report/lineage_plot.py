"""What the figures of a patient's clones show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forestall.report.model import Floats
from forestall.report.style import GRID, part_tone
from forestall.report.wording import shortened
from forestall.studies.course import Course
from forestall.studies.lineage import parents
from forestall.studies.samples import SampledCourse

MOST_CLONES = 8
"""Clones that are shown; the rest count with the clones that they came from."""
VISIBLE_SHARE = 0.005
"""Clones that never make up this much of a lesion are too thin to be seen in a fish plot."""


@dataclass(frozen=True, slots=True)
class TissueMark:
    """A biopsy in a figure."""

    day: float
    lesion: str


@dataclass(frozen=True, slots=True)
class LineagePlot:
    """The clones of one patient, ready to be drawn: V visits, L lesions, G clones, the founding one first."""

    title: str
    day: Floats
    """(V,)."""
    lesion: tuple[str, ...]
    """(L,) names."""
    clone: tuple[str, ...]
    """(G,) names."""
    parent: tuple[int | None, ...]
    """(G,)."""
    cells: Floats
    """(V, L, G)."""
    tone: tuple[int, ...]
    """(G,) numbers of the colors, the same in every figure of a course; 0 for the founding clone."""
    leading: int | None = None
    """The clone that led the progression."""
    progression_day: float | None = None
    death_day: float | None = None
    tissue: Sequence[TissueMark] = ()
    blood: Sequence[float] = ()
    """Days of blood draws."""

    @property
    def children(self) -> list[list[int]]:
        """(G,) the clones that came from each."""
        return [
            [number for number, parent in enumerate(self.parent) if parent == clone]
            for clone in range(len(self.clone))
        ]

    def descendants(self, clone: int) -> list[int]:
        """A clone and all that came from it."""
        return [clone, *(below for child in self.children[clone] for below in self.descendants(child))]


def lineage_plot(
    course: Course, sampled: SampledCourse | None = None, *, least_share: float = 0.0
) -> LineagePlot:
    """What the fish plot and the clone tree of a course show.

    Args:
        course: A simulated course.
        sampled: Its samples, to be marked.
        least_share: Clones that never make up this share of a lesion count with those that they came from.
    """
    kept, tone, parent, cells = _largest(course, least_share)
    progression = course.progression
    leading = None
    if progression is not None:
        named = [number for number, k in enumerate(kept) if course.clones[k].acquired == progression.acquired]
        leading = named[0] if named else None
    return LineagePlot(
        title=shortened(f"{course.patient.patient}: {course.regimen.name}", 66),
        day=course.visit_day,
        lesion=tuple(lesion.name for lesion in course.lesions),
        clone=tuple(course.clones[k].name.replace("_", " ") for k in kept),
        parent=parent,
        cells=cells,
        tone=tone,
        leading=leading,
        progression_day=None if progression is None else progression.day,
        death_day=course.death_day,
        tissue=[] if sampled is None else [TissueMark(s.day, s.lesion) for s in sampled.tissue],
        blood=[] if sampled is None else [sample.day for sample in sampled.blood],
    )


def _largest(
    course: Course, least_share: float
) -> tuple[list[int], tuple[int, ...], tuple[int | None, ...], Floats]:
    """The clones that were ever largest in any lesion, their colors and parents among themselves, and (V, L, k) cells.

    The cells of the others count with the nearest shown clone that they came from.
    """
    above = parents(course.clones)
    every = np.stack([clone.cells for clone in course.clones], axis=2)
    most = (every / np.maximum(every.sum(axis=2, keepdims=True), 1.0)).max(axis=(0, 1))
    most[0] = 2.0
    candidates = sorted(np.argsort(-most, kind="stable")[:MOST_CLONES].tolist())
    kept = [clone for clone in candidates if most[clone] >= least_share]
    place = {clone: number for number, clone in enumerate(kept)}

    def shown(clone: int | None) -> int | None:
        while clone is not None and clone not in place:
            clone = above[clone]
        return None if clone is None else place[clone]

    cells = np.zeros((*every.shape[:2], len(kept)))
    for clone in range(every.shape[2]):
        cells[:, :, shown(clone) or 0] += every[:, :, clone]
    tone = tuple(candidates.index(clone) for clone in kept)
    return kept, tone, tuple(shown(above[clone]) for clone in kept), cells


def clone_colors(plot: LineagePlot) -> list[str]:
    """The color of each clone: gray for the founding one."""
    return [part_tone(number - 1).light if number else GRID.light for number in plot.tone]
