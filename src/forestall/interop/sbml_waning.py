"""How SBML models say that a treatment loses its effect (`forestall.biology.waning`)."""

from __future__ import annotations

from forestall.biology.rates import PatientRates
from forestall.interop.sbml_document import NUMBER, SbmlDocument

_LEFT = "effect_left"
"""Identifier of the share of the treatment's effect that is left."""


def write_waning(document: SbmlDocument, p: PatientRates) -> None:
    """Write the share that is left, if it wanes."""
    if p.waning > 0.0:
        document.assignment(_LEFT, f"exp(-{float(p.waning)!r} * time)", NUMBER)


def treated(p: PatientRates, formula: str) -> str:
    """A factor that goes with the treatment's effect."""
    return f"({formula})" if p.waning == 0.0 else f"{_LEFT} * ({formula})"


def resting(formula: str) -> str:
    """A factor that comes back as the treatment loses its effect."""
    return f"(1 - {_LEFT}) * ({formula})"


def waned(p: PatientRates, rate: str, rest: float) -> str:
    """A rate under the waning treatment, from that under a lasting one and that without treatment."""
    return rate if p.waning == 0.0 else f"{rest!r} + {_LEFT} * ({rate} - {rest!r})"
