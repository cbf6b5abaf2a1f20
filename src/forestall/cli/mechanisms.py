"""`forestall mechanisms`: what is found at progression, published beside simulated."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from forestall.cli.options import AsJson, OutputFolder, Quiet, Seed

PatientsPerArm = Annotated[int, typer.Option(min=2, metavar="N", help="Virtual patients per arm.")]
WhichParameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameters",
        metavar="NAME_OR_FILE",
        help="Numbers of the model, as often as wanted (default: literature and calibrated).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("mechanisms", short_help="What is found at progression, published beside simulated.")(
        mechanisms
    )


def mechanisms(
    patients: PatientsPerArm = 200,
    parameters: WhichParameters = None,
    seed: Seed = 1,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate the samples in which alterations were found at progression, and compare how often they are found.

    Each published share (ESR1 mutations after an aromatase inhibitor, RB1 loss after palbociclib, ...) names its treatment, patients
    and sample. --out keeps the table (mechanisms.csv).
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.knowledge.ensembles import parameters_named
    from forestall.studies.mechanism_shares import mechanism_shares, share_rows

    sets = [parameters_named(name) for name in parameters or ("literature", "calibrated")]
    with progress_on_stderr(silent=quiet or as_json) as progress:
        found = mechanism_shares(sets, patients=patients, seed=seed, progress=progress)
    if out is not None:
        from forestall.studies.course_files import write_csv
        from forestall.studies.output import staged_folder

        with staged_folder(out) as staging:
            write_csv(staging / "mechanisms.csv", share_rows(found))
    if as_json:
        typer.echo(json.dumps({"study": "mechanisms", "shares": share_rows(found)}, allow_nan=False))
    elif not quiet:
        from forestall.report.mechanism_shares import print_mechanism_shares

        print_mechanism_shares(found)
