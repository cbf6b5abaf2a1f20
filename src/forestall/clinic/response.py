"""How strongly each action of an arm's drugs works in each patient: class, drug, the patient's own sensitivity, earlier lines."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from forestall.clinic.arms import Arm
from forestall.clinic.draws import Floats
from forestall.clinic.population import Population
from forestall.clinic.sensitivity import class_deviate, lines_deviate, trait_deviate
from forestall.knowledge.drugs import KILLING, load_drugs
from forestall.knowledge.parameters import value
from forestall.knowledge.response_classes import (
    drugs_of_factor,
    load_response_classes,
    response_class_of_action,
)

OWN_SPREAD = ("starvation", "adcc")
"""Kinds of action whose spread between patients is not that of the drug's class: none, and that of effector cells."""
_NOT_AS_CYTOTOXICS = ("starvation", "payload")
"""Kinds that the course kills by as by cytotoxics, and that have another spread between patients."""
CROSS_RESISTANT = ("cytotoxic", "endocrine", "her2", "payload")
"""Traits with more than one class of drugs that are given one after the other."""

ENDOCRINE_IN_HER2_POSITIVE = "response.endocrine_in_her2_positive"
ENDOCRINE_WITH_HER2_DRUGS = "response.endocrine_with_her2_drugs"
_BESIDE_EACH_OTHER = frozenset({"endocrine", "her2"})
"""Traits whose drugs hold division by pathways that stand in for each other."""


def strength(population: Population, arm: Arm) -> Floats:
    """(n, A) strengths of the arm's actions, relative to the catalog's effects.

    Args:
        population: The patients.
        arm: What they receive.

    Notes:
        With the strength s, a kill rate is multiplied by s. An action on signaling that would leave the share 1 - e of its target's
        activity at the present concentration leaves (1 - e)^s, as s independent actions of that effect would.
    """
    found = np.ones((len(population), len(arm.model.action_kind)))
    for a, kind in enumerate(arm.kinds):
        drug = arm.drugs[int(arm.model.action_drug[a])].name
        found[:, a] = _of_action(population, drug, kind) * _beside_others(arm, drug, kind)
        if kind in _NOT_AS_CYTOTOXICS:
            found[:, a] /= population.cytotoxic_sensitivity
    return found


def _beside_others(arm: Arm, drug: str, kind: str) -> float:
    """What an action on signaling keeps of its strength where endocrine drugs and drugs against HER2 are given together.

    An action has one strength for the whole course: what counts is the first phase that gives the drug.
    """
    if _signaling_trait(drug, kind) not in _BESIDE_EACH_OTHER:
        return 1.0
    phase = next(phase for phase in arm.phases if any(component.drug == drug for component in phase))
    together = endocrine_with_her2(component.drug for component in phase)
    return float(value(ENDOCRINE_WITH_HER2_DRUGS, "1")) if together else 1.0


def endocrine_with_her2(drugs: Iterable[str]) -> bool:
    """Whether both endocrine drugs and drugs that act on HER2's signaling are among some drugs."""
    catalog = load_drugs()
    traits = {_signaling_trait(drug, action.kind) for drug in drugs for action in catalog[drug].actions}
    return traits >= _BESIDE_EACH_OTHER


def _signaling_trait(drug: str, kind: str) -> str | None:
    """Trait of the class that an action belongs to; None if it kills, or belongs to no class."""
    name = None if kind in KILLING else response_class_of_action(drug, kind)
    return None if name is None else load_response_classes()[name].spread


def _of_action(population: Population, drug: str, kind: str) -> Floats:
    """(n,) strength of a drug's actions of one kind, before what is special to the kind."""
    name = response_class_of_action(drug, kind)
    lines = population.earlier_lines.astype(np.float64)
    factor: Floats = np.float64(value("prior.sensitivity_per_line", "1")) ** lines
    cost = lines_deviate(population.earlier_lines, population.patient, population.seed)
    factor = factor * np.exp(value("prior.sensitivity_per_line_log_sd", "1") * cost)
    if name is None:
        return factor
    entry = load_response_classes()[name]
    factor = factor * np.float64(value(f"prior.sensitivity_per_line_of.{entry.spread}", "1")) ** lines
    own = math.prod(value(f"response.drug.{parameter_word(one)}", "1") for one in drugs_of_factor(drug, name))
    factor = factor * value(f"response.class.{name}", "1") * own * _after_related(population, name)
    if entry.spread == "endocrine":
        factor = np.where(population.her2_positive, value(ENDOCRINE_IN_HER2_POSITIVE, "1"), 1.0) * factor
    if kind in OWN_SPREAD:
        return factor
    deviate = class_deviate(name, population.patient, population.seed)
    # What cytotoxics have in common is in `Population.cytotoxic_sensitivity`, by which the course multiplies their killing.
    if entry.spread != "cytotoxic":
        deviate = deviate + trait_deviate(entry.spread, population.patient, population.seed)
    return factor * np.exp(value(f"sensitivity.{entry.spread}_log_sd", "1") * deviate)


def _after_related(population: Population, name: str) -> Floats:
    """(n,) factors for what was given before: drugs of the class, or else drugs of another class that shares its trait.

    What a class of another trait has done, with which this one is resistant together, comes on top.
    """
    classes = load_response_classes()
    order, trait = sorted(classes), classes[name].spread
    seen = population.exposed[:, order.index(name)]
    related = population.exposed[:, [classes[other].spread == trait for other in order]].any(axis=1)
    shared = value(f"prior.sensitivity_same_trait.{trait}", "1") if trait in CROSS_RESISTANT else 1.0
    same = value(f"prior.sensitivity_same_class.{trait}", "1")
    found = np.where(seen, same, np.where(related, shared, 1.0))
    for other in classes[name].after:
        crossed = value(f"prior.sensitivity_after.{other}", "1")
        found = np.where(population.exposed[:, order.index(other)], crossed * found, found)
    return found


def parameter_word(drug: str) -> str:
    """A drug's name as the parameters write it."""
    return drug.replace(" ", "_").replace("-", "_")
