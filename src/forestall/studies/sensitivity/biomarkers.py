"""What is known of a patient before treatment, and how much of the differences between patients it accounts for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.entry_lesions import SITES
from forestall.clinic.population import Population
from forestall.statistics.estimate import Estimate
from forestall.statistics.given_data import first_order_share
from forestall.studies.sensitivity.quantities import Contrast
from forestall.studies.validation.samples import Sample

Floats = NDArray[np.float64]
_SEQUENCING: Final = "biopsy: sequencing"


@dataclass(frozen=True, slots=True)
class BiomarkerShare:
    """One measurement before treatment."""

    biomarker: str
    measured_by: str
    time: Estimate
    """Share of the variance of the patients' log time under the experimental arm that goes away when it is known."""
    benefit: Estimate
    """The same for the log ratio of a patient's two times: what says who gains."""


def biomarker_shares(population: Population, sample: Sample, contrast: Contrast) -> list[BiomarkerShare]:
    """Every measurement that differs between the patients, the one that says most about time first.

    Args:
        population: The patients of the sample, in its order.
        sample: Under one parameter set.
        contrast: The arms.
    """
    days = [sample.times(arm, contrast.endpoint)[0][0] for arm in (contrast.experimental, contrast.control)]
    treated, control = (np.log(np.maximum(one, 1.0)) for one in days)
    found = [
        BiomarkerShare(
            name, how, first_order_share(values, treated), first_order_share(values, treated - control)
        )
        for name, how, values in _measurements(population)
        if np.unique(values).size > 1
    ]
    return sorted(found, key=lambda one: -one.time.value)


def _measurements(population: Population) -> Iterator[tuple[str, str, Floats]]:
    """(name, how it is measured, (n,) values)."""
    yield "ER status", "biopsy: immunohistochemistry", population.er_positive.astype(np.float64)
    yield "HER2 status", "biopsy: immunohistochemistry", population.her2_positive + 0.5 * population.her2_low
    for place, name in enumerate(population.alterations):
        yield name, _SEQUENCING, population.truncal[:, place].astype(np.float64)
    yield "doubling time", "two scans before treatment", population.doubling_time_days
    yield (
        "sensitivity shared by cytotoxic drugs",
        "biopsy: drug sensitivity in culture",
        population.cytotoxic_sensitivity,
    )
    yield "antibody-dependent killing", "blood: FCGR3A genotype and effector cells", population.effector
    yield "number of lesions", "scan at entry", population.lesions.astype(np.float64)
    yield "largest lesion", "scan at entry", np.nanmax(population.diameter_mm, axis=1)
    for code, site in enumerate(SITES):
        yield f"lesion in {site}", "scan at entry", (population.site == code).any(axis=1).astype(np.float64)
    yield "earlier lines", "history", population.earlier_lines.astype(np.float64)
    yield "age", "history", population.age_years
