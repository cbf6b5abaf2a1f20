"""Proportional hazards by partial likelihood: a few covariates, or two arms in well under a millisecond."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from forestall.errors import InputError
from forestall.statistics.estimate import Estimate, Floats, Integers, normal_quantile
from forestall.statistics.observations import Observations, checked
from forestall.statistics.two_arm_kernel import INFINITE, NO_INFORMATION, NOT_CONVERGED, fit_two_arm

Ties = Literal["efron", "breslow"]
_MAX_ITERATIONS = 30
_TOLERANCE = 1e-9
_LARGEST_EXPONENT = 700.0
_RUNAWAY = 15.0
"""A coefficient this many standard deviations of its covariate away from zero is on its way to infinity."""


class Outcome(StrEnum):
    """How a fit ended; every value but the first comes with NaN or infinite estimates."""

    CONVERGED = "converged"
    NO_INFORMATION = "no event separates the covariate values: follow longer or enroll in both arms"
    INFINITE = "the likelihood rises without bound, as when one arm has no events: report the log-rank test"
    NOT_CONVERGED = "the maximum number of iterations was reached: check for nearly collinear covariates"


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A fitted proportional hazards model of p covariates."""

    coefficients: Floats
    """(p,) log hazard ratio per unit of covariate; infinite or NaN as `outcome` says."""
    covariance: Floats
    """(p, p) inverse of the observed information."""
    log_likelihood: float
    """Log partial likelihood at the estimate."""
    null_log_likelihood: float
    """Log partial likelihood with every coefficient at zero."""
    iterations: int
    """Newton steps taken."""
    outcome: Outcome
    """How the fit ended."""

    def hazard_ratio(self, covariate: int = 0, *, confidence: float = 0.95) -> Estimate:
        """The hazard ratio of one covariate with Wald's interval."""
        log_ratio = float(self.coefficients[covariate])
        if self.outcome is Outcome.INFINITE and math.isinf(log_ratio):
            return Estimate(math.exp(log_ratio) if log_ratio < 0 else math.inf, math.nan, math.nan)
        half = normal_quantile(confidence) * math.sqrt(float(self.covariance[covariate, covariate]))
        ends = (log_ratio, log_ratio - half, log_ratio + half)
        return Estimate(*(math.exp(min(end, _LARGEST_EXPONENT)) for end in ends))

    def p_value(self, covariate: int = 0) -> float:
        """Two-sided p value of Wald's test."""
        error = math.sqrt(float(self.covariance[covariate, covariate]))
        return float(2 * ndtr(-abs(float(self.coefficients[covariate])) / error))


def cox_two_arm(
    time_days: ArrayLike, event: ArrayLike, treated: ArrayLike, *, ties: Ties = "efron"
) -> CoxFit:
    """The hazard ratio of treated against control, for trials that are replicated many times.

    Args:
        time_days: (n,) times, day.
        event: (n,) event flags.
        treated: (n,) whether the patient is in the treated arm.
        ties: How tied events are treated.

    Returns:
        A fit with one coefficient, the same as `cox` gives.
    """
    data = checked(time_days, event)
    arm = np.asarray(treated).astype(np.bool_)
    if arm.shape != data.time_days.shape:
        raise InputError("arms and times differ in shape", value=arm.shape, allowed=f"{data.time_days.shape}")
    order = np.argsort(data.time_days, kind="stable")
    code, beta, information, fitted, null, steps = fit_two_arm(
        data.time_days[order], data.event[order], arm[order], ties == "efron"
    )
    outcomes = {
        NO_INFORMATION: Outcome.NO_INFORMATION,
        INFINITE: Outcome.INFINITE,
        NOT_CONVERGED: Outcome.NOT_CONVERGED,
    }
    variance = 1 / information if information > 0 else math.nan
    outcome = outcomes.get(code, Outcome.CONVERGED)
    return CoxFit(np.array([beta]), np.array([[variance]]), fitted, null, steps, outcome)


def cox(
    time_days: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
) -> CoxFit:
    """Fit a proportional hazards model with a few covariates.

    Args:
        time_days: (n,) times, day.
        event: (n,) event flags.
        covariates: (n,) or (n, p) finite covariates.
        strata: (n,) labels; each stratum has its own baseline hazard.
        ties: Efron's or Breslow's treatment of tied events.

    Raises:
        InputError: if a time or covariate is NaN, or shapes differ.

    References:
        Cox DR. J R Stat Soc B 1972;34:187-220, doi:10.1111/j.2517-6161.1972.tb00899.x.
        Efron B. J Am Stat Assoc 1977;72:557-565, doi:10.1080/01621459.1977.10480613.
        Breslow N. Biometrics 1974;30:89-99, doi:10.2307/2529620.
    """
    data = checked(time_days, event)
    design = np.asarray(covariates, dtype=np.float64)
    design = design[:, None] if design.ndim == 1 else design
    if design.ndim != 2 or design.shape[0] != len(data) or not np.isfinite(design).all():
        raise InputError(
            "covariates must be finite", value=design.shape, allowed=f"({len(data)}, p) without NaN"
        )
    layer = (
        np.zeros(len(data), dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    )
    spread = design.std(axis=0) if len(data) else np.zeros(design.shape[1])
    if not data.events or not (spread > 0).all():
        return _unknown(design.shape[1], Outcome.NO_INFORMATION)
    scaled = (design - design.mean(axis=0)) / spread
    order, risk = _risk_sets(data, layer, ties)
    return _newton(scaled[order], data.event[order], risk, spread)


class _RiskSets(NamedTuple):
    """Slices of the sorted patients: one row per event."""

    start: Integers
    """First patient of the stratum."""
    first_tied: Integers
    """First patient with the same time."""
    end: Integers
    """One past the last patient with the same time; the risk set is start to end."""
    fraction: Floats
    """Share of the tied events that Efron takes out of the risk set."""


def _risk_sets(data: Observations, layer: Integers, ties: Ties) -> tuple[Integers, _RiskSets]:
    order = np.lexsort((-data.time_days, layer))
    time, stratum, event = data.time_days[order], layer[order], data.event[order]
    new = np.ones(time.size, dtype=np.bool_)
    new[1:] = (time[1:] != time[:-1]) | (stratum[1:] != stratum[:-1])
    tied = np.cumsum(new) - 1
    first, stop = np.flatnonzero(new), np.append(np.flatnonzero(new)[1:], time.size)
    group = tied[event]
    deaths = np.bincount(group, minlength=first.size)
    rank = np.arange(group.size) - np.searchsorted(group, group, side="left")
    fraction = rank / deaths[group] if ties == "efron" else np.zeros(group.size)
    start = np.searchsorted(stratum, stratum, side="left")[event]
    return order, _RiskSets(start, first[group], stop[group], fraction)


def _newton(design: Floats, event: NDArray[np.bool_], risk: _RiskSets, spread: Floats) -> CoxFit:
    beta = np.zeros(design.shape[1])
    null, score, information = _derivatives(beta, design, event, risk)
    likelihood, outcome, step = null, Outcome.NOT_CONVERGED, 0
    for step in range(1, _MAX_ITERATIONS + 1):
        try:
            move = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return _unknown(beta.size, Outcome.NO_INFORMATION, null, step)
        proposal, score, information = _derivatives(beta + move, design, event, risk)
        while not proposal >= likelihood - _TOLERANCE * abs(likelihood):
            move = move / 2
            proposal, score, information = _derivatives(beta + move, design, event, risk)
        beta, gain, likelihood = beta + move, proposal - likelihood, proposal
        if abs(beta).max() > _RUNAWAY:
            outcome = Outcome.INFINITE
            beta = np.where(abs(beta) > _RUNAWAY, np.copysign(math.inf, beta), beta)
            break
        if abs(gain) < _TOLERANCE * (abs(likelihood) + 1) and abs(move).max() < 1e-6:
            outcome = Outcome.CONVERGED
            break
    if outcome is not Outcome.CONVERGED:
        return CoxFit(beta / spread, np.full((beta.size,) * 2, np.nan), likelihood, null, step, outcome)
    covariance = np.linalg.inv(information) / np.outer(spread, spread)
    return CoxFit(beta / spread, covariance, likelihood, null, step, outcome)


def _derivatives(
    beta: Floats, design: Floats, event: NDArray[np.bool_], risk: _RiskSets
) -> tuple[float, Floats, Floats]:
    """Log partial likelihood, its gradient (p,) and the observed information (p, p)."""
    predictor = design @ beta
    weight = np.exp(predictor - predictor.max())
    terms = np.concatenate(
        (
            np.ones((len(design), 1)),
            design,
            (design[:, :, None] * design[:, None, :]).reshape(len(design), -1),
        ),
        axis=1,
    )
    terms *= weight[:, None]
    at_risk = np.concatenate((np.zeros((1, terms.shape[1])), np.cumsum(terms, axis=0)))
    dying = np.concatenate((np.zeros((1, terms.shape[1])), np.cumsum(terms * event[:, None], axis=0)))
    tied = dying[risk.end] - dying[risk.first_tied]
    sums = at_risk[risk.end] - at_risk[risk.start] - risk.fraction[:, None] * tied
    total, mean = sums[:, 0], sums[:, 1 : beta.size + 1] / sums[:, :1]
    second = (sums[:, beta.size + 1 :] / sums[:, :1]).sum(axis=0).reshape(beta.size, beta.size)
    likelihood = float(predictor[event].sum() - (np.log(total) + predictor.max()).sum())
    return likelihood, design[event].sum(axis=0) - mean.sum(axis=0), second - mean.T @ mean


def _unknown(covariates: int, outcome: Outcome, null: float = math.nan, step: int = 0) -> CoxFit:
    return CoxFit(
        np.full(covariates, np.nan), np.full((covariates, covariates), np.nan), math.nan, null, step, outcome
    )
