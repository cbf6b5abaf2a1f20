"""The result of `forestall biopsy-design`: what is printed, and the figure of the power of every plan."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from rich.console import Console
from rich.table import Table

from forestall.report.style import INK, MUTED, WIDTH, arm_dashes, arm_tone, ruled, styled
from forestall.report.terminal import WIDTH as COLUMNS
from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate
from forestall.studies.biopsy_result import SIGNIFICANCE, BiopsyDesign, PlanResult
from forestall.studies.story import listed

_FEW = 20
"""Fewer patients with the mechanism than this make a plan's sensitivity uncertain."""
_MOST_PATIENTS = 10_000
_MARKERS = "osD^vPX"


def print_design(design: BiopsyDesign, *, console: Console | None = None) -> None:
    """Print the plans, the one that needs the fewest patients first.

    Args:
        design: The result.
        console: Where to print; the standard output if not given.
    """
    out = console or Console(highlight=False, markup=False, emoji=False, width=COLUMNS)
    out.print(_head(design))
    out.print(_table(design))
    for text in _notes(design):
        out.print(textwrap.fill(text, COLUMNS - 4, break_on_hyphens=False))


def _head(design: BiopsyDesign) -> str:
    asked = design.question
    return (
        f"{design.trial}, arm {asked.arm}: to find {asked.mechanism} that leads {asked.frequency:.0%} of progressions, "
        f"with a power of {asked.power:.0%}"
    )


def _table(design: BiopsyDesign) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("sample of the lesion,\nagainst baseline", vertical="bottom")
    for head in (
        "could be\nsampled",
        "finds it\n[95% CI]",
        "elsewhere",
        "patients\nto see it",
        "samples",
        "patients\nto exceed",
    ):
        table.add_column(head, justify="right", vertical="bottom")
    for result in ranked(design):
        table.add_row(*_cells(result))
    return table


def ranked(design: BiopsyDesign) -> list[PlanResult]:
    """The plans, the one that needs the fewest patients first; ties by samples."""
    far = 10**9
    return sorted(design.results, key=lambda result: (result.to_see or far, result.samples))


def _cells(result: PlanResult) -> list[str]:
    low, high = result.to_see_range
    span = f" [{_count(low)}{DASH}{_count(high)}]"
    samples = None if result.to_see is None else round(result.to_see * result.samples)
    return [
        result.plan.name,
        f"{result.sampled:.0%}",
        _percent(result.sensitivity),
        f"{100 * result.elsewhere.value:.1f}%" if result.elsewhere.reached else DASH,
        _count(result.to_see) + span,
        _count(samples),
        _count(result.to_exceed),
    ]


def _share(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1g}%"


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.0f}% [{100 * share.lower:.0f}{DASH}{100 * share.upper:.0f}]"


def _count(number: int | None) -> str:
    return "never" if number is None else f"{number:,}"


def _notes(design: BiopsyDesign) -> list[str]:
    notes = [
        f"{design.progressed} of {design.question.patients} simulated patients progressed; in {design.carriers} the mechanism led, "
        f"in clones that made up a median of {_share(design.lead_share)} of the leading lesion. "
        "'Finds it' is the share of these in whom the plan reports it as new, those who could not be sampled "
        "included; 'elsewhere' the share of the others, where it is a "
        f"minor clone or an error. 'To exceed' is the number at which a one-sided exact test ({SIGNIFICANCE:.0%}) tells the frequency "
        "from those findings. Numbers are of progressing patients."
    ]
    if design.changed:
        sets = ", ".join(f"{name} = {number:g}" for name, number in design.changed.items())
        notes.append(f"Set by the user: {sets}.")
    if design.carriers < _FEW:
        notes.append(
            f"With {design.carriers} simulated carriers the sensitivities are uncertain: raise --patients."
        )
    if design.unseen:
        notes.append(f"No assay sees {listed([name.replace('_', ' ') for name in design.unseen])}.")
    return notes


@styled
def power_figure(design: BiopsyDesign) -> Figure:
    """Draw the power of every plan over the number of patients.

    Args:
        design: The result.
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.add_subplot()
    ruled(axes)
    number = np.unique(np.round(np.geomspace(1, _most(design), 200)))
    for index, result in enumerate(ranked(design)):
        chance = design.question.frequency * result.sensitivity.value
        axes.plot(
            number,
            100 * (1 - (1 - chance) ** number),
            color=arm_tone(index).light,
            linestyle=arm_dashes(index),
            marker=_MARKERS[index % len(_MARKERS)],
            markevery=(0.02 + 0.02 * index, 0.15),
            markersize=4.5,
            linewidth=1.6,
            label=f"{result.plan.name} ({_count(result.to_see)})",
        )
    axes.axhline(100 * design.question.power, color=MUTED.light, linewidth=1.0)
    axes.annotate(
        f"{design.question.power:.0%}",
        (number[-1], 100 * design.question.power),
        ha="right",
        va="bottom",
        color=INK.light,
        fontsize=8.5,
    )
    axes.set(
        xscale="log",
        xlim=(1, number[-1]),
        ylim=(0, 100),
        xlabel="Patients who progressed and were sampled",
        ylabel="Chance to see it, %",
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(
        f"{design.question.mechanism.replace('_', ' ')} leading {design.question.frequency:.0%} of progressions"
    )
    figure.legend(loc="outside lower left", ncols=2, columnspacing=1.5, handlelength=2.8)
    return figure


def _most(design: BiopsyDesign) -> int:
    known = [result.to_see for result in design.results if result.to_see is not None]
    return int(min(_MOST_PATIENTS, max(10, round(1.6 * max(known, default=10)))))
