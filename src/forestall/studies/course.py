"""The course of one patient as data: what was seen, what was inside, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.trace import DoseCourse
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.regimens import Regimen
from forestall.knowledge.scope import Scope

Floats = NDArray[np.float64]

FOUNDING = "founding clone"
"""Name of the clone that has acquired nothing."""


@dataclass(frozen=True)
class LesionCourse:
    """One lesion over V visits."""

    name: str
    """Site, with a number if several there are described: "liver 2"; "new bone" if it is not described."""
    site: str
    described: bool
    """Whether the description names it; otherwise it was too small to be seen at entry."""
    measured_mm: Floats
    """(V,) as measured until progression, mm; 0 for a lesion that is no longer seen, NaN if not measured."""
    true_mm: Floats
    """(V,) true diameter at every visit, mm."""


@dataclass(frozen=True)
class CloneCourse:
    """One clone over V visits in L lesions."""

    acquired: tuple[str, ...]
    """Ids of the alterations beyond those that every cell carries; none for the founding clone."""
    cells: Floats
    """(V, L)."""
    tolerant_cells: Floats
    """(V, L) those of `cells` that do not divide and are spared most of the killing."""
    dying_per_day: Floats
    """(V, L) cells that die per day, over the day before the visit."""

    @property
    def name(self) -> str:
        """The acquired alterations."""
        return " + ".join(self.acquired) or FOUNDING


@dataclass(frozen=True)
class Progression:
    """Progression, and what led it."""

    day: float
    lesion: str
    """Name of the lesion that led it."""
    site: str
    new_lesion: bool
    """Whether a new lesion was seen on that day."""
    acquired: tuple[str, ...]
    """Alterations that the leading clone of that lesion had acquired."""
    cause: str
    """In the words of `forestall.clinic.causes`."""


@dataclass(frozen=True)
class Course:
    """One patient under one regimen. Days count from the start of treatment; arrays have V visits."""

    patient: PatientSpec
    regimen: Regimen
    after_progression: Regimen
    seed: int | None
    """None for the typical patient."""
    visits: str
    """When the patient was assessed, as it was asked for."""
    follow_up_days: int
    age_years: float
    postmenopausal: bool
    weight_kg: float
    visit_day: Floats
    """(V,) visits after progression included: nothing is measured there, but lesions and clones are known."""
    response: tuple[str, ...]
    """(V,) RECIST response: CR, PR, SD, PD, NE; "" at baseline and after progression."""
    sum_mm: Floats
    """(V,) sum of the target lesions, mm; NaN after progression."""
    best_response: str
    first_response_day: float | None
    lesions: tuple[LesionCourse, ...]
    clones: tuple[CloneCourse, ...]
    doses: tuple[DoseCourse, ...]
    stopped_day: float | None
    """Day of the first dose of chemotherapy that was not given any more, before progression."""
    progression: Progression | None
    death_day: float | None
    last_day: float
    """Death or the end of follow-up."""
    numbers: Mapping[str, int]
    """How many numbers of the model are measured, derived, calibrated, assumed."""
    failure: str
    """Why the simulation failed; empty if it did not."""
    scope: Scope | None = field(default=None, repr=False, compare=False)
    """The knowledge of the disease; None for breast."""
    parameters: ParameterSet = LITERATURE
    """The numbers that took the place of the catalog's."""

    @property
    def end_of_measurement(self) -> int:
        """Number of visits at which lesions were measured."""
        return int(np.isfinite(self.sum_mm).sum())

    def lesion(self, name: str) -> LesionCourse:
        """The lesion of that name."""
        return next(lesion for lesion in self.lesions if lesion.name == name)

    def events(self) -> list[tuple[float, str]]:
        """What happened on which day, in order."""
        days = [(0.0, "start of treatment")]
        if self.first_response_day is not None:
            days.append((self.first_response_day, "first response"))
        if self.stopped_day is not None:
            days.append((self.stopped_day, "end of chemotherapy"))
        if self.progression is not None:
            days.append((self.progression.day, "progression"))
        if not self.failure:
            days.append((self.last_day, "end of follow-up" if self.death_day is None else "death"))
        return sorted(days)
