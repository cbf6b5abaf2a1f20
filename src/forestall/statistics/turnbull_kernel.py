"""Compiled likelihood maximization for Turnbull's estimate: a patient covers a run of adjacent intervals."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MAX_ITERATIONS = 5000


@njit(cache=True)
def _log_likelihood(reached: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> float:
    total = 0.0
    for patient in range(first.size):
        probability = reached[last[patient] + 1] - reached[first[patient]]
        if probability <= 0.0:
            return -math.inf
        total += math.log(probability)
    return total


@njit(cache=True)
def _cumulated(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    reached = np.zeros(mass.size + 1)
    for index in range(mass.size):
        reached[index + 1] = reached[index] + mass[index]
    return reached


@njit(cache=True)
def _gradient(
    reached: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Derivative of the log-likelihood by each mass, (k,)."""
    change = np.zeros(reached.size)
    for patient in range(first.size):
        inverse = 1.0 / (reached[last[patient] + 1] - reached[first[patient]])
        change[first[patient]] += inverse
        change[last[patient] + 1] -= inverse
    return np.cumsum(change)[:-1]


@njit(cache=True)
def isotonic(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted least-squares fit by a sequence that never falls (pool adjacent violators)."""
    level, weight, width = np.empty(values.size), np.empty(values.size), np.empty(values.size, dtype=np.int64)
    blocks = 0
    for index in range(values.size):
        level[blocks], weight[blocks], width[blocks] = values[index], weights[index], 1
        blocks += 1
        while blocks > 1 and level[blocks - 2] >= level[blocks - 1]:
            both = weight[blocks - 2] + weight[blocks - 1]
            level[blocks - 2] = (
                weight[blocks - 2] * level[blocks - 2] + weight[blocks - 1] * level[blocks - 1]
            ) / both
            weight[blocks - 2] = both
            width[blocks - 2] += width[blocks - 1]
            blocks -= 1
    fitted = np.empty(values.size)
    position = 0
    for block in range(blocks):
        fitted[position : position + width[block]] = level[block]
        position += width[block]
    return fitted


@njit(cache=True)
def _minorant_step(
    reached: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Newton step with a diagonal Hessian on the cumulated masses, kept monotone, halved until it gains."""
    slope, curvature = np.zeros(reached.size), np.zeros(reached.size)
    for patient in range(first.size):
        low, high = first[patient], last[patient] + 1
        inverse = 1.0 / (reached[high] - reached[low])
        slope[high] += inverse
        slope[low] -= inverse
        curvature[high] += inverse * inverse
        curvature[low] += inverse * inverse
    inner = slice(1, reached.size - 1)
    target = isotonic(reached[inner] + slope[inner] / curvature[inner], curvature[inner])
    proposal = reached.copy()
    proposal[inner] = np.minimum(np.maximum(target, 0.0), 1.0)
    before = _log_likelihood(reached, first, last)
    for _ in range(40):
        if _log_likelihood(proposal, first, last) >= before:
            return proposal
        proposal = 0.5 * (proposal + reached)
    return reached


@njit(cache=True)
def fit_masses(
    first: NDArray[np.int64], last: NDArray[np.int64], intervals: int, tolerance: float
) -> tuple[NDArray[np.float64], float, float]:
    """Masses that maximize the likelihood of patients who each cover the intervals first to last.

    Args:
        first: (n,) first interval inside each patient's own.
        last: (n,) last interval inside it.
        intervals: Number of intervals k.
        tolerance: Largest shortfall of the log-likelihood that is accepted.

    Returns:
        Masses (k,), log-likelihood, and the bound on the shortfall.
    """
    mass = np.full(intervals, 1.0 / intervals)
    shortfall = math.inf
    for _ in range(_MAX_ITERATIONS):
        gradient = _gradient(_cumulated(mass), first, last)
        shortfall = gradient.max() - first.size
        if shortfall <= tolerance:
            break
        mass = mass * gradient / first.size
        mass = np.diff(_minorant_step(_cumulated(mass / mass.sum()), first, last))
    return mass, _log_likelihood(_cumulated(mass), first, last), shortfall
