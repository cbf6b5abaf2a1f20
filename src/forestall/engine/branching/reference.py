"""A readable reference of the lattice engine: every event of every cell, one at a time.

Slow and exact; the kernels are tested against it.

References:
    Gillespie DT. Exact stochastic simulation of coupled chemical reactions. J Phys Chem 1977;81:2340.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import BIRTH, DEATH, SLEEP, TOLERANT_DEATH, WAKE, Landscape

Phenotype = Literal["cycling", "tolerant"]
Cells = Counter[tuple[Genotype, Phenotype]]
"""Cells of each genotype and phenotype."""

Event = tuple[float, tuple[tuple[tuple[Genotype, Phenotype], int], ...]]
"""A rate per cell, and what the event changes."""


def events_of(landscape: Landscape, genotype: Genotype, phenotype: Phenotype, phase: int) -> Iterator[Event]:
    """What can happen to a cell."""
    rates = landscape.rates([genotype])[0, phase]
    cycling: tuple[Genotype, Phenotype] = (genotype, "cycling")
    tolerant: tuple[Genotype, Phenotype] = (genotype, "tolerant")
    if phenotype == "tolerant":
        yield rates[WAKE], ((tolerant, -1), (cycling, 1))
        yield rates[TOLERANT_DEATH], ((tolerant, -1),)
        return
    faithful = 1.0
    for a, probability in enumerate(landscape.probabilities):
        if not genotype.carries(a):
            faithful -= probability
            daughter = genotype.with_alteration(a, landscape.ordered)
            yield rates[BIRTH] * probability, (((daughter, "cycling"), 1),)
    yield rates[BIRTH] * faithful, ((cycling, 1),)
    yield rates[DEATH], ((cycling, -1),)
    yield rates[SLEEP], ((cycling, -1), (tolerant, 1))


def simulate_cells(
    landscape: Landscape, cells: Cells, phase: int, days: float, generator: random.Random
) -> Cells:
    """Simulate every event for some days of one phase.

    Args:
        landscape: Rates and probabilities.
        cells: Cells at the start; not changed.
        phase: Phase of treatment.
        days: Time to simulate.
        generator: Source of random numbers.

    Returns:
        Cells at the end.
    """
    now, state = 0.0, Counter(cells)
    known: dict[tuple[Genotype, Phenotype], list[Event]] = {}
    while True:
        rates, changes = [], []
        for cell, number in state.items():
            if cell not in known:
                known[cell] = list(events_of(landscape, *cell, phase))
            for rate, change in known[cell]:
                rates.append(rate * number)
                changes.append(change)
        total = sum(rates)
        if total <= 0.0:
            return +state
        now += generator.expovariate(total)
        if now > days:
            return +state
        (change,) = generator.choices(changes, weights=rates)
        for cell, difference in change:
            state[cell] += difference
