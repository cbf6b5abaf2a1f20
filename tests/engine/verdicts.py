"""Numeric verdicts of samples against laws.

The seeds are fixed, so a verdict is reproducible; `FALSE_ALARM` is the probability that one verdict would
refuse a correct sampler that had another seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from forestall.statistics.goodness_of_fit import (
    chi_square,
    chi_square_of_counts,
    chi_square_of_two,
    mass_from_generating_function,
)

__all__ = [
    "FALSE_ALARM",
    "chi_square",
    "chi_square_of_counts",
    "chi_square_of_two",
    "mass_from_generating_function",
    "z_limit",
    "z_of_mean",
]

Array = NDArray[np.float64]

FALSE_ALARM = 1e-6


def z_of_mean(sample: Array, mean: float, deviation: float) -> float:
    """Standard normal score of a sample's mean."""
    return float((sample.mean() - mean) / deviation * np.sqrt(sample.size))


def z_limit() -> float:
    """Two-sided bound of a standard normal score at `FALSE_ALARM`."""
    return float(stats.norm.isf(FALSE_ALARM / 2.0))
