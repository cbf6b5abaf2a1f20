"""Hill curves fitted to many dose-response series at once.

E(d) = start + (end - start) d^h / (d^h + c^h), with h and c fitted as logarithms, by the Levenberg-Marquardt method. All series of
one call share their doses, so that a screen of thousands of rows takes one pass of array arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 80
LOWEST_END, HIGHEST_END = 0.0, 1.5
"""Bounds on the response at infinite dose, as a fraction of the untreated response."""
_SLOPES = np.log([0.1, 10.0])
_LEAST_LOSS, _LEAST_GAIN, _MOST_DAMPING = 1e-18, 1e-9, 1e6
"""A series is done when its sum of squares is this small, or improves by less than this share, or no damped step helps."""
_BEYOND_DOSES = np.log(1e3)
"""The potency lies within this (natural logarithm) of the doses."""


@dataclass(frozen=True)
class HillCurves:
    """Curves of n series."""

    start: Array
    """(n,) response without the drug."""
    end: Array
    """(n,) response at infinite dose."""
    potency: Array
    """(n,) dose of half effect, in the unit of the doses."""
    slope: Array
    """(n,) Hill coefficient."""

    def at(self, doses: Array) -> Array:
        """Responses (n, m) at doses (m,) or (n, m)."""
        log_dose = np.log(np.broadcast_to(doses, (self.start.size, np.shape(doses)[-1])))
        parameters = np.stack([self.end, np.log(self.potency), np.log(self.slope)], axis=1)
        return _curve(parameters, self.start, log_dose)


def fit_hill(doses: Array, responses: Array, start: Array) -> HillCurves:
    """Fit end, potency and slope of every series; the response without drug is given.

    Args:
        doses: (m,) or (n, m), positive and ascending.
        responses: (n, m).
        start: (n,) response without the drug.

    Returns:
        The curves with the least sum of squares that was found. A flat series keeps its level.

    References:
        Marquardt DW. SIAM J Appl Math 1963;11:431-41, doi:10.1137/0111030.
    """
    log_dose = np.log(np.broadcast_to(doses, responses.shape))
    parameters = _first_guess(log_dose, responses, start)
    damping, open_rows = np.full(len(responses), 1e-2), np.arange(len(responses))
    for _ in range(ROUNDS):
        rows = open_rows
        improved, factor, moved = _round(
            parameters[rows], damping[rows], start[rows], log_dose[rows], responses[rows]
        )
        parameters[rows], damping[rows] = improved, np.clip(damping[rows] * factor, 1e-12, 1e8)
        open_rows = rows[moved]
        if open_rows.size == 0:
            break
    return HillCurves(start, parameters[:, 0], np.exp(parameters[:, 1]), np.exp(parameters[:, 2]))


def _round(
    parameters: Array, damping: Array, start: Array, log_dose: Array, responses: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """One step of every series: parameters, factors on the damping, and which series are still moving."""
    residual = responses - _curve(parameters, start, log_dose)
    loss = (residual**2).sum(axis=1)
    attempt = _bounded(
        parameters + _step(_gradient(parameters, start, log_dose), residual, damping), log_dose
    )
    loss_there = ((responses - _curve(attempt, start, log_dose)) ** 2).sum(axis=1)
    better = loss_there < loss
    gained = loss - loss_there > _LEAST_GAIN * (loss + _LEAST_LOSS)
    moving = np.where(better, gained & (loss_there > _LEAST_LOSS), damping < _MOST_DAMPING)
    return (
        np.where(better[:, None], attempt, parameters),
        np.where(better, 0.2, 5.0),
        moving & (loss > _LEAST_LOSS),
    )


def _first_guess(log_dose: Array, responses: Array, start: Array) -> Array:
    """(n, 3) end, log potency, log slope: the last response, and the dose nearest to half of the way there."""
    end = np.clip(responses[:, -1], LOWEST_END, HIGHEST_END)
    half = (start + responses[:, -1]) / 2
    nearest = np.abs(responses - half[:, None]).argmin(axis=1)
    potency = np.take_along_axis(log_dose, nearest[:, None], axis=1)[:, 0]
    return np.stack([end, potency, np.zeros_like(end)], axis=1)


def _curve(parameters: Array, start: Array, log_dose: Array) -> Array:
    end, potency, slope = parameters.T[:, :, None]
    return np.asarray(start[:, None] + (end - start[:, None]) * _share(potency, slope, log_dose))


def _share(potency: Array, slope: Array, log_dose: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(np.exp(slope) * (potency - log_dose), -500, 500))))


def _gradient(parameters: Array, start: Array, log_dose: Array) -> Array:
    """(n, m, 3) derivatives of the curve."""
    end, potency, slope = parameters.T[:, :, None]
    share, range_ = _share(potency, slope, log_dose), end - start[:, None]
    bend = range_ * share * (1 - share) * np.exp(slope)
    return np.stack([share, -bend, bend * (log_dose - potency)], axis=2)


def _step(slopes: Array, residual: Array, damping: Array) -> Array:
    """(n, 3) the Levenberg-Marquardt step of every series, by Cramer's rule."""
    normal = np.einsum("nmi,nmj->ijn", slopes, slopes)
    force = np.einsum("nmi,nm->in", slopes, residual)
    diagonal = np.einsum("iin->in", normal).copy()
    scale = diagonal + 1e-12 * (1 + diagonal.max(axis=0))
    for i in range(3):
        normal[i, i] += damping * scale[i] + 1e-15
    (a, b, c), (_, d, e), (_, _, f) = normal
    minors = np.array(
        [
            [d * f - e * e, c * e - b * f, b * e - c * d],
            [c * e - b * f, a * f - c * c, b * c - a * e],
            [b * e - c * d, b * c - a * e, a * d - b * b],
        ]
    )
    determinant = a * minors[0, 0] + b * minors[0, 1] + c * minors[0, 2]
    return np.asarray((np.einsum("ijn,jn->in", minors, force) / determinant).T)


def _bounded(parameters: Array, log_dose: Array) -> Array:
    low = np.stack([np.full(len(log_dose), LOWEST_END), log_dose[:, 0] - _BEYOND_DOSES], axis=1)
    high = np.stack([np.full(len(log_dose), HIGHEST_END), log_dose[:, -1] + _BEYOND_DOSES], axis=1)
    parameters[:, :2] = np.clip(parameters[:, :2], low, high)
    parameters[:, 2] = np.clip(parameters[:, 2], *_SLOPES)
    return parameters
