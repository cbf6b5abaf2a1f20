"""What `forestall calibrate` prints, and its figure: published against predicted, and prior against posterior."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from rich.console import Console
from rich.table import Table

from forestall.report.style import BLUE, FAINT, MUTED, VERMILLION, ruled, styled
from forestall.report.terminal import WIDTH
from forestall.studies.calibration.prepared import Calibration
from forestall.studies.calibration.results import identifiability_rows, prediction_rows, summary

_NAMES: Final = {
    "hazard_ratio": "hazard ratio (mean abs. log error)",
    "median": "median (mean abs. log error)",
    "response": "response rate (mean abs. logit error)",
    "rate": "share at a time (mean abs. logit error)",
}
_TITLES: Final = {
    "hazard_ratio": "Hazard ratio of PFS",
    "median": "Median PFS, months",
    "response": "Response rate",
}
_TICKS: Final = {"hazard_ratio": (0.2, 0.3, 0.5, 0.7, 1.0, 1.5), "median": (1, 2, 5, 10, 20, 50)}
_MOST_SHOWN: Final = 34


def print_calibration(calibration: Calibration, *, console: Console | None = None) -> None:
    """Print the errors by kind of number: of the prior, of trials not seen, of the fit."""
    out = console or Console(width=WIDTH, highlight=False)
    table = Table(
        calibration.endpoint, "n", "prior", "not seen", "seen", "in 90% interval", box=None, pad_edge=False
    )
    for kind, found in summary(prediction_rows(calibration)).items():
        errors = [f"{found[name]:.3f}" for name in ("prior", "unseen", "fitted")]
        table.add_row(_NAMES[kind], f"{found['n']:.0f}", *errors, f"{100 * found['covered']:.0f}%")
    out.print(table)


@styled
def draw_calibration(calibration: Calibration) -> Figure:
    """Draw published numbers against predictions for trials not seen, and how the evidence has narrowed the unknowns."""
    figure = Figure(figsize=(10.8, 8.4), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1, 1))
    rows = prediction_rows(calibration)
    for place, kind in enumerate(_TITLES):
        _panel(figure.add_subplot(grid[place, 0]), [row for row in rows if row["kind"] == kind], kind)
    _narrowing(figure.add_subplot(grid[:, 1]), identifiability_rows(calibration))
    return figure


def _panel(axes: Axes, rows: list[dict[str, Any]], kind: str) -> None:
    published = np.array([row["published"] for row in rows])
    predicted = np.array([row["unseen"] for row in rows])
    low, high = (np.array([row[key] for row in rows]) for key in ("unseen_low", "unseen_high"))
    ends = (min(published.min(), predicted.min()) * 0.9, max(published.max(), predicted.max()) * 1.1)
    axes.plot(ends, ends, color=MUTED.light, linewidth=0.8)
    axes.hlines(published, low, high, color=FAINT.light, linewidth=0.7)
    axes.scatter(predicted, published, s=14, color=BLUE.light, alpha=0.8, linewidths=0, zorder=3)
    if kind in _TICKS:
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(FixedLocator(_TICKS[kind]))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
    axes.set(
        xlim=ends, ylim=ends, title=_TITLES[kind], xlabel="predicted, trial not seen", ylabel="published"
    )
    ruled(axes)


def _narrowing(axes: Axes, rows: list[dict[str, Any]]) -> None:
    chosen = sorted(rows, key=lambda row: row["narrower"])[-_MOST_SHOWN:]
    for place, row in enumerate(chosen):
        spread = 1.645 * (1 - row["narrower"])
        axes.plot([-1.645, 1.645], [place, place], color=FAINT.light, linewidth=4, solid_capstyle="butt")
        axes.plot(
            [row["shift"] - spread, row["shift"] + spread], [place, place], color=BLUE.light, linewidth=2
        )
        axes.plot(row["shift"], place, "o", color=VERMILLION.light, markersize=3.5)
    axes.set_yticks(
        range(len(chosen)), [str(row["name"]).removesuffix(".rate_per_division") for row in chosen]
    )
    axes.tick_params(axis="y", labelsize=7)
    axes.set(
        title="What was learned most about",
        xlabel="prior standard deviations; bars hold 90%",
        ylim=(-0.7, len(chosen) - 0.3),
    )
    ruled(axes)
