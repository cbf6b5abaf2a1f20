"""Founders that wait to be followed to the end of an interval: a stack, and the counters of a worker's space."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import kernel

ROW, PHENOTYPE, DAY, CELLS = range(4)
CYCLING, TOLERANT = 0.0, 1.0
STACK_ROWS = 4096

STATUS, ASKED_ROW = range(2)
"""Places in the counters."""

DONE = 0
STACK_FULL = 1
EXTINCT = 2
TOO_SLOW = 3
UNKNOWN_GENOTYPE = 4
TOO_MANY_GENOTYPES = 5


@kernel
def push(
    stack: npt.NDArray[np.float64],
    top: int,
    note: npt.NDArray[np.int64],
    row: int,
    phenotype: float,
    day: float,
    cells: float,
) -> int:
    """Let a founder wait.

    Args:
        stack: (n, 4) genotype, phenotype, day and cells of each founder that waits.
        top: Number that wait.
        note: Receives `STACK_FULL` where there is no place.
        row: Genotype.
        phenotype: `CYCLING` or `TOLERANT`.
        day: Day within the interval.
        cells: Its cells.

    Returns:
        The new number that wait.
    """
    if top >= stack.shape[0]:
        note[STATUS] = STACK_FULL
        return top
    stack[top, ROW] = row
    stack[top, PHENOTYPE] = phenotype
    stack[top, DAY] = day
    stack[top, CELLS] = cells
    return top + 1


@kernel
def set_aside(stack: npt.NDArray[np.float64], base: int, top: int, note: npt.NDArray[np.int64]) -> int:
    """Move the founder at `base` to the top, so that what is put at `base` waits below the others."""
    return push(
        stack, top, note, int(stack[base, ROW]), stack[base, PHENOTYPE], stack[base, DAY], stack[base, CELLS]
    )


@kernel
def new_notes() -> npt.NDArray[np.int64]:
    """Counters of a worker: a status, and the genotype whose neighbors were asked for."""
    return np.zeros(2, np.int64)
