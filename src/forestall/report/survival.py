"""The Kaplan-Meier figure: curves with confidence bands, medians beside published ones, numbers at risk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.model import Floats, SurvivalData
from forestall.report.style import MUTED, PAPER, WIDTH, arm_dashes, arm_tone, ruled, styled
from forestall.report.wording import days_per_month, in_months, interval, months, number, shortened
from forestall.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from forestall.statistics.observations import without_failures

_MOST_STEPS = 600
_MOST_CENSOR_MARKS = 250


@dataclass(frozen=True, slots=True)
class ArmCurve:
    """The curve of one arm."""

    name: str
    """The arm's name."""
    curve: KaplanMeier
    """The estimate."""
    published_median_days: float = math.nan
    """The published median, day."""


def arm_curves(
    data: SurvivalData, arms: Sequence[str], published_days: Mapping[str, float]
) -> list[ArmCurve]:
    """Estimate the curve of each arm; failed patients have no time and are left out.

    Args:
        data: Times of every patient.
        arms: Names of the arms.
        published_days: Published median by arm, day.
    """
    curves = []
    for index, name in enumerate(arms):
        mine = data.arm == index
        known = without_failures(data.time_days[mine], data.event[mine])
        curve = kaplan_meier(known.time_days, known.event)
        curves.append(ArmCurve(name, curve, published_days.get(name, math.nan)))
    return curves


@styled
def survival_figure(curves: Sequence[ArmCurve], title: str, *, follow_up_days: float | None = None) -> Figure:
    """Draw Kaplan-Meier curves.

    Args:
        curves: One per arm.
        title: The endpoint in full.
        follow_up_days: End of the time axis, day; by default the last observation.

    Returns:
        The figure: the curves above, the numbers at risk below. With many patients the steps are drawn on a
        grid finer than a pixel and the marks of censoring are left out.
    """
    sheet = _Sheet(curves)
    figure = Figure(figsize=(WIDTH, sheet.height))
    axes = figure.add_axes(sheet.curves)
    last = max(float(arm.curve.time_days[-1]) for arm in curves)
    end, ticks = month_axis(months(follow_up_days or last))
    for index, arm in enumerate(curves):
        _draw_arm(axes, arm, index, end)
    _dress(axes, end, ticks)
    figure.text(
        sheet.left, 1 - 0.05 / sheet.height, title, va="top", fontsize=10.5, fontweight="bold", gid="heading"
    )
    _legend(figure, axes, curves, end, sheet)
    _risk_table(figure.add_axes(sheet.table), curves, ticks, end)
    return figure


Box = tuple[float, float, float, float]


class _Sheet:
    """Where things stand on the figure; the left margin holds the arms' names beside the numbers at risk."""

    def __init__(self, curves: Sequence[ArmCurve]) -> None:
        axes, row, axis = 3.1, 0.21, 0.48
        table = row * (len(curves) + 1)
        head = 0.30 + 0.2 * (len(curves) + any(math.isfinite(arm.published_median_days) for arm in curves))
        below = axis + table + 0.08
        longest = max(len(shortened(arm.name)) for arm in curves)
        left = max(0.78, 0.45 + 0.082 * longest) / WIDTH
        self.left = left
        self.height = head + axes + below
        width = 0.975 - left
        self.curves: Box = (left, below / self.height, width, axes / self.height)
        self.table: Box = (left, 0.08 / self.height, width, table / self.height)


def _draw_arm(axes: Axes, arm: ArmCurve, index: int, end: float) -> None:
    color, curve = arm_tone(index).light, arm.curve
    if not curve.patients:
        return
    time, survival, lower, upper = _thinned(curve, end)
    axes.fill_between(time, 100 * lower, 100 * upper, step="post", color=color, alpha=0.15, linewidth=0)
    axes.step(time, 100 * survival, where="post", color=color, linewidth=1.8, linestyle=arm_dashes(index))
    marks = curve.time_days[(curve.censored > 0) & (months(1.0) * curve.time_days <= end)]
    if marks.size <= _MOST_CENSOR_MARKS:
        axes.plot(
            months(1.0) * marks, 100 * curve.at(marks), "|", color=color, markersize=5, markeredgewidth=0.9
        )
    _mark_median(axes, arm, color, end)


def _mark_median(axes: Axes, arm: ArmCurve, color: str, end: float) -> None:
    median = months(arm.curve.median.value)
    if math.isfinite(median) and median <= end:
        axes.plot([median, median], [0, 50], color=color, linewidth=1.0, linestyle=":")
        axes.plot([0, median], [50, 50], color=MUTED.light, linewidth=0.8, linestyle=":")
    published = months(arm.published_median_days)
    if math.isfinite(published) and published <= end:
        style: dict[str, Any] = {"markersize": 7, "markeredgewidth": 1.6, "zorder": 5, "clip_on": False}
        axes.plot([published], [50], "D", color=color, markerfacecolor=PAPER.light, **style)


def _thinned(curve: KaplanMeier, end: float) -> tuple[Floats, Floats, Floats, Floats]:
    """The steps up to the end of the axis (month), on a fine grid if there are too many to see."""
    time = months(1.0) * curve.time_days
    keep = np.flatnonzero(time <= end)
    if keep.size > _MOST_STEPS:
        grid = np.linspace(0.0, min(end, float(time[-1])), _MOST_STEPS)
        keep = np.searchsorted(time, grid, side="right") - 1
        return grid, curve.survival[keep], curve.lower[keep], curve.upper[keep]
    last = [min(end, float(time[-1]))]
    keep = np.append(keep, keep[-1])
    time = np.concatenate((time[keep[:-1]], last))
    return time, curve.survival[keep], curve.lower[keep], curve.upper[keep]


def _dress(axes: Axes, end: float, ticks: Floats) -> None:
    ruled(axes)
    axes.set_xlim(0, end)
    axes.set_ylim(0, 102)
    axes.set_xticks(ticks)
    axes.set_yticks(range(0, 101, 25), [f"{level}%" for level in range(0, 101, 25)])
    axes.set_ylabel("Patients free of the event")
    axes.set_xlabel("Months since randomization", labelpad=3)


def _legend(figure: Figure, axes: Axes, curves: Sequence[ArmCurve], end: float, sheet: _Sheet) -> None:
    """Above the curves, where it hides none of them."""
    handles, labels = [], []
    for index, arm in enumerate(curves):
        handles += axes.plot([], [], color=arm_tone(index).light, linewidth=1.8, linestyle=arm_dashes(index))
        labels.append(_label(arm))
    published = [months(arm.published_median_days) for arm in curves]
    if any(math.isfinite(median) for median in published):
        handles += axes.plot(
            [], [], "D", color=MUTED.light, markerfacecolor=PAPER.light, markersize=6, markeredgewidth=1.4
        )
        later = [
            f"{arm.name} {median:.1f}" for arm, median in zip(curves, published, strict=True) if median > end
        ]
        labels.append("published median" + (f" (beyond the axis: {', '.join(later)} mo)" if later else ""))
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(sheet.left, 1 - 0.28 / sheet.height),
        handlelength=2.6,
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.35,
    )


def _label(arm: ArmCurve) -> str:
    median = in_months(arm.curve.median)
    text = "not reached" if math.isinf(median.value) else f"{number(median.value)} mo"
    return f"{arm.name}: median {text} {interval(median.lower, median.upper)}".rstrip()


def _risk_table(axes: Axes, curves: Sequence[ArmCurve], ticks: Floats, end: float) -> None:
    """Numbers at risk in line with the ticks of the curves."""
    axes.set_axis_off()
    axes.set(xlim=(0, end), ylim=(len(curves), -1), gid="numbers-at-risk")
    left = axes.get_yaxis_transform()
    axes.text(-0.045, -0.5, "at risk", transform=left, ha="right", va="center", fontsize=9, color=MUTED.light)
    for row, arm in enumerate(curves):
        middle, color = row + 0.5, arm_tone(row).light
        axes.text(
            -0.045,
            middle,
            shortened(arm.name),
            transform=left,
            ha="right",
            va="center",
            fontsize=9,
            color=color,
        )
        counts = (
            arm.curve.numbers_at_risk(ticks * days_per_month())
            if arm.curve.patients
            else np.zeros(len(ticks), int)
        )
        for tick, count in zip(ticks, counts, strict=True):
            axes.text(tick, middle, f"{count}", ha="center", va="center", fontsize=9)


def month_axis(last: float) -> tuple[float, Floats]:
    """The end of an axis that reaches to the last month seen, and its ticks, at most eleven."""
    end = max(last, 1.0)
    step = next((step for step in (1, 2, 3, 6, 12, 24, 60, 120) if end / step <= 10), 240)
    rounded = step * math.ceil(end / step)
    end = rounded if rounded - end < 0.2 * step else end
    return end, np.arange(0, end + 1e-9, step, dtype=np.float64)
