"""Mean and covariance of two phenotypes in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from forestall.engine.branching.pairs import mean_matrix, pair_moments

RATES = [
    (0.14, 0.13, 0.005, 0.01, 0.002),
    (0.14, 0.20, 0.05, 0.02, 0.01),
    (0.0, 0.0, 0.1, 0.0, 0.0),
    (0.2, 0.2, 0.1, 0.1, 0.0),
    (0.3, 0.0, 0.0, 0.2, 0.1),
]


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("cells", [(1.0, 0.0), (0.0, 1.0), (3.0, 2.0)])
@pytest.mark.parametrize("days", [0.5, 10.0, 30.0])
def test_oracle_moments_solve_their_equations(
    rates: tuple[float, ...], cells: tuple[float, float], days: float
) -> None:
    """m' = A m and V' = A V + V A' + D(m), by LSODA at 1e-11."""
    b, d, sleep, wake, death = rates
    matrix = np.array([[b - d - sleep, wake], [sleep, -(wake + death)]])

    def change(_: float, state: np.ndarray) -> np.ndarray:
        mean, spread = state[:2], state[2:].reshape(2, 2)
        moved = sleep * mean[0] + wake * mean[1]
        noise = np.array([[(b + d) * mean[0] + moved, -moved], [-moved, death * mean[1] + moved]])
        return np.concatenate([matrix @ mean, (matrix @ spread + spread @ matrix.T + noise).ravel()])

    end = solve_ivp(change, (0.0, days), [*cells, 0, 0, 0, 0], "LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    assert pair_moments(*cells, *rates, days) == pytest.approx(end[[0, 1, 2, 3, 5]], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("rates", RATES)
def test_property_means_of_two_intervals_multiply(rates: tuple[float, ...]) -> None:
    b, d, *rest = rates
    once, first, second = (np.reshape(mean_matrix(b - d, *rest, days), (2, 2)) for days in (10.0, 3.0, 7.0))
    assert first @ second == pytest.approx(once, rel=1e-12)


def test_property_nothing_is_lost_where_cells_only_switch() -> None:
    """Without division and death the number of cells has no variance."""
    mean_c, mean_t, var_c, both, var_t = pair_moments(1.0, 0.0, 0.0, 0.0, 0.1, 0.05, 0.0, 12.0)
    assert mean_c + mean_t == pytest.approx(1.0, rel=1e-12)
    assert var_c + 2.0 * both + var_t == pytest.approx(0.0, abs=1e-12)
