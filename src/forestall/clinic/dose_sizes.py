"""What an amount per kilogram, per square meter or per area under the curve comes to in a patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge.parameters import value

Array = NDArray[np.float64]

TYPICAL_BSA_M2 = 1.75
"""Body surface of the typical patient whose exposure decides how finely days are integrated; no dose is computed from it."""


def dose_size(basis: str, weight_kg: Array, bsa_m2: Array) -> Array:
    """What a dose is relative to: 1, weight (kg), body surface (m2), or clearance + 25 mL/min (Calvert).

    Args:
        basis: mg, mg/kg, mg/m2 or auc.
        weight_kg: (n,).
        bsa_m2: (n,).

    Returns:
        (n,) factors that turn an amount into mg.
    """
    sizes = {
        "mg": np.ones(len(weight_kg)),
        "mg/kg": weight_kg,
        "mg/m2": bsa_m2,
        "auc": np.full(len(weight_kg), value("patient.glomerular_filtration", "mL/min") + 25.0),
    }
    return np.asarray(sizes[basis], np.float64)


def typical_size(basis: str) -> float:
    """The same for a typical patient."""
    weight = np.array([value("patient.weight_mean", "kg")])
    return float(dose_size(basis, weight, np.array([TYPICAL_BSA_M2]))[0])
