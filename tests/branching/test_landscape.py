"""Genotypes, declared effects and the lattice that grows on demand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import (
    BIRTH,
    DEATH,
    TOLERANT_DEATH,
    Alteration,
    Drug,
    Effect,
    Interaction,
    Phase,
    RuleLandscape,
)
from forestall.engine.branching.lattice import IMPOSSIBLE, NOT_YET, Lattice

ORDERED = ((0, 1), (2, 1))


def test_unit_a_genotype_remembers_the_declared_orders_only() -> None:
    first = Genotype().with_alteration(0, ORDERED).with_alteration(1, ORDERED)
    second = Genotype().with_alteration(1, ORDERED).with_alteration(0, ORDERED)
    assert first.mask == second.mask == 3
    assert (first.order, second.order) == (1, 0)
    assert Genotype().with_alteration(3, ORDERED).with_alteration(0, ORDERED).order == 0
    assert first.with_alteration(63, ORDERED).alterations() == (0, 1, 63)


def landscape(**changes: object) -> RuleLandscape:
    given: dict[str, object] = {
        "birth": 0.14,
        "death": 0.13,
        "alterations": (
            Alteration("cost", 1e-9, Effect(growth_factor=0.9)),
            Alteration("shared", 1e-9, Effect(folds={"A": math.inf, "B": 10.0})),
            Alteration("fast", 1e-9, Effect(birth_factor=2.0, death_factor=0.5)),
        ),
        "drugs": (Drug("A", kill=0.04), Drug("B", kill=0.06, slowing=0.5, hill=2.0)),
        "phases": (
            Phase("none"),
            Phase("A", {"A": math.inf}),
            Phase("B", {"B": 3.0}),
            Phase("AB", {"A": math.inf, "B": 3.0}),
        ),
        "interactions": (
            Interaction("cost", "shared", Effect(growth_factor=0.5, folds={"B": 10.0})),
            Interaction("cost", "fast", Effect(birth_factor=0.1), ordered=True),
        ),
        "tolerant_death": 0.001,
        "tolerant_kill": 0.1,
    }
    return RuleLandscape(**(given | changes))  # type: ignore[arg-type]


def of(*alterations: int) -> Genotype:
    found = Genotype()
    for a in alterations:
        found = found.with_alteration(a, landscape().ordered)
    return found


def test_unit_a_cost_lowers_net_growth_through_division() -> None:
    rates = landscape().rates([of(), of(0)])[:, 0]
    assert rates[1, BIRTH] == pytest.approx(0.13 + 0.9 * 0.01)
    assert rates[1, DEATH] == rates[0, DEATH] == 0.13


def test_unit_one_alteration_resists_two_drugs_by_different_degrees() -> None:
    """B at 3 times its half effect, slope 2: 0.9 of the effect, and 0.3^2 / (1 + 0.3^2) with a tenfold shift."""
    rates = landscape().rates([of(), of(1)])
    assert rates[0, 1, DEATH] == pytest.approx(0.13 + 0.04)
    assert rates[1, 1, DEATH] == pytest.approx(0.13)
    assert rates[0, 2, BIRTH] == pytest.approx(0.14 * (1 - 0.5 * 0.9))
    assert rates[1, 2, DEATH] == pytest.approx(0.13 + 0.06 * 0.09 / 1.09)
    assert rates[0, 3, TOLERANT_DEATH] == pytest.approx(0.001 + 0.1 * (0.04 + 0.06 * 0.9))


def test_unit_the_strongest_drug_may_count_alone() -> None:
    rates = landscape(combine="strongest").rates([of()])
    assert rates[0, 3, DEATH] == pytest.approx(0.13 + 0.06 * 0.9)


def test_unit_epistasis_multiplies_what_two_alterations_do_together() -> None:
    rates = landscape().rates([of(0, 1), of(1, 0)])
    assert rates[0, 0, BIRTH] == pytest.approx(0.13 + 0.9 * 0.5 * 0.01)
    assert rates[0, 2, DEATH] == pytest.approx(0.13 + 0.06 * 0.0009 / 1.0009)
    assert (rates[0] == rates[1]).all()


def test_unit_an_order_effect_acts_in_its_order_only() -> None:
    rates = landscape().rates([of(0, 2), of(2, 0)])[:, 0, BIRTH]
    assert rates[0] == pytest.approx(0.1 * rates[1])


@pytest.mark.parametrize("probabilities", [(0.7, 0.7), (-0.1,)])
def test_unit_impossible_probabilities_are_refused(probabilities: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        RuleLandscape(1.0, 0.5, tuple(Alteration(f"a{i}", p) for i, p in enumerate(probabilities)))


def test_unit_more_than_64_alterations_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 64"):
        RuleLandscape(1.0, 0.5, tuple(Alteration(f"a{i}", 0.0) for i in range(65)))


def test_unit_the_lattice_holds_what_was_asked_for() -> None:
    many = RuleLandscape(1.0, 0.5, tuple(Alteration(f"a{i}", 1e-9) for i in range(64)))
    lattice = Lattice(many)
    assert len(lattice.genotypes) == 1 + 64 + 64 * 63 // 2
    pair = lattice.row(Genotype().with_alteration(62).with_alteration(63))
    assert (lattice.arrays.child[pair, :62] == NOT_YET).all()
    assert (lattice.arrays.child[pair, 62:] == IMPOSSIBLE).all()
    before = len(lattice.genotypes)
    lattice.expand([pair, pair])
    assert len(lattice.genotypes) == before + 62
    assert lattice.genotypes[lattice.arrays.child[pair, 0]].mask == 1 | 3 << 62
    assert lattice.arrays.total[pair] == pytest.approx(62e-9)


def test_property_children_do_not_depend_on_the_order_in_which_a_lattice_grew() -> None:
    one, two = Lattice(landscape()), Lattice(landscape(), depth=0)
    for _ in range(3):
        two.expand(reversed(range(len(two.genotypes))))
    one.expand(range(len(one.genotypes)))
    assert set(one.genotypes) == set(two.genotypes)
    for genotype in one.genotypes:
        rows = one.row(genotype), two.row(genotype)
        assert (one.arrays.rates[rows[0]] == two.arrays.rates[rows[1]]).all()
        children = [
            [known.genotypes[child] if child >= 0 else child for child in known.arrays.child[row]]
            for known, row in zip((one, two), rows, strict=True)
        ]
        assert children[0] == children[1]


def test_unit_an_alteration_that_never_arises_has_no_genotype() -> None:
    lattice = Lattice(RuleLandscape(1.0, 0.5, (Alteration("never", 0.0), Alteration("rare", 1e-9))))
    assert len(lattice.genotypes) == 2
    assert lattice.arrays.child[0, 0] == IMPOSSIBLE
    assert np.allclose(lattice.arrays.total, [1e-9, 0.0])
