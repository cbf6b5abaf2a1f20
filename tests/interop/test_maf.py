"""Variants as MAF: a header that readers know, counts that add up, and nothing that we do not know."""

from __future__ import annotations

import csv

from forestall.clinic.sample_findings import Sample, VariantFinding
from forestall.interop.maf import COLUMNS, maf_text

REQUIRED_BY_MAFTOOLS = {
    "Hugo_Symbol",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Variant_Classification",
    "Variant_Type",
    "Tumor_Sample_Barcode",
}
FOUND = (
    VariantFinding.of_reads("ESR1_mut", 40, 500, 0.05, 0.2),
    VariantFinding.of_reads("KRAS_mut", 1, 500, 0.05, 0.0),
    VariantFinding.of_copies("MET_amp", 2.0, 0.6, 1.0),
)
TISSUE = Sample("tissue", 112.0, "new bone 2", 0.5, FOUND)
BLOOD = Sample("blood", 0.0, "", 0.01, (VariantFinding.of_reads("RB1_loss", 4, 1500, 0.001, 0.3),))


def _rows(text: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    assert lines[0].startswith("#version")
    return list(csv.DictReader(lines[1:], delimiter="\t"))


def test_unit_the_columns_are_those_that_readers_ask_for() -> None:
    rows = _rows(maf_text("Eva", [TISSUE, BLOOD]))
    assert set(COLUMNS) >= REQUIRED_BY_MAFTOOLS
    assert all(tuple(row) == COLUMNS for row in rows)


def test_unit_called_variants_are_rows_with_counts_that_add_up() -> None:
    rows = _rows(maf_text("Eva", [TISSUE, BLOOD]))
    assert [(row["Hugo_Symbol"], row["Tumor_Sample_Barcode"]) for row in rows] == [
        ("ESR1", "Eva-new-bone-2-d112"),
        ("RB1", "Eva-plasma-d0"),
    ]
    for row in rows:
        assert int(row["t_ref_count"]) + int(row["t_alt_count"]) == int(row["t_depth"])
    assert rows[0]["t_alt_count"] == "40"


def test_unit_what_is_not_known_is_empty() -> None:
    for row in _rows(maf_text("Eva", [TISSUE])):
        for column in ("NCBI_Build", "Chromosome", "Start_Position", "Variant_Classification", "HGVSp_Short"):
            assert row[column] == ""


def test_unit_no_finding_is_a_header() -> None:
    assert _rows(maf_text("Eva", [])) == []
