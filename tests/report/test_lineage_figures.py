"""The fish plot and the clone tree show the clones that there were, nested as they came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection

from forestall.report.clone_tree import clone_tree_figure
from forestall.report.drawing import svg_text
from forestall.report.fish import fish_figure
from forestall.report.lineage_plot import LineagePlot, clone_colors
from forestall.report.wording import months
from forestall.studies.course import CloneCourse
from forestall.studies.lineage import parents

DAY = np.array([0.0, 100.0, 200.0])
CELLS = np.array(
    [
        [[1e9, 0.0, 0.0], [1e8, 0.0, 0.0]],
        [[6e8, 3e8, 1e8], [1e8, 0.0, 0.0]],
        [[1e8, 5e8, 4e8], [0.0, 0.0, 0.0]],
    ]
)


def plot() -> LineagePlot:
    return LineagePlot(
        title="Eva: letrozole",
        day=DAY,
        lesion=("bone", "liver"),
        clone=("founding clone", "ESR1 mut", "ESR1 mut + KRAS mut"),
        parent=(None, 0, 1),
        cells=CELLS,
        tone=(0, 1, 2),
        leading=1,
        progression_day=200.0,
    )


def heights(polygon: PolyCollection, at: float) -> tuple[float, float]:
    """Lowest and highest y of a band at a time, months."""
    vertices = polygon.get_paths()[0].vertices
    column = np.unique(vertices[:, 0])
    near = vertices[vertices[:, 0] == column[np.argmin(np.abs(column - at))]]
    return float(near[:, 1].min()), float(near[:, 1].max())


def test_oracle_a_band_has_its_share_and_lies_inside_its_parent() -> None:
    axes = fish_figure(plot()).axes[0]
    bands = {tuple(np.round(band.get_facecolor()[0][:3], 3)): band for band in axes.collections}
    assert len(bands) == 3
    from matplotlib.colors import to_rgb

    body, child, grandchild = (bands[tuple(np.round(to_rgb(color), 3))] for color in clone_colors(plot()))
    low, high = heights(body, months(100.0))
    for band, share in ((child, 0.4), (grandchild, 0.1)):
        bottom, top = heights(band, months(100.0))
        assert (top - bottom) / (high - low) == pytest.approx(share, rel=0.02)
        assert low <= bottom <= top <= high
    inner, outer = heights(grandchild, months(150.0)), heights(child, months(150.0))
    assert outer[0] <= inner[0] <= inner[1] <= outer[1]


def test_oracle_a_body_is_as_thick_as_its_lesion_is_wide() -> None:
    """A lesion with a thousandth of its cells is a tenth as wide."""
    shrunk = replace(plot(), cells=CELLS * np.array([1.0, 1e-3, 1.0])[:, None, None])
    axes = fish_figure(shrunk).axes[0]
    body = max(axes.collections, key=lambda band: np.ptp(band.get_paths()[0].vertices[:, 1]))
    wide = [np.subtract(*heights(body, months(day))[::-1]) for day in (0.0, 100.0)]
    assert wide[1] / wide[0] == pytest.approx(0.1, rel=0.05)


def test_property_a_lesion_that_vanished_has_no_body() -> None:
    axes = fish_figure(plot()).axes[1]
    low, high = heights(axes.collections[0], months(200.0))
    assert high - low == pytest.approx(0.0, abs=1e-9)


def test_unit_the_tree_has_a_node_for_each_clone_and_outlines_the_leader() -> None:
    figure = clone_tree_figure(plot())
    nodes = [part for part in figure.axes[0].collections if isinstance(part, PathCollection)]
    assert len(nodes) == 3
    assert [float(node.get_linewidths()[0]) > 1 for node in nodes] == [False, True, False]
    text = svg_text(figure)
    assert "+ KRAS mut" in text
    assert "founding clone" in text


def test_unit_a_clone_comes_from_the_largest_that_has_one_alteration_less() -> None:
    def clone(names: tuple[str, ...], most: float) -> CloneCourse:
        cells = np.full((1, 1), most)
        return CloneCourse(names, cells, 0 * cells, 0 * cells)

    family = [
        clone((), 1e9),
        clone(("A",), 10.0),
        clone(("B",), 1e5),
        clone(("A", "B"), 3.0),
        clone(("C", "D"), 1.0),
    ]
    assert parents(family) == [None, 0, 0, 2, 0]
