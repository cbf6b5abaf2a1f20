"""How much better than simpler predictions, with intervals from models drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forestall.studies.pdx_check import LeftOut, rank
from forestall.studies.pdx_effects import Floats

RESAMPLES: Final = 500
_Measure = Callable[[Floats, Floats], float]


@dataclass(frozen=True)
class Difference:
    """A difference between two predictions, with a 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """The model's score minus that of a simpler prediction, for the volume change at the last day."""

    over: str
    rank_correlation: Difference
    """Of Spearman's correlations; positive is better."""
    mean_absolute_error: Difference
    """% of the first volume; negative is better."""


def gains(found: LeftOut, *, seed: int) -> list[Gain]:
    """Compare left-out predictions with simpler ones of the same arms.

    The arms of one model resemble each other, so whole models are drawn with replacement (cluster bootstrap; Davison and Hinkley 1997,
    section 3.8); the interval is that of percentiles.

    Args:
        found: Left-out predictions.
        seed: Seed of the resampling.
    """
    draws = _resampled_arms(found.model, np.random.Generator(np.random.Philox([seed, RESAMPLES])))
    simpler = {
        "the treatment's mean over the other models": found.treatment_mean,
        "exponential growth to the true last day": found.plain_growth,
    }
    return [
        Gain(
            name,
            _difference(found.seen, found.expected, other, rank, draws),
            _difference(found.seen, found.expected, other, _mean_absolute_error, draws),
        )
        for name, other in simpler.items()
    ]


def _resampled_arms(model: Sequence[str], random: np.random.Generator) -> list[list[int]]:
    """Positions of the arms of as many models as there are, drawn with replacement."""
    arms_of: dict[str, list[int]] = {}
    for arm, name in enumerate(model):
        arms_of.setdefault(name, []).append(arm)
    groups = list(arms_of.values())
    chosen = random.integers(0, len(groups), (RESAMPLES, len(groups)))
    return [[arm for group in row for arm in groups[group]] for row in chosen]


def _difference(
    seen: Floats, ours: Floats, other: Floats, measure: _Measure, draws: Sequence[Sequence[int]]
) -> Difference:
    again = [measure(seen[row], ours[row]) - measure(seen[row], other[row]) for row in map(list, draws)]
    low, high = np.quantile(again, [0.025, 0.975])
    return Difference(measure(seen, ours) - measure(seen, other), float(low), float(high))


def _mean_absolute_error(seen: Floats, expected: Floats) -> float:
    return float(np.abs(expected - seen).mean())
