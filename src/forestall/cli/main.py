"""The command `forestall`: parses the command line and hands over to one module per command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import forestall
from forestall.cli import (
    biopsy,
    biopsy_design,
    calibrate,
    catalog,
    mechanisms,
    network,
    pdx,
    rerun,
    schema,
    screen,
    sensitivity,
    simulate,
    spectrum,
    trial,
    validate,
    verify,
    version,
    why,
)
from forestall.cli.errors import ExitCode, exit_code_of

PROGRAM = "forestall"

app = typer.Typer(
    name=PROGRAM,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"{PROGRAM} {forestall.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _forestall(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Simulate how a tumor escapes treatment, and explain why it escaped. For research use only.

    Start with: forestall trial cleopatra
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _module in (
    trial,
    rerun,
    simulate,
    spectrum,
    why,
    biopsy,
    biopsy_design,
    calibrate,
    validate,
    mechanisms,
    sensitivity,
    screen,
    network,
    pdx,
    catalog,
    schema,
    verify,
    version,
):
    _module.register(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `forestall`; those of this process if None.

    Returns:
        The exit code: 0 done, 1 failed, 2 the user can mend it, 130 interrupted.
    """
    command = typer.main.get_command(app)
    words = None if arguments is None else list(arguments)
    return exit_code_of(lambda: command.main(args=words, prog_name=PROGRAM, standalone_mode=False))


def main() -> NoReturn:
    """Run the command line of this process and exit; at once after Ctrl-C, whatever threads still compute."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = run()
    if code == ExitCode.INTERRUPTED:
        os._exit(code)
    sys.exit(code)
