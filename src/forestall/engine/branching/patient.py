"""One patient: lesions grown to their sizes, then lines of treatment to the horizon, visit by visit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.lesion import (
    Lesion,
    burden,
    clear_lesion,
    grow_lesion,
    settle,
    treat_lesion,
)
from forestall.engine.branching.plan import PlanArrays
from forestall.engine.branching.record import AT_DETECTION, AT_END, AT_PROGRESSION, Record, add_leaders
from forestall.engine.branching.stack import (
    ASKED_ROW,
    CYCLING,
    DONE,
    MOST_LIVING,
    STATUS,
    Worker,
    new_worker,
)
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with
from forestall.engine.purposes import Purpose
from forestall.engine.random import open_stream

Floats = npt.NDArray[np.float64]

_GROWTH = int(Purpose.GROWTH)
_COURSE = int(Purpose.COURSE)
_HORIZON, _VISIT, _RATIO, _DETECTABLE, _STOP = range(5)


class Lesions(NamedTuple):
    """The l lesions of the patient who is followed; see `Lesion`."""

    states: npt.NDArray[np.uint64]
    """(l, 2) states of their streams."""
    founders: npt.NDArray[np.int64]
    """(l,) genotype of the first cell."""
    capacities: npt.NDArray[np.float64]
    """(l,) carrying capacity, cells."""
    living: npt.NDArray[np.int64]
    """(l,) number of genotypes that live."""
    rows: npt.NDArray[np.int64]
    """(l, n)"""
    place: npt.NDArray[np.int32]
    """(l, genotypes)"""
    cells: npt.NDArray[np.float64]
    """(l, n, 2)"""


@kernel_with(nogil=True)
def run_patients(
    seed: int,
    first: int,
    sizes: Floats,
    founders: npt.NDArray[np.int64],
    capacities: Floats,
    grown: bool,
    lattice: LatticeArrays,
    plan: PlanArrays,
    settings: Floats,
    chosen: npt.NDArray[np.int64],
    record: Record,
) -> None:
    """Follow patients one after the other.

    Args:
        seed: Seed of the study.
        first: Number of the patient in row 0.
        sizes: (p, l) cells of the lesions at detection.
        founders: (l,) genotype of the first cell of each lesion.
        capacities: (l,) cells.
        grown: Whether lesions grow to their size from one cell; otherwise they begin with so many cells of their founder.
        lattice: Genotypes.
        plan: Lines of treatment.
        settings: `Settings.array`.
        chosen: Rows of the patients to follow; the others are left as they are.
        record: Receives what happened.
    """
    count, worker = sizes.shape[1], new_worker(settings)
    lesions = Lesions(
        np.empty((count, 2), np.uint64),
        founders,
        capacities,
        np.zeros(count, np.int64),
        np.zeros((count, MOST_LIVING), np.int64),
        np.full((count, lattice.child.shape[0]), -1, np.int32),
        np.zeros((count, MOST_LIVING, 2)),
    )
    for i in chosen:
        _run_patient(i, seed, first + i, sizes[i], grown, lesions, lattice, plan, worker, record)


@bare_kernel
def _run_patient(
    i: int,
    seed: int,
    patient: int,
    sizes: Floats,
    grown: bool,
    lesions: Lesions,
    lattice: LatticeArrays,
    plan: PlanArrays,
    worker: Worker,
    record: Record,
) -> None:
    """Follow the patient in row `i`, whose number is `patient`; `sizes` has one place per lesion."""
    worker.note[STATUS] = DONE
    for k in range(sizes.shape[0]):
        lesions.living[k] = 0
        record.age[i, k] = math.nan
        state, lesion, founder = lesions.states[k], _lesion(lesions, k), lesions.founders[k]
        if not grown:
            lesions.living[k] = settle(lesion, 0, founder, CYCLING, sizes[k], worker)
        elif sizes[k] > 0.0 and worker.note[STATUS] == DONE:
            open_stream(state, seed, patient, _GROWTH, k)
            record.age[i, k], lesions.living[k] = grow_lesion(
                state, founder, sizes[k], lesions.capacities[k], lattice, lesion, worker
            )
        open_stream(state, seed, patient, _COURSE, k)
    if worker.note[STATUS] == DONE:
        _treat(i, lesions, lattice, plan, worker, record)
    record.status[i] = worker.note[STATUS]
    record.asked[i] = worker.note[ASKED_ROW]
    for k in range(sizes.shape[0]):
        clear_lesion(_lesion(lesions, k), lesions.living[k])


@bare_kernel
def _lesion(lesions: Lesions, k: int) -> Lesion:
    return Lesion(lesions.rows[k], lesions.place[k], lesions.cells[k])


@bare_kernel
def _treat(
    i: int, lesions: Lesions, lattice: LatticeArrays, plan: PlanArrays, worker: Worker, record: Record
) -> None:
    """The lines of treatment of the patient in row `i`."""
    lines, every, horizon = plan.longest.shape[0], plan.watch[_VISIT], plan.watch[_HORIZON]
    record.burden[i, :] = math.nan
    record.progression[i, :] = math.nan
    record.cured[i] = math.nan
    now, line, line_start, visit = 0.0, 0, 0.0, 0
    segment, left = plan.first[0], plan.days[plan.first[0]]
    nadir, total, failed = math.inf, 0.0, False
    _add_leaders(i, AT_DETECTION, lesions, record)
    while worker.note[STATUS] == DONE:
        if now >= visit * every or now >= horizon:
            total, progressed = _see(i, visit, now, line, nadir, lesions, plan, record)
            visit += 1
            nadir = min(nadir, total)
            if total <= 0.0 or (progressed and line == lines - 1 and plan.watch[_STOP] > 0.0):
                break
            failed = progressed and plan.until_progression[line]
        if now >= horizon:
            break
        if line < lines - 1 and (failed or now >= line_start + plan.longest[line]):
            line, line_start, failed, nadir = line + 1, now, False, total
            segment = plan.first[line]
            left = plan.days[segment]
        step = min(left, min(visit * every, horizon) - now)
        if line < lines - 1:
            step = min(step, line_start + plan.longest[line] - now)
        for k in range(lesions.living.shape[0]):
            lesions.living[k] = treat_lesion(
                lesions.states[k], step, plan.phase[segment], lesions.capacities[k], lattice,
                _lesion(lesions, k), lesions.living[k], worker,
            )  # fmt: skip
        now, left = now + step, left - step
        if left <= 0.0:
            segment += 1
            if segment == plan.first[line + 1]:
                segment = plan.first[line]
            left = plan.days[segment]
    if worker.note[STATUS] == DONE:
        _add_leaders(i, AT_END, lesions, record)


@bare_kernel_with(forceinline=True)
def _see(
    i: int,
    visit: int,
    now: float,
    line: int,
    nadir: float,
    lesions: Lesions,
    plan: PlanArrays,
    record: Record,
) -> tuple[float, bool]:
    """Record the burden at a visit, and whether the patient is cured or a line has failed.

    Args:
        i: The patient's row.
        visit: Number of the visit.
        now: Its day.
        line: Line of treatment.
        nadir: Smallest burden in it so far, cells.
        lesions: What is seen.
        plan: What counts as progression.
        record: Receives it.

    Returns:
        The burden, cells, and whether it has progressed.
    """
    total = 0.0
    for k in range(lesions.living.shape[0]):
        total += burden(_lesion(lesions, k), lesions.living[k])
    record.burden[i, visit] = total
    if total <= 0.0:
        record.cured[i] = now
        return total, False
    progressed = total >= plan.watch[_RATIO] * min(nadir, total) and total >= plan.watch[_DETECTABLE]
    if progressed and math.isnan(record.progression[i, line]):
        record.progression[i, line] = now
        if line == 0:
            _add_leaders(i, AT_PROGRESSION, lesions, record)
    return total, bool(progressed)


@bare_kernel
def _add_leaders(i: int, moment: int, lesions: Lesions, record: Record) -> None:
    add_leaders(i, moment, lesions.rows, lesions.cells, lesions.living, record)
