"""How a logical network is to be run: engine, time, trajectories, and what is held."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.network import Clamps
from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.model import LogicalModel

Array = NDArray[np.float64]
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
        raise InputError(
            "this is no perturbation",
            field="--perturb",
            value=text,
            allowed="NODE=0 or NODE=1, or NODE=0:0.7",
        )
    return Perturbation(name.strip(), int(value), _share(share, text) if colon else 1.0)


def _share(share: str, text: str) -> float:
    try:
        fraction = float(share)
    except ValueError:
        fraction = math.nan
    if not 0.0 <= fraction <= 1.0:
        raise InputError(
            "this is no share of the trajectories", field="--perturb", value=text, allowed="0 to 1"
        )
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
            raise InputError(
                "no such engine", field="--engine", value=self.engine, allowed=", ".join(ENGINES)
            )
        if not (0.0 < self.time < math.inf):
            raise InputError("must be positive", field="--time", value=self.time)
        if self.trajectories < 1:
            raise InputError("must be positive", field="--trajectories", value=self.trajectories)
        if self.tick is not None and not (0.0 < self.tick <= self.time):
            raise InputError("must be positive and no more than the time", field="--tick", value=self.tick)
        if self.ticks > _MOST_TICKS:
            raise InputError(
                "too many observations", field="--tick", value=self.ticks, allowed=f"{_MOST_TICKS:,}"
            )

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
class Request:
    """A run as the engines see it."""

    compiled: CompiledModel
    plan: Plan
    clamps: Clamps
    slots: list[int]
    bits: list[int]


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
