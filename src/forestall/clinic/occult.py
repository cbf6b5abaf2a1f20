"""Lesions that are there at entry but too small to be seen: the new lesions of later visits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from forestall.clinic.draws import Floats, Patients
from forestall.clinic.entry_lesions import metastatic_sites, sites
from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.knowledge.parameters import value

MAX_OCCULT = 2


def draw_occult(
    tumor_type: NDArray[np.str_], patients: Patients, seed: int
) -> tuple[NDArray[np.int8], Floats]:
    """Draw occult lesions.

    Args:
        tumor_type: (n,) her2_positive, er_positive or triple_negative.
        patients: (n,) indices of the patients.
        seed: Seed of the study.

    Returns:
        Site codes (n, MAX_OCCULT), -1 for none, and true diameters in mm, NaN for none.

    Notes:
        Their number is Poisson, cut at `MAX_OCCULT`; the diameter is log-uniform below the size that is seen; sites are
        as frequent as among first relapses.
    """
    draws = uniforms(seed, patients, Purpose.NEW_LESION, size=1 + 2 * MAX_OCCULT)
    mean = value("tumor.occult_lesions_mean", "1")
    number = sum((draws[:, 0] > pdtr(k, mean)).astype(np.int64) for k in range(MAX_OCCULT))
    seen = value("recist.new_lesion_detection_diameter", "mm")
    smallest = value("tumor.occult_smallest_diameter", "mm")
    diameter = smallest * (seen / smallest) ** draws[:, 1 : 1 + MAX_OCCULT]
    site = _sites(tumor_type, draws[:, 1 + MAX_OCCULT :])
    none = np.arange(MAX_OCCULT) >= np.asarray(number)[:, None]
    return np.where(none, -1, site).astype(np.int8), np.where(none, np.nan, diameter)


def _sites(tumor_type: NDArray[np.str_], uniform: Floats) -> NDArray[np.int64]:
    """Sites in proportion to how often they are involved."""
    codes = np.array(metastatic_sites())
    names = [sites()[code] for code in codes]
    chosen = np.zeros(uniform.shape, np.int64)
    for kind in np.unique(tumor_type):
        share = np.array([value(f"site.{site}.{kind}", "1") for site in names])
        rows = tumor_type == kind
        picks = np.searchsorted(np.cumsum(share / share.sum()), uniform[rows])
        chosen[rows] = codes[np.minimum(picks, len(codes) - 1)]
    return chosen
