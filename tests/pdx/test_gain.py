"""How much better than simpler predictions, with intervals that know that arms of one model resemble each other."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.studies.pdx_check import LeftOut
from forestall.studies.pdx_effects import Floats
from forestall.studies.pdx_gain import gains

_MODELS, _ARMS = 30, 6


def _left_out(seen: Floats, expected: Floats, simple: Floats) -> LeftOut:
    return LeftOut(
        model=tuple(f"X-{number // _ARMS}" for number in range(seen.size)),
        treatment=tuple(f"drug {number % _ARMS}" for number in range(seen.size)),
        seen=seen,
        expected=expected,
        low=expected,
        high=expected,
        seen_rate=seen,
        expected_rate=expected,
        plain_growth=expected,
        treatment_mean=simple,
    )


def test_unit_a_gain_is_the_difference_of_scores_and_none_over_itself() -> None:
    random = np.random.Generator(np.random.Philox(3))
    seen = random.normal(0.0, 100.0, _MODELS * _ARMS)
    simple, itself = gains(_left_out(seen, seen + 10.0, random.permutation(seen)), seed=1)
    assert simple.rank_correlation.low > 0.7
    assert simple.mean_absolute_error.high < -60.0
    assert (itself.rank_correlation.value, itself.rank_correlation.low, itself.rank_correlation.high) == (
        0,
        0,
        0,
    )
    assert itself.mean_absolute_error.value == 0.0


def test_oracle_the_interval_of_a_mean_error_is_that_of_independent_models() -> None:
    """All arms of a model have one error: the standard error is that of 30 numbers, not of 180.

    Mean of |N(0, 1)| over 30 models: standard error sqrt((1 - 2 / pi) / 30) = 0.110, a 95% interval of 0.43.
    """
    random = np.random.Generator(np.random.Philox(4))
    error = np.repeat(random.normal(0.0, 1.0, _MODELS), _ARMS)
    seen = random.normal(0.0, 100.0, error.size)
    found = gains(_left_out(seen, seen, seen + error), seed=2)[0].mean_absolute_error
    assert found.value == pytest.approx(-np.abs(error).mean())
    assert 0.30 < found.high - found.low < 0.60
