"""The random effects of the xenograft model: which arms share what.

The transformed growth rate of model m under treatment d is

    y = intercept + growth[m] + treated + drug[d] + network * n[m, d] + sum_b marker[b] x[m, b] + site[m, s(d)]
        + family[m, f(d)] + own[m, d] + mouse + measurement,

each a Gaussian effect with its own variance. `drug` of compounds with one target are correlated, `family` is what they share in one
model, `site` what all compounds against receptors, and all with targets inside the cell, share in one model; `own[m, d]` has a
variance per compound, n is the network's effect, x are standardized biomarkers of the compound's own target. `mouse` and
`measurement` are what would differ if the arm were repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge import parameters
from forestall.knowledge.pdx_fits import PdxModel
from forestall.knowledge.pdx_treatments import UNTREATED, PdxTreatment, load_pdx_treatments

Floats = NDArray[np.float64]

INTERCEPT_VARIANCE: Final = 5.0
"""Vague: far wider than any growth rate on the transformed scale."""
MOLECULAR: Final = ("marker", "network")
"""Effects that rest on the molecular tables."""
OWN: Final = "own "
"""Prefix of the variances that belong to one compound."""


@dataclass(frozen=True)
class Arms:
    """A list of arms with what the effects depend on."""

    model: tuple[str, ...]
    treatment: tuple[str, ...]
    """Codes of single agents, or `untreated`."""
    marker: Floats
    """(arms, markers) biomarker where it belongs to the compound, else 0."""
    network: Floats
    """(arms,) effect in the network, 0 to about 1."""


def arms_of(pairs: Sequence[tuple[str, str]], models: Mapping[str, PdxModel]) -> Arms:
    """Arms for pairs of model and code."""
    known = load_pdx_treatments()
    keys = sorted({marker.key for entry in known.values() for marker in entry.biomarkers})
    marker = np.zeros((len(pairs), len(keys)))
    for row, (model, code) in enumerate(pairs):
        for biomarker in known[code].biomarkers:
            marker[row, keys.index(biomarker.key)] = models[model].biomarkers.get(biomarker.key, 0.0)
    return Arms(
        model=tuple(model for model, _ in pairs),
        treatment=tuple(code for _, code in pairs),
        marker=marker,
        network=np.array([models[model].network.get(code, 0.0) for model, code in pairs]),
    )


def shared_effects(rows: Arms, columns: Arms) -> dict[str, Floats]:
    """Covariance of unit variance between two lists of arms, by effect, (rows, columns)."""
    same_model = _equal(rows.model, columns.model)
    treated = np.outer(_treated(rows), _treated(columns))
    same_drug = _equal(rows.treatment, columns.treatment)
    family = _family(rows, columns)
    related = parameters.value("xenograft.same_family_drug_effect", "1")
    effects = {
        "growth": same_model,
        "treated": treated,
        "drug": np.where(same_drug > 0, 1.0, related * family) * treated,
        "network": np.outer(rows.network, columns.network),
        "marker": rows.marker @ columns.marker.T,
        "site": same_model * _same_site(rows, columns),
        "family": same_model * np.where(same_drug > 0, 1.0, family) * treated,
    }
    for code in sorted(set(rows.treatment) | set(columns.treatment)):
        if code != UNTREATED:
            effects[OWN + code] = same_model * np.outer(_is(rows, code), _is(columns, code))
    return effects


def intercept(rows: Arms, columns: Arms) -> Floats:
    """Covariance that the vague prior of the intercept gives."""
    return np.full((len(rows.model), len(columns.model)), INTERCEPT_VARIANCE)


def noise_effects(slope: Floats, days: Floats, scale: float) -> dict[str, Floats]:
    """Diagonals of what a repeated mouse would not share.

    Args:
        slope: (arms,) growth rates in 1/day.
        days: (arms,) follow-up; an error of the log volume moves a slope by about error / days.
        scale: The transformation's scale, 1/day.
    """
    return {
        "mouse": np.ones_like(slope),
        "measurement": 1 / (days**2 * (slope**2 + scale**2)),
    }


def _equal(rows: Sequence[str], columns: Sequence[str]) -> Floats:
    same: Floats = (np.array(rows)[:, None] == np.array(columns)[None, :]).astype(np.float64)
    return same


def _treated(arms: Arms) -> Floats:
    return np.array([code != UNTREATED for code in arms.treatment], np.float64)


def _is(arms: Arms, code: str) -> Floats:
    return np.array([treatment == code for treatment in arms.treatment], np.float64)


def _same_site(rows: Arms, columns: Arms) -> Floats:
    """1 where both compounds act on receptors, or both inside the cell."""
    known = load_pdx_treatments()
    sites = [[known[code].site or "" for code in arms.treatment] for arms in (rows, columns)]
    return _equal(*sites) * np.outer(_treated(rows), _treated(columns))


def _family(rows: Arms, columns: Arms) -> Floats:
    """How far the compounds of each pair of arms have one target."""
    known = load_pdx_treatments()
    codes = list(known)
    table = np.array([[_correlation(known[a], known[b]) for b in codes] for a in codes])
    chosen: Floats = table[
        np.ix_(list(map(codes.index, rows.treatment)), list(map(codes.index, columns.treatment)))
    ]
    return chosen


def _correlation(a: PdxTreatment, b: PdxTreatment) -> float:
    if a.family is None or a.family != b.family:
        return 0.0
    return a.family_share * b.family_share
