"""An estimate with its confidence interval, and the arrays that statistics speaks in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


class Estimate(NamedTuple):
    """A value and the confidence interval around it.

    NaN means that it cannot be estimated; an infinite time means that it was not reached within follow-up.
    """

    value: float
    """The point estimate."""
    lower: float
    """Lower end of the confidence interval."""
    upper: float
    """Upper end of the confidence interval."""

    @property
    def reached(self) -> bool:
        """Whether the point estimate is a finite number."""
        return math.isfinite(self.value)


UNKNOWN = Estimate(math.nan, math.nan, math.nan)
"""What an empty sample allows to say."""


def normal_quantile(confidence: float) -> float:
    """The half-width of a two-sided normal interval, in standard errors.

    Args:
        confidence: Coverage, between 0 and 1; 0.95 gives 1.96.
    """
    return float(ndtri(0.5 + confidence / 2))
