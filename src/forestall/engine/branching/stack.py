"""What a worker holds beside a patient: hand-over sizes, founders that wait to be followed, why it stopped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import bare_kernel, kernel

ROW, PHENOTYPE, DAY, CELLS = range(4)
CYCLING, TOLERANT = 0.0, 1.0
STACK_ROWS = 4096
MOST_LIVING = 4096
"""Genotypes that may live in a lesion at once."""

NORMAL_ABOVE, MEAN_ABOVE, LARGE_ABOVE, PAIR_ABOVE, MAX_DAYS = range(5)
"""Places in the hand-over sizes (`forestall.engine.branching.plan.Settings`)."""

STATUS, ASKED_ROW = range(2)
"""Places in the counters."""

DONE = 0
STACK_FULL = 1
EXTINCT = 2
TOO_SLOW = 3
UNKNOWN_GENOTYPE = 4
TOO_MANY_GENOTYPES = 5


class Worker(NamedTuple):
    """Hand-over sizes and space of one worker."""

    sizes: npt.NDArray[np.float64]
    """`Settings.array`."""
    work: npt.NDArray[np.float64]
    """(`MOST_LIVING`, 2) cells of a lesion at the start of an interval."""
    stack: npt.NDArray[np.float64]
    """(n, 4) genotype, phenotype, day within the interval, and cells of each founder that waits."""
    note: npt.NDArray[np.int64]
    """A status, and the genotype whose neighbors were asked for."""


@kernel
def new_worker(sizes: npt.NDArray[np.float64]) -> Worker:
    """A worker with hand-over sizes."""
    return Worker(sizes, np.empty((MOST_LIVING, 2)), np.empty((STACK_ROWS, 4)), np.zeros(2, np.int64))


@bare_kernel
def push(worker: Worker, top: int, row: int, phenotype: float, day: float, cells: float) -> int:
    """Let a founder wait.

    Args:
        worker: Its stack; receives `STACK_FULL` where there is no place.
        top: Number that wait.
        row: Genotype.
        phenotype: `CYCLING` or `TOLERANT`.
        day: Day within the interval.
        cells: Its cells.

    Returns:
        The new number that wait.
    """
    stack = worker.stack
    if top >= stack.shape[0]:
        worker.note[STATUS] = STACK_FULL
        return top
    stack[top, ROW] = row
    stack[top, PHENOTYPE] = phenotype
    stack[top, DAY] = day
    stack[top, CELLS] = cells
    return top + 1


@bare_kernel
def set_aside(worker: Worker, base: int, top: int) -> int:
    """Move the founder at `base` to the top, so that what is put at `base` waits below the others."""
    stack = worker.stack
    return push(
        worker, top, int(stack[base, ROW]), stack[base, PHENOTYPE], stack[base, DAY], stack[base, CELLS]
    )


@bare_kernel
def ask_for(worker: Worker, row: int) -> None:
    """Note that the neighbors of a genotype are not in the lattice yet."""
    worker.note[STATUS], worker.note[ASKED_ROW] = UNKNOWN_GENOTYPE, row
