"""Volumes and molecular tables of a xenograft trial, read and checked.

A folder holds `volumes.csv` or `volumes.csv.gz` (model, animal_id, tumor_type, treatment, day, volume_mm3), and may hold tables with a
gene per row and a model per column whose names end in `_RNASeq.csv`, `_cnv.csv` and `_mutation.csv`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from forestall.errors import InputError
from forestall.knowledge.pdx_treatments import parse_treatment, treatment_name

COLUMNS: Final = ("model", "animal_id", "tumor_type", "treatment", "day", "volume_mm3")
MAX_ROWS: Final = 1_000_000
_MAX_LINE: Final = 100_000
_ASSAYS: Final = {"expression": "*_RNASeq.csv", "copy_number": "*_cnv.csv", "mutation": "*_mutation.csv"}


@dataclass(frozen=True)
class PdxArm:
    """One mouse: a model under a treatment."""

    model: str
    treatment: str
    days: NDArray[np.float64]
    """(n,) from 0, ascending."""
    volumes: NDArray[np.float64]
    """(n,) mm^3."""


@dataclass(frozen=True)
class PdxData:
    """What a folder holds."""

    arms: tuple[PdxArm, ...]
    molecular: dict[str, dict[str, dict[str, str]]]
    """Assay ("expression", "copy_number", "mutation") -> model -> gene -> entry as written."""
    hashes: dict[str, str]
    """File -> SHA-256."""

    @property
    def models(self) -> tuple[str, ...]:
        """Models with volumes, sorted."""
        return tuple(sorted({arm.model for arm in self.arms}))


def read_pdx(folder: Path) -> PdxData:
    """Read a folder.

    Raises:
        InputError: if the folder, the volumes or a needed column is missing, or an entry is wrong.
    """
    path = _volumes_file(folder)
    tables = {assay: _one(folder, pattern) for assay, pattern in _ASSAYS.items()}
    found = [path, *(table for table in tables.values() if table)]
    return PdxData(
        arms=_arms(path),
        molecular={assay: _molecular(table) if table else {} for assay, table in tables.items()},
        hashes={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found},
    )


def _volumes_file(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError("there is no such data folder", field="data", value=str(folder), fix="check --data")
    for name in ("volumes.csv.gz", "volumes.csv"):
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        "the data folder has no volumes.csv or volumes.csv.gz",
        field="data",
        value=str(folder),
        fix="check --data",
    )


def _one(folder: Path, pattern: str) -> Path | None:
    found = sorted(folder.glob(pattern))
    if len(found) > 1:
        raise InputError(
            f"several tables match {pattern}", field="data", value=", ".join(file.name for file in found)
        )
    return found[0] if found else None


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the table: {error}", file=path) from None


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with _opened(path) as text:
        reader = csv.reader(_bounded(text, path))
        for cells in reader:
            if cells:
                yield reader.line_num, cells


def _bounded(text: TextIO, path: Path) -> Iterator[str]:
    """Lines, so that neither one long line nor a compressed bomb exhausts memory."""
    for number in range(1, MAX_ROWS + 2):
        line = text.readline(_MAX_LINE + 1)
        if not line:
            return
        if len(line) > _MAX_LINE:
            raise InputError(
                "the line is too long", file=path, line=number, allowed=f"up to {_MAX_LINE} characters"
            )
        yield line
    raise InputError("the table is too long", file=path, allowed=f"up to {MAX_ROWS} rows")


def _arms(path: Path) -> tuple[PdxArm, ...]:
    rows = _rows(path)
    _, header = next(rows, (1, []))
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(
            "a column is missing", file=path, line=1, value=", ".join(missing), allowed=", ".join(COLUMNS)
        )
    place = {name: header.index(name) for name in COLUMNS}
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            raise InputError(
                "the row has another number of cells than the header", file=path, line=line, value=len(cells)
            )
        key = cells[place["model"]].strip(), _treatment(cells[place["treatment"]], path, line)
        day = _number(cells[place["day"]], path, line, "day")
        points.setdefault(key, []).append(
            (day, _number(cells[place["volume_mm3"]], path, line, "volume_mm3"))
        )
    return tuple(_arm(model, treatment, found) for (model, treatment), found in sorted(points.items()))


def _treatment(text: str, path: Path, line: int) -> str:
    try:
        return treatment_name(parse_treatment(text))
    except InputError as error:
        raise InputError(
            error.message, file=path, line=line, field="treatment", value=error.value, fix=error.fix
        ) from None


def _number(text: str, path: Path, line: int, field: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(
            "not a number", file=path, line=line, field=field, value=text, allowed="a number from 0 up"
        )
    return value


def _arm(model: str, treatment: str, points: list[tuple[float, float]]) -> PdxArm:
    days, volumes = np.array(sorted(points)).T
    return PdxArm(model, treatment, days - days[0], volumes)


def _molecular(path: Path) -> dict[str, dict[str, str]]:
    """Model -> gene -> entry."""
    rows = _rows(path)
    _, header = next(rows, (1, []))
    models = header[1:]
    table: dict[str, dict[str, str]] = {model: {} for model in models}
    for line, cells in rows:
        if len(cells) != len(header):
            raise InputError(
                "the row has another number of cells than the header", file=path, line=line, value=len(cells)
            )
        for model, entry in zip(models, cells[1:], strict=True):
            table[model][cells[0]] = entry
    return table
