"""Predictions and calibrations on disk: the format of `volumes.csv`, and YAML; each file is complete or not there."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forestall.errors import StudyError
from forestall.knowledge.pdx_fits import PdxFit
from forestall.knowledge.writing import as_yaml
from forestall.studies.pdx_data import COLUMNS
from forestall.studies.pdx_effects import Floats
from forestall.studies.pdx_predict import Prediction
from forestall.studies.pdx_response import curve, default_days

ANIMAL: Final = "predicted"
TUMOR_TYPE: Final = "BRCA"
_HEADING: Final = (
    "# Calibration of the xenograft model: derived parameters, no measurement. Made by the command below; see\n"
    "# docs/explanation/xenografts.md. Do not edit.\n\n"
)


def write_volumes(path: Path, predictions: Sequence[Prediction], treatment: str, days: Floats | None) -> None:
    """Write expected volumes, one row per model and day.

    Args:
        path: The file; `-` is not special.
        predictions: One per model.
        treatment: How the treatment is written in its column.
        days: The days; if None, every day until nearly all virtual mice have left.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for prediction in predictions:
        when = default_days(prediction) if days is None else days
        for day, volume in zip(when, curve(prediction, when), strict=True):
            writer.writerow(
                (prediction.model, ANIMAL, TUMOR_TYPE, treatment, float(day), f"{float(volume):.1f}")
            )
    _write(path, text.getvalue())


def write_fit(path: Path, fit: PdxFit) -> None:
    """Write a calibration."""
    _write(path, _HEADING + as_yaml(fit.model_dump(mode="json"), short_lists_inline=True))


def _write(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(text, encoding="utf-8", newline="\n")
        staged.replace(path)
    except OSError as error:
        raise StudyError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        staged.unlink(missing_ok=True)
