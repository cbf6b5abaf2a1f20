"""What users write in their files - durations, sizes, shares, words - checked where it is read.

Durations and sizes stay as written ("36 months"), so that a trial shows and saves as its author wrote it.
Shares become fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.complaints import rethrown
from forestall.units import quantity_in

_LONGEST_DAYS = 36525.0


def days(duration: str) -> float:
    """A duration in days.

    Args:
        duration: A number with a unit of time, for example "9 weeks".

    Raises:
        InputError: if it is no duration, not above zero, or longer than a century.
    """
    value = quantity_in(duration, "day")
    if not 0 < value <= _LONGEST_DAYS:
        raise InputError("not a possible duration", value=duration, allowed="above 0 days, up to 100 years")
    return value


def measured(unit: str, low: float, high: float) -> Callable[[Any], str]:
    """A parser of a size with its unit, which stays as written.

    Args:
        unit: The unit in which the limits are.
        low: Smallest size.
        high: Largest size.
    """

    def parse(value: Any) -> str:
        example = f"for example '{(low * high) ** 0.5:.0f} {unit}'"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError("expected a size with its unit", value=_seen(value), allowed=example)
        size = quantity_in(value, unit)
        if not low <= size <= high:
            raise InputError("not a possible size", value=value, allowed=f"{low:g} to {high:g} {unit}")
        return str(value)

    return parse


def share(value: Any) -> float:
    """A fraction in [0, 1] from 0.5, "50%", true or false.

    Raises:
        InputError: if it is none, or outside [0, 1].
    """
    if isinstance(value, bool):
        return float(value)
    allowed = "a share such as 0.5, '50%', true or false"
    if not isinstance(value, int | float | str):
        raise InputError("expected a share", value=_seen(value), allowed=allowed)
    try:
        fraction = quantity_in(value, "1")
    except InputError as error:
        raise InputError("expected a share", value=value, allowed=allowed, fix=error.fix) from None
    if not 0 <= fraction <= 1:
        fix = f"did you mean '{value}%'?" if isinstance(value, int | float) and 1 < value <= 100 else None
        raise InputError("a share lies between 0 and 1, or 0% and 100%", value=value, fix=fix)
    return fraction


def one_of(words: Mapping[str, str]) -> Callable[[Any], str]:
    """A parser of a word.

    Args:
        words: What may be written, in lower case, and what it means.
    """

    def parse(value: Any) -> str:
        if isinstance(value, str) and value.strip().casefold() in words:
            return words[value.strip().casefold()]
        allowed = ", ".join(dict.fromkeys(words.values()))
        fix = did_you_mean(value, words) if isinstance(value, str) else None
        useful = fix if fix and fix.startswith("did") else None
        raise InputError("unknown word", value=_seen(value), allowed=allowed, fix=useful)

    return parse


def _seen(value: Any) -> Any:
    return "nothing" if value is None else value


def _checked_duration(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(
            "expected a duration with its unit",
            value=_seen(value),
            allowed="for example '9 weeks' or '36 months'",
        )
    days(value)
    return value


Duration = Annotated[
    str,
    BeforeValidator(rethrown(_checked_duration)),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9.]+ *[A-Za-z]+$", "examples": ["9 weeks", "36 months"]}
    ),
]
"""A duration as written."""

Share = Annotated[
    float,
    BeforeValidator(rethrown(share)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^[0-9.]+ *%?$"},
                {"type": "boolean"},
            ],
            "examples": ["50%", 0.5, True],
        }
    ),
]
"""A fraction in [0, 1]."""
