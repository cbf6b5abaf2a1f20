"""Published survival curves, patient by patient, and how many months lie between each and the predicted one."""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from forestall.errors import InputError
from forestall.knowledge.drugs import fold
from forestall.statistics.estimate import Bools, Floats
from forestall.statistics.kaplan_meier import KaplanMeier, kaplan_meier
from forestall.studies.validation.derivation import DAYS_PER_MONTH, TrialPlan
from forestall.studies.validation.evidence import ENDPOINTS, Evidence
from forestall.studies.validation.samples import Sample
from forestall.studies.validation.treatments import InexpressibleError, read_treatment

SUMMARY: Final = "arm_summary.csv"
PATIENTS: Final = "patient_level.csv.gz"
_SUMMARY_COLUMNS: Final = frozenset({"curve", "trial", "endpoint", "arm"})
_PATIENT_COLUMNS: Final = frozenset({"curve", "arm", "time_months", "event"})
_MOST_PATIENTS: Final = 1_000_000
_CONTROL_WORDS: Final = frozenset({"control", "placebo", "pbo", "chemo"})
_SAME_MEDIAN: Final = 0.25
"""A curve whose median is further than this share from the arm's in the tables belongs to another analysis, or arm."""
_LEAST_STEM: Final = 3


@dataclass(frozen=True, slots=True)
class PublishedCurve:
    """The patients of one arm of one figure."""

    name: str
    """Figure and arm, as an override names it: "FALCON_2/fulvestrant"."""
    trial: str
    endpoint: str
    arm: str
    months: Floats
    event: Bools

    @property
    def curve(self) -> KaplanMeier:
        """With times in days."""
        return kaplan_meier(self.months * DAYS_PER_MONTH, self.event)


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
        of_trial = [one for one in curves if _is_of(one, evidence, plan.trial)]
        for endpoint in plan.endpoints:
            chosen = [one for one in of_trial if ENDPOINTS.get(one.endpoint) == endpoint]
            for arm in plan.arms if chosen else ():
                matched, because = match(evidence, plan, arm, endpoint, chosen)
                yield _distance(plan, arm, endpoint, ran[key], matched, because)


def _is_of(curve: PublishedCurve, evidence: Evidence, trial: str) -> bool:
    wanted = _plain(curve.trial)
    return wanted in {_plain(trial), _plain(evidence.trials[trial].nct)}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def match(
    evidence: Evidence, plan: TrialPlan, arm: str, endpoint: str, curves: list[PublishedCurve]
) -> tuple[PublishedCurve | None, str]:
    """The curve of an arm.

    By `curves` of overrides.yaml; else by the drugs that the curve's name shortens and the other arms' drugs do not share; else a
    curve called "control" for the arm that is one. The median of the curve must agree with the arm's in the tables.

    Returns:
        The curve or None, and the rule or the reason.
    """
    given = evidence.overrides.of(plan.trial).curves.get(arm, {}).get(endpoint)
    if given is not None:
        named = next((one for one in curves if one.name == given), None)
        return named, "overrides.yaml" if named else f"overrides.yaml names no curve of this trial: {given}"
    scored = [(_likeness(evidence, plan, arm, one), one) for one in curves]
    best = max(score for score, _ in scored)
    first = [one for score, one in scored if score == best]
    if best <= 0 or len(first) > 1:
        return None, "no curve of the trial names this arm's drugs; name it in overrides.yaml"
    row = evidence.outcome(plan.trial, arm, "all", endpoint)
    median = first[0].curve.median.value / DAYS_PER_MONTH
    if row is not None and row.median and abs(median / row.median - 1) > _SAME_MEDIAN:
        return (
            None,
            f"the curve's median {median:.1f} months is not the arm's {row.median:g}: another analysis or arm",
        )
    return first[0], f"drugs in the curve's name '{first[0].arm}'"


def _likeness(evidence: Evidence, plan: TrialPlan, arm: str, curve: PublishedCurve) -> int:
    """Drugs of the arm that the curve's name shortens, less those that only other arms have."""
    words = [word for word in re.split(r"[^a-z0-9]+", curve.arm.casefold()) if word]
    own = _drugs(evidence, plan.trial, arm)
    every = [_drugs(evidence, plan.trial, name) for name in plan.arms]
    others, special = set().union(*every) - own, own - every[0].intersection(*every)
    score = sum(
        2 * _shortens(word, special) + _shortens(word, own) - 3 * _shortens(word, others) for word in words
    )
    is_control = any((one.trial, one.control) == (plan.trial, arm) for one in evidence.comparisons)
    says_control = any(word in _CONTROL_WORDS for word in words)
    return score + (1 if is_control else -1) * (2 if says_control else 0)


def _shortens(word: str, drugs: set[str]) -> bool:
    return len(word) >= _LEAST_STEM and any(
        part.startswith(word) for drug in drugs for part in (fold(drug), *drug.split())
    )


def _drugs(evidence: Evidence, trial: str, arm: str) -> set[str]:
    for row in evidence.arm_rows(trial, arm):
        try:
            return {drug for one in read_treatment(row.drugs).alternatives for drug in one}
        except InexpressibleError:
            continue
    return set()


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
