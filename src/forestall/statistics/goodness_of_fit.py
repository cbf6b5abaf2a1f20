"""Tests of samples of counts against laws, and of two samples against each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def chi_square(categories: NDArray[np.int64], probability: Array) -> float:
    """P value of Pearson's test of categories against their probabilities; rare categories are pooled.

    A category that is next to impossible and was seen gives 0.
    """
    observed = np.bincount(categories, minlength=probability.size).astype(float)
    expected = probability * categories.size
    rare = expected < 10.0
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 1e-3:
        if observed[-1] > 0.0:
            return 0.0
        observed, expected = observed[:-1], expected[:-1]
    statistic = ((observed - expected) ** 2 / expected).sum()
    return float(stats.chi2.sf(statistic, max(1, expected.size - 1)))


def chi_square_of_counts(sample: Array, distribution: Callable[[Array], Array], bins: int = 30) -> float:
    """P value of Pearson's test of counts against a distribution function, in bins of about equal content."""
    edges = np.unique(np.quantile(sample, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    return chi_square(
        np.searchsorted(edges, sample, side="left"), np.diff(distribution(edges), prepend=0.0, append=1.0)
    )


def chi_square_of_two(first: Array, second: Array, bins: int = 20) -> float:
    """P value of the test that two samples of counts have one distribution."""
    both = np.concatenate([first, second])
    edges = np.unique(np.quantile(both, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    table = np.array(
        [np.bincount(np.searchsorted(edges, sample), minlength=edges.size + 1) for sample in (first, second)]
    )
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] == 1:
        return 1.0
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def mass_from_generating_function(
    function: Callable[[NDArray[np.complex128]], NDArray[np.complex128]], size: int
) -> Array:
    """Probabilities of 0 .. size - 1 from a generating function, by Fourier inversion on the unit circle.

    Args:
        function: The generating function.
        size: Large enough that the probability beyond it is negligible.
    """
    circle = np.exp(2j * np.pi * np.arange(size) / size)
    return np.real(np.fft.fft(function(circle)) / size)
