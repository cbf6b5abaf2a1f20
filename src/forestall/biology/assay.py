"""How many cells are left after some days in culture, integrated along the course of the slow expression states.

The steps grow geometrically from the moment the drugs are added and are the same for every lane, so that a lane's result never
depends on its neighbors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.culture import Culture, Fates, TreatedLanes, Treatments
from forestall.biology.signaling.compile import Floats
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.slow_states import correct, expression_targets, place_slow, relax
from forestall.errors import ForestallError

Array = NDArray[np.float64]

FIRST_STEP_DAYS, STEP_GROWTH, LONGEST_STEP_DAYS = 0.02, 1.2, 0.3
LANES_AT_ONCE = 1024
"""Enough for long inner loops, few enough for the cache of the processor."""


@dataclass(frozen=True)
class End:
    """Lanes at the end of an assay."""

    log_fold: Array
    """(lanes,) natural logarithm of cells at the end over cells at the start."""
    growth: Array
    """(lanes,) net growth at the end, 1/day."""
    activity: Floats
    """(nodes, lanes)"""
    slow: Floats
    """(slow, lanes) expression before degraders."""


def log_fold_changes(culture: Culture, treatments: Treatments, days: float) -> Array:
    """Natural logarithm of cells at the end over cells at the start, for any number of lanes.

    Args:
        culture: Cell lines and drugs.
        treatments: n lanes.
        days: Length of the assay.

    Returns:
        (n,).
    """
    result = np.empty(treatments.line.size)
    for first in range(0, result.size, LANES_AT_ONCE):
        part = slice(first, first + LANES_AT_ONCE)
        lanes = culture.treated(treatments.part(part))
        result[part] = run_assay(lanes, culture.fates, days).log_fold
    return result


def run_assay(treated: TreatedLanes, fates: Fates, days: float) -> End:
    """Follow lanes from rest, under drugs from day 0 on.

    Args:
        treated: The lanes, few enough for memory.
        fates: Rates of the cells.
        days: Length of the assay.

    Returns:
        The state at the end.

    Raises:
        ForestallError: if a cycle of the network has no stable state.

    Notes:
        Exponential Runge-Kutta of order 2 for the slow states, trapezoids for the growth.
    """
    arrays = treated.network.arrays
    slow: Floats = np.ascontiguousarray(treated.lanes.base_expression[arrays.slow_node])
    activity = _activity(treated, slow)
    growth, total = _growth(treated, fates, activity, slow), np.zeros(slow.shape[1])
    for step in _steps(days):
        z = step / arrays.slow_tau_days
        target = _target(treated, activity)
        relax(target, np.exp(-z), slow)
        correct(target, _target(treated, _activity(treated, slow)), (np.expm1(-z) + z) / z, slow)
        activity = _activity(treated, slow)
        before, growth = growth, _growth(treated, fates, activity, slow)
        total += step * (before + growth) / 2
    return End(total, growth, activity, slow)


def _steps(days: float) -> list[float]:
    steps, now, step = [], 0.0, FIRST_STEP_DAYS
    while now < days:
        steps.append(min(step, days - now))
        now += steps[-1]
        step = min(step * STEP_GROWTH, LONGEST_STEP_DAYS)
    return steps


def _expression(treated: TreatedLanes, slow: Floats) -> Floats:
    expression = np.empty_like(treated.node_effect)
    place_slow(treated.network.arrays, slow, treated.lanes.base_expression, expression)
    return np.asarray(expression * treated.expression_factor)


def _activity(treated: TreatedLanes, slow: Floats) -> Floats:
    return activity_at(treated, _expression(treated, slow), treated.node_effect)


def activity_at(treated: TreatedLanes, expression: Floats, node_effect: Floats) -> Floats:
    """Activities (nodes, lanes) of the fast network at a given expression, under given effects on the nodes.

    Raises:
        ForestallError: if a cycle of the network has no stable state.
    """
    activity = np.empty_like(expression)
    arrays, floor = treated.network.arrays, treated.lanes.floor
    if evaluate(arrays, expression, floor, treated.term_weight, node_effect, activity):
        raise ForestallError("a cycle of the network has no stable state")
    return activity


def _target(treated: TreatedLanes, activity: Floats) -> Floats:
    lanes, target = treated.lanes, np.empty_like(treated.lanes.normalizer)
    given = (lanes.base_expression, lanes.driver_gain, lanes.normalizer)
    expression_targets(treated.network.arrays, activity, *given, target)
    return target


def _growth(treated: TreatedLanes, fates: Fates, activity: Floats, slow: Floats) -> Array:
    """(lanes,) births minus deaths, 1/day: the law of `rates.rates_now`, without effector cells."""
    expression = _expression(treated, slow)
    return growth_at(treated, fates, activity, expression)


def growth_at(treated: TreatedLanes, fates: Fates, activity: Floats, expression: Floats) -> Array:
    """Net growth at given activities and expression under the drugs.

    Args:
        treated: The lanes.
        fates: Rates of the cells.
        activity: (nodes, lanes).
        expression: (nodes, lanes).

    Returns:
        (lanes,) 1/day: (b - t d - c k) P/P0 - (1 - c) k - (1 - t) d - s max(0, 1 - S/S0), with the drives P and S relative to those
        without drugs, the share t of deaths that go with division, the kill rate k of cytotoxics and payloads, and the share c of it
        that needs division.
    """
    arrays = treated.network.arrays
    drive = activity[arrays.proliferation] / treated.reference[0]
    lost = np.maximum(0.0, 1.0 - activity[arrays.survival] / treated.reference[1])
    kill = np.zeros_like(drive)
    for rate, antigen in zip(treated.kill, treated.antigen, strict=True):
        shown = expression[antigen] if antigen >= 0 else np.inf
        kill += rate * _saturating(shown, fates.payload_half)
    turned, kill = fates.death * fates.turnover, fates.kill_factor * kill
    return np.asarray(
        (fates.birth - turned - fates.cycle_killing * kill) * drive
        - (1.0 - fates.cycle_killing) * kill
        - (fates.death - turned)
        - fates.signal_death * lost
    )


def _saturating(shown: Array | float, half: float) -> Array | float:
    return 1.0 / (1.0 + half / np.maximum(shown, 1e-300))
