"""Figures and the printed table of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from forestall.report.drawing import save_figure
from forestall.report.style import BLUE, INK, PAPER, VERMILLION, WIDTH, styled
from forestall.report.wording import MINUS, shortened
from forestall.studies.output import staged_folder
from forestall.studies.screen.ranking import Combination
from forestall.studies.screen.result import ScreenResult

Array = NDArray[np.float64]

MODEL_NAMES = {"bliss": "Bliss", "hsa": "HSA", "loewe": "Loewe", "zip": "ZIP"}
_MOST_ROWS = 24
_MOST_DRUGS = 24
_DIVERGING = LinearSegmentedColormap.from_list("synergy", [VERMILLION.light, PAPER.light, BLUE.light])
_SEQUENTIAL = LinearSegmentedColormap.from_list("response", [INK.light, "#f4f6f8"])
_CELL = 0.3
_SMALLEST_RANGE = 5.0


def save_figures(result: ScreenResult, folder: Path) -> list[Path]:
    """Draw and save every figure for which the screen has data."""
    if not result.surfaces:
        return []
    figures = {"heatmap": heatmap_figure(result)}
    if 3 <= len(result.system.panel.drugs) <= _MOST_DRUGS:
        figures["pairs"] = pairs_figure(result)
    figures["surface"] = surface_figure(result)
    return [path for name, figure in figures.items() for path in save_figure(figure, folder, name)]


def _model(result: ScreenResult) -> str:
    """The reference model that figures show."""
    return result.ranked_by if result.ranked_by in MODEL_NAMES and result.ranked_by != "zip" else "bliss"


@styled
def heatmap_figure(result: ScreenResult) -> Figure:
    """Mean synergy of the best combinations in every genotype."""
    model, lines = _model(result), result.system.panel.lines
    names = list(dict.fromkeys(row.name for row in result.combinations))[:_MOST_ROWS]
    values = np.full((len(names), len(lines)), np.nan)
    for row in result.combinations:
        if row.name in names:
            values[names.index(row.name), lines.index(row.line)] = row.mean_synergy[model]
    left, below, above = 2.7, 0.25, 1.35
    height = above + _CELL * len(names) + below
    width = max(WIDTH, left + 0.46 * len(lines) + 1.0)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes(
        (
            left / width,
            below / height,
            min(0.6 * len(lines), width - left - 0.9) / width,
            _CELL * len(names) / height,
        )
    )
    _draw_matrix(axes, values, names, lines)
    _color_bar(figure, axes, f"mean {MODEL_NAMES[model]} synergy (percentage points)")
    figure.suptitle(
        f"Best {len(names)} combinations",
        x=0.01,
        y=1 - 0.08 / height,
        ha="left",
        va="top",
        fontweight="bold",
        fontsize=10.5,
    )
    return figure


def _draw_matrix(axes: Axes, values: Array, rows: Sequence[str], columns: Sequence[str]) -> None:
    limit = max(_SMALLEST_RANGE, float(np.nanmax(np.abs(values), initial=0.0)))
    axes.imshow(values, cmap=_DIVERGING, norm=TwoSlopeNorm(0.0, -limit, limit), aspect="auto")
    axes.set_yticks(range(len(rows)), [shortened(row, 40) for row in rows])
    axes.set_xticks(
        range(len(columns)), [shortened(column, 22) for column in columns], rotation=40, ha="left"
    )
    axes.xaxis.tick_top()
    _no_frame(axes)
    for (i, j), number in np.ndenumerate(values):
        if np.isfinite(number):
            ink = PAPER.light if abs(number) > 0.7 * limit else INK.light
            axes.text(j, i, _signed(number), ha="center", va="center", fontsize=7.5, color=ink)


def _signed(number: float) -> str:
    text = f"{number:.0f}"
    return "0" if text in ("0", "-0") else text.replace("-", MINUS)


def _no_frame(axes: Axes) -> None:
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _color_bar(figure: Figure, axes: Axes, label: str) -> None:
    bar = figure.colorbar(axes.images[0], ax=axes, fraction=0.03, pad=0.03)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


@styled
def pairs_figure(result: ScreenResult) -> Figure:
    """Drugs against drugs, averaged over genotypes: synergy below the diagonal, lowest response above it."""
    panel, surfaces, model = result.system.panel, result.surfaces[0], _model(result)
    count = len(panel.drugs)
    synergy, response = np.full((count, count), np.nan), np.full((count, count), np.nan)
    flat = (len(surfaces.drugs), -1)
    mean = 100 * surfaces.synergy[model].reshape(flat).mean(axis=1)
    lines = len(panel.lines)
    lowest = surfaces.response.reshape(len(surfaces.drugs), lines, -1).min(axis=2).mean(axis=1)
    for (a, b), score, low in zip(surfaces.drugs, mean, lowest, strict=True):
        synergy[b, a], response[a, b] = score, low
    np.fill_diagonal(response, result.singles.response.min(axis=2).mean(axis=1))
    side = max(4.2, 0.36 * count)
    figure = Figure(figsize=(side + 3.4, side + 1.9))
    width, height = figure.get_size_inches()
    axes = figure.add_axes((1.75 / width, 0.25 / height, side / width, side / height))
    limit = max(_SMALLEST_RANGE, float(np.nanmax(np.abs(synergy))))
    lower = axes.imshow(synergy, cmap=_DIVERGING, norm=TwoSlopeNorm(0.0, -limit, limit))
    upper = axes.imshow(response, cmap=_SEQUENTIAL, vmin=0.0, vmax=1.0)
    axes.set_yticks(range(count), panel.drugs)
    axes.set_xticks(range(count), panel.drugs, rotation=40, ha="left")
    axes.xaxis.tick_top()
    _no_frame(axes)
    what = "viability" if result.system.measure == "cells" else "output"
    for image, bottom, label in (
        (lower, 0.06, f"below: mean {MODEL_NAMES[model]} synergy (points)"),
        (upper, 0.52, f"above and on the diagonal: lowest {what}"),
    ):
        place = ((1.95 + side) / width, (0.25 + bottom * side) / height, 0.14 / width, 0.38 * side / height)
        bar = figure.colorbar(image, cax=figure.add_axes(place))
        bar.set_label(label, fontsize=7.5)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)
    return figure


@styled
def surface_figure(result: ScreenResult) -> Figure:
    """The best pair on its grid of doses: response with the single agents, and synergy."""
    best = next((row for row in result.combinations if len(row.drugs) == 2), None)
    best = best or result.combinations[0]
    response, synergy = _grids(result, best)
    figure = Figure(figsize=(WIDTH, 3.5))
    left = figure.add_axes((0.13, 0.17, 0.3, 0.6))
    right = figure.add_axes((0.63, 0.17, 0.3, 0.6))
    what = "Viability" if result.system.measure == "cells" else "Output"
    left.imshow(response, cmap=_SEQUENTIAL, vmin=0, vmax=1, origin="lower")
    limit = max(_SMALLEST_RANGE, float(np.abs(synergy).max()))
    right.imshow(synergy, cmap=_DIVERGING, norm=TwoSlopeNorm(0.0, -limit, limit), origin="lower")
    doses = [result.system.panel.doses[result.system.panel.drugs.index(drug)] for drug in best.drugs[:2]]
    _dose_axes(left, best, [np.concatenate([[0.0], each]) for each in doses], result.system.panel.unit)
    _dose_axes(right, best, doses, result.system.panel.unit)
    _write_numbers(left, 100 * response, 50.0, dark_is_low=True)
    _write_numbers(right, synergy, 0.7 * limit, dark_is_low=False)
    left.set_title(f"{what}, % of untreated", fontsize=9.5)
    right.set_title(f"{MODEL_NAMES[_model(result)]} synergy, points", fontsize=9.5)
    title = f"{' + '.join(best.drugs)}, {best.line}"
    figure.suptitle(title, x=0.02, y=0.98, ha="left", va="top", fontweight="bold", fontsize=10.5)
    return figure


def _grids(result: ScreenResult, best: Combination) -> tuple[Array, Array]:
    """(doses of second + 1, doses of first + 1) response with single agents, and (second, first) synergy in points."""
    panel, order = result.system.panel, len(best.drugs)
    surfaces = next(each for each in result.surfaces if each.order == order)
    drugs = [panel.drugs.index(drug) for drug in best.drugs]
    row = next(c for c, found in enumerate(surfaces.drugs) if found.tolist() == drugs)
    line = panel.lines.index(best.line)
    highest = (-1,) * (order - 2)
    both = surfaces.response[row, line][(..., *highest)]
    first, second = (result.singles.response[drug, line] for drug in drugs[:2])
    grid = np.ones((len(first) + 1, len(second) + 1))
    grid[1:, 0], grid[0, 1:], grid[1:, 1:] = first, second, both
    return grid.T, 100 * surfaces.synergy[_model(result)][row, line][(..., *highest)].T


def _dose_axes(axes: Axes, best: Combination, doses: Sequence[Array], unit: str) -> None:
    shown = "nM" if unit == "nM" else "share inhibited"
    axes.set_xticks(range(len(doses[0])), [f"{dose:.3g}" for dose in doses[0]], rotation=40, fontsize=8)
    axes.set_yticks(range(len(doses[1])), [f"{dose:.3g}" for dose in doses[1]], fontsize=8)
    axes.set_xlabel(f"{best.drugs[0]} ({shown})")
    axes.set_ylabel(f"{best.drugs[1]} ({shown})")
    _no_frame(axes)


def _write_numbers(axes: Axes, values: Array, limit: float, *, dark_is_low: bool) -> None:
    for (i, j), number in np.ndenumerate(values):
        dark = number < limit if dark_is_low else abs(number) > limit
        axes.text(
            j,
            i,
            _signed(number),
            ha="center",
            va="center",
            fontsize=7.5,
            color=PAPER.light if dark else INK.light,
        )


def screen_text(result: ScreenResult, top: int) -> str:
    """What the command prints: the best combinations with their numbers and mechanisms, or the single agents."""
    text = StringIO()
    console = Console(file=text, width=118, highlight=False, markup=False, emoji=False, no_color=True)
    panel = result.system.panel
    lanes = sum(each.response.size for each in result.surfaces) + result.singles.response.size
    console.print(
        f"{len(panel.drugs)} drugs, {len(panel.lines)} genotypes, {panel.doses.shape[1]} doses: {lanes} conditions"
    )
    for note in result.system.notes():
        console.print(f"note: {note}")
    if result.surfaces:
        _print_combinations(console, result, top)
    else:
        _print_singles(console, result, top)
    return text.getvalue().rstrip()


def _print_combinations(console: Console, result: ScreenResult, top: int) -> None:
    what = "viability" if result.system.measure == "cells" else "output"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("combination", "genotype", f"doses ({result.system.panel.unit})"):
        table.add_column(column, overflow="fold")
    for column in (what, "GR", *MODEL_NAMES.values()):
        table.add_column(column, justify="right")
    for row in result.combinations[:top]:
        scores = [
            _signed(row.mean_synergy[model]) if model in row.mean_synergy else "" for model in MODEL_NAMES
        ]
        doses = " + ".join(f"{dose:.3g}" for dose in row.doses)
        gr = "" if row.gr_value is None else f"{row.gr_value:.2f}"
        table.add_row(row.name, row.line, doses, f"{100 * row.response:.0f}%", gr, *scores)
    console.print(table)
    model = MODEL_NAMES.get(result.ranked_by, "lowest response")
    console.print(
        f"Ranked by {model}; synergy is the mean over the grid, in percentage points; doses and {what} are those of the largest gain.\n"
    )
    for number, row in enumerate(result.combinations[:top], start=1):
        console.print(f"{number}. {row.name}, {row.line}: {row.mechanism}", soft_wrap=False)


def _print_singles(console: Console, result: ScreenResult, top: int) -> None:
    rows = result.single_agents
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in rows[0]:
        table.add_column(
            column.replace("_", " "), justify="left" if column in ("drug", "genotype") else "right"
        )
    for row in sorted(rows, key=lambda row: row["response_at_highest_dose"])[:top]:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else value for value in row.values()))
    console.print(table)


def write_screen(result: ScreenResult, folder: Path, command: str = "") -> None:
    """Write tables, figures and record: the folder that `forestall screen --out` writes.

    Args:
        result: The screen.
        folder: Where to; an earlier result there is replaced.
        command: How the screen was asked for.
    """
    with staged_folder(folder) as staging:
        result.write_tables(staging, command)
        save_figures(result, staging)
