"""Logical networks: trajectories per second and core of the engines beside MaBoSS's C++ engine, from one run.

MaBoSS is the wheel `cmaboss`, which holds the engine for networks of at most 64, 128, ... nodes: Grieco's MAPK network (53 nodes)
and that of Zanudo 2017 (80 nodes). Times are processor time of one thread, without compilation and
loading. Both sides run the same number of trajectories.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.interop.logical.files import load_network, save_network
from forestall.interop.logical.model import LogicalModel, Start, fixed_start
from forestall.studies.logical import run_network
from forestall.studies.logical_plan import Plan
from forestall.studies.logical_screen import all_combinations, screen_network

Array = NDArray[np.float64]
NETWORKS = Path(os.environ.get("FORESTALL_SHARED") or Path(__file__).parents[2] / "shared") / "networks"
GRIECO = NETWORKS / "bbm" / "id-070_var-49_in-4_MAPK-CANCER-CELL-FATE" / "model.bnet"
ZANUDO = NETWORKS / "zanudo2017"
OUTPUTS = ("v_Apoptosis", "v_Growth_Arrest", "v_Proliferation")
TIME, TICK = 20.0, 0.5
REPEATS = 3


@dataclass(frozen=True)
class Settings:
    """How much is run."""

    maboss_trajectories: int = 20_000
    trajectories: int = 200_000


QUICK = Settings(maboss_trajectories=4_000, trajectories=40_000)


@dataclass(frozen=True)
class Row:
    """What one engine did."""

    engine: str
    per_second: float
    rms: float = float("nan")
    """Root mean square difference of the node curves from those of the exact engine with many trajectories."""


@dataclass(frozen=True)
class Comparison:
    """A network and what is observed of it."""

    title: str
    model: LogicalModel
    outputs: tuple[str, ...]
    time: float
    protocol: Plan | None = None
    """How its authors ran it, if otherwise."""


def run(settings: Settings) -> None:
    """Print one table per network."""
    if not at_hand():
        return
    for one in comparisons():
        print(f"\n{one.title}, {len(one.model.nodes)} nodes, time {one.time:g}, tick {TICK:g}")
        _print(rows_of(one, settings))


def at_hand() -> bool:
    """Whether the networks are there; says so if not."""
    there = GRIECO.exists() and ZANUDO.exists()
    if not there:
        print(f"{NETWORKS} is not there: left out (set FORESTALL_SHARED)")
    return there


def comparisons() -> list[Comparison]:
    """The networks that are run."""
    grieco, (zanudo, weights) = load_network(GRIECO), _zanudo()
    protocol = Plan(engine="async", time=100.0, tick=100.0, weights=weights, updates_per_step=48)
    return [
        Comparison("Grieco MAPK, all nodes observed", grieco, grieco.names, TIME),
        Comparison("Grieco MAPK, three outputs observed", grieco, OUTPUTS, TIME),
        Comparison("Zanudo 2017, Alpelisib, seven outputs observed", zanudo, zanudo.sinks(), 50.0, protocol),
    ]


def rows_of(one: Comparison, settings: Settings) -> list[Row]:
    """All engines on one network; MaBoSS first, if it is installed."""
    model, outputs = one.model, one.outputs
    plan = Plan(time=one.time, tick=TICK, trajectories=settings.trajectories, averaged=True)
    exact = run_network(model, plan, nodes=outputs, workers=1)
    points = run_network(model, replace(plan, averaged=False, seed=2), nodes=outputs, workers=1)
    rows = []
    if importlib.util.find_spec(_engine(model)) is None:
        print("cmaboss is not installed: left out")
    else:
        rows.append(_maboss(one, settings, exact.probability))
        same = replace(plan, trajectories=settings.maboss_trajectories, seed=3)
        rows.append(_ours("exact, as many trajectories", model, same, outputs, exact.probability))
    rows.append(_ours("exact", model, replace(plan, seed=3), outputs, exact.probability))
    if one.protocol is not None:
        protocol = replace(one.protocol, trajectories=settings.trajectories)
        authors = run_network(model, replace(protocol, seed=2), nodes=outputs, workers=1).probability
        rows.append(_ours("async, the authors' protocol", model, protocol, outputs, authors))
    sliced = replace(plan, engine="sliced", averaged=False, seed=3)
    rows.append(_ours("sliced", model, sliced, outputs, points.probability))
    rows.append(_screen("sliced, single perturbations", model, sliced, outputs))
    return rows


def _engine(model: LogicalModel) -> str:
    """The module with MaBoSS's engine for a network of this size."""
    return "cmaboss" if len(model.nodes) <= 64 else "cmaboss_128n"


def _zanudo() -> tuple[LogicalModel, dict[str, float]]:
    """The network in its published initial state, and the odds of its nodes."""
    model = load_network(ZANUDO / "BreastCancerModel.txt")
    protocol = json.loads((ZANUDO / "protocol.json").read_text())
    primed = tuple(protocol["random_primed_nodes"])
    fixed = dict.fromkeys(model.names, 0) | protocol["initial_state"]
    starts = [fixed_start(name, value) for name, value in fixed.items() if name not in primed]
    weights = dict.fromkeys(model.names, 5.0) | dict.fromkeys(protocol["slow_nodes"], 1.0)
    weights |= dict.fromkeys(protocol["slow_nodes_listed_twice"], 2.0)
    return model.starting([*starts, Start(primed, ((2 / 3, (0,) * 4), (1 / 3, (1,) * 4)))]), weights


def _ours(engine: str, model: LogicalModel, plan: Plan, outputs: tuple[str, ...], reference: Array) -> Row:
    run_network(model, replace(plan, trajectories=100), nodes=outputs, workers=1)
    found: list[Array] = []
    seconds = min(
        _seconds(lambda: found.append(run_network(model, plan, nodes=outputs, workers=1).probability))
        for _ in range(REPEATS)
    )
    return Row(engine, plan.trajectories / seconds, float(np.sqrt(np.mean((found[0] - reference) ** 2))))


def _screen(engine: str, model: LogicalModel, plan: Plan, outputs: tuple[str, ...]) -> Row:
    """Every node held at 0 and at 1, sixteen perturbations on the same numbers."""
    plan = replace(plan, trajectories=10_240)
    combinations = all_combinations(model, 1)
    seconds = min(
        _seconds(lambda: screen_network(model, plan, combinations, outputs, workers=1))
        for _ in range(REPEATS)
    )
    return Row(engine, plan.trajectories * (len(combinations) + 1) / seconds)


def _maboss(one: Comparison, settings: Settings, reference: Array) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        simulation = _simulation(one, settings, Path(folder))
        results: list[Any] = []
        seconds = min(
            _seconds(lambda: results.append(simulation.run(only_last_state=False))) for _ in range(REPEATS)
        )
        probabilities, _, names = results[0].get_nodes_probtraj()[:3]
    order = [list(names).index(name) for name in one.outputs]
    difference = np.array(probabilities)[:, order] - reference
    rms = float(np.sqrt(np.mean(difference**2)))
    return Row("MaBoSS, C++ (cmaboss)", settings.maboss_trajectories / seconds, rms)


def _simulation(one: Comparison, settings: Settings, folder: Path) -> Any:
    name = _engine(one.model)
    engine = importlib.import_module(f"{name}.{name}")
    nodes = tuple(replace(node, internal=node.name not in one.outputs) for node in one.model.nodes)
    configured = replace(
        one.model, nodes=nodes, time=one.time, tick=TICK, trajectories=settings.maboss_trajectories
    )
    save_network(configured, folder / "net.bnd")
    with (folder / "net.cfg").open("a") as stream:
        stream.write("use_physrandgen = 0; seed_pseudorandom = 1; thread_count = 1;\n")
    return engine.MaBoSSSim(network=str(folder / "net.bnd"), config=str(folder / "net.cfg"))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _print(rows: list[Row]) -> None:
    first = rows[0]
    print(f"{'engine':<32}{'trajectories/s':>16}{f'against {first.engine.split(chr(44))[0]}':>18}{'rms':>10}")
    for row in rows:
        rms = "" if np.isnan(row.rms) else f"{row.rms:.4f}"
        print(
            f"{row.engine:<32}{row.per_second:>16,.0f}{row.per_second / first.per_second:>17.1f}x{rms:>10}",
            flush=True,
        )
