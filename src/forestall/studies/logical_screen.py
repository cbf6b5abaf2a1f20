"""Many perturbations of a logical network under the same random numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.exact import Observed, run_trajectories
from forestall.engine.boolean.sliced import BLOCK, run_in_step, run_sweeps
from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.model import LogicalModel
from forestall.studies.logical_events import event_clock
from forestall.studies.logical_plan import Array, Perturbation, Plan, clamps_of, workers_or_all
from forestall.studies.logical_sliced import counts_of, refuse_unsuited, sliced_clamps, sweeps_of
from forestall.studies.progress import Progress

SIDE_BY_SIDE = 16
"""Perturbations that a sliced engine runs on the same numbers at once; no result depends on it."""
Combination = tuple[Perturbation, ...]


@dataclass(frozen=True)
class PerturbationScreen:
    """What a network ends up as under each of many perturbations."""

    combinations: tuple[Combination, ...]
    outputs: tuple[str, ...]
    probability: Array
    """(combinations, outputs) probability of being on at the end."""
    unperturbed: Array
    """(outputs,)"""
    trajectories: int

    @property
    def change(self) -> Array:
        """(combinations, outputs) difference from the unperturbed network."""
        return self.probability - self.unperturbed

    def order(self) -> NDArray[np.intp]:
        """Combinations by their largest change, the largest first."""
        return np.argsort(-np.abs(self.change).max(axis=1), kind="stable")


def all_combinations(
    model: LogicalModel,
    order: int,
    *,
    values: Sequence[int] = (0, 1),
    nodes: Sequence[str] | None = None,
    background: Iterable[Perturbation] = (),
) -> tuple[Combination, ...]:
    """Every way to hold one or more nodes.

    Args:
        model: The network.
        order: How many nodes are held at once.
        values: At which values.
        nodes: Which nodes may be held; all if None.
        background: What is held anyway, and is therefore left out.

    Raises:
        InputError: if a node does not exist, or the order or a value is not allowed.
    """
    if not set(values) <= {0, 1} or not values:
        raise InputError("a node is held at 0 or at 1", field="--values", value=list(values))
    names = model.names if nodes is None else tuple(dict.fromkeys(nodes))
    for name in names:
        model.find(name, field="--nodes")
    taken = {one.node for one in background}
    free = [name for name in names if name not in taken]
    if not 1 <= order <= len(free):
        raise InputError(
            "so many nodes cannot be held at once", field="--order", value=order, allowed=f"1 to {len(free)}"
        )
    return tuple(
        tuple(map(Perturbation, chosen, held))
        for chosen in itertools.combinations(free, order)
        for held in itertools.product(values, repeat=order)
    )


def screen_network(
    model: LogicalModel,
    plan: Plan,
    combinations: Sequence[Combination],
    outputs: Sequence[str],
    *,
    background: Sequence[Perturbation] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> PerturbationScreen:
    """Run a network under many perturbations; the same trajectory has the same numbers under all of them.

    Args:
        model: The network.
        plan: Engine, time, trajectories, seed; observed is the end only.
        combinations: What is held in each run.
        outputs: Nodes whose probability is wanted.
        background: What is held in every run.
        workers: Threads; never changes a result.
        progress: Told how far the screen is.

    Raises:
        InputError: if a node does not exist, or the engine cannot run this network.
    """
    slots = [model.find(name, field="--outputs") for name in outputs]
    every = [tuple(background), *((*background, *one) for one in combinations)]
    run = _screener(CompiledModel(model), plan, slots)
    size = 1 if plan.engine in ("exact", "async") else SIDE_BY_SIDE
    groups = [every[first : first + size] for first in range(0, len(every), size)]
    counts: list[Array] = []
    with ThreadPoolExecutor(workers_or_all(workers)) as pool:
        for part in pool.map(run, groups):
            counts.append(part)
            if progress is not None:
                progress("perturbations", min(len(counts) * size, len(every)), len(every))
    probability = np.concatenate(counts) / plan.trajectories
    return PerturbationScreen(
        tuple(combinations), tuple(outputs), probability[1:], probability[0], plan.trajectories
    )


Screener = Callable[[Sequence[Combination]], Array]


def _screener(compiled: CompiledModel, plan: Plan, slots: list[int]) -> Screener:
    """A function from combinations to (combinations, outputs) counts."""
    if plan.engine in ("exact", "async"):
        return _event_screener(compiled, plan, slots)
    refuse_unsuited(plan)
    return _sliced_screener(compiled, plan, slots)


def _event_screener(compiled: CompiledModel, plan: Plan, slots: list[int]) -> Screener:
    timed, clock = event_clock(compiled, plan)
    clock = clock._replace(tick=clock.horizon, averaged=False)
    begin = plan.perturb_from * clock.horizon / plan.time
    nodes = len(compiled.model.nodes)
    slot = np.full(nodes, -1, np.int32)
    slot[slots] = np.arange(len(slots))
    arrays = (timed.events, timed.gates, timed.starts)

    def run(combinations: Sequence[Combination]) -> Array:
        clamps = clamps_of(compiled.model, combinations[0], begin)
        observed = Observed(
            slot,
            np.zeros((3, len(slots))),
            np.zeros(nodes, np.int64),
            np.zeros((0, 0)),
            np.zeros(0, np.int64),
        )
        run_trajectories(*arrays, clamps, clock, observed, plan.seed, 0, plan.trajectories)
        return np.asarray(observed.marginal[:2].sum(axis=0, keepdims=True))

    return run


def _sliced_screener(compiled: CompiledModel, plan: Plan, slots: list[int]) -> Screener:
    """Observed is the last of the ticks; a synchronous run counts its steps by them."""
    gates, starts, nodes = compiled.gates, compiled.starts, len(compiled.model.nodes)
    in_step = plan.engine == "sync"
    ticks = round(plan.time) if in_step else 1
    sweeps = None if in_step else sweeps_of(compiled.rule_rates, plan, ticks=1)

    def run(combinations: Sequence[Combination]) -> Array:
        clamps = sliced_clamps([clamps_of(compiled.model, one, 0.0) for one in combinations], nodes)
        counts = counts_of(ticks, len(combinations), slots, ())
        for first in range(0, plan.trajectories, BLOCK):
            where = (plan.seed, first // BLOCK, 1, min(BLOCK, plan.trajectories - first))
            if sweeps is None:
                run_in_step(gates, starts, clamps, len(combinations), counts, *where)
            else:
                run_sweeps(gates, starts, clamps, len(combinations), sweeps, counts, *where)
        return np.asarray(counts.marginal[-1], float)

    return run
