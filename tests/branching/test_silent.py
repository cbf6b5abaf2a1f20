"""A clone until its first emission, from constants that are computed once: the same law as `forestall.engine.emission`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forestall.engine.branching.silent import next_emission_of_many, next_emission_of_one
from forestall.engine.emission import emission_roots, next_emission, silent_law
from forestall.engine.random import stream
from forestall.statistics.goodness_of_fit import chi_square_of_two

DRAWS = 20_000
RATES = [
    (0.14, 0.13, 0.005),
    (0.14, 0.3, 0.02),
    (0.3, 0.0, 0.1),
    (0.2, 0.2, 1e-4),
    (0.0, 0.1, 0.05),
    (0.2, 0.1, 0.0),
]
"""Division without emission, death, emission, 1/day."""


def draws(cells: float, rates: tuple[float, float, float], days: float, new: bool, seed: int) -> np.ndarray:
    """Day (the interval's length if nothing is emitted), cells, and whether something is emitted."""
    b, d, emission = rates
    state, roots, found = stream(seed, 0, 0, 0), emission_roots(b, d, emission), []
    for _ in range(DRAWS):
        if not new:
            day, left = next_emission(state, cells, b, d, emission, days, 1e6, 1e9)
        elif cells == 1.0:
            day, left = next_emission_of_one(state, roots, emission, days)
        else:
            day, left = next_emission_of_many(state, cells, roots, d, emission, days, 1e6, 1e9)
        found.append((min(day, days), left, math.isfinite(day)))
    return np.array(found)


@pytest.mark.parametrize("cells", [1.0, 2.0, 40.0])
@pytest.mark.parametrize("rates", RATES)
def test_oracle_day_and_cells_have_the_law_of_the_general_function(
    cells: float, rates: tuple[float, float, float]
) -> None:
    """Twenty days in bins, and cells with and without emission; false alarm 1e-6 a comparison."""
    old, new = (draws(cells, rates, 20.0, new, 5 + new) for new in (False, True))
    assert chi_square_of_two(np.floor(old[:, 0]), np.floor(new[:, 0]), 30) > 1e-6
    for emitted in (0.0, 1.0):
        one, two = (np.where(found[:, 2] == emitted, found[:, 1], -1.0) for found in (old, new))
        assert chi_square_of_two(one, two, 30) > 1e-6


@pytest.mark.parametrize("rates", RATES)
def test_oracle_share_of_silent_lines(rates: tuple[float, float, float]) -> None:
    """Lines of one cell that emit nothing in 20 days: within 4.9 standard errors of `silent_law`."""
    silent = math.exp(silent_law(*rates, 20.0)[0])
    found = draws(1.0, rates, 20.0, True, 9)
    assert (
        abs((found[:, 2] == 0.0).mean() - silent) <= 4.9 * math.sqrt(silent * (1.0 - silent) / DRAWS) + 1e-12
    )


@pytest.mark.parametrize("cells", [1.0, 1e13])
def test_unit_without_rates_nothing_happens(cells: float) -> None:
    roots, state = emission_roots(0.0, 0.0, 0.0), stream(1, 0, 0, 0)
    assert next_emission_of_many(state, cells, roots, 0.0, 0.0, 30.0, 1e6, 1e9) == (math.inf, cells)
    assert next_emission_of_one(state, roots, 0.0, 30.0) == (math.inf, 1.0)
