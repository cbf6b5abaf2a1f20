r"""A tube of blood: tumor DNA that dying cells shed, among the DNA of normal cells, and circulating tumor cells.

A dying cell leaves a share q of its genome in plasma, where DNA has a half-life of minutes to hours. The tumor changes over days,
so the plasma holds what goes with the deaths of the day:

    genomes in plasma = q * (deaths per day) / k,    k = ln 2 / half-life.

A clone that grows by g per day has k + g in place of k, which is less than 1% for any g that tumors reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.assays import NORMAL_COPIES, Assay, copies, seen_by
from forestall.clinic.biopsy import carriers
from forestall.clinic.chance import Chance
from forestall.clinic.sample_findings import Sample, VariantFinding
from forestall.clinic.tumor_state import TumorState
from forestall.engine.purposes import Purpose
from forestall.knowledge.parameters import Lookup, value

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LiquidBiopsy:
    """How blood is drawn and read, and what sheds into it."""

    shed_per_death: float
    """Share of its genome that a dying cell leaves in plasma."""
    clearance_per_day: float
    """ln 2 / half-life of DNA in plasma."""
    brain_share: float
    """Share of the DNA shed in the brain that reaches plasma."""
    plasma_ml: float
    """Plasma of the patient."""
    background_ng_per_ml: float
    """Median DNA of normal cells."""
    background_log_sd: float
    """Standard deviation of its logarithm between draws."""
    genome_ng: float
    """Mass of a diploid genome."""
    drawn_ml: float
    """Plasma in the tube."""
    efficiency: float
    """Share of the molecules that are sequenced."""
    molecule_error: float
    """Probability that a molecule shows a variant that it does not have."""
    least_molecules: int
    """Mutant molecules from which a variant is called."""
    least_fraction: float
    """Variant allele fraction from which a variant is called."""
    copy_ratio_log2_sd: float
    copy_ratio_log2_call: float
    cells_per_tumor_cell: float
    """Countable circulating tumor cells in the body per tumor cell."""
    counted_ml: float
    """Blood in which tumor cells are counted."""
    blood_ml: float
    """Blood of the patient."""

    @classmethod
    def usual(cls, number: Lookup = value) -> Self:
        """With the numbers of the catalog.

        Args:
            number: Gives a parameter in a unit.
        """
        plasma = number("plasma.volume", "mL")
        return cls(
            shed_per_death=number("ctdna.shed_per_death", "1"),
            clearance_per_day=math.log(2.0) / number("ctdna.half_life", "day"),
            brain_share=number("ctdna.brain_share", "1"),
            plasma_ml=plasma,
            background_ng_per_ml=number("plasma.background_dna", "ng/mL"),
            background_log_sd=number("plasma.background_dna_log_sd", "1"),
            genome_ng=number("plasma.genome_mass", "ng"),
            drawn_ml=number("blood.plasma_drawn", "mL"),
            efficiency=number("blood.molecule_efficiency", "1"),
            molecule_error=number("blood.molecule_error", "1"),
            least_molecules=round(number("blood.least_molecules", "1")),
            least_fraction=number("blood.least_fraction", "1"),
            copy_ratio_log2_sd=number("blood.copy_ratio_log2_sd", "1"),
            copy_ratio_log2_call=number("sequencing.copy_ratio_log2_call", "1"),
            cells_per_tumor_cell=number("ctc.entry_rate", "1/day")
            * number("ctc.half_life", "day")
            / math.log(2.0),
            counted_ml=number("ctc.blood_drawn", "mL"),
            blood_ml=plasma / number("plasma.share_of_blood", "1"),
        )

    def tumor_dna(self, state: TumorState) -> Floats:
        """(L, G) diploid genomes of each lesion and clone per mL of plasma."""
        reach = np.array([self.brain_share if site == "brain" else 1.0 for site in state.site])
        shed = self.shed_per_death * state.dying_per_day * reach[:, None]
        return np.asarray(shed / self.clearance_per_day / self.plasma_ml, np.float64)

    def draw(self, state: TumorState) -> Sample:
        """Draw and read a tube.

        Args:
            state: The tumor on that day.
        """
        chance = Chance(state.seed, state.patient, Purpose.LIQUID_BIOPSY, state.day)
        dna = self.tumor_dna(state)
        tumor = float(dna.sum())
        spread = math.exp(self.background_log_sd * chance.normal(1)[0])
        normal = self.background_ng_per_ml * spread / self.genome_ng
        share = dna.sum(axis=0) / tumor if tumor > 0 else np.zeros(dna.shape[1])
        met = state.cells.sum() * self.cells_per_tumor_cell * self.counted_ml / self.blood_ml
        counted = chance.poisson(np.array([met]))[0]
        return Sample(
            kind="blood",
            day=state.day,
            lesion="",
            tumor_share=tumor / (tumor + normal),
            variants=(
                *self._variants(state, tumor, normal, share, chance),
                *self._amplifications(state, tumor, normal, share, chance),
            ),
            circulating_cells=int(counted),
            dna_ng_per_ml=(tumor + normal) * self.genome_ng,
            tumor_dna_per_ml=tumor,
            lesion_share=_lesion_shares(state, dna),
        )

    def _variants(
        self, state: TumorState, tumor: float, normal: float, share: Floats, chance: Chance
    ) -> list[VariantFinding]:
        """Every variant that is read: mutant and other molecules in the tube, then errors among the others."""
        names = seen_by(Assay.READS)
        read = self.drawn_ml * self.efficiency
        carried = np.array([carriers(name, state.carried, share) for name in names])
        mutant = chance.poisson(read * tumor * carried)
        other = chance.poisson(read * (NORMAL_COPIES * (tumor + normal) - tumor * carried))
        wrong = chance.binomial(other, np.full(len(names), self.molecule_error))
        return [
            VariantFinding.of_reads(
                name,
                int(mutant[k] + wrong[k]),
                int(mutant[k] + other[k]),
                self.least_fraction,
                float(carried[k]),
                at_least=self.least_molecules,
            )
            for k, name in enumerate(names)
        ]

    def _amplifications(
        self, state: TumorState, tumor: float, normal: float, share: Floats, chance: Chance
    ) -> list[VariantFinding]:
        names = seen_by(Assay.COPIES)
        error = self.copy_ratio_log2_sd * chance.normal(len(names))
        part = tumor / (tumor + normal)
        found = []
        for k, name in enumerate(names):
            extra = carriers(name, state.carried, share) * (copies(name, (name,)) - NORMAL_COPIES)
            log2 = math.log2(1.0 + part * extra / NORMAL_COPIES) + error[k]
            true = carriers(name, state.carried, share)
            found.append(VariantFinding.of_copies(name, float(log2), self.copy_ratio_log2_call, true))
        return found


def _lesion_shares(state: TumorState, dna: Floats) -> tuple[tuple[str, float], ...]:
    total = float(dna.sum())
    shares = dna.sum(axis=1) / total if total > 0 else np.zeros(len(state.lesion))
    return tuple((name, float(part)) for name, part in zip(state.lesion, shares, strict=True))
