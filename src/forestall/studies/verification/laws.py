"""Birth, death and immigration: extinction, mean and variance, and two models of the DSMTS.

References:
    Kendall DG. On the generalized "birth-and-death" process. Ann Math Stat 1948;19:1.
    Evans TW, Gillespie CS, Wilkinson DJ. The SBML discrete stochastic models test suite. Bioinformatics 2008;24:285.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from forestall.engine.branching.landscape import TableLandscape
from forestall.statistics.goodness_of_fit import chi_square
from forestall.studies.verification.models import burdens, one_type, outcomes, watched
from forestall.studies.verification.verdict import Effort, Verdict, by_p_value, by_score, share_score

Array = NDArray[np.float64]

_KENDALL = "Kendall 1948"
_DSMTS = "Evans and others 2008"
_Z_LIMIT, _Y_LIMIT = 3.0, 5.0
_VARIANCE_FALSE_ALARM = 1e-4
"""Of the largest of 50 scores of the variance: below this for either model (Gaussian, correlated as the process is)."""
_RATES = ((0.14, 0.13), (0.13, 0.14), (0.2, 0.2), (0.3, 0.0))


def extinct_by(b: float, d: float, days: Array) -> Array:
    """Probability that one cell has no descendants after some days."""
    if b == d:
        return np.asarray(b * days / (1.0 + b * days))
    growth = np.exp((b - d) * days)
    return np.asarray(d * (growth - 1.0) / (b * growth - d))


def checks(effort: Effort) -> Iterator[Verdict]:
    """All checks of this module."""
    yield from _extinction(effort)
    yield from _birth_death(effort)
    yield from _immigration_death(effort)


def _extinction(effort: Effort) -> Iterator[Verdict]:
    n, start, days = effort.of(100_000), 5, np.arange(0.0, 101.0, 10.0)
    for k, (b, d) in enumerate(_RATES):
        sizes = burdens(
            outcomes(one_type(b, d), start, watched(100.0, 10.0), n, effort.seed + k, grown=False)
        )
        expected = extinct_by(b, d, days) ** start
        what = f"b = {b:g}, d = {d:g}, {start} cells"
        hits = sizes[:, 1:] == 0.0
        if d > 0.0:
            yield by_score(
                f"extinction by day 10 to 100, {what}", _KENDALL, n, share_score(hits, expected[1:])
            )
            when = np.argmax(np.append(hits, np.ones((n, 1), bool), axis=1), axis=1)
            law = np.diff(np.append(expected, 1.0))
            yield by_p_value(f"time of extinction, {what}", _KENDALL, n, chi_square(when, law))
        yield by_score(
            f"mean after 100 days, {what}", _KENDALL, n, _mean_score(sizes[:, -1], b, d, start, 100.0)
        )


def moments(b: float, d: float, cells: float, days: float) -> tuple[float, float]:
    """Mean and variance of the descendants of some cells."""
    r = b - d
    mean = cells * math.exp(r * days)
    if r == 0.0:
        return mean, 2.0 * b * days * cells
    return mean, cells * (b + d) / r * math.exp(r * days) * math.expm1(r * days)


def _mean_score(sample: Array, b: float, d: float, cells: float, days: float) -> float:
    mean, variance = moments(b, d, cells, days)
    return float((sample.mean() - mean) / math.sqrt(variance / sample.size))


def dsmts_scores(sizes: Array, means: Array, variances: Array) -> tuple[Array, Array]:
    """Z of the mean and Y of the variance at each time, as the DSMTS defines them."""
    n = sizes.shape[0]
    z = np.sqrt(n) * (sizes.mean(axis=0) - means) / np.sqrt(variances)
    y = np.sqrt(n / 2.0) * (((sizes - means) ** 2).mean(axis=0) / variances - 1.0)
    return z, y


def _dsmts(claim: str, sizes: Array, means: Array, variances: Array, false_alarm: float) -> Iterator[Verdict]:
    """Verdicts on mean and variance; `false_alarm` is that of the largest of all scores of the mean."""
    z, y = dsmts_scores(sizes, means, variances)
    n, worst_z, worst_y = sizes.shape[0], float(z[np.argmax(abs(z))]), float(y[np.argmax(abs(y))])
    yield Verdict(f"{claim}, mean", _DSMTS, n, "largest Z", worst_z, -_Z_LIMIT, _Z_LIMIT, false_alarm)
    yield Verdict(
        f"{claim}, variance", _DSMTS, n, "largest Y", worst_y, -_Y_LIMIT, _Y_LIMIT, _VARIANCE_FALSE_ALARM
    )


def _birth_death(effort: Effort) -> Iterator[Verdict]:
    """DSMTS 001-01: 100 cells, division 0.1, death 0.11, days 1 to 50."""
    b, d, cells = 0.1, 0.11, 100.0
    days = np.arange(1.0, 51.0)
    sizes = burdens(
        outcomes(one_type(b, d), cells, watched(50.0, 1.0), effort.of(20_000), effort.seed, grown=False)
    )
    known = np.array([moments(b, d, cells, day) for day in days])
    yield from _dsmts("DSMTS birth-death, days 1 to 50", sizes[:, 1:], known[:, 0], known[:, 1], 0.03)


def _immigration_death(effort: Effort) -> Iterator[Verdict]:
    """DSMTS 002-01: immigration 1, death 0.1, none at the start: Poisson at each time.

    One immortal cell whose divisions all yield an altered daughter is the source.
    """
    source = TableLandscape((1.0,), {0: [[1.0, 0.0, 0.0, 0.0, 0.0]], 1: [[0.0, 0.1, 0.0, 0.0, 0.0]]})
    sizes = (
        burdens(outcomes(source, 1.0, watched(50.0, 1.0), effort.of(20_000), effort.seed, grown=False)) - 1.0
    )
    means = -10.0 * np.expm1(-0.1 * np.arange(1.0, 51.0))
    yield from _dsmts("DSMTS immigration-death, days 1 to 50", sizes[:, 1:], means, means, 0.065)
