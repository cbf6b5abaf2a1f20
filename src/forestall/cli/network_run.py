"""`forestall network run`: node and state probabilities of a logical network over time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli import network_options as options
from forestall.cli.options import AsJson, Quiet, Seed, Workers

if TYPE_CHECKING:
    from forestall.interop.logical.model import LogicalModel
    from forestall.studies.logical import LogicalRun

States = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...", help="Nodes whose joint states to show, at most 10 (default: the outputs)."
    ),
]
Tick = Annotated[
    float | None,
    typer.Option(metavar="T", help="Distance of the observations (default: what the file says, or T/100)."),
]
Averaged = Annotated[
    bool,
    typer.Option("--averaged", help="Observe means over each tick, as MaBoSS does, not states at its end."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("run", short_help="Run a published logical network.")(run)


def run(
    file: options.NetworkFile,
    settings: options.Settings = None,
    initial: options.Initial = None,
    perturb: options.Perturb = None,
    perturb_from: options.PerturbFrom = 0.0,
    outputs: options.Outputs = None,
    states: States = None,
    engine: options.Engine = "exact",
    time: options.Time = None,
    tick: Tick = None,
    averaged: Averaged = False,
    trajectories: options.Trajectories = None,
    updates: options.Updates = None,
    seed: Seed = 1,
    workers: Workers = None,
    out: options.TableFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a logical network that others published, and show how probable its nodes and states are at the end.

    The whole course goes to --out.
    """
    from forestall.studies.logical import run_network
    from forestall.studies.logical_plan import MOST_JOINT
    from forestall.studies.logical_tables import check_table_path, course_table, save_table

    if out is not None:
        check_table_path(out)
    model = options.load(file, settings, initial)
    plan = options.plan_of(
        model,
        engine=engine,
        time=time,
        trajectories=trajectories,
        seed=seed,
        updates=updates,
        perturb_from=perturb_from,
        tick=tick,
        averaged=averaged,
    )
    shown = options.names(outputs, model, field="--outputs") or model.outputs()
    joint = options.names(states, model, field="--states")
    if joint is None:
        joint = shown if len(shown) <= MOST_JOINT else ()
    held = options.perturbations(perturb, model)
    result = run_network(model, plan, perturbations=held, nodes=shown, joint=joint, workers=workers)
    if out is not None:
        save_table(course_table(result), out)
    if as_json:
        typer.echo(_json(result, file))
    elif not quiet:
        _print(result, model, [*options.describe(model, file), *(f"held: {one}" for one in held)], out)


def _json(result: LogicalRun, file: Path) -> str:
    content = {
        "network": file.name,
        "trajectories": result.trajectories,
        "time": float(result.times[-1]),
        "nodes": result.final(),
        "states": result.states() if result.joint_nodes else {},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _print(result: LogicalRun, model: LogicalModel, lines: list[str], out: Path | None) -> None:
    console = options.console()
    for line in lines:
        console.print(line, soft_wrap=True)
    console.print(f"{result.trajectories:,} trajectories to time {result.times[-1]:g}\n")
    nodes = options.table("node", f"at {result.times[0]:g}", f"at {result.times[-1]:g}", "+-")
    for name, first, last in zip(result.nodes, result.probability[0], result.probability[-1], strict=True):
        nodes.add_row(
            model.titled(name),
            f"{first:.3f}",
            f"{last:.3f}",
            f"{_error(float(last), result.trajectories):.3f}",
        )
    console.print(nodes)
    if result.joint_nodes:
        _print_states(result)
    if out is not None:
        console.print(f"\ncourse: {out}", soft_wrap=True)


def _print_states(result: LogicalRun) -> None:
    states = options.table("state (nodes that are on)", "probability", "+-")
    for name, probability in list(result.states().items())[:20]:
        states.add_row(name, f"{probability:.3f}", f"{_error(probability, result.trajectories):.3f}")
    options.console().print()
    options.console().print(states)


def _error(probability: float, trajectories: int) -> float:
    """Standard error of a share."""
    return math.sqrt(max(0.0, probability * (1.0 - probability)) / trajectories)
