"""`forestall sensitivity`: which numbers move a trial's result, and what would narrow its prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from forestall.cli.options import AsJson, Quiet, Seed, Workers

TrialName = Annotated[
    str,
    typer.Argument(
        metavar="TRIAL",
        help="A trial of the catalog, a trial file, or a trial of --evidence.",
        show_default=False,
    ),
]
EvidenceFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Evidence tables that the trial is derived from.")
]
WhichParameters = Annotated[
    str,
    typer.Option(
        "--parameters",
        metavar="NAME_OR_FILE",
        help="Numbers of the model: calibrated, literature, or an ensemble that 'forestall calibrate' wrote (YAML).",
    ),
]
Trajectories = Annotated[
    int, typer.Option(min=0, metavar="N", help="Trajectories of the screening; 0 for none.")
]
Members = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Parameter sets for what would narrow the prediction; 0 for none."),
]
SobolSample = Annotated[
    int,
    typer.Option(
        "--sobol",
        min=0,
        metavar="N",
        help="Base sample of Sobol's indices on a surrogate of the runs, a power of two; 0 for none.",
    ),
]
PatientsPerArm = Annotated[
    int, typer.Option(min=10, metavar="N", help="Virtual patients per arm and parameter set.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sensitivity", short_help="What a trial's result depends on, and what would narrow it.")(
        sensitivity
    )


def sensitivity(
    trial: TrialName,
    evidence: EvidenceFolder = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")] = Path(
        "out/sensitivity"
    ),
    parameters: WhichParameters = "calibrated",
    trajectories: Trajectories = 6,
    members: Members = 200,
    patients: PatientsPerArm = 60,
    sobol: SobolSample = 1024,
    seed: Seed = 1,
    workers: Workers = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Move each uncertain number of a trial, and see what its hazard ratio and its control arm's median do.

    Writes sensitivity.md, tables, a figure and the run's record to --out. A run that was stopped goes on where it was.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.report.drawing import inline_svg, save_figure
    from forestall.report.page import as_html
    from forestall.report.sensitivity import FIGURE, markdown, summary
    from forestall.report.sensitivity_figure import draw_sensitivity
    from forestall.studies.output import staged_folder
    from forestall.studies.sensitivity.choice import chosen_trial
    from forestall.studies.sensitivity.results import as_data, write_tables
    from forestall.studies.sensitivity.study import Size, analyze
    from forestall.studies.validation.ensemble import parameters_for

    plan, contrast = chosen_trial(trial, evidence)
    kept = out.with_name(f"{out.name}.shards")
    with progress_on_stderr(silent=quiet or as_json) as progress:
        found = analyze(
            plan,
            contrast,
            parameters_for(parameters),
            Size(trajectories, members, patients, seed, sobol),
            kept,
            workers=workers,
            progress=progress,
        )
    with staged_folder(out) as folder:
        write_tables(found, folder)
        page = markdown(found)
        (folder / "sensitivity.md").write_text(page, encoding="utf-8", newline="\n")
        picture = inline_svg(draw_sensitivity(found), "sensitivity", "Sensitivity", "What moves the result.")
        (folder / "sensitivity.html").write_text(
            as_html(page, {FIGURE: picture}), encoding="utf-8", newline="\n"
        )
        save_figure(draw_sensitivity(found), folder, "sensitivity")
    if as_json:
        typer.echo(json.dumps(as_data(found), indent=2, allow_nan=False))
    elif not quiet:
        for line in summary(found):
            typer.echo(line)
        typer.echo(f"page, tables and figure: {out}")
