"""Clones of a lesion: the stochastic part has the means of the deterministic one, and closed forms hold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.biology.lesions import RATE_ROWS, STEP_DAYS, WORK_ROWS, advance_lesions
from forestall.engine.random import stream

GENOTYPES = 2
EDGES = np.array([[0, 1]], np.int64)


def run(
    cells: NDArray[np.float64],
    rates: NDArray[np.float64],
    days: int,
    handover: float,
    seed: int = 1,
    u: float = 0.0,
) -> NDArray[np.float64]:
    """Advance lesions (2, L, 2) with constant rates per genotype (RATE_ROWS, 2); returns the cells after."""
    lesions = cells.shape[1]
    now = cells.copy()
    work = np.zeros((WORK_ROWS, lesions * (STEP_DAYS + 1)))
    daily = np.empty((RATE_ROWS, lesions * GENOTYPES))
    states = np.stack([stream(seed, lesion, 31, 0) for lesion in range(lesions)])
    every_day = np.repeat(rates[None], STEP_DAYS, axis=0)
    done = 0
    while done < days:
        step = min(STEP_DAYS, days - done)
        advance_lesions(
            now, every_day, np.zeros(lesions, np.int64), step, 1e30, np.array([u, 0.0]), EDGES, np.array([u]),
            handover, states, work, daily,
        )  # fmt: skip
        done += step
    return now


def constant(
    birth: float, death: float, enter: float = 0.0, leave: float = 0.0, fade: float = 0.0
) -> NDArray[np.float64]:
    return np.array([[birth, birth], [death, death], [enter, enter], [leave, leave], [fade, fade]])


def test_oracle_deterministic_clones_follow_the_matrix_exponential() -> None:
    from scipy.linalg import expm

    birth, death, enter, leave, fade = 0.14, 0.3, 0.02, 0.05, 0.03
    cells = np.zeros((2, 1, 2))
    cells[:, 0, 0] = 1e9, 1e6
    after = run(cells, constant(birth, death, enter, leave, fade), 50, 0.0)[:, 0, 0]
    matrix = np.array([[birth - death - enter, leave], [enter, -fade - leave]])
    np.testing.assert_allclose(after, expm(50 * matrix) @ cells[:, 0, 0], rtol=1e-5)


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
