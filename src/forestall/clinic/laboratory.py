"""A laboratory: how tissue and blood are taken and read, with the catalog's numbers or a user's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from forestall.clinic.biopsy import Biopsy
from forestall.clinic.blood import LiquidBiopsy
from forestall.errors import InputError, did_you_mean
from forestall.knowledge.parameters import parameter, value
from forestall.units import factor, quantity_in


@dataclass(frozen=True, slots=True)
class Laboratory:
    """How samples are taken and read."""

    biopsy: Biopsy
    liquid_biopsy: LiquidBiopsy
    changed: Mapping[str, float] = field(default_factory=dict)
    """Numbers that are not the catalog's, in the catalog's units."""

    @classmethod
    def with_numbers(cls, settings: Iterable[str] = ()) -> Self:
        """A laboratory with some numbers of the user's.

        Args:
            settings: "NAME=VALUE" each; the value in the catalog's unit, or with a unit of its own.

        Raises:
            InputError: if a name is no number of the laboratory, or a value cannot be read or lies outside its range.
        """
        used: set[str] = set()
        changed = dict(_setting(text) for text in settings)

        def number(name: str, unit: str) -> float:
            used.add(name)
            if name in changed:
                return changed[name] * factor(parameter(name).unit, unit)
            return value(name, unit)

        made = cls(Biopsy.usual(number), LiquidBiopsy.usual(number), changed)
        for name in changed:
            if name not in used:
                fix = did_you_mean(name, used)
                raise InputError("not a number of the laboratory", field="set", value=name, fix=fix)
        return made


def _setting(text: str) -> tuple[str, float]:
    name, equals, given = (part.strip() for part in text.partition("="))
    if not (equals and name and given):
        raise InputError(
            "cannot be read", field="set", value=text, allowed="NAME=VALUE, such as sequencing.depth=1000"
        )
    entry = parameter(name)
    try:
        number = float(given)
    except ValueError:
        number = quantity_in(given, entry.unit)
    low, high = 0.0, 1.0 if entry.unit == "1" and entry.value <= 1.0 else float("inf")
    if not low < number <= high:
        allowed = f"above {low:g}" + (f", up to {high:g}" if high < float("inf") else "")
        raise InputError("not a possible value", field=name, value=given, allowed=allowed)
    return name, number
