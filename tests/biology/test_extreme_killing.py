"""Drugs that kill a tumor within hours: what is left of a day is below rounding, and must still be numbers."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.rates import BIRTH, DEATH, ENTER, LEAVE, RATE_ROWS, RING_ROWS
from forestall.biology.stretch import StretchLaw, new_law, write_law

DAYS, LANES = 3, 16
EDGES, NOBODY = np.array([[0, 1]]), np.zeros(1)


def law_of(death: np.ndarray, enter: float) -> StretchLaw:
    """The law of three days, with one rate of death in each lane."""
    rates = np.zeros((DAYS, RING_ROWS, LANES))
    rates[:, BIRTH], rates[:, DEATH], rates[:, ENTER], rates[:, LEAVE] = 0.14, death, enter, 0.01
    law = new_law(LANES, 1, 1)
    write_law(
        rates, np.arange(DAYS), DAYS, np.zeros((RATE_ROWS, LANES)), np.ones(DAYS), np.zeros(LANES), EDGES, NOBODY, law
    )  # fmt: skip
    return law


@pytest.mark.parametrize("enter", [0.0, 1e-18, 1e-3])
@pytest.mark.parametrize("least", [30.0, 1e3, 1e4, 1e5])
def test_regression_a_day_that_leaves_nothing_leaves_numbers(least: float, enter: float) -> None:
    law = law_of(np.linspace(least, 2 * least, LANES), enter)
    for name in ("mean", "births", "asleep"):
        found = getattr(law, name)[:DAYS]
        assert np.isfinite(found).all(), name
        assert (found >= 0).all(), name
    assert (law.mean[:DAYS] < 1e-3).all()
