"""Samples as rows of tables, as JSON, and as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forestall.clinic.sample_findings import Sample
from forestall.interop.maf import maf_text
from forestall.knowledge.alterations import load_alterations
from forestall.studies.course import Course
from forestall.studies.course_files import write_csv

SAMPLES, VARIANTS, RECEPTORS = "samples", "variants", "receptors"
SAMPLE_TABLES = (SAMPLES, VARIANTS, RECEPTORS)
MAF_FILE = "findings.maf"
Row = dict[str, Any]


def sample_rows(table: str, samples: Sequence[Sample]) -> list[Row]:
    """The rows of a table.

    Args:
        table: `samples` (a row each), `variants` (a row per sample and alteration) or `receptors`.
        samples: Tissue and blood.
    """
    rows = {SAMPLES: _samples, VARIANTS: _variants, RECEPTORS: _receptors}[table]
    return list(rows(samples))


def write_samples(course: Course, samples: Sequence[Sample], folder: Path) -> None:
    """Write samples.csv, variants.csv, receptors.csv and findings.maf."""
    for table in SAMPLE_TABLES:
        write_csv(folder / f"{table}.csv", sample_rows(table, samples))
    text = maf_text(course.patient.patient, samples)
    (folder / MAF_FILE).write_text(text, encoding="utf-8", newline="\n")


def _samples(samples: Sequence[Sample]) -> Iterator[Row]:
    for sample in samples:
        yield {
            **_place(sample),
            "tumor_share": sample.tumor_share,
            "called": ";".join(sample.called),
            **{found.marker: _status(found.positive) for found in sample.receptors},
            **({} if sample.receptors else dict.fromkeys(("ER", "PR", "HER2"))),
            "dna_ng_per_ml": sample.dna_ng_per_ml,
            "tumor_genomes_per_ml": sample.tumor_dna_per_ml,
            "circulating_tumor_cells": sample.circulating_cells,
            "true_lesion_shares": ";".join(f"{name} {part:.3g}" for name, part in sample.lesion_share),
        }


def _variants(samples: Sequence[Sample]) -> Iterator[Row]:
    for sample in samples:
        for found in sample.variants:
            yield {
                **_place(sample),
                "alteration": found.alteration,
                "gene": load_alterations()[found.alteration].gene,
                "assay": found.assay.value,
                "called": found.called,
                "variant_reads": found.variant_reads,
                "depth": found.depth,
                "allele_fraction": found.fraction,
                "copy_ratio_log2": found.copy_ratio_log2,
                "true_share_of_carriers": found.carriers,
            }


def _receptors(samples: Sequence[Sample]) -> Iterator[Row]:
    for sample in samples:
        for found in sample.receptors:
            yield {
                **_place(sample),
                "receptor": found.marker,
                "status": _status(found.positive),
                "true_status": _status(found.truly_positive),
                "true_share_of_cells": found.stained,
            }


def _place(sample: Sample) -> Row:
    return {"kind": sample.kind, "day": sample.day, "lesion": sample.lesion or None}


def _status(positive: bool) -> str:
    return "positive" if positive else "negative"
