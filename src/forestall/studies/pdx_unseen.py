"""Compounds of which the calibration has seen no arm at all: what the network, shared targets and the other arms tell of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forestall.knowledge.pdx_fits import PdxFit
from forestall.knowledge.pdx_treatments import UNTREATED
from forestall.studies.pdx_calibrate import to_model_scale
from forestall.studies.pdx_check import Score, score, without_compound
from forestall.studies.pdx_effects import Floats
from forestall.studies.pdx_predict import posterior


@dataclass(frozen=True)
class Unseen:
    """Growth under one compound in every model, predicted without any arm of it; transformed rates."""

    compound: str
    models: int
    shrunk: Score
    """By the model of random effects."""
    mean: Score
    """By the mean of each xenograft's other arms: the simplest prediction."""


def unseen_compounds(fit: PdxFit) -> list[Unseen]:
    """Predict every compound without its arms, at the calibration's variances."""
    codes = sorted({code for model in fit.models.values() for code in model.arms} - {UNTREATED})
    return [_unseen(fit, code) for code in codes]


def _unseen(fit: PdxFit, compound: str) -> Unseen:
    names = [name for name, model in fit.models.items() if compound in model.arms and len(model.arms) > 1]
    without = without_compound(fit, compound)
    seen = to_model_scale(np.array([fit.models[name].arms[compound].slope for name in names]))
    shrunk = posterior(without).of([(name, compound) for name in names])[0]
    mean = np.array([_mean_rate(without, name) for name in names])
    same = [compound] * len(names)
    return Unseen(compound, len(names), score(seen, shrunk, same), score(seen, mean, same))


def _mean_rate(fit: PdxFit, name: str) -> float:
    rates: Floats = to_model_scale(np.array([arm.slope for arm in fit.models[name].arms.values()]))
    return float(rates.mean())
