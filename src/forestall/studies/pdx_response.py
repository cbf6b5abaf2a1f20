"""Response of a xenograft as its trial reports it (Gao 2015): volume change at the last day, best and best average response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forestall.knowledge import parameters
from forestall.studies.pdx_effects import Floats
from forestall.studies.pdx_mice import Mice
from forestall.studies.pdx_predict import Prediction


@dataclass(frozen=True)
class Estimate:
    """An expected value with a 90% prediction interval for one mouse, in percent of the first volume."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Response:
    """Response of one model to one treatment, over virtual mice."""

    model: str
    last_change: Estimate
    """Volume change at the mouse's last day."""
    best: Estimate
    """Smallest change from day 10 on."""
    best_average: Estimate
    """Smallest running mean of the change from day 10 on."""
    last_day: float
    """Median last day."""
    growth: float
    """Median growth of the log volume, 1/day."""
    place: float
    """Between the highest single agent (0) and Bliss independence (1); nan for a single agent."""


def respond(prediction: Prediction) -> Response:
    """Summarize one prediction."""
    mice = prediction.mice
    change = 100 * (mice.volumes / prediction.start_volume - 1)
    return Response(
        model=prediction.model,
        last_change=_estimate(change[:, -1]),
        best=_estimate(_best(change, mice)),
        best_average=_estimate(_best(_running_mean(change), mice)),
        last_day=float(np.median(mice.last_day)),
        growth=float(np.median(prediction.rates)),
        place=prediction.place,
    )


def _estimate(values: Floats) -> Estimate:
    low, high = np.quantile(values, [0.05, 0.95])
    return Estimate(float(values.mean()), float(low), float(high))


def _running_mean(change: Floats) -> Floats:
    visits = np.arange(1, change.shape[1] + 1)
    mean: Floats = np.cumsum(change, axis=1) / visits
    return mean


def _best(change: Floats, mice: Mice) -> Floats:
    """Smallest value of each mouse while it was in the study, from the first day that counts (its last value if it left before)."""
    first = parameters.value("xenograft.response_first_day", "day")
    visits = np.arange(mice.days.size)
    inside = visits[None, :] <= mice.last[:, None]
    counts = inside & ((mice.days >= first)[None, :] | (visits[None, :] == mice.last[:, None]))
    smallest: Floats = np.where(counts, change, np.inf).min(axis=1)
    return smallest


def curve(prediction: Prediction, days: Floats) -> Floats:
    """Expected volume (mm^3) on given days, the last volume of mice that have left carried forward."""
    mean = prediction.mice.volumes.mean(axis=0)
    values: Floats = np.interp(days, prediction.mice.days, mean)
    return values


def default_days(prediction: Prediction) -> Floats:
    """Every day until 99% of the mice have left."""
    return np.arange(0.0, np.ceil(np.quantile(prediction.mice.last_day, 0.99)) + 1)
