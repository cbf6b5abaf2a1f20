"""What each drug does at its average concentration in the typical patient on the usual dose."""

from __future__ import annotations

from dataclasses import dataclass

from forestall.biology.exposure.occupancy import free_concentration, hill_effect
from forestall.biology.exposure.steady_state import average_concentration
from forestall.biology.exposure.variability import kinetics_of, typical_terms
from forestall.biology.signaling.actions import Action
from forestall.errors import InputError
from forestall.knowledge.components import Component
from forestall.knowledge.drugs import Drug, load_drugs
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.scope import per_scope


@dataclass(frozen=True)
class DrugEffect:
    """One action of a drug at its average concentration."""

    action: Action
    occupancy: float
    """Share of the largest effect that is reached, in [0, 1]."""
    maximum: float
    """Largest effect: a share for what acts on signaling, a rate in 1/day for killing."""


@per_scope
def average_effects(drug: str) -> tuple[DrugEffect, ...]:
    """The actions of a drug at the average free concentration, at steady state, of its cataloged dose.

    Args:
        drug: Its name in the catalog.

    Raises:
        InputError: if no dose of it alone is cataloged, or it is relative to what is not known of a typical
            patient.
    """
    entry = load_drugs()[drug]
    given = [component for component in parse_regimen(drug).components if component.drug == drug]
    total = sum(_average_mg_per_liter(entry, component) for component in given)
    free = free_concentration(total, entry.fraction_unbound.to("1"), entry.molar_mass.to("g/mol"))
    return tuple(
        DrugEffect(
            Action(action.kind, action.target, entry.name, entry.drug_class),
            float(hill_effect(free, action.potency.to("nmol/L"), action.hill.value)),
            action.maximum.value,
        )
        for action in entry.actions
    )


@per_scope
def targeted_drugs() -> tuple[str, ...]:
    """Drugs of the catalog that act on the network, or kill through an antigen, and have a usual dose."""
    named = []
    for name, drug in load_drugs().items():
        if any(action.kind != "cytotoxic" for action in drug.actions) and _has_usual_dose(name):
            named.append(name)
    return tuple(named)


def _has_usual_dose(drug: str) -> bool:
    try:
        average_effects(drug)
    except InputError:
        return False
    return True


def _average_mg_per_liter(drug: Drug, component: Component) -> float:
    doses = len(component.dose_days) * component.doses_per_day
    terms = typical_terms(kinetics_of(drug))
    total = doses * _milligrams(drug, component)
    return float(average_concentration(terms, total, component.cycle_days)[0])


def _milligrams(drug: Drug, component: Component) -> float:
    if component.amount_basis == "mg":
        return component.amount
    if component.amount_basis == "mg/kg":
        return component.amount * drug.kinetics.reference_weight.to("kg")
    raise InputError("the typical patient's dose is not known", field=drug.name, value=component.text())
