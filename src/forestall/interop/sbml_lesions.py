"""The lesions of one patient as SBML sees them: only clones that can hold cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.setup import CohortArrays
from forestall.interop.sbml_document import CELLS, NUMBER, SbmlDocument

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lesion:
    """One lesion. Genotype g is lane `exposure * G + g`."""

    number: int
    exposure: int
    """Exposure class."""
    capacity: float
    """Cells."""
    cells: Array
    """(2, G) cycling and tolerant, at day 0."""
    loss: Array
    """(G,) probability per division that a daughter leaves."""
    edges: tuple[tuple[int, int, float], ...]
    """(parent, child, probability per division)."""
    genotypes: tuple[int, ...]
    """Those that hold cells or can arise."""

    def lane(self, genotype: int) -> int:
        """The lane of a genotype."""
        return int(self.exposure * self.cells.shape[1] + genotype)

    @property
    def room(self) -> str:
        """Identifier of the factor by which crowding slows division."""
        return f"room_l{self.number}"

    def cycling(self, genotype: int) -> str:
        """Identifier of a clone's cycling cells."""
        return f"cycling_l{self.number}_g{genotype}"

    def tolerant(self, genotype: int) -> str:
        """Identifier of a clone's tolerant cells."""
        return f"tolerant_l{self.number}_g{genotype}"

    def write_totals(self, document: SbmlDocument) -> None:
        """All cells of the lesion, and its room."""
        clones = [name(g) for g in self.genotypes for name in (self.cycling, self.tolerant)]
        document.assignment(total_id(self.number), " + ".join(clones) or "0", CELLS)
        room = f"positive(1 - {total_id(self.number)} / {self.capacity!r})"
        document.assignment(self.room, room, NUMBER)


def total_id(lesion: int) -> str:
    """Identifier of all cells of a lesion."""
    return f"cells_l{lesion}"


def lesions_of(i: int, cohort: CohortArrays, cells: Array) -> list[Lesion]:
    """The lesions of a patient.

    Args:
        i: Row of the patient.
        cohort: The batch.
        cells: (L, 2, G) at day 0.
    """
    table = cohort.table[i]
    edges = [
        (int(parent), int(child), float(probability))
        for (parent, child), probability in zip(cohort.edges[table], cohort.probability[table], strict=True)
        if probability > 0
    ]
    lesions = []
    for number, exposure in enumerate(cohort.site_class[i]):
        if exposure < 0:
            continue
        used = set(np.flatnonzero(cells[number].any(axis=0)).tolist())
        while reached := {child for parent, child, _ in edges if parent in used} - used:
            used |= reached
        within = tuple(edge for edge in edges if edge[0] in used)
        capacity, loss = float(cohort.capacity[i]), cohort.loss[table]
        lesions.append(
            Lesion(number, int(exposure), capacity, cells[number], loss, within, tuple(sorted(used)))
        )
    return lesions


def lanes_of(lesions: list[Lesion]) -> list[int]:
    """Every lane that some lesion needs."""
    return sorted({lesion.lane(g) for lesion in lesions for g in lesion.genotypes})
