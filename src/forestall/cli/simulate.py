"""`forestall simulate`: one patient under one regimen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, DiseaseName, OutputFolder, PatientParameters, Quiet, Seed

if TYPE_CHECKING:
    from forestall.api import Patient

PatientFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PATIENT_FILE]",
        help="A patient file (YAML): biomarkers, lesions, history. See 'forestall schema patient'. With --disease, "
        "the typical patient of that disease if absent.",
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
    regimen: RegimenName,
    patient_file: PatientFile = None,
    disease: DiseaseName = None,
    duration: Duration = "24 months",
    seed: Seed = 1,
    parameters: PatientParameters = None,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Follow one virtual patient through one regimen and tell the course in words.

    --out keeps a report (HTML), the story, the course as JSON, the visits and clones as CSV, figures, and the run's record.
    """
    from forestall.api import simulate as follow
    from forestall.cli.progress import progress_on_stderr

    patient = patient_of(patient_file, disease)
    with progress_on_stderr(silent=quiet or as_json) as progress:
        course = follow(
            patient, regimen, duration=duration, seed=seed, parameters=parameters, progress=progress
        )
    if out is not None:
        course.write(out)
    if as_json:
        typer.echo(course.to_json())
    elif not quiet:
        typer.echo(course.story())


def patient_of(file: Path | None, disease: str | None) -> Patient:
    """The patient of a file, or the typical one of a disease."""
    from forestall.api import Patient
    from forestall.errors import InputError
    from forestall.knowledge.packs import find_disease
    from forestall.knowledge.scope import in_scope

    if file is None and disease is None:
        raise InputError(
            "there is no patient", fix="give a patient file, or --disease for the typical patient of a pack"
        )
    if file is None:
        return Patient.typical(str(disease))
    with in_scope(None if disease is None else find_disease(disease)):
        return Patient.load(file)
