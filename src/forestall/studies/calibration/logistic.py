"""Logistic regression of shares with a normal prior, by Newton's method."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ROUNDS: Final = 25
_LEAST_WEIGHT: Final = 1e-3


def fit(
    terms: Array,
    share: Array,
    patients: Array,
    precision: Array,
    *,
    center: Array | None = None,
    offset: Array | float = 0.0,
) -> Array:
    """(terms,) coefficients of a logistic regression with a normal prior.

    Args:
        terms: (N, terms), the first of them the constant.
        share: (N,) observed shares; NaN where there is none.
        patients: (N,) patients behind each.
        precision: (terms,) of the prior.
        center: (terms,) of the prior; 0 if not given.
        offset: (N,) of the logit.
    """
    middle = np.zeros(terms.shape[1]) if center is None else center
    known = np.isfinite(share) & (patients > 0)
    x, y, n = terms[known], share[known], patients[known]
    shift = x @ middle + np.broadcast_to(offset, share.shape)[known]
    start = (y @ n + 0.5) / (n.sum() + 1.0)
    coefficient = np.zeros(terms.shape[1])
    coefficient[0] = np.log(start / (1 - start)) - (shift.mean() if shift.size else 0.0)
    for _ in range(_ROUNDS):
        mean = logistic(x @ coefficient + shift)
        gradient = x.T @ (n * (y - mean)) - precision * coefficient
        step = np.linalg.solve(_information(x, mean, n, precision), gradient)
        largest = np.abs(x @ step).max(initial=0.0)
        coefficient += step / max(1.0, largest / 2.0)
        if largest < 1e-4:
            break
    return np.asarray(middle + coefficient)


def variances(terms: Array, share: Array, patients: Array, precision: Array, found: Array) -> Array:
    """(terms,) variances of coefficients that `fit` has found, by the curvature of the likelihood.

    Args:
        terms: As for `fit`, like the next three.
        share: (N,).
        patients: (N,).
        precision: (terms,).
        found: (terms,) the coefficients.
    """
    known = np.isfinite(share) & (patients > 0)
    x, n = terms[known], patients[known]
    return np.asarray(np.diag(np.linalg.inv(_information(x, logistic(x @ found), n, precision))))


def _information(x: Array, mean: Array, patients: Array, precision: Array) -> Array:
    weight = patients * np.maximum(mean * (1 - mean), _LEAST_WEIGHT)
    return np.asarray((x.T * weight) @ x + np.diag(precision))


def logistic(logit: Array) -> Array:
    """Shares from logits."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
