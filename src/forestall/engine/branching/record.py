"""What is kept of each patient: burden at visits, days of progression and cure, and the largest clones at three moments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import bare_kernel

LEADERS = 8
"""Genotypes that are kept per moment, those with the most cells."""
AT_DETECTION, AT_PROGRESSION, AT_END = range(3)


class Record(NamedTuple):
    """Arrays over p patients, l lesions, v visits and n lines."""

    status: npt.NDArray[np.int64]
    """(p,) `DONE`, or why a patient could not be followed."""
    asked: npt.NDArray[np.int64]
    """(p,) genotype whose neighbors were missing, where the status says so."""
    age: npt.NDArray[np.float64]
    """(p, l) days from the founder to detection; nan for absent lesions."""
    burden: npt.NDArray[np.float64]
    """(p, v) cells at each visit; nan after the end of the course."""
    progression: npt.NDArray[np.float64]
    """(p, n) day on which each line had failed; nan if it did not."""
    cured: npt.NDArray[np.float64]
    """(p,) day of the first visit without any cell; nan if there was none."""
    leader: npt.NDArray[np.int64]
    """(p, 3, `LEADERS`) genotypes with the most cells at detection, at the failure of the first line and at the end; -1 if fewer."""
    leader_cells: npt.NDArray[np.float64]
    """(p, 3, `LEADERS`) their cells."""


def new_record(patients: int, lesions: int, visits: int, lines: int) -> Record:
    """An empty record."""
    return Record(
        np.full(patients, -1, np.int64),
        np.zeros(patients, np.int64),
        np.full((patients, lesions), np.nan),
        np.full((patients, visits), np.nan),
        np.full((patients, lines), np.nan),
        np.full(patients, np.nan),
        np.full((patients, 3, LEADERS), -1, np.int64),
        np.zeros((patients, 3, LEADERS)),
    )


@bare_kernel
def add_leaders(
    i: int,
    moment: int,
    rows: npt.NDArray[np.int64],
    cells: npt.NDArray[np.float64],
    living: npt.NDArray[np.int64],
    record: Record,
) -> None:
    """Keep the genotypes with the most cells, over all lesions.

    Args:
        i: The patient's row.
        moment: `AT_DETECTION`, `AT_PROGRESSION` or `AT_END`.
        rows: (l, n) genotypes of each lesion.
        cells: (l, n, 2) their cells.
        living: (l,) number of genotypes of each lesion.
        record: Receives them.
    """
    names, numbers = record.leader[i, moment], record.leader_cells[i, moment]
    names[:] = -1
    numbers[:] = 0.0
    for lesion in range(living.shape[0]):
        for here in range(living[lesion]):
            _keep(names, numbers, rows[lesion, here], cells[lesion, here, 0] + cells[lesion, here, 1])


@bare_kernel
def _keep(names: npt.NDArray[np.int64], numbers: npt.NDArray[np.float64], row: int, cells: float) -> None:
    smallest = 0
    for k in range(names.shape[0]):
        if names[k] == row:
            numbers[k] += cells
            return
        if numbers[k] < numbers[smallest]:
            smallest = k
    if cells > numbers[smallest]:
        names[smallest], numbers[smallest] = row, cells
