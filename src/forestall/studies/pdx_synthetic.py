"""Synthetic xenograft trials with known combinations: does the pipeline recover them, and which rule loses least?

Truth is drawn from the calibrated model itself (its variances, its models and compounds), single agents are measured once with the
calibrated noise, and combinations are given a place between the highest single agent and Bliss independence. Every rule then
predicts the combinations from those single agents, and is scored against one virtual mouse per combination.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forestall.knowledge.pdx_fits import PdxArm, PdxFit
from forestall.knowledge.pdx_treatments import UNTREATED
from forestall.studies.pdx_calibrate import to_model_scale, to_rate
from forestall.studies.pdx_check import rank
from forestall.studies.pdx_effects import Floats, arms_of, shared_effects
from forestall.studies.pdx_mice import follow_mice
from forestall.studies.pdx_predict import (
    METHODS,
    Method,
    Posterior,
    choose_models,
    combined_rates,
    known_covariance,
    posterior,
    predict_treatment,
)

PLACES: Final[Mapping[str, tuple[float, float]]] = {
    "highest single agent": (0.0, 0.0),
    "in between": (0.0, 1.0),
    "Bliss independence": (1.0, 1.0),
}
"""Scenario -> range from which each combination's true place is drawn, one draw per pair of compounds."""
PAIRS: Final = (
    ("BYL719", "LEE011"),
    ("BKM120", "binimetinib"),
    ("BYL719", "LJM716"),
    ("LEE011", "tamoxifen"),
    ("CGM097", "paclitaxel"),
    ("BGJ398", "trastuzumab"),
)
"""Pairs of the synthetic trials: active with active, active with inactive, related and unrelated targets."""
_DRAWS: Final = 200


@dataclass(frozen=True)
class Outcome:
    """One rule in one scenario, averaged over synthetic trials."""

    scenario: str
    method: Method
    rank_correlation: float
    """Spearman's, of the volume change at the last day over all models and pairs."""
    mean_absolute_error: float
    """% of the first volume."""
    bias: float
    """Predicted minus seen, % of the first volume."""


def recover(fit: PdxFit, *, trials: int, seed: int) -> list[Outcome]:
    """Score every rule on synthetic trials.

    Args:
        fit: The calibration that gives the truth its variances; the rules know these variances.
        trials: Synthetic trials per scenario.
        seed: Seed.
    """
    models = choose_models(fit, "measured")
    pairs = [pair for pair in PAIRS if set(pair) <= set(_codes(fit))]
    if not pairs:
        return []
    outcomes = []
    for scenario, (low, high) in PLACES.items():
        results: dict[Method, list[tuple[float, float, float]]] = {method: [] for method in METHODS}
        for trial in range(trials):
            random = np.random.Generator(np.random.Philox([seed, trial]))
            truth = _true_rates(fit, models, random)
            measured = _measured(fit, models, truth, random)
            seen = _combinations(fit, models, pairs, truth, random, low, high)
            known = posterior(measured)
            for method in METHODS:
                results[method].append(_scored(known, models, pairs, method, seen, seed=seed + trial))
        outcomes += [
            Outcome(scenario, method, *map(float, np.mean(found, axis=0)))
            for method, found in results.items()
        ]
    return outcomes


def _codes(fit: PdxFit) -> list[str]:
    """Compounds with single-agent arms, and `untreated`."""
    return sorted({code for model in fit.models.values() for code in model.arms})


def _true_rates(
    fit: PdxFit, models: Sequence[str], random: np.random.Generator
) -> dict[tuple[str, str], float]:
    pairs = [(model, code) for model in models for code in _codes(fit)]
    arms = arms_of(pairs, fit.models)
    spread = known_covariance(shared_effects(arms, arms), fit)
    drawn = fit.intercept + random.multivariate_normal(np.zeros(len(pairs)), spread, method="eigh")
    return dict(zip(pairs, map(float, to_rate(drawn)), strict=True))


def _mouse(fit: PdxFit, model: str, rate: float, random: np.random.Generator) -> tuple[float, float, float]:
    """A mouse's slope (1/day), follow-up (days) and volume change at its last day (%)."""
    start = fit.models[model].start_volume
    own = to_rate(
        to_model_scale(np.array([rate])) + np.sqrt(fit.variances["mouse"]) * random.standard_normal(1)
    )
    deviation = np.sqrt(fit.variances["measurement"]) * random.standard_normal(1)
    mice = follow_mice(own, deviation, start, fit.removal, random)
    days = float(mice.last_day[0])
    return float(own[0] + deviation[0] / days), days, 100 * (float(mice.last_volume[0]) / start - 1)


def _measured(
    fit: PdxFit, models: Sequence[str], truth: Mapping[tuple[str, str], float], random: np.random.Generator
) -> PdxFit:
    """The calibration with its arms replaced by synthetic ones."""
    changed = dict(fit.models)
    for model in models:
        arms = {}
        for code in _codes(fit):
            slope, days, _ = _mouse(fit, model, truth[model, code], random)
            arms[code] = PdxArm(slope=slope, days=days)
        changed[model] = changed[model].model_copy(update={"arms": arms})
    return fit.model_copy(update={"models": changed})


def _combinations(
    fit: PdxFit,
    models: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    truth: Mapping[tuple[str, str], float],
    random: np.random.Generator,
    low: float,
    high: float,
) -> Floats:
    """(pairs, models) volume changes (%) of one mouse per combination."""
    place = random.uniform(low, high, len(pairs))
    changes = np.empty((len(pairs), len(models)))
    for row, codes in enumerate(pairs):
        for column, model in enumerate(models):
            rates = np.array([[truth[model, code] for code in (UNTREATED, *codes)]])
            rate = float(combined_rates(rates, place[row : row + 1])[0])
            changes[row, column] = _mouse(fit, model, rate, random)[2]
    return changes


def _scored(
    known: Posterior,
    models: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    method: Method,
    seen: Floats,
    *,
    seed: int,
) -> tuple[float, float, float]:
    expected = np.array(
        [
            [
                100 * (item.mice.last_volume.mean() / item.start_volume - 1)
                for item in predict_treatment(known, models, codes, method=method, seed=seed, draws=_DRAWS)
            ]
            for codes in pairs
        ]
    )
    away = expected - seen
    return rank(seen.ravel(), expected.ravel()), float(np.abs(away).mean()), float(away.mean())
