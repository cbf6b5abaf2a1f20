"""Doses and schedules in the words of a protocol: "6 mg/kg", "AUC 6", "q3w", "d1-14", "30 min"."""

from __future__ import annotations

import math
import re
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo

from forestall.errors import InputError
from forestall.knowledge.complaints import field_error, rethrown
from forestall.knowledge.provenance import Entry
from forestall.units import quantity_in

Basis = Literal["mg", "mg/kg", "mg/m2", "auc"]

LARGEST_AMOUNT: Final[dict[Basis, float]] = {"mg": 10_000, "mg/kg": 100, "mg/m2": 15_000, "auc": 12}
"""Doses above these are taken for slips of the pen."""
LONGEST_CYCLE_DAYS = 365
LATEST_START_DAYS = 3650
_AUC = re.compile(r"^auc\s*=?\s*([-+]?[0-9.]+(?:e[-+]?\d+)?)$", re.IGNORECASE)
_PER = re.compile(r"\s*(?:\bper\b|/)\s*", re.IGNORECASE)
_SPAN = re.compile(r"^(\d{1,4})\s*(?:-|to)\s*(\d{1,4})$")
_CYCLE = re.compile(r"^q\s*(\d{1,3})?\s*([wdh]|wk|weeks?|days?)$")
_EVERY = re.compile(r"^every\s+(?:(\d{1,3})\s*)?(weeks?|days?|months?)$")
_WORDS = {
    "daily": 1,
    "once daily": 1,
    "qd": 1,
    "weekly": 7,
    "once weekly": 7,
    "qw": 7,
    "monthly": 28,
    "qm": 28,
}
_DAYS_PER_UNIT = {"d": 1, "w": 7, "m": 28}
_CYCLE_WORDS = "a number of days or weeks, such as 'q3w', '21 days' or 'daily'"


class Dose(Entry):
    """An amount, absolute or relative to the patient's size or kidney function."""

    amount: float = Field(ge=0, allow_inf_nan=False)
    basis: Basis
    """mg, mg per kg of weight, mg per m2 of body surface, or a target AUC in mg min/mL (carboplatin)."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """The dose that a text states.

        Args:
            text: For example "6 mg/kg", "75 mg/m2", "0.5 g" or "AUC 6".

        Raises:
            InputError: if it is no dose, negative, or larger than any dose in use.
        """
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise InputError("expected a dose with a unit", value=text, allowed="for example '6 mg/kg'")
        basis, amount = _amount(" ".join(text.split()))
        if amount < 0:
            raise InputError("a dose cannot be negative", value=text, allowed=_range(basis))
        if not amount <= LARGEST_AMOUNT[basis]:
            raise InputError(
                "this dose is larger than any in use", value=text, allowed=_range(basis), fix="check the unit"
            )
        return cls(amount=amount, basis=basis)

    def __str__(self) -> str:
        if self.basis == "auc":
            return f"AUC {number_text(self.amount)}"
        return f"{number_text(self.amount)} {self.basis}"


def _range(basis: Basis) -> str:
    return f"0 to {LARGEST_AMOUNT[basis]:,g} {'AUC' if basis == 'auc' else basis}"


def _amount(text: str) -> tuple[Basis, float]:
    if found := _AUC.match(text):
        try:
            return "auc", float(found.group(1))
        except ValueError:
            raise InputError(
                "expected a number after AUC", value=text, allowed="for example 'AUC 6'"
            ) from None
    per = _PER.split(text)
    bases: dict[str, Basis] = {"kg": "mg/kg", "m2": "mg/m2", "m^2": "mg/m2", "m²": "mg/m2"}
    if len(per) == 1:
        return "mg", _in_milligrams(text, text)
    if len(per) == 2 and per[1].casefold() in bases:
        return bases[per[1].casefold()], _in_milligrams(per[0], text)
    fix = "give the frequency apart, such as 'qd'" if per[-1].casefold() in ("d", "day") else None
    raise InputError("this unit is not a dose", value=text, allowed="mg, mg/kg, mg/m2 or AUC", fix=fix)


def _in_milligrams(text: str, whole: str) -> float:
    try:
        return quantity_in(text, "mg")
    except InputError as error:
        raise InputError(error.message, value=whole, allowed="mg, mg/kg, mg/m2 or AUC") from None


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def cycle_days_of(text: object) -> int:
    """Days after which dosing repeats.

    Args:
        text: For example "q3w", "21 days", "every 3 weeks", "weekly", "daily"; a whole number is days.

    Raises:
        InputError: if it is not a whole number of days between 1 and a year.
    """
    days = _days(text)
    if days != int(days) or not 1 <= days <= LONGEST_CYCLE_DAYS:
        allowed = f"a whole number of days, 1 to {LONGEST_CYCLE_DAYS}"
        raise InputError("this is not the length of a dosing cycle", value=text, allowed=allowed)
    return int(days)


def _days(text: object) -> float:
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str):
        raise InputError("expected how often the drug is given", value=text, allowed=_CYCLE_WORDS)
    word = " ".join(text.casefold().split())
    if word in _WORDS:
        return _WORDS[word]
    if (found := _CYCLE.match(word) or _EVERY.match(word)) and not found.group(2).startswith("h"):
        return int(found.group(1) or 1) * _DAYS_PER_UNIT[found.group(2)[0]]
    try:
        return round(quantity_in(word.removeprefix("every "), "day"), 9)
    except InputError as error:
        raise InputError(error.message, value=text, allowed=_CYCLE_WORDS) from None


def cycle_text(days: int) -> str:
    """A cycle length in clinicians' shorthand: 21 is "q3w"."""
    return f"q{days // 7}w" if days % 7 == 0 else f"q{days}d"


def dose_days_of(value: object, cycle_days: int) -> tuple[int, ...]:
    """Days of the cycle on which the drug is given, counted from 1.

    Args:
        value: A day, a list of days, a text such as "1-14" or "1,8,15", or "all".
        cycle_days: Length of the cycle.

    Raises:
        InputError: if a day is not a whole number within the cycle, or comes twice.
    """
    if isinstance(value, str) and value.strip().casefold() == "all":
        return tuple(range(1, cycle_days + 1))
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    days = [day for part in parts for day in _day_or_span(part, value)]
    outside = [day for day in days if not 1 <= day <= cycle_days]
    if outside or not days:
        allowed = f"days 1 to {cycle_days}, for example '1' or '1-{cycle_days}'"
        raise InputError("this day is not in the cycle", value=value, allowed=allowed)
    if len(set(days)) < len(days):
        raise InputError("a day is given twice", value=value)
    return tuple(sorted(days))


def _day_or_span(part: object, whole: object) -> list[int]:
    text = str(part).strip().casefold().removeprefix("day ").removeprefix("d").strip()
    if found := _SPAN.match(text):
        first, last = int(found.group(1)), int(found.group(2))
        return list(range(first, last + 1))
    if isinstance(part, bool) or not re.fullmatch(r"\d{1,4}", text):
        raise InputError(
            "expected days of the cycle", value=whole, allowed="for example '1', '1,8' or '1-14'"
        )
    return [int(text)]


def days_text(days: tuple[int, ...]) -> str:
    """Days of a cycle as text: (1, 2, 3, 8) is "d1-3,8"."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "d" + ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def infusion_hours_of(value: object) -> float:
    """Hours that one dose is infused over; 0 is a bolus.

    Raises:
        InputError: if it is not a time between 0 and 24 hours.
    """
    hours = value if isinstance(value, float) else quantity_in(str(value), "hour")
    if not 0 <= hours < 24:
        raise InputError(
            "this is not the duration of one infusion", value=value, allowed="0 h to less than 24 h"
        )
    return hours


def start_days_of(value: object) -> int:
    """Days before the first cycle of a drug begins.

    Args:
        value: A whole number of days, or a text such as "12 weeks".

    Raises:
        InputError: if it is not a whole number of days between 0 and ten years.
    """
    days = value if isinstance(value, int) else quantity_in(str(value), "day")
    if isinstance(value, bool) or not math.isclose(days, round(days)) or not 0 <= days <= LATEST_START_DAYS:
        allowed = f"a whole number of days, 0 to {LATEST_START_DAYS}"
        raise InputError("this is not a start", value=value, allowed=allowed)
    return round(days)


def _dose_days_in(value: object, info: ValidationInfo) -> tuple[int, ...]:
    try:
        return dose_days_of(value, info.data.get("cycle_days", LONGEST_CYCLE_DAYS))
    except InputError as error:
        raise field_error(error) from None


DoseField = Annotated[Dose, BeforeValidator(rethrown(Dose.parse))]
CycleField = Annotated[int, BeforeValidator(rethrown(cycle_days_of))]
DoseDaysField = Annotated[tuple[int, ...], BeforeValidator(_dose_days_in)]
InfusionField = Annotated[float, BeforeValidator(rethrown(infusion_hours_of))]
StartField = Annotated[int, BeforeValidator(rethrown(start_days_of))]
