"""Numba kernels: slow expression, over lanes: what the fast network asks of it, and how it follows.

Arrays are those of `kernel`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall.biology.signaling.compile import CompiledNetwork, Floats
from forestall.biology.signaling.kernel import evaluate
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with


@kernel_with(error_model="numpy", nogil=True)
def drives(net: CompiledNetwork, activity: Floats, driver_gain: Floats, out: Floats) -> None:
    """What the activities ask of each slow expression: the product over its drivers of (1 + gain * H).

    Args:
        net: The compiled network.
        activity: (nodes, lanes).
        driver_gain: (drivers, lanes).
        out: (slow, lanes) the result; at the untreated reference, the `normalizer` of `expression_targets`.
    """
    lower = np.empty(activity.shape[1], activity.dtype)
    for s in range(net.driver_start.size - 1):
        _drive(net, s, activity, driver_gain, out, lower)
        for lane in range(lower.size):
            out[s, lane] /= lower[lane]


@bare_kernel_with(forceinline=True)
def _drive(net: CompiledNetwork, s: int, activity: Any, driver_gain: Any, out: Any, lower: Any) -> None:
    """The product over the drivers of one slow expression as a fraction, out[s] / lower."""
    source, power, bottom, top, negated = net.driver
    one = activity.dtype.type(1)
    for lane in range(lower.size):
        out[s, lane] = one
    for lane in range(lower.size):
        lower[lane] = one
    for d in range(net.driver_start[s], net.driver_start[s + 1]):
        zero, slope = activity.dtype.type(0), top[d]
        if negated[d]:
            zero, slope = bottom[d], one - top[d]
        for lane in range(lower.size):
            v = activity[source[d], lane]
            if power[d] == 2:
                v = v * v
            elif power[d] == 3:
                v = v * v * v
            elif power[d] == 4:
                v = (v * v) * (v * v)
            below = v + bottom[d]
            lower[lane] *= below
            out[s, lane] *= below + driver_gain[d, lane] * (zero + slope * v)


@kernel_with(error_model="numpy", nogil=True)
def expression_targets(
    net: CompiledNetwork,
    activity: Floats,
    base_expression: Floats,
    driver_gain: Floats,
    normalizer: Floats,
    target: Floats,
) -> None:
    """Where each slow expression is heading: base * drive / drive at the patient's untreated reference.

    Args:
        net: The compiled network.
        activity: (nodes, lanes).
        base_expression: (nodes, lanes) expression of the lane's genotype at rest.
        driver_gain: (drivers, lanes).
        normalizer: (slow, lanes) from `drives` at the untreated reference of the lane's patient.
        target: (slow, lanes) the result.
    """
    lower = np.empty(activity.shape[1], activity.dtype)
    expression_targets_with(net, activity, base_expression, driver_gain, normalizer, target, lower)


@bare_kernel
def expression_targets_with(
    net: CompiledNetwork,
    activity: Floats,
    base_expression: Floats,
    driver_gain: Floats,
    normalizer: Floats,
    target: Floats,
    lower: Floats,
) -> None:
    """`expression_targets` with the caller's scratch memory, (lanes,)."""
    for s in range(net.slow_node.size):
        _drive(net, s, activity, driver_gain, target, lower)
        node = net.slow_node[s]
        for lane in range(lower.size):
            target[s, lane] *= base_expression[node, lane] / (normalizer[s, lane] * lower[lane])


@kernel_with(error_model="numpy", nogil=True)
def rest_state(
    net: CompiledNetwork,
    base_expression: Floats,
    floor: Floats,
    term_weight: Floats,
    driver_gain: Floats,
    activity: Floats,
    normalizer: Floats,
) -> int:
    """The untreated state at base expression, and the normalizers that make it a state of rest.

    Args:
        net: The compiled network.
        base_expression: (nodes, lanes).
        floor: (nodes, lanes).
        term_weight: (terms, lanes).
        driver_gain: (drivers, lanes).
        activity: (nodes, lanes) the untreated activities.
        normalizer: (slow, lanes) the result; a subclone uses that of its patient's truncal lane.

    Returns:
        Number of unconverged lanes, as `evaluate`.
    """
    untreated = np.ones(activity.shape, activity.dtype)
    unconverged = evaluate(net, base_expression, floor, term_weight, untreated, activity)
    drives(net, activity, driver_gain, normalizer)
    return int(unconverged)


@kernel_with(error_model="numpy", nogil=True)
def relax(target: Floats, decay: Floats, slow: Floats) -> None:
    """Advance slow expression, in place, exactly for a constant target.

    Args:
        target: (slow, lanes).
        decay: (slow,) exp(-step / tau).
        slow: (slow, lanes).
    """
    for s in range(slow.shape[0]):
        keep, aim, state = decay[s], target[s], slow[s]
        for lane in range(state.size):
            state[lane] = aim[lane] + keep * (state[lane] - aim[lane])


@kernel_with(error_model="numpy", nogil=True)
def place_slow(net: CompiledNetwork, slow: Floats, base_expression: Floats, expression: Floats) -> None:
    """Assemble expression (nodes, lanes): slow states (slow, lanes) where there are any, else the base."""
    for i in range(net.slow_of_node.size):
        s = net.slow_of_node[i]
        expression[i, :] = base_expression[i] if s < 0 else slow[s]


@kernel_with(error_model="numpy", nogil=True)
def correct(target_before: Floats, target_after: Floats, correction: Floats, slow: Floats) -> None:
    """Second-order correction after `relax` with `target_before` (exponential Runge-Kutta).

    Args:
        target_before: (slow, lanes) targets at the start of the step.
        target_after: (slow, lanes) targets at the state that `relax` reached.
        correction: (slow,) (exp(-z) - 1 + z) / z with z = step / tau.
        slow: (slow, lanes) in place.
    """
    for s in range(slow.shape[0]):
        weight, before, after, state = correction[s], target_before[s], target_after[s], slow[s]
        for lane in range(state.size):
            state[lane] += weight * (after[lane] - before[lane])
