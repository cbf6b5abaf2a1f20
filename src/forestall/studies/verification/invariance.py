"""What results must not depend on: hand-over sizes, visits, workers, chunks, the lattice's past; and rates at the edge."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from forestall.engine.branching.landscape import TableLandscape
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Line, Plan, Settings, Tumors
from forestall.engine.branching.record import AT_DETECTION, AT_END
from forestall.engine.branching.simulate import Outcome, stream_patients
from forestall.statistics.goodness_of_fit import chi_square_of_two
from forestall.studies.verification.bozic import TwoDrugs
from forestall.studies.verification.models import burdens, cells_by_mask, outcomes, watched
from forestall.studies.verification.programs import four_genotypes, ordered_model
from forestall.studies.verification.verdict import Effort, Verdict, by_p_value

Array = NDArray[np.float64]

EXACT = Settings(normal_above=math.inf, mean_above=math.inf, large_above=1e5, pair_above=math.inf)
EARLY = Settings(normal_above=1e3, mean_above=1e7)
_EDGES = ((0.0, 0.0), (0.2, 0.2), (0.1, 5.0), (3.0, 0.1), (0.0, 0.4), (1e-12, 0.0))
_SIZES = (1.0, 1e5, 1e9, 1e13)


def checks(effort: Effort) -> Iterator[Verdict]:
    """All checks of this module."""
    yield from _hand_over(effort)
    yield from _switching_hand_over(effort)
    yield from _visits(effort)
    yield _workers(effort)
    yield _edges(effort)


def _hand_over(effort: Effort) -> Iterator[Verdict]:
    """Tumors of 1e9 cells under two drugs for a year: the law at every size, against early hand-overs."""
    n = effort.of(20_000)
    model = TwoDrugs(probability=1e-8, shared=1).landscape()
    plan = watched(365.0, 365.0, ((1, math.inf),))
    samples = [
        outcomes(model, 1e9, plan, n, effort.seed + k, settings=settings)
        for k, settings in enumerate((Settings(mean_above=math.inf), EARLY))
    ]
    for what, moment, mask in (
        ("single mutants at detection", AT_DETECTION, 1),
        ("shared mutants at detection", AT_DETECTION, 4),
        ("shared mutants after a year", AT_END, 4),
    ):
        exact, early = (cells_by_mask(sample, moment, 8)[:, mask] for sample in samples)
        claim = f"hand-over at 1e3 and 1e7 families: {what}"
        yield by_p_value(claim, "none at all", n, chi_square_of_two(exact, early, 30))
    ages = [np.concatenate([part.record.age[:, 0] for part in sample]) for sample in samples]
    yield by_p_value(
        "hand-over at 1e3 and 1e7 families: age", "none at all", n, float(stats.ks_2samp(*ages).pvalue)
    )


def _switching_hand_over(effort: Effort) -> Iterator[Verdict]:
    """Clones of 300 and 3,000 cells that mutate and switch: drawn in bulk, against every switch and mutant drawn."""
    n, model = effort.of(20_000), four_genotypes(switching=True)
    for start in (300.0, 3000.0):
        plan = watched(10.0, 10.0)
        exact, bulk = (
            cells_by_mask(
                outcomes(model, start, plan, n, effort.seed + k, grown=False, settings=settings), AT_END, 4
            )
            for k, settings in enumerate((EXACT, Settings()))
        )
        for mask in range(4):
            p = chi_square_of_two(exact[:, mask], bulk[:, mask], 30)
            yield by_p_value(
                f"{start:g} cells that switch in bulk: genotype {mask:02b}", "event by event", n, p
            )


def _visits(effort: Effort) -> Iterator[Verdict]:
    """Two phenotypes and four genotypes for 60 days, seen once or every 5 days."""
    n, model = effort.of(20_000), four_genotypes(switching=True)
    once, often = (
        burdens(outcomes(model, 30.0, watched(60.0, every), n, effort.seed + k, grown=False))[:, -1]
        for k, every in enumerate((60.0, 5.0))
    )
    yield by_p_value(
        "one interval of 60 days against twelve", "each other", n, chi_square_of_two(once, often, 30)
    )


def everything(patients: int, chunk: int, workers: int, lattice: Lattice | None = None) -> list[Outcome]:
    """Patients with three lesions, three alterations, two phenotypes, crowding and two lines of treatment."""
    plan = Plan((Line(((0, 30.0),), 60.0), Line(((0, 5.0), (0, 9.0)))), horizon_days=150.0, visit_days=30.0)

    def tumors(start: int, end: int) -> Tumors:
        size = 10.0 ** (2 + np.arange(start, end) % 3)
        return Tumors(np.stack([size, 2.0 * size, 0.0 * size], axis=1), capacity=(1e5, 1e5, 1e5))

    known = lattice or Lattice(ordered_model())
    return list(stream_patients(known, tumors, plan, patients, chunk=chunk, workers=workers))


def _workers(effort: Effort) -> Verdict:
    """Bit by bit: one worker and one chunk, against three workers, chunks of 7, and a lattice that has grown."""
    n = effort.of(2000)
    used = Lattice(ordered_model())
    first = everything(n, n, 1, used)
    different = 0
    for other in (everything(n, 7, 3), everything(n, 100, 2, used)):
        for name in ("age", "burden", "progression", "cured", "leader_cells"):
            one, two = (
                np.concatenate([getattr(part.record, name) for part in run]) for run in (first, other)
            )
            unequal = ~((one == two) | (np.isnan(one) & np.isnan(two)))
            different += int(unequal.reshape(n, -1).any(axis=1).sum())
    return Verdict(
        "patients that depend on workers or chunks", "each other", n, "patients", different, 0, 0, 0.0
    )


def _edges(effort: Effort) -> Verdict:
    """Rates 0, equal, death above birth, tiny; probabilities to 1e-12; 1 to 1e13 cells: finite whole counts."""
    wrong, n = 0, max(20, effort.of(400) // 10)
    for b, d in _EDGES:
        for u in (0.0, 1e-12, 1e-5):
            rates = [[b, d, 0.0, 0.0, 0.0], [b, d, 0.01, 0.02, 0.0]]
            model = TableLandscape((u, u), dict.fromkeys(range(4), rates))
            for cells in _SIZES:
                plan = watched(14.0, 7.0, ((0, 7.0), (1, 7.0)))
                seen = outcomes(model, cells, plan, n, effort.seed, grown=False)
                sizes = burdens(seen)
                failed = sum(int(part.failed.sum()) for part in seen)
                wrong += failed + int(
                    (~np.isfinite(sizes) | (sizes < 0.0) | (sizes != np.floor(sizes))).sum()
                )
    return Verdict("counts at edges that are not whole numbers", "definition", n, "counts", wrong, 0, 0, 0.0)
