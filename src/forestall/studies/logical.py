"""A logical network run as many trajectories: node and state probabilities over time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.exact import Clock, Observed, run_trajectories
from forestall.engine.boolean.network import Clamps
from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.model import LogicalModel

Array = NDArray[np.float64]
CHUNK = 2048
"""Trajectories whose sums are formed together; sums of chunks are added in their order, whoever computed them."""
MOST_JOINT = 10
"""Nodes whose joint states can be observed."""
ENGINES = ("exact", "async", "sync", "sliced")
DEFAULT_TIME, DEFAULT_TRAJECTORIES = 50.0, 10_000
_MOST_TICKS = 10_000


@dataclass(frozen=True)
class Perturbation:
    """A node that is held at a value, in all trajectories or in a share of them."""

    node: str
    value: int
    fraction: float = 1.0

    def __str__(self) -> str:
        return f"{self.node}={self.value}" + ("" if self.fraction == 1.0 else f":{self.fraction:g}")


def parse_perturbation(text: str) -> Perturbation:
    """A perturbation from `NODE=0`, `NODE=1`, or `NODE=0:0.7` for a share of the trajectories.

    Raises:
        InputError: if it is none.
    """
    name, _, rest = text.partition("=")
    value, colon, share = rest.partition(":")
    if not name.strip() or value.strip() not in ("0", "1"):
        raise InputError("this is no perturbation", field="--perturb", value=text, allowed="NODE=0 or NODE=1, or NODE=0:0.7")
    return Perturbation(name.strip(), int(value), _share(share, text) if colon else 1.0)


def _share(share: str, text: str) -> float:
    try:
        fraction = float(share)
    except ValueError:
        fraction = math.nan
    if not 0.0 <= fraction <= 1.0:
        raise InputError("this is no share of the trajectories", field="--perturb", value=text, allowed="0 to 1")
    return fraction


@dataclass(frozen=True)
class Plan:
    """How a network is run."""

    engine: str = "exact"
    """'exact' continuous time; 'async' one random node per update; 'sync' all nodes at once; 'sliced' continuous time
    in small steps, many trajectories per machine word."""
    time: float = DEFAULT_TIME
    """In the units of the rates; in time steps for 'async' and 'sync'."""
    tick: float | None = None
    """Distance of the observations; None for a hundredth of the time (a step for 'sync')."""
    trajectories: int = DEFAULT_TRAJECTORIES
    seed: int = 1
    averaged: bool = False
    """Observe means over each tick, as MaBoSS does, instead of states at its end."""
    updates_per_step: int | None = None
    """For 'async': None for as many as update the least likely node once on average."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """For 'async': odds of the nodes to be updated; nodes that are not named have their rate."""
    perturb_from: float = 0.0
    """Time at which perturbations begin."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise InputError("no such engine", field="--engine", value=self.engine, allowed=", ".join(ENGINES))
        if not (0.0 < self.time < math.inf):
            raise InputError("must be positive", field="--time", value=self.time)
        if self.trajectories < 1:
            raise InputError("must be positive", field="--trajectories", value=self.trajectories)
        if self.tick is not None and not (0.0 < self.tick <= self.time):
            raise InputError("must be positive and no more than the time", field="--tick", value=self.tick)
        if self.ticks > _MOST_TICKS:
            raise InputError("too many observations", field="--tick", value=self.ticks, allowed=f"{_MOST_TICKS:,}")

    @property
    def ticks(self) -> int:
        """Number of observations after the start."""
        tick = self.time / 100.0 if self.tick is None else self.tick
        return max(1, round(self.time / tick))

    @cached_property
    def times(self) -> Array:
        """(ticks + 1,) times of observation; with `averaged` (ticks,) ends of the intervals."""
        times = np.linspace(0.0, self.time, self.ticks + 1)
        return times[1:] if self.averaged else times


@dataclass(frozen=True)
class LogicalRun:
    """What the trajectories of one network show."""

    nodes: tuple[str, ...]
    times: Array
    probability: Array
    """(times, nodes) probability that a node is on."""
    joint_nodes: tuple[str, ...]
    joint: Array
    """(times, 2^k) probability of each joint state of `joint_nodes`; bit i of its number is node i."""
    trajectories: int

    def final(self) -> dict[str, float]:
        """Probability of each node at the last observation."""
        return dict(zip(self.nodes, map(float, self.probability[-1]), strict=True))

    def state_name(self, state: int) -> str:
        """Nodes that are on in a joint state, as MaBoSS writes them."""
        return " -- ".join(name for bit, name in enumerate(self.joint_nodes) if state >> bit & 1) or "<nil>"

    def states(self) -> dict[str, float]:
        """Joint states that occur at the last observation, the most probable first."""
        last = self.joint[-1]
        order = sorted(np.flatnonzero(last > 0.0), key=lambda state: -last[state])
        return {self.state_name(int(state)): float(last[state]) for state in order}


def workers_or_all(workers: int | None) -> int:
    """A number of threads; all cores if None."""
    return workers or os.cpu_count() or 1


def clamps_of(model: LogicalModel, perturbations: Iterable[Perturbation], time: float) -> Clamps:
    """Perturbations as arrays, in the order of the nodes.

    Raises:
        InputError: if a node does not exist or is held twice.
    """
    held: dict[int, Perturbation] = {}
    for one in perturbations:
        node = model.find(one.node, field="--perturb")
        if node in held:
            raise InputError("this node is perturbed twice", field="--perturb", value=one.node)
        held[node] = one
    order = sorted(held)
    return Clamps(
        np.array(order, np.int32),
        np.array([held[node].value for node in order], np.uint8),
        np.array([held[node].fraction for node in order], np.float64),
        time,
    )


def run_network(
    model: LogicalModel,
    plan: Plan,
    *,
    perturbations: Sequence[Perturbation] = (),
    nodes: Sequence[str] | None = None,
    joint: Sequence[str] = (),
    workers: int | None = None,
) -> LogicalRun:
    """Run a network.

    Args:
        model: The network.
        plan: Engine, time, trajectories, seed.
        perturbations: What is held.
        nodes: Nodes whose probability is wanted; all if None.
        joint: Nodes whose joint states are wanted, at most ten.
        workers: Threads; never changes a result.

    Raises:
        InputError: if a node does not exist, or the engine cannot run this network.
    """
    chosen = model.names if nodes is None else tuple(nodes)
    slots = [model.find(name, field="--outputs") for name in chosen]
    bits = [model.find(name, field="--states") for name in joint]
    if len(bits) > MOST_JOINT:
        raise InputError("too many nodes for joint states", field="--states", value=len(bits), allowed=f"{MOST_JOINT}")
    request = Request(CompiledModel(model), plan, clamps_of(model, perturbations, plan.perturb_from), slots, bits)
    marginal, states = _engine(plan.engine)(request, workers_or_all(workers))
    return LogicalRun(
        chosen, plan.times, marginal / plan.trajectories, tuple(joint), states / plan.trajectories, plan.trajectories
    )


@dataclass(frozen=True)
class Request:
    """A run as the engines see it."""

    compiled: CompiledModel
    plan: Plan
    clamps: Clamps
    slots: list[int]
    bits: list[int]


Engine = Callable[[Request, int], tuple[Array, Array]]


def _engine(name: str) -> Engine:
    if name == "sliced":
        from forestall.studies.logical_sliced import run_sliced

        return run_sliced
    if name == "sync":
        from forestall.studies.logical_sliced import run_synchronous

        return run_synchronous
    return _run_events


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
            raise InputError("the odds of an update cannot differ up and down", field=node.name, value=f"{up} and {down}")
        if not 0.0 < weight < math.inf:
            raise InputError("the odds of an update must be positive", field=node.name, value=weight)
        weights[node.name] = weight
    return weights


def _run_events(request: Request, workers: int) -> tuple[Array, Array]:
    compiled, clock = event_clock(request.compiled, request.plan)
    clamps = request.clamps._replace(time=request.clamps.time * clock.horizon / request.plan.time)
    arrays = (compiled.events, compiled.gates, compiled.starts, clamps, clock)

    def chunk(first: int, count: int) -> tuple[Array, Array]:
        observed = _observed(len(compiled.model.nodes), request)
        run_trajectories(*arrays, observed, request.plan.seed, first, count)
        return observed.marginal, observed.joint

    marginal, joint = summed(chunk, request.plan.trajectories, workers)
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


def summed(
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
