"""Loewe additivity from single-agent curves that are given as tables.

A combination of doses d_i is additive at the response y if sum_i d_i / D_i(y) = 1, where D_i(y) is the dose of drug i that has this
response alone. The left side falls as the effect grows, so that there is one y; a drug that cannot reach y has D_i(y) = infinity,
which leaves the response of the others. A drug combined with itself is additive by construction.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_HALVINGS = 50
_LEAST_FALL = 1e-12


def falling(responses: Array) -> Array:
    """The curves (n, m) as Loewe's equation needs them: never rising, and at most 1.

    A curve that rises again with the dose keeps its lowest response: the equation asks for the smallest dose with an effect.
    """
    return np.asarray(np.minimum.accumulate(np.minimum(responses, 1.0), axis=1))


@njit(cache=True, error_model="numpy")
def _dose_for(response: float, log_dose: Array, curve: Array) -> float:
    """The smallest dose with a response, or infinity; `curve` falls from 1 at dose 0."""
    last = curve.shape[0] - 1
    if response < curve[last]:
        return np.inf
    if response >= curve[0]:
        share = (1.0 - response) / max(1.0 - curve[0], _LEAST_FALL)
        return float(np.exp(log_dose[0]) * share)
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if curve[middle] <= response:
            high = middle
        else:
            low = middle
    share = (curve[low] - response) / max(curve[low] - curve[high], _LEAST_FALL)
    return float(np.exp(log_dose[low] + share * (log_dose[high] - log_dose[low])))


@njit(cache=True, error_model="numpy")
def _index(response: float, doses: Array, curve_of: Ints, log_doses: Array, curves: Array) -> float:
    total = 0.0
    for k in range(doses.shape[0]):
        if doses[k] > 0.0:
            row = curve_of[k]
            alone = _dose_for(response, log_doses[row], curves[row])
            total += doses[k] / alone if alone > 0.0 else np.inf
    return total


@njit(cache=True, error_model="numpy")
def additive_responses(doses: Array, curve_of: Ints, log_doses: Array, curves: Array) -> Array:
    """The response that Loewe additivity expects.

    Args:
        doses: (n, k) doses of the k drugs of n combinations.
        curve_of: (n, k) row of each drug's curve.
        log_doses: (curves, m) natural logarithm of the doses of each curve, ascending.
        curves: (curves, m) responses as fractions of the untreated one, from `falling`.

    Returns:
        (n,) fractions of the untreated response.

    References:
        Loewe S. Arzneimittelforschung 1953;3:285-90, PMID 13081480. Berenbaum MC. Pharmacol Rev 1989;41:93-141, PMID 2692037.
    """
    expected = np.empty(doses.shape[0])
    for i in range(doses.shape[0]):
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if _index(middle, doses[i], curve_of[i], log_doses, curves) > 1.0:
                high = middle
            else:
                low = middle
        expected[i] = high
    return expected


@njit(cache=True, error_model="numpy")
def combination_indices(
    responses: Array, doses: Array, curve_of: Ints, log_doses: Array, curves: Array
) -> Array:
    """Loewe's combination index sum_i d_i / D_i(y) at the observed responses (n,): below 1 is synergy.

    The other arguments are those of `additive_responses`. It is 0 where no drug reaches the response alone.
    """
    found = np.empty(doses.shape[0])
    for i in range(doses.shape[0]):
        found[i] = _index(responses[i], doses[i], curve_of[i], log_doses, curves)
    return found
