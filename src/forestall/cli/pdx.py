"""`forestall pdx`: patient-derived xenografts, one tumor in one mouse."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from forestall.cli.options import AsJson, Quiet, Seed
from forestall.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from forestall.knowledge.pdx_fits import PdxFit
    from forestall.studies.pdx_predict import Method
    from forestall.studies.pdx_response import Response

LONGEST_DAYS: Final = 1000.0
_COMPARED: Final[tuple[Method, ...]] = ("forestall", "hsa", "bliss")

DataFolder = Annotated[
    Path,
    typer.Option(
        "--data", metavar="DIR", help="Folder with volumes.csv(.gz) and molecular tables.", show_default=False
    ),
]
OtherData = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Calibrate on this folder first (default: the shipped calibration)."
    ),
]
Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration", metavar="FILE", help="A file from 'forestall pdx calibrate' (default: shipped)."
    ),
]
OutputFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.", show_default=False)]
Models = Annotated[
    str,
    typer.Option(
        metavar="all|measured|ID,...",
        help="'all' models, those with volumes ('measured'), or ids with commas.",
    ),
]
Treatment = Annotated[
    str,
    typer.Option(
        metavar='"CODE + CODE"', help='Compounds, for example "BYL719 + LEE011".', show_default=False
    ),
]
MethodName = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        help="forestall; hsa or bliss (from shrunk single agents); hsa-raw or bliss-raw (from single agents as seen).",
    ),
]
Days = Annotated[
    str | None,
    typer.Option(
        metavar="D,D,...", help="Days to write (default: every day until nearly all mice have left)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        name="pdx",
        help="Xenografts: calibrate on single agents, predict combinations.",
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    group.command("calibrate", short_help="Calibrate growth and single-agent effects.")(calibrate)
    group.command("predict", short_help="Predict any treatment, single or combined.")(predict)
    group.command("report", short_help="Check predictions on left-out arms and synthetic trials.")(report)
    app.add_typer(group, short_help="Predict combinations in xenografts from single agents.")


def calibrate(data: DataFolder, out: OutputFile, seed: Seed = 1, quiet: Quiet = False) -> None:
    """Calibrate growth and single-agent effects of every model, shrunk to what models and compounds share.

    Combinations in the data are never used. The file holds derived parameters only.
    """
    from forestall.studies.pdx_table import write_fit

    fit = _calibrated(data, seed)
    write_fit(out, fit)
    if not quiet:
        arms = sum(len(model.arms) for model in fit.models.values())
        typer.echo(f"{arms} single-agent and untreated arms, log-likelihood {fit.log_likelihood:.1f}: {out}")


def predict(
    treatment: Treatment,
    out: OutputFile,
    models: Models = "all",
    method: MethodName = "forestall",
    days: Days = None,
    data: OtherData = None,
    calibration: Calibration = None,
    seed: Seed = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Predict a treatment in xenograft models, and write expected volumes in the format of volumes.csv.

    A volume is the mean over virtual mice; a mouse that has left the study keeps its last volume.
    """
    from forestall.knowledge.pdx_treatments import parse_treatment, treatment_name
    from forestall.studies.pdx_predict import choose_models, posterior, predict_treatment, unmeasured
    from forestall.studies.pdx_response import respond
    from forestall.studies.pdx_table import write_volumes

    codes = parse_treatment(treatment)
    chosen = _method(method)
    when = _days(days)
    fit = _fit(data, calibration, seed)
    names = choose_models(fit, models, codes=codes, method=chosen)
    if not names:
        raise InputError(
            "no model has all arms", field="treatment", value=treatment, fix="use --method hsa or bliss"
        )
    known = posterior(fit)
    predictions = predict_treatment(known, names, codes, method=chosen, seed=seed)
    write_volumes(out, predictions, treatment_name(codes), when)
    if quiet and not as_json:
        return
    shown = {chosen: [respond(prediction) for prediction in predictions]}
    for other in _COMPARED:
        if other not in shown and len(codes) > 1:
            shown[other] = [
                respond(item) for item in predict_treatment(known, names, codes, method=other, seed=seed)
            ]
    if as_json:
        typer.echo(json.dumps(_as_data(treatment_name(codes), shown), indent=2, allow_nan=False))
    else:
        _print(treatment_name(codes), shown, codes, unmeasured(fit, names))
        typer.echo(f"expected volumes ({chosen}): {out}")


def report(
    data: DataFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path(
        "out/pdx"
    ),
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="Synthetic trials per scenario.")] = 8,
    seed: Seed = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check the model on a data folder: left-out arms, compounds with one target, synthetic combinations. Takes minutes.

    Writes record.json, left_out.csv and a figure to --out.
    """
    from forestall.report.drawing import save_figure
    from forestall.report.pdx import print_report
    from forestall.report.pdx_figure import draw_report
    from forestall.studies.output import staged_folder
    from forestall.studies.pdx_data import read_pdx
    from forestall.studies.pdx_report import as_data, check, write_tables

    read = read_pdx(data)
    found = check(_calibrated(data, seed), read, trials=trials, seed=seed)
    with staged_folder(out) as folder:
        write_tables(found, folder)
        save_figure(draw_report(found), folder, "xenografts")
    if as_json:
        typer.echo(json.dumps(as_data(found), indent=2, allow_nan=False))
    elif not quiet:
        print_report(found)
        typer.echo(f"tables and figure: {out}")


def _calibrated(data: Path, seed: int) -> PdxFit:
    import forestall
    from forestall.studies.pdx_calibrate import calibrate as run
    from forestall.studies.pdx_data import read_pdx

    command = f"forestall pdx calibrate --data {data.name} --seed {seed}"
    return run(read_pdx(data), seed=seed, command=command, software=f"forestall {forestall.__version__}")


def _fit(data: Path | None, calibration: Path | None, seed: int) -> PdxFit:
    from forestall.knowledge.pdx_fits import SHIPPED, load_pdx_fits, read_fit

    if data is not None and calibration is not None:
        raise InputError("--data and --calibration exclude each other", fix="give one of them")
    if data is not None:
        return _calibrated(data, seed)
    return load_pdx_fits()[SHIPPED.stem] if calibration is None else read_fit(calibration)


def _method(name: str) -> Method:
    from forestall.studies.pdx_predict import METHODS

    for method in METHODS:
        if method == name.strip().casefold():
            return method
    raise InputError("unknown method", field="method", value=name, fix=did_you_mean(name, METHODS))


def _days(text: str | None) -> Any:
    import numpy as np

    if text is None:
        return None
    try:
        days = np.array([float(word) for word in text.split(",")])
    except ValueError:
        days = np.array([math.nan])
    if not (
        np.isfinite(days).all()
        and (days >= 0).all()
        and (days <= LONGEST_DAYS).all()
        and (np.diff(days) > 0).all()
    ):
        raise InputError(
            "not a list of days",
            field="days",
            value=text,
            allowed=f"ascending numbers from 0 to {LONGEST_DAYS:g}, with commas",
        )
    return days


def _as_data(treatment: str, shown: dict[Method, list[Response]]) -> dict[str, Any]:
    from dataclasses import asdict

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items()}
        if isinstance(value, float):
            return None if math.isnan(value) else round(value, 4)
        return value

    return {
        "treatment": treatment,
        "methods": {method: [clean(asdict(item)) for item in found] for method, found in shown.items()},
    }


def _print(
    treatment: str, shown: dict[Method, list[Response]], codes: tuple[str, ...], bare: tuple[str, ...]
) -> None:
    from forestall.report.pdx import print_responses
    from forestall.studies.pdx_predict import without_single_agents

    print_responses(treatment, shown, without_single_agents(codes), bare)
