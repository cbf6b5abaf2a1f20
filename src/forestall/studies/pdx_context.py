"""What the molecular tables say of a xenograft model: tumor type in the network, alterations and biomarkers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from forestall.knowledge.pdx_treatments import Biomarker, load_pdx_treatments
from forestall.studies.pdx_data import PdxData

AMPLIFIED: Final = 5.0
"""Copies from which ERBB2 or FGFR1 counts as amplified, the convention of the mutation table ("Amp5")."""
ER_EXPRESSED: Final = 3.0
"""Expression of ESR1, log2(FPKM + 1), from which a model counts as ER positive: assumed, as no receptor status is given."""
_ALTERATION_OF_MUTATION: Final = {"PIK3CA": "PIK3CA_mut", "AKT1": "AKT1_mut"}
_FUNCTIONAL: Final = ("MutKnownFunctional", "MutLikelyFunctional")


def context_of(data: PdxData, model: str) -> str:
    """The network's tumor type of a model; triple negative, the most frequent, if it was not profiled."""
    er = _value(data, "expression", model, "ESR1")
    her2 = _value(data, "copy_number", model, "ERBB2")
    if her2 >= AMPLIFIED:
        return "her2_positive_er_positive" if er >= ER_EXPRESSED else "her2_positive_er_negative"
    return "er_positive" if er >= ER_EXPRESSED else "triple_negative"


def alterations_of(data: PdxData, model: str) -> tuple[str, ...]:
    """Alterations of the network with known or likely function, that all cells are taken to carry."""
    calls = data.molecular["mutation"].get(model, {})
    return tuple(
        name
        for gene, name in _ALTERATION_OF_MUTATION.items()
        if any(word in calls.get(gene, "") for word in _FUNCTIONAL)
    )


def biomarkers_of(data: PdxData, models: Iterable[str]) -> dict[str, dict[str, float]]:
    """Model -> biomarker -> standardized value; 0, the mean, where it was not measured.

    The mean and the spread are those of the models with volumes.
    """
    wanted = {marker.key: marker for entry in load_pdx_treatments().values() for marker in entry.biomarkers}
    columns = {key: _standardized(data, marker, tuple(models)) for key, marker in sorted(wanted.items())}
    return {model: {key: column[model] for key, column in columns.items()} for model in models}


def _standardized(data: PdxData, marker: Biomarker, models: tuple[str, ...]) -> dict[str, float]:
    raw = {model: _measure(data, marker, model) for model in models}
    known = np.array([raw[model] for model in data.models if not math.isnan(raw.get(model, math.nan))])
    spread = float(known.std()) if known.size else 0.0
    if spread == 0:
        return dict.fromkeys(models, 0.0)
    center = float(known.mean())
    return {
        model: 0.0 if math.isnan(value) else round((value - center) / spread, 4)
        for model, value in raw.items()
    }


def _measure(data: PdxData, marker: Biomarker, model: str) -> float:
    if marker.assay == "expression":
        return _value(data, "expression", model, marker.gene)
    calls = data.molecular["mutation"].get(model)
    if not calls or marker.gene not in calls:
        return math.nan
    return float("Mut" in calls[marker.gene])


def _value(data: PdxData, assay: str, model: str, gene: str) -> float:
    try:
        return float(data.molecular[assay].get(model, {}).get(gene, "nan"))
    except ValueError:
        return math.nan
