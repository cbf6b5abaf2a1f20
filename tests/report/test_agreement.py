"""When a simulated result agrees with a published one, and what is said about it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from forestall.report.agreement import Comparison, Verdict, comparisons
from forestall.report.model import CauseTable, Published, ReportInput
from forestall.report.summary import plain_summary
from forestall.report.wording import DASH, ratio_text, time_text
from forestall.statistics.estimate import Estimate

NAN, INF = math.nan, math.inf
MONTH = 30.4375


@pytest.mark.parametrize(
    ("simulated", "published", "verdict"),
    [
        ((12, 10, 14), (13, NAN, NAN), Verdict.AGREES),
        ((12, 10, 14), (15, NAN, NAN), Verdict.DIFFERS),
        ((12, 11.9, 12.1), (12.5, 11, 14), Verdict.AGREES),
        ((12, 10, 14), (15, 14.5, 16), Verdict.DIFFERS),
        ((33, 29, INF), (41, NAN, NAN), Verdict.AGREES),
        ((INF, INF, INF), (41, NAN, NAN), Verdict.OPEN),
        ((INF, INF, INF), (20, NAN, NAN), Verdict.DIFFERS),
        ((INF, INF, INF), (20, 15, INF), Verdict.DIFFERS),
        ((INF, 30, INF), (INF, NAN, NAN), Verdict.AGREES),
        ((NAN, NAN, NAN), (12, NAN, NAN), Verdict.OPEN),
    ],
)
def test_unit_verdict_follows_the_rule(
    simulated: tuple[float, ...], published: tuple[float, ...], verdict: Verdict
) -> None:
    item = Comparison("median", "time", Estimate(*simulated), Published(Estimate(*published)), reach=36)
    assert item.verdict is verdict


def test_unit_hazard_ratios_are_judged_by_the_prediction_over_replicates(report: ReportInput) -> None:
    ratio = report.hazard_ratios[0]
    assert ratio.prediction is not None
    [item] = [item for item in comparisons(report) if item.kind == "ratio"]
    assert (item.simulated.lower, item.simulated.upper) == (ratio.prediction.lower, ratio.prediction.upper)


def test_unit_words_for_what_was_not_reached_or_is_unknown() -> None:
    assert time_text(Estimate(12.1 * MONTH, 11 * MONTH, 13.4 * MONTH)) == f"12.1 mo [11.0{DASH}13.4]"
    assert time_text(Estimate(INF, 30 * MONTH, INF)) == f"not reached [30.0{DASH}NR]"
    assert time_text(Estimate(INF, INF, INF)) == "not reached"
    assert time_text(Estimate(NAN, NAN, NAN)) == DASH
    assert ratio_text(Estimate(0.62, NAN, NAN)) == "0.62"


def test_unit_summary_says_lower_higher_and_no_difference(report: ReportInput) -> None:
    def sentence(*ratio: float) -> str:
        changed = dataclasses.replace(report.hazard_ratios[0], ratio=Estimate(*ratio))
        return " ".join(plain_summary(dataclasses.replace(report, hazard_ratios=[changed])))

    assert "38% lower in “dual” than in “control”" in sentence(0.62, 0.51, 0.75)
    assert "50% higher" in sentence(1.5, 1.2, 1.9)
    assert "does not exclude that there is no difference" in sentence(0.9, 0.7, 1.1)
    assert "does not exclude" not in sentence(0.62, 0.51, 0.75)


def test_unit_summary_is_silent_about_causes_if_nobody_progressed(report: ReportInput) -> None:
    nobody = CauseTable(["a"], np.zeros((2, 1), np.int64))
    assert "cause of progression" not in " ".join(plain_summary(dataclasses.replace(report, causes=nobody)))
