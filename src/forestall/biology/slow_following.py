"""Slow expression states over a segment of a day: they follow a target that changes linearly through the segment's two nodes.

The target at a node is predicted from its trend, then found again until it agrees with the slow states that it led to (Gauss
collocation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import CourseModel, PatientRates, copy_rows, moved, rates_now
from forestall.engine.kernels import bare_kernel, bare_kernel_with
from forestall.engine.vectors import WIDTH, larger, load, store

Array = NDArray[np.float64]

TREND_SHARE = 1.0
"""A trend is extrapolated over at most this share of a time constant: beyond it a strong feedback would ring."""
NONE, BENDS, JUMPS = range(3)
"""What doses given at once do to exposure: absorbed ones bend its course, the others make it jump."""
CORRECTED = 1e-4
"""A correction of a slow state by more than this (relative) asks for the rates of the corrected state."""
MOST_CORRECTIONS = 8
"""Corrections at one node."""
EARLY, MIDDLE = 0.5 - np.sqrt(3.0) / 6.0, np.sqrt(3.0) / 3.0
"""The outer legs and the middle leg between the ends and the two nodes of a stretch of time, as shares of it."""


def slow_weights(length: Array, tau_days: Array) -> Array:
    """Weights of `CourseModel.slow_weight`: slow states follow, exactly, a target that changes linearly through two times.

    For the first node these are the start of the segment and the node itself, otherwise the two nodes.

    Args:
        length: (T, S) days of the segments of each template; 0 for none.
        tau_days: (Q,) time constants.

    Returns:
        (T, S, 3, 3, Q)
    """
    days = np.maximum(length, 1e-9)[:, :, None, None]
    until = days * np.array([EARLY, 1.0 - EARLY, 1.0])[:, None]
    earlier, later = (
        days * np.array([0.0, EARLY, EARLY])[:, None],
        days * np.array([EARLY, 1.0 - EARLY, 1.0 - EARLY])[:, None],
    )
    approached = -np.expm1(-until / tau_days)
    ahead = (until - (tau_days + earlier) * approached) / (later - earlier)
    return np.stack([1.0 - approached, approached - ahead, ahead], axis=3)


@bare_kernel_with(forceinline=True)
def _follow(
    model: CourseModel, p: PatientRates, template: int, segment: int, stage: int, earlier: Array, later: Array
) -> None:
    """Put the slow states where they are at a node or at the end of a segment (stage 2), for a target through two values."""
    weight, begin, slow = model.slow_weight, p.begin, p.slow
    for q in range(slow.shape[0]):
        kept, one, two = (
            weight[template, segment, stage, 0, q],
            weight[template, segment, stage, 1, q],
            weight[template, segment, stage, 2, q],
        )
        for first in range(0, slow.shape[1], WIDTH):
            at = (
                kept * load(begin, (q, first))
                + one * load(earlier, (q, first))
                + two * load(later, (q, first))
            )
            # A line through two nodes may pass below 0 at the end.
            store(slow, (q, first), larger(at, 0.0))


@bare_kernel
def turn(p: PatientRates, given: int) -> None:
    """A dose begins now: the target's trend ends; with a jump of exposure its value tells nothing."""
    p.trend[:] = 0.0
    p.turned[0] = max(p.turned[0], given)


@bare_kernel_with(forceinline=True)
def _expect(p: PatientRates, base: Array, days: float) -> None:
    """Predict the target some days after it has a value, from its trend."""
    expected, trend = p.expected, p.trend
    for q in range(expected.shape[0]):
        for first in range(0, expected.shape[1], WIDTH):
            store(expected, (q, first), load(base, (q, first)) + days * load(trend, (q, first)))


@bare_kernel_with(forceinline=True)
def _take_trend(
    model: CourseModel, p: PatientRates, before: Array, days: float, ahead: float, share: float
) -> None:
    """The trend of the target since it had another value.

    Args:
        model: What the arm shares.
        p: The patient, with the target of now.
        before: (Q, lanes) the target before.
        days: Days since then.
        ahead: Days for which the trend will be used.
        share: Of the change that is taken to go on.
    """
    target, trend = p.target, p.trend
    for q in range(trend.shape[0]):
        steady = share / days if ahead < TREND_SHARE * model.network.slow_tau_days[q] else 0.0
        for first in range(0, trend.shape[1], WIDTH):
            store(trend, (q, first), steady * (load(target, (q, first)) - load(before, (q, first))))


@bare_kernel_with(forceinline=True)
def foresee(model: CourseModel, p: PatientRates, node: int, length: float) -> None:
    """Predict the target at a node of a segment."""
    if node == 0:
        _expect(p, p.aim, length * EARLY)
        return
    copy_rows(p.target, p.first)
    # After a dose the target's course bends: it must not be followed further than it is known.
    share = 1.0 if p.turned[0] == NONE else (EARLY / MIDDLE if p.turned[0] == BENDS else 0.0)
    _take_trend(model, p, p.aim, length * EARLY, length * MIDDLE, share)
    p.turned[0] = NONE
    _expect(p, p.first, length * MIDDLE)


@bare_kernel_with(forceinline=True)
def settle(
    model: CourseModel, p: PatientRates, template: int, segment: int, node: int, length: float
) -> None:
    """At a node: its target and rates, found again while the target moves the slow states from where the rates were found.

    Args:
        model: What the arm shares.
        p: The patient, with the target expected at the node.
        template: The template of the day.
        segment: The segment.
        node: The node, 0 or 1.
        length: Days of the segment.
    """
    earlier = p.aim if node == 0 else p.first
    jumped = p.turned[0] == JUMPS
    _follow(model, p, template, segment, node, p.expected if jumped else earlier, p.expected)
    for _ in range(MOST_CORRECTIONS):
        rates_now(model, p, length, False)
        _follow(model, p, template, segment, node, p.target if jumped else earlier, p.target)
        if not moved(p.slow, p.seen_slow, CORRECTED):
            break


@bare_kernel_with(forceinline=True)
def end_segment(model: CourseModel, p: PatientRates, template: int, segment: int, length: float) -> None:
    """Slow states at the end of a segment, by the line through its two targets, and what that line says of the target then."""
    _follow(model, p, template, segment, 2, p.first, p.target)
    aim, target, first_target = p.aim, p.target, p.first
    for q in range(aim.shape[0]):
        for first in range(0, aim.shape[1], WIDTH):
            last = load(target, (q, first))
            store(aim, (q, first), last + EARLY / MIDDLE * (last - load(first_target, (q, first))))
    _take_trend(model, p, p.first, length * MIDDLE, 2.0 * length * EARLY, 1.0)
