"""What `forestall calibrate --worlds` prints, and its figure: coverage by unknown, and ranks of the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from forestall.report.style import BLUE, FAINT, MUTED, VERMILLION, ruled, styled
from forestall.studies.calibration.recovery import Recovery
from forestall.studies.calibration.recovery_results import (
    BINS,
    coverage,
    learned_coverage,
    rank_counts,
    recovery_rows,
    uniformity,
    usual_counts,
)

_WANTED: Final = 0.9
_ROW_INCHES: Final = 0.16


def recovery_lines(found: Recovery) -> Iterator[str]:
    """The summary."""
    whole = coverage(found)
    yield (
        f"{len(found.truth)} worlds of {len(found.unknowns)} unknowns, {found.patients} patients an arm: 90% intervals hold the truth "
        f"in {whole.value:.1%} ({whole.lower:.1%} to {whole.upper:.1%}), of the unknowns that were narrowed by a tenth in "
        f"{learned_coverage(found):.1%}"
    )
    yield f"ranks of the truth uniform: P = {uniformity(found):.2g}; unknowns narrowed by {1 - found.spread.mean():.0%} in the mean"


@styled
def draw_recovery(found: Recovery) -> Figure:
    """Draw the coverage of each unknown and the ranks of all truths."""
    figure = Figure(figsize=(10.8, max(4.5, len(found.unknowns) * _ROW_INCHES + 1.2)), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1))
    _coverage(figure.add_subplot(grid[:, 0]), found)
    _ranks(figure.add_subplot(grid[0, 1]), found)
    _medians(figure.add_subplot(grid[1, 1]), found)
    return figure


def _coverage(axes: Axes, found: Recovery) -> None:
    rows = sorted(recovery_rows(found), key=lambda row: row["narrower"])
    worlds = len(found.truth)
    low, high = binom.ppf((0.025, 0.975), worlds, _WANTED) / worlds
    axes.axvspan(low, high, color=FAINT.light, alpha=0.35, linewidth=0)
    axes.axvline(_WANTED, color=MUTED.light, linewidth=0.8)
    places = np.arange(len(rows))
    axes.plot(
        [row["covered"] for row in rows],
        places,
        "o",
        color=BLUE.light,
        markersize=3.5,
        label="90% interval holds the truth",
    )
    axes.plot(
        [row["narrower"] for row in rows],
        places,
        "|",
        color=VERMILLION.light,
        markersize=6,
        label="narrower than the prior",
    )
    axes.set_yticks(places, [str(row["name"]).removesuffix(".rate_per_division") for row in rows])
    axes.tick_params(axis="y", labelsize=6.5)
    axes.set(
        title="Coverage and narrowing by unknown", xlabel="share", xlim=(-0.05, 1.02), ylim=(-1, len(rows))
    )
    axes.legend(fontsize=7.5, loc="lower left", bbox_to_anchor=(0.22, 0.0), frameon=False)
    ruled(axes)


def _ranks(axes: Axes, found: Recovery) -> None:
    low, high = usual_counts(found)
    axes.axhspan(low, high, color=FAINT.light, alpha=0.35, linewidth=0)
    axes.bar((np.arange(BINS) + 0.5) / BINS, rank_counts(found), width=0.9 / BINS, color=BLUE.light)
    axes.set(
        title="Rank of the truth among the members",
        xlabel="share of members below the truth",
        ylabel="truths",
    )
    ruled(axes)


def _medians(axes: Axes, found: Recovery) -> None:
    narrowed = found.spread.mean(axis=0) < _WANTED
    ends = (-3, 3)
    axes.plot(ends, ends, color=MUTED.light, linewidth=0.8)
    axes.scatter(
        found.truth[:, narrowed].ravel(),
        found.median[:, narrowed].ravel(),
        s=7,
        color=BLUE.light,
        alpha=0.5,
        linewidths=0,
    )
    axes.set(
        title="Unknowns that were narrowed by a tenth", xlabel="truth, prior standard deviations", ylabel="median found",
        xlim=ends, ylim=ends,
    )  # fmt: skip
    ruled(axes)
