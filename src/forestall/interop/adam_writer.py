"""The analysis tables on disk, written batch by batch in bounded memory, complete or not there.

Every file is written under a temporary name and takes its own name when all of them are complete. The bytes
depend on the rows alone: not on how the patients were cut into batches, and not on the time of day.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from forestall.errors import StudyError
from forestall.interop.adam import AdamStudy, Batch, adam_tables
from forestall.interop.adam_columns import LAYOUTS

Format = Literal["parquet", "csv"]

PARTIAL = ".partial"
_ROW_GROUP = 16_384
"""Rows that wait in memory until they are written; few enough that the four tables take some MiB."""


class AdamWriter:
    """Writes ADSL, ADTTE, ADTR and ADRS of a study as Parquet and CSV.

    Use it as a context manager: leaving the block puts the files in place; an exception, Ctrl-C included,
    removes what was written and leaves earlier files as they were.

    Args:
        folder: Where to; it is made if it is not there. What a killed process left in it is removed.
        study: What the codes in the findings mean.
        formats: Which formats to write.

    Raises:
        StudyError: if the folder cannot be written.
    """

    def __init__(
        self, folder: Path, study: AdamStudy, *, formats: Sequence[Format] = ("parquet", "csv")
    ) -> None:
        self.folder = folder
        self._study = study
        self._sinks: dict[str, list[_ParquetSink | _CsvSink]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in LAYOUTS:
                for leftover in folder.glob(f"{name.lower()}.*{PARTIAL}"):
                    leftover.unlink()
                base = folder / name.lower()
                self._sinks[name] = [
                    _SINKS[ending](base.with_suffix(f".{ending}"), name) for ending in formats
                ]
        except OSError as error:
            self.abort()
            raise StudyError(f"cannot write to {folder}: {error.strerror or error}") from None

    def write(self, batch: Batch) -> None:
        """Append the rows of a batch of patients.

        Raises:
            StudyError: if its columns differ from those of the first batch, or the disk is full.
        """
        for name, frame in adam_tables(self._study, batch).items():
            for sink in self._sinks[name]:
                try:
                    sink.append(frame)
                except OSError as error:
                    raise StudyError(f"cannot write {sink.path}: {error.strerror or error}") from None

    def close(self) -> list[Path]:
        """Complete the files and put them in place.

        Returns:
            The files.
        """
        try:
            for sink in self._all():
                sink.finish()
            for sink in self._all():
                os.replace(sink.partial, sink.path)
        except BaseException:
            self.abort()
            raise
        return [sink.path for sink in self._all()]

    def abort(self) -> None:
        """Remove everything that was written."""
        for sink in self._all():
            with suppress(Exception):
                sink.discard()
            sink.partial.unlink(missing_ok=True)

    def _all(self) -> list[_ParquetSink | _CsvSink]:
        return [sink for sinks in self._sinks.values() for sink in sinks]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


class _CsvSink:
    """A CSV file; the header stands in the first line even if there are no rows."""

    def __init__(self, path: Path, table: str) -> None:
        self.path, self.partial = path, path.with_name(path.name + PARTIAL)
        self._columns: list[str] | None = None
        self._names = [column.name for column in LAYOUTS[table].columns]
        self._stream: IO[bytes] = self.partial.open("wb")

    def append(self, frame: pl.DataFrame) -> None:
        _check_columns(self.path, self._columns, frame.columns)
        frame.write_csv(self._stream, include_header=self._columns is None)
        self._columns = frame.columns

    def finish(self) -> None:
        if self._columns is None:
            self._stream.write((",".join(self._names) + "\n").encode())
        self._stream.close()

    def discard(self) -> None:
        self._stream.close()


class _ParquetSink:
    """A Parquet file in row groups of a fixed size, with the labels of the columns in its schema."""

    def __init__(self, path: Path, table: str) -> None:
        self.path, self.partial = path, path.with_name(path.name + PARTIAL)
        self._table = table
        self._schema: Any = None
        self._writer: Any = None
        self._waiting: list[Any] = []
        self._rows = 0
        self._stream: IO[bytes] = self.partial.open("wb")

    def append(self, frame: pl.DataFrame) -> None:
        _check_columns(self.path, None if self._schema is None else self._schema.names, frame.columns)
        if self._writer is None:
            self._open(frame)
        self._waiting.append(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema))
        self._rows += frame.height
        while self._rows >= _ROW_GROUP:
            self._flush(_ROW_GROUP)

    def finish(self) -> None:
        if self._writer is None:
            columns = {column.name: column.type for column in LAYOUTS[self._table].columns}
            self._open(pl.DataFrame(schema=columns))
        if self._rows:
            self._flush(self._rows)
        self._writer.close()
        self._stream.close()

    def discard(self) -> None:
        self._waiting = []
        with suppress(Exception):
            if self._writer is not None:
                self._writer.close()
        self._stream.close()

    def _open(self, frame: pl.DataFrame) -> None:
        self._schema = _labeled_schema(self._table, frame)
        texts = [field.name for field in self._schema if pa.types.is_string(field.type)]
        self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd", use_dictionary=texts)

    def _flush(self, rows: int) -> None:
        """Write the oldest rows as one row group, from contiguous columns so that pages are cut alike."""
        waiting = pa.concat_tables(self._waiting)
        self._writer.write_table(waiting.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._rows -= rows
        self._waiting = [waiting.slice(rows)] if self._rows else []


_SINKS: dict[str, type[_ParquetSink] | type[_CsvSink]] = {"parquet": _ParquetSink, "csv": _CsvSink}


def _check_columns(path: Path, known: Sequence[str] | None, columns: Sequence[str]) -> None:
    if known is not None and list(known) != list(columns):
        raise StudyError(
            f"a batch for {path.name} has other columns than the first: {sorted(set(known) ^ set(columns))}"
        )


def _labeled_schema(table: str, frame: pl.DataFrame) -> Any:
    layout = LAYOUTS[table]
    labels = {column.name: column.label for column in layout.columns}
    arrow = {pl.String(): pa.string(), pl.Int32(): pa.int32(), pl.Float64(): pa.float64()}
    fields = [
        pa.field(name, arrow[kind], metadata={"label": labels.get(name, f"{name} at Baseline"[:40])})
        for name, kind in frame.schema.items()
    ]
    return pa.schema(fields, metadata={"table": layout.name, "label": layout.label})
