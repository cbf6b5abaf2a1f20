"""Figures show what they must, and the same data give the same bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from forestall.report.causes import merged
from forestall.report.course import CoursePlot, course_figure
from forestall.report.drawing import inline_svg, save_figure, svg_text
from forestall.report.figures import draw_plates, save_plates
from forestall.report.model import BestChanges, CauseTable, ReportInput, SurvivalData
from forestall.report.style import PAPER, TONES
from forestall.report.survival import ArmCurve, arm_curves, month_axis, survival_figure
from forestall.report.swimmer import choose_swimmers, swimmer_figure
from forestall.report.waterfall import thinned, waterfall_figure
from forestall.report.wording import DASH
from forestall.statistics.kaplan_meier import kaplan_meier

MONTH = 30.4375


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.fixture
def curves() -> list[ArmCurve]:
    time = np.arange(1, 25) * MONTH
    event = np.ones(24, dtype=bool)
    return [
        ArmCurve("control", kaplan_meier(time, event), 10 * MONTH),
        ArmCurve("dual", kaplan_meier(2 * time, event), 90 * MONTH),
    ]


def test_unit_numbers_at_risk_stand_under_the_curves(curves: list[ArmCurve]) -> None:
    figure = survival_figure(curves, "Progression-free survival")
    [table] = [axes for axes in figure.axes if axes.get_gid() == "numbers-at-risk"]
    rows = {
        row: [text.get_text() for text in table.texts if text.get_position()[1] == row + 0.5][1:]
        for row in (0, 1)
    }
    assert rows[0][:4] == ["24", "19", "13", "7"]
    assert rows[1][:3] == ["24", "22", "19"]
    assert len(rows[0]) == len(figure.axes[0].get_xticks())


def test_unit_medians_stand_beside_the_arms_and_published_ones_are_marked(curves: list[ArmCurve]) -> None:
    shown = texts(svg_text(survival_figure(curves, "Progression-free survival")))
    assert any(text.startswith("control: median 12.0 mo [") for text in shown)
    assert "published median (beyond the axis: dual 90.0 mo)" in shown


def test_unit_failed_patients_are_left_out_of_the_curve() -> None:
    time = np.array([10.0, math.nan, 30.0, 40.0])
    data = SurvivalData(
        "OS", "Overall survival", time, np.array([True, False, True, True]), np.zeros(4, np.int64)
    )
    [arm] = arm_curves(data, ["control"], {})
    assert arm.curve.patients == 3


def test_unit_an_arm_without_patients_is_drawn_without_a_curve() -> None:
    data = SurvivalData("OS", "Overall survival", np.array([10.0]), np.array([True]), np.zeros(1, np.int64))
    figure = survival_figure(arm_curves(data, ["control", "empty"], {}), "Overall survival")
    assert any(text.startswith(f"empty: median {DASH}") for text in texts(svg_text(figure)))


def test_property_steps_of_many_patients_stay_small_and_true() -> None:
    time = np.random.default_rng(1).exponential(500, 100_000)
    curve = kaplan_meier(time, np.ones(time.size, dtype=bool))
    figure = survival_figure([ArmCurve("control", curve)], "Overall survival", follow_up_days=1000)
    assert len(svg_text(figure)) < 400_000
    [line] = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 100]
    months, percent = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert percent == pytest.approx(100 * curve.at(months * MONTH), abs=1e-9)


@pytest.mark.parametrize("last", [0.4, 5.0, 11.9, 35.9, 36.0, 61.0, 400.0])
def test_property_axis_reaches_the_last_month_with_few_ticks(last: float) -> None:
    end, ticks = month_axis(last)
    assert end >= last
    assert 2 <= ticks.size <= 11
    assert ticks[-1] <= end


def test_property_swimmers_are_the_same_every_time_and_spread_over_the_ranks() -> None:
    draw = np.random.default_rng(2)
    followed, arm = draw.exponential(500, 1000), draw.integers(0, 3, 1000)
    followed[:100] = math.nan
    chosen = choose_swimmers(followed, arm)
    assert chosen.tolist() == choose_swimmers(followed, arm).tolist()
    assert not np.isnan(followed[chosen]).any()
    assert np.bincount(arm[chosen]).tolist() == [20, 20, 20]
    for index in range(3):
        everyone = np.nanmedian(followed[arm == index])
        assert np.median(followed[chosen][arm[chosen] == index]) == pytest.approx(everyone, rel=0.1)
        assert (np.diff(followed[chosen][arm[chosen] == index]) <= 0).all()


def test_unit_few_patients_are_all_swimmers() -> None:
    assert sorted(choose_swimmers(np.array([3.0, 1.0, 2.0]), np.zeros(3, np.int64)).tolist()) == [0, 1, 2]
    assert choose_swimmers(np.array([math.nan]), np.zeros(1, np.int64)).size == 0


def test_unit_waterfall_counts_patients_without_a_scan(report: ReportInput) -> None:
    assert report.best_changes is not None
    changes = BestChanges(np.array([-40.0, 10.0, math.nan, -80.0]), np.zeros(4, np.int64))
    label = waterfall_figure(changes, ["control"]).axes[0].get_xlabel()
    assert label == "3 patients\n67% shrank ≥ 30%\n1 without a later scan"


def test_property_thinned_bars_keep_the_shares() -> None:
    ordered = np.sort(np.random.default_rng(3).normal(-30, 40, 50_000))[::-1]
    bars = thinned(ordered)
    assert bars.size == 400
    assert np.mean(bars <= -30) == pytest.approx(np.mean(ordered <= -30), abs=1 / 400)


def test_unit_rare_causes_are_put_together_and_none_is_lost() -> None:
    counts = np.array([[9, 1, 8, 7, 6, 5, 4, 3, 2, 1], [9, 0, 8, 7, 6, 5, 4, 3, 2, 2]])
    names, kept = merged(CauseTable([f"cause {index}" for index in range(10)], counts))
    assert names == [*(f"cause {index}" for index in (0, 2, 3, 4, 5, 6, 7)), "other causes"]
    assert kept.sum(axis=1).tolist() == counts.sum(axis=1).tolist()


def test_unit_a_course_without_clones_or_doses_can_be_drawn() -> None:
    visits = np.array([0.0, 63.0])
    figure = course_figure(CoursePlot("one patient", visits, {"liver": np.array([30.0, math.nan])}))
    assert len(figure.axes) == 1


def test_unit_a_course_shows_lesions_clones_and_doses() -> None:
    visits, days = np.array([0.0, 63.0, 126.0]), np.linspace(0, 126, 20)
    course = CoursePlot(
        title="patient 3",
        visit_day=visits,
        diameter_mm={"liver": np.array([30.0, 20.0, 28.0])},
        response=("", "PR", "PD"),
        day=days,
        clones={f"clone {index}": np.exp(days * index / 100) for index in range(10)},
        doses={"trastuzumab": np.arange(0, 126, 21.0), "anastrozole": np.arange(0, 126, 1.0)},
        progression_day=126.0,
        death_day=126.0,
    )
    shown = texts(svg_text(course_figure(course)))
    assert {"liver", "PR", "PD", "progression", "death", "other clones", "trastuzumab"} <= set(shown)
    assert "clone 9" in shown


def test_property_svg_and_png_are_the_same_every_time(tmp_path: Path, report: ReportInput) -> None:
    first = save_plates(draw_plates(report), tmp_path / "a")
    second = save_plates(draw_plates(report), tmp_path / "b")
    assert len(first) == 14
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_property_user_settings_of_matplotlib_change_nothing(report: ReportInput) -> None:
    plain = svg_text(draw_plates(report)[0].figure)
    with matplotlib.rc_context(
        {"font.size": 30, "axes.grid": True, "svg.fonttype": "path", "lines.linewidth": 9}
    ):
        assert svg_text(draw_plates(report)[0].figure) == plain


def test_unit_svg_has_no_date_and_no_program(tmp_path: Path, report: ReportInput) -> None:
    plate = draw_plates(report)[0]
    svg, png = save_figure(plate.figure, tmp_path, plate.name)
    assert "<dc:date>" not in svg.read_text()
    assert b"matplotlib" not in png.read_bytes().lower()


def test_unit_inline_svg_follows_the_page_and_can_be_read_aloud(report: ReportInput) -> None:
    plate = draw_plates(report)[0]
    svg = inline_svg(plate.figure, "fig-pfs", "<Title>", "a & b")
    assert svg.startswith("<svg")
    assert 'role="img" aria-labelledby="fig-pfs-title fig-pfs-desc"' in svg
    assert "&lt;Title&gt;" in svg
    assert "a &amp; b" in svg
    for tone in TONES:
        assert not re.search(rf"(?<!, ){tone.light}", svg), tone
    assert set(re.findall(r'href="#([^"]+)"', svg)) <= set(re.findall(r'id="([^"]+)"', svg))


def test_unit_all_tones_differ_on_paper_and_on_dark_screens() -> None:
    assert len({tone.light for tone in TONES}) == len({tone.dark for tone in TONES}) == len(TONES)


def luminance(color: str) -> float:
    channels = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("name", "least"), [("ink", 7.0), ("muted", 4.5), ("blue", 3.0), ("vermillion", 3.0)]
)
def test_oracle_contrast_reaches_wcag_on_paper_and_on_dark_screens(name: str, least: float) -> None:
    [tone] = [tone for tone in TONES if tone.name == name]
    for color, paper in ((tone.light, PAPER.light), (tone.dark, PAPER.dark)):
        bright, dim = sorted((luminance(color), luminance(paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= least


def test_unit_many_arms_can_be_drawn(report_of: Callable[..., ReportInput]) -> None:
    report = report_of(("control", "dual", "triple"), 30)
    assert [plate.name for plate in draw_plates(report)] == [
        "pfs",
        "os",
        "waterfall",
        "swimmer",
        "causes",
        "attribution",
        "comparison",
    ]


def test_unit_swimmers_of_one_arm_can_be_drawn(report: ReportInput) -> None:
    rows = [row for row in report.swimmers if row.arm == 1]
    assert swimmer_figure(rows, ["control", "dual"]).axes
