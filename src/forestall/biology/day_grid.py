"""Where a day is cut for quadrature: at doses and ends of infusions, and as finely between them as the drug's effects ask.

The effects of a typical patient are followed through the first dosing cycle and through one at steady state, for slow, typical and
fast elimination. A stretch of time is fine enough if two Gauss-Legendre points integrate every effect over it as well as eight do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Callable[[Array, bool], Array]
"""Effects, (V, A, X, times), at times in days from the start of a cycle: of the first one, or (True) of one at steady state."""

TOLERANCE, KILLING_TOLERANCE = 1e-5, 1e-6
"""Largest error of the integral of an effect (dimensionless, times a day) over one stretch, per day between doses: of a drug
that acts on signaling, and of one that only kills, whose stretches cost little."""
SHORTEST_DAYS = 1.0 / 256
_TWO = np.polynomial.legendre.leggauss(2)
_EIGHT = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True)
class TypicalEffects:
    """What one drug does in a typical patient, and in those who eliminate it slowly and fast."""

    rate: Array
    """(V, TERMS) elimination rates of V variants, 1/day."""
    scale: Array
    """(V, TERMS) mg/L per mg given."""
    potency: Array
    """(A, X) concentration in plasma of half effect in each exposure class, mg/L."""
    hill: Array
    """(A,)."""

    def concentration(self, since: Array, infusion_days: float, cycle_days: float) -> tuple[Array, Array]:
        """(V, times) mg/L per mg from one dose, and from the doses of all cycles before it.

        Args:
            since: (times,) days since the start of the dose, at least minus a cycle; before it the dose gives nothing.
            infusion_days: 0 for a bolus or an oral dose.
            cycle_days: Days between doses.
        """
        rate, scale = self.rate[:, None, :], self.scale[:, None, :]
        age = np.maximum(since, 0.0)[None, :, None]
        whole, running, after = scale, np.ones_like(age), age
        if infusion_days > 0:
            after = np.maximum(age - infusion_days, 0.0)
            running = -np.expm1(-rate * np.minimum(age, infusion_days)) / (rate * infusion_days)
            whole = scale * np.expm1(rate * infusion_days) / (rate * infusion_days)
        one = np.where(since >= 0, (scale * running * np.exp(-rate * after)).sum(axis=2), 0.0)
        before = np.exp(-rate * np.maximum(since + cycle_days, 0.0)[None, :, None])
        earlier = (whole * before / -np.expm1(-rate * cycle_days)).sum(axis=2)
        return one, earlier

    def effects(self, plasma: Array) -> Array:
        """(V, A, X, times) effects, relative to the largest, of concentrations (V, times) in mg/L."""
        ratio = np.maximum(plasma, 0.0)[:, None, None, :] / self.potency[None, :, :, None]
        powered = ratio ** self.hill[None, :, None, None]
        return np.asarray(powered / (1.0 + powered))


@dataclass(frozen=True)
class Doses:
    """The doses of one component of a regimen in one cycle."""

    begins: tuple[float, ...]
    """Days from the start of the cycle."""
    cycle_days: int
    amount_mg: float
    infusion_days: float


def cycle_curves(drug: TypicalEffects, doses: Doses) -> Curve:
    """Effects in the first cycle and in one at steady state, as functions of the time in the cycle."""
    begins = np.array(doses.begins)

    def curves(times: Array, steady: bool) -> Array:
        since = times - begins[:, None]
        one, earlier = drug.concentration(since.ravel(), doses.infusion_days, doses.cycle_days)
        plasma = (one + earlier if steady else one).reshape(-1, begins.size, times.size).sum(axis=1)
        return drug.effects(doses.amount_mg * plasma)

    return curves


def is_fine(curves: Curve, steady: bool, begin: float, end: float, tolerance: float) -> bool:
    """Whether two points integrate every curve over a stretch of time well enough.

    Args:
        curves: The effects.
        steady: Whether at steady state.
        begin: Start, days.
        end: End, days.
        tolerance: Largest difference between the integrals by two and by eight points, days.
    """
    half = 0.5 * (end - begin)
    integrals = [
        half * curves(begin + half * (1 + points), steady) @ weights for points, weights in (_TWO, _EIGHT)
    ]
    return bool(np.abs(integrals[0] - integrals[1]).max(initial=0.0) <= tolerance)


def cuts(curves: Curve, steady: bool, begin: float, end: float, tolerance: float) -> list[float]:
    """Points strictly inside a stretch of time at which it must be cut, by repeated halving.

    Args:
        curves: The effects.
        steady: Whether at steady state.
        begin: Start, days.
        end: End, days.
        tolerance: As for `is_fine`.
    """
    if end - begin <= 2 * SHORTEST_DAYS or is_fine(curves, steady, begin, end, tolerance):
        return []
    middle = 0.5 * (begin + end)
    return [
        *cuts(curves, steady, begin, middle, tolerance),
        middle,
        *cuts(curves, steady, middle, end, tolerance),
    ]


def reaching(curves: Curve, classes: int) -> Curve:
    """The same effects in the first few exposure classes only."""
    return lambda times, steady: curves(times, steady)[:, :, :classes]


def rise(curves: Curve, steady: bool, begin: float) -> float:
    """Largest rise of an effect in the half day after a dose at `begin`, in the typical patient, wherever there are lesions.

    Args:
        curves: The effects.
        steady: Whether at steady state.
        begin: Time of the dose, days.
    """
    effects = curves(begin + np.linspace(0.0, 0.5, 17), steady)
    typical = effects[effects.shape[0] // 2]
    return float((typical - typical[:, :, :1]).max(initial=0.0))
