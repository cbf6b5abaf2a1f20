"""Which unknowns an arm can depend on, by its population and drugs."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np

from forestall.clinic.response import (
    ENDOCRINE_IN_HER2_POSITIVE,
    ENDOCRINE_WITH_HER2_DRUGS,
    OWN_SPREAD,
    endocrine_with_her2,
    parameter_word,
)
from forestall.knowledge.drugs import KILLING, load_drugs
from forestall.knowledge.networks import disease_network
from forestall.knowledge.population import Population
from forestall.knowledge.response_classes import (
    drugs_of_factor,
    load_response_classes,
    response_class_of_action,
    toxicity_adds_up,
)
from forestall.studies.calibration.emulator import Inputs
from forestall.studies.calibration.spec import Unknown
from forestall.studies.validation.derivation import TrialPlan

_OF_CLASS: Final = "response.class."
_OF_DRUG: Final = "response.drug."
_SIGNALING: Final = ("tolerance.*", "death.*")
_CYCLE: Final = "death.cytotoxic_cycle_share"
_ANTIGEN: Final = "payload.antigen_half"
_KILLING: Final = (_CYCLE, _ANTIGEN, "alterations.ALDH1A1_up.*")
_TREATMENT: Final = ("treatment.chemotherapy_*",)
_RELATED: Final = "prior.sensitivity_same_trait."
_REPEATED: Final = "prior.sensitivity_same_class."
_CROSSED: Final = "prior.sensitivity_after."
_BY_LINE: Final = "prior.sensitivity_per_line_of."
_BARRIER: Final = "brain.barrier"
_BY_ALL: Final = "sensitivity.shared_by_all"
_SHARED: Final = (_BY_ALL, "sensitivity.shared_by_trait")
_BY_TYPE: Final = ("growth.doubling_time.", "growth.division_factor.", "waning.rate.")
_TYPES: Final = ("her2_positive", "er_positive", "triple_negative")


def inputs_of(plan: TrialPlan, arm: int, unknowns: Sequence[Unknown]) -> Inputs:
    """What one simulated arm depends on.

    Args:
        plan: The trial.
        arm: Number of the arm.
        unknowns: All coordinates of the calibration.
    """
    names = [unknown.name for unknown in unknowns]
    regimen = list(plan.spec.regimens.values())[arm]
    drugs = sorted(
        {component.drug for component in regimen.components if load_drugs()[component.drug].actions}
    )
    rows = [row for drug in drugs for row in _drug_rows(drug, unknowns)]
    for place, name in enumerate(names):
        if not name.startswith((_OF_CLASS, _OF_DRUG)) and _matters(name, plan.spec.population, drugs):
            rows.append(np.eye(len(names))[place])
    return Inputs(np.array([row for row in rows if np.any(row)]).reshape(-1, len(names)))


def _drug_rows(drug: str, unknowns: Sequence[Unknown]) -> list[np.ndarray]:
    """Of each class that a drug's actions belong to, its weight, with those of the factors of single drugs in it.

    They are the logarithms of strengths, in standard deviations.
    """
    rows = []
    for name in sorted(_classes({drug})):
        own = {f"{_OF_DRUG}{parameter_word(one)}" for one in drugs_of_factor(drug, name)}
        wanted = {f"{_OF_CLASS}{name}", *own}
        row = np.array([unknown.sd * (unknown.name in wanted) for unknown in unknowns])
        size = float(np.sqrt((row**2).sum()))
        rows.append(row / size if size > 0 else row)
    return rows


def _classes(drugs: Iterable[str]) -> set[str]:
    """Classes that the actions of drugs belong to."""
    named = {
        response_class_of_action(drug, action.kind) for drug in drugs for action in load_drugs()[drug].actions
    }
    return {name for name in named if name is not None}


def _matters(name: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether an unknown that belongs to no drug can change the outcomes of such patients under such drugs."""
    kinds = {action.kind for drug in drugs for action in load_drugs()[drug].actions}
    if _is(name, _TREATMENT):
        return any(toxicity_adds_up(drug) for drug in drugs)
    if name.startswith("sensitivity."):
        return _spread_matters(name, drugs)
    if _is(name, _KILLING):
        return _killing_matters(name, kinds, drugs)
    if _is(name, _SIGNALING):
        return bool(kinds - KILLING)
    if name.startswith("prior."):
        return _treated_before(name, population, drugs)
    return _of_tumors(name, population, drugs)


def _of_tumors(name: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether an unknown that belongs to tumors, or to one kind of them, matters to these patients under such drugs."""
    if name == ENDOCRINE_IN_HER2_POSITIVE:
        return "endocrine" in _traits(drugs) and "her2_positive" in _types_in(population)
    if name == ENDOCRINE_WITH_HER2_DRUGS:
        return endocrine_with_her2(drugs)
    # Occult metastases in the brain, which anybody can have, are left out: they are few.
    if name == _BARRIER:
        return population.brain_metastases != 0.0
    kind = name
    for prefix in _BY_TYPE:
        kind = kind.removeprefix(prefix)
    return kind not in _TYPES or kind in _types_in(population)


def _killing_matters(name: str, kinds: AbstractSet[str], drugs: Sequence[str]) -> bool:
    """Whether an unknown that belongs to a way of killing can change what the drugs do."""
    if name == _ANTIGEN:
        return _antigen_in_network(drugs)
    if name == _CYCLE:
        return bool(kinds - KILLING) and bool(kinds & {"cytotoxic", "starvation", "payload"})
    return bool(kinds & {"cytotoxic", "payload"})


def _antigen_in_network(drugs: Sequence[str]) -> bool:
    """Whether a payload's killing depends on an expression that the network has."""
    nodes, catalog = disease_network().nodes, load_drugs()
    return any(
        action.kind == "payload" and action.target in nodes
        for drug in drugs
        for action in catalog[drug].actions
    )


def _treated_before(name: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether what an unknown says of earlier treatment is true of such patients."""
    if name.startswith(_RELATED):
        return _related_before(name.removeprefix(_RELATED), population, drugs)
    if name.startswith(_REPEATED):
        return _given_before(name.removeprefix(_REPEATED), population, drugs)
    if name.startswith(_CROSSED):
        return _crossed_before(name.removeprefix(_CROSSED), population, drugs)
    if name.startswith(_BY_LINE) and name.removeprefix(_BY_LINE) not in _traits(drugs):
        return False
    return population.line != "1"


def _given_before(trait: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether the class of one of the drugs was given before, and patients differ in it by a trait."""
    classes = [load_response_classes()[name] for name in _classes(drugs)]
    return any(one.spread == trait and one.was_given(population.some_prior) for one in classes)


def _related_before(trait: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether a class with a trait was given before, and one of the drugs has the trait and is of another class."""
    classes = load_response_classes()
    sharing = {key for key, entry in classes.items() if entry.spread == trait}
    given = {key for key in sharing if classes[key].was_given(population.some_prior)}
    return bool(given) and not _classes(drugs).isdisjoint(sharing - given)


def _crossed_before(given: str, population: Population, drugs: Sequence[str]) -> bool:
    """Whether a class was given before, and one of the drugs works less after it."""
    classes = load_response_classes()
    if not classes[given].was_given(population.some_prior):
        return False
    return any(given in classes[name].after for name in _classes(drugs))


def _is(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _spread_matters(name: str, drugs: Sequence[str]) -> bool:
    """Whether what an unknown says of the spread between patients is about the drugs, or about several of their classes."""
    if name in _SHARED:
        return _go_together(name, drugs)
    return any(_is(f"sensitivity.{trait}_log_sd", (name,)) for trait in _traits(drugs))


def _go_together(name: str, drugs: Sequence[str]) -> bool:
    """Whether the drugs are of several classes, or of several of one trait, in which patients differ."""
    catalog = load_drugs()
    named = {
        response_class_of_action(drug, action.kind)
        for drug in drugs
        for action in catalog[drug].actions
        if action.kind not in OWN_SPREAD
    }
    traits = [load_response_classes()[one].spread for one in named if one is not None]
    return len(traits) > (1 if name == _BY_ALL else len(set(traits)))


def _traits(drugs: Sequence[str]) -> set[str]:
    return {load_response_classes()[name].spread for name in _classes(drugs)}


def _types_in(population: Population) -> set[str]:
    if population.her2 == "positive":
        return {"her2_positive"}
    share = population.er_positive
    kinds = {"er_positive"} if share == 1.0 else {"triple_negative"} if share == 0.0 else set(_TYPES[1:])
    return kinds | ({"her2_positive"} if population.her2 == "any" else set())
