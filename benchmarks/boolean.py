"""Logical networks: trajectories per second and core of the engines beside MaBoSS's C++ engine, from one run.

MaBoSS (the wheel `cmaboss`) takes at most 64 nodes, so the side-by-side comparison runs on Grieco's MAPK network (53 nodes); the
80-node network of Zanudo 2017 shows the speed on a larger one. Times are processor time of one thread, without compilation and
loading. Both sides run the same number of trajectories.
"""

from __future__ import annotations

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


def run(settings: Settings) -> None:
    """Print one table per network."""
    if not GRIECO.exists() or not ZANUDO.exists():
        print(f"{NETWORKS} is not there: left out (set FORESTALL_SHARED)")
        return
    model = load_network(GRIECO)
    for title, outputs in (("all nodes observed", model.names), ("three outputs observed", OUTPUTS)):
        print(f"\nGrieco MAPK, {len(model.nodes)} nodes, time {TIME:g}, tick {TICK:g}, {title}")
        _print(_grieco_rows(model, outputs, settings))
    print("\nZanudo 2017, 80 nodes, from the cancer state, Alpelisib, time 50, seven outputs at the end")
    _print(_zanudo_rows(settings))


def _grieco_rows(model: LogicalModel, outputs: tuple[str, ...], settings: Settings) -> list[Row]:
    plan = Plan(time=TIME, tick=TICK, trajectories=settings.trajectories, averaged=True)
    exact = run_network(model, plan, nodes=outputs, workers=1)
    points = run_network(model, replace(plan, averaged=False, seed=2), nodes=outputs, workers=1)
    rows = []
    if importlib.util.find_spec("cmaboss") is None:
        print("cmaboss is not installed: left out")
    else:
        rows.append(_maboss(model, outputs, settings, exact.probability))
        same = replace(plan, trajectories=settings.maboss_trajectories, seed=3)
        rows.append(_ours("exact, as many trajectories", model, same, outputs, exact.probability))
    rows.append(_ours("exact", model, replace(plan, seed=3), outputs, exact.probability))
    sliced = replace(plan, engine="sliced", averaged=False, seed=3)
    rows.append(_ours("sliced", model, sliced, outputs, points.probability))
    rows.append(_screen("sliced, single perturbations", model, sliced, outputs))
    return rows


def _zanudo_rows(settings: Settings) -> list[Row]:
    model, weights = _zanudo()
    outputs = model.sinks()
    plan = Plan(time=50.0, tick=50.0, trajectories=settings.trajectories)
    protocol = Plan(
        engine="async",
        time=100.0,
        tick=100.0,
        weights=weights,
        updates_per_step=48,
        trajectories=settings.trajectories,
    )
    exact = run_network(model, replace(plan, seed=2), nodes=outputs, workers=1).probability
    authors = run_network(model, replace(protocol, seed=2), nodes=outputs, workers=1).probability
    return [
        _ours("exact", model, plan, outputs, exact),
        _ours("async, the authors' protocol", model, protocol, outputs, authors),
        _ours("sliced", model, replace(plan, engine="sliced"), outputs, exact),
        _screen("sliced, single perturbations", model, replace(plan, engine="sliced"), outputs),
    ]


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


def _maboss(model: LogicalModel, outputs: tuple[str, ...], settings: Settings, reference: Array) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        simulation = _simulation(model, outputs, settings, Path(folder))
        results: list[Any] = []
        seconds = min(
            _seconds(lambda: results.append(simulation.run(only_last_state=False))) for _ in range(REPEATS)
        )
        probabilities, _, names = results[0].get_nodes_probtraj()[:3]
    order = [list(names).index(name) for name in outputs]
    difference = np.array(probabilities)[:, order] - reference
    rms = float(np.sqrt(np.mean(difference**2)))
    return Row("MaBoSS, C++ (cmaboss)", settings.maboss_trajectories / seconds, rms)


def _simulation(model: LogicalModel, outputs: tuple[str, ...], settings: Settings, folder: Path) -> Any:
    import cmaboss

    nodes = tuple(replace(node, internal=node.name not in outputs) for node in model.nodes)
    configured = replace(model, nodes=nodes, time=TIME, tick=TICK, trajectories=settings.maboss_trajectories)
    save_network(configured, folder / "net.bnd")
    with (folder / "net.cfg").open("a") as stream:
        stream.write("use_physrandgen = 0; seed_pseudorandom = 1; thread_count = 1;\n")
    return cmaboss.MaBoSSSim(network=str(folder / "net.bnd"), config=str(folder / "net.cfg"))


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
