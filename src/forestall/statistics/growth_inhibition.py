"""Growth-rate inhibition (GR) metrics, which do not depend on how fast a cell line divides.

GR = 2^(k / k0) - 1 with the growth rates k under treatment and k0 without: 1 no effect, 0 no net growth, negative where cells die.

References:
    Hafner M et al. Nat Methods 2016;13:521-7, doi:10.1038/nmeth.3853.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.hill_fit import fit_hill

Array = NDArray[np.float64]

_HALF = 0.5


def growth_rate_inhibition(growth: Array, untreated: Array) -> Array:
    """GR values.

    Args:
        growth: Net growth under treatment: rates, or logarithms of the fold change over the same time.
        untreated: The same without treatment, positive; broadcasts against `growth`.

    Returns:
        GR values between -1 and 1 (above 1 where treatment speeds growth up).
    """
    return np.asarray(np.exp2(np.asarray(growth) / np.asarray(untreated)) - 1.0)


@dataclass(frozen=True)
class GrowthInhibition:
    """GR metrics of n dose-response series."""

    gr50: Array
    """(n,) dose at which GR is 0.5; infinite if the curve stays above."""
    gr_max: Array
    """(n,) GR at the highest dose."""
    gr_aoc: Array
    """(n,) area over the curve per decade of dose (its mean): 0 without effect, 1 for full arrest at every dose."""
    gr_infinity: Array
    """(n,) GR at infinite dose, from the fitted curve."""
    hill: Array
    """(n,) slope of the fitted curve."""


def gr_metrics(doses: Array, values: Array) -> GrowthInhibition:
    """GR metrics of series that share their doses.

    Args:
        doses: (m,) positive, ascending, at least two.
        values: (n, m) GR values.

    Returns:
        The metrics; GR50 from the fitted curve GR_inf + (1 - GR_inf) / (1 + (d / GEC50)^h).
    """
    # GR lies in [-1, 1]; the fit is bounded at 0, so it sees (GR + 1) / 2.
    fitted = fit_hill(doses, (values + 1) / 2, np.ones(len(values)))
    bottom = 2 * fitted.end - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = (1 - _HALF) / (_HALF - bottom)
        gr50 = np.where(bottom < _HALF, fitted.potency * odds ** (1 / fitted.slope), np.inf)
    logs = np.log10(doses)
    over = ((1 - (values[:, 1:] + values[:, :-1]) / 2) * np.diff(logs)).sum(axis=1) / (logs[-1] - logs[0])
    return GrowthInhibition(gr50, values[:, -1], over, bottom, fitted.slope)
