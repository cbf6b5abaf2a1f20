"""Exact trajectories of a Boolean network, event by event.

In continuous time a node flips at its present rate, and the next event comes after an exponential time (Gillespie 1977, as in
MaBoSS: Stoll et al. 2012, BMC Syst Biol 6:116). In discrete time one node is chosen per update with fixed odds and takes its
rule's value; updates that change nothing are skipped by a geometric number, which is the same law. Only nodes that can flip are
looked at, so the cost is that of the flips.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.bits import count_ones, inlined, place_of_one
from forestall.engine.boolean.network import (
    Clamps,
    EventNetwork,
    Floats,
    Gates,
    Integers,
    Ints,
    Starts,
    Words,
)
from forestall.engine.boolean.starts import draw_outcome
from forestall.engine.kernels import kernel, kernel_with
from forestall.engine.purposes import Purpose
from forestall.engine.random import STEP, mix, next_uniform, open_stream, uniform_of

_ONE = np.uint64(1)
_INITIAL, _EVENTS, _CLAMPS = (
    int(Purpose.LOGICAL_START),
    int(Purpose.LOGICAL_EVENTS),
    int(Purpose.LOGICAL_CLAMP),
)


class Clock(NamedTuple):
    """How long to run and what to observe."""

    horizon: float
    tick: float
    """Distance of the observations; the horizon is a multiple of it."""
    total_weight: float
    """Of all nodes together in discrete time, where `horizon` and `tick` count updates; 0 for continuous time."""
    averaged: bool
    """Observe the mean over each tick instead of the state at its end."""


class Observed(NamedTuple):
    """What is counted, summed over trajectories; difference arrays along the first axis until they are added up."""

    slot: Ints
    """(n,) column of a node in `marginal`, or -1."""
    marginal: Floats
    """(ticks + 2, outputs)"""
    joint_bit: Integers
    """(n,) what a node adds to the number of the joint state, or 0."""
    joint: Floats
    """(ticks + 2, joint states), or (0, 0) to leave that out."""
    final: Integers
    """(trajectories,) number of the joint state at the end, or (0,) to leave that out."""


class _Work(NamedTuple):
    """The state of one trajectory."""

    state: NDArray[np.uint8]
    """(rows of the gates,) nodes first."""
    place: Ints
    """(n,) where the present rate stands in the tables."""
    code: Integers
    """(n,) code of the present rate."""
    free: Integers
    """(n,) all ones, or 0 for a node that is held."""
    counted: Integers
    """(c,) nodes of each code."""
    members: Words
    """(c, words) which nodes these are, a bit each."""


@kernel
def _new_work(net: EventNetwork, gates: Gates) -> _Work:
    nodes, codes = net.table_start.shape[0], net.rates.shape[0]
    work = _Work(
        np.zeros(gates.rows, np.uint8),
        net.table_start.copy(),
        np.zeros(nodes, np.int64),
        np.full(nodes, -1, np.int64),
        np.zeros(codes, np.int64),
        np.zeros((codes, (nodes + 63) // 64), np.uint64),
    )
    work.counted[0] = nodes
    return work


@kernel
def _copy(source: _Work, into: _Work) -> None:
    into.state[:] = source.state
    into.place[:] = source.place
    into.code[:] = source.code
    into.free[:] = source.free
    into.counted[:] = source.counted
    into.members[:] = source.members


@kernel
def _rule_value(gates: Gates, node: int, state: NDArray[np.uint8]) -> int:
    """Value of a rule that stands in gates."""
    one = np.uint64(1)
    for gate in range(gates.start[node], gates.start[node + 1]):
        first = np.uint64(state[gates.first[gate]]) ^ (gates.first_mask[gate] & one)
        second = np.uint64(state[gates.second[gate]]) ^ (gates.second_mask[gate] & one)
        state[gates.into[gate]] = np.uint8(first & second)
    return int(np.uint64(state[gates.result[node]]) ^ (gates.result_mask[node] & one))


@kernel
def _wide_code(net: EventNetwork, gates: Gates, node: int, state: NDArray[np.uint8]) -> int:
    wanted = _rule_value(gates, node, state)
    if wanted == state[node]:
        return 0
    return int(net.wide_up[node] if wanted == 1 else net.wide_down[node])


@inlined
def _set_code(code: Integers, counted: Integers, members: Words, node: int, new: int) -> None:
    """Change the rate of a node; the same work if it stays, because guessing which would cost more."""
    before = code[node]
    word, bit = node >> 6, _ONE << np.uint64(node & 63)
    code[node] = new
    counted[before] -= 1
    counted[new] += 1
    members[before, word] &= ~bit
    members[new, word] |= bit


@kernel
def _turn(net: EventNetwork, gates: Gates, work: _Work, node: int) -> None:
    """Flip a node and bring the rates that depend on it up to date."""
    sign = 1 - 2 * np.int32(work.state[node])
    work.state[node] ^= np.uint8(1)
    for edge in range(net.target_start[node], net.target_start[node + 1]):
        changed = net.target[edge]
        work.place[changed] += sign * net.target_bit[edge]
        new = _present_code(net, gates, work, changed)
        _set_code(work.code, work.counted, work.members, changed, new)


@inlined
def _present_code(net: EventNetwork, gates: Gates, work: _Work, node: int) -> int:
    if work.free[node] == 0:
        return 0
    if net.table_start[node] >= 0:
        return int(net.codes[work.place[node]])
    return _wide_code(net, gates, node, work.state)


@kernel
def _settle(net: EventNetwork, gates: Gates, starts: Starts, work: _Work) -> None:
    """The state before anything is drawn, with all its rates."""
    nodes = net.table_start.shape[0]
    for node in range(nodes):
        new = _present_code(net, gates, work, node)
        _set_code(work.code, work.counted, work.members, node, new)
    for node in range(nodes):
        if starts.state[node] == 1:
            _turn(net, gates, work, node)


@kernel
def _hold(net: EventNetwork, gates: Gates, work: _Work, node: int, value: int) -> None:
    """Keep a node at a value from now on."""
    work.free[node] = 0
    _set_code(work.code, work.counted, work.members, node, 0)
    if work.state[node] != value:
        _turn(net, gates, work, node)


@kernel
def _draw_start(
    net: EventNetwork, gates: Gates, starts: Starts, work: _Work, stream: NDArray[np.uint64]
) -> None:
    for group in range(starts.node_start.shape[0] - 1):
        at = draw_outcome(starts, group, stream)
        for member in range(starts.node_start[group], starts.node_start[group + 1]):
            node = starts.node[member]
            if work.free[node] != 0 and work.state[node] != starts.value[at]:
                _turn(net, gates, work, node)
            at += 1


@inlined
def _total_rate(rates: Floats, counted: Integers) -> float:
    total = 0.0
    for code in range(1, rates.shape[0]):
        total += rates[code] * counted[code]
    return total


@inlined
def _choose(rates: Floats, counted: Integers, members: Words, total: float, uniform: float) -> int:
    """A node that can flip, with odds in proportion to its rate."""
    left = uniform * total
    code = 1
    while code < rates.shape[0] - 1 and left >= rates[code] * counted[code]:
        left -= rates[code] * counted[code]
        code += 1
    while counted[code] == 0:  # only where rounding ran past the last one
        code -= 1
        left = rates[code] * counted[code]
    rank = np.uint64(min(np.int64(left / rates[code]), counted[code] - 1))
    word = 0
    ones = count_ones(members[code, 0])
    while rank >= ones:
        rank -= ones
        word += 1
        ones = count_ones(members[code, word])
    return 64 * word + place_of_one(members[code, word], int(rank))


@inlined
def _waiting(total_weight: float, total: float, uniform: float) -> float:
    """Time, or number of updates, until the next flip."""
    if total_weight == 0.0:
        return -math.log(uniform) / total
    if total >= total_weight:
        return 1.0
    return 1.0 + math.floor(math.log(uniform) / math.log1p(-total / total_weight))


@inlined
def _add(series: Floats, column: int, ticks: float, sign: float, averaged: bool) -> None:
    """Add a change to a difference array: what comes after it, or, averaged, its share of the tick it falls into."""
    if averaged:
        tick = int(ticks)
        share = tick + 1 - ticks
        series[tick, column] += sign * share
        series[tick + 1, column] += sign * (1.0 - share)
    else:
        series[math.ceil(ticks), column] += sign


@kernel
def _move(observed: Observed, clock: Clock, bit: int, time: float, joint_state: int) -> int:
    """Record that one node of the joint state has flipped; returns the number of the new one."""
    changed = joint_state ^ bit
    if observed.joint.shape[0] > 0:
        _add(observed.joint, joint_state, time / clock.tick, -1.0, clock.averaged)
        _add(observed.joint, changed, time / clock.tick, 1.0, clock.averaged)
    return changed


@kernel
def _note_start(observed: Observed, clock: Clock, state: NDArray[np.uint8]) -> int:
    joint_state = 0
    for node in range(observed.slot.shape[0]):
        if state[node] == 1:
            joint_state |= observed.joint_bit[node]
            if observed.slot[node] >= 0:
                _add(observed.marginal, observed.slot[node], 0.0, 1.0, clock.averaged)
    if observed.joint.shape[0] > 0:
        _add(observed.joint, joint_state, 0.0, 1.0, clock.averaged)
    return joint_state


@kernel
def _is_held(clamps: Clamps, which: int, seed: int, trajectory: int, stream: NDArray[np.uint64]) -> bool:
    """Whether a clamp holds in a trajectory; the number belongs to trajectory and node, whatever else is clamped."""
    if clamps.fraction[which] >= 1.0:
        return True
    open_stream(stream, seed, trajectory, _CLAMPS, clamps.node[which])
    return bool(next_uniform(stream) < clamps.fraction[which])


@kernel
def _clamp(
    net: EventNetwork, gates: Gates, clamps: Clamps, work: _Work, observed: Observed, clock: Clock,
    seed: int, trajectory: int, stream: NDArray[np.uint64], time: float, joint_state: int,
) -> int:  # fmt: skip
    """Begin to hold the clamped nodes; before time 0 (a time below 0) nothing is recorded."""
    for which in range(clamps.node.shape[0]):
        if _is_held(clamps, which, seed, trajectory, stream):
            node = clamps.node[which]
            changes = work.state[node] != clamps.value[which]
            _hold(net, gates, work, node, clamps.value[which])
            if changes and time >= 0.0:
                if observed.slot[node] >= 0:
                    sign = 2.0 * work.state[node] - 1.0
                    _add(observed.marginal, observed.slot[node], time / clock.tick, sign, clock.averaged)
                if observed.joint_bit[node] != 0:
                    joint_state = _move(observed, clock, observed.joint_bit[node], time, joint_state)
    return joint_state


@kernel
def _run_until(
    net: EventNetwork, gates: Gates, work: _Work, observed: Observed, clock: Clock,
    time: float, end: float, joint_state: int, stream: NDArray[np.uint64],
) -> int:  # fmt: skip
    """A trajectory from a time to another; returns the number of its last joint state."""
    state, places, code, free, counted, members = work
    table_start, codes, rates, target_start = net.table_start, net.codes, net.rates, net.target_start
    target, target_bit = net.target, net.target_bit
    slot, marginal, joint_bit = observed.slot, observed.marginal, observed.joint_bit
    tick, averaged, total_weight = clock.tick, clock.averaged, clock.total_weight
    nodes = slot.shape[0]
    counter, key = stream[0], stream[1]
    while counted[0] < nodes:
        total = _total_rate(rates, counted)
        time += _waiting(total_weight, total, uniform_of(mix(mix(counter + STEP) + key)))
        if time > end or (time == end and averaged):
            break
        counter += STEP + STEP
        node = _choose(rates, counted, members, total, uniform_of(mix(mix(counter) + key)))
        sign = 1 - 2 * np.int32(state[node])
        state[node] ^= np.uint8(1)
        for edge in range(target_start[node], target_start[node + 1]):
            changed = target[edge]
            place = places[changed] + sign * target_bit[edge]
            places[changed] = place
            if table_start[changed] >= 0:
                new = np.int64(codes[place]) & free[changed]
            else:
                new = _wide_code(net, gates, changed, state) & free[changed]
            _set_code(code, counted, members, changed, new)
        if slot[node] >= 0:
            _add(marginal, slot[node], time / tick, float(sign), averaged)
        if joint_bit[node] != 0:
            joint_state = _move(observed, clock, joint_bit[node], time, joint_state)
    stream[0] = counter + STEP
    return joint_state


@kernel
def _run(
    net: EventNetwork, gates: Gates, clamps: Clamps, work: _Work, observed: Observed, clock: Clock,
    seed: int, trajectory: int, stream: NDArray[np.uint64], spare: NDArray[np.uint64],
) -> int:  # fmt: skip
    """One trajectory from its initial state to the horizon; returns the number of its last joint state.

    What waits when a clamp begins has no memory, so the waiting time may be drawn anew.
    """
    joint_state = _note_start(observed, clock, work.state)
    time = 0.0
    if clamps.node.shape[0] > 0 and 0.0 < clamps.time <= clock.horizon:
        time = clamps.time
        joint_state = _run_until(net, gates, work, observed, clock, 0.0, time, joint_state, stream)
        joint_state = _clamp(
            net, gates, clamps, work, observed, clock, seed, trajectory, spare, time, joint_state
        )
    return _run_until(net, gates, work, observed, clock, time, clock.horizon, joint_state, stream)


@kernel_with(nogil=True)
def run_trajectories(
    net: EventNetwork,
    gates: Gates,
    starts: Starts,
    clamps: Clamps,
    clock: Clock,
    observed: Observed,
    seed: int,
    first: int,
    count: int,
) -> None:
    """Run trajectories and add what they show to `observed`.

    A trajectory depends on seed and number alone, and shares its numbers with the same trajectory under any other clamps.

    Args:
        net: The network.
        gates: Rules of its nodes as gates; only those of nodes without a table are used.
        starts: Initial states.
        clamps: What is held.
        clock: How long, and when to observe.
        observed: Receives the sums.
        seed: Seed of the run.
        first: Number of the first trajectory.
        count: Number of trajectories.
    """
    template, work = _new_work(net, gates), _new_work(net, gates)
    stream, spare = np.empty(2, np.uint64), np.empty(2, np.uint64)
    _settle(net, gates, starts, template)
    for number in range(count):
        _copy(template, work)
        if clamps.time <= 0.0:
            _clamp(net, gates, clamps, work, observed, clock, seed, first + number, spare, -1.0, 0)
        open_stream(stream, seed, first + number, _INITIAL, 0)
        _draw_start(net, gates, starts, work, stream)
        open_stream(stream, seed, first + number, _EVENTS, 0)
        last = _run(net, gates, clamps, work, observed, clock, seed, first + number, stream, spare)
        if observed.final.shape[0] > 0:
            observed.final[number] = last
