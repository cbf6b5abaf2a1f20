"""A drug's population kinetics in canonical units, and each patient's own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forestall.biology.exposure.disposition import (
    Array,
    Disposition,
    ExponentialTerms,
    absorbed_terms,
    bolus_terms,
    held_terms,
    padded,
)
from forestall.biology.exposure.events import ExposureModel, exposure_model
from forestall.knowledge.drugs import Drug, kinetic_values


@dataclass(frozen=True)
class Kinetics:
    """Typical values of one drug and how they vary between patients."""

    clearance: float
    """Median, L/day; apparent (CL/F) if `bioavailability` is 1 for an oral drug."""
    central_volume: float
    """Median, L."""
    exchange: tuple[tuple[float, float], ...] = ()
    """Up to two pairs: intercompartmental clearance (L/day) and peripheral volume (L)."""
    absorption_rate: float | None = None
    """1/day; None if the drug is given into a vein."""
    lag: float = 0.0
    """Days."""
    bioavailability: float = 1.0
    """Fraction of the dose."""
    cv_clearance: float = 0.0
    """Between-patient coefficient of variation of the clearance, as a fraction."""
    cv_volume: float = 0.0
    """Between-patient coefficient of variation of the central volume, as a fraction."""
    weight_on_clearance: float = 0.0
    """Exponent of body weight / reference weight."""
    weight_on_volume: float = 0.0
    """Exponent of body weight / reference weight, on the central volume."""
    reference_weight: float = 70.0
    """kg."""


def kinetics_of(drug: Drug) -> Kinetics:
    """The kinetics of a drug of the catalog.

    Args:
        drug: An entry of the catalog.
    """
    values = kinetic_values(drug)
    return Kinetics(
        clearance=values.clearance,
        central_volume=values.central_volume,
        exchange=values.exchange,
        absorption_rate=values.absorption_rate,
        lag=values.lag_time,
        bioavailability=values.bioavailability,
        cv_clearance=values.clearance_cv,
        cv_volume=values.volume_cv,
        weight_on_clearance=values.weight_on_clearance,
        weight_on_volume=values.weight_on_volume,
        reference_weight=values.reference_weight,
    )


def lognormal_sigma(coefficient_of_variation: ArrayLike) -> Array:
    """Standard deviation of the logarithm of a lognormal quantity: sqrt(ln(1 + CV^2)).

    Args:
        coefficient_of_variation: Standard deviation / mean, as a fraction.
    """
    return np.asarray(np.sqrt(np.log1p(np.square(np.asarray(coefficient_of_variation, float)))))


def patient_disposition(
    kinetics: Kinetics, weight_kg: ArrayLike, z_clearance: ArrayLike, z_volume: ArrayLike
) -> Disposition:
    """Each patient's volumes and clearances.

    Args:
        kinetics: The drug.
        weight_kg: (n,) body weight, kg.
        z_clearance: (n,) standard normal deviate of the logarithm of the clearance.
        z_volume: (n,) standard normal deviate of the logarithm of the central volume.

    Returns:
        Disposition of n patients: typical value x (weight / reference)^exponent x exp(sigma z). Exchange with
        the periphery does not vary.
    """
    relative_weight = np.asarray(weight_kg, float) / kinetics.reference_weight
    clearance = kinetics.clearance * relative_weight**kinetics.weight_on_clearance
    volume = kinetics.central_volume * relative_weight**kinetics.weight_on_volume
    return Disposition.of(
        clearance * np.exp(lognormal_sigma(kinetics.cv_clearance) * np.asarray(z_clearance, float)),
        volume * np.exp(lognormal_sigma(kinetics.cv_volume) * np.asarray(z_volume, float)),
        kinetics.exchange,
    )


def patient_terms(
    kinetics: Kinetics, weight_kg: ArrayLike, z_clearance: ArrayLike, z_volume: ArrayLike
) -> ExponentialTerms:
    """Each patient's concentration after 1 mg by the drug's own route.

    Args:
        kinetics: The drug.
        weight_kg: (n,) body weight, kg.
        z_clearance: (n,) standard normal deviate for the clearance.
        z_volume: (n,) standard normal deviate for the central volume.

    Returns:
        Terms per mg administered: bioavailability included, the lag (`kinetics.lag`) not.
    """
    disposition = patient_disposition(kinetics, weight_kg, z_clearance, z_volume)
    if kinetics.absorption_rate is None:
        terms = bolus_terms(disposition)
    else:
        terms = absorbed_terms(disposition, kinetics.absorption_rate)
    return terms.scaled(kinetics.bioavailability)


def site_terms(drug: Drug, terms: ExponentialTerms) -> ExponentialTerms:
    """Concentration where the drug acts: in plasma, or, if cells hold the drug, what its retention makes of that.

    Args:
        drug: An entry of the catalog.
        terms: Concentration in plasma after 1 mg, n patients.
    """
    if drug.retention is None:
        return terms
    return held_terms(terms, math.log(2.0) / drug.retention.to("day"))


def typical_terms(kinetics: Kinetics) -> ExponentialTerms:
    """The terms of one typical patient, of reference weight.

    Args:
        kinetics: The drug.
    """
    return patient_terms(kinetics, kinetics.reference_weight, 0.0, 0.0)


def superposition_terms(source: Kinetics | ExponentialTerms) -> tuple[Array, Array]:
    """The terms in the form that the course kernel superposes.

    Args:
        source: A drug (its typical patient), or the terms of n patients.

    Returns:
        Rates (n, 4) in 1/day and coefficients (n, 4) in mg/L per mg administered, absorption and
        bioavailability included, padded with rate 1 and coefficient 0; see
        `forestall.biology.exposure.disposition.padded`.
    """
    return padded(typical_terms(source) if isinstance(source, Kinetics) else source)


def patient_model(
    kinetics: Kinetics, weight_kg: ArrayLike, z_clearance: ArrayLike, z_volume: ArrayLike
) -> ExposureModel:
    """Each patient's model for NM-TRAN events.

    Args:
        kinetics: The drug.
        weight_kg: (n,) body weight, kg.
        z_clearance: (n,) standard normal deviate for the clearance.
        z_volume: (n,) standard normal deviate for the central volume.

    Returns:
        CMT 1 is the depot and 2 the central compartment if the drug is absorbed, otherwise 1 is the central
        compartment.
    """
    return exposure_model(
        patient_disposition(kinetics, weight_kg, z_clearance, z_volume),
        kinetics.absorption_rate,
        bioavailability=kinetics.bioavailability,
        lag=kinetics.lag,
    )
