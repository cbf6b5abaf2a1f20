"""`forestall network simulate`: an SBML model of others over time, perturbed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson

if TYPE_CHECKING:
    from forestall.interop.sbml_simulation import SbmlModel, TimeCourse

File = Annotated[
    Path, typer.Argument(metavar="FILE.xml", help="An SBML model, level 2 or 3 core.", show_default=False)
]
Until = Annotated[
    float, typer.Option(metavar="T", help="Last time, in the model's unit.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter, or the initial value of a species.",
        show_default=False,
    ),
]
Scale = Annotated[
    list[str] | None,
    typer.Option(
        "--scale", metavar="NAME=FACTOR", help="Multiply a parameter or an initial value.", show_default=False
    ),
]
Clamp = Annotated[
    list[str] | None,
    typer.Option(
        "--clamp",
        metavar="NAME=VALUE",
        help="Hold a species or a value that follows from a rule.",
        show_default=False,
    ),
]
Observe = Annotated[
    list[str] | None,
    typer.Option(
        "--observe",
        metavar="A,B,...",
        help="Species, parameters or reactions (default: all that change).",
        show_default=False,
    ),
]
Points = Annotated[int, typer.Option(min=2, metavar="N", help="Evenly spaced times, both ends included.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="REL", help="Relative tolerance of the integrator.", show_default="libRoadRunner's own"
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE.csv", help="Write the time course here.", show_default=False),
]

MOST_PRINTED = 40


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("simulate", short_help="Simulate an SBML model, perturbed.")(simulate)


def simulate(
    file: File,
    until: Until,
    set_: Set = None,
    scale: Scale = None,
    clamp: Clamp = None,
    observe: Observe = None,
    points: Points = 101,
    tolerance: Tolerance = None,
    out: OutputFile = None,
    as_json: AsJson = False,
) -> None:
    """Simulate an SBML model with libRoadRunner, with drugs as changes of parameters, initial values or species.

    --set, --scale, --clamp and --observe can be given more than once. A parameter of one reaction is REACTION.PARAMETER.
    """
    from forestall.interop.sbml_changes import Change
    from forestall.interop.sbml_simulation import read_sbml, simulate_sbml

    kinds = (("set", set_), ("scale", scale), ("clamp", clamp))
    changes = [Change.from_text(kind, text) for kind, texts in kinds for text in texts or ()]  # type: ignore[arg-type]
    model = read_sbml(file, changes)
    wanted = [name.strip() for text in observe or () for name in text.split(",") if name.strip()]
    course = simulate_sbml(model, until, wanted, points=points, tolerance=tolerance)
    if out is not None:
        _write(course, out)
    if as_json:
        _print_json(model, course)
    else:
        _print(model, course)
        if out is not None:
            typer.echo(f"time course: {out}")


def _write(course: TimeCourse, path: Path) -> None:
    import csv

    from forestall.studies.output import staged_file

    with staged_file(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", *course.values])
        writer.writerows(
            zip(course.times.tolist(), *(values.tolist() for values in course.values.values()), strict=True)
        )


def _print_json(model: SbmlModel, course: TimeCourse) -> None:
    import json

    data = {
        "model": model.name,
        "notes": model.notes,
        "time": course.times.tolist(),
        "values": {name: values.tolist() for name, values in course.values.items()},
    }
    typer.echo(json.dumps(data))


def _print(model: SbmlModel, course: TimeCourse) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, emoji=False)
    console.print(f"{model.name}, time 0 to {course.times[-1]:g}")
    for note in model.notes:
        console.print(f"note: {note}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("observable")
    for column in ("start", "end", "lowest", "highest", "at time"):
        table.add_column(column, justify="right")
    for name, values in list(course.values.items())[:MOST_PRINTED]:
        label = model.labels.get(name, name)
        shown = name if label == name else f"{name} ({label})"
        numbers = (values[0], values[-1], values.min(), values.max(), course.times[values.argmax()])
        table.add_row(shown, *(f"{number:.6g}" for number in numbers))
    console.print(table)
    if len(course.values) > MOST_PRINTED:
        console.print(
            f"{len(course.values) - MOST_PRINTED} more: choose with --observe, or write all with --out or --json"
        )
