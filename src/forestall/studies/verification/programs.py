"""The kernels against event-by-event simulations: the readable reference, and rebop where it is installed."""

from __future__ import annotations

import importlib.util
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import (
    Alteration,
    Effect,
    Interaction,
    RuleLandscape,
    TableLandscape,
)
from forestall.engine.branching.record import AT_END
from forestall.engine.branching.reference import Cells, simulate_cells
from forestall.statistics.goodness_of_fit import chi_square_of_two
from forestall.studies.verification.models import burdens, cells_by_mask, outcomes, watched
from forestall.studies.verification.verdict import Effort, Verdict, by_p_value

Array = NDArray[np.float64]

_PROBABILITIES = (0.03, 0.02)
FOUR: Mapping[int, list[float]] = {
    0: [0.30, 0.20, 0.05, 0.10, 0.02],
    1: [0.28, 0.25, 0.02, 0.20, 0.00],
    2: [0.25, 0.10, 0.10, 0.05, 0.01],
    3: [0.40, 0.15, 0.00, 0.30, 0.05],
}
"""Four genotypes of two alterations: division, death, sleep, wake and death of tolerant cells, 1/day."""
_STILL = [0.0, 1e3, 0.0, 0.0, 0.0]
"""A phase in which cycling cells die at once and tolerant ones stay: it shows the tolerant cells alone."""


def four_genotypes(switching: bool) -> TableLandscape:
    """Two alterations that arise in either order; with a second phase that leaves the tolerant cells only."""
    return TableLandscape(
        _PROBABILITIES,
        {
            mask: [[*rates[:2], *(rates[2:] if switching else [0.0, 0.0, 0.0])], _STILL]
            for mask, rates in FOUR.items()
        },
    )


def checks(effort: Effort) -> Iterator[Verdict]:
    """All checks of this module."""
    yield from _order_against_reference(effort)
    if importlib.util.find_spec("rebop") is not None:
        yield from _against_rebop(effort, switching=False, start=20, days=30.0)
        yield from _against_rebop(effort, switching=True, start=200, days=20.0)


def ordered_model() -> RuleLandscape:
    """Three alterations; the second speeds up cells only after the first; two slow each other down."""
    return RuleLandscape(
        birth=0.3,
        death=0.2,
        alterations=(
            Alteration("first", 0.05, Effect(birth_factor=0.9)),
            Alteration("second", 0.05, Effect(death_factor=0.8)),
            Alteration("third", 0.02),
        ),
        interactions=(
            Interaction("first", "second", Effect(birth_factor=1.5), ordered=True),
            Interaction("second", "third", Effect(birth_factor=0.5)),
        ),
        sleep=0.02,
        wake=0.05,
        tolerant_death=0.01,
    )


def _order_against_reference(effort: Effort) -> Iterator[Verdict]:
    """Order effects, epistasis and switching: 10 cells for 14 days."""
    runs, n, model = effort.of(3000), effort.of(100_000), ordered_model()
    generator = random.Random(effort.seed)
    start: Cells = Counter({(Genotype(), "cycling"): 10})
    exact = [simulate_cells(model, start, 0, 14.0, generator) for _ in range(runs)]
    fast = outcomes(model, 10.0, watched(14.0, 14.0), n, effort.seed, grown=False)
    total = np.array([float(sum(cells.values())) for cells in exact])
    yield _same("three alterations, cells in all", "reference", total, burdens(fast)[:, -1])
    for order in (0, 1):
        slow = [sum(k for (g, _), k in cells.items() if g.mask == 3 and g.order == order) for cells in exact]
        quick = np.concatenate([part.cells_of(AT_END, _both(order)) for part in fast])
        what = "first then second" if order else "second then first"
        yield _same(f"three alterations, {what}", "reference", np.array(slow, float), quick)


def _both(order: int) -> Callable[[Genotype], bool]:
    """Genotypes with the first two alterations, in one order."""
    return lambda genotype: genotype.mask == 3 and genotype.order == order


def _against_rebop(effort: Effort, *, switching: bool, start: int, days: float) -> Iterator[Verdict]:
    n, runs = effort.of(100_000), effort.of(20_000)
    exact = rebop_sample(switching, start, days, runs, effort.seed)
    model, seed = four_genotypes(switching), effort.seed + switching
    fast = cells_by_mask(outcomes(model, start, watched(days, days), n, seed, grown=False), AT_END, 4)
    by_genotype = exact[:, :4] + exact[:, 4:]
    what = "four genotypes, two phenotypes" if switching else "four genotypes"
    for mask in range(4):
        yield _same(
            f"{what}: genotype {mask:02b}", "rebop (SSA)", by_genotype[:, mask], fast[:, mask], bins=30
        )
    pattern = 2.0 ** np.arange(4)
    living = ((by_genotype > 0.0) @ pattern, (fast > 0.0) @ pattern)
    yield _same(f"{what}: which live together", "rebop (SSA)", *living)
    yield _same(f"{what}: cells in all", "rebop (SSA)", exact.sum(axis=1), fast.sum(axis=1), bins=30)
    if switching:
        plan = watched(days + 1.0, days + 1.0, ((0, days), (1, math.inf)))
        tolerant = burdens(outcomes(model, start, plan, n, seed + 7, grown=False))[:, -1]
        yield _same(f"{what}: tolerant cells", "rebop (SSA)", exact[:, 4:].sum(axis=1), tolerant, bins=30)


def rebop_sample(switching: bool, start: int, days: float, runs: int, seed: int) -> Array:
    """(runs, 8) cycling and then tolerant cells of each genotype, by rebop."""
    import rebop

    system, cycling, tolerant = rebop.Gillespie(), [f"c{i}" for i in range(4)], [f"t{i}" for i in range(4)]
    for mask, (b, d, sleep, wake, death) in FOUR.items():
        own = cycling[mask]
        new = [(mask | 1 << a, p) for a, p in enumerate(_PROBABILITIES) if not mask >> a & 1]
        system.add_reaction(b * (1.0 - sum(p for _, p in new)), [own], [own, own])
        system.add_reaction(d, [own], [])
        for other, p in new:
            system.add_reaction(b * p, [own], [own, cycling[other]])
        if switching:
            system.add_reaction(sleep, [own], [tolerant[mask]])
            system.add_reaction(wake, [tolerant[mask]], [own])
            system.add_reaction(death, [tolerant[mask]], [])
    names = cycling + (tolerant if switching else [])
    found = np.zeros((runs, 8))
    for i in range(runs):
        run = system.run({"c0": start}, tmax=days, nb_steps=1, rng=seed * runs + i)
        found[i, : len(names)] = [float(run[name][-1]) for name in names]
    return found


def _same(claim: str, reference: str, first: Array, second: Array, bins: int = 12) -> Verdict:
    p = chi_square_of_two(first, second, bins)
    return by_p_value(claim, reference, min(first.size, second.size), p)
