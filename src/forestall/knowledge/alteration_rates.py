"""How often alterations arise, with the numbers that are in use."""

from __future__ import annotations

from collections.abc import Iterable

from forestall.knowledge.alterations import Alteration
from forestall.knowledge.parameters import value


def rates_per_division(alterations: Iterable[Alteration]) -> list[float]:
    """Probability that a division produces each alteration, before the patient's own factor.

    Args:
        alterations: Entries of the catalog, or of the set in use.
    """
    factor = value("resistance.expression_rate_factor", "1")
    return [
        min(1.0, entry.rate_per_division.value * (factor if entry.kind == "expression" else 1.0))
        for entry in alterations
    ]
