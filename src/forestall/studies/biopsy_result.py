"""What a design of biopsies and blood draws achieves, plan by plan, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forestall.statistics.estimate import Estimate
from forestall.studies.biopsy_cohort import Plan
from forestall.studies.course_files import number_or_none, write_csv
from forestall.studies.record import (
    RunRecord,
    file_sha256,
    knowledge_sha256,
    machine,
    rerun_command,
    versions,
    write_record,
)

STUDY, TABLE = "biopsy-design", "plans.csv"
SIGNIFICANCE = 0.05
"""One-sided, of the test against findings that do not lead."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a trial: the arguments with which the study can be repeated."""

    mechanism: str
    """As the user wrote it: an alteration, or a mechanism of the catalog."""
    frequency: float
    """Share of the progressing patients in whom the mechanism leads, as the user expects."""
    power: float
    arm: str
    modality: str
    lesion: str | None
    patients: int
    seed: int
    settings: tuple[str, ...]
    """Numbers of the laboratory that the user set, "NAME=VALUE" each."""


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What one plan achieves."""

    plan: Plan
    sampled: float
    """Share of those in whom the mechanism led of whom a sample could be taken at progression."""
    sensitivity: Estimate
    """Share found among those in whom the mechanism led the progression."""
    elsewhere: Estimate
    """Share found among those in whom it did not."""
    samples: float
    """Mean number of samples of a patient, those at baseline included."""
    to_see: int | None
    """Progressing patients for at least one finding where the mechanism leads, with the power asked for."""
    to_see_range: tuple[int | None, int | None]
    """The same at the ends of the sensitivity's interval."""
    to_exceed: int | None
    """Progressing patients for a frequency above that of findings that do not lead, with the power asked for."""


@dataclass(frozen=True)
class BiopsyDesign:
    """The result of the study."""

    trial: str
    source: Mapping[str, Any]
    """The trial as it was written."""
    question: Question
    alterations: tuple[str, ...]
    """That count as the mechanism."""
    unseen: tuple[str, ...]
    """Those among them that no assay sees."""
    changed: Mapping[str, float]
    """Numbers of the laboratory that the user set."""
    progressed: int
    carriers: int
    """Progressing patients in whom the mechanism led in the simulation."""
    lead_share: float
    """Median share of the leading clone among the cells of its lesion at progression, in these patients."""
    results: tuple[PlanResult, ...]

    def rows(self) -> list[dict[str, Any]]:
        """The table, a row for each plan."""
        return [
            {
                "plan": result.plan.name,
                "modality": result.plan.modality,
                "lesion": result.plan.lesion or None,
                "when": result.plan.when,
                "could_be_sampled": result.sampled,
                "sensitivity": number_or_none(result.sensitivity.value),
                "sensitivity_low": number_or_none(result.sensitivity.lower),
                "sensitivity_high": number_or_none(result.sensitivity.upper),
                "found_where_it_does_not_lead": number_or_none(result.elsewhere.value),
                "samples_per_patient": result.samples,
                "patients_to_see_it": result.to_see,
                "patients_to_see_it_low": result.to_see_range[0],
                "patients_to_see_it_high": result.to_see_range[1],
                "samples_to_see_it": None if result.to_see is None else round(result.samples * result.to_see),
                "patients_to_exceed_bystanders": result.to_exceed,
            }
            for result in self.results
        ]

    def to_data(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "study": STUDY,
            "trial": self.trial,
            "arm": self.question.arm,
            "mechanism": self.question.mechanism,
            "alterations": list(self.alterations),
            "seen_by_no_assay": list(self.unseen),
            "frequency": self.question.frequency,
            "power": self.question.power,
            "significance": SIGNIFICANCE,
            "seed": self.question.seed,
            "patients": self.question.patients,
            "set": dict(self.changed),
            "progressed": self.progressed,
            "carriers": self.carriers,
            "median_share_of_leading_clone": self.lead_share,
            "plans": self.rows(),
        }

    def write_files(self, folder: Path) -> None:
        """Write plans.csv and design.json into a folder that is there."""
        write_csv(folder / TABLE, self.rows())
        text = json.dumps(self.to_data(), allow_nan=False, ensure_ascii=False, indent=2)
        (folder / "design.json").write_text(text + "\n", encoding="utf-8")

    def write_record(self, folder: Path, kept: Path | None = None) -> None:
        """Write the run's record into the folder where the table is.

        Args:
            folder: Where the files are.
            kept: Where they will be.
        """
        write_record(
            RunRecord(
                study=STUDY,
                name=self.trial,
                trial={"trial": dict(self.source), "arguments": asdict(self.question)},
                seed=self.question.seed,
                patients=self.question.patients,
                replicates=1,
                versions=versions(),
                machine=machine(),
                knowledge_sha256=knowledge_sha256(),
                tables_sha256={TABLE: file_sha256(folder / TABLE)},
                command=rerun_command(kept),
            ),
            folder,
        )
