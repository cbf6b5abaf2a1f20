"""Numba kernels: the fast network, slow expression and drug effects, over lanes.

A lane is one cell population under one exposure: (patient, genotype, exposure). Arrays are (what, lanes),
C-contiguous, lanes last, all of the float type that the network was compiled with. Inner loops run over lanes
and vectorize. Every lane is computed by the same elementwise operations wherever it stands, so a result never
depends on its neighbors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from forestall.biology.signaling.compile import CompiledNetwork, Floats

MAX_SWEEPS = 500
"""Sweeps over a cyclic component before it is called unconverged."""
TOLERANCE = 1e-12
"""Largest change of an activity in one sweep at which a lane has converged (scaled up for float32)."""
DAMPING = 0.5
"""Share of the new value that a sweep over a cyclic component takes; less than one stops ringing."""


@njit(cache=True, error_model="numpy")
def _multiply_hill(
    product: Any, activity: Any, node: Any, power: Any, bottom: Any, top: Any, negated: Any
) -> None:
    """Multiply `product` (lanes,) by a normalized Hill function of activity[node], or by one minus it."""
    one = product.dtype.type(1)
    if negated:
        for lane in range(product.size):
            x = activity[node, lane]
            if power == 2:
                x = x * x
            elif power == 3:
                x = x * x * x
            elif power == 4:
                x = (x * x) * (x * x)
            product[lane] *= one - top * x / (x + bottom)
    elif power == 2:
        for lane in range(product.size):
            x = activity[node, lane]
            x = x * x
            product[lane] *= top * x / (x + bottom)
    else:
        for lane in range(product.size):
            x = activity[node, lane]
            if power == 3:
                x = x * x * x
            elif power == 4:
                x = (x * x) * (x * x)
            product[lane] *= top * x / (x + bottom)


@njit(cache=True, error_model="numpy", nogil=True)
def evaluate(
    net: CompiledNetwork,
    expression: Floats,
    floor: Floats,
    term_weight: Floats,
    node_effect: Floats,
    activity: Floats,
) -> int:
    """The steady state of the fast network at given expression, in place.

    Args:
        net: The compiled network.
        expression: (nodes, lanes) expression; 1 is the reference.
        floor: (nodes, lanes) constitutive part of the input, in [0, 1]; 0 in the wild type.
        term_weight: (terms, lanes) weight of each term, in [0, 1].
        node_effect: (nodes, lanes) product over drugs of (1 - effect * access).
        activity: (nodes, lanes) the result, in [0, 1]; what it held does not matter.

    Returns:
        Number of lanes in which a cyclic component did not converge (0 for an acyclic network).

    Notes:
        A cyclic component is swept, damped, from its basal state; a lane that has converged is left alone.
    """
    lanes = activity.shape[1]
    out, term = np.empty(lanes, activity.dtype), np.empty(lanes, activity.dtype)
    open_lanes, moving = np.empty(lanes, np.bool_), np.empty(lanes, np.bool_)
    basal, term_start, inhibitor_start, factor_start = (
        net.basal,
        net.term_start,
        net.inhibitor_start,
        net.factor_start,
    )
    source, power, bottom, top, negated = net.factor
    component_start, component_cyclic = net.component_start, net.component_cyclic
    one, tiny = activity.dtype.type(1), activity.dtype.type(1e-30)
    damping = activity.dtype.type(DAMPING)
    tolerance = max(TOLERANCE, 8 * np.finfo(activity.dtype).eps)
    unconverged = 0
    for component in range(component_cyclic.size):
        cyclic = component_cyclic[component]
        open_lanes[:] = True
        if cyclic:
            for i in range(component_start[component], component_start[component + 1]):
                activity[i, :] = basal[i]
        for _ in range(MAX_SWEEPS if cyclic else 1):
            moving[:] = False
            for i in range(component_start[component], component_start[component + 1]):
                out[:] = one
                for t in range(term_start[i], term_start[i + 1]):
                    if t == inhibitor_start[i]:
                        _close(out, one - basal[i])
                    for lane in range(lanes):
                        term[lane] = term_weight[t, lane]
                    for f in range(factor_start[t], factor_start[t + 1]):
                        _multiply_hill(term, activity, source[f], power[f], bottom[f], top[f], negated[f])
                    for lane in range(lanes):
                        out[lane] *= one - term[lane]
                if inhibitor_start[i] == term_start[i + 1]:
                    _close(out, one - basal[i])
                for lane in range(lanes):
                    drive = floor[i, lane] + (one - floor[i, lane]) * out[lane]
                    on = expression[i, lane] * drive
                    out[lane] = node_effect[i, lane] * on / (on + (one - drive) + tiny)
                if cyclic:
                    for lane in range(lanes):
                        step = damping * (out[lane] - activity[i, lane])
                        if open_lanes[lane]:
                            activity[i, lane] += step
                            moving[lane] |= abs(step) > tolerance
                else:
                    for lane in range(lanes):
                        activity[i, lane] = out[lane]
            open_lanes[:] = moving
            if not open_lanes.any():
                break
        unconverged += open_lanes.sum()
    return int(unconverged)


@njit(cache=True, error_model="numpy")
def _close(out: Any, off: Any) -> None:
    """Turn the product of (1 - term) over activating terms (lanes,) into their input; `off` is 1 - basal."""
    one = out.dtype.type(1)
    for lane in range(out.size):
        out[lane] = one - off * out[lane]


@njit(cache=True, error_model="numpy", nogil=True)
def drives(net: CompiledNetwork, activity: Floats, driver_gain: Floats, out: Floats) -> None:
    """What the activities ask of each slow expression: the product over its drivers of (1 + gain * H).

    Args:
        net: The compiled network.
        activity: (nodes, lanes).
        driver_gain: (drivers, lanes).
        out: (slow, lanes) the result; at the untreated reference, the `normalizer` of `expression_targets`.
    """
    lanes = activity.shape[1]
    hill = np.empty(lanes, activity.dtype)
    one = activity.dtype.type(1)
    source, power, bottom, top, negated = net.driver
    driver_start = net.driver_start
    for s in range(driver_start.size - 1):
        for lane in range(lanes):
            out[s, lane] = one
        for d in range(driver_start[s], driver_start[s + 1]):
            for lane in range(lanes):
                hill[lane] = driver_gain[d, lane]
            _multiply_hill(hill, activity, source[d], power[d], bottom[d], top[d], negated[d])
            for lane in range(lanes):
                out[s, lane] *= one + hill[lane]


@njit(cache=True, error_model="numpy", nogil=True)
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
    drives(net, activity, driver_gain, target)
    for s in range(net.slow_node.size):
        base, norm, out = base_expression[net.slow_node[s]], normalizer[s], target[s]
        for lane in range(out.size):
            out[lane] *= base[lane] / norm[lane]


@njit(cache=True, error_model="numpy", nogil=True)
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


@njit(cache=True, error_model="numpy", nogil=True)
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


@njit(cache=True, error_model="numpy", nogil=True)
def place_slow(net: CompiledNetwork, slow: Floats, base_expression: Floats, expression: Floats) -> None:
    """Assemble expression (nodes, lanes): slow states (slow, lanes) where there are any, else the base."""
    for i in range(net.slow_of_node.size):
        s = net.slow_of_node[i]
        expression[i, :] = base_expression[i] if s < 0 else slow[s]


@njit(cache=True, error_model="numpy", nogil=True)
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
