"""Rows that are sound by themselves and contradict others: what no table can mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from forestall.studies.validation.rows import (
    ENDPOINTS,
    ArmRow,
    ComparisonRow,
    Subgroup,
    narrower_than_possible,
)
from forestall.studies.validation.tables import CELL, ROW, Defect

_CLEAR: Final = math.log(1.15)
"""A hazard ratio and a ratio of medians that both differ from 1 by this much must point the same way."""
_BESIDE_MEDIAN: Final = 1.15
"""How far the time of a landmark must be from the median to say on which side of one half its rate lies."""
_AROUND_HALF: Final = 5.0
"""Percentage points that a rate may be on the wrong side of one half."""
_ROUNDING: Final = 1.0
"""Percentage points by which a rate may rise with time."""


def possible_outcomes(arms: Sequence[ArmRow], defects: list[Defect]) -> list[ArmRow]:
    """Rows of arms without those that contradict each other: both of a pair are left out.

    Args:
        arms: Rows that are sound by themselves.
        defects: What is found is added.
    """
    wrong: set[int] = set()
    groups: dict[tuple[str, str, Subgroup], list[ArmRow]] = {}
    for row in arms:
        groups.setdefault(_patients(row), []).append(row)
    for row in arms:
        for other in groups[_patients(row)]:
            if other is not row and (problem := _contradiction(row, other)):
                column = "median_months" if row.median is not None else "rate_pct"
                value = row.median if row.median is not None else row.rate
                defects.append(Defect("arms.csv", row.source_line, column, f"{value:g}", problem, ROW))
                wrong.add(row.source_line)
                break
    return [row for row in arms if row.source_line not in wrong]


def _patients(row: ArmRow) -> tuple[str, str, Subgroup]:
    return row.trial, row.arm, row.subgroup


def _contradiction(row: ArmRow, other: ArmRow) -> str:
    """How two rows of the same patients contradict each other; empty if they do not."""
    first, second = (ENDPOINTS.get(one.endpoint) for one in (row, other))
    if first is None or second is None:
        return ""
    where = f"line {other.source_line}"
    if row.median is not None and other.median is not None and first != second:
        longer = row.median > other.median if first == "PFS" else row.median < other.median
        return f"progression later than death, contradicts {where}" if longer else ""
    if first != second:
        return ""
    if row.median is not None and _is_landmark(other):
        return f"contradicts the rate in {where}" if _against_median(other, row.median) else ""
    if other.median is not None and _is_landmark(row):
        return f"contradicts the median in {where}" if _against_median(row, other.median) else ""
    return f"contradicts the rate in {where}" if _rises(row, other) else ""


def _is_landmark(row: ArmRow) -> bool:
    return row.rate is not None and row.rate_months is not None


def _against_median(row: ArmRow, median: float) -> bool:
    """Whether a landmark says that clearly more, or fewer, than half are left on the wrong side of the median."""
    assert row.rate is not None
    assert row.rate_months is not None
    late, early = row.rate_months >= median * _BESIDE_MEDIAN, row.rate_months <= median / _BESIDE_MEDIAN
    return (late and row.rate > 50 + _AROUND_HALF) or (early and row.rate < 50 - _AROUND_HALF)


def _rises(row: ArmRow, other: ArmRow) -> bool:
    """Whether two landmarks of one endpoint and assessor rise with time."""
    if (row.endpoint, row.assessor) != (other.endpoint, other.assessor):
        return False
    if row.rate is None or row.rate_months is None or other.rate is None or other.rate_months is None:
        return False
    rise = row.rate - other.rate if row.rate_months > other.rate_months else other.rate - row.rate
    return row.rate_months != other.rate_months and rise > _ROUNDING


def agrees_with_medians(row: ComparisonRow, arms: Sequence[ArmRow], defects: list[Defect]) -> bool:
    """Whether a hazard ratio points where the medians of its arms do."""
    if row.hr is None or row.endpoint not in ENDPOINTS:
        return True
    medians = [_median(row, name, arms) for name in (row.experimental, row.control)]
    if medians[0] is None or medians[1] is None:
        return True
    log_hr, log_medians = math.log(row.hr), math.log(medians[0] / medians[1])
    if log_hr * log_medians <= 0 or min(abs(log_hr), abs(log_medians)) < _CLEAR:
        return True
    problem = f"contradicts the medians {medians[0]:g} and {medians[1]:g} months in arms.csv"
    defects.append(Defect("comparisons.csv", row.source_line, "hr", f"{row.hr:g}", problem, ROW))
    return False


def _median(row: ComparisonRow, arm: str, arms: Sequence[ArmRow]) -> float | None:
    for other in arms:
        same = (other.trial, other.arm, other.endpoint, other.subgroup)
        if same == (row.trial, arm, row.endpoint, row.subgroup) and other.median is not None:
            return other.median
    return None


def is_wide_enough(row: ComparisonRow, arms: Sequence[ArmRow], defects: list[Defect]) -> bool:
    """Whether as many patients as the arms had at most could give the interval, where the row gives no numbers itself."""
    if row.interval is None or (row.n_experimental and row.n_control):
        return True
    sizes = [
        max((one.n for one in arms if (one.trial, one.arm) == (row.trial, arm) and one.n), default=None)
        for arm in (row.experimental, row.control)
    ]
    if sizes[0] is None or sizes[1] is None or not narrower_than_possible(row, sizes[0], sizes[1]):
        return True
    problem = f"an interval narrower than the {sizes[0] + sizes[1]} patients in arms.csv allow"
    defects.append(Defect("comparisons.csv", row.source_line, "hr_lo", f"{row.interval[0]:g}", problem, ROW))
    return False


def with_sizes_of_arms(row: ComparisonRow, arms: Sequence[ArmRow], defects: list[Defect]) -> ComparisonRow:
    """A comparison without the numbers of patients that arms.csv contradicts for the same endpoint and patients."""
    sizes = [
        _agreed(size, column, arm, row, arms, defects)
        for size, column, arm in (
            (row.n_experimental, "n_exp", row.experimental),
            (row.n_control, "n_ctl", row.control),
        )
    ]
    return replace(row, n_experimental=sizes[0], n_control=sizes[1])


def _agreed(
    size: int | None,
    column: str,
    arm: str,
    row: ComparisonRow,
    arms: Sequence[ArmRow],
    defects: list[Defect],
) -> int | None:
    """A number of patients, unless arms.csv has others."""
    key = (row.trial, arm, row.endpoint, row.subgroup)
    others = {
        one.n: one.source_line
        for one in arms
        if one.n and (one.trial, one.arm, one.endpoint, one.subgroup) == key
    }
    if not size or not others or size in others:
        return size
    number, line = next(iter(others.items()))
    problem = f"contradicts the {number} patients in arms.csv, line {line}"
    defects.append(Defect("comparisons.csv", row.source_line, column, str(size), problem, CELL))
    return None
