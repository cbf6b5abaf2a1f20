"""`forestall network convert`: a logical network from one format into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forestall.cli import network_options as options
from forestall.cli.options import Quiet

Target = Annotated[
    Path,
    typer.Argument(metavar="OUT", help="The file to write; its suffix names the format.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("convert", short_help="Write a logical network in another format.")(convert)


def convert(
    file: options.NetworkFile,
    out: Target,
    settings: options.Settings = None,
    initial: options.Initial = None,
    quiet: Quiet = False,
) -> None:
    """Read a logical network and write it in the format that the suffix of OUT names.

    For .bnd a .cfg file is written beside it. What the format cannot hold is said.
    """
    from forestall.interop.logical.files import save_network

    lost = save_network(options.load(file, settings, initial), out)
    if not quiet:
        for line in (f"written: {out}", *lost):
            typer.echo(line)
