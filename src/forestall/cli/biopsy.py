"""`forestall biopsy`: what biopsies and blood draws of one patient would find."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.biopsy_design import Settings
from forestall.cli.options import AsJson, DiseaseName, OutputFolder, PatientParameters, Quiet, Seed
from forestall.cli.simulate import Duration, PatientFile, RegimenName, patient_of

if TYPE_CHECKING:
    from forestall.api import SampledPatient

Tissue = Annotated[
    list[str] | None,
    typer.Option(
        "--tissue",
        metavar="WHEN:LESION",
        help="A core; may be repeated. WHEN: baseline, progression, end, visits, a day or a time such as '16 weeks' (the nearest "
        "visit). LESION: its name, progressing, largest or all. 'none' for no tissue.",
        show_default="baseline:progressing, progression:progressing",
    ),
]
Blood = Annotated[
    list[str] | None,
    typer.Option(
        "--blood",
        metavar="WHEN",
        help="A blood draw; may be repeated. 'none' for no blood.",
        show_default="visits",
    ),
]
Visits = Annotated[str, typer.Option(metavar="PLAN", help="When the patient is assessed.")]
_NONE = "none"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("biopsy", short_help="Biopsies and blood draws of one patient.")(biopsy)


def biopsy(
    regimen: RegimenName,
    patient_file: PatientFile = None,
    disease: DiseaseName = None,
    tissue: Tissue = None,
    blood: Blood = None,
    duration: Duration = "24 months",
    visits: Visits = "every 8 weeks",
    settings: Settings = None,
    seed: Seed = 1,
    parameters: PatientParameters = None,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take biopsies and blood along one virtual patient's course, and say what the laboratory would report.

    --out keeps the course, the tables of samples, variants and receptors, the variants as MAF, a fish plot and the clone tree.
    """
    from forestall.api import simulate as follow
    from forestall.cli.progress import progress_on_stderr
    from forestall.clinic.laboratory import Laboratory
    from forestall.knowledge.scope import in_scope
    from forestall.studies.samples import DEFAULT_BLOOD, DEFAULT_TISSUE

    patient = patient_of(patient_file, disease)
    with in_scope(patient.scope):
        laboratory = Laboratory.with_numbers(settings or ())
    with progress_on_stderr(silent=quiet or as_json) as progress:
        course = follow(
            patient,
            regimen,
            duration=duration,
            seed=seed,
            visits=visits,
            parameters=parameters,
            progress=progress,
        )
    sampled = course.sample(
        tissue=_asked(tissue, DEFAULT_TISSUE), blood=_asked(blood, DEFAULT_BLOOD), laboratory=laboratory
    )
    if out is not None:
        sampled.write(out)
    if as_json:
        typer.echo(json.dumps(sampled.to_data(), allow_nan=False, ensure_ascii=False))
    elif not quiet:
        _print(sampled)


def _asked(given: list[str] | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    return usual if not given else tuple(word for word in given if word.strip().casefold() != _NONE)


def _print(sampled: SampledPatient) -> None:
    from forestall.report.samples_table import print_samples

    print_samples(sampled)
