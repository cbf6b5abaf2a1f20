"""The figure of `forestall pdx report`: what left-out arms, compounds with one target and synthetic trials say of the predictions."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    VERMILLION,
    Tone,
    ruled,
    styled,
)
from forestall.studies.pdx_check import LeftOut, Twin
from forestall.studies.pdx_report import PdxReport
from forestall.studies.pdx_synthetic import Outcome

_TONES: Final[dict[str, Tone]] = {
    "forestall": BLUE,
    "hsa": GREEN,
    "bliss": PURPLE,
    "hsa-raw": ORANGE,
    "bliss-raw": VERMILLION,
}
_MARKS: Final = {"forestall": "o", "hsa": "^", "bliss": "s", "hsa-raw": "v", "bliss-raw": "D"}


@styled
def draw_report(report: PdxReport) -> Figure:
    """Draw the three panels."""
    figure = Figure(figsize=(10.5, 3.9), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1.05, 0.9, 1.25))
    _left_out(axes[0], report.left_out, report.change.rank_correlation)
    _twins(axes[1], report.twins)
    _synthetic(axes[2], report.synthetic)
    return figure


def _left_out(axes: Axes, found: LeftOut, correlation: float) -> None:
    reached = found.expected, found.seen
    axes.scatter(*reached, s=9, color=BLUE.light, alpha=0.45, linewidths=0)
    ends = np.array([-100.0, float(max(found.expected.max(), 0))])
    axes.plot(ends, ends, color=MUTED.light, linewidth=0.8)
    axes.set_ylim(-115, min(float(found.seen.max()) * 1.3, 1400))
    axes.set_xlabel("predicted from all other arms, %")
    axes.set_ylabel("seen at the mouse's last day, %")
    axes.set_title("Left-out single agents")
    axes.text(
        0.03,
        0.98,
        f"{len(found.model)} arms, n = 1 each\nSpearman {correlation:.2f}\nin 90% interval: {found.coverage:.0%}",
        transform=axes.transAxes,
        va="top",
        color=INK.light,
    )
    ruled(axes)


def _twins(axes: Axes, twins: tuple[Twin, ...]) -> None:
    rows = np.arange(len(twins))[::-1]
    raw = [twin.raw.rank_correlation for twin in twins]
    shrunk = [twin.shrunk.rank_correlation for twin in twins]
    axes.hlines(rows, raw, shrunk, color=FAINT.light, linewidth=1.2)
    axes.plot(raw, rows, "D", color=VERMILLION.light, markersize=5, label="as seen")
    axes.plot(shrunk, rows, "o", color=BLUE.light, markersize=6, label="shrunk")
    axes.set_yticks(rows, [f"{twin.of}\nby {twin.by}" for twin in twins])
    axes.set_xlim(min([0.4, *raw, *shrunk]) - 0.05, 1)
    axes.set_ylim(-0.6, len(twins) + 0.1)
    axes.set_xlabel("Spearman over models")
    axes.set_title("Compounds with one target")
    axes.legend(loc="upper left", ncols=2, handletextpad=0.1, columnspacing=0.8)
    ruled(axes, "x")


def _synthetic(axes: Axes, outcomes: tuple[Outcome, ...]) -> None:
    scenarios = list(dict.fromkeys(outcome.scenario for outcome in outcomes))
    for place, method in enumerate(_TONES):
        found = [outcome for outcome in outcomes if outcome.method == method]
        rows = [scenarios.index(outcome.scenario) + (place - 2) * 0.13 for outcome in found]
        values = [outcome.mean_absolute_error for outcome in found]
        axes.plot(values, rows, _MARKS[method], color=_TONES[method].light, markersize=6, label=method)
    axes.set_yticks(
        range(len(scenarios)), ["truth:\n" + scenario.replace(" ", "\n", 1) for scenario in scenarios]
    )
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    axes.set_xlabel("mean absolute error, % of the first volume")
    axes.set_title("Synthetic combinations")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderpad=0)
    ruled(axes, "x")
