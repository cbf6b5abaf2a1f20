"""`forestall network export`: our network as an SBML model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Network = Annotated[
    str, typer.Argument(metavar="NETWORK", help="'breast', or a network file (.yaml).", show_default=False)
]
OutFile = Annotated[
    Path, typer.Argument(metavar="OUT.xml", help="The SBML file to write.", show_default=False)
]
Context = Annotated[
    str,
    typer.Option(
        metavar="TYPE|FILE",
        help="Tumor type (such as HER2+/ER+) or a cell-line file (.yaml).",
        show_default=False,
    ),
]
Drug = Annotated[
    list[str] | None,
    typer.Option(
        "--drug",
        metavar="DRUG=DOSE",
        help="A drug at a constant dose: 50nM, or 1x the usual average free exposure.",
        show_default=False,
    ),
]
Genotype = Annotated[str, typer.Option(metavar="G", help="Alterations joined by '+'.")]
LayoutOption = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="L",
        help="'functions' (for libRoadRunner) or 'rules' (easier to read; for other simulators).",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("export", short_help="Write our network as an SBML model.")(export)


def export(
    network: Network,
    out: OutFile,
    context: Context,
    drug: Drug = None,
    genotype: Genotype = "wild type",
    layout: LayoutOption = "functions",
) -> None:
    """Write our network in one tumor type under constant drugs as SBML level 3; time in days, doses as parameters."""
    from forestall.errors import InputError
    from forestall.studies.network_export import exported_network
    from forestall.studies.output import staged_file

    if layout not in ("functions", "rules"):
        raise InputError("unknown layout", field="--layout", value=layout, allowed="functions, rules")
    chosen: Literal["functions", "rules"] = "rules" if layout == "rules" else "functions"
    text = exported_network(network, context, genotype, drug or [], chosen)
    with staged_file(out) as stream:
        stream.write(text)
    typer.echo(f"{out}: {len(text.encode()) / 1000:.0f} kB")
