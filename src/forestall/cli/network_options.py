"""Options that the commands on published networks share, and what they say about a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from forestall.interop.logical.model import LogicalModel, Start
    from forestall.studies.logical_plan import Perturbation, Plan

NetworkFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A logical network: .bnet, .txt or .booleannet ('*=' rules), .bnd (MaBoSS), .sbml or .xml (SBML-qual).",
        show_default=False,
    ),
]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="CFG",
        help="A MaBoSS .cfg file with rates and initial states, for a network of any format "
        "(default for FILE.bnd: FILE.cfg, if there is one).",
    ),
]
Initial = Annotated[
    list[str] | None,
    typer.Option(
        "--initial",
        metavar="NODE=VALUE",
        help="Where a node starts: 0, 1, a probability, or 'random'. May be repeated. NODE 'all' means all nodes. "
        "A node that neither this nor a file names starts at random.",
    ),
]
Perturb = Annotated[
    list[str] | None,
    typer.Option(
        "--perturb",
        metavar="NODE=VALUE",
        help="Hold a node at 0 or 1, or in a share of the trajectories only (NODE=0:0.7). May be repeated.",
    ),
]
Outputs = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Nodes to show (default: those that the file does not call internal, or those that nothing depends on).",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="exact: continuous time, as MaBoSS; sliced: the same in small steps, much faster; "
        "async: one random node per update; sync: all nodes at once.",
    ),
]
Time = Annotated[
    float | None, typer.Option(metavar="T", help="How long to run (default: what the file says, or 50).")
]
Trajectories = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Trajectories (default: what the file says, or 10000).")
]
Updates = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Updates that make up one unit of time with --engine async."),
]
PerturbFrom = Annotated[
    float,
    typer.Option("--from", min=0.0, metavar="T", help="Time at which perturbations begin.", show_default="0"),
]
TableFile = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the table to FILE.csv or FILE.parquet.")
]


def load(file: Path, settings: Path | None, initial: Sequence[str] | None) -> LogicalModel:
    """The network of a command line."""
    from forestall.interop.logical.files import load_network

    model = load_network(file, settings=settings)
    return model.starting(_starts(initial or (), model))


def _starts(texts: Sequence[str], model: LogicalModel) -> list[Start]:
    from forestall.interop.logical.model import fixed_start, random_start

    starts: dict[str, Start] = {}
    for text in texts:
        name, _, value = text.partition("=")
        chance = _chance(value.strip(), text)
        names = model.names if name == "all" else (model.name_of(name.strip(), field="--initial"),)
        for one in names:
            starts[one] = fixed_start(one, int(chance)) if chance in (0.0, 1.0) else random_start(one, chance)
    return list(starts.values())


def _chance(value: str, text: str) -> float:
    try:
        chance = 0.5 if value == "random" else float(value)
    except ValueError:
        chance = -1.0
    if not 0.0 <= chance <= 1.0:
        raise InputError(
            "this is no initial state", field="--initial", value=text, allowed="NODE=0, 1, 0.3 or random"
        )
    return chance


def perturbations(texts: Sequence[str] | None, model: LogicalModel) -> tuple[Perturbation, ...]:
    """The perturbations of a command line."""
    from forestall.studies.logical_plan import parse_perturbation

    parsed = [parse_perturbation(text) for text in texts or ()]
    return tuple(replace(one, node=model.name_of(one.node, field="--perturb")) for one in parsed)


def names(text: str | None, model: LogicalModel, *, field: str) -> tuple[str, ...] | None:
    """Nodes from a list of names or labels; None if not given."""
    if text is None:
        return None
    words = (word.strip() for word in text.split(","))
    return tuple(model.name_of(word, field=field) for word in words if word)


def plan_of(
    model: LogicalModel,
    *,
    engine: str,
    time: float | None,
    trajectories: int | None,
    seed: int,
    updates: int | None,
    perturb_from: float,
    tick: float | None = None,
    averaged: bool = False,
) -> Plan:
    """How to run: the options, or else what the file says, or else the defaults."""
    from forestall.studies.logical_plan import DEFAULT_TIME, DEFAULT_TRAJECTORIES, Plan

    whole = engine == "sync"
    length = float(time or model.time or DEFAULT_TIME)
    file_tick = model.tick if time is None and model.time is not None else None
    return Plan(
        engine=engine,
        time=length,
        tick=tick or (1.0 if whole else file_tick),
        trajectories=trajectories or model.trajectories or DEFAULT_TRAJECTORIES,
        seed=seed,
        averaged=averaged,
        updates_per_step=updates,
        perturb_from=perturb_from,
    )


def describe(model: LogicalModel, file: Path) -> list[str]:
    """What a network is, in a few lines."""
    drawn = len(model.nodes) - sum(len(start.nodes) for start in model.starts if len(start.outcomes) == 1)
    inputs = model.inputs()
    lines = [f"{file.name}: {len(model.nodes)} nodes, {len(inputs)} inputs; {drawn} nodes start at random"]
    return lines + [f"note: {note}" for note in model.notes]


def console() -> Console:
    """Where tables are printed."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def table(*columns: str) -> Table:
    """An empty table whose first column is text and whose others are numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, column in enumerate(columns):
        made.add_column(column, justify="left" if position == 0 else "right", overflow="fold")
    return made
