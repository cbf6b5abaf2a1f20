"""The fish plot of one patient: each lesion's clones over time, a clone drawn inside the one that it came from.

A body is as thick as its lesion is wide (the cube root of its cells), so that a lesion that shrinks to a thousandth of its cells is
still a tenth as thick. Inside, a clone takes its share of the cells. The head on the left stands for the growth before treatment, of
which only the end is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from forestall.report.lineage_plot import VISIBLE_SHARE, LineagePlot, TissueMark, clone_colors, lineage_plot
from forestall.report.model import Floats
from forestall.report.style import INK, MUTED, PAPER, WIDTH, styled
from forestall.report.wording import months, shortened
from forestall.studies.course import Course
from forestall.studies.samples import SampledCourse

_HEAD = 0.07
"""Length of the head, as a share of the time shown."""
_STEPS = 400
_MOST_LESIONS = 5
_FEWEST_CELLS = 1.0
_ABOVE, _LESION, _GAP, _AXIS, _LINE = 0.42, 0.95, 0.16, 0.62, 0.21
"""Heights, inch: title, a lesion, between lesions, time axis, a line of the legend."""
_LEFT, _BREADTH = 0.13, 0.84
_COLUMNS = 3


def fish_plot(course: Course, sampled: SampledCourse | None = None) -> Figure:
    """Draw the fish plot of a course.

    Args:
        course: A simulated course.
        sampled: Its samples, to be marked.
    """
    return fish_figure(lineage_plot(course, sampled, least_share=VISIBLE_SHARE))


@styled
def fish_figure(plot: LineagePlot) -> Figure:
    """Draw a fish plot, the lesions below each other.

    Args:
        plot: Lesions beyond the five that were ever largest are left out.
    """
    order = np.argsort(-plot.cells.sum(axis=2).max(axis=0), kind="stable")
    shown = sorted(order[:_MOST_LESIONS].tolist())
    below = _AXIS + _LINE * -(-len(plot.clone) // _COLUMNS)
    height = _ABOVE + len(shown) * (_LESION + _GAP) + below
    figure = Figure(figsize=(WIDTH, height))
    grid = _grid(plot)
    for row, lesion in enumerate(shown):
        bottom = height - _ABOVE - (row + 1) * _LESION - row * _GAP
        axes = figure.add_axes((_LEFT, bottom / height, _BREADTH, _LESION / height))
        _draw_lesion(axes, plot, lesion, grid)
        _draw_marks(axes, plot, plot.lesion[lesion])
        axes.set_xlim(-_HEAD * months(_end(plot)), months(1.01 * _end(plot)))
        if row == 0:
            axes.set_title(plot.title)
        last = row == len(shown) - 1
        axes.tick_params(axis="x", bottom=last, labelbottom=last)
        axes.spines["bottom"].set_visible(last)
        axes.set_xlabel("Months since the start of treatment" if last else "")
    _legend(figure, plot)
    return figure


def _end(plot: LineagePlot) -> float:
    return float(max(plot.day[-1], 1.0))


def _grid(plot: LineagePlot) -> Floats:
    """(t,) days, the head before 0 included."""
    return np.linspace(-_HEAD, 1.0, _STEPS) * _end(plot)


def _draw_lesion(axes: Axes, plot: LineagePlot, lesion: int, grid: Floats) -> None:
    cells = _between_visits(plot.day, plot.cells[:, lesion], grid)
    total = cells.sum(axis=1)
    widest = max(float(np.cbrt(total.max())), 1.0)
    body = np.where(total >= _FEWEST_CELLS, np.cbrt(total) / widest, 0.0) * _head(grid)
    share = cells / np.maximum(total, _FEWEST_CELLS)[:, None]
    colors = clone_colors(plot)
    stack = [(0, -0.5 * body, 0.5 * body)]
    while stack:
        clone, low, high = stack.pop()
        axes.fill_between(months(1.0) * grid, low, high, color=colors[clone], linewidth=0)
        stack += _inside(plot, clone, share, body, low, high)
    axes.set_ylim(-0.58, 0.58)
    axes.set_yticks([])
    axes.set_ylabel(shortened(plot.lesion[lesion], 16), rotation=0, ha="right", va="center", color=INK.light)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=MUTED.light, linewidth=0.8)


def _inside(
    plot: LineagePlot, clone: int, share: Floats, body: Floats, low: Floats, high: Floats
) -> list[tuple[int, Floats, Floats]]:
    """The bands of the clones that came from one, spread over its own band with its own cells between them."""
    born = plot.children[clone]
    parts = [share[:, plot.descendants(number)].sum(axis=1) * body for number in born]
    own = np.maximum(high - low - sum(parts, np.zeros_like(body)), 0.0)
    gap = own / (len(born) + 1)
    bands, start = [], low + gap
    for number, part in zip(born, parts, strict=True):
        bands.append((number, start, start + part))
        start = start + part + gap
    return bands


def _head(grid: Floats) -> Floats:
    """(t,) 1 from day 0 on, and a rounded tip before it."""
    into = np.clip(1.0 + grid / (-grid[0]), 0.0, 1.0)
    return np.asarray(np.sqrt(1.0 - (1.0 - into) ** 2), np.float64)


def _between_visits(day: Floats, cells: Floats, grid: Floats) -> Floats:
    """(t, G) cells between the visits, growing or shrinking exponentially; as at the first visit before it."""
    log = np.log(np.maximum(cells, 0.1))
    curves = [np.exp(np.interp(grid, day, log[:, clone])) for clone in range(cells.shape[1])]
    smooth = np.stack(curves, axis=1)
    smooth[grid > day[-1]] = 0.0
    return np.where(smooth < _FEWEST_CELLS, 0.0, smooth)


def _draw_marks(axes: Axes, plot: LineagePlot, lesion: str) -> None:
    for day, dashes in ((plot.progression_day, (4, 2)), (plot.death_day, (1, 1))):
        if day is not None:
            axes.axvline(months(day), color=INK.light, linewidth=1.0, linestyle=(0, dashes))
    _points(axes, [mark for mark in plot.tissue if mark.lesion == lesion], "v", 0.52)
    _points(axes, [TissueMark(day, "") for day in plot.blood], "|", -0.54)


def _points(axes: Axes, marks: Sequence[TissueMark], marker: str, height: float) -> None:
    axes.plot(
        [months(mark.day) for mark in marks],
        [height] * len(marks),
        marker,
        color=INK.light,
        markersize=6,
        markeredgecolor=INK.light if marker == "|" else PAPER.light,
        clip_on=False,
    )


def _legend(figure: Figure, plot: LineagePlot) -> None:
    handles = [
        Patch(color=color, label=shortened(name, 34))
        for name, color in zip(plot.clone, clone_colors(plot), strict=True)
    ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.02, 0.0),
        ncols=_COLUMNS,
        columnspacing=1.5,
        handlelength=1.2,
    )
