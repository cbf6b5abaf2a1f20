"""What a sensitivity analysis writes."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from forestall.studies.record import RECORD_FILE, knowledge_sha256, machine, versions
from forestall.studies.sensitivity.quantities import QUANTITIES
from forestall.studies.sensitivity.study import Sensitivity, measured_by

SCHEMA: Final = 1


def as_data(found: Sensitivity) -> dict[str, Any]:
    """Everything as plain data; what is not defined is None."""
    data = {
        "schema_version": SCHEMA,
        "study": "sensitivity",
        "trial": found.plan.trial,
        "contrast": found.contrast._asdict(),
        "parameters": found.parameters,
        "size": asdict(found.size),
        "versions": versions(),
        "machine": machine(),
        "knowledge_sha256": knowledge_sha256(),
        "trajectories_used": {one.quantity: one.trajectories for one in found.screenings},
        "spread_between_parameter_sets": dict(zip(QUANTITIES, found.spreads, strict=False)),
        "effects": list(effect_rows(found)),
        "sobol": list(sobol_rows(found)),
        "surrogate_explains": {one.quantity: one.explained for one in found.decompositions},
        "narrowing": list(narrowing_rows(found)),
        "biomarkers": list(biomarker_rows(found)),
    }
    plain: dict[str, Any] = _plain(data)
    return plain


def effect_rows(found: Sensitivity) -> Iterator[dict[str, Any]]:
    """Elementary effects, the largest of each quantity first."""
    for screening in found.screenings:
        for effect in screening.effects:
            yield {
                "quantity": screening.quantity,
                "number": effect.name,
                "mean_absolute_effect": effect.mean_absolute,
                "half_width_95": effect.half_width,
                "mean_effect": effect.mean,
                "sigma": effect.spread,
                "measured_by": measured_by(effect.name),
            }


def sobol_rows(found: Sensitivity) -> Iterator[dict[str, Any]]:
    """Sobol's indices, the largest total of each quantity first."""
    for one in found.decompositions:
        for index in one.indices:
            row: dict[str, Any] = {"quantity": one.quantity, "number": index.name}
            for name, share in (("first", index.first), ("total", index.total)):
                row |= {name: share.value, f"{name}_low": share.lower, f"{name}_high": share.upper}
            yield row | {"surrogate_explains": one.explained, "runs": one.runs}


def narrowing_rows(found: Sensitivity) -> Iterator[dict[str, Any]]:
    """Shares of the variance between parameter sets that knowing one number removes."""
    for one in found.narrowings:
        row: dict[str, Any] = {"number": one.name, "measured_by": one.measured_by}
        for quantity, share in zip(QUANTITIES, one.shares, strict=True):
            row |= {quantity: share.value, f"{quantity} low": share.lower, f"{quantity} high": share.upper}
        yield row


def biomarker_rows(found: Sensitivity) -> Iterator[dict[str, Any]]:
    """Shares of the variance between patients that a measurement removes."""
    for one in found.biomarkers:
        yield {
            "biomarker": one.biomarker,
            "measured_by": one.measured_by,
            "time": one.time.value,
            "time_low": one.time.lower,
            "time_high": one.time.upper,
            "benefit": one.benefit.value,
            "benefit_low": one.benefit.lower,
            "benefit_high": one.benefit.upper,
        }


def write_tables(found: Sensitivity, folder: Path) -> None:
    """Write record.json and the tables into a folder."""
    text = json.dumps(as_data(found), indent=2, allow_nan=False)
    (folder / RECORD_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")
    _write(folder / "effects.csv", effect_rows(found))
    _write(folder / "sobol.csv", sobol_rows(found))
    _write(folder / "narrowing.csv", narrowing_rows(found))
    _write(folder / "biomarkers.csv", biomarker_rows(found))


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    lines = list(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        if lines:
            writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
