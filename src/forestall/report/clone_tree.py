"""The clone tree of one patient: which clone came from which, how large each became, and in which lesions it lived."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.lineage_plot import LineagePlot, clone_colors, lineage_plot
from forestall.report.style import INK, MUTED, PAPER, WIDTH, styled
from forestall.report.wording import shortened
from forestall.studies.course import Course

_ROW, _STEP = 0.52, 1.0
_LEAST_CELLS = 1.0
_FACE = 30.0
"""Area of a node per power of ten of its cells, points squared."""


def clone_tree(course: Course) -> Figure:
    """Draw the clone tree of a course."""
    return clone_tree_figure(lineage_plot(course))


@styled
def clone_tree_figure(plot: LineagePlot) -> Figure:
    """Draw the tree from left (the founding clone) to right.

    Args:
        plot: The clones; the area of a node grows with the logarithm of the most cells that its clone ever had at a visit.
    """
    place = _places(plot)
    rows = 1 + max(height for _, height in place)
    figure = Figure(figsize=(WIDTH, _ROW * (rows + 0.4) + 0.5), layout="constrained")
    axes = figure.add_subplot()
    for clone, parent in enumerate(plot.parent):
        if parent is not None:
            _draw_branch(axes, place[parent], place[clone])
    for clone in range(len(plot.clone)):
        _draw_clone(axes, plot, clone, place[clone])
    depth = max(x for x, _ in place)
    axes.set_xlim(-0.3, depth + 1.6)
    axes.set_ylim(rows - 0.4, -1.0)
    axes.set_axis_off()
    axes.set_title(f"Clones of {plot.title}")
    return figure


def _places(plot: LineagePlot) -> list[tuple[float, float]]:
    """(depth, row) of every clone; a clone stands in the row of its first child."""
    place = [(0.0, 0.0)] * len(plot.clone)

    def put(clone: int, depth: float, row: float) -> float:
        place[clone] = (depth, row)
        below = row
        for number, child in enumerate(plot.children[clone]):
            below = put(child, depth + _STEP, below + (1.0 if number else 0.0))
        return below

    put(0, 0.0, 0.0)
    return place


def _draw_branch(axes: Axes, above: tuple[float, float], here: tuple[float, float]) -> None:
    turn = above[0] + 0.18
    axes.plot(
        [above[0], turn, turn, here[0]],
        [above[1], above[1], here[1], here[1]],
        color=MUTED.light,
        linewidth=1.2,
        zorder=1,
    )


def _draw_clone(axes: Axes, plot: LineagePlot, clone: int, place: tuple[float, float]) -> None:
    most = float(plot.cells[:, :, clone].sum(axis=1).max(initial=0.0))
    leads = clone == plot.leading
    axes.scatter(
        *place,
        s=_FACE * (1.0 + math.log10(max(most, _LEAST_CELLS))),
        color=clone_colors(plot)[clone],
        edgecolors=INK.light if leads else PAPER.light,
        linewidths=2.0 if leads else 0.8,
        zorder=2,
    )
    name = shortened(_gained(plot, clone), 30)
    axes.annotate(
        f"{name}\n{_size(most)}, {_homes(plot, clone)}",
        place,
        xytext=(-8, 11) if plot.children[clone] else (13, 0),
        textcoords="offset points",
        va="bottom" if plot.children[clone] else "center",
        fontsize=8,
        fontweight="bold" if leads else "normal",
        bbox={"facecolor": PAPER.light, "edgecolor": "none", "pad": 0.6},
        zorder=3,
    )


def _gained(plot: LineagePlot, clone: int) -> str:
    """What a clone has beyond its parent."""
    parent = plot.parent[clone]
    before = [] if parent in (None, 0) else plot.clone[parent or 0].split(" + ")
    gained = [part for part in plot.clone[clone].split(" + ") if part not in before]
    return ("+ " if parent is not None else "") + " + ".join(gained)


def _size(cells: float) -> str:
    return f"up to {cells:.0f} cells" if cells < 1000 else f"up to {cells:.0e} cells".replace("e+", "e")


def _homes(plot: LineagePlot, clone: int) -> str:
    """Lesions in which a clone was ever found."""
    here = np.flatnonzero((plot.cells[:, :, clone] >= _LEAST_CELLS).any(axis=0))
    if here.size > 2:
        return f"in {here.size} of {len(plot.lesion)} lesions"
    return " and ".join(plot.lesion[number] for number in here) or "in no lesion at a visit"
