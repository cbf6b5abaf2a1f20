"""A Gaussian mixed model with crossed random effects, as a sum of covariance matrices with unknown variances.

    y ~ N(0, sum_k v_k K_k + V_0),

with the K_k known and V_0 fixed (the vague prior of the intercept). Variances are those of the largest marginal likelihood under a
weak lognormal penalty that keeps them off zero and infinity (empirical Bayes); random effects are then best linear unbiased
predictions. Written out because no kept-up package in the dependencies fits crossed effects with structured covariances.

References:
    Searle SR, Casella G, McCulloch CE. Variance Components. Wiley 1992, chapters 6 and 7.
    Rasmussen CE, Williams CKI. Gaussian Processes for Machine Learning. MIT Press 2006, equations 5.8, 5.9 and 5.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

LOG_PENALTY_SD = 3.0
"""Standard deviation of the log variances around their start: three decades are within two of them."""
_SMALLEST, _LARGEST = -12.0, 3.0


@dataclass(frozen=True)
class Fit:
    """Variances of the components and how well they fit."""

    variances: dict[str, float]
    """Component -> variance."""
    log_likelihood: float
    """Marginal log-likelihood, without the penalty."""


def fit_variances(
    y: Floats, components: Mapping[str, Floats], fixed: Floats, start: Mapping[str, float]
) -> Fit:
    """Variances with the largest penalized marginal likelihood.

    Args:
        y: (n,) observations, centered.
        components: Name -> covariance of unit variance, (n, n), or (n,) if diagonal.
        fixed: (n, n) covariance that is known.
        start: Name -> variance to start from, the center of the penalty.

    Returns:
        The fit.
    """
    names = list(components)
    center = np.log([start[name] for name in names])
    matrices = [components[name] for name in names]

    def objective(log_variances: Floats) -> tuple[float, Floats]:
        value, slope = _negative_log_likelihood(y, matrices, fixed, np.exp(log_variances))
        away = (log_variances - center) / LOG_PENALTY_SD
        return value + 0.5 * float(away @ away), slope * np.exp(log_variances) + away / LOG_PENALTY_SD

    bounds = [(_SMALLEST, _LARGEST)] * len(names)
    found = minimize(objective, center, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    variances = np.exp(found.x)
    likelihood = -float(_negative_log_likelihood(y, matrices, fixed, variances)[0])
    return Fit(dict(zip(names, map(float, variances), strict=True)), likelihood)


def _negative_log_likelihood(
    y: Floats, matrices: list[Floats], fixed: Floats, variances: Floats
) -> tuple[float, Floats]:
    total = fixed.copy()
    for matrix, variance in zip(matrices, variances, strict=True):
        _add(total, matrix, variance)
    lower = np.linalg.cholesky(total)
    inverse = np.linalg.inv(total)
    alpha = inverse @ y
    value = 0.5 * float(y @ alpha) + float(np.log(np.diag(lower)).sum()) + 0.5 * y.size * np.log(2 * np.pi)
    gradient = 0.5 * (inverse - np.outer(alpha, alpha))
    slopes = [np.sum(np.diag(gradient) * m) if m.ndim == 1 else np.sum(gradient * m) for m in matrices]
    return value, np.array(slopes)


def covariance(components: Mapping[str, Floats], variances: Mapping[str, float], fixed: Floats) -> Floats:
    """Sum of the components at given variances, and what is fixed."""
    total = fixed.copy()
    for name, matrix in components.items():
        _add(total, matrix, variances[name])
    return total


def _add(total: Floats, matrix: Floats, variance: float) -> None:
    if matrix.ndim == 1:
        total[np.diag_indices_from(total)] += variance * matrix
    else:
        total += variance * matrix


def leave_one_out(y: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Prediction of each observation from all others, at given variances.

    Args:
        y: (n,) observations, centered.
        total: (n, n) their covariance.

    Returns:
        Means and variances, both (n,). The variance is that of a new observation, noise included.
    """
    inverse = np.linalg.inv(total)
    spread = 1 / np.diag(inverse)
    return y - (inverse @ y) * spread, spread


def predict(y: Floats, inverse: Floats, cross: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Posterior of further quantities.

    Args:
        y: (n,) observations, centered.
        inverse: (n, n) inverse of their covariance.
        cross: (m, n) covariance of the further quantities with them.
        prior: (m, m) covariance of the further quantities.

    Returns:
        Mean (m,) and covariance (m, m).
    """
    weights = cross @ inverse
    return weights @ y, prior - weights @ cross.T
