"""How numbers read: months, percentages, ratios and their intervals, in a table and in a sentence."""

from __future__ import annotations

import functools
import math

from forestall.report.model import Published
from forestall.statistics.estimate import Estimate
from forestall.units import factor

NOT_REACHED = "not reached"
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
UNKNOWN = DASH


@functools.cache
def days_per_month() -> float:
    """Length of a month, day."""
    return factor("month", "day")


def months(days: float) -> float:
    """A time in months."""
    return days / days_per_month()


def in_months(days: Estimate) -> Estimate:
    """An estimate of a time in months."""
    return Estimate(*(months(value) for value in days))


def number(value: float, decimals: int = 1) -> str:
    """A number, "–" if it is unknown, "NR" if it was not reached."""
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "NR"
    return f"{value:.{decimals}f}"


def interval(lower: float, upper: float, decimals: int = 1) -> str:
    """An interval in brackets, empty if neither end is known or the lower one was not reached."""
    if (math.isnan(lower) and math.isnan(upper)) or math.isinf(lower):
        return ""
    return f"[{number(lower, decimals)}{DASH}{number(upper, decimals)}]"


def with_interval(value: Estimate, decimals: int = 1, unit: str = "") -> str:
    """An estimate with its interval: "12.1 mo [11.0–13.4]"."""
    head = NOT_REACHED if math.isinf(value.value) else number(value.value, decimals)
    if unit and math.isfinite(value.value):
        head += unit
    return f"{head} {interval(value.lower, value.upper, decimals)}".rstrip()


def time_text(days: Estimate) -> str:
    """A median time with its interval, in months."""
    return with_interval(in_months(days), 1, " mo")


def rate_text(fraction: Estimate) -> str:
    """A rate with its interval, in percent."""
    return with_interval(Estimate(*(100 * value for value in fraction)), 0, "%")


def ratio_text(ratio: Estimate) -> str:
    """A hazard ratio with its interval."""
    return with_interval(ratio, 2)


def published_time(published: Published | None) -> str:
    """A published median with what it measured if that differs."""
    return _remarked(published, time_text(published.value)) if published else UNKNOWN


def published_rate(published: Published | None) -> str:
    """A published rate with what it measured if that differs."""
    return _remarked(published, rate_text(published.value)) if published else UNKNOWN


def published_ratio(published: Published | None) -> str:
    """A published hazard ratio with what it measured if that differs."""
    return _remarked(published, ratio_text(published.value)) if published else UNKNOWN


def _remarked(published: Published, text: str) -> str:
    return f"{text} ({published.endpoint})" if published.endpoint else text


def listed(words: list[str]) -> str:
    """Words in a sentence: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def shortened(text: str, limit: int = 22) -> str:
    """A label that fits its place."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
