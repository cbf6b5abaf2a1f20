"""A logical network run as many trajectories: node and state probabilities over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.model import LogicalModel
from forestall.studies.logical_events import run_events
from forestall.studies.logical_plan import (
    MOST_JOINT,
    Array,
    Perturbation,
    Plan,
    Request,
    clamps_of,
    workers_or_all,
)
from forestall.studies.logical_sliced import run_sliced, run_synchronous

_Engine = Callable[[Request, int], tuple[Array, Array]]
_RUNNERS: dict[str, _Engine] = {
    "exact": run_events,
    "async": run_events,
    "sliced": run_sliced,
    "sync": run_synchronous,
}


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
        raise InputError(
            "too many nodes for joint states", field="--states", value=len(bits), allowed=f"{MOST_JOINT}"
        )
    request = Request(
        CompiledModel(model), plan, clamps_of(model, perturbations, plan.perturb_from), slots, bits
    )
    marginal, states = _RUNNERS[plan.engine](request, workers_or_all(workers))
    return LogicalRun(
        chosen,
        plan.times,
        marginal / plan.trajectories,
        tuple(joint),
        states / plan.trajectories,
        plan.trajectories,
    )
