"""The waterfall figure: every patient's best change of the sum of lesion diameters, a panel for each arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.model import BestChanges, Floats
from forestall.report.style import MUTED, WIDTH, arm_tone, ruled, styled
from forestall.report.wording import MINUS, shortened

PARTIAL_RESPONSE, PROGRESSION = -30.0, 20.0
"""Percent; what RECIST 1.1 calls partial response (from baseline) and progression (from the nadir)."""

_CEILING = 100.0
_MOST_BARS = 400


@styled
def waterfall_figure(changes: BestChanges, arms: Sequence[str]) -> Figure:
    """Draw best changes, largest growth first.

    Args:
        changes: Best change of every patient; NaN without a scan after baseline, counted in the label.
        arms: Names of the arms.

    Returns:
        The figure. Growth beyond +100% is cut there. More than 400 patients are drawn as 400 quantiles.
    """
    columns = min(len(arms), 3)
    rows = -(-len(arms) // columns)
    figure = Figure(figsize=(WIDTH, 3.1 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for index, (axes, name) in enumerate(zip(panels, arms, strict=False)):
        _draw_arm(axes, changes.change_percent[changes.arm == index], name, index)
    for axes in panels[len(arms) :]:
        axes.set_visible(False)
    for axes in panels[::columns]:
        axes.set_ylabel("Best change of the sum\nof diameters")
    return figure


def _draw_arm(axes: Axes, change: Floats, name: str, index: int) -> None:
    known = np.sort(change[~np.isnan(change)])[::-1]
    bars = np.minimum(thinned(known), _CEILING)
    edges = np.linspace(0.0, 1.0, bars.size + 1)
    axes.stairs(bars, edges, baseline=0, fill=True, color=arm_tone(index).light)
    for level in (PROGRESSION, PARTIAL_RESPONSE):
        axes.axhline(level, color=MUTED.light, linewidth=1.0, linestyle=(0, (4, 3)))
    ruled(axes)
    ticks = (-100, -60, PARTIAL_RESPONSE, 0, PROGRESSION, 60, 100)
    axes.set_yticks(ticks, [f"{MINUS}100%", f"{MINUS}60%", f"{MINUS}30%", "0%", "+20%", "+60%", "≥ +100%"])
    axes.set(ylim=(-105, 105), xlim=(0, 1), xticks=[])
    axes.spines["bottom"].set_visible(False)
    axes.axhline(0, color=MUTED.light, linewidth=0.8)
    axes.set_title(shortened(name, 30))
    axes.set_xlabel(_counts(change, known))


def _counts(change: Floats, known: Floats) -> str:
    lines = [f"{known.size} patients"]
    if known.size:
        lines.append(f"{np.mean(known <= PARTIAL_RESPONSE):.0%} shrank ≥ 30%")
    if change.size > known.size:
        lines.append(f"{change.size - known.size} without a later scan")
    return "\n".join(lines)


def thinned(ordered: Floats, most: int = _MOST_BARS) -> Floats:
    """Every value, or the midpoints of equal shares of patients if there are too many to see."""
    if ordered.size <= most:
        return ordered
    middle = (np.arange(most) + 0.5) / most * ordered.size
    return ordered[middle.astype(np.int64)]
