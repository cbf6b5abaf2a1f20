"""The swimmer figure: a lane for each of a few patients, with treatment, response, progression and death."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from forestall.report.model import Floats, Integers, SwimmerRow
from forestall.report.style import FAINT, INK, PAPER, WIDTH, arm_tone, ruled, styled
from forestall.report.survival import month_axis
from forestall.report.wording import months, shortened

MOST_SWIMMERS = 60
"""More lanes cannot be told apart."""

_LANE = 0.115
_MARKS = (
    ("response_day", "o", PAPER, "first response"),
    ("progression_day", "s", INK, "progression"),
    ("death_day", "X", INK, "death"),
)


def choose_swimmers(followed_days: Floats, arm: Integers, *, most: int = MOST_SWIMMERS) -> NDArray[np.int64]:
    """Choose the patients of a swimmer figure, the same ones every time.

    Each arm gets the same number of lanes. They are filled with the patients at evenly spaced ranks of the
    time on study, so that short and long courses show in the proportion in which they occur. Failed patients
    (NaN) are left out.

    Args:
        followed_days: (n,) time on study, day; NaN for a failed patient.
        arm: (n,) index of the arm.
        most: Lanes in all.

    Returns:
        Indices of the chosen patients, by arm and then from the longest to the shortest time.
    """
    known = np.flatnonzero(~np.isnan(followed_days))
    present = np.unique(arm[known])
    chosen = []
    for index in present:
        mine = known[arm[known] == index]
        ordered = mine[np.lexsort((mine, -followed_days[mine]))]
        lanes = min(ordered.size, most // present.size)
        chosen.append(ordered[((np.arange(lanes) + 0.5) / lanes * ordered.size).astype(np.int64)])
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


@styled
def swimmer_figure(rows: Sequence[SwimmerRow], arms: Sequence[str]) -> Figure:
    """Draw the lanes of the given patients, grouped by arm.

    Args:
        rows: The patients (see `choose_swimmers`).
        arms: Names of the arms.
    """
    groups = [(index, name, [row for row in rows if row.arm == index]) for index, name in enumerate(arms)]
    groups = [group for group in groups if group[2]]
    lanes = sum(len(group[2]) + 2 for group in groups)
    height = 1.15 + _LANE * lanes
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0.03, 0.55 / height, 0.95, (_LANE * lanes) / height))
    top = 0
    for index, name, members in groups:
        axes.text(
            0,
            top + 0.9,
            f"{shortened(name, 40)}",
            fontweight="bold",
            color=arm_tone(index).light,
            va="center",
        )
        _draw_lanes(axes, members, index, top + 2)
        top += len(members) + 2
    _dress(axes, rows, lanes)
    _legend(figure, height)
    return figure


def _draw_lanes(axes: Axes, rows: Sequence[SwimmerRow], arm: int, top: int) -> None:
    lane = np.arange(len(rows)) + top
    followed = np.array([months(row.followed_days) for row in rows])
    treated = np.minimum(np.array([months(row.treated_days) for row in rows]), followed)
    axes.barh(lane, followed - treated, left=treated, height=0.34, color=FAINT.light, alpha=0.6, linewidth=0)
    axes.barh(lane, treated, height=0.76, color=arm_tone(arm).light, alpha=0.75, linewidth=0)
    for field, marker, tone, _label in _MARKS:
        seen = [
            (months(getattr(row, field)), y)
            for row, y in zip(rows, lane, strict=True)
            if getattr(row, field) is not None
        ]
        if seen:
            axes.plot(*np.array(seen).T, marker, color=tone.light, **_mark_style(marker))
    alive = [(end, y) for row, end, y in zip(rows, followed, lane, strict=True) if row.death_day is None]
    if alive:
        axes.plot(*np.array(alive).T, ">", color=arm_tone(arm).light, markersize=5, clip_on=False)


def _mark_style(marker: str) -> dict[str, Any]:
    size, edge = {"o": (4.6, INK), "s": (5.0, PAPER), "X": (6.2, PAPER)}[marker]
    return {
        "markersize": size,
        "markeredgecolor": edge.light,
        "markeredgewidth": 0.8,
        "clip_on": False,
        "zorder": 4,
    }


def _dress(axes: Axes, rows: Sequence[SwimmerRow], lanes: int) -> None:
    ruled(axes, "x")
    end, ticks = month_axis(max(months(row.followed_days) for row in rows))
    axes.set(ylim=(lanes + 0.2, -0.2), xlim=(0, 1.02 * end), xticks=ticks, yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Months since randomization")


def _legend(figure: Figure, height: float) -> None:
    handles = [
        Line2D([], [], color=arm_tone(0).light, alpha=0.75, linewidth=6, label="on treatment"),
        Line2D([], [], color=FAINT.light, alpha=0.6, linewidth=3, label="followed"),
    ]
    for _field, marker, tone, label in _MARKS:
        handles.append(
            Line2D([], [], linestyle="", marker=marker, color=tone.light, label=label, **_mark_style(marker))
        )
    handles.append(
        Line2D([], [], linestyle="", marker=">", color=arm_tone(0).light, markersize=5, label="alive")
    )
    anchor = (0.02, 1 - 0.08 / height)
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=anchor,
        ncols=6,
        columnspacing=1.2,
        handletextpad=0.5,
    )
