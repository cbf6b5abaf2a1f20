"""Sets the published outcomes of a trial as tables."""

from __future__ import annotations

from entries import cell, link
from forestall.knowledge.evidence import Comparison, Evidence, Interval, Outcome

_OUTCOMES = "| Arm | Patients | Endpoint | Value | 95% CI | n | Read by | Verified |\n" + "| --- " * 8 + "|"
_RATIOS = "| Comparison | Patients | Endpoint | HR | 95% CI | P | Read by | Verified |\n" + "| --- " * 8 + "|"


def section(name: str, evidence: Evidence) -> str:
    """What is published of one trial, as a section of a page.

    Args:
        name: The trial.
        evidence: Its published outcomes.
    """
    source = f"Source: {link(evidence.source)}"
    outcomes = "\n".join([_OUTCOMES, *(_outcome(row) for row in evidence.outcomes)])
    ratios = "\n".join([_RATIOS, *(_ratio(row) for row in evidence.comparisons)])
    return "\n\n".join([f"## {name}", source, outcomes, *([ratios] if evidence.comparisons else [])])


def _outcome(row: Outcome) -> str:
    value = f"{row.median_months:g} months" if row.median_months is not None else f"{row.rate_pct:g}%"
    at = "" if row.rate_time_months is None else f" at {row.rate_time_months:g} months"
    return _line(row.arm, row, value + at, str(row.n or ""))


def _ratio(row: Comparison) -> str:
    ratio = "" if row.hr is None else f"{row.hr:g}"
    return _line(f"{row.experimental} : {row.control}", row, ratio, row.p or "")


def _line(who: str, row: Outcome | Comparison, value: str, last: str) -> str:
    where = f"[{row.verified}](<{row.source_url}>)"
    cells = (who, row.subgroup, row.endpoint, value, _interval(row.ci), last, row.assessor or "")
    return f"| {' | '.join(map(cell, cells))} | {where} |"


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    low, high = ("not reached" if end is None else f"{end:g}" for end in interval)
    return f"{low} to {high}"
