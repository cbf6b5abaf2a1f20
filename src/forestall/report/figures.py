"""Every figure of a trial's report, with its caption and its description for readers who cannot see it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from forestall.report.agreement import comparisons
from forestall.report.attribution import attribution_figure
from forestall.report.causes import causes_figure
from forestall.report.comparison import comparison_figure
from forestall.report.drawing import save_figure
from forestall.report.model import BestChanges, CauseTable, ReportInput, SurvivalData, WhyTable
from forestall.report.survival import arm_curves, survival_figure
from forestall.report.swimmer import swimmer_figure
from forestall.report.trial_why import trial_why_figure
from forestall.report.waterfall import waterfall_figure
from forestall.report.wording import MINUS, listed, time_text


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure with its words."""

    name: str
    """File name without an ending."""
    title: str
    """Heading."""
    caption: str
    """How to read it."""
    description: str
    """What it shows, in words."""
    figure: Figure
    """The drawing."""


def draw_plates(report: ReportInput) -> list[Plate]:
    """Draw every figure for which the report has data, in the order of the report."""
    return list(_plates(report))


def save_plates(plates: list[Plate], folder: Path) -> list[Path]:
    """Save figures as SVG and PNG."""
    return [path for plate in plates for path in save_figure(plate.figure, folder, plate.name)]


def _plates(report: ReportInput) -> Iterator[Plate]:
    for data in report.survival:
        yield survival_plate(report, data)
    if report.best_changes is not None:
        yield _waterfall_plate(report, report.best_changes)
    if report.swimmers:
        yield _swimmer_plate(report)
    if report.causes is not None and report.causes.counts.sum():
        yield _causes_plate(report, report.causes)
        yield _attribution_plate(report, report.causes)
    if report.why is not None and report.why.mechanisms:
        yield _why_plate(report, report.why)
    if comparisons(report):
        yield _comparison_plate(report)


def _names(report: ReportInput) -> list[str]:
    return [arm.name for arm in report.arms]


def survival_plate(report: ReportInput, data: SurvivalData) -> Plate:
    """The Kaplan-Meier figure of one endpoint."""
    published = {
        arm.name: arm.published[data.endpoint].value.value if data.endpoint in arm.published else math.nan
        for arm in report.arms
    }
    curves = arm_curves(data, _names(report), published)
    medians = [f"{arm.name} {time_text(arm.curve.median)}" for arm in curves]
    caption = (
        "Kaplan-Meier estimate with pointwise 95% confidence band; short vertical lines are patients last "
        "seen then, dotted lines the medians, diamonds the published medians."
    )
    description = (
        f"{data.title} by arm. Median: {listed(medians)}. The numbers at risk stand under the curves."
    )
    figure = survival_figure(curves, data.title)
    return Plate(data.endpoint.lower(), data.title, caption, description, figure)


def _waterfall_plate(report: ReportInput, changes: BestChanges) -> Plate:
    caption = (
        "Each patient's lowest sum of target lesion diameters up to progression, against baseline. Dashed "
        f"lines: {MINUS}30% (partial response) and +20%."
    )
    description = (
        f"Waterfall of the best change in the arms {listed(_names(report))}, largest growth on the left."
    )
    title = "Best change of tumor size"
    return Plate("waterfall", title, caption, description, waterfall_figure(changes, _names(report)))


def _swimmer_plate(report: ReportInput) -> Plate:
    caption = (
        f"{len(report.swimmers)} of {report.patients} patients, taken at evenly spaced ranks of the time on "
        "study in each arm, so that short and long courses show as often as they occur."
    )
    description = (
        f"A lane each for {len(report.swimmers)} patients: treatment, response, progression and death."
    )
    figure = swimmer_figure(report.swimmers, _names(report))
    return Plate("swimmer", "Time on study", caption, description, figure)


def _causes_plate(report: ReportInput, table: CauseTable) -> Plate:
    caption = "Share of each cause among the patients who progressed. The table below has the counts."
    lines = []
    for arm, counts in zip(report.arms, table.counts, strict=True):
        leading = sorted(zip(counts, table.causes, strict=True), key=lambda pair: -pair[0])[:3]
        lines.append(f"{arm.name}: " + ", ".join(f"{cause} {count}" for count, cause in leading if count))
    description = "Most frequent causes. " + "; ".join(lines) + "."
    figure = causes_figure(table, _names(report))
    return Plate("causes", "Why patients progressed", caption, description, figure)


def _attribution_plate(report: ReportInput, table: CauseTable) -> Plate:
    caption = "The same shares with exact 95% intervals, arms beside each other: how much of a difference chance explains."
    description = (
        "Share of each cause among the progressions of each arm, with intervals; the table below has them."
    )
    figure = attribution_figure(table, _names(report))
    return Plate("attribution", "Causes compared between arms", caption, description, figure)


def _why_plate(report: ReportInput, table: WhyTable) -> Plate:
    caption = (
        "Share of the explained patients in whom a mechanism mattered (filled, with the exact 95% interval), and in whom nothing else "
        "mattered as much (open). A patient may have several that mattered, or none."
    )
    parts = [
        f"{mechanism}: "
        + ", ".join(f"{name} {count}" for name, count in zip(_names(report), counts, strict=True))
        for mechanism, counts in zip(table.mechanisms, table.mattered.T, strict=True)
    ]
    description = "Patients in whom each mechanism mattered. " + "; ".join(parts[:6]) + "."
    figure = trial_why_figure(table, _names(report))
    return Plate("why", "What each mechanism did over the course", caption, description, figure)


def _comparison_plate(report: ReportInput) -> Plate:
    items = comparisons(report)
    caption = "Simulated results and their intervals beside the published ones. An arrow is an open interval."
    pairs = [
        f"{item.label}: simulated {item.simulated_text}, published {item.published_text}" for item in items
    ]
    return Plate(
        "comparison", "Simulated and published", caption, "; ".join(pairs) + ".", comparison_figure(items)
    )
