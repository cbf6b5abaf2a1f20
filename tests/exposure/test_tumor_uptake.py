"""Elacestrant's potency beside fulvestrant's: what both take away of the uptake of fluoroestradiol in tumors.

Jager 2020 (doi 10.1186/s13058-020-01333-3): 400 mg of elacestrant's salt every day, which are 345 mg: 88.7% four hours after the
dose of day 14. van Kruchten 2015 (doi 10.1158/2159-8290.CD-14-0697): fulvestrant, taken as 500 mg with its loading dose: 85% on day 28.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from forestall.biology.exposure.variability import kinetics_of, typical_terms
from forestall.knowledge.drugs import load_drugs


def free_nmol_per_liter(name: str, mg: float, days_since_doses: np.ndarray) -> float:
    """Unbound, in a typical patient."""
    drug = load_drugs()[name]
    terms = typical_terms(kinetics_of(drug))
    mg_per_liter = mg * (terms.coefficient * np.exp(-np.outer(days_since_doses, terms.rate))).sum()
    return float(drug.fraction_unbound.value * 1e6 * mg_per_liter / drug.molar_mass.value)


def potency_nmol_per_liter(name: str, free: float, taken_away: float) -> float:
    """At which blocking and degrading the receptor together leave what is still taken up."""
    largest = [action.max_effect.value for action in load_drugs()[name].actions if action.target == "ESR1"]

    def left(potency: float) -> float:
        held = free / (free + potency)
        return float(np.prod([1 - most * held for most in largest]))

    return float(brentq(lambda potency: left(potency) - (1 - taken_away), 1e-4, 1e3))


def test_oracle_elacestrant_stands_beside_fulvestrant_as_their_uptakes_do() -> None:
    """Within a fifth: the potency is printed with one digit."""
    elacestrant = free_nmol_per_liter("elacestrant", 345, np.arange(14) + 4 / 24)
    fulvestrant = free_nmol_per_liter("fulvestrant", 500, np.array([28.0, 14.0]))
    by_uptake = potency_nmol_per_liter("elacestrant", elacestrant, 0.887) / potency_nmol_per_liter(
        "fulvestrant", fulvestrant, 0.85
    )
    potencies = {name: load_drugs()[name].actions[0].potency for name in ("elacestrant", "fulvestrant")}
    assert all(one is not None and one.unit == "nmol/L" for one in potencies.values())
    ratio = potencies["elacestrant"].value / potencies["fulvestrant"].value  # type: ignore[union-attr]
    assert ratio == pytest.approx(by_uptake, rel=0.2)
