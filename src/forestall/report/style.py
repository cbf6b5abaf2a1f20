"""The look of every figure: one palette that color-blind readers can tell apart, for print and for screens.

Figures are drawn in the colors for print. A figure that is put into an HTML page refers to CSS variables
instead, so that the page can switch to the colors for dark screens.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

import matplotlib
from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Tone:
    """One color of the palette."""

    name: str
    """Its CSS variable, without the dashes."""
    light: str
    """On white paper and light screens."""
    dark: str
    """On dark screens."""


INK = Tone("ink", "#1b2530", "#e8ecf1")
MUTED = Tone("muted", "#5a6673", "#a3afbc")
GRID = Tone("grid", "#d9dee4", "#36404b")
PAPER = Tone("paper", "#ffffff", "#12171d")
FAINT = Tone("faint", "#a9b2bc", "#66717d")
ON_BLUE = Tone("on-blue", "#fdfdfd", "#101418")
ON_FILL = "#111518"

BLUE = Tone("blue", "#0072b2", "#5cb0ec")
VERMILLION = Tone("vermillion", "#d55e00", "#ff9350")
GREEN = Tone("green", "#009e73", "#3ccca0")
PURPLE = Tone("purple", "#cc79a7", "#e59bc4")
ORANGE = Tone("orange", "#e69f00", "#f5b93c")
SKY = Tone("sky", "#56b4e9", "#8fd0f7")
YELLOW = Tone("yellow", "#f0e442", "#f4ec7a")

TONES = (INK, MUTED, GRID, PAPER, FAINT, ON_BLUE, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW)
"""Every tone; the hues are those of Okabe M, Ito K. Color universal design, 2008, lighter on dark screens."""

_ARMS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_PARTS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (2, 1.2)),
    (0, (6, 1.5, 1.5, 1.5)),
)

WIDTH = 7.4
"""Width of a figure, inch."""

_SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK.light,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK.light,
    "axes.edgecolor": MUTED.light,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": GRID.light,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED.light,
    "ytick.color": MUTED.light,
    "xtick.labelcolor": INK.light,
    "ytick.labelcolor": INK.light,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK.light,
    "text.parse_math": False,
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.7,
    "svg.fonttype": "none",
    "svg.hashsalt": "forestall",
    "axes.unicode_minus": True,
    "figure.dpi": 100,
}


@functools.cache
def _defaults() -> dict[str, object]:
    """What matplotlib comes with; the backend belongs to the user's session and stays."""
    return {
        name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")
    }


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws or saves under the style, whatever the user's matplotlib settings are."""

    @functools.wraps(function)
    def under_the_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(rc={**_defaults(), **_SETTINGS}):
            return function(*args, **kwargs)

    return under_the_style


def arm_tone(index: int) -> Tone:
    """The tone of an arm."""
    return _ARMS[index % len(_ARMS)]


def arm_dashes(index: int) -> str | tuple[int, tuple[float, ...]]:
    """The dash pattern of an arm, so that color is never the only difference."""
    return _DASHES[index % len(_DASHES)]


def part_tone(index: int) -> Tone:
    """The tone of a part of a whole; past the last one all are gray."""
    return _PARTS[index] if index < len(_PARTS) else FAINT


def ink_on(tone: Tone) -> str:
    """The color of text on a filled area."""
    return ON_BLUE.light if tone is BLUE else ON_FILL


def ruled(axes: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Put faint lines behind the data."""
    axes.grid(visible=True, axis=axis)
    axes.tick_params(axis="both", length=3, width=0.8)
