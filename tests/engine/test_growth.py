"""Tumors grown from one cell: age, resistance at detection, crowding, and what becomes of hopeless ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import solve_ivp

from forestall.engine.growth import EXTINCT, OVERFLOWED, REACHED, TOO_SLOW, grow_to_size, mean_room
from forestall.engine.mutation import mutation_edges
from forestall.engine.random import stream
from forestall.studies.verification.bozic import TwoDrugs
from forestall.studies.verification.resistance import luria_delbrueck_law, resistant_law

from .sampling import clones, tumors
from .verdicts import (
    FALSE_ALARM,
    chi_square,
    chi_square_of_two,
    z_limit,
    z_of_mean,
)

Array = NDArray[np.float64]

NO_LIMIT = np.inf
MAX_DAYS = 1e5
HAND_OVER = (1e6, 1e9)


def two_types(u: float, b: float, d: float) -> tuple[Array, Array, tuple[NDArray[np.int64], ...]]:
    return np.array([b, b]), np.array([d, d]), mutation_edges([[0.0, u], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("u", "b", "d", "size"),
    [
        (1e-9, 0.14, 0.13, 1e9),
        (2e-10, 0.14, 0.13, 1e9),
        (1e-5, 0.14, 0.13, 1e5),
        (1e-9, 0.5, 0.0, 1e9),
        (3e-7, 1.0, 0.5, 1e6),
    ],
)
def test_oracle_resistant_cells_at_detection_follow_the_closed_form(
    u: float, b: float, d: float, size: float
) -> None:
    """Chi-square against the generating function (0 to 2,000 cells and the rest), n = 20,000, p > 1e-6."""
    birth, death, edges = two_types(u, b, d)
    _, cells, status = tumors(1, 20_000, birth, death, edges, NO_LIMIT, size, MAX_DAYS, *HAND_OVER)
    assert (status == REACHED).all()
    mass = resistant_law(u, b, d, size, 2**20)[:2000]
    probability = np.append(mass, 1.0 - mass.sum())
    assert chi_square(np.minimum(cells[:, 1], 2000.0).astype(np.int64), probability) > FALSE_ALARM


def test_oracle_probability_of_no_resistance_at_detection() -> None:
    """P0 = exp[-u M (b / d) ln(b / (b - d))] (Iwasa, Nowak, Michor 2006); n = 50,000, p > 1e-6."""
    u, b, d, size = 1e-8, 0.2, 0.1, 1e8
    birth, death, edges = two_types(u, b, d)
    _, cells, _ = tumors(2, 50_000, birth, death, edges, NO_LIMIT, size, MAX_DAYS, *HAND_OVER)
    expected = math.exp(-u * size * b / d * math.log(b / (b - d)))
    none = (cells[:, 1] == 0.0).astype(float)
    assert abs(z_of_mean(none, expected, math.sqrt(expected * (1.0 - expected)))) < z_limit()


def test_oracle_luria_delbrueck() -> None:
    """Lea and Coulson 1949: p0 = exp(-m), n p_n = m sum of p_i / (n - i + 1); n = 20,000, p > 1e-6."""
    largest = 300
    probability = luria_delbrueck_law(3.0, largest)
    birth, death, edges = two_types(3e-9, 0.3, 0.0)
    _, cells, _ = tumors(3, 20_000, birth, death, edges, NO_LIMIT, 1e9, MAX_DAYS, *HAND_OVER)
    categories = np.minimum(cells[:, 1], float(largest)).astype(np.int64)
    assert chi_square(categories, np.append(probability, 1.0 - probability.sum())) > FALSE_ALARM


@pytest.mark.parametrize(("b", "d"), [(0.14, 0.13), (0.3, 0.0), (1.0, 0.2)])
@pytest.mark.parametrize("size", [3e3, 1e9])
def test_oracle_age_at_detection(b: float, d: float, size: float) -> None:
    """(1 - d/b) M exp(-r T) is exponential with mean 1 for large M (Harris 1963): KS, n = 20,000, p > 1e-6.

    At 3,000 cells the law itself is off by the discreteness of the size, of order 1 / M.
    """
    birth, death, edges = two_types(0.0, b, d)
    ages, cells, _ = tumors(4, 20_000, birth, death, edges, NO_LIMIT, size, MAX_DAYS, *HAND_OVER)
    scaled = (1.0 - d / b) * cells.sum(axis=1) * np.exp(-(b - d) * ages)
    assert stats.kstest(scaled, "expon").pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("b", "d", "size"), [(0.14, 0.13, 30.0), (0.14, 0.139, 300.0), (0.5, 0.1, 1e4), (0.2, 0.2, 50.0)]
)
def test_property_the_size_is_met(b: float, d: float, size: float) -> None:
    birth, death, edges = two_types(0.0, b, d)
    _, cells, status = tumors(5, 500, birth, death, edges, NO_LIMIT, size, MAX_DAYS, *HAND_OVER)
    assert (status == REACHED).all()
    total = cells.sum(axis=1)
    assert (total >= 0.99 * size - 0.5).all()
    assert abs(total.mean() / size - 1.0) < 0.02


def test_property_mutants_of_a_growing_tumor_do_not_depend_on_the_interval() -> None:
    """From 1e6 to 1e9 cells in one interval or in 50: the mutants have one law, 2 x 20,000, p > 1e-6."""
    birth, death, edges = two_types(1e-8, 0.2, 0.1)
    days = math.log(1e3) / (0.1 - 0.2e-8)
    once = clones(6, 20_000, np.array([1e6, 0.0]), birth, death, edges, days, 1, *HAND_OVER)
    often = clones(7, 20_000, np.array([1e6, 0.0]), birth, death, edges, days, 50, *HAND_OVER)
    assert chi_square_of_two(once[:, 1], often[:, 1], bins=30) > FALSE_ALARM


def test_property_tumors_do_not_depend_on_the_hand_over() -> None:
    """2 x 10,000 tumors: exact throughout against hand-overs at 1e3 and 1e7 families; p > 1e-6 each."""
    birth, death, edges = two_types(1e-8, 0.14, 0.13)
    exact = tumors(8, 10_000, birth, death, edges, NO_LIMIT, 1e9, MAX_DAYS, np.inf, np.inf)
    early = tumors(9, 10_000, birth, death, edges, NO_LIMIT, 1e9, MAX_DAYS, 1e3, 1e7)
    assert chi_square_of_two(exact[1][:, 1], early[1][:, 1]) > FALSE_ALARM
    assert stats.ks_2samp(exact[0], early[0]).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("cells", "days"), [(1e8, 30.0), (1e3, 1e3), (9e8, 400.0), (3e9, 5.0), (7e7, 1e4)])
def test_oracle_mean_room_is_the_mean_along_logistic_growth(cells: float, days: float) -> None:
    b, d, capacity = 0.14, 0.13, 1e9
    solution = solve_ivp(
        lambda _, y: [b * (1.0 - math.exp(y[0]) / capacity) - d, 1.0 - math.exp(y[0]) / capacity],
        (0.0, days), [math.log(cells), 0.0], "LSODA", rtol=1e-11, atol=1e-11,
    )  # fmt: skip
    expected = max(0.0, solution.y[1, -1] / days)
    assert mean_room(cells, capacity, b, d, days) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert mean_room(cells, math.inf, b, d, days) == 1.0


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_oracle_crowding_slows_growth_as_the_logistic_equation_says(share: float) -> None:
    """Time from 1e-4 of the plateau to a share of it, 4,000 tumors: within 4.9 standard errors and 0.5%."""
    b, d, capacity = 0.2, 0.1, 1e10
    birth, death, edges = two_types(0.0, b, d)
    plateau = capacity * (1.0 - d / b)
    early, _, _ = tumors(10, 4000, birth, death, edges, NO_LIMIT, 1e-4 * plateau, MAX_DAYS, *HAND_OVER)
    late, _, status = tumors(11, 4000, birth, death, edges, capacity, share * plateau, MAX_DAYS, *HAND_OVER)
    assert (status == REACHED).all()
    expected = math.log(share / (1.0 - share) * (1.0 - 1e-4) / 1e-4) / (b - d)
    error = math.sqrt((early.var() + late.var()) / 4000)
    assert abs(late.mean() - early.mean() - expected) < 4.9 * error
    assert late.mean() - early.mean() == pytest.approx(expected, rel=5e-3)


def grow_one(
    birth: Array, death: Array, capacity: float, target: float, max_days: float, rows: int = 1000
) -> tuple[float, int]:
    out, stack, edges = np.empty(2), np.empty((rows, 3)), mutation_edges([[0.0, 0.2], [0.0, 0.0]])
    return grow_to_size(
        stream(1, 1, 1, 1), 0, birth, death, *edges, capacity, target, max_days, *HAND_OVER, stack, out
    )


def test_unit_hopeless_tumors_end_with_their_reason() -> None:
    slow, fast = np.array([0.1, 0.1]), np.array([0.3, 0.3])
    for (age, status), reason in (
        (grow_one(slow, fast, NO_LIMIT, 1e9, 1e4), EXTINCT),
        (grow_one(0.0 * slow, 0.0 * slow, NO_LIMIT, 10.0, 1e4), TOO_SLOW),
        (grow_one(fast, slow, NO_LIMIT, 1e9, 10.0), TOO_SLOW),
        (grow_one(fast, slow, 1e9, 0.7e9, 1e4), TOO_SLOW),
        (grow_one(fast, slow, NO_LIMIT, 1e9, 1e4, rows=1), OVERFLOWED),
    ):
        assert math.isnan(age)
        assert status == reason


@pytest.mark.parametrize(("share", "drawn"), [(0.63, True), (0.7, False)])
def test_property_a_size_beyond_the_one_at_which_crowding_stops_growth_is_not_tried(
    share: float, drawn: bool
) -> None:
    """Growth stops at two thirds of the capacity, with a standard deviation of 3e-5 of that; below it numbers are drawn."""
    birth, death, state = np.array([0.3, 0.25]), np.array([0.1, 0.1]), stream(1, 1, 1, 1)
    before, edges = state.copy(), mutation_edges([[0.0, 1e-6], [0.0, 0.0]])
    out, stack = np.empty(2), np.empty((1000, 3))
    age, status = grow_to_size(state, 0, birth, death, *edges, 1e9, share * 1e9, 1e5, *HAND_OVER, stack, out)
    assert status == (REACHED if drawn else TOO_SLOW)
    assert math.isnan(age) != drawn
    assert (state != before).any() == drawn


def test_unit_one_cell_is_reached_at_once() -> None:
    assert grow_one(np.array([0.2, 0.2]), np.array([0.1, 0.1]), NO_LIMIT, 1.0, 1e4) == (0.0, REACHED)


def test_oracle_a_fitter_mutant_rescues_a_dying_founder() -> None:
    """A founder that cannot grow (b < d) reaches the size through a mutant; it is then the mutant's tumor."""
    birth, death = np.array([0.1, 0.3]), np.array([0.12, 0.1])
    _, cells, status = tumors(
        12, 50, birth, death, mutation_edges([[0.0, 0.01], [0.0, 0.0]]), NO_LIMIT, 1e6, MAX_DAYS, *HAND_OVER
    )
    assert (status == REACHED).all()
    assert (cells[:, 1] > 0.99e6).all()


@pytest.mark.verify
@pytest.mark.parametrize("cells", [2.6e11, 1.7e11, 1.0e11, 5.4e10, 2.0e10])
def test_oracle_two_drugs_fail_as_often_as_in_bozic_2013(cells: float) -> None:
    """Table 1, 20,000 tumors a size: p > 1e-6 against the integral, within 12% of the formula.

    Four genotypes are grown to the size, then treated for 3,000 days: all but the double mutant decline.
    """
    single, n = 50.0 * 1e-9, 20_000
    edges = mutation_edges([[0, single, single, 0], [0, 0, 0, single], [0, 0, 0, single], [0, 0, 0, 0]])
    birth, death = np.full(4, 0.14), np.full(4, 0.13)
    treated = np.array([0.17, 0.17, 0.17, 0.13])
    _, sizes, _ = tumors(13, n, birth, death, edges, NO_LIMIT, cells, MAX_DAYS, *HAND_OVER)
    after = [
        clones(i, 1, row, birth, treated, edges, 3000.0, 100, *HAND_OVER)[0] for i, row in enumerate(sizes)
    ]
    failed = (np.array(after)[:, 3] > 0.0).astype(float)
    expected = TwoDrugs().integral(cells)
    assert abs(z_of_mean(failed, expected, math.sqrt(expected * (1.0 - expected)))) < z_limit()
    assert failed.mean() == pytest.approx(TwoDrugs().formula(cells), rel=0.12)
