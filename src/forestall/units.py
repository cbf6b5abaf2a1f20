"""Units at the edge: text with a unit in, a number in the canonical unit out.

Canonical units: day, mg, L, mg/L (total concentration), nmol/L (free concentration and potency), 1/day, mm,
kg, m2, cells.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING

from forestall.errors import InputError
from forestall.plain_units import plain_unit

if TYPE_CHECKING:
    import pint

_NUMBER = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")
_DAYS_PER_MONTH = 30.4375
_ALIASES = {"m2": "m**2", "mm2": "mm**2", "mm3": "mm**3", "cm3": "cm**3", "AUC": "mg*min/mL"}


@functools.cache
def registry() -> pint.UnitRegistry[float]:
    """The unit registry, built at first use (importing pint takes a while)."""
    import pint

    ureg: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    ureg.define("cells = [cells] = cell")
    ureg.define(f"month = {_DAYS_PER_MONTH} * day = months")
    ureg.define("year = 365.25 * day = years")
    ureg.define("mutations = [mutations]")
    return ureg


@functools.lru_cache(maxsize=4096)
def factor(unit: str, into: str) -> float:
    """The number that converts a value in `unit` into the unit `into`.

    Raises:
        InputError: if `unit` is not a unit or measures something else.
    """
    given, wanted = plain_unit(unit), plain_unit(into)
    if given is None or wanted is None:
        return _registered_factor(unit, into)
    if given[0] != wanted[0]:
        raise _measures_something_else(unit, into)
    return float(given[1] / wanted[1])


def _measures_something_else(unit: str, into: str) -> InputError:
    return InputError("this unit measures something else", value=unit, allowed=f"a unit such as {into}")


def _registered_factor(unit: str, into: str) -> float:
    import pint

    ureg = registry()
    try:
        return float(ureg.Quantity(1.0, _spell(unit)).to(_spell(into)).magnitude)
    except pint.DimensionalityError:
        raise _measures_something_else(unit, into) from None
    except (pint.PintError, AttributeError, ValueError, TypeError, SyntaxError, ArithmeticError):
        raise InputError("unknown unit", value=unit, allowed=f"a unit such as {into}") from None
    except Exception as error:  # pint's tokenizer is the standard library's, with its own errors on odd text
        raise InputError("unknown unit", value=unit, allowed=f"a unit such as {into}") from error


@functools.lru_cache(maxsize=4096)
def is_unit(unit: str) -> bool:
    """Whether `unit` is a unit that the registry knows ('' and '1' are dimensionless)."""
    if plain_unit(unit) is not None:
        return True
    try:
        registry().Unit(_spell(unit))
    except Exception:  # every failure means the same here: not a unit
        return False
    return True


def quantity_in(text: str | float | int, unit: str) -> float:
    """A quantity in the wanted unit.

    Args:
        text: A number with a unit ("6 mg/kg"), or a bare number where `unit` is dimensionless.
        unit: The unit wanted.

    Returns:
        The number in `unit`.

    Raises:
        InputError: if there is no number, no unit, or the unit does not fit.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError("expected a number with a unit", value=text, allowed=f"for example '1 {unit}'")
    match = _NUMBER.match(str(text))
    if match is None:
        raise InputError("expected a number with a unit", value=text, allowed=f"for example '1 {unit}'")
    number, given = float(match.group(1)), match.group(2)
    if not math.isfinite(number):
        raise InputError("expected a finite number", value=text, allowed=f"for example '1 {unit}'")
    if not given:
        if unit in ("", "1"):
            return number
        raise InputError("the unit is missing", value=text, allowed=f"for example '{match.group(1)} {unit}'")
    if len(given) > 40:
        raise InputError("unknown unit", value=given, allowed=f"a unit such as {unit}")
    return number * factor(given, unit or "1")


def _spell(unit: str) -> str:
    text = unit.strip() or "dimensionless"
    if text == "1":
        return "dimensionless"
    if text == "%":
        return "percent"
    for short, long in _ALIASES.items():
        text = re.sub(rf"\b{short}\b", long, text)
    return text.replace("ug", "microgram").replace("·", "*")
