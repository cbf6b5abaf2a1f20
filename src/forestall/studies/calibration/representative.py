"""Which members of an ensemble stand for all of it when only some are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_OF_SQUARES = 0.5
"""Weight of second moments beside means."""


def representative(predicted: Array, members: Array, count: int) -> NDArray[np.int64]:
    """Members whose average is near that of all, whatever number of the first of them is taken.

    The next member is always the one that brings means and mean squares of the chosen ones nearest to those of the ensemble (herding,
    Welling 2009, doi 10.1145/1553374.1553517, of these features): first of what they predict, and with less weight of the unknowns.
    Twenty members at random are off by 0.22 standard deviations in every prediction, and in all folds alike, because folds
    start from the same members.

    Args:
        predicted: (N, D) what each member predicts.
        members: (N, P) deviates of the unknowns.
        count: Members to choose, at most N.

    Returns:
        (count,) rows, in the order of choice.
    """
    features = np.concatenate([_moments(predicted), _moments(members)], axis=1)
    summed, chosen = np.zeros(features.shape[1]), []
    left = np.ones(len(features), np.bool_)
    for number in range(count):
        away = (((summed + features) / (number + 1)) ** 2).sum(axis=1)
        best = int(np.argmin(np.where(left, away, np.inf)))
        chosen.append(best)
        left[best] = False
        summed += features[best]
    return np.array(chosen, np.int64)


def _moments(columns: Array) -> Array:
    """(N, 2 D) columns and their squares as deviations from their means; all columns together weigh the same however many they are."""
    spread = columns.std(axis=0)
    varying = spread > 1e-12 * (1.0 + abs(columns).max(axis=0, initial=0.0))
    z = (columns[:, varying] - columns[:, varying].mean(axis=0)) / spread[varying]
    squares = _OF_SQUARES * (z**2 - 1.0)
    return np.asarray(np.concatenate([z, squares], axis=1) / np.sqrt(max(1, z.shape[1])), np.float64)
