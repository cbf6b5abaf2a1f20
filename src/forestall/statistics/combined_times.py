"""What single-agent survival curves say of a combination when the drugs act independently or additively.

A curve is a Weibull law through what was published of it. Two times of one patient are joined by a Gaussian copula on a lattice
of quantiles, so that results carry no sampling error and no seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from forestall.errors import InputError
from forestall.statistics.estimate import Floats

_LATTICE = 300
"""Quantiles of each of two drugs; the error of a hazard ratio is below 0.005."""
_GRID = 4000
_LARGEST_LOG_RATIO = 8.0


@dataclass(frozen=True, slots=True)
class Weibull:
    """S(t) = exp(-(t / scale)^shape)."""

    scale: float
    """Time by which 63% had the event, months."""
    shape: float = 1.0
    """1 for an exponential law."""

    @classmethod
    def of_median(cls, median: float) -> Self:
        """The exponential law with a median, months."""
        return cls(median / math.log(2))

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> Self:
        """The law through (time, survival) points: exact for one or two, least squares of log(-log S) for more.

        One point gives an exponential law.

        Raises:
            InputError: if there is no point, or the curve does not fall.
        """
        inside = sorted({(time, share) for time, share in points if time > 0 and 0 < share < 1})
        if not inside:
            raise InputError("no point of the curve is known", value=list(points))
        log_time, log_hazard = np.array([(math.log(t), math.log(-math.log(s))) for t, s in inside]).T
        if np.ptp(log_time) == 0:
            return cls(math.exp(log_time[0] - float(log_hazard.mean())))
        shape, shift = np.polyfit(log_time, log_hazard, 1)
        if shape <= 0:
            raise InputError("the curve does not fall", value=list(points))
        return cls(math.exp(-shift / shape), float(shape))

    @property
    def median(self) -> float:
        """Months."""
        return float(self.quantile(np.array(0.5)))

    def quantile(self, failed: Floats) -> Floats:
        """Time by which a share of the patients had the event, months."""
        return np.asarray(self.scale * (-np.log1p(-failed)) ** (1 / self.shape))


def independent_action(first: Weibull, second: Weibull, rank_correlation: float) -> Floats:
    """Times of patients who each benefit from the better of two drugs, months.

    Args:
        first: Curve of one drug.
        second: Curve of the other.
        rank_correlation: Spearman correlation of a patient's two times, -1 to 1.

    References:
        Palmer AC, Sorger PK. Cell 2017;171:1678-91. doi:10.1016/j.cell.2017.11.009
    """
    one, other = _pairs(first, second, rank_correlation)
    return np.maximum(one, other)


def additive(first: Weibull, second: Weibull, rank_correlation: float, first_scan: float) -> Floats:
    """Times of patients who benefit from one drug after the other's benefit, months.

    A time is PFS_A + PFS_B less the time to the first scan, which both drugs' times hold even without benefit; it is never
    below either drug's own.

    Args:
        first: Curve of one drug.
        second: Curve of the drug whose time to the first scan is not counted.
        rank_correlation: Spearman correlation of a patient's two times, -1 to 1.
        first_scan: Time to the first scan, months.

    References:
        Hwangbo H et al. Nat Cancer 2023;4:1693-704. doi:10.1038/s43018-023-00667-z
    """
    one, other = _pairs(first, second, rank_correlation)
    return np.maximum(one + np.maximum(other - first_scan, 0), other)


def alone(curve: Weibull) -> Floats:
    """Times of patients under one drug, as many as a pair of drugs has, months."""
    return curve.quantile(_middles(_LATTICE**2))


def hazard_ratio_of(treated: Floats, control: Floats, horizon: float) -> float:
    """The hazard ratio that a large trial with equal arms would report from these times.

    It is the root of Cox's score at infinitely many patients, so it is defined without proportional hazards too.

    Args:
        treated: (n,) times.
        control: (m,) times.
        horizon: Follow-up, in the same unit; later events are not seen.
    """
    edges = np.append(np.linspace(0, horizon, _GRID + 1), np.inf)
    risk, events = zip(*(_at_risk(times, edges) for times in (treated, control)), strict=True)
    if min(events[0].sum(), events[1].sum()) == 0:
        return math.nan

    def score(log_ratio: float) -> float:
        weighted = math.exp(log_ratio) * risk[0]
        share = np.divide(
            weighted, weighted + risk[1], out=np.zeros_like(weighted), where=weighted + risk[1] > 0
        )
        return float(events[0].sum() - ((events[0] + events[1]) * share).sum())

    return math.exp(brentq(score, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO, xtol=1e-7))


def _at_risk(times: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Share at risk in the middle of each interval, and share of events in it."""
    events = np.histogram(times, edges)[0][:-1] / times.size
    before = 1 - np.concatenate([[0.0], np.cumsum(events)[:-1]])
    return before - events / 2, events


def _middles(count: int) -> Floats:
    return (np.arange(count) + 0.5) / count


def _pairs(first: Weibull, second: Weibull, rank_correlation: float) -> tuple[Floats, Floats]:
    """Both times of each patient of the lattice, (n,) each."""
    if not -1 <= rank_correlation <= 1:
        raise InputError("not a correlation", value=rank_correlation, allowed="-1 to 1")
    pearson = 2 * math.sin(math.pi * rank_correlation / 6)
    normal = ndtri(_middles(_LATTICE))
    one, rest = (part.ravel() for part in np.meshgrid(normal, normal, indexing="ij"))
    other = pearson * one + math.sqrt(max(0.0, 1 - pearson**2)) * rest
    return first.quantile(ndtr(one)), second.quantile(ndtr(other))
