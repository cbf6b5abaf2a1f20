"""The figure of a signaling network: each node with its activity in several states, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from forestall.knowledge.networks import Network
from forestall.report.style import BLUE, FAINT, GREEN, INK, MUTED, PAPER, VERMILLION, WIDTH, Tone, styled

STATE_TONES: tuple[Tone, ...] = (FAINT, BLUE, VERMILLION, GREEN)
"""Tones of the states, in their order."""
_BOX_WIDTH, _BOX_HEIGHT = 0.72, 0.42
_LABEL_HEIGHT = 0.16
_ROW = 1.0
"""Height of a row of boxes, in widths of a column."""
_INCH_PER_ROW = 0.82
_KEY = (
    "Height of a bar: activity, 0 to 1. Bold box: altered. \N{BLACK DOWN-POINTING TRIANGLE} target of a drug. "
    "Arrow: raises; bar: lowers; dashed: through slow expression."
)


@dataclass(frozen=True)
class NetworkPlot:
    """What the figure shows."""

    title: str
    network: Network
    states: Mapping[str, Mapping[str, float]]
    """Label -> node -> activity; at most four."""
    targets: frozenset[str] = frozenset()
    """Nodes that the drugs act on."""
    altered: frozenset[str] = frozenset()
    """Nodes that the alteration changes."""


@styled
def network_figure(plot: NetworkPlot) -> Figure:
    """Draw a network with the activities of its nodes in up to four states.

    Args:
        plot: What it shows. A network without a drawing of its own is laid out in rows of eight.
    """
    places = dict(_places(plot.network))
    rows = 1 + int(max(row for _, row in places.values()))
    figure = Figure(figsize=(WIDTH, _INCH_PER_ROW * rows + 1.15), layout="constrained")
    axes = figure.add_subplot()
    _frame(axes, rows)
    for edge in _edges(plot.network):
        _draw_edge(axes, places, edge, strong=bool(plot.altered & {edge.source, edge.target}))
    for name, (column, row) in places.items():
        _draw_node(axes, plot, name, column, row)
    axes.set_title(plot.title)
    _legend(figure, plot)
    return figure


def _places(network: Network) -> Iterator[tuple[str, tuple[float, float]]]:
    """Node -> column and row."""
    names = list(network.nodes)
    drawing = network.drawing or tuple(tuple(names[i : i + 8]) for i in range(0, len(names), 8))
    for row, line in enumerate(drawing):
        for column, name in enumerate(line):
            if name is not None:
                yield name, (float(column), float(row))


def _frame(axes: Axes, rows: int) -> None:
    axes.set_xlim(-0.55, 7.55)
    axes.set_ylim((rows - 0.2) * _ROW, -0.5)
    axes.set_axis_off()
    axes.text(-0.45, (rows - 0.4) * _ROW, _KEY, va="center", fontsize=6.5, color=MUTED.light)


@dataclass(frozen=True)
class _Edge:
    source: str
    target: str
    inhibits: bool
    slow: bool


def _edges(network: Network) -> Iterator[_Edge]:
    """Each connection once: factors of terms, and drivers of slow expression."""
    seen = set()
    for edge in [*_fast_edges(network), *_slow_edges(network)]:
        if (edge.source, edge.target) not in seen:
            seen.add((edge.source, edge.target))
            yield edge


def _fast_edges(network: Network) -> Iterator[_Edge]:
    for name, node in network.nodes.items():
        for inhibits, terms in ((False, node.inputs), (True, node.inhibitors)):
            for term in terms:
                for factor in term.all:
                    yield _Edge(factor.node, name, inhibits != factor.negated, slow=False)


def _slow_edges(network: Network) -> Iterator[_Edge]:
    for name, slow in network.expression.items():
        yield from (_Edge(driver.node, name, False, slow=True) for driver in slow.raised_by)
        yield from (_Edge(driver.node, name, True, slow=True) for driver in slow.lowered_by)


def _draw_edge(axes: Axes, places: Mapping[str, tuple[float, float]], edge: _Edge, *, strong: bool) -> None:
    tone = INK if strong else FAINT
    ends = [places[edge.source], places[edge.target]]
    (x0, y0), (x1, y1) = ends
    boxes = [_surroundings(axes, column, row) for column, row in ends]
    axes.add_patch(
        FancyArrowPatch(
            (x0, y0 * _ROW),
            (x1, y1 * _ROW),
            patchA=boxes[0],
            patchB=boxes[1],
            arrowstyle="|-|,widthA=0,widthB=1.5" if edge.inhibits else "-|>,head_length=2.6,head_width=1.3",
            connectionstyle="arc3,rad=0.12",
            linestyle=(0, (3, 2)) if edge.slow else "-",
            linewidth=0.9 if strong else 0.5,
            color=tone.light,
            shrinkA=0,
            shrinkB=1,
            zorder=2 if strong else 1,
        )
    )


def _surroundings(axes: Axes, column: float, row: float) -> Rectangle:
    """What a node takes up, its label included: where edges end. It is not drawn."""
    corner = (column - _BOX_WIDTH / 2, row * _ROW - _BOX_HEIGHT / 2 - _LABEL_HEIGHT)
    return Rectangle(corner, _BOX_WIDTH, _BOX_HEIGHT + _LABEL_HEIGHT, transform=axes.transData)


def _draw_node(axes: Axes, plot: NetworkPlot, name: str, column: float, row: float) -> None:
    left, top = column - _BOX_WIDTH / 2, row * _ROW - _BOX_HEIGHT / 2
    altered = name in plot.altered
    axes.add_patch(
        Rectangle(
            (left, top),
            _BOX_WIDTH,
            _BOX_HEIGHT,
            facecolor=PAPER.light,
            edgecolor=INK.light if altered else MUTED.light,
            linewidth=1.8 if altered else 0.6,
            zorder=3,
        )
    )
    width = _BOX_WIDTH / (len(plot.states) + 0.6)
    for i, (activity, tone) in enumerate(zip(plot.states.values(), STATE_TONES, strict=False)):
        height = _BOX_HEIGHT * activity[name]
        corner = (left + width * (i + 0.3), top + _BOX_HEIGHT - height)
        axes.add_patch(Rectangle(corner, width * 0.86, height, facecolor=tone.light, linewidth=0, zorder=4))
    label = f"{name} \N{BLACK DOWN-POINTING TRIANGLE}" if name in plot.targets else name
    weight = "bold" if altered else "normal"
    axes.text(column, top - 0.03, label, ha="center", va="bottom", fontsize=6.3, weight=weight, zorder=5)


def _legend(figure: Figure, plot: NetworkPlot) -> None:
    handles = [Rectangle((0, 0), 1, 1, facecolor=tone.light) for tone in STATE_TONES[: len(plot.states)]]
    figure.legend(handles, list(plot.states), loc="outside lower left", ncols=2, fontsize=8)
