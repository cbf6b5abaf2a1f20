"""What `forestall trial` prints: the result beside the published one, in at most 100 columns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from forestall.report.agreement import disagreements
from forestall.report.model import (
    ArmSummary,
    CauseTable,
    HazardRatioSummary,
    Published,
    ReportInput,
    WhyTable,
)
from forestall.report.wording import DASH, UNKNOWN, in_months, interval, months, number, ratio_text
from forestall.statistics.estimate import Estimate

WIDTH = 100
_MOST_CAUSES = 6


def print_summary(
    report: ReportInput, *, report_path: Path | None = None, console: Console | None = None
) -> None:
    """Print the result of a trial.

    Args:
        report: The report.
        report_path: Where its HTML lies, to be named in the last line.
        console: Where to print; by default the standard output, with colors if it is a terminal.
    """
    out = console or _console()
    out.print(_head(report), soft_wrap=False)
    out.print(_table(report))
    for line in _lines(report):
        out.print(line)
    if report_path is not None:
        out.print(Text(f"report: {report_path}"), soft_wrap=True)


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def _head(report: ReportInput) -> Text:
    parts = [f"{report.patients} virtual patients", f"{len(report.arms)} arms"]
    if report.replicates > 1:
        parts.append(f"{report.replicates} replicates")
    if report.seed is not None:
        parts.append(f"seed {report.seed}")
    if report.parameters_label:
        parts.append(f"parameters: {report.parameters_label}")
    return Text.assemble((report.title, "bold"), " · ", " · ".join(parts))


def _table(report: ReportInput) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis", min_width=9, max_width=22)
    heads = [
        "n",
        "PFS\nevents",
        "median PFS\n[95% CI], mo",
        "publ.",
        "OS\nevents",
        "median OS\n[95% CI], mo",
        "publ.",
        *(() if report.marker else ("ORR", "publ.")),
    ]
    for head in heads:
        style = "dim" if head.startswith("pub") else ""
        table.add_column(head, justify="right", vertical="bottom", no_wrap=True, style=style)
    for arm in report.arms:
        table.add_row(Text(arm.name), *_cells(arm)[: len(heads)])
    return table


def _cells(arm: ArmSummary) -> list[str]:
    rate = 100 * arm.response.rate.value
    return [
        str(arm.n),
        str(arm.pfs.events),
        _months(arm.pfs.median),
        _short(arm.published.get("PFS")),
        str(arm.os.events),
        _months(arm.os.median),
        _short(arm.published.get("OS")),
        UNKNOWN if math.isnan(rate) else f"{rate:.0f}%",
        _short_rate(arm.published.get("ORR")),
    ]


def _months(days: Estimate) -> str:
    value, lower, upper = in_months(days)
    return f"{number(value)} {interval(lower, upper)}".rstrip()


def _short(published: Published | None) -> str:
    return UNKNOWN if published is None else number(months(published.value.value)) + _mark(published)


def _short_rate(published: Published | None) -> str:
    return UNKNOWN if published is None else f"{100 * published.value.value:.0f}%" + _mark(published)


def _mark(published: Published) -> str:
    return "*" if published.endpoint else ""


def _lines(report: ReportInput) -> Iterator[Text]:
    yield from _marks(report)
    if report.failed:
        counts = ", ".join(f"{arm.name} {arm.failed}" for arm in report.arms if arm.failed)
        yield Text(f"Failed patients, counted in n and without a result: {counts}", style="yellow")
    for ratio in report.hazard_ratios:
        yield _ratio(ratio, several=len(report.arms) > 2)
    width = max((len(what) for what, _ in report.landmarks), default=0)
    yield from (Text(f"{what:<{width}}  {rates}") for what, rates in report.landmarks)
    if report.causes is not None and report.causes.counts.sum():
        yield _causes(report, report.causes)
    if report.why is not None:
        yield _mattered(report, report.why)
    differing = disagreements(report)
    if differing:
        yield Text("Differs from the published result:", style="bold yellow")
        yield from (Text(f"  {line}") for line in differing)
    for note in report.notes:
        yield Text(f"Note: {note}")


def _marks(report: ReportInput) -> Iterator[Text]:
    """What the asterisks mean."""
    other = {
        f"{key}: {published.endpoint}"
        for arm in report.arms
        for key, published in arm.published.items()
        if published.endpoint
    }
    if other:
        yield Text(f"* published as another endpoint ({', '.join(sorted(other))})", style="dim")


def _ratio(summary: HazardRatioSummary, *, several: bool) -> Text:
    label = f"Hazard ratio {summary.endpoint}"
    if several:
        label = f"HR {summary.endpoint}, {summary.experimental} / {summary.control}"
    parts = [f"{label}  {ratio_text(summary.ratio)}"]
    if summary.prediction is not None:
        parts.append(
            f"90% prediction {number(summary.prediction.lower, 2)}{DASH}{number(summary.prediction.upper, 2)}"
        )
    if summary.published is not None:
        remark = f" ({summary.published.endpoint})" if summary.published.endpoint else ""
        parts.append(f"published {ratio_text(summary.published.value)}{remark}")
    return Text("  ".join(parts))


def _mattered(report: ReportInput, table: WhyTable) -> Text:
    share = 100 * table.mattered / np.maximum(table.explained[:, None], 1)
    none = 100 * table.unexplained / np.maximum(table.explained, 1)
    shown = [
        f"{name} {'/'.join(f'{value:.0f}' for value in column)}%"
        for name, column in zip(table.mechanisms[:_MOST_CAUSES], share.T, strict=False)
    ]
    shown.append(f"no single mechanism {'/'.join(f'{value:.0f}' for value in none)}%")
    patients = "/".join(str(count) for count in table.explained)
    return Text(
        f"What mattered over the course ({patients} patients, {table.courses} courses): " + " · ".join(shown)
    )


def _causes(report: ReportInput, table: CauseTable) -> Text:
    total = np.maximum(table.counts.sum(axis=1, keepdims=True), 1)
    share = 100 * table.counts / total
    order = np.argsort(-share.max(axis=0), kind="stable")[:_MOST_CAUSES]
    arms = " / ".join(arm.name for arm in report.arms)
    shown = [
        f"{table.causes[index]} {'/'.join(f'{value:.0f}' for value in share[:, index])}%" for index in order
    ]
    return Text(f"Why patients progressed ({arms}): " + " · ".join(shown))
