"""Numba kernels: the steady state of the fast network, over lanes.

A lane is one cell population under one exposure: (patient, genotype, exposure). Arrays are (what, lanes),
C-contiguous, lanes last, all of the float type that the network was compiled with. Inner loops run over lanes
and vectorize. Every lane is computed by the same elementwise operations wherever it stands, so a result never
depends on its neighbors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.biology.signaling.compile import CompiledNetwork, Floats
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with

MAX_SWEEPS = 500
"""Sweeps over a cyclic component before it is called unconverged."""
TOLERANCE = 1e-12
"""Largest change of an activity in one sweep at which a lane has converged (scaled up for float32)."""
DAMPING = 0.5
"""Share of the new value that a sweep over a cyclic component takes; less than one stops ringing."""


@bare_kernel_with(forceinline=True)
def _multiply_hill(
    activity: Any, node: Any, power: Any, zero: Any, slope: Any, bottom: Any, upper: Any, lower: Any
) -> None:
    """Multiply a fraction by a Hill function of activity[node], or by one minus it.

    With v = activity^power the function is (zero + slope v) / (v + bottom); fractions are kept as `upper` / `lower` (lanes,
    each), so that a node costs one division, not one per factor.
    """
    for lane in range(upper.size):
        v = activity[node, lane]
        if power == 2:
            v = v * v
        elif power == 3:
            v = v * v * v
        elif power == 4:
            v = (v * v) * (v * v)
        upper[lane] *= zero + slope * v
        lower[lane] *= v + bottom


@bare_kernel_with(forceinline=True)
def _multiply_rest(
    activity: Any,
    node: Any,
    power: Any,
    zero: Any,
    slope: Any,
    bottom: Any,
    weight: Any,
    term: Any,
    upper: Any,
    lower: Any,
) -> None:
    """Multiply a fraction by 1 - weight[term] * H for a term of one factor."""
    if power == 2:
        for lane in range(upper.size):
            v = activity[node, lane]
            v = v * v
            below = v + bottom
            lower[lane] *= below
            upper[lane] *= below - weight[term, lane] * (zero + slope * v)
        return
    for lane in range(upper.size):
        v = activity[node, lane]
        if power == 3:
            v = v * v * v
        elif power == 4:
            v = (v * v) * (v * v)
        below = v + bottom
        lower[lane] *= below
        upper[lane] *= below - weight[term, lane] * (zero + slope * v)


@kernel_with(error_model="numpy", nogil=True)
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
    scratch, flags = (
        np.empty((4, activity.shape[1]), activity.dtype),
        np.empty((2, activity.shape[1]), np.bool_),
    )
    return evaluate_with(net, expression, floor, term_weight, node_effect, activity, scratch, flags)


@bare_kernel
def evaluate_with(
    net: CompiledNetwork,
    expression: Floats,
    floor: Floats,
    term_weight: Floats,
    node_effect: Floats,
    activity: Floats,
    scratch: Floats,
    flags: NDArray[np.bool_],
) -> int:
    """`evaluate` with the caller's scratch memory, (4 or more, lanes) numbers and (2, lanes) flags."""
    start, cyclic = net.component_start, net.component_cyclic
    lanes, one = activity.shape[1], activity.dtype.type(1)
    open_lanes, moving = flags[0], flags[1]
    open_lanes[:] = True
    tolerance = max(TOLERANCE, 8 * np.finfo(activity.dtype).eps)
    unconverged, component = 0, 0
    while component < cyclic.size:
        first = start[component]
        if not cyclic[component]:
            while component < cyclic.size and not cyclic[component]:
                component += 1
            last = start[component]
            _pass(
                net,
                first,
                last,
                expression,
                floor,
                term_weight,
                node_effect,
                activity,
                one,
                open_lanes,
                moving,
                one,
                scratch,
            )
            continue
        component += 1
        last = start[component]
        for i in range(first, last):
            activity[i, :] = net.basal[i]
        for _ in range(MAX_SWEEPS):
            moving[:] = False
            _pass(
                net, first, last, expression, floor, term_weight, node_effect, activity,
                activity.dtype.type(DAMPING), open_lanes, moving, tolerance, scratch,
            )  # fmt: skip
            some = False
            for lane in range(lanes):
                open_lanes[lane] = moving[lane]
                some = some or moving[lane]
            if not some:
                break
        for lane in range(lanes):
            unconverged += 1 if open_lanes[lane] else 0
            open_lanes[lane] = True
    return int(unconverged)


@bare_kernel
def _pass(
    net: CompiledNetwork,
    first_node: int,
    last_node: int,
    expression: Any,
    floor: Any,
    term_weight: Any,
    node_effect: Any,
    activity: Any,
    damping: Any,
    open_lanes: Any,
    moving: Any,
    tolerance: Any,
    scratch: Any,
) -> None:
    """Evaluate some nodes in their order, each from the present activities of those that it reads.

    Args:
        net: The compiled network.
        first_node: The first of them.
        last_node: The one after the last.
        expression: As in `evaluate`.
        floor: As in `evaluate`.
        term_weight: As in `evaluate`.
        node_effect: As in `evaluate`.
        activity: As in `evaluate`.
        damping: Share of the way to its new value that an activity goes.
        open_lanes: (lanes,) which lanes may change; all do if the damping is 1.
        moving: (lanes,) set where an activity changes by more than the tolerance, unless the damping is 1.
        tolerance: The tolerance.
        scratch: (4, lanes).
    """
    lanes = activity.shape[1]
    upper, lower, term_upper, term_lower = scratch[0], scratch[1], scratch[2], scratch[3]
    term_start, inhibitor_start, factor_start = net.term_start, net.inhibitor_start, net.factor_start
    source, power, bottom, top, negated = net.factor
    one, nothing = activity.dtype.type(1), activity.dtype.type(0)
    for i in range(first_node, last_node):
        off = one - net.basal[i]
        for lane in range(lanes):
            upper[lane] = off
        for lane in range(lanes):
            lower[lane] = one
        for t in range(term_start[i], term_start[i + 1]):
            if t == inhibitor_start[i]:
                _close(upper, lower)
            first, last = factor_start[t], factor_start[t + 1]
            for f in range(first, last):
                zero, slope = nothing, top[f]
                if negated[f]:
                    zero, slope = bottom[f], one - top[f]
                if last - first == 1:
                    _multiply_rest(
                        activity, source[f], power[f], zero, slope, bottom[f], term_weight, t, upper, lower
                    )
                    continue
                if f == first:
                    for lane in range(lanes):
                        term_upper[lane] = term_weight[t, lane]
                    for lane in range(lanes):
                        term_lower[lane] = one
                _multiply_hill(activity, source[f], power[f], zero, slope, bottom[f], term_upper, term_lower)
            if last - first > 1:
                for lane in range(lanes):
                    upper[lane] *= term_lower[lane] - term_upper[lane]
                for lane in range(lanes):
                    lower[lane] *= term_lower[lane]
        if inhibitor_start[i] == term_start[i + 1]:
            _close(upper, lower)
        for lane in range(lanes):
            drive = floor[i, lane] * lower[lane] + (one - floor[i, lane]) * upper[lane]
            on = expression[i, lane] * drive
            whole = on + (lower[lane] - drive)
            upper[lane] = node_effect[i, lane] * on / (whole if whole > nothing else one)
        if damping == one:
            for lane in range(lanes):
                activity[i, lane] = upper[lane]
        else:
            for lane in range(lanes):
                step = damping * (upper[lane] - activity[i, lane])
                if open_lanes[lane]:
                    activity[i, lane] += step
                    moving[lane] |= abs(step) > tolerance


@bare_kernel_with(forceinline=True)
def _close(upper: Any, lower: Any) -> None:
    """Turn the fraction of what no activating term reaches into that of what some term reaches."""
    for lane in range(upper.size):
        upper[lane] = lower[lane] - upper[lane]
