"""Evidence tables as they stand in a folder: rows with their lines, and what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from forestall.errors import InputError

COMPARISONS: Final = "comparisons.csv"
"""The table that a folder may lack: its arms are then predicted, and no ratio is compared."""
MAX_ROWS: Final = 100_000
_MAX_LINE: Final = 100_000
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "trials.csv": (
        "trial", "setting", "line", "population", "her2", "hr_status", "prior_therapy", "assessor",
        "scan_interval_weeks", "verified",
    ),
    "arms.csv": (
        "trial", "arm", "subgroup", "drugs", "n", "endpoint", "median_months", "ci_lo", "ci_hi", "rate_pct",
        "rate_time_months", "verified",
    ),
    "comparisons.csv": (
        "trial", "endpoint", "subgroup", "arm_exp", "arm_ctl", "hr", "hr_lo", "hr_hi", "p_value", "n_exp",
        "n_ctl", "verified",
    ),
}  # fmt: skip
"""Columns that each table must have; more are allowed."""
NOT_REACHED: Final = frozenset({"NR", "NE"})
"""What stands in a cell for a time that was not reached, or cannot be estimated."""
ROW: Final = "row not used"
CELL: Final = "cell not used"


@dataclass(frozen=True, slots=True)
class Defect:
    """Something in a table that is not taken at its word."""

    file: str
    line: int
    """Of the file, counted from 1."""
    column: str
    value: str
    problem: str
    consequence: str
    """`ROW` or `CELL`."""

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.column}: {self.problem} (got {self.value!r}); {self.consequence}"
        )


@dataclass
class Source:
    """One row while it is read; what is wrong with it collects in `defects`."""

    file: str
    line: int
    cells: Mapping[str, str]
    defects: list[Defect]
    usable: bool = True

    def text(self, column: str) -> str:
        """A cell without blanks at its ends; empty if the table has no such column."""
        return " ".join(self.cells.get(column, "").split())

    def needed(self, column: str) -> str:
        """A cell that a row cannot do without."""
        text = self.text(column)
        if not text:
            self.complain(column, "the cell is empty")
        return text

    def number(self, column: str, high: float = math.inf, *, zero: bool = False) -> float | None:
        """A number above 0, or from 0 on if `zero`, and up to `high`; None for an empty cell, one not reached, and a wrong one."""
        text = self.text(column)
        if not text or text.upper() in NOT_REACHED:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            self.complain(column, "not a number")
            return None
        if not 0 <= value <= high or math.isinf(value) or (value == 0 and not zero):
            least = "from 0" if zero else "above 0"
            most = "" if math.isinf(high) else f", up to {high:.12g}"
            self.complain(column, f"not a possible value; allowed: {least}{most}")
            return None
        return value

    def complain(self, column: str, problem: str, consequence: str = ROW, value: str | None = None) -> None:
        """Note a defect."""
        seen = self.text(column) if value is None else value
        self.defects.append(Defect(self.file, self.line, column, seen, problem, consequence))
        self.usable = self.usable and consequence != ROW


@dataclass
class RawTables:
    """The three tables before their cells are understood."""

    rows: dict[str, list[Source]]
    hashes: dict[str, str]
    """File -> SHA-256."""
    defects: list[Defect] = field(default_factory=list)


def read_raw(folder: Path) -> RawTables:
    """Read the tables of a folder.

    Returns:
        Their rows; none of comparisons.csv if the folder has no such table.

    Raises:
        InputError: if the folder, another table or one of the columns is missing, or a table is no text or too large.
    """
    if not folder.is_dir():
        raise InputError(
            "there is no such folder", field="evidence", value=str(folder), fix="check --evidence"
        )
    found = RawTables({}, {})
    for name in COLUMNS:
        path = folder / name
        if name == COMPARISONS and not path.exists():
            found.rows[name] = []
            continue
        if not path.is_file():
            raise InputError("the folder lacks a table", file=folder, value=name, allowed=", ".join(COLUMNS))
        found.rows[name] = list(_sources(path, found.defects))
        found.hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _sources(path: Path, defects: list[Defect]) -> Iterator[Source]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(_bounded(stream, path), strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(header, path)
            last = reader.line_num
            for cells in reader:
                line, last = last + 1, reader.line_num
                if cells and (source := _source(path.name, line, header, cells, defects)):
                    yield source
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the table: {error}", file=path) from None


def _source(
    name: str, line: int, header: list[str], cells: list[str], defects: list[Defect]
) -> Source | None:
    if len(cells) != len(header):
        problem = f"the row has {len(cells)} cells, the header {len(header)}"
        defects.append(Defect(name, line, "(row)", ",".join(cells)[:60], problem, ROW))
        return None
    return Source(name, line, dict(zip(header, cells, strict=True)), defects)


def _check_header(header: list[str], path: Path) -> None:
    needed = COLUMNS[path.name]
    if missing := [name for name in needed if name not in header]:
        allowed = ", ".join(needed)
        raise InputError("a column is missing", file=path, line=1, value=", ".join(missing), allowed=allowed)
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise InputError("a column comes twice", file=path, line=1, value=", ".join(repeated))


def _bounded(stream: TextIO, path: Path) -> Iterator[str]:
    """Lines, so that neither one long line nor a long file exhausts memory."""
    for number in range(1, MAX_ROWS + 2):
        line = stream.readline(_MAX_LINE + 1)
        if not line:
            return
        if len(line) > _MAX_LINE:
            allowed = f"up to {_MAX_LINE} characters"
            raise InputError("the line is too long", file=path, line=number, allowed=allowed)
        yield line
    raise InputError("the table is too long", file=path, allowed=f"up to {MAX_ROWS} rows")
