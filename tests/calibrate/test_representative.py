"""Members that are kept stand for the ensemble: every first few of them."""

from __future__ import annotations

import numpy as np

from forestall.studies.calibration.representative import representative


def ensemble() -> tuple[np.ndarray, np.ndarray]:
    """500 members of 40 unknowns, and 60 predictions that depend on them, bent."""
    rng = np.random.default_rng(1)
    members = rng.normal(size=(500, 40))
    return np.tanh(members @ rng.normal(size=(40, 60)) / 3), members


def test_unit_the_first_twenty_are_nearer_than_twenty_at_random() -> None:
    predicted, members = ensemble()
    chosen = representative(predicted, members, 60)

    def off(rows: np.ndarray, columns: np.ndarray) -> tuple[float, float]:
        mean = (columns[rows].mean(axis=0) - columns.mean(axis=0)) / columns.std(axis=0)
        spread = np.log(columns[rows].std(axis=0) / columns.std(axis=0))
        return float(np.sqrt((mean**2).mean())), float(np.sqrt((spread**2).mean()))

    for columns in (predicted, members):
        for count in (10, 20, 60):
            mean, spread = off(chosen[:count], columns)
            usual = [off(np.random.default_rng(k).permutation(500)[:count], columns) for k in range(20)]
            assert mean < 0.6 * np.mean([one for one, _ in usual])
            assert spread < np.mean([one for _, one in usual])


def test_unit_nobody_is_chosen_twice_and_all_can_be() -> None:
    predicted, members = ensemble()
    assert sorted(representative(predicted[:50], members[:50], 50)) == list(range(50))


def test_unit_what_does_not_vary_does_not_matter() -> None:
    predicted, members = ensemble()
    constant = np.column_stack([predicted, np.full(500, 3.0)])
    np.testing.assert_array_equal(
        representative(constant, members, 30), representative(predicted, members, 30)
    )
