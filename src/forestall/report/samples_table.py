"""What `forestall biopsy` prints: one table of the tissue, one of the blood, and the words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from forestall.clinic.sample_findings import Sample, VariantFinding
from forestall.report.terminal import WIDTH
from forestall.report.wording import DASH
from forestall.studies.samples import SampledCourse
from forestall.studies.story import RESEARCH_USE

_MOST_ROWS = 14


def print_samples(sampled: SampledCourse, *, console: Console | None = None) -> None:
    """Print the samples of a patient.

    Args:
        sampled: Course and samples.
        console: Where to print; the standard output if not given.
    """
    out = console or Console(highlight=False, markup=False, emoji=False, width=WIDTH)
    if sampled.tissue:
        out.print(_tissue_table(sampled.tissue))
        out.print()
    if sampled.blood:
        out.print(_blood_table(sampled.blood[:_MOST_ROWS]))
        if len(sampled.blood) > _MOST_ROWS:
            out.print(f"... and {len(sampled.blood) - _MOST_ROWS} later draws (--out keeps all)")
        out.print()
    for text in sampled.paragraphs():
        out.print(textwrap.fill(text, WIDTH - 4, break_on_hyphens=False))
    for missing in sampled.not_taken:
        out.print(Text(f"Not taken, {missing.asked}: {missing.reason}", style="yellow"), soft_wrap=True)
    out.print(textwrap.fill(RESEARCH_USE, WIDTH - 4), style="dim")


def _blank(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for head in heads:
        right = head in ("day", "tumor", "DNA, ng/mL", "CTC")
        table.add_column(head, justify="right" if right else "left", vertical="top")
    return table


def _tissue_table(samples: Sequence[Sample]) -> Table:
    stained = [found.marker for found in samples[0].receptors]
    table = _blank("day", "tissue", "tumor", *stained, "reported")
    for sample in samples:
        status = ["+" if found.positive else "-" for found in sample.receptors]
        table.add_row(
            f"{sample.day:.0f}", sample.lesion, f"{sample.tumor_share:.0%}", *status, _reported(sample)
        )
    return table


def _blood_table(samples: Sequence[Sample]) -> Table:
    table = _blank("day", "DNA, ng/mL", "tumor", "CTC", "reported in blood")
    for sample in samples:
        table.add_row(
            f"{sample.day:.0f}",
            f"{sample.dna_ng_per_ml:.2g}",
            f"{100 * sample.tumor_share:.2g}%",
            f"{sample.circulating_cells}",
            _reported(sample),
        )
    return table


def _reported(sample: Sample) -> str:
    return ", ".join(finding_text(found) for found in sample.variants if found.called) or DASH


def finding_text(found: VariantFinding) -> str:
    """An alteration with its allele fraction, or how many times its copies are raised."""
    if found.fraction is None:
        return f"{found.alteration} x{2**found.copy_ratio_log2 if found.copy_ratio_log2 else 1:.1f}"
    return f"{found.alteration} {100 * found.fraction:.2g}%"
