"""Numba kernels: the steady state of the fast network, over lanes.

A lane is one cell population under one exposure: (patient, genotype, exposure). Arrays are (what, lanes),
C-contiguous, lanes last, all of the float type that the network was compiled with. Sixteen lanes are computed
at once. Every lane is computed by the same elementwise operations wherever it stands, so a result never
depends on its neighbors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.biology.signaling.compile import CompiledNetwork, Floats, HillArrays
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with
from forestall.engine.references import by_reference
from forestall.engine.vectors import WIDTH, load, spread, store, where

MAX_SWEEPS = 500
"""Sweeps over a cyclic component before it is called unconverged."""
TOLERANCE = 1e-12
"""Largest change of an activity in one sweep at which a lane has converged (scaled up for float32)."""
DAMPING = 0.5
"""Share of the new value that a sweep over a cyclic component takes; less than one stops ringing."""


@bare_kernel_with(forceinline=True)
def raised(v: Any, power: Any) -> Any:
    """A vector to a power from 1 to 4."""
    if power == 2:
        return v * v
    if power == 3:
        return v * v * v
    if power == 4:
        return (v * v) * (v * v)
    return v


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
    return evaluate_with(
        by_reference(net), expression, floor, term_weight, node_effect, activity, scratch, flags
    )


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
    one = activity.dtype.type(1)
    for first in range(0, activity.shape[1], WIDTH):
        for i in range(first_node, last_node):
            new = _node(net, i, first, expression, floor, term_weight, node_effect, activity)
            if damping == one:
                store(activity, (i, first), new)
                continue
            store(scratch, (0, first), new)
            for lane in range(first, min(first + WIDTH, activity.shape[1])):
                step = damping * (scratch[0, lane] - activity[i, lane])
                if open_lanes[lane]:
                    activity[i, lane] += step
                    moving[lane] |= abs(step) > tolerance


@bare_kernel_with(forceinline=True)
def _node(
    net: CompiledNetwork,
    i: int,
    first: int,
    expression: Any,
    floor: Any,
    term_weight: Any,
    node_effect: Any,
    activity: Any,
) -> Any:
    """Activity of a node in sixteen lanes.

    What no term reaches is kept as a fraction, `upper` / `lower`, so that a node costs one division, not one per factor.
    """
    one, nothing = activity.dtype.type(1), activity.dtype.type(0)
    # Unsigned: numba looks at every index that has a sign whether it counts from the end, which costs more than the arithmetic.
    here, after = np.uint32(i), np.uint32(i + 1)
    upper, lower = spread(one - net.basal[here]), spread(one)
    for t in range(net.term_start[here], net.inhibitor_start[here]):
        left, below = _rest(net, t, first, activity, term_weight)
        upper, lower = upper * left, lower * below
    upper = lower - upper
    for t in range(net.inhibitor_start[here], net.term_start[after]):
        left, below = _rest(net, t, first, activity, term_weight)
        upper, lower = upper * left, lower * below
    fixed = load(floor, (i, first))
    drive = fixed * lower + (one - fixed) * upper
    on = load(expression, (i, first)) * drive
    whole = on + (lower - drive)
    return load(node_effect, (i, first)) * on / where(whole, nothing, whole, one)


@bare_kernel_with(forceinline=True)
def _rest(net: CompiledNetwork, t: int, first: int, activity: Any, term_weight: Any) -> tuple[Any, Any]:
    """One minus a term, as a fraction: weight times the product of the term's Hill functions H, or of 1 - H.

    With v = activity^power either is (zero + slope v) / (v + bottom).
    """
    factor = net.factor
    begin, end = net.factor_start[np.uint32(t)], net.factor_start[np.uint32(t + 1)]
    above, lower = _hill(factor, np.uint32(begin), first, activity)
    upper = load(term_weight, (t, first)) * above
    for f in range(begin + 1, end):
        above, below = _hill(factor, np.uint32(f), first, activity)
        upper, lower = upper * above, lower * below
    return lower - upper, lower


@bare_kernel_with(forceinline=True)
def _hill(factor: HillArrays, f: Any, first: int, activity: Any) -> tuple[Any, Any]:
    """A factor's H or 1 - H, as a fraction."""
    v = raised(load(activity, (factor.node[f], first)), factor.power[f])
    return factor.zero[f] + factor.slope[f] * v, v + factor.bottom[f]
