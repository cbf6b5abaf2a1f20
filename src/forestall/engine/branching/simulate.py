"""Patients in chunks, on any number of threads, as a stream: memory does not grow with the number of patients."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.patient import run_patients
from forestall.engine.branching.plan import Plan, Settings, Tumors
from forestall.engine.branching.record import Record, new_record
from forestall.engine.branching.stack import DONE, UNKNOWN_GENOTYPE

CHUNK = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of some patients."""

    record: Record
    genotypes: tuple[Genotype, ...]
    """The genotypes that the record's rows stand for."""

    @property
    def failed(self) -> npt.NDArray[np.bool_]:
        """(p,) patients that could not be followed; their numbers are nan."""
        return np.asarray(self.record.status != DONE)

    @property
    def cured(self) -> npt.NDArray[np.bool_]:
        """(p,) no cell is left."""
        return np.isfinite(self.record.cured)

    def controlled(self, day: float) -> npt.NDArray[np.bool_]:
        """(p,) the last line had not failed by a day."""
        progression = self.record.progression[:, -1]
        return ~self.failed & ~(progression <= day)

    def cells_of(self, moment: int, wanted: Callable[[Genotype], bool]) -> npt.NDArray[np.float64]:
        """(p,) cells of some genotypes among the largest clones at a moment.

        Args:
            moment: `AT_DETECTION`, `AT_PROGRESSION` or `AT_END`.
            wanted: Whether a genotype counts.
        """
        flags = np.array([wanted(genotype) for genotype in self.genotypes] + [False])
        counted = flags[self.record.leader[:, moment]]
        return np.asarray((self.record.leader_cells[:, moment] * counted).sum(axis=1))


def follow_patients(
    lattice: Lattice,
    tumors: Tumors,
    plan: Plan,
    *,
    seed: int = 1,
    first: int = 0,
    settings: Settings | None = None,
) -> Outcome:
    """Grow the tumors of some patients to their sizes, and treat them.

    Genotypes that are missing from the lattice are added and the patients that met them followed again, with the same random
    numbers; nobody's result depends on what the lattice held before.

    Args:
        lattice: Genotypes; grows.
        tumors: Sizes of the lesions.
        plan: Lines of treatment.
        seed: Seed of the study.
        first: Number of the first patient.
        settings: Hand-over sizes.
    """
    patients, lesions = tumors.cells.shape
    record = new_record(patients, lesions, plan.visits, len(plan.lines))
    waiting = np.arange(patients)
    while waiting.size:
        run_patients(
            seed, first, np.ascontiguousarray(tumors.cells, np.float64), tumors.founders, tumors.capacities, tumors.grown,
            lattice.arrays, plan.arrays(), (settings or Settings()).array(), waiting, record,
        )  # fmt: skip
        waiting = waiting[record.status[waiting] == UNKNOWN_GENOTYPE]
        lattice.expand(np.unique(record.asked[waiting]).tolist())
    lost = record.status != DONE
    for values in (record.age, record.burden, record.progression, record.cured):
        values[lost] = math.nan
    return Outcome(record, lattice.genotypes)


def stream_patients(
    lattice: Lattice,
    tumors: Callable[[int, int], Tumors],
    plan: Plan,
    patients: int,
    *,
    seed: int = 1,
    settings: Settings | None = None,
    chunk: int = CHUNK,
    workers: int = 1,
) -> Iterator[Outcome]:
    """Outcomes of many patients, chunk by chunk in order; at most two chunks per worker are in memory.

    Args:
        lattice: Genotypes; grows.
        tumors: Called with the first patient of a chunk and the one after its last.
        plan: Lines of treatment.
        patients: How many.
        seed: Seed of the study.
        settings: Hand-over sizes.
        chunk: Patients per chunk; never changes a result.
        workers: Threads; never changes a result.
    """

    def work(start: int) -> Outcome:
        end = min(start + chunk, patients)
        return follow_patients(lattice, tumors(start, end), plan, seed=seed, first=start, settings=settings)

    starts = iter(range(0, patients, chunk))
    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        while True:
            while len(waiting) < 2 * workers and (start := next(starts, None)) is not None:
                waiting.append(pool.submit(work, start))
            if not waiting:
                return
            yield waiting.popleft().result()
