"""A readable reference of the branching engine: Gillespie's direct method, one event at a time.

Slow and exact; the fast kernels are tested against it.

References:
    Gillespie DT. Exact stochastic simulation of coupled chemical reactions. J Phys Chem 1977;81:2340.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BranchingModel:
    """Types of cells that divide, die, mutate at division and switch."""

    birth: Sequence[float]
    """Division rate of each type, 1/day."""

    death: Sequence[float]
    """Death rate of each type, 1/day."""

    mutation: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """(parent, child) -> probability per division that one daughter is of the child's type."""

    switching: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """(from, to) -> rate at which a cell changes its type, 1/day."""


@dataclass(frozen=True)
class _Event:
    source: int
    rate_per_cell: float
    change: tuple[tuple[int, int], ...]


def _events(model: BranchingModel) -> Iterator[_Event]:
    for cell_type, (birth, death) in enumerate(zip(model.birth, model.death, strict=True)):
        mutants = {child: p for (parent, child), p in model.mutation.items() if parent == cell_type}
        yield _Event(cell_type, birth * (1.0 - sum(mutants.values())), ((cell_type, 1),))
        yield _Event(cell_type, death, ((cell_type, -1),))
        for child, probability in mutants.items():
            yield _Event(cell_type, birth * probability, ((child, 1),))
    for (source, target), rate in model.switching.items():
        yield _Event(source, rate, ((source, -1), (target, 1)))


def simulate_events(
    model: BranchingModel,
    cells: Sequence[int],
    days: float,
    generator: random.Random,
    *,
    stop_at: int | None = None,
) -> tuple[float, list[int]]:
    """Simulate every event until a time, until extinction, or until a total size.

    Args:
        model: Types and rates.
        cells: Cells of each type at the start; not changed.
        days: Time to simulate.
        generator: Source of random numbers.
        stop_at: Total number of cells at which to stop early.

    Returns:
        The time at which the simulation ended, days, and the cells of each type then.
    """
    events = list(_events(model))
    now, state = 0.0, list(cells)
    while stop_at is None or sum(state) < stop_at:
        rates = [event.rate_per_cell * state[event.source] for event in events]
        total = sum(rates)
        if total == 0.0:
            return days, state
        now += generator.expovariate(total)
        if now > days:
            return days, state
        (event,) = generator.choices(events, weights=rates)
        for cell_type, difference in event.change:
            state[cell_type] += difference
    return now, state
