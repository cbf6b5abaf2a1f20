"""The figure of what each mechanism did in one patient: the leading lesion as it was, and without each of them."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from forestall.report.style import INK, MUTED, WIDTH, arm_dashes, part_tone, ruled, styled
from forestall.report.terminal import WIDTH as COLUMNS
from forestall.report.wording import DASH, months, shortened
from forestall.studies.story import RESEARCH_USE
from forestall.studies.why import Why, Without, heading

_MOST_LINES = 6
_TITLE_LENGTH = 70


@styled
def why_figure(why: Why) -> Figure:
    """Draw the lesion that led the progression, as it was and without each of the six mechanisms that mattered most.

    Args:
        why: The result.
    """
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.add_subplot()
    ruled(axes)
    _draw(axes, why)
    course = why.course
    assert course.progression is not None
    axes.axvline(months(course.progression.day), color=INK.light, linewidth=1.0, linestyle=(0, (4, 2)))
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, months(1.02 * float(course.visit_day[-1])))
    axes.set(
        xlabel="Months since the start of treatment", ylabel=f"Diameter of {course.progression.lesion}, mm"
    )
    axes.set_title(shortened(f"{course.patient.patient}: {course.regimen.name}", _TITLE_LENGTH))
    figure.legend(loc="outside lower left", ncols=2, columnspacing=1.5, handlelength=2.8)
    return figure


def _draw(axes: Axes, why: Why) -> None:
    assert why.course.progression is not None
    lesion = why.course.progression.lesion
    axes.plot(
        [months(day) for day in why.course.visit_day],
        why.course.lesion(lesion).true_mm,
        color=INK.light,
        linewidth=2.4,
        label="as it was",
    )
    for index, item in enumerate(why.mattered[:_MOST_LINES]):
        axes.plot(
            [months(day) for day in item.course.visit_day],
            item.course.lesion(lesion).true_mm,
            color=part_tone(index).light,
            linestyle=arm_dashes(index),
            linewidth=1.5,
            label=f"without {item.switch}".replace("_", " "),
        )
    if not why.mattered:
        axes.annotate(
            "no single mechanism made a difference", (0.02, 0.95), xycoords="axes fraction", color=MUTED.light
        )


def print_why(why: Why, *, console: Console | None = None) -> None:
    """Print the table and the words.

    Args:
        why: The result.
        console: Where to print; the standard output if not given.
    """
    out = console or Console(highlight=False, markup=False, emoji=False, width=COLUMNS)
    out.print(_table(why))
    out.print()
    for text in (heading(why), *why.paragraphs):
        out.print(textwrap.fill(text, COLUMNS - 4, break_on_hyphens=False))
    out.print(textwrap.fill(RESEARCH_USE, COLUMNS - 4), style="dim")


def _table(why: Why) -> Table:
    course = why.course
    assert course.progression is not None
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("switched off", vertical="bottom")
    for head in (
        "progression,\nmonths",
        "later by,\nmonths",
        f"volume of {course.progression.lesion},\n% of what it was",
    ):
        table.add_column(head, justify="right", vertical="bottom")
    table.add_row("nothing", f"{months(course.progression.day):.1f}", DASH, "100")
    for item in why.without:
        if item not in why.idle:
            table.add_row(*why_cells(item))
    if why.idle:
        table.add_row(f"{len(why.idle)} others", "", "", "no difference")
    return table


def why_cells(item: Without) -> list[str]:
    """A mechanism, when progression would have come, by how many months later, and the volume in percent."""
    day = "none" if item.progression_day is None else f"{months(item.progression_day):.1f}"
    more = ">" if item.progression_day is None else ""
    return [
        str(item.switch).replace("_", " "),
        day,
        f"{more}{months(item.later_days):.1f}",
        f"{item.volume_percent:.0f}",
    ]
