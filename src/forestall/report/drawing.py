"""Figures on disk and in a page.

The same data give the same bytes of SVG and PNG; SVG in a page follows the page's colors.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.sax.saxutils import escape

from matplotlib.figure import Figure

from forestall.report.style import PAPER, TONES, styled

_SVG_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_PNG_METADATA = {"Software": None}
_PNG_DPI = 200


@styled
def svg_text(figure: Figure, *, transparent: bool = False) -> str:
    """The figure as SVG, without a date and with the same ids every time."""
    buffer = io.StringIO()
    face = "none" if transparent else PAPER.light
    figure.savefig(buffer, format="svg", metadata=_SVG_METADATA, facecolor=face)
    return re.sub(r"[ \t]+\n", "\n", buffer.getvalue())


@styled
def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Save a figure for print.

    Args:
        figure: The figure.
        folder: Where to; it is made if it is not there.
        name: File name without an ending.

    Returns:
        The SVG and the PNG file, both on white.
    """
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    svg.write_text(svg_text(figure), encoding="utf-8", newline="\n")
    figure.savefig(png, format="png", dpi=_PNG_DPI, metadata=_PNG_METADATA, facecolor=PAPER.light)
    return [svg, png]


def inline_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an SVG element for an HTML page.

    Args:
        figure: The figure.
        name: Prefix of every id in it, so that several figures can stand in one page.
        title: Its name for readers who cannot see it.
        description: What it shows, for the same readers.

    Returns:
        An `<svg>` element whose colors are CSS variables that fall back on those for print.
    """
    text = svg_text(figure, transparent=True)
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = _with_own_ids(body, name)
    for tone in TONES:
        body = body.replace(tone.light, f"var(--{tone.name}, {tone.light})")
    head, _, rest = body.partition(">")
    head = re.sub(r'\s(width|height|version|xmlns:xlink)="[^"]*"', "", head)
    heading = (
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    return f'{head} role="img" aria-labelledby="{name}-title {name}-desc">{heading}{rest}'


def _with_own_ids(svg: str, name: str) -> str:
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
