"""What labels print: half-life, and peak, average and trough at steady state.

Doses are `dose` mg every `interval` days by the route of the terms, over `duration` days if they are infused.
All results are arrays (n,), one value a patient. Lag shifts these profiles in time and leaves the values as
they are.
"""

from __future__ import annotations

import numpy as np

from forestall.biology.exposure.disposition import Array, ExponentialTerms
from forestall.biology.exposure.trains import ENDLESS, bolus_train, infusion_train

_GRID = 200
_BISECTIONS = 60


def terminal_half_life(terms: ExponentialTerms) -> Array:
    """Half-life of the slowest exponential (of absorption, if that is slowest).

    Args:
        terms: n patients.

    Returns:
        (n,) days.
    """
    return np.asarray(np.log(2.0) / terms.rate.min(axis=1))


def average_concentration(terms: ExponentialTerms, dose: float, interval: float) -> Array:
    """Average concentration at steady state; times the interval it is the area under one interval.

    Args:
        terms: n patients.
        dose: mg.
        interval: Days between doses.

    Returns:
        (n,) mg/L.
    """
    return np.asarray(dose / interval * (terms.coefficient / terms.rate).sum(axis=1))


def profile(
    terms: ExponentialTerms, dose: float, interval: float, times: Array, duration: float = 0.0
) -> Array:
    """Concentration within one interval at steady state.

    Args:
        terms: n patients.
        dose: mg.
        interval: Days between doses.
        times: (m,) days since the latest dose, 0 to `interval`.
        duration: Days of the infusion, or 0.

    Returns:
        (n, m) mg/L.
    """
    if duration == 0:
        return dose * bolus_train(terms, times, ENDLESS, interval)
    return dose / duration * infusion_train(terms, times, ENDLESS, interval, duration)


def trough_concentration(
    terms: ExponentialTerms, dose: float, interval: float, duration: float = 0.0
) -> Array:
    """Concentration just before a dose, at steady state.

    Args:
        terms: n patients.
        dose: mg.
        interval: Days between doses.
        duration: Days of the infusion, or 0.

    Returns:
        (n,) mg/L.
    """
    return profile(terms, dose, interval, np.array([interval]), duration)[:, 0]


def peak_concentration(terms: ExponentialTerms, dose: float, interval: float, duration: float = 0.0) -> Array:
    """Largest concentration within an interval, at steady state.

    Args:
        terms: n patients.
        dose: mg.
        interval: Days between doses.
        duration: Days of the infusion, or 0.

    Returns:
        (n,) mg/L.
    """
    if duration > 0:
        return profile(terms, dose, interval, np.array([duration % interval]), duration)[:, 0]
    weight = terms.coefficient / -np.expm1(-terms.rate * interval)
    time = _peak_time(terms.rate, weight, interval)
    return np.asarray(dose * (weight * np.exp(-terms.rate * time[:, None])).sum(axis=1))


def _peak_time(rate: Array, weight: Array, interval: float) -> Array:
    """Days after a dose when sum of weight exp(-rate t) is largest: best of a grid, then bisection."""
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, _GRID) * interval])
    value = (weight[:, :, None] * np.exp(-rate[:, :, None] * grid)).sum(axis=1)
    best = value.argmax(axis=1)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, _GRID)]
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        rising = (-rate * weight * np.exp(-rate * middle[:, None])).sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return np.asarray(0.5 * (low + high))
