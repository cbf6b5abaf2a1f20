"""What cells hold of a drug: a site that follows the plasma with a delay."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp, trapezoid

from forestall.biology.exposure.disposition import ExponentialTerms, held_terms
from forestall.biology.exposure.variability import kinetics_of, site_terms, typical_terms
from forestall.knowledge.drugs import load_drugs


def concentration(terms: ExponentialTerms, days: np.ndarray) -> np.ndarray:
    return np.asarray(
        (terms.coefficient[:, None, :] * np.exp(-terms.rate[:, None, :] * days[:, None])).sum(axis=2)
    )


@pytest.mark.parametrize("rate", [0.3, 2.0, 17.0])
def test_oracle_the_site_follows_its_differential_equation(rate: float) -> None:
    """dE/dt = k (C - E) from E = 0, by an ODE solver at rtol 1e-10, for two patients; also where k equals a rate of the drug."""
    plasma = ExponentialTerms(np.array([[17.0, 0.5], [2.0, 0.1]]), np.array([[3.0, 1.0], [2.0, 0.2]]))
    days = np.linspace(0.0, 10.0, 41)
    site = concentration(held_terms(plasma, rate), days)
    for i in range(2):

        def slope(t: float, e: np.ndarray, i: int = i) -> np.ndarray:
            return rate * (concentration(plasma, np.array([t]))[i] - e)

        solved = solve_ivp(slope, (0.0, 10.0), [0.0], t_eval=days, rtol=1e-10, atol=1e-12, method="LSODA")
        np.testing.assert_allclose(site[i], solved.y[0], rtol=1e-4, atol=1e-8)


def test_property_the_area_under_the_curve_is_kept() -> None:
    for name in ("docetaxel", "paclitaxel", "capecitabine"):
        drug = load_drugs()[name]
        plasma = typical_terms(kinetics_of(drug))
        site = site_terms(drug, plasma)
        areas = [(terms.coefficient / terms.rate).sum() for terms in (plasma, site)]
        assert areas[1] == pytest.approx(areas[0], rel=1e-6)


def test_unit_a_saturating_effect_lasts_longer_at_the_site() -> None:
    drug = load_drugs()["docetaxel"]
    plasma = typical_terms(kinetics_of(drug))
    days = np.linspace(0.0, 21.0, 200_001)
    free = drug.free_nanomolar_per_mg_per_liter * 75 * 1.75
    potency = drug.actions[0].potency.to("nmol/L")
    spent = [
        trapezoid(free * c / (free * c + potency), days)
        for c in (concentration(terms, days)[0] for terms in (plasma, site_terms(drug, plasma)))
    ]
    assert 2.0 < spent[1] / spent[0] < 5.0


def test_unit_a_drug_that_is_not_held_acts_from_plasma() -> None:
    drug = load_drugs()["trastuzumab"]
    plasma = typical_terms(kinetics_of(drug))
    assert site_terms(drug, plasma) is plasma
    assert math.isfinite(float(plasma.coefficient.sum()))
