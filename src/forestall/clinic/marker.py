"""The marker of the burden (BCR-ABL1, PSA) that goes with lesions of given diameters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge.pack_file import Marker

Floats = NDArray[np.float64]


def marker_values(marker: Marker, diameters_mm: Floats) -> Floats:
    """The marker at each visit.

    Args:
        marker: What is measured.
        diameters_mm: (..., V, L) diameters of the lesions, mm; NaN for no lesion.

    Returns:
        (..., V) in the marker's unit, in proportion to the volume of all lesions; NaN where none was measured.
    """
    known = np.isfinite(diameters_mm)
    volume = np.where(known, math.pi / 6.0 * np.nan_to_num(diameters_mm) ** 3, 0.0).sum(axis=-1)
    return np.where(known.any(axis=-1), volume * marker.of_volume(1.0), np.nan)
