"""`forestall trial`: run a trial as virtual patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, DiseaseName, OutputFolder, Parameters, Quiet, Seed, Workers

if TYPE_CHECKING:
    from forestall.api import TrialResult

NameOrFile = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        help="A trial of the catalog (see 'forestall catalog trials'), or a trial file of your own (YAML).",
        show_default=False,
    ),
]
Patients = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Virtual patients (default: as many as the trial file says)."),
]
Replicates = Annotated[
    int,
    typer.Option(
        min=1, metavar="R", help="Independent repetitions of the trial; more than one gives intervals."
    ),
]
Why = Annotated[
    int | None,
    typer.Option(
        "--why",
        min=1,
        metavar="N",
        help="Repeat the courses of N patients of each arm who progressed without one mechanism of resistance at a time, and sum "
        "what each did: about 15 more courses a patient.",
        show_default=False,
    ),
]
ExplainDefaults = Annotated[
    bool, typer.Option("--explain-defaults", help="Print every default that the trial would use, and stop.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("trial", short_help="Run a trial as virtual patients.")(trial)


def trial(
    name_or_file: NameOrFile,
    patients: Patients = None,
    replicates: Replicates = 1,
    seed: Seed = 1,
    workers: Workers = None,
    parameters: Parameters = None,
    why: Why = None,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    explain_defaults: ExplainDefaults = False,
    disease: DiseaseName = None,
) -> None:
    """Run a trial as virtual patients, compare it with its published result, and say why they progressed.

    Writes report.html, the tables (ADSL, ADTTE, ADTR, ADRS), figures and the run's record to --out.
    """
    from forestall.api import Trial
    from forestall.cli.progress import progress_on_stderr
    from forestall.knowledge.packs import find_disease
    from forestall.knowledge.scope import in_scope
    from forestall.report.html import REPORT_FILE

    with in_scope(None if disease is None else find_disease(disease)):
        study = Trial.load(name_or_file)
    if explain_defaults:
        typer.echo(study.explain_defaults())
        return
    folder = out or Path("out") / study.name
    with progress_on_stderr(silent=quiet or as_json) as progress:
        result = study.run(
            seed=seed,
            patients=patients,
            replicates=replicates,
            workers=workers,
            parameters=parameters,
            why=why,
            out=folder,
            progress=progress,
        )
    if as_json:
        typer.echo(result.to_json())
    elif not quiet:
        _print(result, folder / REPORT_FILE)


def _print(result: TrialResult, page: Path) -> None:
    from forestall.report.terminal import print_summary

    print_summary(result.content, report_path=page)
