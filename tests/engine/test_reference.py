"""The event-by-event reference against theory: it is what the kernels are compared with."""

from __future__ import annotations

import math
import random

import numpy as np
from scipy import stats
from scipy.linalg import expm

from forestall.engine.reference import BranchingModel, simulate_events

from .verdicts import FALSE_ALARM, chi_square, mass_from_generating_function, z_limit, z_of_mean


def test_oracle_birth_death_follows_kendalls_law() -> None:
    """3 cells, b 0.3, d 0.2, 4 days: chi-square, n = 5,000, p > 1e-6."""
    b, d, days = 0.3, 0.2, 4.0
    growth = math.exp((b - d) * days)
    extinct = d * (growth - 1.0) / (b * growth - d)
    going_on = b * (growth - 1.0) / (b * growth - d)
    law = mass_from_generating_function(
        lambda z: (extinct + (1.0 - extinct) * (1.0 - going_on) * z / (1.0 - going_on * z)) ** 3, 1024
    )
    generator, model = random.Random(1), BranchingModel([b], [d])
    sample = np.array([simulate_events(model, [3], days, generator)[1][0] for _ in range(5000)])
    assert chi_square(sample, np.maximum(law, 0.0)) > FALSE_ALARM


def test_oracle_means_with_mutation_and_switching() -> None:
    """Means grow with the matrix of mean rates. n = 5,000, p > 1e-6 per type."""
    model = BranchingModel([0.3, 0.2], [0.1, 0.1], {(0, 1): 0.2}, {(0, 1): 0.05, (1, 0): 0.1})
    rates = np.array([[0.3 * 0.8 - 0.1 - 0.05, 0.3 * 0.2 + 0.05], [0.1, 0.2 - 0.1 - 0.1]])
    expected = np.array([5.0, 1.0]) @ expm(4.0 * rates)
    generator = random.Random(2)
    sample = np.array([simulate_events(model, [5, 1], 4.0, generator)[1] for _ in range(5000)], float)
    for type_ in (0, 1):
        assert abs(z_of_mean(sample[:, type_], expected[type_], sample[:, type_].std())) < z_limit()


def test_oracle_pure_births_reach_a_size_after_a_sum_of_exponential_times() -> None:
    """Yule: from 1 to 20 cells in (1 + 1/2 + ... + 1/19) / b days on average. n = 4,000, p > 1e-6."""
    generator, model = random.Random(3), BranchingModel([0.5], [0.0])
    runs = [simulate_events(model, [1], math.inf, generator, stop_at=20) for _ in range(4000)]
    assert all(cells == [20] for _, cells in runs)
    k = np.arange(1, 20)
    mean, deviation = (1.0 / (0.5 * k)).sum(), math.sqrt((1.0 / (0.5 * k) ** 2).sum())
    assert abs(z_of_mean(np.array([time for time, _ in runs]), mean, deviation)) < z_limit()


def test_unit_extinction_ends_a_run_and_the_start_is_not_changed() -> None:
    start = [4]
    time, cells = simulate_events(BranchingModel([0.0], [1.0]), start, 1e3, random.Random(4))
    assert (time, cells, start) == (1e3, [0], [4])


def test_oracle_death_times_are_exponential() -> None:
    """One cell lives on with probability exp(-d t): binomial test, n = 5,000, p > 1e-6."""
    generator, model = random.Random(5), BranchingModel([0.0], [0.3])
    alive = sum(simulate_events(model, [1], 2.0, generator)[1][0] for _ in range(5000))
    assert stats.binomtest(alive, 5000, math.exp(-0.6)).pvalue > FALSE_ALARM
