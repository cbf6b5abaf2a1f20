"""`forestall network attractors`: where a logical network can stay."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli import network_options as options
from forestall.cli.options import AsJson

if TYPE_CHECKING:
    from forestall.interop.logical.model import LogicalModel
    from forestall.studies.logical_attractors import Attractor

Top = Annotated[int, typer.Option(min=1, metavar="N", help="Attractors to print.")]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("attractors", short_help="Fixed points and cycles of a logical network.")(attractors)


def attractors(
    file: options.NetworkFile,
    settings: options.Settings = None,
    initial: options.Initial = None,
    perturb: options.Perturb = None,
    outputs: options.Outputs = None,
    top: Top = 20,
    as_json: AsJson = False,
) -> None:
    """List the attractors of the general asynchronous dynamics, for every combination of the inputs that nothing fixes."""
    from forestall.studies.logical_attractors import attractors_of

    model = options.load(file, settings, initial)
    shown = options.names(outputs, model, field="--outputs")
    found = attractors_of(model, options.perturbations(perturb, model))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
        return
    console = options.console()
    for line in options.describe(model, file):
        console.print(line, soft_wrap=True)
    fixed = sum(one.states == 1 for one in found)
    console.print(f"{fixed} fixed points, {len(found) - fixed} cyclic attractors\n")
    table = options.table("nodes that are on", "nodes that change", "states")
    for one in found[:top]:
        table.add_row(*_cells(one, model, shown))
    console.print(table)
    if len(found) > top:
        console.print(f"{len(found) - top} more; see --top and --json")


def _cells(one: Attractor, model: LogicalModel, shown: tuple[str, ...] | None) -> tuple[str, str, str]:
    chosen = model.names if shown is None else shown
    on = [model.titled(name) for name in chosen if one.settled.get(name) == 1]
    changing = [model.titled(name) for name in chosen if name in one.changing]
    return " ".join(on) or "-", " ".join(changing), f"{one.states:,}"
