"""The steady state of slow expression under constant drugs: a short march in time, then a quasi-Newton method.

Arrays are (what, lanes) as in `kernel`. A lane that has settled is left alone, so that a result never depends
on its neighbors.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from forestall.biology.signaling.compile import CompiledNetwork, Floats
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.slow_states import expression_targets, place_slow, relax
from forestall.engine.kernels import kernel_with

SETTLED: Final = 1e-11
"""Relative distance from its target at which a slow state has settled (scaled up for float32)."""
FIRST_STEP: Final = 2.0
"""First step of the march, in units of the shortest time constant."""
LAST_STEP: Final = 2.0
"""The march ends with a step longer than this many of the longest time constant."""
STEP_FACTOR: Final = 4.0
"""Growth of the march's steps."""
MAX_ITERATIONS: Final = 40
"""Quasi-Newton steps before a lane is left to the careful march."""
LONGEST_MOVE: Final = 0.5
"""Largest relative change of a slow state in one quasi-Newton step."""
FARTHEST: Final = 0.5
"""A lane whose quasi-Newton steps end farther than this from the march, relatively, is marched carefully instead."""
CAREFUL_STEPS: Final = 5000
"""Steps of the careful march before a lane is called unsettled."""
CAREFUL_SHARE: Final = 0.3
"""Largest share of its way to the target that a slow state goes in one step of the careful march."""
CAREFUL_GROWTH: Final = 1.1
"""Growth of the careful march's steps."""


class Setting(NamedTuple):
    """What stays constant while slow expression settles."""

    base_expression: Floats
    """(nodes, lanes)"""
    floor: Floats
    """(nodes, lanes)"""
    term_weight: Floats
    """(terms, lanes) after drugs."""
    node_effect: Floats
    """(nodes, lanes)"""
    expression_factor: Floats
    """(nodes, lanes) what degraders leave of the expression."""
    driver_gain: Floats
    """(drivers, lanes)"""
    normalizer: Floats
    """(slow, lanes)"""


@kernel_with(error_model="numpy", nogil=True)
def settle(net: CompiledNetwork, setting: Setting, slow: Floats, activity: Floats) -> int:
    """Relax slow expression to its steady state under constant drugs.

    Four or so exponential steps through real time come near the state that time leads to; Broyden's method then
    converges in a few evaluations. Lanes where it does not, or where it strays from the march (another steady
    state may be nearer to its path), are marched in many small, damped steps.

    Args:
        net: The compiled network.
        setting: Genotypes and drugs.
        slow: (slow, lanes) start in, steady state out.
        activity: (nodes, lanes) the result.

    Returns:
        Number of lanes that did not settle.

    References:
        Broyden CG. A class of methods for solving nonlinear simultaneous equations. Math Comput 1965;19:577.
    """
    start, expression, target = slow.copy(), np.empty_like(activity), np.empty_like(slow)
    tolerance = max(SETTLED, 32 * np.finfo(activity.dtype).eps)
    _march(net, setting, slow, expression, activity, target)
    marched = slow.copy()
    open_lanes = _polish(net, setting, tolerance, slow, expression, activity, target)
    for s in range(slow.shape[0]):
        for lane in range(open_lanes.size):
            open_lanes[lane] |= not abs(slow[s, lane] - marched[s, lane]) <= FARTHEST * marched[s, lane]
    if not open_lanes.any():
        return 0
    for s in range(slow.shape[0]):
        for lane in range(open_lanes.size):
            if open_lanes[lane]:
                slow[s, lane] = start[s, lane]
    return int(_march_carefully(net, setting, tolerance, open_lanes, slow, expression, activity, target))


@kernel_with(error_model="numpy")
def _aim(net: Any, setting: Any, slow: Any, expression: Any, activity: Any, target: Any) -> None:
    """Where the slow states are heading, and the activities at the present ones."""
    place_slow(net, slow, setting.base_expression, expression)
    expression *= setting.expression_factor
    evaluate(net, expression, setting.floor, setting.term_weight, setting.node_effect, activity)
    expression_targets(
        net, activity, setting.base_expression, setting.driver_gain, setting.normalizer, target
    )


@kernel_with(error_model="numpy")
def _march(net: Any, setting: Any, slow: Any, expression: Any, activity: Any, target: Any) -> None:
    """Exponential Euler steps of growing length, from the shortest to beyond the longest time constant."""
    if slow.shape[0] == 0:
        return
    step, end = FIRST_STEP * net.slow_tau_days.min(), LAST_STEP * net.slow_tau_days.max()
    while True:
        _aim(net, setting, slow, expression, activity, target)
        relax(target, np.exp(-step / net.slow_tau_days).astype(slow.dtype), slow)
        if step > end:
            return
        step *= STEP_FACTOR


@kernel_with(error_model="numpy")
def _gaps(scale: Any, slow: Any, target: Any, gap: Any) -> None:
    """Relative distances from the targets."""
    for s in range(slow.shape[0]):
        for lane in range(slow.shape[1]):
            gap[s, lane] = (target[s, lane] - slow[s, lane]) / scale[s, lane]


@kernel_with(error_model="numpy")
def _still_open(tolerance: Any, scale: Any, slow: Any, gap: Any, open_lanes: Any) -> bool:
    """Close the lanes in which every state is at its target; whether any lane is left."""
    for lane in range(open_lanes.size):
        moving = False
        for s in range(slow.shape[0]):
            near = abs(gap[s, lane]) * scale[s, lane] <= tolerance * (abs(slow[s, lane]) + tolerance)
            moving |= not near
        open_lanes[lane] &= moving
    return bool(open_lanes.any())


@kernel_with(error_model="numpy")
def _polish(
    net: Any, setting: Any, tolerance: Any, slow: Any, expression: Any, activity: Any, target: Any
) -> Any:
    """Broyden's method for target(slow) = slow in every lane; returns which lanes (lanes,) are still open."""
    states, lanes = slow.shape
    scale = np.where(slow > 0, slow, slow.dtype.type(1))
    gap, after, move = np.empty_like(slow), np.empty_like(slow), np.empty_like(slow)
    inverse = np.zeros((states, states, lanes), slow.dtype)
    for s in range(states):
        inverse[s, s] = 1
    open_lanes = np.ones(lanes, np.bool_)
    _aim(net, setting, slow, expression, activity, target)
    _gaps(scale, slow, target, gap)
    for _ in range(MAX_ITERATIONS):
        if not _still_open(tolerance, scale, slow, gap, open_lanes):
            break
        _propose(inverse, gap, scale, slow, open_lanes, move)
        _aim(net, setting, slow, expression, activity, target)
        _gaps(scale, slow, target, after)
        _learn(inverse, gap, after, move, open_lanes)
        gap[:, :] = after
    return open_lanes


@kernel_with(error_model="numpy")
def _propose(inverse: Any, gap: Any, scale: Any, slow: Any, open_lanes: Any, move: Any) -> None:
    """Step to where the gaps should vanish, at most a share of each state, and remember the step."""
    states, lanes = gap.shape
    shorten = np.ones(lanes, gap.dtype)
    for i in range(states):
        move[i, :] = 0
        for j in range(states):
            for lane in range(lanes):
                move[i, lane] += inverse[i, j, lane] * gap[j, lane]
        for lane in range(lanes):
            longest = LONGEST_MOVE * slow[i, lane] / scale[i, lane]
            if abs(move[i, lane]) * shorten[lane] > longest:
                shorten[lane] = longest / abs(move[i, lane])
    for i in range(states):
        for lane in range(lanes):
            move[i, lane] *= shorten[lane] if open_lanes[lane] else 0
            slow[i, lane] += move[i, lane] * scale[i, lane]


@kernel_with(error_model="numpy")
def _learn(inverse: Any, gap: Any, after: Any, move: Any, open_lanes: Any) -> None:
    """Broyden's update: the inverse maps the change of the gaps that was seen onto the step that was made."""
    states, lanes = gap.shape
    seen, row = np.zeros((states, lanes), gap.dtype), np.zeros((states, lanes), gap.dtype)
    norm = np.zeros(lanes, gap.dtype)
    for i in range(states):
        for j in range(states):
            for lane in range(lanes):
                seen[i, lane] += inverse[i, j, lane] * (gap[j, lane] - after[j, lane])
                row[j, lane] += move[i, lane] * inverse[i, j, lane]
    for i in range(states):
        for lane in range(lanes):
            norm[lane] += move[i, lane] * seen[i, lane]
    for lane in range(lanes):
        norm[lane] = 1 / norm[lane] if open_lanes[lane] and abs(norm[lane]) > 1e-30 else 0
    for i in range(states):
        for lane in range(lanes):
            seen[i, lane] = (move[i, lane] - seen[i, lane]) * norm[lane]
        for j in range(states):
            for lane in range(lanes):
                inverse[i, j, lane] += seen[i, lane] * row[j, lane]


@kernel_with(error_model="numpy")
def _march_carefully(
    net: Any,
    setting: Any,
    tolerance: Any,
    open_lanes: Any,
    slow: Any,
    expression: Any,
    activity: Any,
    target: Any,
) -> int:
    """March the open lanes in small, damped steps that grow slowly; returns how many did not settle."""
    share = np.empty(slow.shape[0], slow.dtype)
    step = net.slow_tau_days.min() * 0.05
    for _ in range(CAREFUL_STEPS):
        _aim(net, setting, slow, expression, activity, target)
        for s in range(share.size):
            share[s] = min(CAREFUL_SHARE, 1 - np.exp(-step / net.slow_tau_days[s]))
        moving = np.zeros(open_lanes.size, np.bool_)
        for s in range(slow.shape[0]):
            for lane in range(open_lanes.size):
                gap = target[s, lane] - slow[s, lane]
                if open_lanes[lane] and abs(gap) > tolerance * (abs(slow[s, lane]) + tolerance):
                    slow[s, lane] += share[s] * gap
                    moving[lane] = True
        open_lanes[:] = moving
        if not open_lanes.any():
            return 0
        step *= CAREFUL_GROWTH
    return int(open_lanes.sum())
