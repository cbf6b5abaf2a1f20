"""`forestall simulate`: one patient under one regimen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forestall.cli.options import AsJson, OutputFolder, Quiet, Seed

PatientFile = Annotated[
    Path,
    typer.Argument(
        metavar="PATIENT_FILE",
        help="A patient file (YAML): biomarkers, lesions, history. See 'forestall schema patient'.",
        show_default=False,
    ),
]
RegimenName = Annotated[
    str,
    typer.Option(
        "--regimen",
        "-r",
        metavar="REGIMEN",
        help="A regimen of the catalog ('forestall catalog regimens' lists them).",
        show_default=False,
    ),
]
Duration = Annotated[
    str, typer.Option("--for", metavar="TIME", help="How long to follow the patient, with its unit.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("simulate", short_help="Follow one patient through one regimen.")(simulate)


def simulate(
    patient_file: PatientFile,
    regimen: RegimenName,
    duration: Duration = "24 months",
    seed: Seed = 1,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Follow one virtual patient through one regimen and tell the course in words.

    --out keeps a report (HTML), the story, the course as JSON, the visits and clones as CSV, figures, and the run's record.
    """
    from forestall.api import Patient
    from forestall.api import simulate as follow
    from forestall.cli.progress import progress_on_stderr

    patient = Patient.load(patient_file)
    with progress_on_stderr(silent=quiet or as_json) as progress:
        course = follow(patient, regimen, duration=duration, seed=seed, progress=progress)
    if out is not None:
        course.write(out)
    if as_json:
        typer.echo(course.to_json())
    elif not quiet:
        typer.echo(course.story())
