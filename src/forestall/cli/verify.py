"""`forestall verify`: the branching engine against theory, published tables and other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.errors import ExitCode
from forestall.cli.options import AsJson, Seed

if TYPE_CHECKING:
    from forestall.studies.verification.verdict import Verdict

Topics = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TOPIC]...",
        help="laws, resistance, bozic, programs, invariance (all if not given).",
        show_default=False,
    ),
]
IsQuick = Annotated[bool, typer.Option("--quick", help="A twentieth of the samples.")]


_HEAD = f"{'':<6}{'check':<62} {'found':>16}  {'allowed':<16} {'false':<5} {'n':>6}  against\n{'':<103}alarm"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("verify", short_help="Check the branching engine against theory and other programs.")(verify)


def verify(topics: Topics = None, quick: IsQuick = False, seed: Seed = 1, as_json: AsJson = False) -> int:
    """Check the branching engine against theory, published tables and other programs.

    Each line is a number, the range that is accepted, and the probability that a correct engine with another seed would be refused.
    The exit code is 1 if a check fails.
    """
    from forestall.studies.verification.suite import run_checks
    from forestall.studies.verification.verdict import QUICK, Effort

    effort = Effort(QUICK.share if quick else 1.0, seed)
    found = []
    if not as_json:
        typer.echo(_HEAD)
    for topic, verdict in run_checks(tuple(topics or ()), effort):
        found.append((topic, verdict))
        if not as_json:
            typer.echo(_line(verdict))
    failed = sum(not verdict.passed for _, verdict in found)
    if as_json:
        typer.echo(
            json.dumps([{"topic": topic, **vars(v), "passed": v.passed} for topic, v in found], indent=2)
        )
    else:
        typer.echo(f"{len(found)} checks, {failed} failed")
    return ExitCode.FAILED if failed else ExitCode.OK


def _line(verdict: Verdict) -> str:
    found = f"{verdict.statistic} {verdict.value:.3g}"
    allowed = f"{verdict.low:.3g} to {verdict.high:.3g}"
    chance = f"{verdict.false_alarm:.0e}" if verdict.false_alarm else "none"
    return (
        f"{'pass' if verdict.passed else 'FAIL'}  {verdict.claim:<62.62} {found:>16}  {allowed:<16} {chance:<5} "
        f"{verdict.samples:>6}  {verdict.reference}"
    )
