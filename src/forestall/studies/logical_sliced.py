"""Runs on the engines that hold 64 trajectories in a word."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.network import Clamps, Floats, Gates, Starts
from forestall.engine.boolean.sliced import (
    BLOCK,
    LEVELS,
    SlicedClamps,
    SlicedCounts,
    Sweeps,
    run_in_step,
    run_sweeps,
)
from forestall.errors import InputError
from forestall.studies.logical_plan import Array, Plan, Request

FASTEST_HALF_STEP = 0.25
"""Probability with which the fastest node follows its rule in half a step; with two binary digits it costs two numbers."""
_SIGNIFICANT_DIGITS = 10
_MOST_STEPS = 10_000_000
_BLOCKS_AT_ONCE = 8
Integers = NDArray[np.int64]


def run_sliced(request: Request, workers: int) -> tuple[Array, Array]:
    """Sums over all trajectories of node states and joint states, (times, nodes) and (times, 2^k)."""
    sweeps = sweeps_of(request.compiled.rule_rates, request.plan)

    def kernel(
        gates: Gates, starts: Starts, clamps: SlicedClamps, perturbations: int, counts: SlicedCounts,
        seed: int, first_block: int, blocks: int, trajectories: int,
    ) -> None:  # fmt: skip
        run_sweeps(
            gates, starts, clamps, perturbations, sweeps, counts, seed, first_block, blocks, trajectories
        )

    return _run(request, workers, kernel)


def run_synchronous(request: Request, workers: int) -> tuple[Array, Array]:
    """The same with all nodes updated at once."""
    if request.plan.ticks != request.plan.time:
        raise InputError(
            "synchronous steps are observed one by one", field="--tick", fix="use --tick 1 and a whole --time"
        )
    return _run(request, workers, run_in_step)


def refuse_unsuited(plan: Plan) -> None:
    """What these engines cannot do.

    Raises:
        InputError: naming the option.
    """
    if plan.averaged:
        raise InputError(
            "this engine observes states, not means", field="--averaged", fix="use --engine exact"
        )
    if plan.perturb_from > 0.0:
        raise InputError("this engine perturbs from the start", field="--from", fix="use --engine exact")


def _run(request: Request, workers: int, kernel: Callable[..., None]) -> tuple[Array, Array]:
    plan = request.plan
    refuse_unsuited(plan)
    clamps = sliced_clamps([request.clamps], len(request.compiled.model.nodes))
    gates, starts = request.compiled.gates, request.compiled.starts

    def part(first_block: int) -> SlicedCounts:
        counts = counts_of(plan.ticks, 1, request.slots, request.bits)
        left = plan.trajectories - first_block * BLOCK
        blocks = min(_BLOCKS_AT_ONCE, -(-left // BLOCK))
        kernel(gates, starts, clamps, 1, counts, plan.seed, first_block, blocks, min(left, blocks * BLOCK))
        return counts

    firsts = range(0, -(-plan.trajectories // BLOCK), _BLOCKS_AT_ONCE)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, firsts))
    marginal = np.sum([one.marginal[:, 0] for one in parts], axis=0).astype(float)
    if not request.bits:
        return marginal, np.zeros((plan.ticks + 1, 0))
    return marginal, np.sum([one.joint[:, 0] for one in parts], axis=0).astype(float)


def counts_of(ticks: int, perturbations: int, nodes: Sequence[int], joint: Sequence[int]) -> SlicedCounts:
    """Counts at 0."""
    states = np.zeros((ticks + 1, perturbations, 1 << len(joint)) if joint else (0, 0, 0), np.int64)
    marginal = np.zeros((ticks + 1, perturbations, len(nodes)), np.int64)
    return SlicedCounts(np.array(nodes, np.int32), marginal, np.array(joint, np.int32), states)


def sliced_clamps(perturbations: Sequence[Clamps], nodes: int) -> SlicedClamps:
    """Clamps of several perturbations, sorted by node."""
    entries = sorted(
        (int(node), which, int(value), float(fraction))
        for which, clamps in enumerate(perturbations)
        for node, value, fraction in zip(clamps.node, clamps.value, clamps.fraction, strict=True)
    )
    table = np.array(entries, float).reshape(-1, 4)
    start = np.searchsorted(table[:, 0], np.arange(nodes + 1)).astype(np.int64)
    return SlicedClamps(
        start, table[:, 1].astype(np.int32), table[:, 2].astype(np.uint8), np.ascontiguousarray(table[:, 3])
    )


def sweeps_of(
    rates: Floats, plan: Plan, *, ticks: int | None = None, half_step: float = FASTEST_HALF_STEP
) -> Sweeps:
    """Steps between two observations.

    Args:
        rates: (n, 2) rates at which the nodes follow their rules, up and down.
        plan: Time and observations.
        ticks: Number of observations, if not that of the plan.
        half_step: Probability with which the fastest node follows its rule in half a full step.

    Raises:
        InputError: if that takes too many steps.
    """
    fastest = float(rates.max(initial=0.0))
    tick = plan.time / (ticks or plan.ticks)
    length = -2.0 * math.log1p(-half_step) / fastest if fastest > 0.0 else tick
    if plan.time / length > _MOST_STEPS:
        raise InputError("the fastest rate needs too many steps", value=fastest, fix="use --engine exact")
    steps = math.floor(tick / length * (1.0 + 1e-12))
    rest = max(0.0, tick - steps * length)
    return Sweeps(steps, _digits(rates, length), _digits(rates, rest if rest > 1e-9 * tick else 0.0))


def _digits(rates: Floats, length: float) -> Integers:
    """Probabilities of half a step with ten significant binary digits, in units of 2^-32."""
    probability = -np.expm1(-rates * length / 2.0)
    exponent = np.floor(np.log2(np.where(probability > 0.0, probability, 1.0)))
    unit = np.exp2(np.maximum(exponent + 1 - _SIGNIFICANT_DIGITS, -LEVELS))
    rounded = np.round(probability / unit) * unit
    return np.asarray(np.round(rounded * 2.0**LEVELS), np.int64)
