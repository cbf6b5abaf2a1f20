"""`forestall screen --patient` and `--cohort`: regimens tried on a patient's evolving tumor."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.progress import progress_on_stderr
from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.anticipate.files import Anticipation
    from forestall.studies.anticipate.run import Question

PatientFile = Annotated[
    Path | None,
    typer.Option(
        "--patient",
        metavar="FILE",
        help="Try combinations and sequences on the evolving tumor of a patient, or of a file of rates.",
        show_default=False,
    ),
]
CohortFile = Annotated[
    Path | None,
    typer.Option("--cohort", metavar="FILE", help="The same for a list of such files.", show_default=False),
]
Tumors = Annotated[
    int,
    typer.Option(min=1, max=10_000_000, metavar="N", help="Of a patient: copies of the tumor per regimen."),
]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="Of a patient: when control is read.")]
Horizon = Annotated[str, typer.Option("--horizon", metavar="TIME", help="Of a patient: when cure is read.")]


def question_of(order: int, tumors: int, at: str, horizon: str, seed: int, workers: int | None) -> Question:
    """The question that the options ask.

    Raises:
        InputError: if the times are wrong.
    """
    from forestall.knowledge.quantities import days
    from forestall.studies.anticipate.run import Question

    at_days, horizon_days = days(at), days(horizon)
    if at_days > horizon_days:
        raise InputError(
            "control cannot be read after the horizon", field="at", value=at, allowed=f"up to {horizon}"
        )
    return Question(order, tumors, at_days, horizon_days, seed, workers or os.cpu_count() or 1)


def answer(
    patient: Path | None, cohort: Path | None, drugs: Sequence[str], question: Question, *, silent: bool
) -> Anticipation:
    """Run the screen of a patient or cohort.

    Raises:
        InputError: if both are given, or a file or drug is wrong.
    """
    from forestall.studies.anticipate.files import Anticipation, subject_from_file, subjects_of_cohort
    from forestall.studies.anticipate.run import anticipate, pooled

    if patient is not None and cohort is not None:
        raise InputError("give a patient or a cohort, not both", field="cohort", value=str(cohort))
    if cohort is not None:
        name, subjects = subjects_of_cohort(cohort, drugs)
    else:
        assert patient is not None, "the caller asks only with one of them"
        subjects = [subject_from_file(patient, drugs)]
        name = subjects[0].name
    with progress_on_stderr(silent=silent) as progress:
        answers = [anticipate(subject, question, progress) for subject in subjects]
    summary = answers[0] if cohort is None else pooled(answers, name)
    return Anticipation(name, question, tuple(subjects), tuple(map(tuple, answers)), tuple(summary))


def show(result: Anticipation, top: int, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print the result, and write it if a folder is given."""
    if out is not None:
        result.write(out, shlex.join(["forestall", *sys.argv[1:]]))
    if as_json:
        typer.echo(result.to_json(top))
    elif not quiet:
        from forestall.report.anticipation import anticipation_text

        typer.echo(anticipation_text(result, top))
        if out is not None:
            typer.echo(f"\ntable and record: {out}/")
