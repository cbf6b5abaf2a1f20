"""The figure of `forestall sensitivity`: what moves a trial, and what would narrow its prediction."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.style import BLUE, FAINT, GREEN, MUTED, VERMILLION, Tone, ruled, styled
from forestall.statistics.estimate import Estimate
from forestall.studies.sensitivity.quantities import LOG_RATIO
from forestall.studies.sensitivity.study import Screening, Sensitivity

SHOWN: Final = 12
_ROW_INCHES: Final = 0.27
_TITLE_LETTERS: Final = 42
"""In a line, so that none is cut off beside long names of numbers."""


@styled
def draw_sensitivity(found: Sensitivity) -> Figure:
    """Draw elementary effects and Sobol's indices of both results, and shares of variance by number and by biomarker."""
    panels = [one for one in found.screenings if one.effects]
    shares = _shares(found)
    count = len(panels) + len(shares)
    columns = 2
    rows = -(-max(count, 1) // columns)
    figure = Figure(figsize=(11.0, rows * (SHOWN * _ROW_INCHES + 0.9)), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for place, screening in enumerate(panels):
        _effects(axes[place], screening)
    for place, (title, names, values, tone) in enumerate(shares, start=len(panels)):
        _variance(axes[place], title, names, values, tone)
    for spare in axes[count:]:
        spare.set_axis_off()
    arms = f"{found.contrast.experimental} against {found.contrast.control}"
    figure.suptitle(f"{found.plan.trial}: {arms}, {found.contrast.endpoint}", fontsize=10.5)
    return figure


def _shares(found: Sensitivity) -> list[tuple[str, list[str], list[Estimate], Tone]]:
    panels: list[tuple[str, list[str], list[Estimate], Tone]] = []
    for one in found.decompositions:
        top = one.indices[:SHOWN]
        title = f"total Sobol index of the {one.quantity} (surrogate explains {max(0.0, one.explained):.0%} of unseen runs)"
        panels.append((title, [index.name for index in top], [index.total for index in top], GREEN))
    if found.narrowings:
        chosen = found.narrowings[:SHOWN]
        title = f"uncertainty of the {LOG_RATIO} that knowing the number would remove"
        panels.append((title, [one.name for one in chosen], [one.shares[0] for one in chosen], BLUE))
    if found.biomarkers:
        markers = found.biomarkers[:SHOWN]
        title = (
            f"differences between patients under {found.contrast.experimental} that a measurement explains"
        )
        panels.append((title, [one.biomarker for one in markers], [one.time for one in markers], VERMILLION))
    return panels


def _effects(axes: Axes, screening: Screening) -> None:
    chosen = screening.effects[:SHOWN][::-1]
    for place, effect in enumerate(chosen):
        tone = BLUE if effect.mean < 0 else VERMILLION
        ends = [max(0.0, effect.mean_absolute - effect.half_width), effect.mean_absolute + effect.half_width]
        axes.plot(ends, [place, place], color=FAINT.light, linewidth=1.2, zorder=1)
        axes.scatter([effect.mean_absolute], [place], s=24, color=tone.light, linewidths=0, zorder=2)
    _named(axes, [effect.name for effect in chosen])
    axes.set_xlim(left=0)
    axes.set_xlabel("mean absolute elementary effect (95%)", fontsize=8.5)
    _titled(axes, f"what moves the {screening.quantity}")
    note = "blue: falls as the number rises"
    axes.text(0.98, 0.03, note, transform=axes.transAxes, ha="right", fontsize=7.5, color=MUTED.light)


def _variance(axes: Axes, title: str, names: Sequence[str], values: Sequence[Estimate], tone: Tone) -> None:
    for place, share in enumerate(values[::-1]):
        axes.plot([share.lower, share.upper], [place, place], color=FAINT.light, linewidth=1.2, zorder=1)
        axes.scatter([share.value], [place], s=24, color=tone.light, linewidths=0, zorder=2)
    _named(axes, list(names)[::-1])
    axes.axvline(0, color=FAINT.light, linewidth=0.6)
    axes.set_xlabel("share of variance (90%)", fontsize=8.5)
    _titled(axes, title)


def _titled(axes: Axes, title: str) -> None:
    axes.set_title(textwrap.fill(title, _TITLE_LETTERS), fontsize=9.5)


def _named(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names), fontsize=8)
    axes.set_ylim(-0.6, max(len(names), 1) - 0.4)
    ruled(axes, "x")
