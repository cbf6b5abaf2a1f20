"""The course that a patient would have had with one mechanism of resistance switched off.

Everything else stays: the patient, her lesions, her drugs, and every random number. What is switched off acts from the first cell
on, but is chosen so that the tumor at entry is as it was: cells that carry an alteration keep carrying it, and pay its cost, but it
does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from forestall.biology.exposure.variability import (
    kinetics_of,
    patient_terms,
    site_terms,
    superposition_terms,
)
from forestall.biology.rates import ADCC
from forestall.biology.setup import CohortArrays, SharedArrays
from forestall.biology.signaling.compile import compiled
from forestall.clinic.arms import Arm
from forestall.clinic.entry_lesions import BRAIN
from forestall.clinic.follow import Followed, Watch, follow_cohort
from forestall.clinic.population import Population
from forestall.clinic.stopping import NEVER
from forestall.clinic.trace import chemotherapy_stopped


class Kind(StrEnum):
    """What can be switched off."""

    ALTERATION = "alteration"
    REBOUND = "crosstalk rebound"
    EXPOSURE = "exposure"
    IMMUNE = "immune failure"
    SANCTUARY = "sanctuary"
    TOLERANCE = "tolerance"
    WANING = "waning effect"
    STOPPING = "end of chemotherapy"


@dataclass(frozen=True, slots=True)
class Switch:
    """One mechanism that is switched off."""

    kind: Kind
    name: str = ""
    """Id of the alteration, or the node whose expression adapts."""

    def __str__(self) -> str:
        return f"{self.name} {self.kind.value}".strip() if self.kind is not Kind.ALTERATION else self.name


def switches(arm: Arm, followed: Followed, alterations: Sequence[str], row: int = 0) -> tuple[Switch, ...]:
    """What could have mattered to a patient.

    Args:
        arm: What she was given.
        followed: Her course.
        alterations: Those that her cells carry or acquired.
        row: Row of the patient in the batch.
    """
    found = [Switch(Kind.ALTERATION, name) for name in alterations]
    found += [Switch(Kind.REBOUND, node) for node in arm.slow_nodes]
    found += [Switch(Kind.EXPOSURE)] if arm.drugs else []
    found += [Switch(Kind.IMMUNE)] if (arm.model.action_kind == ADCC).any() else []
    found += [Switch(Kind.SANCTUARY)] if arm.drugs and (followed.cohort.site[row] == BRAIN).any() else []
    found += [Switch(Kind.STOPPING)] if chemotherapy_stopped(followed, row) is not None else []
    found += [Switch(Kind.WANING)] if arm.drugs and followed.cohort.waning[row] > 0.0 else []
    return (*found, Switch(Kind.TOLERANCE))


def follow_without(
    population: Population,
    typical: Population,
    arm: Arm,
    watch: Watch,
    cohort: CohortArrays,
    switch: Switch,
) -> tuple[Arm, Followed]:
    """Follow patients again with one mechanism switched off.

    Args:
        population: The patients.
        typical: The same patients without their own deviations: what exposure and immunity are set to.
        arm: What they received.
        watch: Visits and follow-up.
        cohort: Their arrays, as they were followed.
        switch: What is switched off.

    Returns:
        The arm as the counterfactual has it, and the course; traced.
    """
    changed = changed_arm(arm, switch)
    patients = _changed_cohort(population, typical, arm, cohort, switch)
    return changed, follow_cohort(population, changed, 0, watch, patients, trace=True)


_FACTORS = ("sparing", "expression", "weight", "access")
"""What an alteration does, in `AlterationArrays`."""


def changed_arm(arm: Arm, switch: Switch) -> Arm:
    """An arm whose model lacks a mechanism that belongs to no patient."""
    model = arm.model
    if switch.kind is Kind.ALTERATION:
        return replace(arm, shared=_inert(arm.shared, arm.alterations.index(switch.name)))
    if switch.kind is Kind.SANCTUARY:
        return replace(arm, model=model._replace(free=np.repeat(model.free[:, :1], 2, axis=1)))
    if switch.kind is Kind.TOLERANCE:
        return replace(arm, model=model._replace(enter=0.0))
    return arm


def _inert(shared: SharedArrays, bit: int) -> SharedArrays:
    """An alteration that does nothing; its cost stays."""
    factors = {name: getattr(shared.alterations, name).copy() for name in _FACTORS}
    for factor in factors.values():
        factor[bit] = 1.0
    return shared._replace(alterations=shared.alterations._replace(**factors))


def _changed_cohort(
    population: Population, typical: Population, arm: Arm, cohort: CohortArrays, switch: Switch
) -> CohortArrays:
    if switch.kind is Kind.REBOUND:
        gain = cohort.gain.copy()
        gain[:, _drivers(switch.name)] = 0.0
        return cohort._replace(gain=gain)
    if switch.kind is Kind.EXPOSURE:
        return _typical_exposure(population, arm, cohort)
    if switch.kind is Kind.IMMUNE:
        return cohort._replace(effectors=np.maximum(cohort.effectors, typical.effector))
    if switch.kind is Kind.STOPPING:
        return cohort._replace(stop=np.full_like(cohort.stop, NEVER))
    if switch.kind is Kind.WANING:
        return cohort._replace(waning=np.zeros_like(cohort.waning))
    return cohort


def _drivers(node: str) -> list[int]:
    """Positions of what drives a slow node; without it the node stays at rest."""
    return [column for (slow, _), column in compiled().index.drivers.items() if slow == node]


def _typical_exposure(population: Population, arm: Arm, cohort: CohortArrays) -> CohortArrays:
    """Every drug cleared as in the typical patient of the same weight."""
    elimination, scale = cohort.elimination.copy(), cohort.scale.copy()
    none = np.zeros(len(population))
    for d, drug in enumerate(arm.drugs):
        terms = patient_terms(kinetics_of(drug), population.weight_kg, none, none)
        elimination[:, d], scale[:, d] = superposition_terms(site_terms(drug, terms))
    return cohort._replace(elimination=elimination, scale=scale)
