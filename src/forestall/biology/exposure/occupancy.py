"""From total plasma concentration to the effect on a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forestall.biology.exposure.disposition import Array

_NMOL_PER_MMOL = 1e6
"""mg/L divided by g/mol is mmol/L."""


def free_concentration(total: ArrayLike, fraction_unbound: ArrayLike, molar_mass: ArrayLike) -> Array:
    """Unbound molar concentration.

    Args:
        total: Total concentration, mg/L.
        fraction_unbound: Fraction that is not bound to plasma proteins, 0 to 1.
        molar_mass: g/mol.

    Returns:
        nmol/L, in the shape that the arguments broadcast to.
    """
    unbound = np.asarray(total, float) * np.asarray(fraction_unbound, float)
    return np.asarray(unbound / np.asarray(molar_mass, float) * _NMOL_PER_MMOL)


def hill_effect(
    concentration: ArrayLike,
    potency: ArrayLike,
    hill_coefficient: ArrayLike = 1.0,
    max_effect: ArrayLike = 1.0,
) -> Array:
    """Effect at a concentration: max_effect C^h / (C^h + potency^h).

    Args:
        concentration: Free concentration C, nmol/L; rounding below 0 counts as 0.
        potency: Concentration at half of the largest effect, nmol/L, positive.
        hill_coefficient: h, positive.
        max_effect: Effect at saturation.

    Returns:
        The effect, in the shape that the arguments broadcast to; 0 without drug, never an overflow.
    """
    relative = np.maximum(np.asarray(concentration, float), 0.0) / np.asarray(potency, float)
    with np.errstate(divide="ignore", over="ignore"):
        odds_against = np.exp(-np.asarray(hill_coefficient, float) * np.log(relative))
    return np.asarray(np.asarray(max_effect, float) / (1.0 + odds_against))
