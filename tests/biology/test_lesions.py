"""Clones of a lesion: the stochastic part has the means of the deterministic one, and closed forms hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from forestall.biology.integrate import LONGEST_STRETCH_DAYS
from forestall.biology.lesions import WORK_ROWS, advance_lesions, longest_stretch
from forestall.biology.rates import BIRTH, DEATH, LATE_ENTER, LATE_GAP, LATE_LEAVE, RATE_ROWS, RING_ROWS
from forestall.biology.stretch import new_law, write_law
from forestall.engine.random import stream

GENOTYPES = 2
EDGES = np.array([[0, 1]], np.int64)
Array = NDArray[np.float64]


def run(
    cells: Array,
    rates: Array,
    days: int,
    handover: float,
    seed: int = 1,
    u: float = 0.0,
    capacity: float = 1e30,
    longest: int = LONGEST_STRETCH_DAYS,
    rest: Array | None = None,
    effect: Array | None = None,
) -> Array:
    """Advance lesions (2, L, 2); returns the cells after.

    The rates are those of each genotype, (RATE_ROWS, 2), or of each day as well, (days, RATE_ROWS, 2); with first moments, RING_ROWS.
    Of what they differ from the rates at rest by, the share `effect` is left on each day.
    """
    now, lesions = cells.copy(), cells.shape[1]
    every_day = np.zeros((days, RING_ROWS, GENOTYPES))
    every_day[:, : rates.shape[-2]] = rates
    states = np.stack([stream(seed, lesion, 31, 0) for lesion in range(lesions)])
    loss, probability = np.array([u, 0.0]), np.array([u])
    law, done = new_law(GENOTYPES, 1, 1), 0
    rest = np.zeros((RATE_ROWS, GENOTYPES)) if rest is None else rest
    while done < days:
        step = min(longest, days - done, longest_stretch(now, capacity, float(rates[..., BIRTH, :].max())))
        days_done = np.arange(done, done + step)
        left = np.ones(step) if effect is None else effect[days_done]
        write_law(every_day, days_done, step, rest, left, loss, EDGES, probability, law)
        advance_lesions(
            now, law, step, np.zeros(lesions, np.int64), capacity, EDGES, probability, handover, states,
            np.zeros((WORK_ROWS, GENOTYPES)), np.zeros(1),
        )  # fmt: skip
        done += step
    return now


def constant(birth: float, death: float, enter: float = 0.0, leave: float = 0.0, fade: float = 0.0) -> Array:
    return np.array([[birth, birth], [death, death], [enter, enter], [leave, leave], [fade, fade]])


def test_oracle_deterministic_clones_follow_the_matrix_exponential() -> None:
    from scipy.linalg import expm

    birth, death, enter, leave, fade = 0.14, 0.3, 0.02, 0.05, 0.03
    cells = np.zeros((2, 1, 2))
    cells[:, 0, 0] = 1e9, 1e6
    after = run(cells, constant(birth, death, enter, leave, fade), 50, 0.0)[:, 0, 0]
    matrix = np.array([[birth - death - enter, leave], [enter, -fade - leave]])
    np.testing.assert_allclose(after, expm(50 * matrix) @ cells[:, 0, 0], rtol=1e-5)


@pytest.mark.parametrize("order", [1, -1])
def test_oracle_the_order_of_hours_within_a_day_counts(order: int) -> None:
    """Killing in one half of the day, arrest in the other: within 1e-3 of the matrices after ten days; integrals alone miss by 3e-2."""
    from scipy.linalg import expm

    halves = [constant(0.04, 0.36, 0.02, 0.08, 0.036), constant(0.16, 0.04, 0.12, 0.02, 0.004)][::order]
    generators = [
        np.array([[b - d - s, w], [s, -f - w]]) for b, d, s, w, f in (half[:, 0] for half in halves)
    ]
    rates = np.zeros((RING_ROWS, GENOTYPES))
    rates[:RATE_ROWS] = 0.5 * (halves[0] + halves[1])
    birth, death, enter, leave, fade = 0.125 * (halves[1] - halves[0])
    rates[LATE_GAP], rates[LATE_ENTER], rates[LATE_LEAVE] = birth - death - enter + fade + leave, enter, leave
    cells = np.zeros((2, 1, 2))
    cells[0, 0, 0] = 1e9
    day = expm(0.5 * generators[1]) @ expm(0.5 * generators[0])
    expected = (np.linalg.matrix_power(day, 10) @ cells[:, 0, 0]).sum()
    assert run(cells, rates, 10, 0.0).sum() == pytest.approx(expected, rel=1e-3)
    assert abs(run(cells, rates[:RATE_ROWS], 10, 0.0).sum() / expected - 1) > 3e-2


def test_oracle_deterministic_mutants_follow_their_linear_equation() -> None:
    birth, death, u, days = 0.2, 0.15, 1e-6, 42
    cells = np.zeros((2, 1, 2))
    cells[0, 0, 0] = 1e9
    after = run(cells, constant(birth, death), days, 0.0, u=u)[0, 0]
    net = birth - death
    parent = 1e9 * math.exp((net - u * birth) * days)
    np.testing.assert_allclose(after[0], parent, rtol=1e-5)
    np.testing.assert_allclose(after[1], 1e9 * u * birth * days * math.exp(net * days), rtol=1e-4)


def test_oracle_small_clones_have_kendalls_extinction_probability() -> None:
    """5,000 single cells over 40 days; two-sided z < 4 (false-alarm probability 6e-5). Kendall 1948."""
    birth, death, days, n = 0.14, 0.1, 40, 5000
    cells = np.zeros((2, n, 2))
    cells[0, :, 0] = 1.0
    left = run(cells, constant(birth, death), days, 1e4)[0, :, 0]
    growth = math.exp((birth - death) * days)
    extinct = death * (growth - 1) / (birth * growth - death)
    z = ((left == 0).mean() - extinct) / math.sqrt(extinct * (1 - extinct) / n)
    assert abs(z) < 4
    variance = (birth + death) / (birth - death) * growth * (growth - 1)
    assert abs(left.mean() - growth) / math.sqrt(variance / n) < 4


def test_oracle_stochastic_and_deterministic_means_agree_with_switching_and_mutation() -> None:
    """4,000 lesions of 1,000 cells over 63 days; each mean within 4.5 standard errors (false-alarm probability 7e-6)."""
    n, rates = 4000, constant(0.14, 0.15, 0.01, 0.02, 0.01)
    cells = np.zeros((2, n, 2))
    cells[0, :, 0] = 1000.0
    small = run(cells, rates, 63, 1e4, u=1e-3)
    mean = run(cells[:, :1], rates, 63, 0.0, u=1e-3)[:, 0]
    for phenotype in range(2):
        for genotype in range(2):
            sample = small[phenotype, :, genotype]
            error = sample.std() / math.sqrt(n)
            assert (
                abs(sample.mean() - mean[phenotype, genotype])
                < 4.5 * error + 2e-3 * mean[phenotype, genotype]
            )


def test_property_the_handover_size_does_not_move_the_mean() -> None:
    """2,000 lesions of 3,000 cells, stochastic or handed over: means agree within 4.5 standard errors."""
    n, rates = 2000, constant(0.14, 0.12)
    cells = np.zeros((2, n, 2))
    cells[0, :, 0] = 3000.0
    exact, handed = run(cells, rates, 42, 1e9)[0, :, 0], run(cells, rates, 42, 1e3)[0, :, 0]
    assert abs(exact.mean() - handed.mean()) < 4.5 * exact.std() / math.sqrt(n)


def test_unit_an_empty_lesion_stays_empty() -> None:
    assert run(np.zeros((2, 1, 2)), constant(0.14, 0.1), 100, 1e4, u=1e-3).sum() == 0.0


def pulsed(days: int) -> Array:
    """Rates of every day, (days, RATE_ROWS, 2), that kill for three days of 21 and let grow in between."""
    rates = np.repeat(constant(0.14, 0.1, 0.004, 0.01, 0.02)[None], days, axis=0)
    rates[np.arange(days) % 21 < 3, DEATH] += 0.2
    rates[:, BIRTH, 1] *= 0.9
    assert rates.shape[1] == RATE_ROWS
    return rates


def test_oracle_crowded_lesions_follow_the_logistic_system() -> None:
    """Pulsed rates, N/K from 0.004 to 0.07, 126 days: cells within 2e-4, a fifth of the aim of the course, of LSODA at rtol 1e-10."""
    from scipy.integrate import solve_ivp

    days, capacity, u = 126, 1e12, 1e-6
    rates = pulsed(days)
    cells = np.zeros((2, 3, 2))
    cells[0, :, 0] = 4e9, 1.5e10, 5e10
    cells[1, :, 0] = 1e8
    after = run(cells, rates, days, 0.0, u=u, capacity=capacity)

    def slope(time: float, y: Array, day: int) -> Array:
        c, q = y[:2], y[2:]
        birth, death, enter, leave, fade = rates[day]
        divisions = birth * (1 - y.sum() / capacity) * c
        grown = divisions * (1 - np.array([u, 0.0])) + np.array([0.0, u * divisions[0]])
        return np.concatenate([grown - (death + enter) * c + leave * q, enter * c - (fade + leave) * q])

    for lesion in range(3):
        y = np.concatenate([cells[0, lesion], cells[1, lesion]])
        for day in range(days):
            y = solve_ivp(slope, (day, day + 1), y, args=(day,), method="LSODA", rtol=1e-10, atol=1e-3).y[
                :, -1
            ]
        np.testing.assert_allclose(after[:, lesion].sum(), y.sum(), rtol=2e-4)
        np.testing.assert_allclose(after[0, lesion, 1], y[1], rtol=3e-3)


def test_property_a_stretch_may_be_split_anywhere() -> None:
    rates = pulsed(84)
    cells = np.zeros((2, 1, 2))
    cells[0, 0, 0] = 2e9
    long = run(cells, rates, 84, 0.0, u=1e-6, capacity=1e12)
    short = run(cells, rates, 84, 0.0, u=1e-6, capacity=1e12, longest=1)
    np.testing.assert_allclose(long.sum(), short.sum(), rtol=1e-4)
    np.testing.assert_allclose(long, short, rtol=3e-3)


def test_oracle_stochastic_and_deterministic_means_agree_under_pulses_and_crowding() -> None:
    """4,000 lesions over 84 days, 5% of the space taken by a large clone, small clones that arise from it.

    The mean of the small clones lies within 4.5 standard errors of the deterministic value (false-alarm probability 7e-6).
    """
    n, u, capacity, rates = 4000, 3e-9, 1e11, pulsed(84)
    cells = np.zeros((2, n, 2))
    cells[0, :, 0], cells[0, :, 1] = 5e9, 40.0
    small = run(cells, rates, 84, 1e5, u=u, capacity=capacity)[:, :, 1].sum(axis=0)
    mean = run(cells[:, :1], rates, 84, 0.0, u=u, capacity=capacity)[:, 0, 1].sum()
    assert abs(small.mean() - mean) < 4.5 * small.std() / math.sqrt(n)
    assert small.std() > 0.1 * mean


def test_oracle_small_clones_that_switch_have_the_moments_of_the_two_type_process() -> None:
    """40,000 clones of three cells over 42 days in one stretch: mean and variance of all cells within 4.5 standard errors.

    The moments solve dm/dt = A m and dS/dt = A S + S A' + sum of rate x jump jump' (van Kampen, Stochastic Processes, ch. VIII).
    """
    from scipy.integrate import solve_ivp

    birth, death, enter, leave, fade, days, n = 0.14, 0.12, 0.03, 0.05, 0.02, 42, 40_000
    drift = np.array([[birth - death - enter, leave], [enter, -leave - fade]])
    jumps = [
        ((1, 0), 0, birth),
        ((-1, 0), 0, death),
        ((-1, 1), 0, enter),
        ((1, -1), 1, leave),
        ((0, -1), 1, fade),
    ]

    def slope(_: float, y: Array) -> Array:
        mean, spread = y[:2], y[2:].reshape(2, 2)
        noise = sum(rate * mean[source] * np.outer(jump, jump) for jump, source, rate in jumps)
        return np.concatenate([drift @ mean, (drift @ spread + spread @ drift.T + noise).ravel()])

    moments = solve_ivp(slope, (0, days), [3.0, 0, 0, 0, 0, 0], rtol=1e-9).y[:, -1]
    cells = np.zeros((2, n, 2))
    cells[0, :, 0] = 3.0
    total = run(cells, constant(birth, death, enter, leave, fade), days, 1e9)[:, :, 0].sum(axis=0)
    mean, variance = moments[:2].sum(), moments[2:].sum()
    assert abs(total.mean() - mean) < 4.5 * total.std() / math.sqrt(n) + 2e-3 * mean
    squares = (total - mean) ** 2
    assert abs(squares.mean() - variance) < 4.5 * squares.std() / math.sqrt(n) + 5e-3 * variance


def test_oracle_waning_effects_follow_the_differential_equation() -> None:
    from scipy.integrate import solve_ivp

    treated, rest = constant(0.05, 0.12, 0.02, 0.01, 0.03), constant(0.14, 0.13, 0.001, 0.03, 0.05)
    days, pace = 200, 0.01
    cells = np.zeros((2, 1, 2))
    cells[:, 0, 0] = 1e9, 1e6

    def change(day: float, state: Array) -> Array:
        birth, death, enter, leave, fade = (rest + np.exp(-pace * day) * (treated - rest))[:, 0]
        cycling = (birth - death - enter) * state[0] + leave * state[1]
        return np.array([cycling, enter * state[0] - (fade + leave) * state[1]])

    exact = solve_ivp(change, (0, days), cells[:, 0, 0], rtol=1e-10, atol=1e-3).y[:, -1]
    effect = np.exp(-pace * (np.arange(days) + 0.5))
    after = run(cells, treated, days, 0.0, rest=rest, effect=effect)[:, 0, 0]
    np.testing.assert_allclose(after, exact, rtol=1e-4)
    assert not np.allclose(run(cells, treated, days, 0.0)[:, 0, 0], exact, rtol=0.5)
