"""How a treatment loses its effect on cells that it leaves alive, without a new alteration.

Of what a treatment does to the rates of a cell the share exp(-a t) is left t days after it was begun: the rates go back to those
without treatment. Models of tumor growth inhibition have such a resistance to the effect of a drug (Claret et al. 2009, J Clin Oncol
27:4103, doi 10.1200/JCO.2008.21.0807); that it is exponential and takes all rates alike is assumed here. Alterations and tolerant
cells come on top of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import PatientRates
from forestall.engine.kernels import bare_kernel, bare_kernel_with

Array = NDArray[np.float64]


@bare_kernel_with(forceinline=True)
def effect_left(p: PatientRates, day: float) -> float:
    """Share of a treatment's effect that is left some days after it was begun."""
    return math.exp(-p.waning * day)


@bare_kernel
def effect_on_days(p: PatientRates, day: int, days: int, out: Array) -> None:
    """Write the share that is left on each of some days (at noon), counted from the day on which the treatment was begun.

    Args:
        p: The patient.
        day: The first of them.
        days: Their number.
        out: (days,) receives the shares.
    """
    for j in range(days):
        out[j] = effect_left(p, day + j + 0.5)


@bare_kernel_with(inline="always")
def toward_rest(treated: Any, rest: Any, left: float) -> Any:
    """A rate under the treatment, brought back toward that at rest: of one lane, of several at once or of an array."""
    return treated + (1.0 - left) * (rest - treated)


@bare_kernel
def wane(p: PatientRates, day: float) -> None:
    """Bring the rates in `p.now` back toward rest by the share of the effect that is lost on a day of the treatment."""
    left = effect_left(p, day)
    for row in range(p.rest.shape[0]):
        for lane in range(p.rest.shape[1]):
            p.now[row, lane] = toward_rest(p.now[row, lane], p.rest[row, lane], left)
