"""Rates and sizes at the edge: zero, equal, death above birth, 1e-12 per division, one cell, 1e13 cells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forestall.engine.branching.landscape import TableLandscape
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Tumors
from forestall.engine.branching.record import AT_DETECTION, AT_END
from forestall.engine.branching.simulate import Outcome, follow_patients
from forestall.studies.verification.models import watched
from forestall.studies.verification.verdict import share_score

Z_LIMIT = 4.9


def followed(
    rates: list[float], cells: float, days: float, n: int = 20, u: float = 0.0, grown: bool = False
) -> Outcome:
    """Tumors of one alteration that changes nothing."""
    lattice = Lattice(TableLandscape((u,), {0: [rates], 1: [rates]}))
    tumors = Tumors(np.full((n, 1), cells), grown=grown)
    return follow_patients(lattice, tumors, watched(days, days), seed=3)


@pytest.mark.parametrize("cells", [1.0, 63.0, 1e5, 1e9, 1e13])
@pytest.mark.parametrize("u", [0.0, 1e-12, 1e-5])
def test_unit_nothing_happens_without_rates(cells: float, u: float) -> None:
    assert (followed([0.0] * 5, cells, 700.0, u=u).record.burden == cells).all()


@pytest.mark.parametrize("phenotype_rates", [(0.0, 0.0, 0.0), (1e-3, 1e-2, 0.0)])
def test_unit_death_far_above_birth_leaves_nothing(phenotype_rates: tuple[float, ...]) -> None:
    """1e13 cells that lose 3 a day, net: e^-90 of them after a month, but for those that fall asleep and wake."""
    found = followed([0.1, 3.1, *phenotype_rates], 1e13, 30.0)
    if phenotype_rates[0] == 0.0:
        assert found.cured.all()
        return
    sleep, wake, _ = phenotype_rates
    asleep = 1e13 * sleep / 3.0 * math.exp(-wake * 30.0)
    assert found.record.burden[:, -1].mean() == pytest.approx(asleep, rel=0.02)


def test_oracle_one_cell_at_equal_birth_and_death() -> None:
    """Alive after t days with probability 1 / (1 + b t); the mean stays one cell; 40,000 tumors, |Z| < 4.9."""
    days, b, n = 50.0, 0.2, 40_000
    burden = followed([b, b, 0.0, 0.0, 0.0], 1.0, days, n).record.burden[:, -1]
    assert abs(share_score(burden > 0.0, 1.0 / (1.0 + b * days))) < Z_LIMIT
    assert abs(burden.mean() - 1.0) < Z_LIMIT * math.sqrt(2.0 * b * days / n)


@pytest.mark.parametrize(("cells", "u"), [(1e13, 1e-12), (1e12, 1e-12), (1e5, 1e-4)])
def test_oracle_mutants_of_cells_that_never_die(cells: float, u: float) -> None:
    """One day at 0.1 divisions, death at the same rate: u b N t mutants in mean; 4,000 tumors, |Z| < 4.9."""
    n, expected = 4000, cells * u * 0.1
    found = followed([0.1, 0.1, 0.0, 0.0, 0.0], cells, 1.0, n, u)
    mutants = found.cells_of(AT_END, lambda genotype: genotype.mask == 1)
    assert abs(mutants.mean() - expected) < Z_LIMIT * math.sqrt(1.2 * expected / n)


@pytest.mark.parametrize("cells", [1.0, 2.0, 1e13])
def test_unit_tumors_grow_from_one_cell_to_the_smallest_and_the_largest_size(cells: float) -> None:
    """To one cell in no time; to 1e13 within 1e-4, by the logarithm of its size over its net growth, spread by a Gumbel number."""
    found = followed([0.3, 0.1, 0.0, 0.0, 0.0], cells, 1.0, 200, 1e-12, grown=True)
    ages = found.record.age[:, 0]
    assert not found.failed.any()
    sizes = found.cells_of(AT_DETECTION, lambda genotype: True)
    assert (sizes >= cells * (1.0 - 1e-4) - 0.5).all()
    if cells == 1.0:
        assert (ages == 0.0).all()
    if cells == 1e13:
        mean = (math.log(cells * (1.0 - 0.1 / 0.3)) + np.euler_gamma) / 0.2
        assert abs(ages.mean() - mean) < Z_LIMIT * math.pi / math.sqrt(6.0) / 0.2 / math.sqrt(200)
