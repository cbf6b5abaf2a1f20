"""Chemotherapy that ends before progression.

Cytotoxic drugs whose toxicity adds up (anthracyclines to the heart, taxanes and platinum to nerves) are seldom given until
progression: after some cycles the drug is stopped while the others of the regimen go on. Each patient has one time after which
no further dose of such a drug is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import PROTOCOL, Schedule
from forestall.clinic.population import Population
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import Component
from forestall.knowledge.response_classes import toxicity_adds_up

NEVER: Final = int(np.iinfo(np.int32).max)
"""A day after the end of every follow-up."""


def is_stopped(component: Component) -> bool:
    """Whether a drug of a regimen is one that patients stop because its toxicity adds up."""
    return toxicity_adds_up(component.drug)


def remaining(protocol: Sequence[Component]) -> tuple[Component, ...] | None:
    """What a regimen still gives when that is stopped; None if it has nothing of the kind."""
    kept = tuple(component for component in protocol if not is_stopped(component))
    return None if len(kept) == len(protocol) else kept


def stop_days(population: Population, protocol: Sequence[Component], schedule: Schedule) -> NDArray[np.int64]:
    """(n,) day of the first dose that is not given any more; `NEVER` if all planned doses come before.

    Args:
        population: The patients.
        protocol: The components of the arm's first phase.
        schedule: Its doses.
    """
    places = [place for place, component in enumerate(protocol) if is_stopped(component)]
    planned = np.flatnonzero((schedule.dose[PROTOCOL, places] > 0).any(axis=0))
    last = value("treatment.chemotherapy_weeks", "day") * np.exp(
        value("treatment.chemotherapy_log_sd", "1") * population.endurance_deviate()
    )
    days = np.append(planned[1:], NEVER)
    return np.asarray(days[np.searchsorted(days, last)], np.int64)
