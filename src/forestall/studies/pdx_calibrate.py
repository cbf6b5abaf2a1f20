"""Calibration of the xenograft model on single agents and untreated mice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from forestall.errors import InputError
from forestall.knowledge.pdx_fits import PdxFit, PdxModel, PdxProvenance
from forestall.knowledge.pdx_treatments import UNTREATED
from forestall.statistics.variance_components import Fit, fit_variances
from forestall.studies.pdx_arms import removal_of, summarize
from forestall.studies.pdx_context import alterations_of, biomarkers_of, context_of
from forestall.studies.pdx_data import PdxArm, PdxData
from forestall.studies.pdx_effects import (
    MOLECULAR,
    OWN,
    Arms,
    Floats,
    arms_of,
    intercept,
    noise_effects,
    shared_effects,
)
from forestall.studies.pdx_network import Tumor, single_effects

SCALE: Final = 0.05
"""1/day. Growth rates near it are where the transformation turns from linear to logarithmic; of 0.01 to 0.08 it fits best."""
FEWEST_ARMS: Final = 30


@dataclass(frozen=True)
class Observed:
    """The arms that a calibration sees."""

    arms: Arms
    slope: Floats
    """(arms,) growth rates, 1/day."""
    days: Floats
    """(arms,) follow-up."""

    @property
    def transformed(self) -> Floats:
        """(arms,) growth rates on the scale of the model."""
        return to_model_scale(self.slope)


def to_model_scale(rate: Floats) -> Floats:
    """Transform growth rates (1/day)."""
    values: Floats = np.arcsinh(rate / SCALE)
    return values


def to_rate(value: Floats) -> Floats:
    """Growth rates (1/day) of transformed values."""
    rates: Floats = SCALE * np.sinh(value)
    return rates


def describe_models(data: PdxData) -> dict[str, PdxModel]:
    """Every model with volumes or a molecular profile; the latter without arms."""
    single = [arm for arm in data.arms if " + " not in arm.treatment]
    profiled = {model for table in data.molecular.values() for model in table}
    names = sorted({arm.model for arm in single} | profiled)
    biomarkers = biomarkers_of(data, names)
    everyone = median(float(arm.volumes[0]) for arm in single)
    longest = median(float(arm.days[-1]) for arm in single)
    tumors = [Tumor(context_of(data, name), alterations_of(data, name)) for name in names]
    network = single_effects(tumors)
    return {
        name: PdxModel(
            start_volume=_start([arm for arm in single if arm.model == name], everyone),
            longest=max([float(arm.days[-1]) for arm in single if arm.model == name], default=longest),
            context=tumor.context,
            alterations=tumor.alterations,
            biomarkers=biomarkers[name],
            network=effects,
            arms={arm.treatment: summarize(arm) for arm in single if arm.model == name},
        )
        for name, tumor, effects in zip(names, tumors, network, strict=True)
    }


def _start(arms: Sequence[PdxArm], otherwise: float) -> float:
    return round(median([float(arm.volumes[0]) for arm in arms] or [otherwise]), 1)


def observed(models: dict[str, PdxModel]) -> Observed:
    """The arms of models that have any."""
    pairs = [(name, code) for name, model in models.items() for code in model.arms]
    found = [models[name].arms[code] for name, code in pairs]
    return Observed(
        arms=arms_of(pairs, models),
        slope=np.array([arm.slope for arm in found]),
        days=np.array([arm.days for arm in found]),
    )


def fit_effects(seen: Observed, *, without: Sequence[str] = ()) -> tuple[Fit, float]:
    """Variances of all effects, and the mean of the transformed rates.

    Args:
        seen: The arms.
        without: Effects to leave out, for comparison.
    """
    center = float(seen.transformed.mean())
    effects = {
        name: matrix for name, matrix in shared_effects(seen.arms, seen.arms).items() if name not in without
    }
    noise = noise_effects(seen.slope, seen.days, SCALE)
    spread = float(seen.transformed.var())
    start = {name: spread * _share(name) for name in [*effects, *noise]}
    start["measurement"] = 0.01
    fit = fit_variances(
        seen.transformed - center, {**effects, **noise}, intercept(seen.arms, seen.arms), start
    )
    return fit, center


def _share(name: str) -> float:
    """Share of the variance from which an effect's search starts."""
    if name.startswith(OWN):
        return 0.05
    return 0.05 if name in MOLECULAR else 0.2


def calibrate(data: PdxData, *, seed: int, command: str, software: str) -> PdxFit:
    """Calibrate on a data folder's single agents; combinations in it, if any, are not used.

    Raises:
        InputError: if there are too few arms or none untreated.
    """
    models = describe_models(data)
    seen = observed(models)
    _check(seen)
    fit, center = fit_effects(seen)
    return PdxFit(
        provenance=PdxProvenance(
            data=data.hashes, command=command, seed=seed, software=software, sources=("gao2015",)
        ),
        scale=SCALE,
        intercept=round(center, 6),
        variances={name: float(f"{value:.5g}") for name, value in fit.variances.items()},
        log_likelihood=round(fit.log_likelihood, 3),
        removal=removal_of([arm for arm in data.arms if " + " not in arm.treatment]),
        models=models,
    )


def _check(seen: Observed) -> None:
    if seen.slope.size < FEWEST_ARMS:
        raise InputError(
            "too few single-agent arms to calibrate on",
            value=seen.slope.size,
            allowed=f"{FEWEST_ARMS} or more",
        )
    if UNTREATED not in seen.arms.treatment:
        raise InputError("no untreated arm", field="treatment", allowed="at least one 'untreated'")
