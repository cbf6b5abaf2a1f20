"""How strongly each action of an arm's drugs works in each patient: class, drug, the patient's own sensitivity, earlier lines."""

from __future__ import annotations

import numpy as np

from forestall.biology.rates import SIGNALING
from forestall.clinic.arms import Arm
from forestall.clinic.draws import Floats
from forestall.clinic.population import Population
from forestall.knowledge.parameters import value
from forestall.knowledge.response_classes import (
    load_response_classes,
    response_class_of,
    response_class_of_action,
)

_OWN_SPREAD = ("cytotoxic", "starvation", "payload", "adcc")
"""Kinds of action whose spread between patients is not that of the drug's class."""
CROSS_RESISTANT = ("cytotoxic", "endocrine", "her2")
"""Traits with more than one class of drugs that are given one after the other."""


def reach(population: Population, arm: Arm) -> Floats:
    """(n, A) factors on the effects of the arm's actions.

    Args:
        population: The patients.
        arm: What they receive.

    Notes:
        With the factor s on the strength of a drug, a kill rate is multiplied by s. An action with the largest effect m, which
        leaves the share 1 - m of its target's activity, leaves (1 - m)^s: the factor is (1 - (1 - m)^s) / m.
    """
    factors = np.ones((len(population), len(arm.model.action_kind)))
    for a, kind in enumerate(arm.kinds):
        drug = arm.drugs[int(arm.model.action_drug[a])].name
        strength = _strength(population, drug, kind)
        if kind == "starvation":
            strength = strength / population.cytotoxic_sensitivity
        if arm.model.action_kind[a] == SIGNALING:
            largest = min(float(arm.model.maximum[a]), 1.0 - 1e-9)
            strength = (1.0 - (1.0 - largest) ** strength) / largest if largest > 0 else strength
        factors[:, a] = strength
    return factors


def _strength(population: Population, drug: str, kind: str) -> Floats:
    """(n,) factors on the strength of a drug's actions of one kind, before what is special to the kind."""
    name = response_class_of_action(drug, kind)
    factor: Floats = np.float64(value("prior.sensitivity_per_line", "1")) ** population.earlier_lines.astype(
        np.float64
    )
    if name is None:
        return factor
    entry = load_response_classes()[name]
    # The drug's own factor is that of its payload, where it has one.
    own = value(f"response.drug.{parameter_word(drug)}", "1") if name == response_class_of(drug) else 1.0
    factor = factor * value(f"response.class.{name}", "1") * own * _after_related(population, name)
    if kind not in _OWN_SPREAD and entry.spread != "cytotoxic":
        deviate = population.sensitivity_deviate(entry.spread)
        factor = factor * np.exp(value(f"sensitivity.{entry.spread}_log_sd", "1") * deviate)
    return factor


def _after_related(population: Population, name: str) -> Floats:
    """(n,) factors for what was given before: drugs of the class, or else drugs of another class that shares its trait."""
    classes = load_response_classes()
    order, trait = sorted(classes), classes[name].spread
    seen = population.exposed[:, order.index(name)]
    related = population.exposed[:, [classes[other].spread == trait for other in order]].any(axis=1)
    shared = value(f"prior.sensitivity_same_trait.{trait}", "1") if trait in CROSS_RESISTANT else 1.0
    return np.where(seen, value("prior.sensitivity_same_class", "1"), np.where(related, shared, 1.0))


def parameter_word(drug: str) -> str:
    """A drug's name as the parameters write it."""
    return drug.replace(" ", "_").replace("-", "_")
