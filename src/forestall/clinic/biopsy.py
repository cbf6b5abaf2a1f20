"""A core of one lesion: which cells it holds, what a panel reads in their DNA, and which receptors they stain for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.assays import NORMAL_COPIES, Assay, copies, seen_by, shows, stains
from forestall.clinic.chance import Chance
from forestall.clinic.sample_findings import ReceptorFinding, Sample, VariantFinding
from forestall.clinic.tumor_state import TumorState
from forestall.engine.purposes import Purpose
from forestall.knowledge.parameters import Lookup, value

Floats = NDArray[np.float64]
_PR_STREAM = -1.0


@dataclass(frozen=True, slots=True)
class Biopsy:
    """How a core is taken, sequenced and stained."""

    cells: int
    """Cells whose DNA is sequenced, normal ones included."""
    purity: float
    """Mean share of tumor cells."""
    purity_sd: float
    """Its standard deviation between cores; 0 for none."""
    patches: int
    """Regions of one clone that a core holds."""
    smallest_lesion_mm: float
    """Smaller lesions are not biopsied."""
    depth: float
    """Mean number of reads of a base."""
    read_error: float
    """Probability that a read shows a variant that its molecule does not have."""
    least_fraction: float
    """Variant allele fraction from which a variant is called."""
    copy_ratio_log2_sd: float
    copy_ratio_log2_call: float
    """Log2 of a gene's copy ratio from which an amplification is called."""

    @classmethod
    def usual(cls, number: Lookup = value) -> Self:
        """With the numbers of the catalog.

        Args:
            number: Gives a parameter in a unit.
        """
        return cls(
            cells=round(number("biopsy.cells", "cells")),
            purity=number("biopsy.purity", "1"),
            purity_sd=number("biopsy.purity_sd", "1"),
            patches=round(number("biopsy.patches", "1")),
            smallest_lesion_mm=number("biopsy.smallest_lesion", "mm"),
            depth=number("sequencing.depth", "1"),
            read_error=number("sequencing.read_error", "1"),
            least_fraction=number("sequencing.least_fraction", "1"),
            copy_ratio_log2_sd=number("sequencing.copy_ratio_log2_sd", "1"),
            copy_ratio_log2_call=number("sequencing.copy_ratio_log2_call", "1"),
        )

    def can_take(self, state: TumorState, lesion: int) -> bool:
        """Whether the lesion is large enough for a core."""
        return bool(state.diameter_mm[lesion] >= self.smallest_lesion_mm)

    def take(self, state: TumorState, lesion: int) -> Sample:
        """Take and read a core.

        Args:
            state: The tumor on that day.
            lesion: Column of the lesion.

        Returns:
            What was found, and beside it what is true of the whole lesion.
        """
        chance = Chance(state.seed, state.patient, Purpose.BIOPSY, state.day, lesion)
        share = state.cells[lesion] / state.cells[lesion].sum()
        tumor, held = self._core(share, chance)
        reads = self._variants(state.carried, tumor, held, share, chance)
        stained = tuple(_stain(state, marker, held, chance) for marker in stains())
        return Sample("tissue", state.day, state.lesion[lesion], tumor / self.cells, (*reads,), stained)

    def _core(self, share: Floats, chance: Chance) -> tuple[float, Floats]:
        """Tumor cells of a core, and the share of each clone among them."""
        purity = chance.beta(self.purity, self.purity_sd) if self.purity_sd > 0 else self.purity
        tumor = max(1.0, chance.binomial(np.array([float(self.cells)]), np.array([purity]))[0])
        patch = chance.multinomial(self.patches, share) / self.patches
        return tumor, chance.multinomial(int(tumor), patch) / tumor

    def _variants(
        self,
        carried: Sequence[frozenset[str]],
        tumor: float,
        held: Floats,
        share: Floats,
        chance: Chance,
    ) -> list[VariantFinding]:
        purity = tumor / self.cells
        names = seen_by(Assay.READS)
        fraction = np.array([purity * carriers(name, carried, held) / NORMAL_COPIES for name in names])
        depth = chance.poisson(np.full(len(names), self.depth))
        shown = fraction + (1.0 - fraction) * self.read_error
        variant = chance.binomial(depth, shown)
        found = [
            VariantFinding.of_reads(
                name, int(variant[k]), int(depth[k]), self.least_fraction, carriers(name, carried, share)
            )
            for k, name in enumerate(names)
        ]
        return found + self._amplifications(carried, purity, held, share, chance)

    def _amplifications(
        self,
        carried: Sequence[frozenset[str]],
        purity: float,
        held: Floats,
        share: Floats,
        chance: Chance,
    ) -> list[VariantFinding]:
        names = seen_by(Assay.COPIES)
        error = self.copy_ratio_log2_sd * chance.normal(len(names))
        found = []
        for k, name in enumerate(names):
            mean = float(held @ [copies(name, clone) for clone in carried])
            ratio = (purity * mean + (1.0 - purity) * NORMAL_COPIES) / NORMAL_COPIES
            log2 = float(np.log2(ratio) + error[k])
            true = carriers(name, carried, share)
            found.append(VariantFinding.of_copies(name, log2, self.copy_ratio_log2_call, true))
        return found


def carriers(name: str, carried: Sequence[frozenset[str]], share: Floats) -> float:
    """Share of the tumor cells that carry an alteration."""
    return float(share @ [name in clone for clone in carried])


def _stain(state: TumorState, marker: str, held: Floats, chance: Chance) -> ReceptorFinding:
    """Stain for a receptor: what the cells show, then what the assay alone gets wrong."""
    founding = {"ER": state.er_positive, "HER2": state.her2_positive, "PR": _pr_positive(state)}[marker]
    stained = float(held @ [shows(marker, clone, founding=founding) for clone in state.carried])
    cutoff = value("ihc.her2_cutoff" if marker == "HER2" else "ihc.hormone_cutoff", "1")
    positive = stained >= cutoff
    right = value(f"ihc.{marker.casefold()}.{'sensitivity' if positive else 'specificity'}", "1")
    called = positive if chance.uniform(1)[0] < right else not positive
    return ReceptorFinding(marker, called, stained, positive)


def _pr_positive(state: TumorState) -> bool:
    """Whether the founding clone has PR: fixed for a patient, and never without ER."""
    number = Chance(state.seed, state.patient, Purpose.BIOPSY, _PR_STREAM).uniform(1)[0]
    return bool(state.er_positive and number < value("ihc.pr.prevalence_given_er", "1"))
