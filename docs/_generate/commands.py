"""The page on the command line, from the help texts of the commands themselves."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import typer

from forestall.cli.main import app, run

_INTRODUCTION = """# Command line

Every command prints its help with `--help`. Exit codes: 0 done; 1 failed (or, for `rerun`, a table differs);
2 an input or option that you can mend, named in one line; 130 interrupted with Ctrl-C.
Set `FORESTALL_DEBUG=1` to see the traceback of an unexpected error.
"""


def page() -> str:
    """The page as Markdown."""
    sections = (
        f"## forestall {' '.join(words)}\n\n```text\n{_help(words)}\n```"
        for words in _commands(typer.main.get_command(app), [])
    )
    return "\n\n".join([_INTRODUCTION, f"```text\n{_help([])}\n```", *sections])


def _commands(command: Any, words: list[str]) -> Iterator[list[str]]:
    """The words of every command, those of groups before their own commands."""
    for name, inner in getattr(command, "commands", {}).items():
        yield [*words, name]
        yield from _commands(inner, [*words, name])


def _help(command: list[str]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        run([*command, "--help"])
    return printed.getvalue().strip()
