"""The figure that puts simulated results beside published ones: medians, response rates, hazard ratios."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from forestall.report.agreement import Comparison
from forestall.report.style import BLUE, INK, MUTED, PAPER, WIDTH, ruled, styled
from forestall.report.wording import days_per_month, shortened
from forestall.statistics.estimate import Estimate

_ROW, _HEAD = 0.46, 0.72
_KINDS = (("time", "Median time, months"), ("rate", "Response rate"), ("ratio", "Hazard ratio"))


@styled
def comparison_figure(items: Sequence[Comparison]) -> Figure:
    """Draw each pair of results with its intervals, one panel for each scale.

    Args:
        items: What to compare; published results without an interval are drawn as a point.
    """
    panels = [(kind, title, [item for item in items if item.kind == kind]) for kind, title in _KINDS]
    panels = [panel for panel in panels if panel[2]]
    height = 0.45 + sum(_HEAD + _ROW * len(members) for _kind, _title, members in panels)
    figure = Figure(figsize=(WIDTH, height))
    top = height - 0.4
    for kind, title, members in panels:
        rows = _ROW * len(members)
        axes = figure.add_axes((0.32, (top - rows - 0.26) / height, 0.65, rows / height))
        _draw(axes, members, _SCALES[kind])
        axes.set_title(title)
        _AXES[kind](axes)
        top -= rows + _HEAD
    _legend(figure, height)
    return figure


def _draw(axes: Axes, items: Sequence[Comparison], scale: float | Callable[[], float]) -> None:
    factor = scale() if callable(scale) else scale
    for row, item in enumerate(items):
        _draw_estimate(axes, item.simulated, row - 0.14, factor, "o", BLUE.light, BLUE.light)
        _draw_estimate(axes, item.published.value, row + 0.14, factor, "D", INK.light, PAPER.light)
    labels = [_label(item) for item in items]
    axes.set_yticks(np.arange(len(items)), labels, fontsize=9)
    axes.set_ylim(len(items) - 0.4, -0.6)
    ruled(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _label(item: Comparison) -> str:
    what, _, who = item.label.partition(", ")
    return f"{what}\n{shortened(who, 30)}"


def _draw_estimate(
    axes: Axes, estimate: Estimate, row: float, factor: float, marker: str, color: str, face: str
) -> None:
    value, lower, upper = (factor * number for number in estimate)
    if math.isinf(value) and not math.isfinite(lower):
        axes.text(
            1.0,
            row,
            "not reached ▸",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            color=color,
        )
    if math.isfinite(value):
        axes.plot(
            [value],
            [row],
            marker,
            color=color,
            markerfacecolor=face,
            markersize=6,
            markeredgewidth=1.4,
            zorder=4,
        )
    if math.isfinite(lower) and math.isfinite(upper):
        axes.plot([lower, upper], [row, row], color=color, linewidth=1.6)
    elif math.isfinite(lower) and math.isinf(upper):
        axes.annotate(
            "",
            xy=(1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(lower, row),
            textcoords="data",
            arrowprops={"arrowstyle": "->", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )


def _time_axis(axes: Axes) -> None:
    axes.set_xlim(left=0)


def _rate_axis(axes: Axes) -> None:
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:.0f}%"))


def _ratio_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = min(low, 0.5), max(high, 1.25)
    axes.set_xlim(low, high)
    marks = [
        mark
        for mark in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
        if low <= mark <= high
    ]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1.0, color=MUTED.light, linewidth=1.0)


_SCALES: dict[str, float | Callable[[], float]] = {
    "time": lambda: 1 / days_per_month(),
    "rate": 100.0,
    "ratio": 1.0,
}
_AXES: dict[str, Callable[[Axes], None]] = {"time": _time_axis, "rate": _rate_axis, "ratio": _ratio_axis}


def _legend(figure: Figure, height: float) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=BLUE.light,
            marker="o",
            markersize=6,
            linewidth=1.6,
            label="simulated, with interval",
        ),
        Line2D(
            [],
            [],
            color=INK.light,
            marker="D",
            markerfacecolor=PAPER.light,
            markersize=6,
            linewidth=1.6,
            label="published, with its interval where printed",
        ),
    ]
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.02, 1 - 0.02 / height), ncols=2)
