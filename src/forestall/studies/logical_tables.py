"""Results of logical networks as tables, and into files."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from forestall.errors import InputError, StudyError
from forestall.studies.logical import LogicalRun
from forestall.studies.logical_screen import PerturbationScreen


def course_table(run: LogicalRun) -> pl.DataFrame:
    """One row per time: the probability of each node, and of each joint state that occurs."""
    columns = {"time": run.times} | {name: run.probability[:, place] for place, name in enumerate(run.nodes)}
    for state in range(run.joint.shape[1]):
        if run.joint[:, state].any():
            columns[f"state: {run.state_name(state)}"] = run.joint[:, state]
    return pl.DataFrame(columns)


def screen_table(screen: PerturbationScreen) -> pl.DataFrame:
    """One row per perturbation: probabilities of the outputs at the end, and their largest change."""
    order = max((len(one) for one in screen.combinations), default=1)
    columns: dict[str, object] = {"perturbation": [" ".join(map(str, one)) for one in screen.combinations]}
    for place in range(order):
        columns[f"node_{place + 1}"] = [one[place].node for one in screen.combinations]
        columns[f"value_{place + 1}"] = [one[place].value for one in screen.combinations]
    for place, name in enumerate(screen.outputs):
        columns[name] = screen.probability[:, place]
        columns[f"change of {name}"] = screen.change[:, place]
    columns["largest change"] = abs(screen.change).max(axis=1, initial=0.0)
    return pl.DataFrame(columns)


def save_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet; the file is complete or as it was before.

    Raises:
        InputError: if the suffix is neither.
        StudyError: if the file cannot be written.
    """
    check_table_path(path)
    staged = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            table.write_csv(staged)
        else:
            table.write_parquet(staged)
        staged.replace(path)
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise StudyError(f"cannot write to {path}: {error.strerror or error}") from None


def check_table_path(path: Path) -> None:
    """Refuse a suffix that names no format, before anything is computed."""
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(
            "the suffix names no known format", field="--out", value=path.name, allowed=".csv, .parquet"
        )
