"""How well the xenograft model predicts arms that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from forestall.knowledge.pdx_fits import PdxFit
from forestall.statistics.variance_components import covariance, leave_one_out
from forestall.studies.pdx_calibrate import SCALE, Observed, fit_effects, observed, to_model_scale, to_rate
from forestall.studies.pdx_data import PdxData
from forestall.studies.pdx_effects import MOLECULAR, Floats, intercept, noise_effects, shared_effects
from forestall.studies.pdx_mice import follow_mice
from forestall.studies.pdx_predict import posterior

_DRAWS = 500


@dataclass(frozen=True)
class Score:
    """How predictions of one quantity compare with what was seen."""

    rank_correlation: float
    """Spearman's, over all arms."""
    within_treatment: float
    """Mean of Spearman's correlation over models, treatment by treatment."""
    mean_absolute_error: float
    root_mean_square_error: float


@dataclass(frozen=True)
class LeftOut:
    """Every arm predicted from all others."""

    model: tuple[str, ...]
    treatment: tuple[str, ...]
    seen: Floats
    """(arms,) volume change at the last day, % of the first volume."""
    expected: Floats
    """(arms,) its prediction."""
    low: Floats
    """(arms,) lower end of the 90% prediction interval."""
    high: Floats
    """(arms,) its upper end."""
    seen_rate: Floats
    """(arms,) growth rate, 1/day."""
    expected_rate: Floats
    """(arms,) its prediction."""
    plain_growth: Floats
    """(arms,) what the predicted rate alone would give on the day that turned out to be the last, % of the first volume."""
    treatment_mean: Floats
    """(arms,) the mean change of the other models under the same treatment: the simplest prediction."""

    @property
    def coverage(self) -> float:
        """Share of arms inside their 90% prediction interval."""
        return float(np.mean((self.low <= self.seen) & (self.seen <= self.high)))


def score(seen: Floats, expected: Floats, treatment: Sequence[str]) -> Score:
    """Compare predictions with what was seen."""
    groups = np.array(treatment)
    within = [rank(seen[groups == name], expected[groups == name]) for name in sorted(set(treatment))]
    away = expected - seen
    return Score(
        rank_correlation=rank(seen, expected),
        within_treatment=_mean_of_defined(within),
        mean_absolute_error=float(np.abs(away).mean()),
        root_mean_square_error=float(np.sqrt((away**2).mean())),
    )


def _mean_of_defined(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def rank(a: Floats, b: Floats) -> float:
    """Spearman's correlation; nan for fewer than three pairs or a constant."""
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)


def left_out(fit: PdxFit, data: PdxData, *, seed: int) -> LeftOut:
    """Predict each single-agent arm from all others, at the calibration's variances.

    Args:
        fit: A calibration on `data`.
        data: The volumes, for the change at the last day.
        seed: Seed of the virtual mice.
    """
    seen = observed(fit.models)
    mean, variance = _left_out_rates(seen, fit.variances, fit.intercept)
    lasting = fit.variances["measurement"] * noise_effects(seen.slope, seen.days, fit.scale)["measurement"]
    spread = np.sqrt(np.maximum(variance - lasting, 0.0))
    random = np.random.Generator(np.random.Philox(seed))
    change = np.array(
        [
            _virtual_changes(fit, model, center, width, random)
            for model, center, width in zip(seen.arms.model, mean, spread, strict=True)
        ]
    )
    measured = {(arm.model, arm.treatment): 100 * (arm.volumes[-1] / arm.volumes[0] - 1) for arm in data.arms}
    actual = np.array([measured[key] for key in zip(seen.arms.model, seen.arms.treatment, strict=True)])
    low, high = np.quantile(change, [0.05, 0.95], axis=1)
    return LeftOut(
        model=seen.arms.model,
        treatment=seen.arms.treatment,
        seen=actual,
        expected=change.mean(axis=1),
        low=low,
        high=high,
        seen_rate=seen.slope,
        expected_rate=to_rate(mean),
        plain_growth=100 * np.expm1(to_rate(mean) * seen.days),
        treatment_mean=_mean_of_others(actual, seen.arms.treatment),
    )


def _left_out_rates(seen: Observed, variances: dict[str, float], center: float) -> tuple[Floats, Floats]:
    effects = shared_effects(seen.arms, seen.arms) | noise_effects(seen.slope, seen.days, SCALE)
    kept = {name: matrix for name, matrix in effects.items() if name in variances}
    total = covariance(kept, variances, intercept(seen.arms, seen.arms))
    mean, variance = leave_one_out(seen.transformed - center, total)
    return mean + center, variance


def _virtual_changes(
    fit: PdxFit, model: str, center: float, width: float, random: np.random.Generator
) -> Floats:
    start = fit.models[model].start_volume
    rates = to_rate(center + width * random.standard_normal(_DRAWS))
    deviation = np.sqrt(fit.variances["measurement"]) * random.standard_normal(_DRAWS)
    change: Floats = 100 * (follow_mice(rates, deviation, start, fit.removal, random).last_volume / start - 1)
    return change


def _mean_of_others(values: Floats, treatment: Sequence[str]) -> Floats:
    groups = np.array(treatment)
    means = np.empty_like(values)
    for name in set(treatment):
        among = groups == name
        means[among] = (values[among].sum() - values[among]) / max(among.sum() - 1, 1)
    return means


@dataclass(frozen=True)
class Comparison:
    """One variant of the model."""

    name: str
    log_likelihood: float
    score: Score
    """Of left-out growth rates, on the transformed scale."""


def compare_variants(fit: PdxFit) -> list[Comparison]:
    """What each source of information adds to the prediction of left-out arms; variances are fitted anew for each."""
    seen = observed(fit.models)
    variants: dict[str, tuple[str, ...]] = {
        "all effects": (),
        "without biomarkers": ("marker",),
        "without the network": ("network",),
        "without biomarkers and network": MOLECULAR,
        "without shared targets": ("family",),
        "without receptor or inside": ("site",),
        "without any of these": (*MOLECULAR, "family", "site"),
    }
    return [_variant(seen, name, without) for name, without in variants.items()]


def _variant(seen: Observed, name: str, without: tuple[str, ...]) -> Comparison:
    fit, center = fit_effects(seen, without=without)
    mean, _ = _left_out_rates(seen, fit.variances, center)
    return Comparison(name, fit.log_likelihood, score(seen.transformed, mean, seen.arms.treatment))


@dataclass(frozen=True)
class Twin:
    """One compound predicted from another with the same target."""

    of: str
    by: str
    models: int
    raw: Score
    """By the other compound's growth rate as seen."""
    shrunk: Score
    """By the model's estimate for the other compound, made without the arms of the compound to be predicted."""


def twins(fit: PdxFit, pairs: Sequence[tuple[str, str]]) -> list[Twin]:
    """The nearest thing to replicates that one mouse per arm offers: compounds with the same target.

    Both predictions are centered on the predicted compound's mean, so that only the order and spread over models count.

    Args:
        fit: A calibration.
        pairs: (predicted compound, compound with the same target).
    """
    return [_twin(fit, of, by) for of, by in pairs]


def _twin(fit: PdxFit, of: str, by: str) -> Twin:
    names = [name for name, model in fit.models.items() if of in model.arms and by in model.arms]
    seen = to_model_scale(np.array([fit.models[name].arms[of].slope for name in names]))
    raw = to_model_scale(np.array([fit.models[name].arms[by].slope for name in names]))
    shrunk = _estimate_without(fit, of, by, names)
    center, same = seen.mean(), [of] * len(names)
    by_raw = score(seen, raw - raw.mean() + center, same)
    by_shrunk = score(seen, shrunk - shrunk.mean() + center, same)
    return Twin(of, by, len(names), by_raw, by_shrunk)


def _estimate_without(fit: PdxFit, of: str, by: str, names: Sequence[str]) -> Floats:
    return posterior(without_compound(fit, of)).of([(name, by) for name in names])[0]


def without_compound(fit: PdxFit, compound: str) -> PdxFit:
    """The calibration without the arms of a compound, at the same variances."""
    models = {
        name: model.model_copy(
            update={"arms": {code: arm for code, arm in model.arms.items() if code != compound}}
        )
        for name, model in fit.models.items()
    }
    return fit.model_copy(update={"models": models})
