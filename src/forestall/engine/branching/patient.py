"""One patient: lesions grown to their sizes, then lines of treatment to the horizon, visit by visit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.lesion import burden, clear_lesion, grow_lesion, settle, treat_lesion
from forestall.engine.branching.plan import PlanArrays
from forestall.engine.branching.record import Record, add_leaders
from forestall.engine.branching.stack import CYCLING, DONE, STACK_ROWS, STATUS, new_notes
from forestall.engine.kernels import kernel, kernel_with
from forestall.engine.purposes import Purpose
from forestall.engine.random import open_stream

Floats = npt.NDArray[np.float64]

MOST_LIVING = 4096
"""Genotypes that may live in a lesion at once."""

_GROWTH = int(Purpose.GROWTH)
_COURSE = int(Purpose.COURSE)
_HORIZON, _VISIT, _RATIO, _DETECTABLE, _STOP = range(5)
_MAX_DAYS = 4


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
    lesions, genotypes = sizes.shape[1], lattice.child.shape[0]
    rows = np.zeros((lesions, MOST_LIVING), np.int64)
    place = np.full((lesions, genotypes), -1, np.int32)
    cells = np.zeros((lesions, MOST_LIVING, 2))
    work, moments = np.empty((MOST_LIVING, 2)), np.empty(5)
    stack, note = np.empty((STACK_ROWS, 4)), new_notes()
    states = np.empty((lesions, 2), np.uint64)
    living = np.zeros(lesions, np.int64)
    for i in chosen:
        note[STATUS] = DONE
        for lesion in range(lesions):
            living[lesion] = 0
            record.age[i, lesion] = math.nan
            if not grown:
                living[lesion] = settle(
                    rows[lesion],
                    place[lesion],
                    cells[lesion],
                    0,
                    founders[lesion],
                    CYCLING,
                    sizes[i, lesion],
                    note,
                )
            elif sizes[i, lesion] > 0.0 and note[STATUS] == DONE:
                open_stream(states[lesion], seed, first + i, _GROWTH, lesion)
                record.age[i, lesion], living[lesion] = grow_lesion(
                    states[lesion], founders[lesion], sizes[i, lesion], capacities[lesion], settings[_MAX_DAYS],
                    lattice.child, lattice.rates, lattice.probability, lattice.total, settings,
                    rows[lesion], place[lesion], cells[lesion], work, moments, stack, note,
                )  # fmt: skip
            open_stream(states[lesion], seed, first + i, _COURSE, lesion)
        if note[STATUS] == DONE:
            _follow(
                i,
                states,
                rows,
                place,
                cells,
                living,
                capacities,
                lattice,
                plan,
                settings,
                work,
                moments,
                stack,
                note,
                record,
            )
        record.status[i] = note[STATUS]
        record.asked[i] = note[1]
        for lesion in range(lesions):
            clear_lesion(rows[lesion], place[lesion], cells[lesion], living[lesion])


@kernel
def _follow(
    i: int,
    states: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    cells: Floats,
    living: npt.NDArray[np.int64],
    capacities: Floats,
    lattice: LatticeArrays,
    plan: PlanArrays,
    settings: Floats,
    work: Floats,
    moments: Floats,
    stack: Floats,
    note: npt.NDArray[np.int64],
    record: Record,
) -> None:
    """The treatment of patient `i`, whose lesions stand in `rows`, `place` and `cells`."""
    lesions, lines = living.shape[0], plan.longest.shape[0]
    record.burden[i, :] = math.nan
    record.progression[i, :] = math.nan
    record.cured[i] = math.nan
    now, line, line_start, visit = 0.0, 0, 0.0, 0
    segment, left = plan.first[0], plan.days[plan.first[0]]
    nadir, total = math.inf, 0.0
    add_leaders(i, 0, rows, cells, living, record)
    failed = False
    while note[STATUS] == DONE:
        if now >= visit * plan.watch[_VISIT] or now >= plan.watch[_HORIZON]:
            total = 0.0
            for lesion in range(lesions):
                total += burden(cells[lesion], living[lesion])
            record.burden[i, visit] = total
            visit += 1
            nadir = min(nadir, total)
            if total <= 0.0:
                record.cured[i] = now
                break
            progressed = total >= plan.watch[_RATIO] * nadir and total >= plan.watch[_DETECTABLE]
            if progressed and math.isnan(record.progression[i, line]):
                record.progression[i, line] = now
                if line == 0:
                    add_leaders(i, 1, rows, cells, living, record)
            if progressed and line == lines - 1 and plan.watch[_STOP] > 0.0:
                break
            failed = progressed and plan.until_progression[line]
        if now >= plan.watch[_HORIZON]:
            break
        if line < lines - 1 and (failed or now >= line_start + plan.longest[line]):
            line, line_start, failed, nadir = line + 1, now, False, total
            segment = plan.first[line]
            left = plan.days[segment]
        step = min(left, min(visit * plan.watch[_VISIT], plan.watch[_HORIZON]) - now)
        if line < lines - 1:
            step = min(step, line_start + plan.longest[line] - now)
        for lesion in range(lesions):
            living[lesion] = treat_lesion(
                states[lesion], step, plan.phase[segment], capacities[lesion],
                lattice.child, lattice.rates, lattice.probability, lattice.total, settings,
                rows[lesion], place[lesion], cells[lesion], living[lesion], work, moments, stack, note,
            )  # fmt: skip
        now, left = now + step, left - step
        if left <= 0.0:
            segment += 1
            if segment == plan.first[line + 1]:
                segment = plan.first[line]
            left = plan.days[segment]
    if note[STATUS] == DONE:
        add_leaders(i, 2, rows, cells, living, record)
