"""Prediction of any treatment of a xenograft model, from a calibration on single agents.

Each draw takes the joint posterior of the model's untreated growth and its growth under every compound of the treatment, combines
the effects, and lets one virtual mouse grow. With r0 the untreated rate and e_i = r0 - r_i the effects, the combination grows at

    r = r0 - max(e) - p * (sum of the other effects),

p the place between the highest single agent (p = 0) and Bliss independence (p = 1): on the scale of log volume, independent
compounds add (Demidenko and Miller 2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forestall.errors import InputError, did_you_mean
from forestall.knowledge import parameters
from forestall.knowledge.pdx_fits import PdxFit, PdxModel
from forestall.knowledge.pdx_treatments import UNTREATED, load_pdx_treatments
from forestall.statistics.variance_components import covariance, predict
from forestall.studies.pdx_calibrate import Observed, observed, to_model_scale, to_rate
from forestall.studies.pdx_effects import (
    Floats,
    arms_of,
    intercept,
    noise_effects,
    shared_effects,
)
from forestall.studies.pdx_mice import Mice, follow_mice
from forestall.studies.pdx_network import Tumor, expected_place, network_effects

Method = Literal["forestall", "hsa", "bliss", "hsa-raw", "bliss-raw"]
METHODS: Final[tuple[Method, ...]] = ("forestall", "hsa", "bliss", "hsa-raw", "bliss-raw")
RAW: Final = "-raw"
DRAWS: Final = 1000


@dataclass(frozen=True)
class Prediction:
    """One model under one treatment."""

    model: str
    treatment: tuple[str, ...]
    method: Method
    start_volume: float
    """mm^3."""
    rates: Floats
    """(draws,) growth of the log volume of virtual mice, 1/day."""
    place: float
    """Where the combination lies between the highest single agent and Bliss independence; nan for one compound."""
    mice: Mice


@dataclass(frozen=True)
class Posterior:
    """What a calibration knows, ready for questions."""

    fit: PdxFit
    seen: Observed
    inverse: Floats
    """(arms, arms) inverse of the observations' covariance."""

    def of(self, pairs: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
        """Mean and covariance of transformed growth rates of arms, without what repeated mice would not share."""
        asked = arms_of(pairs, self.fit.models)
        cross = known_covariance(shared_effects(asked, self.seen.arms), self.fit)
        prior = known_covariance(shared_effects(asked, asked), self.fit)
        mean, spread = predict(
            self.seen.transformed - self.fit.intercept,
            self.inverse,
            cross + intercept(asked, self.seen.arms),
            prior + intercept(asked, asked),
        )
        return mean + self.fit.intercept, spread


def known_covariance(effects: Mapping[str, Floats], fit: PdxFit) -> Floats:
    """Sum of effects; a compound without single-agent arms has the typical variance of its own."""
    own = [value for name, value in fit.variances.items() if name.startswith("own ")]
    typical = float(np.mean(own)) if own else 0.0
    total = np.zeros_like(effects["growth"])
    for name, matrix in effects.items():
        total += fit.variances.get(name, typical) * matrix
    return total


def posterior(fit: PdxFit) -> Posterior:
    """Condition on the arms in a calibration."""
    seen = observed(fit.models)
    effects = shared_effects(seen.arms, seen.arms) | noise_effects(seen.slope, seen.days, fit.scale)
    total = covariance(effects, fit.variances, intercept(seen.arms, seen.arms))
    inverse = np.asarray(np.linalg.inv(total), np.float64)
    return Posterior(fit, seen, inverse)


def choose_models(
    fit: PdxFit, text: str, *, codes: Sequence[str] = (), method: Method = "forestall"
) -> tuple[str, ...]:
    """Models named by ids with commas, by "all", or by "measured": those with volumes.

    Args:
        fit: A calibration.
        text: What the user typed.
        codes: The treatment.
        method: How it is predicted; of "all" and "measured", raw single agents take the models that have every arm.

    Raises:
        InputError: if an id is unknown.
    """
    group = text.strip().casefold()
    if group in ("all", "measured"):
        needed = set(_asked(codes)) if method.endswith(RAW) else set()
        return tuple(
            name
            for name, model in fit.models.items()
            if needed <= model.arms.keys() and (group == "all" or model.arms)
        )
    names = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    for name in names:
        if name not in fit.models:
            raise InputError("unknown model", field="models", value=name, fix=did_you_mean(name, fit.models))
    return names


def unmeasured(fit: PdxFit, models: Sequence[str]) -> tuple[str, ...]:
    """Models without any volumes, whose growth is a guess from their molecular profile."""
    return tuple(name for name in models if not fit.models[name].arms)


def predict_treatment(
    known: Posterior,
    models: Sequence[str],
    codes: tuple[str, ...],
    *,
    method: Method,
    seed: int,
    draws: int = DRAWS,
) -> list[Prediction]:
    """Predict one treatment in several models.

    Args:
        known: A calibration, conditioned.
        models: Ids of the calibration's models.
        codes: The compounds, as `parse_treatment` gives them; their order does not matter.
        method: How effects are combined, and whether from shrunk or raw single agents.
        seed: Seed; each model and treatment has its own stream, the same for every method.
        draws: Virtual mice per model.
    """
    ordered = tuple(sorted(codes))
    places = _places(known.fit, models, ordered, method)
    beliefs = _beliefs(known, models, ordered)
    return [
        _predict(known.fit, model, ordered, method, place, belief, seed, draws)
        for model, place, belief in zip(models, places, beliefs, strict=True)
    ]


def _asked(codes: Sequence[str]) -> list[str]:
    """The untreated arm and each compound's."""
    return [UNTREATED, *(code for code in codes if code != UNTREATED)]


def _beliefs(known: Posterior, models: Sequence[str], codes: Sequence[str]) -> list[tuple[Floats, Floats]]:
    """Mean and covariance of the transformed rates of the untreated arm and each compound's, model by model."""
    asked = _asked(codes)
    mean, spread = known.of([(model, code) for model in models for code in asked])
    size = len(asked)
    blocks = [slice(start, start + size) for start in range(0, mean.size, size)]
    # Rounded, so that the last bits, which depend on the size of the matrix and on threads, do not reach the virtual mice.
    return [(mean[block].round(9), spread[block, block].round(9)) for block in blocks]


def _places(fit: PdxFit, models: Sequence[str], codes: tuple[str, ...], method: Method) -> list[float]:
    if len(codes) < 2:
        return [float("nan")] * len(models)
    if method != "forestall":
        return [0.0 if method.startswith("hsa") else 1.0] * len(models)
    tumors = [Tumor(fit.models[model].context, fit.models[model].alterations) for model in models]
    tables = network_effects(tumors, [*((code,) for code in codes), codes])
    return [expected_place(table, codes) for table in tables]


def _predict(
    fit: PdxFit,
    model: str,
    codes: tuple[str, ...],
    method: Method,
    place: float,
    belief: tuple[Floats, Floats],
    seed: int,
    draws: int,
) -> Prediction:
    random = _stream(seed, model, codes)
    entry = fit.models[model]
    if method.endswith(RAW):
        rates = np.full(draws, combined_rates(_raw(model, entry, codes)[None, :], np.array([place]))[0])
    else:
        spread = parameters.value("xenograft.combination_sd", "1") if method == "forestall" else 0.0
        single = to_rate(random.multivariate_normal(*belief, draws, method="cholesky"))
        single = _untreated_and_best(single) if method == "hsa" else single
        rates = combined_rates(single, place + spread * random.standard_normal(draws))
    noise = fit.variances
    shifted = to_model_scale(rates) + np.sqrt(noise["mouse"]) * random.standard_normal(draws)
    deviation = np.sqrt(noise["measurement"]) * random.standard_normal(draws)
    mice = follow_mice(to_rate(shifted), deviation, entry.start_volume, fit.removal, random)
    return Prediction(model, codes, method, entry.start_volume, rates, place, mice)


def _stream(seed: int, model: str, codes: tuple[str, ...]) -> np.random.Generator:
    digest = hashlib.sha256("\n".join([model, *codes]).encode()).digest()
    return np.random.Generator(np.random.Philox([seed, int.from_bytes(digest[:8], "little")]))


def _untreated_and_best(rates: Floats) -> Floats:
    """The draws of the untreated rate and of the one compound that is best on average.

    The best compound of each draw would be another rule: its mean lies below that of the best compound.
    """
    return rates[:, [0, 1 + int(rates[:, 1:].mean(axis=0).argmin())]]


def _raw(model: str, entry: PdxModel, codes: tuple[str, ...]) -> Floats:
    """(1 + compounds,) growth rates as they were seen.

    Raises:
        InputError: if an arm is missing.
    """
    asked = _asked(codes)
    missing = [code for code in asked if code not in entry.arms]
    if missing:
        raise InputError(
            "raw single agents need an arm of each compound in each model",
            field="treatment",
            value=f"{model}: {missing[0]}",
            fix="leave the model out, or use --method hsa or bliss",
        )
    return np.array([entry.arms[code].slope for code in asked])


def combined_rates(rates: Floats, place: Floats) -> Floats:
    """Growth rates (draws,) under all compounds at once, from (draws, 1 + compounds) rates."""
    if rates.shape[1] < 3:
        return rates[:, -1]
    effects = np.sort(rates[:, :1] - rates[:, 1:], axis=1)
    others = np.maximum(effects[:, :-1], 0.0).sum(axis=1)
    combined: Floats = rates[:, 0] - effects[:, -1] - place * others
    return combined


def without_single_agents(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Compounds of a treatment that have no single-agent arm, so that their effect is a guess from their target."""
    known = load_pdx_treatments()
    return tuple(code for code in codes if known[code].only_in_combination)
