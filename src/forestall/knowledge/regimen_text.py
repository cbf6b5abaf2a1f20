"""The words of a protocol, "capecitabine 1000 mg/m2 bid d1-14 q3w", cut into fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forestall.errors import InputError
from forestall.knowledge.components import TIMES_PER_DAY
from forestall.knowledge.doses import cycle_days_of
from forestall.knowledge.drugs import fold

EXAMPLE = "for example 'trastuzumab 6 mg/kg q3w (load 8 mg/kg)' or 'letrozole 2.5 mg qd'"
_DOSE = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*[a-zµμ]\w*(?:\s*(?:/|\bper\b)\s*[a-z]\w*(?:\^\d)?)?"
_AUC = r"auc\s*=?\s*[-\d.]+(?:e[-+]?\d+)?"
_EVERY = (
    r"q\s?\d{1,3}\s?(?:weeks?|wks?|days?|w|d)|qw|qm|monthly|(?:once )?weekly"
    r"|every\s+(?:\d{1,3}\s+)?(?:days?|weeks?|months?)"
)
PATTERNS: Mapping[str, re.Pattern[str]] = {
    field: re.compile(pattern, re.IGNORECASE)
    for field, pattern in (
        ("load", rf"\(?\s*\bload(?:ing)?(?:\s+dose)?:?\s+(?P<load>{_AUC}|{_DOSE})(?!\w)\s*\)?"),
        ("infusion", r"\bover\s+(?P<infusion>\d*\.?\d+(?:e[-+]?\d+)?\s*(?:hours?|h|minutes?|min))\b"),
        ("start", r"\bfrom\s+(?:day\s*|d)(?P<start>\d{1,5})\b"),
        (
            "cycles",
            r"(?:\bx\s*|\bfor\s+)(?P<cycles>\d{1,5})(?:\s+cycles?)?\b|\b(?P<more>\d{1,5})\s+cycles?\b",
        ),
        ("days", r"\b(?:days?\s+|d)(?P<days>\d+(?:\s*[-,]\s*\d+)*)(?![\w/])"),
        ("every", rf"\b(?P<every>{_EVERY})\b"),
        (
            "times_per_day",
            r"\b(?P<times>qd|od|bid|tid|qid|(?:(?:once|twice|three times) )?(?:daily|a day))\b",
        ),
        ("dose", rf"(?P<dose>\b{_AUC}|(?<![\w.]){_DOSE})(?!\w)"),
        ("route", r"\b(?P<route>iv|po|im|sc)\b"),
    )
}
"""How each field is written, in the order in which they are looked for."""
_TIMES = {word: times for times, word in TIMES_PER_DAY.items()} | {
    "od": 1,
    "daily": 1,
    "a day": 1,
    "once daily": 1,
    "once a day": 1,
    "twice daily": 2,
    "twice a day": 2,
    "three times daily": 3,
    "three times a day": 3,
}
_NAMES = {"every": "schedule", "times_per_day": "frequency", "load": "loading dose"}
_LAST_SCHEDULE = re.compile(rf"^(?P<rest>.*\S)\s+(?P<every>{_EVERY})$", re.IGNORECASE)


def split_parts(text: str) -> list[str]:
    """The text cut at each '+' that joins drugs.

    Raises:
        InputError: if nothing stands beside a '+'.
    """
    parts = [part.strip() for part in re.split(r"\+(?!\d)|(?<=\s)\+", text)]
    if not all(parts):
        raise InputError("a drug is missing beside '+'", value=text, allowed=EXAMPLE)
    return parts


def last_schedule(text: str) -> tuple[str, str | None]:
    """The text without the schedule at its end, and that schedule."""
    found = _LAST_SCHEDULE.match(text)
    return (text, None) if found is None else (found["rest"], found["every"])


def name_key(text: str) -> str:
    """What makes two names of a regimen the same: the drugs in any order, and the schedule at the end.

    Raises:
        InputError: if the schedule is impossible.
    """
    rest, every = last_schedule(fold(text))
    days = "" if every is None else str(cycle_days_of(every))
    return "+".join(sorted(fold(part) for part in rest.split("+"))) + "|" + days


def fields_of(words: str, text: str) -> dict[str, Any]:
    """Dose, schedule and so on.

    Args:
        words: The text without the drug.
        text: All of it, to be shown in errors.

    Returns:
        Fields of a component, as a user would write them in a mapping.

    Raises:
        InputError: if a field comes twice, or words are left over.
    """
    fields: dict[str, Any] = {}
    rest = words
    for field, pattern in PATTERNS.items():
        found = pattern.search(rest)
        if found is None:
            continue
        rest = f"{rest[: found.start()]} ; {rest[found.end() :]}"
        if pattern.search(rest):
            given = f"the {_NAMES.get(field, field)} is given twice"
            raise InputError(given, value=text, fix="join drugs with '+'")
        fields[field] = _value(field, found)
    if left := re.sub(r"[\s;]+", " ", rest).strip():
        raise _unread(left, text)
    return fields


def _unread(left: str, text: str) -> InputError:
    if re.fullmatch(r"[-+]?[\d.]+", left):
        return InputError("the unit is missing", value=text, allowed="mg, mg/kg, mg/m2 or AUC")
    each = "give the dose of one administration, and 'qd' or 'bid'" if left.startswith("/d") else None
    return InputError("cannot read this part of the regimen", value=left, allowed=EXAMPLE, fix=each)


def _value(field: str, found: re.Match[str]) -> object:
    word = next(group for group in found.groups() if group is not None)
    if field == "cycles":
        return int(word)
    if field == "start":
        return int(word) - 1
    if field == "times_per_day":
        return _TIMES[fold(word)]
    return word
