"""Published survival curves, patient by patient, and how many months lie between each and the predicted one."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from forestall.errors import InputError
from forestall.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from forestall.studies.validation.curve_matching import PublishedCurve, matches
from forestall.studies.validation.derivation import DAYS_PER_MONTH, TrialPlan
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.samples import Sample

SUMMARY: Final = "arm_summary.csv"
PATIENTS: Final = "patient_level.csv.gz"
_SUMMARY_COLUMNS: Final = frozenset({"curve", "trial", "endpoint", "arm"})
_PATIENT_COLUMNS: Final = frozenset({"curve", "arm", "time_months", "event"})
_MOST_PATIENTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class CurveDistance:
    """One published curve and what was predicted for it."""

    trial: str
    arm: str
    endpoint: str
    curve: str
    """Figure and arm of the published curve; empty if none was matched."""
    because: str
    """The rule that matched them, or why they were not."""
    months: float
    """Area between the curves over the time that both cover; NaN if they were not matched."""
    span_months: float
    """That time."""


def read_curves(folder: Path) -> list[PublishedCurve]:
    """Read a folder of curves.

    Args:
        folder: With `arm_summary.csv` and `patient_level.csv.gz`.

    Raises:
        InputError: if a file or a column is missing, or a cell is impossible, naming file and line.
    """
    patients: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    for line, row in _rows(folder / PATIENTS, _PATIENT_COLUMNS):
        patients.setdefault((row["curve"], row["arm"]), []).append(_patient(folder / PATIENTS, line, row))
    found = []
    for _line, row in _rows(folder / SUMMARY, _SUMMARY_COLUMNS):
        points = patients.get((row["curve"], row["arm"]), [])
        if points:
            months, event = np.array([point[0] for point in points]), np.array([point[1] for point in points])
            name = f"{row['curve']}/{row['arm']}"
            found.append(PublishedCurve(name, row["trial"], row["endpoint"], row["arm"], months, event))
    return found


def _rows(path: Path, needed: frozenset[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with _opened(path) as stream:
            reader = csv.DictReader(stream)
            if missing := needed - set(reader.fieldnames or ()):
                raise InputError("a column is missing", file=path, line=1, value=", ".join(sorted(missing)))
            for number, row in enumerate(reader, start=2):
                if number > _MOST_PATIENTS:
                    raise InputError(
                        "the table is too long", file=path, allowed=f"up to {_MOST_PATIENTS} rows"
                    )
                yield number, row
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise InputError(f"cannot read the curves: {error}", file=path) from None


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _patient(path: Path, line: int, row: Mapping[str, str]) -> tuple[float, bool]:
    try:
        months = float(row["time_months"])
    except (TypeError, ValueError):
        months = math.nan
    if not 0 <= months < math.inf:
        raise InputError(
            "not a possible time", file=path, line=line, field="time_months", value=row["time_months"]
        )
    if row["event"] not in ("0", "1"):
        raise InputError(
            "not an event flag", file=path, line=line, field="event", value=row["event"], allowed="0, 1"
        )
    return months, row["event"] == "1"


def curve_distances(
    evidence: Evidence,
    plans: Mapping[tuple[str, str], TrialPlan],
    ran: Mapping[tuple[str, str], Sample],
    curves: list[PublishedCurve],
) -> Iterator[CurveDistance]:
    """Every arm of a simulated trial whose trial has a published curve of an endpoint that was asked.

    Args:
        evidence: The tables.
        plans: Simulated trials by name and subgroup; only whole trials have curves.
        ran: Their virtual patients.
        curves: The published curves.
    """
    for key, plan in plans.items():
        if key[1] != "all" or key not in ran:
            continue
        for endpoint in plan.endpoints:
            for arm, (curve, because) in matches(evidence, plan, endpoint, curves).items():
                yield _distance(plan, arm, endpoint, ran[key], curve, because)


def _distance(
    plan: TrialPlan, arm: str, endpoint: str, sample: Sample, curve: PublishedCurve | None, because: str
) -> CurveDistance:
    if curve is None:
        return CurveDistance(plan.trial, arm, endpoint, "", because, math.nan, math.nan)
    days, event = sample.times(arm, endpoint)
    known = np.isfinite(days)
    predicted, published = kaplan_meier(days[known], event[known]), curve.curve
    area, span = area_between(predicted, published)
    return CurveDistance(
        plan.trial, arm, endpoint, curve.name, because, area / DAYS_PER_MONTH, span / DAYS_PER_MONTH
    )


def area_between(first: KaplanMeier, second: KaplanMeier) -> tuple[float, float]:
    """The integral of the absolute difference of two step functions, and the time that it runs over, days.

    It ends where the first curve of the two does; one that has come down to zero goes on at zero.
    """
    ends = [math.inf if one.survival[-1] == 0 else float(one.time_days[-1]) for one in (first, second)]
    end = min(*ends, max(float(first.time_days[-1]), float(second.time_days[-1])))
    times = np.unique(np.concatenate([first.time_days, second.time_days]))
    times = np.append(times[times < end], end)
    gap = np.abs(first.at(times[:-1]) - second.at(times[:-1]))
    return float((gap * np.diff(times)).sum()), end
