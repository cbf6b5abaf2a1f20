"""The catalog's kinetics against the exposures that labels and papers print.

A typical patient (reference weight, median clearance and volume) is simulated under the printed regimen. The
simulation agrees if it lies in the printed interval. Where a source prints no interval, it agrees within one
between-patient standard deviation of the measure, but at least 25% and at most a factor of 2 either way.
Printed numbers are rounded, so both ends give way by half a percent. What does not agree stays in the table
and is named with its reason in `EXCEPTIONS`; the tolerance is not widened for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from forestall.biology.exposure.disposition import ExponentialTerms
from forestall.biology.exposure.steady_state import (
    average_concentration,
    peak_concentration,
    terminal_half_life,
    trough_concentration,
)
from forestall.biology.exposure.variability import Kinetics, kinetics_of, lognormal_sigma, typical_terms
from forestall.errors import InputError
from forestall.knowledge.doses import Dose
from forestall.knowledge.drugs import Drug, Published, PublishedRegimen
from forestall.knowledge.provenance import Quantity
from forestall.units import factor

LEAST_FACTOR, LARGEST_FACTOR = 1.25, 2.0
_CANONICAL = {"half_life": "day", "auc_ss": "mg*day/L"}
_HOURS_PER_DAY = 24.0

_ROUNDING = 0.005

EXCEPTIONS = MappingProxyType(
    {
        ("capecitabine", "half_life"): (
            "Two sources print 0.5 and 0.73 h. The one compartment with slow absorption lies above the range "
            "of the first and within the spread of the second."
        ),
        ("docetaxel", "half_life"): (
            "The sources disagree: 116 h where plasma was sampled for 8 to 22 days, 12 h in the first "
            "studies. The last of the model's three phases (25 h) lies between them."
        ),
        ("doxorubicin", "half_life"): (
            "The two compartments hold 433 L and lack the slow tissue phase that the label sees (volume at "
            "steady state 809 to 1214 L/m2)."
        ),
        ("everolimus", "half_life"): (
            "Printed for whole blood; the model is for plasma, without the binding to blood cells."
        ),
        ("exemestane", "half_life"): (
            "The last phase of the model's three (54 h, 22% of the area) is slower than what the drug guide "
            "prints; the phase before it lasts 6.8 h."
        ),
        ("sacituzumab govitecan", "half_life"): (
            "The printed half-life is that of the model's first phase (13.8 h, 95% of the area); the last "
            "lasts 5.0 days."
        ),
        ("trastuzumab deruxtecan", "half_life"): (
            "The printed half-life is the decline between doses. The model's last phase (28 days, 40% of the "
            "area) is slower than that; its first lasts 2.9 days."
        ),
    }
)
"""Why a (drug, measure) does not agree."""


@dataclass(frozen=True)
class Comparison:
    """One published exposure and what the model gives for it."""

    drug: str
    measure: str
    regimen: str
    """The dosing in words; empty for a half-life."""
    published: Quantity
    simulated: float
    """In the unit of `published`."""
    accepted: tuple[float, float]
    """In the unit of `published`."""
    same_source: bool
    """Whether the kinetics were read in the source of the exposure, too."""

    @property
    def ratio(self) -> float:
        """Simulated / published."""
        return self.simulated / self.published.value

    @property
    def agrees(self) -> bool:
        """Whether the simulated value lies in the accepted range, ends rounded."""
        low, high = self.accepted
        return low * (1 - _ROUNDING) <= self.simulated <= high * (1 + _ROUNDING)

    @property
    def exception(self) -> str | None:
        """Why it does not agree, if that is known."""
        return EXCEPTIONS.get((self.drug, self.measure))


def comparisons(drug: Drug) -> Iterator[Comparison]:
    """Every published exposure of a drug beside the simulated one.

    Args:
        drug: An entry of the catalog.
    """
    kinetics = kinetics_of(drug)
    for published in drug.published:
        unit = _CANONICAL.get(published.measure, "mg/L")
        simulated = _simulated(drug, kinetics, published) * factor(unit, published.value.unit)
        yield Comparison(
            drug=drug.name,
            measure=published.measure,
            regimen="" if published.regimen is None else _words(published.regimen),
            published=published.value,
            simulated=simulated,
            accepted=_accepted(kinetics, published),
            same_source=published.value.source in _kinetics_sources(drug),
        )


def _kinetics_sources(drug: Drug) -> set[str]:
    kinetics = drug.kinetics
    quantities = (
        kinetics.clearance,
        kinetics.central_volume,
        kinetics.intercompartmental_clearance,
        kinetics.peripheral_volume,
        kinetics.second_intercompartmental_clearance,
        kinetics.second_peripheral_volume,
        kinetics.absorption_rate,
    )
    return {each.source for each in quantities if each is not None and each.source is not None}


def _simulated(drug: Drug, kinetics: Kinetics, published: Published) -> float:
    """The measure in canonical units."""
    terms = typical_terms(kinetics)
    if published.regimen is None:
        return float(terminal_half_life(terms)[0])
    dose, interval = _milligrams(published.regimen.dose, drug), published.regimen.interval_days
    hours = published.regimen.infusion_hours
    duration = (drug.infusion_hours if hours is None else hours) / _HOURS_PER_DAY
    return _at_steady_state(terms, published.measure, dose, interval, duration)


def _at_steady_state(
    terms: ExponentialTerms, measure: str, dose: float, interval: float, duration: float
) -> float:
    if measure == "trough_ss":
        return float(trough_concentration(terms, dose, interval, duration)[0])
    if measure == "cmax_ss":
        return float(peak_concentration(terms, dose, interval, duration)[0])
    average = float(average_concentration(terms, dose, interval)[0])
    return average * interval if measure == "auc_ss" else average


def _milligrams(dose: Dose, drug: Drug) -> float:
    if dose.basis == "mg":
        return dose.amount
    if dose.basis == "mg/kg":
        return dose.amount * drug.kinetics.reference_weight.to("kg")
    surface = drug.kinetics.reference_body_surface
    if dose.basis == "mg/m2" and surface is not None:
        return dose.amount * surface.to("m2")
    raise InputError("the typical patient's dose is not known", field=drug.name, value=str(dose))


def _accepted(kinetics: Kinetics, published: Published) -> tuple[float, float]:
    value = published.value
    if value.interval is not None:
        return value.interval
    sigma = float(lognormal_sigma(_variation(kinetics, published.measure)))
    spread = min(max(math.exp(sigma), LEAST_FACTOR), LARGEST_FACTOR)
    return value.value / spread, value.value * spread


def _variation(kinetics: Kinetics, measure: str) -> float:
    """Between-patient coefficient of variation that a measure has, roughly."""
    if measure == "half_life":
        return math.hypot(kinetics.cv_clearance, kinetics.cv_volume)
    if measure == "cmax_ss" and kinetics.absorption_rate is None:
        return kinetics.cv_volume
    return kinetics.cv_clearance


def _words(regimen: PublishedRegimen) -> str:
    interval = regimen.interval_days
    every = f"{interval:g} days" if interval >= 2 else f"{interval * _HOURS_PER_DAY:g} h"
    return f"{regimen.dose} every {every}"
