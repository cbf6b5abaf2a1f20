"""Numeric verdicts with a stated probability of refusing a correct engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

FALSE_ALARM = 1e-6
"""Probability that one verdict by P value or standard score refuses a correct engine that has another seed."""


@dataclass(frozen=True)
class Effort:
    """How much is sampled."""

    share: float = 1.0
    """Of the full sample sizes."""
    seed: int = 1

    def of(self, full: int) -> int:
        """A sample size."""
        return max(200, round(full * self.share))


QUICK = Effort(0.05)


@dataclass(frozen=True)
class Verdict:
    """One claim, measured."""

    claim: str
    """What was compared."""
    reference: str
    """Where the expected value comes from."""
    samples: int
    statistic: str
    """Name of the number."""
    value: float
    low: float
    """Smallest value that is accepted."""
    high: float
    """Largest value that is accepted."""
    false_alarm: float
    """Probability that a correct engine is refused; 0 for a comparison without chance."""

    @property
    def passed(self) -> bool:
        """Whether the value is accepted; nan is not."""
        return self.low <= self.value <= self.high


def by_p_value(claim: str, reference: str, samples: int, p: float) -> Verdict:
    """Accepted unless the P value is below `FALSE_ALARM`."""
    return Verdict(claim, reference, samples, "P", p, FALSE_ALARM, 1.0, FALSE_ALARM)


def by_score(claim: str, reference: str, samples: int, scores: Array | float) -> Verdict:
    """Accepted unless one of several standard normal scores is too large for all of them together."""
    values = np.atleast_1d(scores)
    limit = float(stats.norm.isf(FALSE_ALARM / 2.0 / values.size))
    worst = float(values[np.argmax(np.abs(values))])
    return Verdict(
        claim, reference, samples, "Z" if values.size == 1 else "largest Z", worst, -limit, limit, FALSE_ALARM
    )


def share_score(hits: NDArray[np.bool_], expected: Array | float) -> Array:
    """Standard scores of shares of hits along axis 0, against their probabilities."""
    n = hits.shape[0]
    deviation = np.sqrt(np.maximum(np.asarray(expected) * (1.0 - np.asarray(expected)), 1e-300) / n)
    return np.asarray((hits.mean(axis=0) - expected) / deviation)
