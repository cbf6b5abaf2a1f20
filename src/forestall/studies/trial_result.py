"""What a trial run as virtual patients gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.arms import Arm
from forestall.errors import InputError
from forestall.knowledge.scope import Scope
from forestall.knowledge.trials import TrialSpec
from forestall.studies.analysis import (
    ArmResult,
    HazardRatio,
    Outcomes,
    arm_results,
    cause_counts,
    hazard_ratios,
)
from forestall.studies.attribution import Attribution, attributions, kinds
from forestall.studies.citations import citations, model_quantities, status_counts
from forestall.studies.first_replicate import EntryCounts, SwimmerData
from forestall.studies.landmarks import Landmark
from forestall.studies.record import RunRecord
from forestall.studies.scoped import in_its_disease
from forestall.studies.trial_why_result import TrialWhy

if TYPE_CHECKING:
    import polars as pl

TABLES = ("adsl", "adtte", "adtr", "adrs")
"""Analysis tables by file name."""


@dataclass(frozen=True)
class TrialResult:
    """A finished trial."""

    name: str
    spec: TrialSpec
    arms: tuple[Arm, ...]
    seed: int
    patients: int
    """Per replicate."""
    replicates: tuple[Outcomes, ...]
    """The first is the one that is reported, the others give the prediction intervals."""
    causes: tuple[str, ...]
    swimmers: SwimmerData
    entry: EntryCounts
    landmarks: tuple[Landmark, ...]
    """Rates at a time, and of milestones, that are published; of the first replicate."""
    record: RunRecord
    folder: Path
    """Where the tables are."""
    explained: TrialWhy | None = None
    """What each mechanism did over the courses of patients who progressed, if that was asked for."""
    scope: Scope | None = field(default=None, repr=False, compare=False)
    """The knowledge of the disease; None for breast."""
    keep: object = field(default=None, repr=False, compare=False)
    """Holds the temporary folder, if the tables were not written elsewhere."""

    @cached_property
    @in_its_disease
    def arm_results(self) -> list[ArmResult]:
        """Summaries of the arms, in the order of the trial."""
        regimens = [regimen.text() for regimen in self.spec.regimens.values()]
        return arm_results(self.replicates[0], list(self.spec.arms), regimens)

    @cached_property
    def hazard_ratios(self) -> list[HazardRatio]:
        """Every arm against the control, PFS and OS."""
        return hazard_ratios(self.replicates, list(self.spec.arms), self.spec.control_arm)

    @cached_property
    def cause_counts(self) -> NDArray[np.int64]:
        """(arms, causes) patients of the first replicate by cause of progression."""
        return cause_counts(self.replicates[0], len(self.arms), len(self.causes))

    def attributions(self, *, by_kind: bool = False) -> list[Attribution]:
        """Why the patients of the first replicate progressed: count, share and interval of every cause in every arm.

        Args:
            by_kind: Sum over the causes of a kind (acquired alteration, crosstalk rebound, ...).
        """
        table = kinds if by_kind else attributions
        return table([arm.name for arm in self.arms], self.causes, self.cause_counts)

    def to_frame(self, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """An analysis table of the first replicate.

        Args:
            table: ADSL, ADTTE, ADTR or ADRS.
            columns: Only these are read from the disk; all of them if not given.

        Raises:
            InputError: if there is no such table.
        """
        import polars as pl

        if table.lower() not in TABLES:
            raise InputError("no such table", value=table, allowed=", ".join(TABLES).upper())
        path = self.folder / f"{table.lower()}.parquet"
        return pl.read_parquet(path, columns=None if columns is None else list(columns))

    @in_its_disease
    def citations(self) -> list[str]:
        """References of every number that the result rests on."""
        return citations(self.arms)

    @in_its_disease
    def provenance(self) -> pl.DataFrame:
        """Every number behind the result with unit, interval, source and status."""
        import polars as pl

        rows = [
            {
                "name": name,
                "value": quantity.value,
                "unit": quantity.unit,
                "low": None if quantity.interval is None else quantity.interval[0],
                "high": None if quantity.interval is None else quantity.interval[1],
                "status": quantity.status.value,
                "source": quantity.source,
                "where": quantity.where,
            }
            for name, quantity in model_quantities(self.arms)
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @in_its_disease
    def status_counts(self) -> dict[str, int]:
        """How many numbers behind the result are measured, derived, calibrated and assumed."""
        return status_counts(self.arms)
