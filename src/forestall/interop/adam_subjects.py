"""The columns of ADSL that come from a population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.population import Population
from forestall.clinic.tumor_biology import GENOTYPES, subtypes
from forestall.interop.adam import Subjects
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.packs import pack_in_force


def subjects_of(population: Population) -> Subjects:
    """Covariates, receptors and truncal alterations of a population, in its order.

    Args:
        population: n patients.

    Returns:
        Subjects with the biomarkers HER2, ER, FCGR3A, MENOPAUS and, by gene, whether every tumor cell carries
        an alteration of it.
    """
    return Subjects(
        age_years=population.age_years,
        weight_kg=population.weight_kg,
        surface_m2=population.bsa_m2,
        lesions=population.lesions,
        biomarkers={**_status(population), **_altered_genes(population)},
        sex=_sex(),
    )


def _sex() -> str:
    """As CDISC codes it; U where a disease has both and the model does not tell them apart."""
    pack = pack_in_force()
    return "F" if pack is None else {"female": "F", "male": "M", "any": "U"}[pack.sex]


def _status(population: Population) -> dict[str, NDArray[np.generic]]:
    """Receptors of a breast cancer; the type of another disease."""
    if pack_in_force() is not None:
        return {"TUMTYPE": np.array(subtypes())[population.subtype]}
    her2 = np.where(population.her2_positive, "positive", np.where(population.her2_low, "low", "negative"))
    return {
        "HER2": her2,
        "ER": np.where(population.er_positive, "positive", "negative"),
        "FCGR3A": np.array([name.upper() for name in GENOTYPES])[population.fcgr3a],
        "MENOPAUS": np.where(population.postmenopausal, "post", "pre"),
    }


def _altered_genes(population: Population) -> dict[str, NDArray[np.generic]]:
    genes = [load_alterations()[name].gene for name in population.alterations]
    columns = {
        gene: [index for index, other in enumerate(genes) if other == gene] for gene in sorted(set(genes))
    }
    return {
        gene: np.any(population.truncal[:, index], axis=1, keepdims=True)[:, 0]
        for gene, index in columns.items()
    }
