"""The report of a large trial holds one column of the table of patients at a time."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import polars as pl

from forestall.report.design import population_rows
from forestall.studies.trial_result import TrialResult

ADSL = pl.DataFrame(
    {
        "TRT01P": ["a regimen in many words"] * 3,
        "AGE": [50.0, 60.0, 70.0],
        "WEIGHTBL": [60.0, 70.0, 80.0],
        "NLESION": [1, 2, 3],
        "MENOPAUS": ["post", "post", "pre"],
        "HER2": ["positive"] * 3,
        "ER": ["positive", "negative", "negative"],
        "FCGR3A": ["VV", "VF", "FF"],
    }
)


def test_unit_who_was_in_the_trial_is_read_column_by_column() -> None:
    read: list[Sequence[str] | None] = []

    def to_frame(table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        read.append(columns)
        return ADSL if columns is None else ADSL.select(columns)

    entry = SimpleNamespace(sites={}, alterations={}, draws=3)
    result: Any = SimpleNamespace(to_frame=to_frame, entry=entry, patients=3)
    rows = dict(population_rows(cast(TrialResult, result)))
    assert rows["Age"].startswith("median 60 years")
    assert rows["Menopause"] == "postmenopausal 67% (2), premenopausal 33% (1)"
    assert read
    assert all(columns is not None and len(columns) == 1 for columns in read)
