"""The short way past the unit registry gives what the registry gives, and leaves the rest to it."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from forestall.errors import InputError
from forestall.knowledge.contents import quantities
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameters import load_parameters
from forestall.plain_units import plain_unit
from forestall.units import factor, is_unit, registry

ATOMS = (
    *("ng", "ug", "mg", "g", "kg", "mm", "cm", "m", "mL", "L", "nmol", "umol", "mmol", "mol", "cells"),
    *("min", "h", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years"),
)
COMPOUND = ("m**2", "mm**3", "mg/kg", "L/day/kg", "mg*day/L", "ng*h/mL", "cells/mm**3", "mL/min/kg", "1/year")


def _catalog_units() -> set[str]:
    entries = [*load_drugs().values(), *load_parameters().values()]
    return {quantity.unit for entry in entries for _, quantity in quantities(entry)}


@pytest.mark.parametrize("unit", sorted({*ATOMS, *COMPOUND}))
def test_oracle_sizes_are_those_of_the_registry(unit):
    """pint converts to base units; the ratio of two sizes of one dimension must agree."""
    dimension, size = plain_unit(unit)
    one = registry().Quantity(1.0, unit)
    for other in (*ATOMS, *COMPOUND):
        other_dimension, other_size = plain_unit(other)
        same = registry().Quantity(1.0, other).is_compatible_with(one)
        assert (dimension == other_dimension) == same
        if same:
            assert float(size / other_size) == pytest.approx(one.to(other).magnitude, rel=1e-12)


@pytest.mark.parametrize("unit", sorted(_catalog_units()))
def test_unit_the_catalog_needs_no_registry(unit):
    assert plain_unit(unit) is not None


@pytest.mark.parametrize(
    "text", ["mg/", "/mg", "mg//kg", "m4", "m**", "mg kg", "2mg", "mgkg", "parsec", "m**-2"]
)
def test_unit_what_is_not_plain_is_left_to_the_registry(text):
    assert plain_unit(text) is None


def test_unit_conversions_are_exact_where_they_can_be():
    assert factor("L/h", "L/day") == 24.0
    assert factor("%", "1") == 0.01
    assert factor("m2", "m**2") == 1.0
    assert factor("ng*h/mL", "mg*day/L") == pytest.approx(1e-3 / 24, rel=1e-15)


@pytest.mark.parametrize(
    ("unit", "into"), [*itertools.permutations(("mg", "day", "L/day"), 2), ("inch", "day")]
)
def test_unit_another_dimension_is_refused(unit, into):
    with pytest.raises(InputError, match="measures something else"):
        factor(unit, into)


def test_unit_rare_units_still_work():
    assert factor("inch", "mm") == pytest.approx(25.4)
    assert is_unit("fortnight")
    assert not is_unit("mg/florb")


def test_unit_listing_the_drugs_does_not_import_pint():
    code = "import forestall.knowledge.drugs as d, sys; d.load_drugs(); print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
