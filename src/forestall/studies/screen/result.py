"""A finished screen: its tables, its record, and the files that hold them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forestall.errors import InputError
from forestall.statistics.growth_inhibition import growth_rate_inhibition
from forestall.studies.record import (
    RECORD_FILE,
    file_sha256,
    knowledge_sha256,
    machine,
    versions,
)
from forestall.studies.screen.ranking import RANKED_BY, Combination, best_order, combination_rows, single_rows
from forestall.studies.screen.surfaces import Singles, Surfaces, check_size, combinations_of, single_agents
from forestall.studies.screen.system import System

if TYPE_CHECKING:
    import polars as pl

SCHEMA = 1


@dataclass(frozen=True)
class ScreenResult:
    """Responses, synergy and mechanisms of a screen."""

    system: System
    singles: Singles
    surfaces: tuple[Surfaces, ...]
    """Pairs, then triples."""
    ranked_by: str

    @cached_property
    def combinations(self) -> list[Combination]:
        """Every combination in every genotype, the best first."""
        rows = [row for each in self.surfaces for row in combination_rows(self.system, self.singles, each)]
        return best_order(rows, self.ranked_by)

    @cached_property
    def single_agents(self) -> list[dict[str, Any]]:
        """Every drug alone in every genotype."""
        return single_rows(self.system, self.singles)

    def to_data(self, top: int | None = None) -> dict[str, Any]:
        """Settings, single agents and combinations as plain data."""
        panel = self.system.panel
        return {
            "study": "screen",
            "schema_version": SCHEMA,
            "ranked_by": self.ranked_by,
            "measure": self.system.measure,
            "dose_unit": panel.unit,
            "doses": {drug: doses.tolist() for drug, doses in zip(panel.drugs, panel.doses, strict=True)},
            "genotypes": list(panel.lines),
            "settings": self.system.about(),
            "single_agents": [_plain(row) for row in self.single_agents],
            "combinations": [_plain(row.as_row()) for row in self.combinations[:top]],
        }

    def to_json(self, top: int | None = None) -> str:
        """The same as one JSON object."""
        return json.dumps(self.to_data(top), allow_nan=False)

    def points(self) -> pl.DataFrame:
        """Every grid point: drugs, doses, response, GR value, and synergy by reference model."""
        import polars as pl

        frames = [_single_points(self), *(_combination_points(self, each) for each in self.surfaces)]
        return pl.concat(frames, how="diagonal")

    def write_tables(self, folder: Path, command: str = "") -> None:
        """Write tables and record into an existing folder."""
        import polars as pl

        pl.DataFrame([row.as_row() for row in self.combinations], infer_schema_length=None).write_csv(
            folder / "combinations.csv"
        )
        pl.DataFrame(self.single_agents, infer_schema_length=None).write_csv(folder / "single_agents.csv")
        self.points().write_parquet(folder / "points.parquet")
        tables = ("combinations.csv", "single_agents.csv", "points.parquet")
        data = self.to_data(top=0)
        record = {
            key: data[key]
            for key in (
                "study",
                "schema_version",
                "ranked_by",
                "measure",
                "dose_unit",
                "doses",
                "genotypes",
                "settings",
            )
        }
        record |= {
            "command": command,
            "versions": versions(),
            "machine": machine(),
            "knowledge_sha256": knowledge_sha256(),
            "tables_sha256": {table: file_sha256(folder / table) for table in tables},
        }
        text = json.dumps(record, indent=2, allow_nan=False) + "\n"
        (folder / RECORD_FILE).write_text(text, encoding="utf-8")


def run_screen(system: System, ranked_by: str = "bliss") -> ScreenResult:
    """Run every single agent and combination.

    Args:
        system: The model with its drugs, doses and cell lines.
        ranked_by: What the combinations are ranked by.

    Raises:
        InputError: if the screen is too large, or cannot be ranked so.
    """
    if ranked_by not in RANKED_BY:
        raise InputError(
            "cannot rank by this", field="rank-by", value=ranked_by, allowed=", ".join(RANKED_BY)
        )
    check_size(system.panel)
    singles = single_agents(system)
    surfaces: list[Surfaces] = []
    for order in range(2, system.panel.order + 1):
        surfaces.append(combinations_of(system, singles, order, surfaces[-1] if surfaces else None))
    return ScreenResult(system, singles, tuple(surfaces), ranked_by)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: what is not reached is null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def _single_points(result: ScreenResult) -> pl.DataFrame:
    panel, singles = result.system.panel, result.singles
    drug, line, level = (axis.ravel() for axis in np.indices(singles.response.shape))
    columns = {
        "genotype": np.array(panel.lines)[line],
        "drug_1": np.array(panel.drugs)[drug],
        "dose_1": panel.doses[drug, level],
    }
    return _frame(result, columns, line, singles.log_response.ravel(), {})


def _combination_points(result: ScreenResult, surfaces: Surfaces) -> pl.DataFrame:
    panel = result.system.panel
    combination, line, *levels = (axis.ravel() for axis in np.indices(surfaces.response.shape))
    columns = {"genotype": np.array(panel.lines)[line]}
    for k, level in enumerate(levels):
        drug = surfaces.drugs[combination, k]
        columns |= {f"drug_{k + 1}": np.array(panel.drugs)[drug], f"dose_{k + 1}": panel.doses[drug, level]}
    synergy = {f"synergy_{name}": values.ravel() for name, values in surfaces.synergy.items()}
    return _frame(result, columns, line, surfaces.log_response.ravel(), synergy)


def _frame(
    result: ScreenResult, columns: dict[str, Any], line: Any, log_response: Any, synergy: dict[str, Any]
) -> pl.DataFrame:
    import polars as pl

    rest = result.singles.untreated[line]
    columns = columns | {"response": np.exp(log_response - rest)}
    if result.system.measure == "cells":
        columns |= {"gr_value": growth_rate_inhibition(log_response, rest)}
    return pl.DataFrame(columns | synergy)
