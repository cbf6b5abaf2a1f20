"""The table of what is found at progression, published beside simulated."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from forestall.report.terminal import WIDTH as COLUMNS
from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate
from forestall.studies.mechanism_shares import VISIBLE_SHARE, MechanismShare, Simulated

_NOTES = (
    "Found: the simulated laboratory finds it in that sample, counted as published. Held: new clones with it are at least "
    f"{VISIBLE_SHARE:.0%} of the tumor cells at progression. Led: the clone that led the progression had acquired it. "
    "Intervals are exact 95% intervals of the number of patients; they do not hold the error of the model.",
)


def print_mechanism_shares(found: Sequence[MechanismShare], *, console: Console | None = None) -> None:
    """Print the table.

    Args:
        found: From the study.
        console: Where to print; the standard output if not given.
    """
    out = console or Console(highlight=False, markup=False, emoji=False, width=COLUMNS)
    out.print(_table(found))
    for note in _NOTES:
        out.print(textwrap.fill(note, COLUMNS - 4, break_on_hyphens=False), style="dim")


def _table(found: Sequence[MechanismShare]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("found at progression", vertical="bottom", max_width=34)
    table.add_column("published\n[95% CI], %", justify="right", vertical="bottom", no_wrap=True)
    table.add_column("parameters", vertical="bottom")
    for head in ("n", "found\n[95% CI], %", "held,\n%", "led,\n%"):
        table.add_column(head, justify="right", vertical="bottom", no_wrap=True)
    for item in found:
        for number, one in enumerate(item.simulated):
            first = [_what(item), percent_text(item.share)] if number == 0 else ["", ""]
            table.add_row(*first, *_cells(one))
    return table


def _what(item: MechanismShare) -> str:
    return f"{item.published.id} ({item.published.sample}, {item.published.counted})"


def _cells(one: Simulated) -> list[str]:
    return [
        one.parameters,
        str(one.progressed),
        percent_text(one.found),
        _percent(one.held.value),
        _percent(one.led.value),
    ]


def percent_text(share: Estimate) -> str:
    """A share in percent with its interval, where it is known."""
    if math.isnan(share.value) or math.isnan(share.lower):
        return _percent(share.value)
    return f"{_percent(share.value)} [{100 * share.lower:.0f}{DASH}{100 * share.upper:.0f}]"


def _percent(share: float) -> str:
    return DASH if math.isnan(share) else f"{100 * share:.1f}"
