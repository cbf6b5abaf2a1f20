"""Small models whose laws are known, and their samples."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import Landscape, TableLandscape
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Line, Plan, Settings, Tumors
from forestall.engine.branching.simulate import Outcome, stream_patients

Array = NDArray[np.float64]


def one_type(b: float, d: float) -> TableLandscape:
    """Cells that divide and die."""
    return TableLandscape((), {0: [[b, d, 0.0, 0.0, 0.0]]})


def two_types(u: float, b: float, d: float) -> TableLandscape:
    """Cells that acquire an alteration which changes nothing."""
    rates = [[b, d, 0.0, 0.0, 0.0]]
    return TableLandscape((u,), {0: rates, 1: rates})


def watched(days: float, every: float, phases: tuple[tuple[int, float], ...] = ()) -> Plan:
    """A plan without treatment (or with listed phases) and visits at an interval."""
    return Plan((Line(phases or ((0, math.inf),)),), horizon_days=days, visit_days=every)


def outcomes(
    landscape: Landscape,
    cells: float,
    plan: Plan,
    samples: int,
    seed: int,
    *,
    grown: bool = True,
    settings: Settings | None = None,
    lesions: int = 1,
) -> list[Outcome]:
    """Independent tumors, on all processors."""

    def tumors(start: int, end: int) -> Tumors:
        return Tumors(np.full((end - start, lesions), cells), grown=grown)

    workers = os.cpu_count() or 1
    size = max(1, min(1000, -(-samples // (4 * workers))))
    return list(
        stream_patients(
            Lattice(landscape),
            tumors,
            plan,
            samples,
            seed=seed,
            settings=settings,
            chunk=size,
            workers=workers,
        )
    )


def burdens(outcome: list[Outcome]) -> Array:
    """(samples, visits) cells; 0 after the last cell has died."""
    sizes = np.concatenate([part.record.burden for part in outcome])
    return np.where(np.isnan(sizes), 0.0, sizes)


def cells_by_mask(outcome: list[Outcome], moment: int, masks: int) -> Array:
    """(samples, masks) cells of each genotype at a moment, for models of at most eight genotypes."""
    chosen = [_carriers(mask) for mask in range(masks)]
    return np.concatenate(
        [np.stack([part.cells_of(moment, wanted) for wanted in chosen], axis=1) for part in outcome]
    )


def _carriers(mask: int) -> Callable[[Genotype], bool]:
    return lambda genotype: genotype.mask == mask


def cured(outcome: list[Outcome]) -> NDArray[np.bool_]:
    """(samples,) no cell is left."""
    return np.concatenate([part.cured for part in outcome])
