"""Parents, mutants and mutants of mutants: the joint law, its pieces, and its edges."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from forestall.engine.clones import COMPLETED, STACK_FULL, evolve_clones
from forestall.engine.emission import emission_time, silent_law
from forestall.engine.mutation import Genotypes, mutation_edges
from forestall.engine.random import stream
from forestall.engine.reference import BranchingModel, simulate_events

from .sampling import clones
from .verdicts import FALSE_ALARM, chi_square_of_counts, chi_square_of_two, z_limit, z_of_mean

Array = NDArray[np.float64]

EXACT = (np.inf, np.inf)
RATES = [
    (0.3, 0.2, 0.05),
    (0.2, 0.3, 0.01),
    (0.2, 0.2, 1e-9),
    (0.0, 0.2, 0.1),
    (0.2, 0.0, 0.1),
    (0.0, 0.0, 0.3),
]
TWO = (np.array([0.3, 0.25]), np.array([0.2, 0.1]))
DIAMOND = [[0.0, 0.03, 0.02, 0.0], [0.0, 0.0, 0.0, 0.05], [0.0, 0.0, 0.0, 0.04], [0.0, 0.0, 0.0, 0.0]]
"""Two alterations in either order: wild type, first, second, both."""
FOUR = (np.array([0.30, 0.28, 0.25, 0.40]), np.array([0.20, 0.25, 0.10, 0.15]))


@pytest.mark.parametrize(("b", "d", "emission"), RATES)
def test_oracle_silent_law_solves_the_backward_equation_with_killing(
    b: float, d: float, emission: float
) -> None:
    """f' = b f^2 - (b + d + emission) f + d from f(0) = z: lines that have not emitted."""
    days = 7.0

    def silent(z: float) -> float:
        solution = solve_ivp(
            lambda _, f: b * f * f - (b + d + emission) * f + d, (0.0, days), [z], rtol=1e-12, atol=1e-14
        )
        return float(solution.y[0, -1])

    log_silent, survival, stop = silent_law(b, d, emission, days)
    assert math.exp(log_silent) == pytest.approx(silent(1.0), abs=1e-11)
    for z in (0.0, 0.5):
        given = 1.0 - survival + survival * stop * z / (1.0 - (1.0 - stop) * z)
        assert given == pytest.approx(silent(z) / silent(1.0), abs=1e-10)


@pytest.mark.parametrize(("b", "d", "emission"), RATES)
@pytest.mark.parametrize("days", [1e-9, 0.3, 7.0, 200.0])
def test_property_emission_time_inverts_the_probability(
    b: float, d: float, emission: float, days: float
) -> None:
    emitted, at_last = (-math.expm1(silent_law(b, d, emission, time)[0]) for time in (days, 1e6))
    if emitted < 0.9 * at_last:
        assert emission_time(b, d, emission, emitted) == pytest.approx(days, rel=1e-6)


@pytest.mark.parametrize(
    ("b", "d", "emission"), [(0.2, 0.1, 0.0), (0.1, 0.2, 0.0), (0.2, 0.0, 1e-9), (0.0, 0.0, 0.3)]
)
def test_unit_silent_law_of_endless_time_stays_a_law(b: float, d: float, emission: float) -> None:
    log_silent, survival, stop = silent_law(b, d, emission, 1e6)
    assert log_silent <= 0.0
    assert 0.0 <= survival <= 1.0
    assert 0.0 < stop <= 1.0


@pytest.mark.parametrize("emission", [1e-20, 1e-12, 1e-6])
def test_oracle_rare_emission_is_precise(emission: float) -> None:
    """For rare emission the probability is emission times the mean cell-days, (e^(rt) - 1) / r."""
    for b, d in ((0.14, 0.13), (0.13, 0.14), (0.2, 0.2)):
        r = b - d
        cell_days = math.expm1(r * 7.0) / r if r else 7.0
        assert -silent_law(b, d, emission, 7.0)[0] == pytest.approx(emission * cell_days, rel=1e-4)


@pytest.mark.parametrize("u", [1e-3, 0.05, 1.0])
@pytest.mark.parametrize("intervals", [1, 4])
def test_oracle_mean_of_parents_and_mutants(u: float, intervals: int) -> None:
    """Means grow with the matrix of mean rates: mutant daughters leave the parents. n = 100,000, p > 1e-6."""
    birth, death = TWO
    rates = np.array([[birth[0] * (1.0 - u) - death[0], birth[0] * u], [0.0, birth[1] - death[1]]])
    expected = np.array([20.0, 3.0]) @ expm(10.0 * rates)
    edges = mutation_edges([[0.0, u], [0.0, 0.0]])
    sample = clones(1, 100_000, np.array([20.0, 3.0]), birth, death, edges, 10.0, intervals, *EXACT)
    for type_ in (0, 1):
        assert abs(z_of_mean(sample[:, type_], expected[type_], sample[:, type_].std())) < z_limit()


def test_oracle_immigration_death_by_repeated_emission() -> None:
    """Immigration-death model of the DSMTS (rate 1, death 0.1, none at the start): Poisson at each time.

    One immortal parent whose divisions all yield a mutant is a source. n = 20,000; |Z| < 3, |Y| < 5.
    """
    birth, death = np.array([1.0, 0.0]), np.array([0.0, 0.1])
    edges = mutation_edges([[0.0, 1.0], [0.0, 0.0]])
    for seed, days in enumerate((1.0, 7.0, 50.0)):
        sample = clones(seed, 20_000, np.array([1.0, 0.0]), birth, death, edges, days, 1, *EXACT)
        mean = -10.0 * math.expm1(-0.1 * days)
        assert (sample[:, 0] == 1.0).all()
        assert abs(z_of_mean(sample[:, 1], mean, math.sqrt(mean))) < 3.0
        assert abs(np.sqrt(sample.shape[0] / 2.0) * (sample[:, 1].var() / mean - 1.0)) < 5.0
        assert chi_square_of_counts(sample[:, 1], stats.poisson(mean).cdf) > FALSE_ALARM


def test_oracle_mutants_that_arise_in_bulk_are_poisson_along_a_steady_parent() -> None:
    """1e9 steady parents emit for 30 days; mutants then only die. n = 20,000, p > 1e-6."""
    birth, death, edges = (
        np.array([0.2, 0.0]),
        np.array([0.2, 0.3]),
        mutation_edges([[0.0, 1e-6], [0.0, 0.0]]),
    )
    mean = 1e9 * 0.2 * 1e-6 * -math.expm1(-0.3 * 30.0) / 0.3
    sample = clones(1, 20_000, np.array([1e9, 0.0]), birth, death, edges, 30.0, 1, 1e6, 1e7)[:, 1]
    assert abs(z_of_mean(sample, mean, math.sqrt(mean))) < z_limit()
    assert stats.chi2(sample.size - 1).sf(sample.var() * sample.size / mean) > FALSE_ALARM
    assert stats.chi2(sample.size - 1).cdf(sample.var() * sample.size / mean) > FALSE_ALARM


@pytest.mark.parametrize(("cells", "u"), [(1.0, 0.2), (50.0, 1e-3), (3e4, 1e-4), (1e7, 1e-6), (1e10, 1e-5)])
def test_property_results_do_not_depend_on_the_interval(cells: float, u: float) -> None:
    """One interval of 40 days against eight of 5: parents and mutants alike in law, 2 x 20,000, p > 1e-6."""
    birth, death = TWO
    edges = mutation_edges([[0.0, u], [0.0, 0.0]])
    start = np.array([cells, 0.0])
    one = clones(1, 20_000, start, birth, death, edges, 40.0, 1, *EXACT)
    many = clones(2, 20_000, start, birth, death, edges, 40.0, 8, *EXACT)
    for type_ in (0, 1):
        assert chi_square_of_two(one[:, type_], many[:, type_]) > FALSE_ALARM
    assert abs(np.corrcoef(one.T)[0, 1] - np.corrcoef(many.T)[0, 1]) < 0.06


@pytest.mark.parametrize("hand_over", [(1e3, 1e15), (1e6, 1e9)])
def test_property_mutants_do_not_depend_on_the_hand_over(hand_over: tuple[float, float]) -> None:
    """2 x 20,000, p > 1e-6."""
    birth, death = TWO
    edges = mutation_edges([[0.0, 1e-6], [0.0, 0.0]])
    start = np.array([2e6, 0.0])
    exact = clones(1, 20_000, start, birth, death, edges, 20.0, 3, *EXACT)
    fast = clones(2, 20_000, start, birth, death, edges, 20.0, 3, *hand_over)
    for type_ in (0, 1):
        assert chi_square_of_two(exact[:, type_], fast[:, type_]) > FALSE_ALARM


def reference_sample(size: int, cells: tuple[int, ...], days: float) -> Array:
    mutation = {(i, j): u for i, row in enumerate(DIAMOND) for j, u in enumerate(row) if u > 0.0}
    model = BranchingModel(FOUR[0].tolist(), FOUR[1].tolist(), mutation)
    generator = random.Random(1)
    return np.array([simulate_events(model, cells, days, generator)[1] for _ in range(size)], float)


def test_oracle_four_genotypes_agree_with_the_event_by_event_reference() -> None:
    """Four genotypes from 6 cells over 12 days: 3,000 runs of the reference against 100,000; p > 1e-6 each.

    Compared: each genotype, the total, and the pattern of which genotypes live (the joint law).
    """
    exact = reference_sample(3000, (6, 0, 0, 0), 12.0)
    fast = clones(2, 100_000, np.array([6.0, 0, 0, 0]), *FOUR, mutation_edges(DIAMOND), 12.0, 1, *EXACT)
    for view in (lambda x: x[:, 0], lambda x: x[:, 1], lambda x: x[:, 2], lambda x: x.sum(axis=1)):
        assert chi_square_of_two(view(exact), view(fast), bins=12) > FALSE_ALARM
    pattern = np.array([1.0, 2.0, 4.0, 8.0])
    assert chi_square_of_two((exact > 0.0) @ pattern, (fast > 0.0) @ pattern, bins=16) > FALSE_ALARM


@pytest.mark.verify
def test_oracle_four_genotypes_agree_with_rebop() -> None:
    """Agreement in distribution with an exact SSA in Rust: 20,000 runs against 200,000, p > 1e-6 each."""
    rebop = pytest.importorskip("rebop")
    names = ["wild", "first", "second", "both"]
    system = rebop.Gillespie()
    for i, name in enumerate(names):
        system.add_reaction(FOUR[0][i] * (1.0 - sum(DIAMOND[i])), [name], [name, name])
        system.add_reaction(FOUR[1][i], [name], [])
        for j, u in enumerate(DIAMOND[i]):
            if u > 0.0:
                system.add_reaction(FOUR[0][i] * u, [name], [name, names[j]])
    runs = (system.run({"wild": 20}, tmax=30.0, nb_steps=1, rng=seed) for seed in range(20_000))
    exact = np.array([[float(run[name][-1]) for name in names] for run in runs])
    fast = clones(3, 200_000, np.array([20.0, 0, 0, 0]), *FOUR, mutation_edges(DIAMOND), 30.0, 1, *EXACT)
    for type_ in range(4):
        assert chi_square_of_two(exact[:, type_], fast[:, type_], bins=30) > FALSE_ALARM
    pattern = np.array([1.0, 2.0, 4.0, 8.0])
    assert chi_square_of_two((exact > 0.0) @ pattern, (fast > 0.0) @ pattern, bins=16) > FALSE_ALARM
    for i, j in ((0, 1), (0, 2), (1, 3)):
        difference = np.arctanh(np.corrcoef(exact.T)[i, j]) - np.arctanh(np.corrcoef(fast.T)[i, j])
        assert abs(difference) < 0.06


@pytest.mark.parametrize("cells", [1.0, 1e5, 1e9, 1e13])
@pytest.mark.parametrize(
    ("b", "d"), [(0.0, 0.0), (0.2, 0.2), (0.1, 5.0), (3.0, 0.1), (0.0, 0.4), (1e-12, 0.0)]
)
@pytest.mark.parametrize("u", [0.0, 1e-12, 1e-5])
def test_unit_rates_at_the_edge_give_finite_whole_counts(cells: float, b: float, d: float, u: float) -> None:
    edges = mutation_edges(np.array(DIAMOND) * (u / 0.03))
    sample = clones(1, 20, np.array([cells, 0, 0, 0]), np.full(4, b), np.full(4, d), edges, 7.0, 1, 1e6, 1e9)
    assert np.isfinite(sample).all()
    assert (sample >= 0.0).all()
    assert np.array_equal(sample, np.floor(sample))


def test_property_a_genotype_without_edges_follows_the_plain_law() -> None:
    """2 x 50,000, p > 1e-6."""
    birth, death = TWO
    plain = clones(
        1, 50_000, np.array([9.0, 0.0]), birth, death, mutation_edges(np.zeros((2, 2))), 9.0, 1, *EXACT
    )
    rare = mutation_edges([[0.0, 1e-15], [0.0, 0.0]])
    rarely = clones(2, 50_000, np.array([9.0, 0.0]), birth, death, rare, 9.0, 1, *EXACT)
    assert chi_square_of_two(plain[:, 0], rarely[:, 0]) > FALSE_ALARM
    assert (plain[:, 1] == 0.0).all()


def test_property_back_mutation_and_cycles_are_followed() -> None:
    """Two types that turn into each other: the mean obeys the matrix of mean rates. n = 50,000, p > 1e-6."""
    birth, death = TWO
    rates = np.array([[0.3 * 0.9 - 0.2, 0.3 * 0.1], [0.25 * 0.2, 0.25 * 0.8 - 0.1]])
    expected = np.array([20.0, 0.0]) @ expm(10.0 * rates)
    edges = mutation_edges([[0.0, 0.1], [0.2, 0.0]])
    sample = clones(1, 50_000, np.array([20.0, 0.0]), birth, death, edges, 10.0, 1, *EXACT)
    for type_ in (0, 1):
        assert abs(z_of_mean(sample[:, type_], expected[type_], sample[:, type_].std())) < z_limit()


def test_unit_a_full_stack_is_reported() -> None:
    birth, death = np.array([1.0, 0.1]), np.array([0.0, 0.1])
    edges = mutation_edges([[0.0, 1.0], [0.0, 0.0]])
    cells, out = np.array([20.0, 0.0]), np.empty(2)
    small, large = np.empty((2, 3)), np.empty((100, 3))
    genotypes = Genotypes(birth, death, *edges, *EXACT)
    assert evolve_clones(stream(1, 1, 1, 1), cells, 5.0, genotypes, small, out) == STACK_FULL
    assert evolve_clones(stream(1, 1, 1, 1), cells, 5.0, genotypes, large, out) == COMPLETED
    assert cells.tolist() == [20.0, 0.0]


def test_oracle_a_clone_with_many_mutants_waits_for_them_without_loss() -> None:
    """5 immortal sources, 200 divisions each, through a stack of 100: Poisson. n = 1,000, p > 1e-6."""
    birth, death = np.array([20.0, 0.0]), np.array([0.0, 0.0])
    genotypes = Genotypes(birth, death, *mutation_edges([[0.0, 1.0], [0.0, 0.0]]), *EXACT)
    start, out, stack, mutants = np.array([5.0, 0.0]), np.empty(2), np.empty((100, 3)), []
    for patient in range(1000):
        assert evolve_clones(stream(1, patient, 1, 1), start, 10.0, genotypes, stack, out) == COMPLETED
        mutants.append(out[1])
    assert abs(z_of_mean(np.array(mutants), 1000.0, math.sqrt(1000.0))) < z_limit()


def test_unit_edges_list_children_of_each_genotype() -> None:
    start, child, probability = mutation_edges(DIAMOND)
    assert start.tolist() == [0, 2, 3, 4, 4]
    children = [child[a:b].tolist() for a, b in pairwise(start)]
    assert children == [[1, 2], [3], [3], []]
    assert probability.tolist() == [0.03, 0.02, 0.05, 0.04]


@pytest.mark.parametrize("matrix", [[[0.0, -0.1], [0.0, 0.0]], [[0.0, 0.6, 0.6], [0.0] * 3, [0.0] * 3]])
def test_unit_impossible_probabilities_are_refused(matrix: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="mutation probabilities"):
        mutation_edges(matrix)
