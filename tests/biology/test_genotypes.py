"""Genotypes: every alteration as a single step, pairs up to the cap, and edges that lead from parents to children."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forestall.biology.genotypes import genotype_table, tables_for

RATES = [10.0 ** -(4 + k % 5) for k in range(12)]


def test_unit_singles_come_in_the_given_order_then_the_likeliest_pairs() -> None:
    table = genotype_table(0, [3, 0, 1], RATES, 6)
    assert table.mask.tolist() == [0, 0b1000, 0b1, 0b10, 0b11, 0b1001]


def test_unit_truncal_alterations_stand_in_every_genotype_and_are_not_acquired() -> None:
    table = genotype_table(0b10, [0, 1, 2], RATES, 8)
    used = table.mask[table.mask >= 0]
    assert (used & 0b10 == 0b10).all()
    assert used.size == 4


@given(st.sets(st.integers(0, 11), max_size=8), st.integers(2, 20))
def test_property_edges_add_one_alteration_at_its_rate(relevant: set[int], largest: int) -> None:
    table = genotype_table(0, sorted(relevant), RATES, largest)
    for parent in range(largest):
        for e in range(table.edge_start[parent], table.edge_start[parent + 1]):
            assert table.edges[e, 0] == parent
            step = int(table.mask[table.edges[e, 1]]) ^ int(table.mask[parent])
            assert step.bit_count() == 1
            assert table.probability[e] == RATES[step.bit_length() - 1]
    np.testing.assert_allclose(
        table.loss, np.bincount(table.edges[:, 0], table.probability, minlength=largest), rtol=1e-12
    )


def test_unit_patients_alike_share_a_table() -> None:
    tables, row = tables_for(np.array([0, 1, 0]), np.array([0, 0, 0]), [[0, 1, 2]], RATES, 8)
    assert len(tables) == 2
    assert row.tolist() == [0, 1, 0]
