"""The figure of what led the progressions in each arm: the share of every cause with its interval, arms beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.causes import merged
from forestall.report.model import CauseTable
from forestall.report.style import WIDTH, arm_tone, ruled, styled
from forestall.report.wording import shortened
from forestall.statistics.proportions import proportion

_MARKERS = "osD^vP"
_SPREAD = 0.6
"""Height that the arms of one cause take, of the distance between two causes."""


@styled
def attribution_figure(table: CauseTable, arms: Sequence[str]) -> Figure:
    """Draw the share of each cause among an arm's progressions, with its exact 95% interval.

    Args:
        table: Counts by arm and cause; causes beyond the seven most frequent are shown together.
        arms: Names of the arms.
    """
    names, counts = merged(table)
    figure = Figure(figsize=(WIDTH, 0.3 * len(names) * max(1, len(arms) - 1) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    ruled(axes, "x")
    offset = (np.arange(len(arms)) - (len(arms) - 1) / 2) * _SPREAD / max(1, len(arms))
    for arm, name in enumerate(arms):
        _draw_arm(axes, arm, name, counts[arm].tolist(), np.arange(len(names)) + offset[arm])
    axes.set_yticks(range(len(names)), [shortened(name, 34) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("Share of the arm's progressions, %")
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower left", ncols=3, handlelength=1.6, columnspacing=1.5)
    return figure


def _draw_arm(axes: Axes, arm: int, name: str, counts: Sequence[int], height: Sequence[float]) -> None:
    shares = [proportion(count, sum(counts)) for count in counts]
    value = 100 * np.array([share.value for share in shares])
    axes.errorbar(
        value,
        height,
        xerr=[
            value - 100 * np.array([share.lower for share in shares]),
            100 * np.array([share.upper for share in shares]) - value,
        ],
        fmt=_MARKERS[arm % len(_MARKERS)],
        color=arm_tone(arm).light,
        markersize=5,
        linewidth=1.4,
        label=f"{shortened(name)} ({sum(counts)} progressed)",
    )
