"""A patient's tumor on one day, as a biopsy needle or a blood tube meets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TumorState:
    """L lesions with G clones."""

    day: float
    lesion: tuple[str, ...]
    """(L,) names."""
    site: tuple[str, ...]
    """(L,)."""
    diameter_mm: Floats
    """(L,)."""
    carried: tuple[frozenset[str], ...]
    """(G,) alterations that the cells of each clone carry, those of the trunk included."""
    cells: Floats
    """(L, G)."""
    dying_per_day: Floats
    """(L, G) cells that die per day."""
    her2_positive: bool
    """The founding clone."""
    er_positive: bool
    """The founding clone."""
    seed: int
    """Of the study; every sample has a stream of its own."""
    patient: int = 0
    """Number of the patient, which keys her random streams."""

    def lesion_number(self, name: str) -> int:
        """Column of a lesion."""
        return self.lesion.index(name)
