"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LARGEST_SEED = 2**63 - 1


def _refuse_large(seed: int) -> int:
    if seed > LARGEST_SEED:
        raise typer.BadParameter(f"{seed} is larger than 2^63 - 1 = {LARGEST_SEED}")
    return seed


Seed = Annotated[
    int,
    typer.Option(
        min=0,
        callback=_refuse_large,
        metavar="S",
        help="Seed of all random streams; the same seed gives the same result.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="W", help="Threads to use (default: all cores). Never changes a result."),
]
OutputFolder = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
DiseaseName = Annotated[
    str | None,
    typer.Option(
        "--disease",
        metavar="DISEASE",
        help="breast, a pack that ships (cml, lung_alk, lung_egfr, melanoma_braf, prostate_ar), or the path of a pack of your own.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Parameters = Annotated[
    str | None,
    typer.Option(
        metavar="NAME_OR_FILE",
        help="Numbers of the model: calibrated (the default in breast cancer), literature, or an ensemble that 'forestall "
        "calibrate' wrote (YAML).",
        show_default=False,
    ),
]
PatientParameters = Annotated[
    str | None,
    typer.Option(
        "--parameters",
        metavar="NAME_OR_FILE",
        help="Numbers of the model: literature (the default for one patient), calibrated, or an ensemble that 'forestall "
        "calibrate' wrote (YAML).",
        show_default=False,
    ),
]
