"""What happened inside one patient: the clones of every lesion at the visits, and the doses given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import AFTER_PROGRESSION, PROTOCOL, dose_days
from forestall.clinic.arms import Arm
from forestall.clinic.entry_lesions import sites
from forestall.clinic.follow import Followed
from forestall.clinic.radiology import diameter_of
from forestall.clinic.stopping import is_stopped
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import Component

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trace:
    """One patient's lesions and clones at V visits, those after progression included."""

    day: Floats
    """(V,) days of the visits while the patient lived."""
    lesion: NDArray[np.int64]
    """(L,) columns of the lesions in the findings."""
    site: tuple[str, ...]
    """(L,)."""
    diameter_mm: Floats
    """(V, L) true diameters, mm, whether seen or not."""
    mask: NDArray[np.int64]
    """(G,) genotypes as bits over the arm's alterations, the truncal one first."""
    cells: Floats
    """(V, L, G) cells, tolerant ones included."""
    tolerant_cells: Floats
    """(V, L, G) cells that do not divide and are spared most of the killing."""


@dataclass(frozen=True, slots=True)
class DoseCourse:
    """The doses of one component of a regimen."""

    drug: str
    phase: int
    """0 for the protocol's treatment, 1 for what follows progression."""
    day: Floats
    """(k,) days of the doses; a day with several doses comes once."""
    amount_mg: Floats
    """(k,) mg per dose."""
    doses_per_day: int


def trace_of(followed: Followed, visits: Sequence[int], row: int = 0) -> Trace:
    """The trace of one patient.

    Args:
        followed: From `follow_arm` with `trace=True`.
        visits: Days of the visits that were planned.
        row: Row of the patient in the batch.
    """
    cohort, record = followed.cohort, followed.record
    day = np.array(visits, np.float64)
    death = followed.findings.death_day[row]
    lived = day <= followed.findings.last_contact_day[row] if np.isnan(death) else day < death
    lesion = np.flatnonzero(cohort.site[row] >= 0)
    mask = cohort.mask[cohort.table[row]]
    kept = np.flatnonzero(mask >= 0)
    cells = record.trace[row, lived][:, :, lesion][..., kept]
    total = cells.sum(axis=1)
    return Trace(
        day=day[lived],
        lesion=lesion,
        site=tuple(sites()[code] for code in cohort.site[row, lesion]),
        diameter_mm=_diameters(total.sum(axis=2)),
        mask=mask[kept],
        cells=total,
        tolerant_cells=cells[:, 1],
    )


def _diameters(cells: Floats) -> Floats:
    density = value("tumor.cells_per_mm3", "cells/mm**3")
    flat = [diameter_of(float(number), density) for number in cells.ravel()]
    return np.array(flat, np.float64).reshape(cells.shape)


def doses_given(arm: Arm, followed: Followed, row: int = 0) -> tuple[DoseCourse, ...]:
    """The doses that a patient received until death or the end of follow-up.

    Args:
        arm: What she was given.
        followed: Her course.
        row: Row of the patient in the batch.
    """
    findings = followed.findings
    end = float(findings.last_contact_day[row])
    progression = float(findings.progression_day[row])
    switched = np.isfinite(progression)
    last = progression if switched else end
    stop = min(last, float(followed.cohort.stop[row]))
    spans = {PROTOCOL: (0.0, last), AFTER_PROGRESSION: (last, end)}
    return tuple(
        _doses(
            component,
            followed,
            row,
            phase,
            number,
            spans[phase][0],
            stop if phase == PROTOCOL and is_stopped(component) else spans[phase][1],
        )
        for phase, number, component in _components(arm)
    )


def chemotherapy_stopped(followed: Followed, row: int = 0) -> float | None:
    """Day of the first dose of chemotherapy that was not given any more, if that came before progression and the end.

    Args:
        followed: The course.
        row: Row of the patient in the batch.
    """
    findings = followed.findings
    day = float(followed.cohort.stop[row])
    return day if day < np.fmin(findings.progression_day[row], findings.last_contact_day[row]) else None


def _components(arm: Arm) -> Iterator[tuple[int, int, Component]]:
    for phase in (PROTOCOL, AFTER_PROGRESSION):
        for number, component in enumerate(arm.phases[phase]):
            yield phase, number, component


def _doses(
    component: Component, followed: Followed, row: int, phase: int, number: int, first: float, last: float
) -> DoseCourse:
    """Doses on days from `first` up to but not including `last`, as the course kernel gives them."""
    code = dose_days(component, max(1, int(np.ceil(last - first))))
    given = np.flatnonzero(code) if last > first else np.empty(0, np.int64)
    usual, load = (
        amounts[row, phase, number] for amounts in (followed.cohort.amount, followed.cohort.loading)
    )
    return DoseCourse(
        drug=component.drug,
        phase=phase,
        day=first + given.astype(np.float64),
        amount_mg=np.where(code[given] == 2, load, usual),
        doses_per_day=component.doses_per_day,
    )
