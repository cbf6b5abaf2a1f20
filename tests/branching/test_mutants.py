"""Mutants that large clones bear: one by one, at four nodes, or at two."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy import stats

from forestall.engine.branching.landscape import TableLandscape
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.mutants import two_nodes
from forestall.engine.branching.plan import Tumors
from forestall.engine.branching.record import AT_END
from forestall.engine.branching.simulate import follow_patients
from forestall.statistics.goodness_of_fit import chi_square_of_counts
from forestall.studies.verification.models import watched

CELLS = 1e13
RATE = 0.14


@pytest.mark.slow
@pytest.mark.parametrize("days", [28.0, 150.0])
@pytest.mark.parametrize("expected", [8.0, 40.0, 400.0])
def test_oracle_mutants_of_a_constant_clone_are_negative_binomial(days: float, expected: float) -> None:
    """Immigration into a critical birth-death process, in one interval: the three ways of drawing; 20,000 tumors, P > 1e-6."""
    rates = [[RATE, RATE, 0.0, 0.0, 0.0]]
    lattice = Lattice(TableLandscape((expected / (CELLS * RATE * days),), {0: rates, 1: rates}))
    tumors = Tumors(np.full((20_000, 1), CELLS), grown=False)
    found = follow_patients(lattice, tumors, watched(days, days), seed=11)
    mutants = found.cells_of(AT_END, lambda genotype: genotype.mask == 1)
    law = stats.nbinom(expected / (RATE * days), 1.0 / (1.0 + RATE * days))
    assert chi_square_of_counts(mutants, law.cdf) > 1e-6


@pytest.mark.parametrize("bend", [-3.0, 0.0, 0.5, 4.0])
def test_unit_two_nodes_have_the_moments_of_four(bend: float) -> None:
    points, weights = leggauss(4)
    points = 0.5 + 0.5 * points
    shares = 7.0 * weights * np.exp(bend * points)
    a, b, c, d = shares.tolist()
    *where, early, late = two_nodes((a, b, c, d))
    assert all(0.0 < point < 1.0 for point in where)
    for power in range(4):
        found = early * where[0] ** power + late * where[1] ** power
        assert found == pytest.approx((shares * points**power).sum(), rel=1e-10)
