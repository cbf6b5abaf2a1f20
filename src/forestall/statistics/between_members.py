"""What an ensemble's estimates say: their mean, and how far parameter sets differ beyond the chance of finite samples."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Moments(NamedTuple):
    """An ensemble's estimates of one quantity."""

    mean: float
    """Over the members with an estimate; NaN if there is none."""
    spread: float
    """Standard deviation between parameter sets, without that of finite samples."""
    error: float
    """Standard error of the mean."""
    members: int
    """With an estimate."""

    def predictive_sd(self, sampling_variance: float) -> float:
        """Standard deviation of the same quantity in a real sample.

        Args:
            sampling_variance: That of the real sample's estimate.
        """
        return math.sqrt(self.spread**2 + self.error**2 + sampling_variance)


def moments(values: ArrayLike, variances: ArrayLike) -> Moments:
    """Mean and spread by the method of moments.

    Args:
        values: (m,) estimates; NaN where a member gave none.
        variances: (m,) their sampling variances.

    Notes:
        spread^2 = max(0, s^2 - mean variance), with s^2 the variance of the estimates.

    References:
        DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188, doi:10.1016/0197-2456(86)90046-2.
    """
    estimates, noise = np.asarray(values, np.float64), np.asarray(variances, np.float64)
    known = np.isfinite(estimates) & np.isfinite(noise)
    count = int(known.sum())
    if not count:
        return Moments(math.nan, math.nan, math.nan, 0)
    own = float(noise[known].mean())
    between = float(estimates[known].var(ddof=1)) - own if count > 1 else 0.0
    spread = math.sqrt(max(0.0, between))
    error = math.sqrt((spread**2 + own) / count)
    return Moments(float(estimates[known].mean()), spread, error, count)
