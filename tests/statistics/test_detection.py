"""How many patients it takes, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forestall.errors import InputError
from forestall.statistics.detection import binomial_power, patients_to_exceed, patients_to_see


@given(chance=st.floats(0.001, 1.0), power=st.floats(0.05, 0.999))
def test_oracle_the_fewest_patients_that_show_one(chance: float, power: float) -> None:
    number = patients_to_see(chance, power)
    assert number is not None
    assert 1 - (1 - chance) ** number >= power - 1e-9
    assert number == 1 or 1 - (1 - chance) ** (number - 1) < power


@pytest.mark.parametrize(
    ("chance", "error", "power"), [(0.3, 0.05, 0.8), (0.1, 0.02, 0.9), (0.5, 0.3, 0.8), (0.9, 0.01, 0.5)]
)
def test_oracle_the_exact_test_is_that_of_scipy(chance: float, error: float, power: float) -> None:
    """scipy.stats.binomtest(k, n, error, alternative="greater").pvalue <= 0.05, for every n up to the answer."""
    number = patients_to_exceed(chance, error, power, 0.05)
    assert number is not None
    for n in range(1, number + 1):
        rejected = [
            k for k in range(n + 1) if stats.binomtest(k, n, error, alternative="greater").pvalue <= 0.05
        ]
        reached = stats.binom.pmf(rejected, n, chance).sum()
        assert (reached >= power) == (n == number)


def test_oracle_known_numbers() -> None:
    """1 - 0.9^16 = 0.815 and 1 - 0.9^15 = 0.794; the rule of three for 95%."""
    assert patients_to_see(0.1, 0.8) == 16
    assert patients_to_see(0.01, 0.95) == 299
    assert patients_to_exceed(0.1, 0.0, 0.8, 0.05) == 16


def test_unit_what_cannot_be_found_takes_forever() -> None:
    assert patients_to_see(0.0, 0.8) is None
    assert patients_to_see(1e-9, 0.8) is None
    assert patients_to_see(1.0, 0.8) == 1
    assert patients_to_exceed(0.1, 0.1, 0.8, 0.05) is None


def test_property_one_finding_is_enough_where_there_is_no_error() -> None:
    number = np.arange(1, 50)
    np.testing.assert_allclose(binomial_power(number, 0.2, 0.0, 0.05), 1 - 0.8**number)


@pytest.mark.parametrize(("chance", "power"), [(-0.1, 0.8), (1.1, 0.8), (0.5, 0.0), (0.5, 1.0)])
def test_unit_impossible_probabilities_are_refused(chance: float, power: float) -> None:
    with pytest.raises(InputError, match="probability"):
        patients_to_see(chance, power)
