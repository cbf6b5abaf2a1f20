"""What each mechanism did over the courses of a trial's patients: the table of the report and its figure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forestall.report.model import Floats, Integers, WhyTable
from forestall.report.style import WIDTH, arm_tone, ruled, styled
from forestall.report.wording import shortened
from forestall.statistics.proportions import proportion
from forestall.studies.attribution import ACQUIRED, REBOUND, TRUNCAL
from forestall.studies.trial_why_result import VERDICTS, MechanismSum, TrialWhy

_MOST_MECHANISMS = 15
"""Rows of the table; the rest are in `why_mechanisms.csv`."""
_MOST_DRAWN = 8
_MARKERS = "osD^vP"
_SPREAD = 0.6
"""Height that the arms of one mechanism take, of the distance between two mechanisms."""
_ENDINGS = {ACQUIRED: " (acquired)", TRUNCAL: " (truncal)", REBOUND: " rebound"}


def why_table(found: TrialWhy) -> WhyTable:
    """The mechanisms that were most often the main ones, as the report shows them.

    Args:
        found: The result.
    """
    sums = found.sums()
    of_arm = [[item for item in sums if item.arm == arm][:_MOST_MECHANISMS] for arm in found.arms]
    verdicts = [found.verdicts(arm) for arm in found.arms]
    return WhyTable(
        mechanisms=[_label(item) for item in of_arm[0]],
        explained=np.array([len(found.of_arm(arm)) for arm in found.arms], np.int64),
        mattered=_counts(of_arm, "mattered"),
        main=_counts(of_arm, "main"),
        prevented=_counts(of_arm, "prevented"),
        later_days=np.array([[item.later_days for item in row] for row in of_arm], np.float64),
        unexplained=np.array([found.unexplained(arm) for arm in found.arms], np.int64),
        verdicts={verdict: [counts[verdict] for counts in verdicts] for verdict in VERDICTS},
        courses=found.courses,
        data=found.to_data(),
    )


def _counts(of_arm: list[list[MechanismSum]], name: str) -> Integers:
    return np.array([[getattr(item, name) for item in row] for row in of_arm], np.int64)


def _label(item: MechanismSum) -> str:
    return f"{item.mechanism}{_ENDINGS.get(item.kind, '')}"


@styled
def trial_why_figure(table: WhyTable, arms: list[str]) -> Figure:
    """Draw in what share of the explained patients each mechanism mattered, and in what share it was the main one.

    Args:
        table: The mechanisms; those beyond the eighth are not drawn.
        arms: Names of the arms.
    """
    names = list(table.mechanisms)[:_MOST_DRAWN]
    figure = Figure(figsize=(WIDTH, 0.3 * len(names) * max(1, len(arms) - 1) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    ruled(axes, "x")
    offset = (np.arange(len(arms)) - (len(arms) - 1) / 2) * _SPREAD / max(1, len(arms))
    for arm, name in enumerate(arms):
        _draw_arm(axes, arm, name, table, np.arange(len(names)) + offset[arm])
    axes.set_yticks(range(len(names)), [shortened(name, 34) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=-1.5)
    axes.set_xlabel("Share of the arm's explained patients, %")
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower left", ncols=2, handlelength=1.6, columnspacing=1.5)
    return figure


def _draw_arm(axes: Axes, arm: int, name: str, table: WhyTable, height: Floats) -> None:
    explained = int(table.explained[arm])
    shares = [proportion(int(count), explained) for count in table.mattered[arm][: height.size]]
    value, low, high = (100 * np.array(column) for column in zip(*shares, strict=True))
    main = 100 * table.main[arm][: height.size] / max(1, explained)
    tone, marker = arm_tone(arm).light, _MARKERS[arm % len(_MARKERS)]
    axes.errorbar(
        value,
        height,
        xerr=[value - low, high - value],
        fmt=marker,
        color=tone,
        markersize=5,
        linewidth=1.4,
        label=f"{shortened(name)}: mattered ({explained} explained)",
    )
    axes.plot(
        main,
        height,
        marker,
        color=tone,
        markerfacecolor="none",
        markersize=6,
        label=f"{shortened(name)}: main",
    )
