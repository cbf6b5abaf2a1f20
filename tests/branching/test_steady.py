"""Mutants of large clones of nearly constant size, drawn all at once: against every mutant drawn by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forestall.engine.branching.landscape import TableLandscape
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Settings, Tumors
from forestall.engine.branching.record import AT_END
from forestall.engine.branching.simulate import follow_patients
from forestall.engine.branching.steady import next_part_of_excess
from forestall.engine.random import stream
from forestall.statistics.goodness_of_fit import chi_square_of_two
from forestall.studies.verification.models import watched

CELLS = 1e5
DAYS = 14.0
PROBABILITIES = (2e-5, 5e-3)
"""Of the first alteration, whose mutants are steady, and of the second, which these acquire before the end."""
TUMORS = 10_000


def cells_at_end(
    parent: tuple[float, float], mutant: tuple[float, float], large_above: float, seed: int
) -> dict[int, np.ndarray]:
    """Cells with the first alteration, and with both, after two weeks."""
    rates = {
        0: [[*parent, 0.0, 0.0, 0.0]],
        1: [[*mutant, 0.0, 0.0, 0.0]],
        2: [[0.1, 0.12, 0.0, 0.0, 0.0]],
        3: [[0.15, 0.1, 0.0, 0.0, 0.0]],
    }
    lattice = Lattice(TableLandscape(PROBABILITIES, rates))
    tumors = Tumors(np.full((TUMORS, 1), CELLS), grown=False)
    settings = Settings(large_above=large_above)
    found = follow_patients(lattice, tumors, watched(DAYS, DAYS), seed=seed, settings=settings)
    assert not found.failed.any()
    return {
        mask: found.cells_of(AT_END, lambda genotype, mask=mask: genotype.mask == mask) for mask in (1, 3)
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parent", "mutant"),
    [
        ((0.14, 0.14), (0.14, 0.14)),
        ((0.14, 0.14), (0.2, 0.1)),
        ((0.14, 0.14), (0.05, 0.2)),
        ((0.16, 0.14), (0.14, 0.14)),
        ((0.14, 0.16), (0.16, 0.13)),
        ((0.14, 0.14), (0.0, 0.1)),
    ],
)
def test_oracle_mutants_at_once_are_those_one_by_one(
    parent: tuple[float, float], mutant: tuple[float, float]
) -> None:
    """Level, growing and shrinking parents; mutants that grow, shrink, or do not divide; 10,000 tumors, P > 1e-6."""
    at_once = cells_at_end(parent, mutant, 1e3, seed=21)
    one_by_one = cells_at_end(parent, mutant, math.inf, seed=22)
    assert chi_square_of_two(at_once[1], one_by_one[1]) > 1e-6
    assert chi_square_of_two(at_once[3], one_by_one[3]) > 1e-6


@pytest.mark.parametrize("bend", [-1.5, -1e-6, 1e-6, 0.3, 1.5])
def test_unit_parts_of_the_excess_follow_its_area(bend: float) -> None:
    state = stream(31, 0, 0, 0)
    found = [next_part_of_excess(state, bend) for _ in range(20_000)]
    a = abs(bend)

    def area(y: np.ndarray) -> np.ndarray:
        return (np.expm1(a * y) - a * y) / (math.expm1(a) - a) if a > 1e-3 else y * y

    parts = np.array(found) if bend > 0.0 else 1.0 - np.array(found)
    assert stats.kstest(parts, area).pvalue > 1e-4
