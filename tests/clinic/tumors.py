"""Tumors made by hand, for samples to be taken of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forestall.clinic.tumor_state import TumorState

SAMPLES = 2000
FALSE_ALARM = 1e-6
"""Of one verdict, two-sided: |Z| above 4.89."""
Z_LIMIT = 4.89


def tumor(
    cells: Sequence[Sequence[float]],
    carried: Sequence[set[str]],
    *,
    patient: int = 0,
    day: float = 0.0,
    site: Sequence[str] | None = None,
    diameter_mm: float = 30.0,
    dying_share: float = 0.136,
    er: bool = True,
    her2: bool = False,
) -> TumorState:
    """A tumor of L lesions and G clones.

    Args:
        cells: (L, G).
        carried: (G,) alterations.
        patient: Keys the random streams.
        day: Day of the sample.
        site: (L,) sites; liver if not given.
        diameter_mm: Of every lesion.
        dying_share: Cells that die per day, as a share of the cells.
        er: Whether the founding clone has ER.
        her2: Whether it has HER2.
    """
    count = np.array(cells, np.float64)
    sites = tuple(site or ["liver"] * len(count))
    return TumorState(
        day=day,
        lesion=tuple(f"{name} {number}" for number, name in enumerate(sites)),
        site=sites,
        diameter_mm=np.full(len(count), diameter_mm),
        carried=tuple(frozenset(names) for names in carried),
        cells=count,
        dying_per_day=count * dying_share,
        her2_positive=her2,
        er_positive=er,
        seed=1,
        patient=patient,
    )
