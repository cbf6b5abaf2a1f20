"""`forestall calibrate`: parameters and their uncertainty from published outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forestall.cli.options import Quiet, Workers

Specification = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="A shipped specification (metastatic) or a file of your own (YAML).",
    ),
]
EvidenceFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with trials.csv, arms.csv and comparisons.csv (default: evidence in the shared folder).",
    ),
]
CurvesFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with arm_summary.csv of published curves (default: beside the evidence, if it is there).",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the shards that an earlier run left in --out.")
]
Worlds = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Calibrate to N worlds whose truth is known instead of to the evidence, and say how often it was found.",
    ),
]
WorldPatients = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Patients per arm that a world's evidence rests on; 0 takes sets of the calibration as worlds.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("calibrate", short_help="Calibrate the model to published trials.")(calibrate)


def calibrate(
    spec: Specification = "metastatic",
    evidence: EvidenceFolder = None,
    curves: CurvesFolder = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")] = Path(
        "out/calibration"
    ),
    resume: Resume = False,
    worlds: Worlds = 0,
    world_patients: WorldPatients = 100,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Calibrate the model to published trials: an ensemble of parameter sets, and how well it predicts trials that it has not seen.

    Writes the ensemble (YAML and CSV), predictions.csv, identifiability.csv, summary.json, a figure and the run's record to
    --out. Simulated shards are kept in --out/shards; a run that was stopped goes on with --resume. With --worlds it writes
    recovery.csv, recovery.json and a figure instead, simulates the first wave only, and uses the shards that are there.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.report.calibration import draw_calibration, print_calibration
    from forestall.report.drawing import save_figure
    from forestall.studies.calibration.command import run_calibration

    if worlds:
        _recover(spec, worlds, world_patients, evidence, curves, out, workers, quiet=quiet)
        return
    with progress_on_stderr(silent=quiet) as progress:
        done = run_calibration(
            spec, evidence=evidence, curves=curves, out=out, resume=resume, workers=workers, progress=progress
        )
    save_figure(draw_calibration(done[0]), out, "calibration")
    if not quiet:
        for stage in done:
            print_calibration(stage)
        typer.echo(f"ensemble, tables and figure: {out}")


def _recover(
    spec: str,
    worlds: int,
    patients: int,
    evidence: Path | None,
    curves: Path | None,
    out: Path,
    workers: int | None,
    *,
    quiet: bool,
) -> None:
    """Calibrate to worlds whose truth is known."""
    from forestall.cli.progress import progress_on_stderr
    from forestall.report.drawing import save_figure
    from forestall.report.recovery import draw_recovery, recovery_lines
    from forestall.studies.calibration.recovery_command import run_recovery

    with progress_on_stderr(silent=quiet) as progress:
        found = run_recovery(
            spec,
            worlds=worlds,
            patients=patients,
            evidence=evidence,
            curves=curves,
            out=out,
            workers=workers,
            progress=progress,
        )
    save_figure(draw_recovery(found), out, "recovery")
    if not quiet:
        for line in recovery_lines(found):
            typer.echo(line)
        typer.echo(f"tables and figure: {out}")
