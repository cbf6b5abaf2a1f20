"""Proportional hazards for interval-censored times, with a hazard constant between a few cut points."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from forestall.errors import InputError
from forestall.statistics.cox import CoxFit, Outcome
from forestall.statistics.estimate import Bools, Floats, Integers
from forestall.statistics.interval_censored import checked_intervals

_MAX_ITERATIONS = 60
_TOLERANCE = 1e-9
_FLAT = 1e4
"""Variance of a scaled coefficient from which on the likelihood is flat: the coefficient runs to infinity."""


def interval_hazard_ratio(
    left_days: ArrayLike, right_days: ArrayLike, covariates: ArrayLike, *, pieces: int = 6
) -> CoxFit:
    """Fit hazard ratios to interval-censored times.

    Args:
        left_days: (n,) last time known to be free of the event, day.
        right_days: (n,) first time known to have had it, day; equal to the left end if exact, infinite if
            never seen.
        covariates: (n,) or (n, p) finite covariates.
        pieces: At most this many pieces of constant baseline hazard, cut at quantiles of the right ends.

    Returns:
        A fit whose likelihoods are full, not partial.

    Raises:
        InputError: if an interval is NaN or inverted, or a covariate is not finite.

    Notes:
        Cumulative hazard H(t) = exp(x b) sum_k l_k E_k(t), E_k the days spent in piece k. A patient adds
        the log of exp(-H(left)) - exp(-H(right)), of the density at an exact time, or of exp(-H(left)).

    References:
        Lindsey JC, Ryan LM. Stat Med 1998;17:219-238.
    """
    left, right = checked_intervals(left_days, right_days)
    design = np.asarray(covariates, dtype=np.float64)
    design = design[:, None] if design.ndim == 1 else design
    if design.shape[0] != left.size or not np.isfinite(design).all():
        raise InputError(
            "covariates must be finite", value=design.shape, allowed=f"({left.size}, p) without NaN"
        )
    seen = np.isfinite(right)
    if not seen.any() or not (np.ptp(design, axis=0) > 0).all():
        nothing = np.full((design.shape[1],) * 2, np.nan)
        return CoxFit(nothing[0], nothing, math.nan, math.nan, 0, Outcome.NO_INFORMATION)
    spread = design.std(axis=0)
    terms = _terms(left, right, (design - design.mean(axis=0)) / spread, pieces)
    start = np.full(terms.before.shape[1], math.log(seen.sum() / (left.sum() + 1.0)))
    fixed, _, _, _ = _climb(terms._replace(design=terms.design[:, :0]), start)
    null = _derivatives(fixed, terms._replace(design=terms.design[:, :0]))[0]
    theta, covariance, outcome, steps = _climb(terms, np.append(fixed, np.zeros(design.shape[1])))
    likelihood = _derivatives(theta, terms)[0]
    cuts = start.size
    beta, scaled = theta[cuts:], covariance[cuts:, cuts:]
    if (runaway := np.diag(scaled) > _FLAT).any():
        beta, outcome = np.where(runaway, np.copysign(math.inf, beta), beta), Outcome.INFINITE
    return CoxFit(beta / spread, scaled / np.outer(spread, spread), likelihood, null, steps, outcome)


class _Terms(NamedTuple):
    """What the likelihood needs of each patient."""

    design: Floats
    """(n, p) scaled covariates."""
    before: Floats
    """(n, k) days in each piece up to the left end."""
    within: Floats
    """(n, k) days in each piece between the ends; zero unless interval-censored."""
    censored: Bools
    """(n,) event inside an interval."""
    exact: Bools
    """(n,) event at a known time."""
    piece: Integers
    """(n,) piece of the exact time."""


def _terms(left: Floats, right: Floats, design: Floats, pieces: int) -> _Terms:
    seen = np.isfinite(right)
    inner = np.unique(np.quantile(right[seen], np.arange(1, pieces) / pieces, method="inverted_cdf"))
    edges = np.concatenate(([0.0], inner[(inner > 0) & (inner < right[seen].max())], [math.inf]))
    starts, widths = edges[:-1], np.diff(edges)
    before = np.clip(left[:, None] - starts, 0, widths)
    until = np.clip(np.where(seen, right, left)[:, None] - starts, 0, widths)
    exact = left == right
    piece = np.maximum(np.searchsorted(edges, left, side="left") - 1, 0)
    return _Terms(design, before, until - before, seen & ~exact, exact, piece)


def _derivatives(theta: Floats, terms: _Terms) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient and negative Hessian by (log hazards, coefficients)."""
    pieces = terms.before.shape[1]
    predictor = terms.design @ theta[pieces:]
    hazard = np.exp(np.clip(theta[:pieces], -60, 60)) * np.exp(np.clip(predictor, -60, 60))[:, None]
    first, second = terms.before * hazard, (terms.within * hazard)[terms.censored]
    survived, passed = first.sum(axis=1), second.sum(axis=1)
    with np.errstate(divide="ignore", over="ignore"):
        likelihood = np.log(-np.expm1(-passed)).sum() - survived.sum()
        gain = 1 / np.expm1(passed)
    likelihood += theta[terms.piece[terms.exact]].sum() + predictor[terms.exact].sum()
    slope_first = np.concatenate((first, survived[:, None] * terms.design), axis=1)
    slope_second = np.concatenate((second, passed[:, None] * terms.design[terms.censored]), axis=1)
    gradient = gain @ slope_second - slope_first.sum(axis=0)
    gradient[:pieces] += np.bincount(terms.piece[terms.exact], minlength=pieces)
    gradient[pieces:] += terms.design[terms.exact].sum(axis=0)
    curvature = _second_order(first, np.ones(len(first)), terms.design)
    curvature -= _second_order(second, gain, terms.design[terms.censored])
    curvature += (slope_second * (gain * (1 + gain))[:, None]).T @ slope_second
    return float(likelihood), gradient, curvature


def _second_order(parts: Floats, weight: Floats, design: Floats) -> Floats:
    """Weighted sum over patients of the second derivatives of a cumulative hazard."""
    weighted = parts * weight[:, None]
    mixed = weighted.T @ design
    own = design.T @ (design * weighted.sum(axis=1)[:, None])
    return np.block([[np.diag(weighted.sum(axis=0)), mixed], [mixed.T, own]])


def _climb(terms: _Terms, theta: Floats) -> tuple[Floats, Floats, Outcome, int]:
    """Newton's method with step halving and a ridge where the likelihood is flat.

    It stops when Newton's model promises no more gain: a piece without events sends its log hazard down
    for ever.
    """
    likelihood, gradient, curvature = _derivatives(theta, terms)
    for step in range(1, _MAX_ITERATIONS + 1):
        move = np.linalg.solve(_positive(curvature), gradient)
        promised = float(move @ gradient)
        proposal = _derivatives(theta + move, terms)
        while not proposal[0] >= likelihood - _TOLERANCE * abs(likelihood):
            move = move / 2
            proposal = _derivatives(theta + move, terms)
        theta, gain = theta + move, proposal[0] - likelihood
        likelihood, gradient, curvature = proposal
        if gain < _TOLERANCE * (abs(likelihood) + 1) and promised < _TOLERANCE * (abs(likelihood) + 1):
            covariance = np.asarray(np.linalg.inv(_positive(curvature)), dtype=np.float64)
            return theta, covariance, Outcome.CONVERGED, step
    return theta, np.full_like(curvature, np.nan), Outcome.NOT_CONVERGED, _MAX_ITERATIONS


def _positive(curvature: Floats) -> Floats:
    values, vectors = np.linalg.eigh(curvature)
    floor = 1e-8 * max(1.0, float(values.max()))
    return np.asarray(vectors * np.maximum(values, floor) @ vectors.T, dtype=np.float64)
