"""The figure of one patient's course: the lesions, the clones in them, and the doses, on one time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.model import Floats
from forestall.report.style import INK, MUTED, PAPER, WIDTH, arm_dashes, arm_tone, part_tone, ruled, styled
from forestall.report.wording import months, shortened

_MOST_CLONES = 7
_MARKERS = "osD^vP"


@dataclass(frozen=True, slots=True)
class CoursePlot:
    """One patient's course, ready to be drawn. All times are days from the start of treatment."""

    title: str
    """Who, and under which regimen."""
    visit_day: Floats
    """(v,) days of the scans."""
    diameter_mm: Mapping[str, Floats]
    """Lesion -> (v,) measured diameters, mm; NaN where the lesion was not seen. Or values of a marker."""
    label: str = "Diameter, mm"
    """What the upper panel shows."""
    log: bool = False
    """Whether its scale is logarithmic."""
    response: Sequence[str] = ()
    """(v,) overall response at each scan: "CR", "PR", "SD", "PD", "NE", or "" at baseline."""
    day: Floats = field(default_factory=lambda: np.empty(0))
    """(t,) days of the clone counts."""
    clones: Mapping[str, Floats] = field(default_factory=dict)
    """Clone -> (t,) cells over all lesions."""
    doses: Mapping[str, Floats] = field(default_factory=dict)
    """Drug -> days of its doses."""
    progression_day: float | None = None
    """Visit at which progression was found."""
    death_day: float | None = None
    """Day of death."""


@styled
def course_figure(course: CoursePlot) -> Figure:
    """Draw a course: lesion diameters above, shares of the clones in the middle, doses below."""
    with_clones = bool(course.clones)
    heights = [
        2.6,
        *([1.5] if with_clones else []),
        *([0.26 * len(course.doses) + 0.1] if course.doses else []),
    ]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.9), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights).ravel()
    end = _end(course)
    _draw_lesions(panels[0], course, end)
    if with_clones:
        _draw_clones(panels[1], course)
    if course.doses:
        _draw_doses(panels[-1], course.doses, end)
    panels[0].set_title(course.title, pad=16)
    panels[-1].set_xlabel("Months since the start of treatment")
    panels[0].set_xlim(0, months(1.03 * end))
    return figure


def _end(course: CoursePlot) -> float:
    days = [course.visit_day, course.day, [course.death_day or 0.0, course.progression_day or 0.0, 1.0]]
    return float(np.nanmax(np.concatenate([np.asarray(part, dtype=np.float64) for part in days])))


def _draw_lesions(axes: Axes, course: CoursePlot, end: float) -> None:
    ruled(axes)
    for index, (name, diameter) in enumerate(course.diameter_mm.items()):
        axes.plot(
            months(1.0) * course.visit_day,
            diameter,
            color=arm_tone(index).light,
            linestyle=arm_dashes(index),
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=4.5,
            linewidth=1.5,
            label=name,
            clip_on=False,
        )
    if course.log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.margins(y=0.18)
    axes.set_ylabel(course.label)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.6)
    for day, response in zip(course.visit_day, course.response, strict=False):
        axes.text(
            months(day),
            1.01,
            response,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
            color=MUTED.light,
        )
    _mark(axes, course.progression_day, "progression", end)
    _mark(axes, course.death_day, "death", end)


def _mark(axes: Axes, day: float | None, what: str, end: float) -> None:
    if day is None:
        return
    axes.axvline(months(day), color=INK.light, linewidth=1.0, linestyle=(0, (4, 2)))
    side = "right" if day > 0.5 * end else "left"
    gap = -3 if side == "right" else 3
    axes.annotate(
        what,
        (months(day), 0.98),
        xycoords=axes.get_xaxis_transform(),
        xytext=(gap, 0),
        textcoords="offset points",
        ha=side,
        va="top",
        fontsize=8.5,
        bbox={"facecolor": PAPER.light, "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def _draw_clones(axes: Axes, course: CoursePlot) -> None:
    names, cells = _largest(course.clones)
    share = 100 * cells / np.maximum(cells.sum(axis=0), 1e-300)
    colors = [part_tone(index).light for index in range(len(names))]
    axes.stackplot(
        months(1.0) * course.day,
        share,
        labels=[shortened(name, 30) for name in names],
        colors=colors,
        edgecolor=PAPER.light,
        linewidth=0.5,
    )
    axes.set_ylim(0, 100)
    axes.set_yticks((0, 50, 100), ("0%", "50%", "100%"))
    axes.set_ylabel("Share of cells")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.04), handlelength=1.2)


def _largest(clones: Mapping[str, Floats]) -> tuple[list[str], Floats]:
    """The clones that were ever most common, in their order, and the rest as one: names and (k, t) cells."""
    names = list(clones)
    cells = np.vstack([clones[name] for name in names])
    if len(names) <= _MOST_CLONES:
        return names, cells
    share = cells / np.maximum(cells.sum(axis=0), 1e-300)
    kept = np.sort(np.argsort(-share.max(axis=1), kind="stable")[: _MOST_CLONES - 1])
    rest = cells.sum(axis=0) - cells[kept].sum(axis=0)
    return [*(names[index] for index in kept), "other clones"], np.vstack((cells[kept], rest))


def _draw_doses(axes: Axes, doses: Mapping[str, Floats], end: float) -> None:
    for row, days in enumerate(doses.values()):
        given = np.asarray(days)[np.asarray(days) <= end]
        if given.size > 1 and float(np.median(np.diff(np.sort(given)))) <= 2:
            _draw_blocks(axes, np.sort(given), row)
        else:
            axes.plot(
                months(1.0) * given,
                np.full(given.size, row),
                "|",
                color=INK.light,
                markersize=9,
                markeredgewidth=1.4,
            )
    axes.set_yticks(range(len(doses)), [shortened(name) for name in doses], fontsize=9)
    axes.set_ylim(len(doses) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _draw_blocks(axes: Axes, days: Floats, row: int) -> None:
    """Daily doses as bars, broken where doses were left out."""
    breaks = np.flatnonzero(np.diff(days) > 3)
    starts = np.append(days[0], days[breaks + 1])
    ends = np.append(days[breaks], days[-1]) + 1
    axes.barh(
        np.full(starts.size, row),
        months(1.0) * (ends - starts),
        left=months(1.0) * starts,
        height=0.34,
        color=INK.light,
        linewidth=0,
    )
