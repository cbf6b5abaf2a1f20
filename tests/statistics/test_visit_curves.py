"""Curves between visits against the medians that trials with their visits on other days find."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.visit_curves import between_visits, medians_of_lines


@pytest.mark.parametrize("hazard", [0.003, 0.006, 0.012])
def test_oracle_the_median_is_what_trials_find_on_average(hazard: float) -> None:
    """Trials whose visits begin on any day of the interval: the mean of their medians, against the one curve of planned visits."""
    rng = np.random.default_rng(3)
    times = rng.exponential(1 / hazard, 40_000)
    found = []
    for shift in range(0, 56, 4):
        visits = shift + 56.0 * np.arange(-1, 200)
        seen = visits[np.searchsorted(visits, times)]
        found.append(kaplan_meier(seen, np.ones(len(seen), bool)).median.value)
    visits = 56.0 * np.arange(1, 200)
    free = (times[:, None] > visits).mean(axis=0)
    assert _median(visits, free) == pytest.approx(np.mean(found), abs=6)


def _median(visits: np.ndarray, free: np.ndarray) -> float:
    return float(medians_of_lines(*between_visits(visits, free[None]))[0])


def test_unit_a_curve_that_stays_above_one_half_has_no_median() -> None:
    assert _median(np.array([60.0, 120.0]), np.array([0.9, 0.6])) == math.inf


def test_unit_half_way_to_the_next_visit_the_share_is_that_after_the_last() -> None:
    days, free = between_visits(np.array([60.0, 120.0]), np.array([[0.8, 0.4]]))
    assert days.tolist() == [30.0, 90.0, 150.0]
    assert free.tolist() == [[1.0, 0.8, 0.4]]
