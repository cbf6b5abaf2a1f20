"""Trains of equal doses, summed in closed form.

A train is a first dose and its repeats. At any time its concentration depends on the time since its latest
dose and on how many doses have been given; geometric series sum the rest, so a train of a thousand doses
costs as much as one.

All functions take ExponentialTerms of n patients, times of shape (m,), and return arrays of shape (n, m).
"""

from __future__ import annotations

import numpy as np

from forestall.biology.exposure.disposition import Array, ExponentialTerms

ENDLESS = np.inf
"""Number of doses of a train that has run since ever."""
_SAME_TIME = 1e-9
"""Days: a dose counts as given when its time is reached to within this (times are sums of floats)."""


def given_doses(elapsed: Array, interval: float, count: float) -> tuple[Array, Array]:
    """How far a train that started at time 0 has come.

    Args:
        elapsed: (m,) days since the first dose; negative before it.
        interval: Days between doses; ignored if there is one dose only.
        count: Number of doses of the train.

    Returns:
        Days since the latest dose (m,), and number of doses given (m,), 0 before the first.
    """
    if count == 1:
        return np.maximum(elapsed, 0.0), (elapsed >= -_SAME_TIME).astype(float)
    number = np.clip(np.floor((elapsed + _SAME_TIME) / interval) + 1, 0, count)
    since_latest = elapsed - (np.maximum(number, 1) - 1) * interval
    return np.maximum(since_latest, 0.0), number


def bolus_train(
    terms: ExponentialTerms, since_latest: Array, number: Array | float, interval: float
) -> Array:
    """Concentration per mg of each dose, for instantaneous doses.

    Args:
        terms: Response to one dose.
        since_latest: (m,) days since the latest dose.
        number: (m,) doses given so far, or ENDLESS.
        interval: Days between doses.

    Returns:
        (n, m) mg/L per mg: sum over k of c exp(-r t) (1 - exp(-r N I)) / (1 - exp(-r I)).
    """
    total = np.zeros((terms.patients, since_latest.size))
    for rate, coefficient in _columns(terms):
        total += coefficient * np.exp(-rate * since_latest) * _repeats(rate, number, interval)
    return total


def infusion_train(
    terms: ExponentialTerms, since_latest: Array, number: Array | float, interval: float, duration: float
) -> Array:
    """Concentration per mg/day, for infusions that may last longer than the interval between their starts.

    Args:
        terms: Response to one bolus.
        since_latest: (m,) days since the latest infusion started.
        number: (m,) infusions started so far, or ENDLESS.
        interval: Days between starts.
        duration: Days that each infusion lasts, positive.

    Returns:
        (n, m) mg/L per mg/day.

    Notes:
        Of the infusions that were started, the latest R still run. Those contribute R / r less a decaying
        part; the ended ones are a geometric series that starts with the first to have ended.
    """
    running = np.minimum(np.maximum(np.ceil((duration - since_latest) / interval), 0.0), number)
    since_first_ended = np.maximum(since_latest + running * interval - duration, 0.0)
    ended = number - running
    total = np.zeros((terms.patients, since_latest.size))
    for rate, coefficient in _columns(terms):
        still = running - np.exp(-rate * since_latest) * _repeats(rate, running, interval)
        done = (
            np.exp(-rate * since_first_ended) * -np.expm1(-rate * duration) * _repeats(rate, ended, interval)
        )
        total += coefficient / rate * (still + done)
    return total


def after_plateau(terms: ExponentialTerms, since_end: Array) -> Array:
    """Concentration per mg/day after an infusion that had run since ever was stopped.

    Args:
        terms: Response to one bolus.
        since_end: (m,) days since the infusion ended.

    Returns:
        (n, m) mg/L per mg/day.
    """
    total = np.zeros((terms.patients, since_end.size))
    for rate, coefficient in _columns(terms):
        total += coefficient / rate * np.exp(-rate * since_end)
    return total


def _columns(terms: ExponentialTerms) -> list[tuple[Array, Array]]:
    return [(terms.rate[:, [k]], terms.coefficient[:, [k]]) for k in range(terms.rate.shape[1])]


def _repeats(rate: Array, number: Array | float, interval: float) -> Array:
    """Sum of exp(-rate k interval) over k = 0 .. number - 1, exact for small rates and for one dose."""
    series = np.asarray(np.expm1(-rate * interval * number) / np.expm1(-rate * interval))
    return np.where(np.equal(number, 1), 1.0, series)
