"""The exposure that a typical patient has on the usual dose of one drug."""

from __future__ import annotations

import numpy as np

from forestall.biology.exposure.steady_state import average_concentration
from forestall.biology.exposure.variability import kinetics_of, typical_terms
from forestall.clinic.demographics import body_surface_area
from forestall.errors import InputError
from forestall.knowledge.components import Component
from forestall.knowledge.drugs import Drug, load_drugs
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.scope import per_scope

_CALVERT = 25.0
"""mL/min that are added to the glomerular filtration."""


@per_scope
def average_free_concentration(drug: str) -> float:
    """Average free concentration at steady state on the drug's usual single-agent regimen.

    Args:
        drug: Name in the catalog.

    Returns:
        nmol/L.

    Raises:
        InputError: if the catalog has no usual dose.
    """
    entry = load_drugs()[drug]
    component = _usual(drug)
    per_cycle = (
        component.amount * component.doses_per_day * len(component.dose_days) * _size(entry, component)
    )
    total = average_concentration(typical_terms(kinetics_of(entry)), per_cycle, component.cycle_days)
    return float(total[0]) * entry.free_nanomolar_per_mg_per_liter


def _usual(drug: str) -> Component:
    try:
        return next(c for c in parse_regimen(drug).components if c.drug == drug)
    except (InputError, StopIteration):
        fix = f"give its doses in nM, for example '{drug}=1nM,10nM'"
        raise InputError(
            "the catalog has no usual dose of this drug alone", field="doses", value=drug, fix=fix
        ) from None


def _size(drug: Drug, component: Component) -> float:
    """What a dose is relative to, in a patient of the reference size."""
    if component.amount_basis == "mg":
        return 1.0
    if component.amount_basis == "mg/kg":
        return drug.kinetics.reference_weight.to("kg")
    if component.amount_basis == "auc":
        return value("patient.glomerular_filtration", "mL/min") + _CALVERT
    height, weight = value("patient.height_mean", "cm"), value("patient.weight_mean", "kg")
    return float(body_surface_area(np.array(height), np.array(weight)))
