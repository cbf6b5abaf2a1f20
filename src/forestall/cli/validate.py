"""`forestall validate`: published trials predicted from their tables, beside what simple rules predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, Quiet, Seed, Workers

if TYPE_CHECKING:
    from forestall.studies.validation.answers import Validation

EvidenceFolder = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Folder with trials.csv, arms.csv and perhaps comparisons.csv and overrides.yaml.",
        show_default=False,
    ),
]
TrialFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of trial files (YAML) that replace the derivation of trials of their name.",
    ),
]
CurveFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with arm_summary.csv and patient_level.csv.gz: published curves to compare with.",
    ),
]
PatientsPerArm = Annotated[
    int, typer.Option(min=2, metavar="N", help="Virtual patients per arm, over all parameter sets.")
]
Members = Annotated[int, typer.Option(min=1, metavar="N", help="Parameter sets at most for each trial.")]
WhichParameters = Annotated[
    str | None,
    typer.Option(
        "--parameters",
        metavar="NAME",
        help="literature, calibrated (the default), or the file of an ensemble.",
    ),
]
DocumentPath = Annotated[
    Path | None,
    typer.Option(
        "--write-docs",
        metavar="PATH",
        help="Also write the page to this Markdown file, its figure to images/ beside it.",
    ),
]
ShardFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where finished shards are kept, and found again by the next run; --out with '.shards' added if not given.",
    ),
]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Apply the simple rules; simulate nothing.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Print how each trial is derived from the tables, and stop.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("validate", short_help="Predict published trials; compare with simple rules.")(validate)


def validate(
    evidence: EvidenceFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")] = Path(
        "out/validation"
    ),
    trials: TrialFolder = None,
    curves: CurveFolder = None,
    patients: PatientsPerArm = 800,
    members: Members = 20,
    parameters: WhichParameters = "calibrated",
    seed: Seed = 1,
    rules_only: RulesOnly = False,
    explain: Explain = False,
    shards: ShardFolder = None,
    write_docs: DocumentPath = None,
    workers: Workers = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Predict every comparison of evidence tables, and say how far Forestall and simple rules are from what was published.

    Writes validation.md, tables, a calibration plot and the run's record to --out. What the tables say wrongly, and what cannot
    be simulated, is listed with the reason. A run that was stopped goes on where it was: give it the same --out.
    """
    from forestall.cli.progress import progress_on_stderr
    from forestall.report.validation import print_explanation, print_validation
    from forestall.studies.validation.answers import validate as run
    from forestall.studies.validation.results import as_data
    from forestall.studies.validation.shards import Size

    if explain:
        print_explanation(run(evidence, trials=trials))
        return
    with progress_on_stderr(silent=quiet or as_json) as progress:
        found = run(
            evidence,
            trials=trials,
            curves=curves,
            parameters=parameters,
            size=None if rules_only else Size(patients, members, seed),
            shards=shards or out.with_name(f"{out.name}.shards"),
            workers=workers,
            progress=progress,
        )
    _write_results(found, out)
    if write_docs is not None:
        _write_document(found, write_docs)
    if as_json:
        typer.echo(json.dumps(as_data(found), indent=2, allow_nan=False))
    elif not quiet:
        print_validation(found)
        typer.echo(f"tables, page and figure: {out}")


def _write_results(found: Validation, out: Path) -> None:
    """Tables, page and figure."""
    from forestall.report.drawing import inline_svg, save_figure
    from forestall.report.page import as_html
    from forestall.report.validation import FIGURE, markdown
    from forestall.report.validation_figure import draw_validation
    from forestall.studies.output import staged_folder
    from forestall.studies.validation.results import write_tables

    page = markdown(found)
    with staged_folder(out) as folder:
        write_tables(found, folder)
        (folder / "validation.md").write_text(page, encoding="utf-8", newline="\n")
        picture = inline_svg(
            draw_validation(found), "calibration", "Calibration", "Predicted against published ratios."
        )
        (folder / "validation.html").write_text(
            as_html(page, {FIGURE: picture}), encoding="utf-8", newline="\n"
        )
        save_figure(draw_validation(found), folder, "calibration")


def _write_document(found: Validation, path: Path) -> None:
    """The page, its figure, and beside them the numbers that other pages quote."""
    from forestall.report.drawing import svg_text
    from forestall.report.targets import plain_targets
    from forestall.report.validation import document
    from forestall.report.validation_figure import draw_validation
    from forestall.studies.output import staged_file
    from forestall.studies.validation.results import quoted

    with staged_file(path.parent / "images" / "validation.svg") as stream:
        stream.write(svg_text(draw_validation(found)))
    with staged_file(path.with_suffix(".json")) as stream:
        stream.write(json.dumps(quoted(found) | {"targets": plain_targets(found)}, indent=2, allow_nan=False))
        stream.write("\n")
    with staged_file(path) as stream:
        stream.write(document(found, "images/validation.svg"))
