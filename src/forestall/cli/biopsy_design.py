"""`forestall biopsy-design`: how many samples find a mechanism of resistance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, OutputFolder, Quiet, Seed
from forestall.cli.trial import NameOrFile

if TYPE_CHECKING:
    from forestall.studies.biopsy_result import BiopsyDesign

Mechanism = Annotated[
    str,
    typer.Option(
        "--mechanism",
        "--alteration",
        metavar="NAME",
        help="An alteration ('forestall catalog alterations') or a mechanism of the catalog.",
        show_default=False,
    ),
]
Frequency = Annotated[
    float,
    typer.Option(
        metavar="F",
        help="Share of the progressing patients in whom it is expected to lead, such as 0.1.",
        show_default=False,
    ),
]
Power = Annotated[float, typer.Option(metavar="P", help="Probability with which it is to be found.")]
ArmName = Annotated[
    str | None, typer.Option("--arm", metavar="NAME", help="The arm.", show_default="the control")
]
Modality = Annotated[str, typer.Option(metavar="KIND", help="tissue, blood, both or all.")]
Lesion = Annotated[
    str | None,
    typer.Option(metavar="WHICH", help="progressing, largest, random or all.", show_default="each of them"),
]
Patients = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="Simulated patients.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A number of the laboratory instead of the catalog's, in its unit, such as ctdna.shed_per_death=1e-3; may be "
        "repeated.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("biopsy-design", short_help="How many biopsies or blood draws find a mechanism.")(
        biopsy_design
    )


def biopsy_design(
    name_or_file: NameOrFile,
    mechanism: Mechanism,
    frequency: Frequency,
    power: Power = 0.8,
    arm: ArmName = None,
    modality: Modality = "all",
    lesion: Lesion = None,
    patients: Patients = 1000,
    settings: Settings = None,
    seed: Seed = 1,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say how many paired biopsies or blood draws, when and of which lesion, find a mechanism of resistance.

    The trial's patients are simulated with all their clones, and sampled by a simulated laboratory that errs as real ones do.
    --out keeps the table (plans.csv, design.json), the figure, and the run's record.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.studies.biopsy_design import biopsy_design as design
    from forestall.studies.trial import Trial

    study = Trial.load(name_or_file)
    with progress_on_stderr(silent=quiet or as_json) as progress:
        result = design(
            study,
            mechanism,
            frequency,
            power,
            arm=arm,
            modality=modality,
            lesion=lesion,
            patients=patients,
            seed=seed,
            settings=settings or (),
            progress=progress,
        )
    if out is not None:
        _write(result, out)
    if as_json:
        typer.echo(json.dumps(result.to_data(), allow_nan=False, ensure_ascii=False))
    elif not quiet:
        from forestall.report.biopsy_design import print_design

        print_design(result)


def _write(result: BiopsyDesign, out: Path) -> None:
    from forestall.report.biopsy_design import power_figure
    from forestall.report.drawing import save_figure
    from forestall.studies.output import staged_folder

    with staged_folder(out) as staging:
        result.write_files(staging)
        save_figure(power_figure(result), staging, "power")
        result.write_record(staging, kept=out)
