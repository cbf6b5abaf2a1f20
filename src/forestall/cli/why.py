"""`forestall why`: what each mechanism of resistance did in one patient."""

from __future__ import annotations

import json

import typer

from forestall.cli.options import AsJson, DiseaseName, OutputFolder, PatientParameters, Quiet, Seed
from forestall.cli.simulate import Duration, PatientFile, RegimenName, patient_of


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("why", short_help="Why one patient progressed: her course without each mechanism.")(why)


def why(
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
    """Repeat one patient's course with one mechanism switched off at a time, all random numbers kept.

    --out keeps the course, the table (why.csv), the leading lesion in every repetition (without.csv), and the figures.
    """
    from forestall.api import why as explain
    from forestall.cli.progress import progress_on_stderr

    patient = patient_of(patient_file, disease)
    with progress_on_stderr(silent=quiet or as_json) as progress:
        result = explain(
            patient, regimen, duration=duration, seed=seed, parameters=parameters, progress=progress
        )
    if out is not None:
        result.write(out)
    if as_json:
        typer.echo(json.dumps(result.to_data(), allow_nan=False, ensure_ascii=False))
    elif not quiet:
        from forestall.report.why import print_why

        print_why(result)
