"""Compiled partial likelihood of one binary covariate: the work is one pass over the distinct event times."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

CONVERGED = 0
NO_INFORMATION = 1
INFINITE = 2
NOT_CONVERGED = 3
_MAX_ITERATIONS = 30
_TOLERANCE = 1e-9


@njit(cache=True)
def event_table(
    time: NDArray[np.float64], event: NDArray[np.bool_], treated: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Deaths and numbers at risk at each distinct event time.

    Args:
        time: (n,) times in rising order.
        event: (n,) event flags.
        treated: (n,) whether in the treated arm.

    Returns:
        (k, 4): deaths in control, deaths in treated, at risk in control, at risk in treated.
    """
    table = np.empty((time.size, 4))
    rows = 0
    control, treatment = 0.0, 0.0
    index = time.size - 1
    while index >= 0:
        now = time[index]
        control_deaths, treatment_deaths = 0.0, 0.0
        while index >= 0 and time[index] == now:
            if treated[index]:
                treatment += 1.0
                treatment_deaths += event[index]
            else:
                control += 1.0
                control_deaths += event[index]
            index -= 1
        if control_deaths + treatment_deaths > 0:
            table[rows] = np.array([control_deaths, treatment_deaths, control, treatment])
            rows += 1
    return table[:rows]


@njit(cache=True)
def _derivatives(beta: float, table: NDArray[np.float64], efron: bool) -> tuple[float, float, float]:
    """Log partial likelihood, score and information at a log hazard ratio."""
    ratio = math.exp(beta)
    likelihood, score, information = 0.0, 0.0, 0.0
    for row in range(table.shape[0]):
        control_deaths, treatment_deaths, control, treatment = table[row]
        deaths = control_deaths + treatment_deaths
        likelihood += beta * treatment_deaths
        score += treatment_deaths
        for rank in range(int(deaths)):
            share = rank / deaths if efron else 0.0
            weight = (treatment - share * treatment_deaths) * ratio
            total = control - share * control_deaths + weight
            fraction = weight / total
            likelihood -= math.log(total)
            score -= fraction
            information += fraction * (1.0 - fraction)
    return likelihood, score, information


@njit(cache=True)
def _direction_of_infinity(table: NDArray[np.float64]) -> int:
    """-1 or +1 if the likelihood has no maximum on that side, 2 if it is flat, 0 if it has a maximum."""
    falls_below, falls_above = False, False
    for row in range(table.shape[0]):
        control_deaths, treatment_deaths, control, treatment = table[row]
        if treatment_deaths > 0 and control > 0:
            falls_below = True
        if control_deaths > 0 and treatment > 0:
            falls_above = True
    if falls_below and falls_above:
        return 0
    if falls_below:
        return 1
    return -1 if falls_above else 2


@njit(cache=True)
def fit_two_arm(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    treated: NDArray[np.bool_],
    efron: bool,
) -> tuple[int, float, float, float, float, int]:
    """Newton's method with step halving.

    Args:
        time: (n,) times in rising order.
        event: (n,) event flags.
        treated: (n,) whether in the treated arm.
        efron: Efron's treatment of ties rather than Breslow's.

    Returns:
        Code, log hazard ratio, information, log-likelihood at the estimate and at zero, number of steps.
    """
    table = event_table(time, event, treated)
    side = _direction_of_infinity(table)
    null, score, information = _derivatives(0.0, table, efron)
    if side == 2:
        return NO_INFORMATION, math.nan, math.nan, math.nan, null, 0
    if side != 0:
        return INFINITE, side * math.inf, math.nan, math.nan, null, 0
    beta, likelihood = 0.0, null
    for step in range(1, _MAX_ITERATIONS + 1):
        move = score / information
        proposal, score, information = _derivatives(beta + move, table, efron)
        while not proposal >= likelihood - _TOLERANCE * abs(likelihood):
            move *= 0.5
            proposal, score, information = _derivatives(beta + move, table, efron)
        gain = proposal - likelihood
        beta += move
        likelihood = proposal
        if abs(gain) < _TOLERANCE * (abs(likelihood) + 1.0) and abs(move) < 1e-6:
            return CONVERGED, beta, information, likelihood, null, step
    return NOT_CONVERGED, beta, math.nan, likelihood, null, _MAX_ITERATIONS
