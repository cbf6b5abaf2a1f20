"""Random numbers of one sample, by inversion of its uniforms, so that samples of one patient do not disturb each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms

Floats = NDArray[np.float64]
_LESIONS, _MOST_NUMBERS = 1024, 512


class Chance:
    """The stream of one sample."""

    __slots__ = ("_next", "_numbers")

    def __init__(self, seed: int, patient: int, purpose: Purpose, day: float, lesion: int = 0) -> None:
        """Open the stream.

        Args:
            seed: Of the study.
            patient: Number of the patient.
            purpose: Tissue or blood.
            day: Day of the sample.
            lesion: Number of the lesion.
        """
        index = int(day) * _LESIONS + lesion
        self._numbers = uniforms(seed, [patient], purpose, index, size=_MOST_NUMBERS)[0]
        self._next = 0

    def uniform(self, size: int) -> Floats:
        """(size,) uniform numbers."""
        self._next += size
        return np.asarray(self._numbers[self._next - size : self._next], np.float64)

    def normal(self, size: int) -> Floats:
        """(size,) standard normal numbers."""
        return np.asarray(stats.norm.ppf(self.uniform(size)), np.float64)

    def beta(self, mean: float, sd: float) -> float:
        """A beta number of a mean and a standard deviation."""
        size = mean * (1 - mean) / sd**2 - 1
        return float(stats.beta.ppf(self.uniform(1)[0], mean * size, (1 - mean) * size))

    def poisson(self, mean: Floats) -> Floats:
        """Poisson numbers, one for each mean."""
        return np.asarray(stats.poisson.ppf(self.uniform(mean.size), mean), np.float64)

    def binomial(self, trials: Floats, probability: Floats) -> Floats:
        """Binomial numbers, one for each pair."""
        return np.asarray(stats.binom.ppf(self.uniform(trials.size), trials, probability), np.float64)

    def multinomial(self, trials: int, share: Floats) -> Floats:
        """Numbers of trials that fall into each class, (classes,), by one binomial after the other."""
        counts = np.zeros(share.size)
        classes = np.flatnonzero(share > 0)
        left, rest = float(trials), float(share.sum())
        for k in classes[:-1]:
            counts[k] = self.binomial(np.array([left]), np.array([min(1.0, share[k] / rest)]))[0]
            left -= counts[k]
            rest -= share[k]
        counts[classes[-1]] = left
        return counts
