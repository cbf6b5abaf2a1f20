"""The rows of evidence tables, understood cell by cell; a row with an impossible cell is not used."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from forestall.statistics.estimate import normal_quantile
from forestall.studies.validation.tables import CELL, Source

ENDPOINTS: Final = {"PFS": "PFS", "TTP": "PFS", "OS": "OS"}
"""Endpoints with hazard ratios that are predicted, and the endpoint of a simulated trial that stands for each."""
VERIFIED: Final = frozenset({"yes", "secondary"})
"""Levels that count: numbers read in the primary text, or in a secondary source."""
_INDEPENDENT: Final = ("IRC", "IRR", "BICR", "BIRC", "IRF", "ICR", "CENTRAL")
_NARROWEST: Final = 0.9
"""Of the narrowest interval that the number of patients allows; the rest is rounding."""
_LOPSIDED: Final = 0.6
"""Distance of a ratio from the middle of its interval on the log scale, in half-widths."""
_P_FACTOR: Final = 10.0
"""How far apart a P value and that of the interval may lie when they disagree on 0.05."""
_LATER_PROGRESSION: Final = re.compile(
    r"\bcombination-TTP\b|\bto (?:the )?second progression\b", re.IGNORECASE
)
"""What a note says of a time that runs on beyond the first progression."""
_SEQUENCE: Final = re.compile(r"\bthen\b", re.IGNORECASE)
"""In the name of an arm: one treatment after another."""
_WEEKS: Final = re.compile(r"(?<![-\u2212\d.])\d+(?:\.\d+)?")
"""The first number of a scan interval; one after a minus sign is none."""
_MOST_WEEKS: Final = 104
_SUFFIX: Final = re.compile(
    r"\s*\([^()]*\b(?:updated?|final|interim|exploratory|primary|follow-up)\b[^()]*\)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial's design."""

    source_line: int
    trial: str
    disease: str
    setting: str
    line: str
    population: str
    her2: str
    hr_status: str
    prior_therapy: str
    assessor: str
    scan_interval_weeks: str
    nct: str
    """Registry number; empty if not known."""
    year: str
    """Of publication; empty if not known."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Patients that a row is about, and which analysis of them."""

    name: str
    """In lower case, without the suffix; "all" for everybody."""
    suffix: str
    """Such as "(interim)"."""

    @classmethod
    def of(cls, text: str) -> Subgroup:
        """Cut a subgroup cell."""
        found = _SUFFIX.search(text)
        name = text[: found.start()] if found else text
        plain = name.strip().casefold()
        return cls("all" if plain in ("", "all", "itt") else plain, found[0].strip() if found else "")


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One outcome of one arm."""

    source_line: int
    trial: str
    arm: str
    subgroup: Subgroup
    drugs: str
    dose_text: str
    n: int | None
    endpoint: str
    median: float | None
    """Months."""
    rate: float | None
    """Percent."""
    rate_months: float | None
    """Of a landmark rate."""
    interval: tuple[float, float] | None
    """Of the median, or of the rate."""
    preferred: str
    assessor: str


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One hazard ratio."""

    source_line: int
    trial: str
    endpoint: str
    subgroup: Subgroup
    experimental: str
    control: str
    hr: float | None
    interval: tuple[float, float] | None
    level: float
    """Coverage of the interval."""
    p: float | None
    n_experimental: int | None
    n_control: int | None
    preferred: str
    assessor: str

    @property
    def standard_error(self) -> float | None:
        """Of the log hazard ratio, from the interval."""
        if self.interval is None:
            return None
        low, high = self.interval
        return math.log(high / low) / (2 * normal_quantile(self.level))


def trial_row(source: Source) -> TrialRow | None:
    """A row of trials.csv; None if it cannot be used."""
    name, setting = source.needed("trial"), source.needed("setting")
    _check_verified(source)
    row = TrialRow(
        source_line=source.line,
        trial=name,
        disease=source.text("disease").casefold() or "breast",
        setting=setting.casefold(),
        line=source.text("line"),
        population=source.text("population"),
        her2=source.text("her2").casefold(),
        hr_status=source.text("hr_status"),
        prior_therapy=source.text("prior_therapy"),
        assessor=assessor_of(source.text("assessor")),
        scan_interval_weeks=_scan_interval(source),
        nct=source.text("nct"),
        year=source.text("year"),
    )
    return row if source.usable else None


def arm_row(source: Source) -> ArmRow | None:
    """A row of arms.csv; None if it cannot be used."""
    median, rate = source.number("median_months", high=600), source.number("rate_pct", 100, zero=True)
    row = ArmRow(
        source_line=source.line,
        trial=source.needed("trial"),
        arm=source.needed("arm"),
        subgroup=Subgroup.of(source.text("subgroup")),
        drugs=source.text("drugs"),
        dose_text=source.text("dose_text"),
        n=_count(source, "n"),
        endpoint=_endpoint(source),
        median=median,
        rate=rate,
        rate_months=source.number("rate_time_months", high=600),
        interval=_interval(
            source,
            "ci_lo",
            "ci_hi",
            *((rate, 100.0) if median is None and rate is not None else (median, math.inf)),
        ),
        preferred=source.text("preferred"),
        assessor=assessor_of(source.text("assessor")),
    )
    _check_verified(source)
    if row.endpoint in ENDPOINTS and median is None and rate is not None and row.rate_months is None:
        source.complain("rate_time_months", "a rate without its time")
    return row if source.usable else None


def comparison_row(source: Source, levels: Mapping[str, float]) -> ComparisonRow | None:
    """A row of comparisons.csv; None if it cannot be used.

    Args:
        source: The row.
        levels: Coverage of the intervals of trials that do not print 95% intervals.
    """
    trial, hr = source.needed("trial"), source.number("hr", high=20)
    interval = _interval(source, "hr_lo", "hr_hi", hr)
    row = ComparisonRow(
        source_line=source.line,
        trial=trial,
        endpoint=_endpoint(source),
        subgroup=Subgroup.of(source.text("subgroup")),
        experimental=source.needed("arm_exp"),
        control=source.needed("arm_ctl"),
        hr=hr,
        interval=interval if interval and interval[0] > 0 else None,
        level=levels.get(trial, 0.95),
        p=_p_value(source),
        n_experimental=_count(source, "n_exp"),
        n_control=_count(source, "n_ctl"),
        preferred=source.text("preferred"),
        assessor=assessor_of(source.text("assessor")),
    )
    _check_verified(source)
    _check_ratio(source, row)
    return row if source.usable else None


def _endpoint(source: Source) -> str:
    """The endpoint; one of its own if the note says that the time runs beyond the first progression."""
    endpoint, later = source.needed("endpoint"), _LATER_PROGRESSION.search(source.text("notes"))
    beyond = later is not None and ENDPOINTS.get(endpoint) == "PFS"
    return f"{endpoint} beyond the first progression" if beyond else endpoint


def is_sequence(arm: str) -> bool:
    """Whether an arm's name says one treatment after another, so that its responses may be those to the second."""
    return bool(_SEQUENCE.search(arm))


def assessor_of(text: str) -> str:
    """Independent review as "IRC", the investigator as "INV", or nothing."""
    word = text.upper()
    if any(name in word for name in _INDEPENDENT):
        return "IRC"
    return "INV" if word.startswith(("INV", "LOCAL")) else ""


def first_scan_interval(text: str) -> int | None:
    """Whole weeks between the first scans, from the cell of a table; None if it does not say so."""
    found = _WEEKS.search(text)
    weeks = round(float(found[0])) if found else 0
    return weeks if 1 <= weeks <= _MOST_WEEKS else None


def _scan_interval(source: Source) -> str:
    """The cell; empty if no weeks that scans can lie apart are in it."""
    text = source.text("scan_interval_weeks")
    if text and first_scan_interval(text) is None:
        source.complain("scan_interval_weeks", f"no interval from 1 to {_MOST_WEEKS} weeks", CELL)
        return ""
    return text


def _check_verified(source: Source) -> None:
    level = source.text("verified").casefold().split(";")[0].strip()
    if level not in VERIFIED:
        source.complain("verified", "not verified")


def _count(source: Source, column: str) -> int | None:
    value = source.number(column, high=1e7)
    if value is not None and value != int(value):
        source.complain(column, "not a whole number")
        return None
    return None if value is None else int(value)


def _interval(
    source: Source, low_column: str, high_column: str, value: float | None, most: float = math.inf
) -> tuple[float, float] | None:
    low, high = source.number(low_column, zero=True), source.number(high_column, most)
    if low is None and high is None:
        return None
    if low is None or high is None:
        missing = low_column if low is None else high_column
        if not source.text(missing):
            source.complain(missing, "the interval has one end only", CELL)
        return None
    if low >= high:
        source.complain(low_column, f"the interval is inverted: {low:g} to {high:g}")
        return None
    if value is None:
        source.complain(low_column, "an interval without a value", CELL)
        return None
    if not low <= value <= high:
        source.complain(low_column, f"the interval {low:g} to {high:g} does not hold {value:g}")
        return None
    return low, high


def _p_value(source: Source) -> float | None:
    text = source.text("p_value")
    found = re.match(r"[<>=~ ]*(\d*\.?\d+(?:e-?\d+)?)", text, re.IGNORECASE)
    if text and not found:
        source.complain("p_value", "not a P value", CELL)
        return None
    value = float(found[1]) if found else None
    if value is not None and value > 1:
        source.complain("p_value", "not a possible P value")
        return None
    return value


def _check_ratio(source: Source, row: ComparisonRow) -> None:
    if row.experimental == row.control and row.control:
        source.complain("arm_ctl", "an arm is compared with itself")
    error = row.standard_error
    if row.hr is None or row.interval is None or not error:
        return
    low, high = row.interval
    middle = (math.log(low) + math.log(high)) / 2
    if abs(math.log(row.hr) - middle) > _LOPSIDED * math.log(high / low) / 2 and high / low > 1.1:
        source.complain("hr", f"far from the middle of its interval {low:g} to {high:g}")
    first, second = row.n_experimental, row.n_control
    if first and second and narrower_than_possible(row, first, second):
        source.complain("hr_lo", f"an interval narrower than {first + second} patients allow")
    _check_p(source, row, error)


def narrower_than_possible(row: ComparisonRow, first: int, second: int) -> bool:
    """Whether the interval is narrower than arms of these sizes allow.

    With every patient having an event the variance of the log ratio is about 1/n + 1/n, and never smaller.
    """
    error = row.standard_error
    return error is not None and error < _NARROWEST * math.sqrt(1 / first + 1 / second)


def _check_p(source: Source, row: ComparisonRow, error: float) -> None:
    text = source.text("p_value")
    if row.hr is None or row.p is None or row.p == 0 or ">" in text:
        return
    implied = math.erfc(abs(math.log(row.hr)) / error / math.sqrt(2))
    clearly = max(row.p, implied) / max(min(row.p, implied), 1e-300) > _P_FACTOR
    printed_below = "<" in text and implied <= row.p
    if (row.p < 0.05) != (implied < 0.05) and clearly and not printed_below:
        source.complain("p_value", f"contradicts the interval, which says P = {implied:.2g}")
