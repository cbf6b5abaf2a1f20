"""Numba kernels: slow expression, over lanes: what the fast network asks of it, and how it follows.

Arrays are those of `kernel`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall.biology.signaling.compile import CompiledNetwork, Floats
from forestall.biology.signaling.kernel import evaluate, raised
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with
from forestall.engine.vectors import WIDTH, load, spread, store


@kernel_with(error_model="numpy", nogil=True)
def drives(net: CompiledNetwork, activity: Floats, driver_gain: Floats, out: Floats) -> None:
    """What the activities ask of each slow expression: the product over its drivers of (1 + gain * H).

    Args:
        net: The compiled network.
        activity: (nodes, lanes).
        driver_gain: (drivers, lanes).
        out: (slow, lanes) the result; at the untreated reference, the `normalizer` of `expression_targets`.
    """
    for s in range(net.driver_start.size - 1):
        for first in range(0, activity.shape[1], WIDTH):
            upper, lower = _drive(net, s, first, activity, driver_gain)
            store(out, (s, first), upper / lower)


@bare_kernel_with(forceinline=True)
def _drive(net: CompiledNetwork, s: int, first: int, activity: Any, driver_gain: Any) -> tuple[Any, Any]:
    """The product over the drivers of one slow expression in sixteen lanes, as a fraction."""
    driver, one = net.driver, activity.dtype.type(1)
    upper, lower = spread(one), spread(one)
    for d in range(net.driver_start[np.uint32(s)], net.driver_start[np.uint32(s + 1)]):
        k = np.uint32(d)
        v = raised(load(activity, (driver.node[k], first)), driver.power[k])
        below = v + driver.bottom[k]
        lower = lower * below
        upper = upper * (below + load(driver_gain, (d, first)) * (driver.zero[k] + driver.slope[k] * v))
    return upper, lower


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
    write_targets(net, activity, base_expression, driver_gain, normalizer, target)


@bare_kernel
def write_targets(
    net: CompiledNetwork,
    activity: Any,
    base_expression: Any,
    driver_gain: Any,
    normalizer: Any,
    target: Any,
) -> None:
    """`expression_targets` for kernels that do not count references."""
    for s in range(net.slow_node.size):
        for first in range(0, activity.shape[1], WIDTH):
            upper, lower = _drive(net, s, first, activity, driver_gain)
            base = load(base_expression, (net.slow_node[s], first))
            store(target, (s, first), upper * (base / (load(normalizer, (s, first)) * lower)))


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
