"""`forestall network explain`: what an alteration does to treatment, shown on the network."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, OutputFolder, Quiet
from forestall.cli.progress import progress_on_stderr
from forestall.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from forestall.studies.resistance import Explanation

_SOLVING = "solving the network (the first run compiles it, which takes about half a minute)"


class ResistanceKind(StrEnum):
    """Ways around HER2 blockade."""

    BINDING = "binding"
    BYPASS = "bypass"
    DOWNSTREAM = "downstream"
    IMMUNE = "immune"


Change = Annotated[
    str | None,
    typer.Argument(
        metavar="ALTERATION",
        help="An alteration ('forestall catalog alterations') or condition ('forestall catalog conditions').",
        show_default=False,
    ),
]
Kind = Annotated[
    ResistanceKind | None,
    typer.Option("--class", help="List a class of resistance to HER2 blockade instead.", show_default=False),
]
Context = Annotated[
    str | None,
    typer.Option(metavar="TYPE", help="HER2+/ER+, HER2+/ER-, HER2-/ER+ or TNBC.", show_default=False),
]
Drugs = Annotated[
    list[str] | None,
    typer.Option(
        "--drugs",
        metavar="DRUG",
        help="The treatment to explain; name the option again, or join drugs by '+', for a combination.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("explain", short_help="Which drugs an alteration costs, which restore, and why.")(explain)


def explain(
    alteration: Change = None,
    resistance_class: Kind = None,
    context: Context = None,
    drugs: Drugs = None,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compute, at average exposure and steady state, which drugs an alteration costs and which restore.

    --out keeps the figure of the network with the activities before and after (SVG and PNG), the text and the numbers.
    """
    from forestall.knowledge.contexts import find_context

    where = None if context is None else find_context(context)
    if (alteration is None) == (resistance_class is None):
        raise InputError(
            "name an alteration, or a class with --class", fix="forestall network explain p95HER2"
        )
    if alteration is None:
        assert resistance_class is not None, "checked above"
        _explain_class(resistance_class.value, where, as_json=as_json, quiet=quiet)
        return
    from forestall.studies.resistance import explain as explained

    with progress_on_stderr(silent=quiet or as_json) as progress:
        progress(_SOLVING, 0, 0)
        found = explained(alteration, where, _named(drugs or []))
    if out is not None:
        from forestall.report.resistance import write_explanation

        write_explanation(found, out)
    if as_json:
        _print_json(found)
    elif not quiet:
        from forestall.report.resistance import print_explanation

        print_explanation(found, _console())


def _named(drugs: list[str]) -> list[str]:
    return [word.strip() for text in drugs for word in text.split("+") if word.strip()]


def _explain_class(name: str, context: str | None, *, as_json: bool, quiet: bool) -> None:
    from forestall.report.resistance import print_class
    from forestall.studies.resistance import explain_class
    from forestall.studies.resistance_words import as_summary

    with progress_on_stderr(silent=quiet or as_json) as progress:
        progress(_SOLVING, 0, 0)
        found = explain_class(name, context)
    if as_json:
        typer.echo(
            json.dumps([as_summary(each) for each in found], indent=2, ensure_ascii=False, allow_nan=False)
        )
    elif not quiet:
        print_class(name, found, _console())


def _print_json(found: Explanation) -> None:
    from forestall.studies.resistance_words import as_data

    typer.echo(json.dumps(as_data(found), indent=2, ensure_ascii=False, allow_nan=False))


def _console() -> Console:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)
