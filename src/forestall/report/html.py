"""The report of a trial as one HTML file that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from forestall.report import wording
from forestall.report.agreement import RULE, comparisons
from forestall.report.drawing import inline_svg
from forestall.report.figures import Plate, draw_plates, save_plates
from forestall.report.model import ReportInput
from forestall.report.style import TONES
from forestall.report.summary import plain_summary

REPORT_FILE = "report.html"
FIGURES_FOLDER = "figures"

_STATUSES = {
    "measured": "printed in a source",
    "derived": "computed from printed values",
    "calibrated": "fitted to measurements in cell lines, none to the outcome of a trial",
    "assumed": "no source; given with a wide interval",
}


def write_report(report: ReportInput, folder: Path) -> Path:
    """Write `report.html` and the figures (SVG and PNG) into a folder.

    Args:
        report: What the report shows.
        folder: Where to; it is made if it is not there.

    Returns:
        The HTML file.
    """
    plates = draw_plates(report)
    save_plates(plates, folder / FIGURES_FOLDER)
    path = folder / REPORT_FILE
    partial = path.with_name(path.name + ".partial")
    partial.write_text(render_html(report, plates), encoding="utf-8", newline="\n")
    os.replace(partial, path)
    return path


def render_html(report: ReportInput, plates: Sequence[Plate] | None = None) -> str:
    """The report as HTML: same input, same text.

    Args:
        report: What the report shows.
        plates: Its figures; drawn if None.
    """
    drawn = draw_plates(report) if plates is None else plates
    return _template().render(
        report=report,
        figures={plate.name: _Picture(plate) for plate in drawn},
        paragraphs=plain_summary(report),
        comparisons=comparisons(report),
        rule=RULE,
        statuses=_STATUSES,
        arm_rows=[(arm.name, arm.regimen) for arm in report.arms],
        words=wording,
        css=stylesheet(),
    )


class _Picture:
    """A figure with its words, as the template reads it."""

    def __init__(self, plate: Plate) -> None:
        self.title, self.caption, self.name = plate.title, plate.caption, plate.name
        self.svg = inline_svg(plate.figure, f"fig-{plate.name}", plate.title, plate.description)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["unbroken"] = _unbroken
    environment.policies["urlize.rel"] = "noopener noreferrer"
    return environment.from_string(_read("report.html.jinja"))


def _unbroken(text: str) -> Markup:
    """An estimate that may break before its interval and nowhere else."""
    parts = [f"[{part}" if index else part for index, part in enumerate(text.split(" ["))]
    return Markup(" ").join(Markup('<span class="unbroken">{}</span>').format(part) for part in parts)


def stylesheet() -> str:
    """Rules and colors, light and dark, of every HTML page."""
    light = "".join(f"--{tone.name}:{tone.light};" for tone in TONES)
    dark = "".join(f"--{tone.name}:{tone.dark};" for tone in TONES)
    colors = f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
    return colors + _read("report.css")


def _read(name: str) -> str:
    return (resources.files("forestall.report") / "templates" / name).read_text(encoding="utf-8")
