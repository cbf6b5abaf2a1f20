"""Variants in the mutation annotation format (MAF): what a panel called, and the reads it rests on.

The catalog knows the gene and the kind of an alteration, not its position or its protein change. The columns that a reader of MAF
asks for are there; those that we do not know are empty.

References:
    NCI Genomic Data Commons, MAF format v1.0.0.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from forestall.clinic.sample_findings import Sample, VariantFinding
from forestall.knowledge.alterations import load_alterations

_UNKNOWN_COLUMNS = (
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Strand",
)
COLUMNS = (
    "Hugo_Symbol",
    "Entrez_Gene_Id",
    "Center",
    *_UNKNOWN_COLUMNS,
    "Variant_Classification",
    "Variant_Type",
    "Reference_Allele",
    "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2",
    "dbSNP_RS",
    "dbSNP_Val_Status",
    "Tumor_Sample_Barcode",
    "Matched_Norm_Sample_Barcode",
    "Mutation_Status",
    "HGVSp_Short",
    "t_depth",
    "t_ref_count",
    "t_alt_count",
    "Forestall_Alteration",
    "Forestall_Day",
    "Forestall_Lesion",
)
"""The standard columns in their order, then ours."""
_VERSION = "#version 2.4"
_UNKNOWN_GENE_ID = "0"


def maf_text(patient: str, samples: Iterable[Sample]) -> str:
    """A MAF file with a row for each variant that was called.

    Args:
        patient: Name of the patient, first part of the sample's barcode.
        samples: Tissue and blood. Amplifications have no place in the format.
    """
    text = io.StringIO()
    text.write(_VERSION + "\n")
    writer = csv.DictWriter(text, COLUMNS, restval="", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(patient, samples))
    return text.getvalue()


def barcode(patient: str, sample: Sample) -> str:
    """Name of a sample: patient, tissue or blood, where and on which day."""
    place = sample.lesion or "plasma"
    return "-".join((*patient.split(), *place.split(), f"d{sample.day:.0f}"))


def _rows(patient: str, samples: Iterable[Sample]) -> Iterator[Mapping[str, object]]:
    for sample in samples:
        for found in sample.variants:
            if found.called and found.variant_reads is not None and found.depth is not None:
                yield _row(barcode(patient, sample), sample, found, found.variant_reads, found.depth)


def _row(name: str, sample: Sample, found: VariantFinding, variant: int, depth: int) -> Mapping[str, object]:
    alteration = load_alterations()[found.alteration]
    return {
        "Hugo_Symbol": alteration.gene,
        "Entrez_Gene_Id": _UNKNOWN_GENE_ID,
        "Center": "forestall",
        "Tumor_Sample_Barcode": name,
        "Mutation_Status": "Somatic",
        "t_depth": depth,
        "t_ref_count": depth - variant,
        "t_alt_count": variant,
        "Forestall_Alteration": found.alteration,
        "Forestall_Day": f"{sample.day:.0f}",
        "Forestall_Lesion": sample.lesion or "blood",
    }
