"""What replicates of a simulated trial say together: the median and a prediction interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from forestall.errors import InputError
from forestall.statistics.estimate import Floats


class Prediction(NamedTuple):
    """The middle and the spread of one quantity over the replicates."""

    median: float
    """Median of the replicates that have a value."""
    lower: float
    """Lower end of the prediction interval."""
    upper: float
    """Upper end of the prediction interval."""
    replicates: int
    """Replicates with a value."""
    missing: int
    """Replicates in which the quantity could not be estimated (NaN)."""


def predict(values: ArrayLike, *, coverage: float = 0.9) -> Prediction:
    """Median and central prediction interval over replicates.

    Args:
        values: (r,) one value per replicate. NaN is counted as missing; an infinite value (a median that was
            not reached) keeps its rank, so the result is infinite where that rank decides.
        coverage: Fraction of replicates inside the interval; 0.9 gives the 5th to the 95th percentile.
    """
    sample = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if sample.ndim != 1:
        raise InputError("replicates form a one-dimensional array", value=sample.shape, allowed="(r,)")
    known = np.sort(sample[~np.isnan(sample)])
    tail = (1 - coverage) / 2
    middle, lower, upper = (_ranked(known, fraction) for fraction in (0.5, tail, 1 - tail))
    return Prediction(middle, lower, upper, known.size, int(sample.size - known.size))


def _ranked(ordered: Floats, fraction: float) -> float:
    """Percentile by linear interpolation between ranks that does not turn infinities into NaN."""
    if not ordered.size:
        return float("nan")
    position = fraction * (ordered.size - 1)
    below = int(position)
    weight = position - below
    if weight < 1e-12:
        return float(ordered[below])
    if not np.isfinite(ordered[below : below + 2]).all():
        return float(ordered[below + 1] if np.isfinite(ordered[below]) else ordered[below])
    return float((1 - weight) * ordered[below] + weight * ordered[below + 1])
