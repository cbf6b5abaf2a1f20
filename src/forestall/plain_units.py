"""The commonest units without a registry, whose import and filling take a fifth of a second.

A unit is a product or quotient of names with an optional power: "mg/kg", "L/day/m2", "cells/mm**3".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from fractions import Fraction

Dimension = tuple[tuple[str, int], ...]

_PART = re.compile(r"([*/]?)(1|%|[A-Za-z]+?)(?:(?:\*\*)?([23]))?(?=[*/]|$)")
_NAMES: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("", 0, {"1": "1", "%": "1/100"}),
    ("g", 1, {"pg": "1e-12", "ng": "1e-9", "ug": "1e-6", "mg": "1e-3", "g": "1", "kg": "1000"}),
    ("m", 1, {"mm": "1e-3", "cm": "1e-2", "m": "1"}),
    ("m", 3, {"L": "1e-3", "mL": "1e-6"}),
    ("mol", 1, {"nmol": "1e-9", "umol": "1e-6", "mmol": "1e-3", "mol": "1"}),
    ("cell", 1, {"cells": "1"}),
    (
        "day",
        1,
        {
            "min": "1/1440",
            "minute": "1/1440",
            "h": "1/24",
            "hour": "1/24",
            "hours": "1/24",
            "day": "1",
            "days": "1",
        },
    ),
    ("day", 1, {"week": "7", "weeks": "7", "month": "30.4375", "months": "30.4375"}),
    ("day", 1, {"year": "365.25", "years": "365.25"}),
)
"""Base unit, its power, and the size of each name in it."""
_SIZES = {
    name: (base, power, Fraction(size)) for base, power, sizes in _NAMES for name, size in sizes.items()
}


@functools.lru_cache(maxsize=4096)
def plain_unit(unit: str) -> tuple[Dimension, Fraction] | None:
    """Dimension and size of a unit.

    Args:
        unit: Its text; "" and "1" are dimensionless.

    Returns:
        The powers of the base units (gram, meter, mole, cell, day) and the size in them, exactly; None if
        some name is not among the commonest.
    """
    powers: dict[str, int] = {}
    size = Fraction(1)
    parts = list(_parts(unit.strip() or "1"))
    if None in parts:
        return None
    for part in parts:
        assert part is not None, "checked above"
        base, power, factor = part
        powers[base] = powers.get(base, 0) + power
        size *= factor
    return tuple(sorted((base, power) for base, power in powers.items() if power)), size


def _parts(unit: str) -> Iterator[tuple[str, int, Fraction] | None]:
    """Base, power and size of each part; None for one that is not known."""
    position = 0
    while position < len(unit):
        found = _PART.match(unit, position)
        if found is None or found[2] not in _SIZES or (found[1] == "") != (position == 0):
            yield None
            return
        base, power, size = _SIZES[found[2]]
        sign = (-1 if found[1] == "/" else 1) * int(found[3] or 1)
        yield base, sign * power, size**sign
        position = found.end()
