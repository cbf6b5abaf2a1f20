"""Intervals of a mean over items that come in clusters, such as the comparisons of one trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from forestall.statistics.estimate import UNKNOWN, Estimate

DRAWS = 4000


def bootstrap_mean(
    values: ArrayLike, clusters: Sequence[str], *, coverage: float = 0.9, seed: int = 1
) -> Estimate:
    """The mean with a percentile interval from whole clusters drawn with replacement.

    Args:
        values: (n,) finite numbers.
        clusters: (n,) the cluster of each.
        coverage: Of the interval.
        seed: Seed of the draws.

    Returns:
        The mean; its interval is unknown with fewer than two clusters.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not numbers.size:
        return UNKNOWN
    names, member = np.unique(list(clusters), return_inverse=True)
    total = np.bincount(member, numbers)
    count = np.bincount(member)
    mean = float(numbers.mean())
    if names.size < 2:
        return Estimate(mean, float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).integers(names.size, size=(DRAWS, names.size))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    tail = (1 - coverage) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return Estimate(mean, float(lower), float(upper))
