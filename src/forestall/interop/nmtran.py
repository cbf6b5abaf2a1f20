"""NM-TRAN event tables from CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forestall.biology.exposure.events import DOSE, OBSERVATION, OTHER, Event
from forestall.errors import InputError
from forestall.units import factor

ITEMS = ("ID", "TIME", "AMT", "RATE", "EVID", "II", "ADDL", "SS", "CMT", "MDV")
"""The items that are read; other columns (DV, covariates) are left alone."""
_INTEGERS = frozenset({"EVID", "ADDL", "SS", "CMT", "MDV"})
_MAX_BYTES = 100_000_000


def read_events(
    path: str | Path, *, time_unit: str = "hour", amount_unit: str = "mg"
) -> dict[str, list[Event]]:
    """Read the records of each subject.

    Args:
        path: A file with a header and columns separated by commas. TIME is required; a missing column or '.'
            is 0. Without EVID, records with an AMT or RATE are doses, other records with MDV = 1 are other
            events, the rest observations (as NM-TRAN infers). Lines that start with '#', and those with 'C'
            in a first column of that name, are comments.
        time_unit: Unit of TIME and II.
        amount_unit: Unit of AMT; RATE is in amounts per time.

    Returns:
        The records by subject, in the order of the file. Without ID there is one subject, '1'.

    Raises:
        InputError: with file, line and item.
    """
    file = Path(path)
    days, mg = factor(time_unit, "day"), factor(amount_unit, "mg")
    subjects: dict[str, list[Event]] = {}
    for line, row in _rows(file):
        try:
            event = _event(row, days, mg)
        except InputError as error:
            raise _at(error, file, line, row) from None
        records = subjects.setdefault(row.get("ID", "") or "1", [])
        if records and event.time < records[-1].time:
            raise InputError(
                "TIME runs backwards within a subject",
                file=file,
                line=line,
                field="TIME",
                value=row["TIME"],
                fix="sort the records, and let TIME run on after a reset",
            )
        records.append(event)
    if not subjects:
        raise InputError("the file has no records", file=file)
    return subjects


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and items (upper-case names, stripped text) of each record."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise InputError("the file is too large", file=file, allowed=f"{_MAX_BYTES} bytes")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file cannot be read: {error}", file=file) from None
    header: list[str] | None = None
    for line, text_line in enumerate(text.splitlines(), start=1):
        values = [cell.strip() for cell in text_line.split(",")]
        if not any(values) or values[0].startswith("#"):
            continue
        if header is None:
            header = _header(values, file, line)
        elif not (header[0] == "C" and values[0] == "C"):
            yield line, _record(header, values, file, line)


def _record(header: list[str], values: list[str], file: Path, line: int) -> dict[str, str]:
    if len(values) != len(header):
        raise InputError(
            "this line has another number of columns than the header",
            file=file,
            line=line,
            value=len(values),
            allowed=str(len(header)),
        )
    return dict(zip(header, values, strict=True))


def _header(values: list[str], file: Path, line: int) -> list[str]:
    names = [value.upper() for value in values]
    for item in ITEMS:
        if names.count(item) > 1:
            raise InputError("this column appears twice", file=file, line=line, field=item)
    if "TIME" not in names:
        raise InputError("the column TIME is missing", file=file, line=line, value=",".join(values))
    return names


def _event(row: dict[str, str], days: float, mg: float) -> Event:
    number = {item: _number(row, item) for item in ITEMS if item != "ID"}
    if "EVID" not in row:
        number["EVID"] = _inferred_evid(number)
    rate = number["RATE"]
    return Event(
        time=number["TIME"] * days,
        amount=number["AMT"] * mg,
        evid=int(number["EVID"]),
        interval=number["II"] * days,
        additional=int(number["ADDL"]),
        steady_state=int(number["SS"]),
        rate=rate * mg / days if rate > 0 else rate,
        compartment=int(number["CMT"]),
    )


def _inferred_evid(number: dict[str, float]) -> int:
    if number["AMT"] != 0 or number["RATE"] != 0:
        return DOSE
    return OTHER if number["MDV"] else OBSERVATION


def _number(row: dict[str, str], item: str) -> float:
    text = row.get(item, ".")
    if text in ("", "."):
        return 0.0
    whole = item in _INTEGERS
    try:
        value = float(text)
        if not whole or value == int(value):
            return value
    except (ValueError, OverflowError):
        pass
    raise InputError(
        "expected a whole number" if whole else "expected a number",
        field=item,
        value=text,
        allowed="'.' for none",
        fix="dates and clock times are not read" if item == "TIME" else None,
    )


def _at(error: InputError, file: Path, line: int, row: dict[str, str]) -> InputError:
    """The same error with its place, and the value as it was typed."""
    return InputError(
        error.message,
        file=file,
        line=line,
        field=error.field,
        value=row.get(error.field or "", error.value),
        allowed=error.allowed,
        fix=error.fix,
    )
