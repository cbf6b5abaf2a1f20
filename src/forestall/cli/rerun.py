"""`forestall rerun`: reproduce an earlier run from its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forestall.cli.errors import ExitCode
from forestall.cli.options import OutputFolder, Quiet, Workers

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="The folder that a 'forestall trial' wrote.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("rerun", short_help="Reproduce an earlier run, bit for bit.")(rerun)


def rerun(folder: Folder, out: OutputFolder = None, workers: Workers = None, quiet: Quiet = False) -> None:
    """Repeat a run from its record and compare every table with the earlier one, bit for bit.

    Exits with 0 if all tables are identical, with 1 if any differs. --out keeps the new results.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.studies.rerun import rerun as repeat

    with progress_on_stderr(silent=quiet) as progress:
        outcome = repeat(folder, out=out, workers=workers, progress=progress)
    if not quiet:
        typer.echo("\n".join(outcome.lines()))
    if not outcome.identical:
        raise typer.Exit(ExitCode.FAILED)
