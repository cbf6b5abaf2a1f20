"""What a sample of tissue or blood found, with the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from forestall.clinic.assays import Assay


@dataclass(frozen=True, slots=True)
class VariantFinding:
    """One alteration of the panel in one sample."""

    alteration: str
    """Id in the catalog."""
    assay: Assay
    called: bool
    """Whether the laboratory reports it."""
    variant_reads: int | None
    """Reads (tissue) or molecules (blood) that show it; None if it is read as copies."""
    depth: int | None
    """Reads or molecules in all."""
    copy_ratio_log2: float | None
    """Log2 of the gene's copies over normal, for amplifications."""
    carriers: float
    """The truth: share of the tumor cells (tissue) or of the tumor's DNA (blood) that carry it."""

    @property
    def fraction(self) -> float | None:
        """Variant allele fraction; None if it is read as copies, or nothing was read."""
        return None if not self.depth or self.variant_reads is None else self.variant_reads / self.depth

    @classmethod
    def of_reads(
        cls, name: str, variant: int, depth: int, least: float, carriers: float, *, at_least: int = 2
    ) -> Self:
        """A variant counted in reads or molecules.

        Args:
            name: The alteration.
            variant: Reads that show it.
            depth: Reads in all.
            least: Fraction from which it is called.
            carriers: The truth.
            at_least: Reads from which it is called.
        """
        called = variant >= at_least and variant >= least * depth
        return cls(name, Assay.READS, called, variant, depth, None, carriers)

    @classmethod
    def of_copies(cls, name: str, log2: float, call: float, carriers: float) -> Self:
        """An amplification.

        Args:
            name: The alteration.
            log2: Measured log2 copy ratio.
            call: Log2 ratio from which it is called.
            carriers: The truth.
        """
        return cls(name, Assay.COPIES, log2 >= call, None, None, log2, carriers)


@dataclass(frozen=True, slots=True)
class ReceptorFinding:
    """One receptor in one piece of tissue."""

    marker: str
    """ER, PR or HER2."""
    positive: bool
    """As reported."""
    stained: float
    """Share of the tumor cells of the piece that have the receptor."""
    truly_positive: bool
    """What an assay without error would report of the piece."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample."""

    kind: Literal["tissue", "blood"]
    day: float
    lesion: str
    """Where the tissue is from; empty for blood."""
    tumor_share: float
    """Share of tumor cells (tissue: purity) or of tumor DNA (blood)."""
    variants: tuple[VariantFinding, ...]
    receptors: tuple[ReceptorFinding, ...] = ()
    circulating_cells: int | None = None
    """Circulating tumor cells in the tube."""
    dna_ng_per_ml: float | None = None
    """Cell-free DNA of plasma, tumor's and normal."""
    tumor_dna_per_ml: float | None = None
    """Genome equivalents of the tumor per mL of plasma."""
    lesion_share: tuple[tuple[str, float], ...] = ()
    """Share of each lesion in the tumor's DNA."""

    def variant(self, name: str) -> VariantFinding | None:
        """The finding of an alteration; None if the assay does not see it."""
        return next((found for found in self.variants if found.alteration == name), None)

    def receptor(self, marker: str) -> ReceptorFinding | None:
        """The finding of a receptor."""
        return next((found for found in self.receptors if found.marker == marker), None)

    @property
    def called(self) -> tuple[str, ...]:
        """Alterations that are reported."""
        return tuple(found.alteration for found in self.variants if found.called)
