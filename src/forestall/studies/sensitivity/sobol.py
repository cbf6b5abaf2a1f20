"""Sobol's indices of a trial's result, by SALib on a surrogate that is learned from the trial's runs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol as analysis
from SALib.sample import sobol as design

from forestall.statistics.estimate import Estimate
from forestall.studies.sensitivity.coordinates import Coordinate

Floats = NDArray[np.float64]
_WEIGHTS: Final = tuple(10.0**power for power in (-4, -3, -2, -1, 0, 1))
"""Prior variance of a coefficient over that of chance, among which cross-validation chooses."""
_CONSTANT: Final = 1e4
_LEAST_RUNS: Final = 20
_COVERAGE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Index:
    """The part of a result's variance that goes with one number, if all vary independently over what is uncertain of them."""

    name: str
    first: Estimate
    """Of the number alone."""
    total: Estimate
    """Of the number, and of the others through it."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Sobol's indices of one result."""

    quantity: str
    indices: tuple[Index, ...]
    """The largest total first."""
    explained: float
    """Share of the variance of runs that the surrogate predicts without having seen them."""
    runs: int


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A quadratic polynomial of the deviates, its coefficients shrunk as cross-validation wants it."""

    coefficients: Floats
    explained: float

    def __call__(self, deviates: Floats) -> Floats:
        """(N,) results at (N, k) deviates."""
        return np.asarray(_terms(deviates)[0] @ self.coefficients)


def learn(deviates: Floats, results: Floats) -> Surrogate:
    """The surrogate that predicts runs best that it has not seen (each left out in turn, in closed form).

    Args:
        deviates: (n, k) of the runs, in standard deviations.
        results: (n,) finite.
    """
    terms, order = _terms(deviates)
    best: tuple[float, Floats] | None = None
    for linear, square in itertools.product(_WEIGHTS, _WEIGHTS):
        prior = np.array([_CONSTANT, linear, square])[order]
        covariance = (terms * prior) @ terms.T
        inverse = np.linalg.inv(covariance + np.eye(len(results)))
        missed = float(np.mean((inverse @ results / np.diag(inverse)) ** 2))
        if best is None or missed < best[0]:
            best = missed, prior * (terms.T @ (inverse @ results))
    assert best is not None
    return Surrogate(best[1], 1 - best[0] / float(results.var()))


def _terms(deviates: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """(n, terms) and the order of each: 0 for the constant, 1, or 2."""
    count = deviates.shape[1]
    rows, columns = np.triu_indices(count)
    mixed = deviates[:, rows] * deviates[:, columns] - (rows == columns)
    order = np.repeat([0, 1, 2], [1, count, mixed.shape[1]])
    return np.hstack([np.ones((len(deviates), 1)), deviates, mixed]), order


def decompose(
    coordinates: Sequence[Coordinate], deviates: Floats, results: Floats, quantity: str, size: int, seed: int
) -> Decomposition | None:
    """Sobol's indices of one result.

    Args:
        coordinates: The k numbers.
        deviates: (n, k) of the runs, in standard deviations from the center.
        results: (n,) NaN where there is none.
        quantity: Name of the result.
        size: Base sample, a power of two; the surrogate is evaluated size * (k + 2) times.
        seed: Of the sample and of the bootstrap.

    Returns:
        None with too few runs, or if the result does not vary.

    References:
        Saltelli A, et al. Comput Phys Commun 2010;181:259-270, doi:10.1016/j.cpc.2009.09.018.
    """
    known = np.isfinite(results)
    if known.sum() < _LEAST_RUNS or np.ptp(results[known]) == 0:
        return None
    surrogate = learn(deviates[known], results[known])
    problem = _problem(coordinates)
    sample = np.asarray(design.sample(problem, size, calc_second_order=False, seed=seed), np.float64)
    found = analysis.analyze(
        problem, surrogate(sample), calc_second_order=False, conf_level=_COVERAGE, seed=seed
    )
    columns = (np.asarray(found[name], np.float64) for name in ("S1", "S1_conf", "ST", "ST_conf"))
    indices = [
        Index(one.name, _estimate(first, half), _estimate(total, wide))
        for one, first, half, total, wide in zip(coordinates, *columns, strict=True)
    ]
    ordered = tuple(sorted(indices, key=lambda index: -index.total.value))
    return Decomposition(quantity, ordered, surrogate.explained, int(known.sum()))


def _estimate(value: float, half_width: float) -> Estimate:
    return Estimate(float(value), float(value - half_width), float(value + half_width))


def _problem(coordinates: Sequence[Coordinate]) -> dict[str, object]:
    return {
        "num_vars": len(coordinates),
        "names": [one.name for one in coordinates],
        "bounds": [[0.0, 1.0]] * len(coordinates),
        "dists": ["norm"] * len(coordinates),
    }
