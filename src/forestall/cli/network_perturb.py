"""`forestall network perturb`: every single or double perturbation of a logical network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli import network_options as options
from forestall.cli.options import AsJson, Quiet, Seed, Workers
from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.interop.logical.model import LogicalModel
    from forestall.studies.logical_screen import PerturbationScreen

Order = Annotated[int, typer.Option(min=1, max=3, metavar="K", help="How many nodes are held at once.")]
Values = Annotated[str, typer.Option(metavar="0,1", help="At which values: 0, 1, or both.")]
Nodes = Annotated[str | None, typer.Option(metavar="A,B,...", help="Nodes to hold (default: all).")]
Top = Annotated[int, typer.Option(min=1, metavar="N", help="Rows to print, the largest changes first.")]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("perturb", short_help="Hold every node, or pair of nodes, of a logical network.")(perturb)


def perturb(
    file: options.NetworkFile,
    order: Order = 1,
    values: Values = "0,1",
    nodes: Nodes = None,
    settings: options.Settings = None,
    initial: options.Initial = None,
    perturb: options.Perturb = None,
    perturb_from: options.PerturbFrom = 0.0,
    outputs: options.Outputs = None,
    engine: options.Engine = "exact",
    time: options.Time = None,
    trajectories: options.Trajectories = None,
    updates: options.Updates = None,
    seed: Seed = 1,
    workers: Workers = None,
    top: Top = 20,
    out: options.TableFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hold every node (--order 1), or every pair of nodes (--order 2), at 0 and at 1, and rank what that changes.

    All runs use the same random numbers. --perturb is held in every run. The whole table goes to --out.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.studies.logical_screen import all_combinations, screen_network
    from forestall.studies.logical_tables import check_table_path, save_table, screen_table

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
    )
    background = options.perturbations(perturb, model)
    combinations = all_combinations(
        model,
        order,
        values=_values(values),
        nodes=options.names(nodes, model, field="--nodes"),
        background=background,
    )
    with progress_on_stderr(silent=quiet or as_json) as progress:
        screen = screen_network(
            model,
            plan,
            combinations,
            options.names(outputs, model, field="--outputs") or model.outputs(),
            background=background,
            workers=workers,
            progress=progress,
        )
    if out is not None:
        save_table(screen_table(screen), out)
    if as_json:
        typer.echo(json.dumps(screen_table(screen).to_dicts(), indent=2, ensure_ascii=False))
    elif not quiet:
        lines = [*options.describe(model, file), *(f"held in all: {one}" for one in background)]
        _print(screen, model, lines, top)


def _values(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not set(words) <= {"0", "1"}:
        raise InputError("a node is held at 0 or at 1", field="--values", value=text, allowed="0, 1 or 0,1")
    return tuple(dict.fromkeys(int(word) for word in words))


_MOST_COLUMNS = 8


def _print(screen: PerturbationScreen, model: LogicalModel, lines: list[str], top: int) -> None:
    console = options.console()
    for line in lines:
        console.print(line, soft_wrap=True)
    console.print(f"{len(screen.combinations):,} perturbations, {screen.trajectories:,} trajectories each\n")
    shown = screen.outputs[:_MOST_COLUMNS]
    table = options.table("perturbation", *map(model.titled, shown), "change")
    table.add_row("none", *(f"{value:.3f}" for value in screen.unperturbed[: len(shown)]), "")
    changes = abs(screen.change).max(axis=1, initial=0.0)
    for row in screen.order()[:top]:
        cells = (f"{value:.3f}" for value in screen.probability[row, : len(shown)])
        held = " ".join(f"{model.titled(one.node)}={one.value}" for one in screen.combinations[row])
        table.add_row(held, *cells, f"{changes[row]:.3f}")
    console.print(table)
    if len(screen.outputs) > len(shown):
        console.print(f"{len(screen.outputs) - len(shown)} more outputs are in the table of --out")
