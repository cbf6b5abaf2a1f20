"""Linear mammillary disposition as a sum of exponentials.

One, two or three compartments with elimination from the central one, and first-order absorption from a depot
if the drug is not given into a vein. The concentration after a unit dose is C(t) = sum_k coefficient_k
exp(-rate_k t), and every dosing history is a sum of shifted copies of it.

Notes:
    The transfer function from a dose into the central compartment to the concentration is H(s) = prod_j (s +
    k_j1) / (V prod_i (s + p_i)), with k_j1 = Q_j / V_j the rates back from the periphery and p_i the
    disposition rates, which are the eigenvalues of a symmetric matrix and hence real and positive. A depot
    multiplies H by ka / (s + ka). The coefficients are the residues of H.

    When ka (almost) equals a disposition rate the residues blow up. Then both poles are moved apart
    symmetrically about their mean m, to m (1 - d) and m (1 + d), and all residues are taken at the moved
    poles. Because the mean is kept, H changes only in second order: the relative error of C(t) is (d m t)^2 /
    6. With d = 1e-5 it stays under 1e-6 for 240 / m, by when the dose has decayed by a factor e^240, and
    rounding (about 1e-16 / d) costs 1e-11. Sums stay sums of four plain exponentials, which is what the
    course kernel wants; they need double precision in this case.

References:
    Benet LZ. General treatment of linear mammillary models with elimination from any compartment as used in
    pharmacokinetics. J Pharm Sci 1972;61:536-541.
    Gibaldi M, Perrier D. Pharmacokinetics, 2nd ed. New York: Marcel Dekker; 1982.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forestall.errors import InputError

Array = NDArray[np.float64]

MAX_TERMS = 4
"""Three compartments and a depot."""
POLE_SPREAD = 1e-5
"""Closest that an absorption and a disposition rate may come to their mean, as a fraction of it."""


@dataclass(frozen=True)
class ExponentialTerms:
    """Concentration after a unit dose, for n patients, as a sum of k exponentials."""

    rate: Array
    """(n, k), 1/day, positive."""
    coefficient: Array
    """(n, k), mg/L per mg; may be negative (absorption)."""

    @property
    def patients(self) -> int:
        """Number of patients n."""
        return int(self.rate.shape[0])

    def scaled(self, factor: ArrayLike) -> ExponentialTerms:
        """The same terms with each patient's concentration multiplied, for instance by a bioavailability.

        Args:
            factor: A number or (n,).
        """
        scale = np.broadcast_to(np.asarray(factor, float), (self.patients,))
        return replace(self, coefficient=self.coefficient * scale[:, None])


@dataclass(frozen=True)
class Disposition:
    """Volumes and clearances of n patients."""

    clearance: Array
    """(n,), L/day, from the central compartment."""
    central_volume: Array
    """(n,), L."""
    exchange: tuple[tuple[Array, Array], ...] = ()
    """Up to two pairs (intercompartmental clearance (n,) in L/day, peripheral volume (n,) in L)."""

    @classmethod
    def of(
        cls,
        clearance: ArrayLike,
        central_volume: ArrayLike,
        exchange: Sequence[tuple[ArrayLike, ArrayLike]] = (),
    ) -> Disposition:
        """Broadcast numbers and arrays to one number of patients, and check them.

        Args:
            clearance: L/day.
            central_volume: L.
            exchange: Pairs (intercompartmental clearance in L/day, peripheral volume in L), at most two.

        Raises:
            InputError: if there are more than two pairs or a value is not positive and finite.
        """
        if len(exchange) > MAX_TERMS - 2:
            raise InputError("too many compartments", value=len(exchange) + 1, allowed="one, two or three")
        flat = [clearance, central_volume, *(value for pair in exchange for value in pair)]
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, float)) for value in flat))
        names = ["clearance", "central volume", *["intercompartmental clearance", "peripheral volume"] * 2]
        for name, array in zip(names, arrays, strict=False):
            _positive(name, array)
        pairs = tuple(zip(arrays[2::2], arrays[3::2], strict=True))
        return cls(arrays[0], arrays[1], pairs)


def bolus_terms(disposition: Disposition) -> ExponentialTerms:
    """Concentration after 1 mg into the central compartment.

    Args:
        disposition: Volumes and clearances of n patients.

    Returns:
        Terms with one exponential per compartment.
    """
    poles = disposition_rates(disposition)
    gain = 1.0 / disposition.central_volume
    return ExponentialTerms(poles, _residues(poles, _return_rates(disposition), gain))


def absorbed_terms(disposition: Disposition, absorption_rate: ArrayLike) -> ExponentialTerms:
    """Concentration after 1 mg into a depot that empties into the central compartment.

    Args:
        disposition: Volumes and clearances of n patients.
        absorption_rate: ka in 1/day, a number or (n,).

    Returns:
        Terms with one exponential per compartment and one for the depot.

    Raises:
        InputError: if an absorption rate is not positive and finite.
    """
    rate = np.broadcast_to(np.asarray(absorption_rate, float), disposition.clearance.shape)
    _positive("absorption rate", rate)
    poles = _spread(disposition_rates(disposition), rate)
    gain = rate / disposition.central_volume
    return ExponentialTerms(poles, _residues(poles, _return_rates(disposition), gain))


def held_terms(terms: ExponentialTerms, rate: float) -> ExponentialTerms:
    """Concentration at a site that follows the plasma with a delay: dE/dt = rate (C - E).

    The area under the curve stays the same. It describes drug that cells take up in proportion to what is around them and let
    go of with a half-life of ln(2) / rate.

    Args:
        terms: Concentration in plasma after a dose.
        rate: 1/day, > 0.

    Returns:
        Terms with one exponential more.
    """
    site = np.full(terms.rate.shape[0], rate)
    poles = _spread(terms.rate, site)
    shares = poles[:, -1:] / (poles[:, -1:] - poles[:, :-1])
    coefficient = terms.coefficient * shares
    return ExponentialTerms(poles, np.column_stack([coefficient, -coefficient.sum(axis=1)]))


def disposition_rates(disposition: Disposition) -> Array:
    """The disposition rates (alpha, beta, gamma), fastest first.

    Args:
        disposition: Volumes and clearances of n patients.

    Returns:
        (n, number of compartments), 1/day.
    """
    size = 1 + len(disposition.exchange)
    matrix = np.zeros((*disposition.clearance.shape, size, size))
    matrix[:, 0, 0] = disposition.clearance / disposition.central_volume
    for j, (exchange, volume) in enumerate(disposition.exchange, start=1):
        matrix[:, 0, 0] += exchange / disposition.central_volume
        matrix[:, j, j] = exchange / volume
        matrix[:, j, 0] = -exchange / np.sqrt(disposition.central_volume * volume)
    return np.linalg.eigvalsh(matrix)[:, ::-1]


def padded(terms: ExponentialTerms) -> tuple[Array, Array]:
    """The terms as two arrays with four columns, for kernels with a fixed number of terms.

    Args:
        terms: At most four exponentials.

    Returns:
        Rates (n, 4) in 1/day, filled up with 1, and coefficients (n, 4) in mg/L per mg, filled up with 0.
        After a dose the state S_k gains coefficient_k times the dose, between doses it decays with rate_k,
        during an infusion dS_k/dt = -rate_k S_k + coefficient_k times the infusion rate, and the
        concentration is the sum of S_k.
    """
    missing = MAX_TERMS - terms.rate.shape[1]
    width = ((0, 0), (0, missing))
    return np.pad(terms.rate, width, constant_values=1.0), np.pad(terms.coefficient, width)


def _return_rates(disposition: Disposition) -> list[Array]:
    return [exchange / volume for exchange, volume in disposition.exchange]


def _residues(poles: Array, zeros: list[Array], gain: Array) -> Array:
    residue = np.repeat(gain[:, None], poles.shape[1], axis=1)
    for zero in zeros:
        residue *= zero[:, None] - poles
    for j in range(poles.shape[1]):
        distance = poles[:, [j]] - poles
        distance[:, j] = 1.0
        residue /= distance
    return residue


def _spread(disposition_poles: Array, absorption: Array) -> Array:
    """Disposition poles and the absorption pole, the latter kept apart from its nearest neighbor."""
    poles = np.concatenate([disposition_poles, absorption[:, None]], axis=1)
    nearest = np.abs(disposition_poles - absorption[:, None]).argmin(axis=1)
    patient = np.arange(len(poles))
    neighbor = poles[patient, nearest]
    mean = 0.5 * (neighbor + absorption)
    half_gap = 0.5 * (absorption - neighbor)
    close = np.abs(half_gap) < POLE_SPREAD * mean
    half_gap = np.where(close, np.where(half_gap < 0, -POLE_SPREAD, POLE_SPREAD) * mean, half_gap)
    poles[patient, nearest] = np.where(close, mean - half_gap, neighbor)
    poles[:, -1] = np.where(close, mean + half_gap, absorption)
    return poles


def _positive(name: str, values: Array) -> None:
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise InputError(
            f"the {name} must be positive", value=float(values[wrong][0]), allowed="a number > 0"
        )
