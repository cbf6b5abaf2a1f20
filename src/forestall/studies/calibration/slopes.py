"""What is known of a slope before an arm's own simulations are looked at: what the same variable does in other trials.

Slopes of one variable differ between trials, but not by much: faster growth shortens progression-free survival everywhere. Every
slope is first found for itself, with the variance of its chance; their mean over the trials and what they differ by beyond chance
are the prior of each (empirical Bayes; method of moments, DerSimonian and Laird 1986, doi 10.1016/0197-2456(86)90046-2). Few patients
are simulated per set, and the smoother follows chance in a slope as it follows the slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from forestall.studies.calibration.logistic import fit, variances

Array = NDArray[np.float64]
Outcome = Literal["survival", "response"]
Key = tuple[Outcome, bytes]
"""What a slope is of: the outcome, and the weights of the variable."""
LINEAR_SD: Final = 0.7
"""Prior standard deviation of the slope of a variable that few trials have, on the logit scale; by cross-validation over
sets of an earlier calibration."""
CONSTANT_SD: Final = 10.0
"""Of the constant; assumed, like the next four."""
_LOOSE_SD: Final = 2.0
"""Of a slope that is to be found for itself."""
_LEAST_SD: Final = 0.05
"""Between trials, so that an arm's own simulations always count."""
_ENOUGH_TRIALS: Final = 3
_TELLING: Final = (0.12, 0.88)
"""Mean shares between which slopes are compared: those nearer to none or all tell little."""


@dataclass(frozen=True)
class Slope:
    """Prior of a slope, on the logit scale."""

    center: float
    sd: float


UNKNOWN: Final = Slope(0.0, LINEAR_SD)


@dataclass(frozen=True)
class Column:
    """One outcome of one arm in all sets."""

    trial: str
    outcome: Outcome
    variables: Array
    """(N, F)."""
    weights: Array
    """(F, P) that the variables are made with."""
    share: Array
    """(N,); NaN where there is none."""
    patients: Array
    """(N,) behind each."""

    @property
    def keys(self) -> list[Key]:
        """Of each variable."""
        return [(self.outcome, np.round(row, 6).tobytes()) for row in self.weights]


def common_slopes(columns: Iterable[Column]) -> dict[Key, Slope]:
    """The prior of each slope that enough trials have.

    Args:
        columns: Of every arm.
    """
    found: dict[Key, dict[str, list[tuple[float, float]]]] = {}
    for column in columns:
        if _tells(column):
            for key, slope in zip(column.keys, _alone(column), strict=True):
                found.setdefault(key, {}).setdefault(column.trial, []).append(slope)
    return {key: _over_trials(trials) for key, trials in found.items() if len(trials) >= _ENOUGH_TRIALS}


def _tells(column: Column) -> bool:
    known = np.isfinite(column.share) & (column.patients > 0)
    low, high = _TELLING
    if not known.any():
        return False
    return bool(low < np.average(column.share[known], weights=column.patients[known]) < high)


def _alone(column: Column) -> list[tuple[float, float]]:
    """The slopes of a column by itself, with their variances."""
    terms = np.hstack([np.ones((len(column.variables), 1)), column.variables])
    precision = 1 / np.square([CONSTANT_SD, *[_LOOSE_SD] * column.variables.shape[1]])
    coefficients = fit(terms, column.share, column.patients, precision)
    chance = variances(terms, column.share, column.patients, precision, coefficients)
    return list(zip(coefficients[1:].tolist(), chance[1:].tolist(), strict=True))


def _over_trials(trials: Mapping[str, list[tuple[float, float]]]) -> Slope:
    """Mean and spread over trials; arms and times of a trial have the same patients and count as one, with one's chance."""
    each = np.array([np.mean(slopes, axis=0) for slopes in trials.values()])
    slope, chance = each[:, 0], each[:, 1]
    between = max(_LEAST_SD**2, float(slope.var(ddof=1) - chance.mean()))
    return Slope(float(np.average(slope, weights=1 / (chance + between))), between**0.5)
