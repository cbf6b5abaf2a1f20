"""What is kept of the first replicate, beside its endpoints and its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.endpoints import objective_response
from forestall.clinic.entry_lesions import sites
from forestall.clinic.findings import Findings
from forestall.clinic.population import Population
from forestall.studies.landmarks import MilestoneDays, milestone_days

MOST_SWIMMERS = 2000
"""Patients that the swimmer figure chooses from."""


@dataclass(frozen=True, slots=True)
class SwimmerData:
    """What a swimmer plot needs of the first patients, (n,) each; NaN for what did not happen."""

    patient: NDArray[np.int64]
    arm: NDArray[np.int16]
    followed: NDArray[np.float64]
    treated: NDArray[np.float64]
    response: NDArray[np.float64]
    progression: NDArray[np.float64]
    death: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EntryCounts:
    """Who entered."""

    sites: Mapping[str, int]
    """Patients with at least one lesion at each site."""
    alterations: Mapping[str, int]
    """Patients all of whose tumor cells carry an alteration, by its id."""
    draws: int
    """Draws that it took to fill the trial with patients who meet its criteria."""


@dataclass
class FirstReplicate:
    """Collects from the chunks of the first replicate, in the order of the patients."""

    parts: list[SwimmerData] = field(default_factory=list)
    patients: int = 0
    draws: int = 0
    sites: Counter[str] = field(default_factory=Counter)
    alterations: Counter[str] = field(default_factory=Counter)
    milestones: list[MilestoneDays] = field(default_factory=list)

    def add(self, population: Population, findings: Findings) -> None:
        """Take what is needed of a chunk."""
        if self.patients < MOST_SWIMMERS:
            self.parts.append(_swimmers(findings))
        self.patients += len(population)
        self.draws += int(population.attempts.sum())
        for code, site in enumerate(sites()):
            self.sites[site] += int((population.site == code).any(axis=1).sum())
        self.milestones.extend(milestone_days(findings))
        carriers = population.truncal.sum(axis=0).tolist()
        self.alterations.update(dict(zip(population.alterations, carriers, strict=True)))

    def swimmers(self) -> SwimmerData:
        """The first patients."""
        names = SwimmerData.__slots__
        return SwimmerData(*(np.concatenate([getattr(part, name) for part in self.parts]) for name in names))

    def entry(self) -> EntryCounts:
        """Counts over all patients."""
        return EntryCounts(dict(self.sites), dict(self.alterations), self.draws)


def _swimmers(findings: Findings) -> SwimmerData:
    whole = findings.select(findings.failure == 0)
    return SwimmerData(
        patient=whole.patient,
        arm=whole.arm,
        followed=whole.last_contact_day,
        treated=np.fmin(whole.treatment_stop_day, whole.last_contact_day),
        response=objective_response(whole).first_day,
        progression=whole.progression_day,
        death=whole.death_day,
    )
