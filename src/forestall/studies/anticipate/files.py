"""From files to subjects, and from answers to tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.errors import InputError
from forestall.knowledge.packs import scope_of
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.reading import Document, locate, read_yaml, validate
from forestall.knowledge.tumors import cohort_of, is_tumor, tumor_of
from forestall.studies.anticipate.from_patient import subject_from_patient
from forestall.studies.anticipate.from_rates import subject_from_rates
from forestall.studies.anticipate.run import Answer, Question
from forestall.studies.anticipate.subject import Subject
from forestall.studies.output import staged_folder
from forestall.studies.record import knowledge_sha256, machine, versions

_SCHEMA_VERSION = 1
_TABLE = "regimens.csv"


def subject_from_file(path: Path, drugs: Sequence[str]) -> Subject:
    """The subject of a patient file, or of a file of rates.

    Raises:
        InputError: if the file or a drug is wrong.
    """
    return _subject(read_yaml(path), drugs)


def _subject(document: Document, drugs: Sequence[str]) -> Subject:
    if is_tumor(document):
        return subject_from_rates(tumor_of(document), drugs)
    if "cohort" in document.data:
        raise InputError("this file lists a cohort", file=document.path, line=1, fix="use --cohort FILE")
    if scope_of(document.data, document) is not None:
        raise InputError(
            "patients of other diseases cannot be screened yet",
            file=document.path,
            line=locate(document, ("disease",)),
            field="disease",
            value=document.data["disease"],
            fix="give a file of rates",
        )
    return subject_from_patient(validate(PatientSpec, document), drugs)


def subjects_of_cohort(path: Path, drugs: Sequence[str]) -> tuple[str, list[Subject]]:
    """The name and the subjects of a cohort file.

    Raises:
        InputError: if the file, a member's file or a drug is wrong.
    """
    document = read_yaml(path)
    return str(document.data.get("cohort")), [
        subject_from_file(member, drugs) for member in cohort_of(document)
    ]


@dataclass(frozen=True)
class Anticipation:
    """The result of a screen."""

    name: str
    question: Question
    subjects: tuple[Subject, ...]
    by_subject: tuple[tuple[Answer, ...], ...]
    summary: tuple[Answer, ...]
    """Means over the subjects; the subject's own answers where there is one."""

    def to_data(self, top: int | None = None) -> dict[str, Any]:
        """Plain values."""
        return {
            "study": "anticipate",
            "schema_version": _SCHEMA_VERSION,
            "name": self.name,
            "settings": vars(self.question),
            "subjects": [
                {
                    "name": subject.name,
                    "lesions_cells": list(subject.lesions),
                    "alterations": dict(
                        zip(subject.source.alterations, subject.source.probabilities, strict=True)
                    ),
                    "notes": list(subject.notes),
                }
                for subject in self.subjects
            ],
            "regimens": [_row(answer) for answer in self.summary[:top]],
            "by_subject": [[_row(answer) for answer in answers] for answers in self.by_subject],
        }

    def to_json(self, top: int | None = None) -> str:
        """One JSON object."""
        return json.dumps(self.to_data(top), allow_nan=False)

    def write(self, folder: Path, command: str) -> None:
        """Write the table and the record.

        Args:
            folder: Where to; replaced as a whole.
            command: What was typed.
        """
        import polars as pl

        rows = [_flat(answer) for answers in self.by_subject for answer in answers]
        if len(self.subjects) > 1:
            rows = [_flat(answer) for answer in self.summary] + rows
        record = self.to_data() | {
            "command": command,
            "versions": versions(),
            "machine": machine(),
            "knowledge_sha256": knowledge_sha256(),
        }
        with staged_folder(folder) as staged:
            pl.DataFrame(rows).write_csv(staged / _TABLE)
            text = json.dumps(record, indent=2, allow_nan=False) + "\n"
            (staged / "record.json").write_text(text, encoding="utf-8")


def _row(answer: Answer) -> dict[str, Any]:
    return {
        "subject": answer.subject,
        "regimen": answer.regimen.name,
        "drugs": list(answer.regimen.drugs),
        "sequence": answer.regimen.is_sequence,
        "tumors": answer.tumors,
        "failed": answer.failed,
        "cured": answer.cured,
        "cured_standard_error": answer.error,
        "controlled": answer.controlled,
        "remaining": dict(answer.remaining),
        "resistant_alone": list(answer.singles),
    }


def _flat(answer: Answer) -> dict[str, Any]:
    row = _row(answer)
    row["drugs"] = "; ".join(row["drugs"])
    row["remaining"] = "; ".join(f"{name} {share:.4f}" for name, share in answer.remaining)
    row["resistant_alone"] = "; ".join(row["resistant_alone"])
    return row
