"""Trajectories 64 to a machine word: continuous time in symmetric sweeps, and synchronous updates.

A step of length h lets every node follow its rule for h/2, one after the other with the others held, forward and then backward
(Strang 1968: the error is of second order in h). Within its turn a node takes the value of its rule with probability
1 - exp(-rate h/2), drawn for every trajectory. Trajectories come in blocks of 512, and the numbers of a block depend on seed,
block, sweep and node alone: several perturbations are run beside each other on the same numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.bits import count_ones, inlined
from forestall.engine.boolean.network import Floats, Gates, Integers, Ints, Starts, Words
from forestall.engine.boolean.starts import draw_outcome
from forestall.engine.kernels import kernel, kernel_with
from forestall.engine.purposes import Purpose
from forestall.engine.random import STEP, mix, next_uniform, open_stream

BLOCK = 512
"""Trajectories that share a stream."""
BLOCK_WORDS = BLOCK // 64
LEVELS = 32
"""Binary digits of a probability."""

_ALL = np.uint64(2**64 - 1)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_STRIDE = np.uint64(BLOCK_WORDS * int(STEP) % 2**64)
"""From one digit of a block's numbers to the next."""
_INITIAL, _CLAMPS, _SWEEP = int(Purpose.LOGICAL_START), int(Purpose.LOGICAL_CLAMP), int(Purpose.LOGICAL_SWEEP)

Rows = NDArray[np.uint64]
"""(rows, perturbations, words)"""


class Sweeps(NamedTuple):
    """The steps between two observations; probabilities have 32 binary digits, 2^32 for certainty."""

    full_steps: int
    full: Integers
    """(n, 2) probabilities of half a step, up and down."""
    rest: Integers
    """(n, 2) those of the last, shorter step; all 0 if there is none."""


class SlicedClamps(NamedTuple):
    """What is held, by node."""

    start: Integers
    """(n + 1,) first entry of each node."""
    perturbation: Ints
    value: NDArray[np.uint8]
    fraction: Floats


class SlicedCounts(NamedTuple):
    """Trajectories in which something holds."""

    nodes: Ints
    """(k,) nodes to count."""
    marginal: Integers
    """(ticks + 1, perturbations, k)"""
    joint_nodes: Ints
    """(j,) nodes whose joint states are counted."""
    joint: Integers
    """(ticks + 1, perturbations, 2^j), or (0, 0, 0)."""


@inlined
def _join(
    rows: Rows, first: int, first_mask: np.uint64, second: int, second_mask: np.uint64, into: int
) -> None:
    """One gate in all lanes."""
    for which in range(rows.shape[1]):
        for word in range(rows.shape[2]):
            rows[into, which, word] = (rows[first, which, word] ^ first_mask) & (
                rows[second, which, word] ^ second_mask
            )


@inlined
def _follow(rows: Rows, rule: int, mask: np.uint64, up: Words, down: Words, node: int) -> None:
    """Turn lanes on where the rule holds and `up` is drawn, and off where it does not and `down` is drawn."""
    for which in range(rows.shape[1]):
        for word in range(rows.shape[2]):
            wanted, before = rows[rule, which, word] ^ mask, rows[node, which, word]
            rows[node, which, word] = (wanted & (before | up[word])) | (~wanted & before & ~down[word])


@kernel
def _evaluate(gates: Gates, node: int, rows: Rows) -> None:
    """Compute the gates of a node in all lanes."""
    for gate in range(gates.start[node], gates.start[node + 1]):
        _join(
            rows, gates.first[gate], gates.first_mask[gate], gates.second[gate], gates.second_mask[gate], gates.into[gate]
        )  # fmt: skip


@inlined
def _draw_bits(bits: Words, keys: Words, visit: int, probability: int) -> None:
    """Bits that are 1 with a probability, from its binary digits, the lowest first."""
    level = 0
    while level < LEVELS and probability >> level & 1 == 0:
        level += 1
    at = np.uint64(visit * LEVELS + level) * _STRIDE
    for word in range(bits.shape[0]):
        bits[word] = mix(keys[word] + at) if level < LEVELS else _ALL if probability > 0 else _ZERO
    for digit in range(level + 1, LEVELS):
        at += _STRIDE
        if probability >> digit & 1 == 1:
            for word in range(bits.shape[0]):
                bits[word] |= mix(keys[word] + at)
        else:
            for word in range(bits.shape[0]):
                bits[word] &= mix(keys[word] + at)


@kernel
def _hold(rows: Rows, node: int, clamps: SlicedClamps, held: Rows) -> None:
    """Put the clamped lanes of a node to their values."""
    for entry in range(clamps.start[node], clamps.start[node + 1]):
        which = clamps.perturbation[entry]
        value = _ALL if clamps.value[entry] == 1 else _ZERO
        for word in range(rows.shape[2]):
            mask = held[entry, 0, word]
            rows[node, which, word] = (rows[node, which, word] & ~mask) | (value & mask)


@kernel
def _step(
    gates: Gates, rows: Rows, probability: Integers, visit: int, keys: Words, clamps: SlicedClamps, held: Rows,
    up: Words, down: Words,
) -> int:  # fmt: skip
    """A sweep forward and a sweep backward; returns the number of the next visit."""
    nodes = probability.shape[0]
    start, first, second, into = gates.start, gates.first, gates.second, gates.into
    first_mask, second_mask, result, result_mask = (
        gates.first_mask,
        gates.second_mask,
        gates.result,
        gates.result_mask,
    )
    clamp_start = clamps.start
    for turn in range(2 * nodes):
        node = turn if turn < nodes else 2 * nodes - 1 - turn
        chance_up, chance_down = probability[node, 0], probability[node, 1]
        if chance_up == 0 and chance_down == 0:
            continue
        _draw_bits(up, keys, visit + turn, chance_up)
        if chance_down == chance_up:
            for word in range(up.shape[0]):
                down[word] = up[word]
        else:
            _draw_bits(down, keys, visit + turn, chance_down)
        for gate in range(start[node], start[node + 1]):
            _join(rows, first[gate], first_mask[gate], second[gate], second_mask[gate], into[gate])
        _follow(rows, result[node], result_mask[node], up, down, node)
        if clamp_start[node] < clamp_start[node + 1]:
            _hold(rows, node, clamps, held)
    return int(visit + 2 * nodes)


@kernel
def _begin(
    gates: Gates,
    starts: Starts,
    clamps: SlicedClamps,
    seed: int,
    first_block: int,
    rows: Rows,
    held: Rows,
    keys: Words,
) -> None:
    """Initial states, keys of the blocks, and lanes in which each clamp holds."""
    stream = np.empty(2, np.uint64)
    nodes = starts.state.shape[0]
    rows[:] = _ZERO
    for node in range(nodes):
        if starts.state[node] == 1:
            rows[node] = _ALL
    for lane in range(64 * rows.shape[2]):
        open_stream(stream, seed, first_block * BLOCK + lane, _INITIAL, 0)
        _draw_start(starts, rows, lane, stream)
    for which in range(1, rows.shape[1]):
        for node in range(nodes):
            rows[node, which] = rows[node, 0]
    for word in range(keys.shape[0]):
        open_stream(stream, seed, first_block + word // BLOCK_WORDS, _SWEEP, 0)
        keys[word] = (stream[0] ^ stream[1]) + np.uint64(word % BLOCK_WORDS) * STEP
    for node in range(nodes):
        for entry in range(clamps.start[node], clamps.start[node + 1]):
            _draw_held(clamps.fraction[entry], node, seed, first_block, held[entry, 0])
        _hold(rows, node, clamps, held)


@kernel
def _draw_start(starts: Starts, rows: Rows, lane: int, stream: Words) -> None:
    word, bit = lane >> 6, _ONE << np.uint64(lane & 63)
    for group in range(starts.node_start.shape[0] - 1):
        at = draw_outcome(starts, group, stream)
        for member in range(starts.node_start[group], starts.node_start[group + 1]):
            if starts.value[at] == 1:
                rows[starts.node[member], 0, word] |= bit
            at += 1


@kernel
def _draw_held(fraction: float, node: int, seed: int, first_block: int, held: Words) -> None:
    if fraction >= 1.0:
        held[:] = _ALL
        return
    stream = np.empty(2, np.uint64)
    held[:] = _ZERO
    for lane in range(64 * held.shape[0]):
        open_stream(stream, seed, first_block * BLOCK + lane, _CLAMPS, node)
        if next_uniform(stream) < fraction:
            held[lane >> 6] |= _ONE << np.uint64(lane & 63)


@kernel
def _count(rows: Rows, counts: SlicedCounts, tick: int, lanes: int) -> None:
    """Add up the first `lanes` trajectories."""
    for which in range(rows.shape[1]):
        for column in range(counts.nodes.shape[0]):
            node = counts.nodes[column]
            total = _ZERO
            for word in range(rows.shape[2]):
                total += count_ones(rows[node, which, word] & _valid(word, lanes))
            counts.marginal[tick, which, column] += np.int64(total)
        if counts.joint.shape[0] > 0:
            _count_joint(rows, counts, tick, which, lanes)


@kernel
def _valid(word: int, lanes: int) -> np.uint64:
    left = lanes - 64 * word
    if left >= 64:
        return _ALL
    return _ZERO if left <= 0 else (_ONE << np.uint64(left)) - _ONE


@kernel
def _count_joint(rows: Rows, counts: SlicedCounts, tick: int, which: int, lanes: int) -> None:
    for lane in range(lanes):
        state = 0
        for place in range(counts.joint_nodes.shape[0]):
            word = rows[counts.joint_nodes[place], which, lane >> 6]
            state |= int(word >> np.uint64(lane & 63) & _ONE) << place
        counts.joint[tick, which, state] += 1


@kernel_with(nogil=True)
def run_sweeps(
    gates: Gates, starts: Starts, clamps: SlicedClamps, perturbations: int, sweeps: Sweeps, counts: SlicedCounts,
    seed: int, first_block: int, blocks: int, trajectories: int,
) -> None:  # fmt: skip
    """Run some blocks of trajectories under some perturbations, in continuous time.

    Args:
        gates: Rules.
        starts: Initial states.
        clamps: What each perturbation holds.
        perturbations: Number of perturbations, run beside each other on the same numbers.
        sweeps: The steps between two observations.
        counts: Receives the counts.
        seed: Seed of the run.
        first_block: Number of the first block.
        blocks: Number of blocks.
        trajectories: How many trajectories of these blocks count.
    """
    words = blocks * BLOCK_WORDS
    rows = np.zeros((gates.rows, perturbations, words), np.uint64)
    held = np.zeros((clamps.value.shape[0], 1, words), np.uint64)
    keys, up, down = np.zeros(words, np.uint64), np.zeros(words, np.uint64), np.zeros(words, np.uint64)
    _begin(gates, starts, clamps, seed, first_block, rows, held, keys)
    _count(rows, counts, 0, trajectories)
    visit = 0
    for tick in range(1, counts.marginal.shape[0]):
        for _ in range(sweeps.full_steps):
            visit = _step(gates, rows, sweeps.full, visit, keys, clamps, held, up, down)
        visit = _step(gates, rows, sweeps.rest, visit, keys, clamps, held, up, down)
        _count(rows, counts, tick, trajectories)


@kernel_with(nogil=True)
def run_in_step(
    gates: Gates, starts: Starts, clamps: SlicedClamps, perturbations: int, counts: SlicedCounts,
    seed: int, first_block: int, blocks: int, trajectories: int,
) -> None:  # fmt: skip
    """Run some blocks of trajectories with all nodes updated at once; arguments as for `run_sweeps`."""
    words = blocks * BLOCK_WORDS
    nodes = starts.state.shape[0]
    rows = np.zeros((gates.rows, perturbations, words), np.uint64)
    after = np.zeros((nodes, perturbations, words), np.uint64)
    held = np.zeros((clamps.value.shape[0], 1, words), np.uint64)
    _begin(gates, starts, clamps, seed, first_block, rows, held, np.zeros(words, np.uint64))
    _count(rows, counts, 0, trajectories)
    for tick in range(1, counts.marginal.shape[0]):
        for node in range(nodes):
            _evaluate(gates, node, rows)
            for which in range(perturbations):
                for word in range(words):
                    after[node, which, word] = rows[gates.result[node], which, word] ^ gates.result_mask[node]
        rows[:nodes] = after
        for node in range(nodes):
            _hold(rows, node, clamps, held)
        _count(rows, counts, tick, trajectories)
