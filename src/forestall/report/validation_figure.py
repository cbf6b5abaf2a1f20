"""The figure of `forestall validate`: predicted against published hazard ratios, by Forestall and by each rule."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.style import BLUE, FAINT, MUTED, VERMILLION, ruled, styled
from forestall.studies.validation.answers import FORESTALL, Compared, Validation
from forestall.studies.validation.scores import NO_EFFECT, Score, scores

_ENDS: Final = (0.15, 2.5)
_TICKS: Final = (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
_COLUMNS: Final = 3


@styled
def draw_validation(found: Validation) -> Figure:
    """Draw a panel for each method: published against predicted ratios of PFS or TTP, and of OS."""
    methods = [name for name in found.methods if name != NO_EFFECT]
    rows = math.ceil(len(methods) / _COLUMNS)
    figure = Figure(figsize=(9.6, 3.35 * rows), layout="constrained")
    panels = np.atleast_1d(figure.subplots(rows, _COLUMNS, sharex=True, sharey=True)).ravel()
    known = {
        one.method: one for one in scores(found) if (one.grouping, one.group) == ("endpoint", "PFS or TTP")
    }
    for axes, method in zip(panels, methods, strict=False):
        _panel(axes, found, method, known.get(method))
    for axes in panels[len(methods) :]:
        axes.set_axis_off()
    figure.supxlabel("predicted hazard ratio", fontsize=9.5)
    figure.supylabel("published hazard ratio", fontsize=9.5)
    return figure


def _panel(axes: Axes, found: Validation, method: str, score: Score | None) -> None:
    axes.plot(_ENDS, _ENDS, color=MUTED.light, linewidth=0.8)
    axes.axhline(1, color=FAINT.light, linewidth=0.6)
    axes.axvline(1, color=FAINT.light, linewidth=0.6)
    for endpoint, tone, mark in (("OS", VERMILLION, "s"), ("PFS or TTP", BLUE, "o")):
        items = [
            (hr, one)
            for one in found.compared
            if one.groups["endpoint"] == endpoint and (hr := one.predicted(method)) is not None
        ]
        if not items:
            continue
        _intervals(axes, items, method)
        x = np.clip([hr for hr, _ in items], *_ENDS)
        y = np.clip([one.published for _, one in items], *_ENDS)
        axes.scatter(
            x, y, s=16, marker=mark, color=tone.light, alpha=0.75, linewidths=0, label=endpoint, zorder=3
        )
    _count_beyond(axes, found, method)
    axes.set(xscale="log", yscale="log", xlim=_ENDS, ylim=_ENDS)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS], minor=False)
    axes.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS], minor=False)
    axes.minorticks_off()
    axes.set_aspect("equal")
    ruled(axes)
    axes.set_title(method[0].upper() + method[1:])
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", handletextpad=0.2, borderpad=0.1, fontsize=8)
    if score is not None:
        text = f"PFS or TTP: {score.comparisons} comparisons\nmean |log HR| error {score.error.value:.2f}"
        axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", fontsize=8, color=MUTED.light)


def _count_beyond(axes: Axes, found: Validation, method: str) -> None:
    """Points beyond the axes stand on the edge; how many is said."""
    ratios = [hr for one in found.compared if (hr := one.predicted(method)) is not None]
    beyond = sum(not _ENDS[0] <= hr <= _ENDS[1] for hr in ratios)
    if beyond:
        text = f"{beyond} on the edge lie beyond it"
        axes.text(0.03, 0.03, text, transform=axes.transAxes, fontsize=8, color=MUTED.light)


def _intervals(axes: Axes, items: list[tuple[float, Compared]], method: str) -> None:
    """Published 95% intervals upright, and prediction intervals of Forestall across."""
    for x, one in items:
        if one.question.row.interval is not None:
            axes.plot([x, x], one.question.row.interval, color=FAINT.light, linewidth=0.7, zorder=1)
        if method == FORESTALL and one.simulated and one.simulated.interval:
            axes.plot(one.simulated.interval, [one.published] * 2, color=FAINT.light, linewidth=0.7, zorder=1)
