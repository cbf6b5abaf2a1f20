"""`forestall version`: what a bug report needs to know."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("version", short_help="Print the versions that a bug report needs.")(version)


def version() -> None:
    """Print the versions of Forestall, of Python and of the libraries that decide results."""
    from forestall.studies.record import machine, versions

    for name, number in versions().items():
        typer.echo(f"{name} {number}")
    typer.echo(machine())
