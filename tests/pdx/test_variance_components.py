"""The Gaussian mixed model against closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from forestall.statistics.variance_components import (
    Floats,
    covariance,
    fit_variances,
    leave_one_out,
    predict,
)


def one_way(groups: int, size: int, between: float, within: float, seed: int) -> tuple[Floats, Floats]:
    """Balanced one-way data and the matrix that tells who shares a group."""
    random = np.random.default_rng(seed)
    member = np.repeat(np.arange(groups), size)
    y = np.sqrt(between) * random.standard_normal(groups)[member] + np.sqrt(within) * random.standard_normal(
        groups * size
    )
    return y, (member[:, None] == member[None, :]).astype(float)


def test_oracle_variances_are_those_of_the_balanced_analysis_of_variance() -> None:
    # Searle 1992, section 4.4: with a known zero mean the maximum likelihood estimates are
    # within = SSE / (a (n - 1)) and between = (sum n ybar^2 / a - within) / n.
    groups, size = 150, 6
    y, same = one_way(groups, size, between=2.0, within=0.5, seed=3)
    found = fit_variances(
        y, {"group": same, "error": np.ones(y.size)}, np.zeros_like(same), {"group": 1.0, "error": 1.0}
    )
    table = y.reshape(groups, size)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / (groups * (size - 1))
    between = ((size * table.mean(axis=1) ** 2).mean() - within) / size
    # The weak penalty (sd 3 of the logarithm, against about 0.1 from the data) moves them by about 1e-3.
    assert found.variances["error"] == pytest.approx(within, rel=2e-3)
    assert found.variances["group"] == pytest.approx(between, rel=2e-3)


def test_oracle_log_likelihood_is_scipys() -> None:
    y, same = one_way(10, 3, between=1.0, within=1.0, seed=5)
    components = {"group": same, "error": np.ones(y.size)}
    found = fit_variances(y, components, 0.5 * np.ones_like(same), {"group": 1.0, "error": 1.0})
    total = covariance(components, found.variances, 0.5 * np.ones_like(same))
    expected = multivariate_normal(np.zeros(y.size), total).logpdf(y)
    assert found.log_likelihood == pytest.approx(expected, abs=1e-8)


def test_oracle_leaving_one_out_is_conditioning_on_the_rest() -> None:
    y, same = one_way(5, 4, between=1.0, within=0.3, seed=8)
    total = same + 0.3 * np.eye(y.size)
    mean, variance = leave_one_out(y, total)
    for out in range(y.size):
        rest = np.arange(y.size) != out
        weights = np.linalg.solve(total[np.ix_(rest, rest)], total[rest, out])
        assert mean[out] == pytest.approx(weights @ y[rest], abs=1e-10)
        assert variance[out] == pytest.approx(total[out, out] - weights @ total[rest, out], abs=1e-10)


def test_oracle_group_means_are_shrunk_by_the_classic_factor() -> None:
    # n between / (n between + within) of the group's mean.
    groups, size, between, within = 4, 5, 0.8, 2.0
    y, same = one_way(groups, size, between, within, seed=1)
    total = between * same + within * np.eye(y.size)
    cross = between * same[::size]
    mean, spread = predict(y, np.linalg.inv(total), cross, between * np.eye(groups))
    factor = size * between / (size * between + within)
    assert mean == pytest.approx(factor * y.reshape(groups, size).mean(axis=1))
    assert np.diag(spread) == pytest.approx(between * (1 - factor))
