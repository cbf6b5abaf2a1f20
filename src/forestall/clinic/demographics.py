"""Age, menopausal status and size of patients, conditional on the eligibility criteria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forestall.clinic.draws import Floats, Patients, truncated_normal
from forestall.engine.purposes import Purpose
from forestall.engine.random import normals, uniforms
from forestall.errors import InputError
from forestall.knowledge.parameters import parameter, value
from forestall.knowledge.population import Population as Eligibility

_ATTEMPTS = 1000
_ADULT_HEIGHT_CM = (120.0, 210.0)


@dataclass(frozen=True, slots=True)
class Demographics:
    """Covariates of n patients."""

    age_years: Floats
    """(n,)."""
    postmenopausal: NDArray[np.bool_]
    """(n,)."""
    height_cm: Floats
    """(n,)."""
    weight_kg: Floats
    """(n,)."""
    attempts: NDArray[np.int64]
    """(n,) draws that it took to meet the criteria."""


def draw_demographics(eligibility: Eligibility, patients: Patients, seed: int) -> Demographics:
    """Draw age, menopause, height and weight.

    Args:
        eligibility: A trial's criteria.
        patients: (n,) indices of the patients.
        seed: Seed of the study.

    Raises:
        InputError: if a patient meets the criteria in none of a thousand draws.

    Notes:
        The age is normal on either side of its median, cut off at the protocol's range, so that the median is
        the protocol's. Who is outside the menopausal criterion is drawn again.
    """
    age, limit = np.empty(len(patients)), np.empty(len(patients))
    attempts = np.zeros(len(patients), dtype=np.int64)
    open_cases = np.arange(len(patients))
    while open_cases.size:
        attempt = int(attempts.max(initial=0))
        if attempt >= _ATTEMPTS:
            raise InputError(
                f"no patient of {_ATTEMPTS} drawn meets age and menopausal status together",
                field="population",
                value=f"age {eligibility.age.range}, menopause {eligibility.menopause}",
                fix="widen the range of age, or let menopause be 'any'",
            )
        chosen = patients[open_cases]
        age[open_cases] = _age(eligibility, uniforms(seed, chosen, Purpose.AGE, attempt))
        limit[open_cases] = _menopause_age(normals(seed, chosen, Purpose.MENOPAUSE, attempt))
        attempts[open_cases] += 1
        past = age[open_cases] >= limit[open_cases]
        wrong = {"any": np.zeros_like(past), "post": ~past, "pre": past}[eligibility.menopause]
        open_cases = open_cases[wrong]
    height = truncated_normal(
        uniforms(seed, patients, Purpose.HEIGHT),
        value("patient.height_mean", "cm"),
        value("patient.height_sd", "cm"),
        *_ADULT_HEIGHT_CM,
    )
    return Demographics(age, age >= limit, height, _weight(normals(seed, patients, Purpose.WEIGHT)), attempts)


def body_surface_area(height_cm: Floats, weight_kg: Floats) -> Floats:
    """Body surface area, m2.

    References:
        Mosteller RD. N Engl J Med 1987;317:1098, doi:10.1056/NEJM198710223171717.
    """
    return np.sqrt(height_cm * weight_kg / 3600.0)


def _age(eligibility: Eligibility, uniform: Floats) -> Floats:
    low, high = eligibility.age.range
    typical = value("patient.age_mean", "year")
    median = min(max(typical, low), high) if eligibility.age.median is None else eligibility.age.median
    sd = value("patient.age_sd", "year")
    younger = truncated_normal(2 * uniform, median, sd, low, median)
    older = truncated_normal(2 * uniform - 1, median, sd, median, high)
    return np.where(uniform < 0.5, younger, older)


def _menopause_age(deviate: Floats) -> Floats:
    quantity = parameter("patient.menopause_age")
    low, high = quantity.interval or (quantity.value, quantity.value)
    return quantity.value + (high - low) / (2 * float(ndtri(0.95))) * deviate


def _weight(deviate: Floats) -> Floats:
    """Lognormal with the given mean."""
    log_sd = value("patient.weight_log_sd", "1")
    return value("patient.weight_mean", "kg") * np.exp(log_sd * deviate - log_sd**2 / 2)
