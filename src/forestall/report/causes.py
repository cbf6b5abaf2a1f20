"""The figure of the causes of progression: one bar for each arm, split by cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from forestall.report.model import CauseTable, Integers
from forestall.report.style import PAPER, WIDTH, ink_on, part_tone, styled
from forestall.report.wording import shortened

_MOST_CAUSES = 7
OTHER_CAUSES = "other"
"""What the table itself puts together; it goes with the rest."""
_LEAST_LABELLED = 5.0


@styled
def causes_figure(table: CauseTable, arms: Sequence[str]) -> Figure:
    """Draw the share of each cause among the patients who progressed.

    Args:
        table: Counts by arm and cause; causes beyond the seven most frequent are shown together.
        arms: Names of the arms.
    """
    names, counts = merged(table)
    columns = 2
    legend_rows = -(-len(names) // columns)
    above, below = 0.42 * len(arms) + 0.2, 0.5 + 0.22 * legend_rows
    height = above + below
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0.24, below / height, 0.72, above / height))
    _draw_bars(axes, counts)
    _dress(axes, arms, counts)
    handles = [Patch(color=part_tone(index).light, label=name) for index, name in enumerate(names)]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=columns, columnspacing=1.5
    )
    return figure


def merged(table: CauseTable) -> tuple[list[str], Integers]:
    """The most frequent causes in their given order, the rest put together.

    Returns:
        The names, and counts (arms, names).
    """
    if len(table.causes) <= _MOST_CAUSES + 1:
        return list(table.causes), table.counts
    total = np.where([name == OTHER_CAUSES for name in table.causes], -1, table.counts.sum(axis=0))
    kept = np.sort(np.argsort(-total, kind="stable")[:_MOST_CAUSES])
    rest = table.counts.sum(axis=1) - table.counts[:, kept].sum(axis=1)
    names = [table.causes[index] for index in kept]
    return [*names, "other causes"], np.column_stack((table.counts[:, kept], rest))


def _draw_bars(axes: Axes, counts: Integers) -> None:
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = 100 * counts / total
    start = np.cumsum(share, axis=1) - share
    lanes = np.arange(counts.shape[0])
    for index in range(counts.shape[1]):
        tone = part_tone(index)
        axes.barh(
            lanes,
            share[:, index],
            left=start[:, index],
            height=0.66,
            color=tone.light,
            edgecolor=PAPER.light,
            linewidth=0.8,
        )
        for lane in lanes[share[:, index] >= _LEAST_LABELLED]:
            middle = start[lane, index] + share[lane, index] / 2
            text = f"{share[lane, index]:.0f}%"
            axes.text(middle, lane, text, ha="center", va="center", color=ink_on(tone), fontsize=9)


def _dress(axes: Axes, arms: Sequence[str], counts: Integers) -> None:
    labels = [
        f"{shortened(arm)}\n{total} progressed" for arm, total in zip(arms, counts.sum(axis=1), strict=True)
    ]
    axes.set_yticks(np.arange(len(arms)), labels, fontsize=9)
    axes.set(ylim=(len(arms) - 0.5, -0.5), xlim=(0, 100))
    axes.set_xticks(range(0, 101, 25), [f"{level}%" for level in range(0, 101, 25)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
