"""Runs on the event-driven engine: exact in continuous time, and one random node per update."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from forestall.engine.boolean.exact import Clock, Observed, run_trajectories
from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.studies.logical_plan import Array, Plan, Request

CHUNK = 2048
"""Trajectories whose sums are formed together; sums of chunks are added in their order, whoever computed them."""


def event_clock(compiled: CompiledModel, plan: Plan) -> tuple[CompiledModel, Clock]:
    """The network with the rates of an event-driven engine, and its clock."""
    if plan.engine == "exact":
        return compiled, Clock(float(plan.time), plan.time / plan.ticks, 0.0, plan.averaged)
    model = compiled.model
    weights = _weights(compiled, plan)
    total = math.fsum(weights.values())
    updates = plan.updates_per_step or max(1, math.floor(total / min(weights.values())))
    ruled = {node.name: weights[node.name] for node in model.nodes if not node.is_input}
    clock = Clock(float(plan.time * updates), plan.time * updates / plan.ticks, total, plan.averaged)
    return CompiledModel(model.with_rates(ruled)), clock


def _weights(compiled: CompiledModel, plan: Plan) -> dict[str, float]:
    """Odds of each node to be updated: those of the plan, or else its rate; an input may have a parameter $u_NAME."""
    model = compiled.model
    for name in plan.weights:
        model.find(name, field="weights")
    weights: dict[str, float] = {}
    for node, (up, down) in zip(model.nodes, compiled.rule_rates, strict=True):
        usual = model.parameters.get(f"u_{node.name}", 1.0) if node.is_input else up
        weight = float(plan.weights.get(node.name, usual))
        if node.name not in plan.weights and not node.is_input and up != down:
            raise InputError(
                "the odds of an update cannot differ up and down", field=node.name, value=f"{up} and {down}"
            )
        if not 0.0 < weight < math.inf:
            raise InputError("the odds of an update must be positive", field=node.name, value=weight)
        weights[node.name] = weight
    return weights


def run_events(request: Request, workers: int) -> tuple[Array, Array]:
    """Sums over all trajectories of node states and joint states, (times, nodes) and (times, 2^k)."""
    compiled, clock = event_clock(request.compiled, request.plan)
    clamps = request.clamps._replace(time=request.clamps.time * clock.horizon / request.plan.time)
    arrays = (compiled.events, compiled.gates, compiled.starts, clamps, clock)

    def chunk(first: int, count: int) -> tuple[Array, Array]:
        observed = _observed(len(compiled.model.nodes), request)
        run_trajectories(*arrays, observed, request.plan.seed, first, count)
        return observed.marginal, observed.joint

    marginal, joint = _summed(chunk, request.plan.trajectories, workers)
    return _added_up(marginal, request.plan), _added_up(joint, request.plan)


def _observed(nodes: int, request: Request) -> Observed:
    slot = np.full(nodes, -1, np.int32)
    slot[request.slots] = np.arange(len(request.slots))
    bit = np.zeros(nodes, np.int64)
    bit[request.bits] = 1 << np.arange(len(request.bits))
    rows = request.plan.ticks + 2
    joint = np.zeros((rows, 1 << len(request.bits)) if request.bits else (0, 0))
    return Observed(slot, np.zeros((rows, len(request.slots))), bit, joint, np.zeros(0, np.int64))


def _added_up(series: Array, plan: Plan) -> Array:
    if len(series) == 0:
        return np.zeros((len(plan.times), 0))
    total = np.cumsum(series, axis=0)
    return np.asarray(total[: plan.ticks] if plan.averaged else total[: plan.ticks + 1])


def _summed(
    chunk: Callable[[int, int], tuple[Array, Array]], trajectories: int, workers: int
) -> tuple[Array, Array]:
    """Sums over all chunks of trajectories, added in the order of the chunks."""
    total: tuple[Array, Array] | None = None
    with ThreadPoolExecutor(workers) as pool:
        for part in pool.map(lambda bounds: chunk(*bounds), _chunks(trajectories)):
            total = part if total is None else (total[0] + part[0], total[1] + part[1])
    assert total is not None
    return total


def _chunks(trajectories: int) -> Iterator[tuple[int, int]]:
    for first in range(0, trajectories, CHUNK):
        yield first, min(CHUNK, trajectories - first)
