"""What a simulation would give, learned from the simulated sets: smooth in the few unknowns that an arm can depend on.

For each simulated arm, the logit of the share of patients who are free of progression at each visit, and of the share who respond, is
a quadratic polynomial of the standardized unknowns. It is fitted to the numbers of patients by penalized maximum likelihood, so few
patients per set suffice: their chance variation averages out over the sets. Unknowns that scale the same drugs enter as one sum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.studies.calibration.shards import Design, Shard

Array = NDArray[np.float64]
_ROUNDS: Final = 25
_LEAST_WEIGHT: Final = 1e-3
LINEAR_SD: Final = 0.7
"""Prior standard deviation of the coefficients of linear terms, on the logit scale; chosen by cross-validation over sets."""
SQUARE_SD: Final = 0.06
"""That of squared and mixed terms; chosen likewise."""
LOCAL_SD: Final = 0.5
"""Prior standard deviation, on the logit scale, of what the polynomial misses where the emulator is used; assumed."""
FARTHEST: Final = 3.5
"""Prior standard deviations beyond which a variable counts as this far: no simulation tells what lies there."""


@dataclass(frozen=True)
class Inputs:
    """What one arm depends on: (F, P) weights that turn the unknowns' deviates into the polynomial's variables."""

    weights: Array

    def variables(self, deviates: Array) -> Array:
        """(N, F) from (N, P)."""
        return np.asarray(np.clip(deviates @ self.weights.T, -FARTHEST, FARTHEST))


@dataclass(frozen=True)
class ArmEmulator:
    """One simulated arm."""

    inputs: Inputs
    survival: Array
    """(terms, T) coefficients."""
    response: Array
    """(terms,)."""

    def survival_at(self, deviates: Array) -> Array:
        """(N, T) share free of progression; never rising."""
        share = _share(features(self.inputs.variables(deviates)) @ self.survival)
        return np.asarray(np.minimum.accumulate(share, axis=1))

    def response_at(self, deviates: Array) -> Array:
        """(N,) share of responders."""
        return _share(features(self.inputs.variables(deviates)) @ self.response)


def features(variables: Array) -> Array:
    """(N, terms) constant, linear, squared and mixed terms of (N, F) variables."""
    count = variables.shape[1]
    rows, columns = np.triu_indices(count)
    mixed = variables[:, rows] * variables[:, columns] - (rows == columns)
    return np.hstack([np.ones((len(variables), 1)), variables, mixed])


def penalty(count: int) -> Array:
    """(terms,) prior precision of each coefficient for so many variables."""
    mixed = count * (count + 1) // 2
    parts = [[1e-2], [1 / LINEAR_SD**2] * count, [1 / SQUARE_SD**2] * mixed]
    return np.concatenate([np.array(part, np.float64) for part in parts])


def fit(terms: Array, share: Array, patients: Array, precision: Array, offset: Array | float = 0.0) -> Array:
    """(terms,) coefficients of a logistic regression with a normal prior around 0.

    Args:
        terms: (N, terms).
        share: (N,) observed shares; NaN where there is none.
        patients: (N,) patients behind each.
        precision: (terms,) of the prior.
        offset: (N,) of the logit.
    """
    known = np.isfinite(share) & (patients > 0)
    x, y, n = terms[known], share[known], patients[known]
    shift = np.broadcast_to(offset, share.shape)[known]
    start = (y @ n + 0.5) / (n.sum() + 1.0)
    coefficient = np.zeros(terms.shape[1])
    coefficient[0] = 0.0 if shift.any() else np.log(start / (1 - start))
    for _ in range(_ROUNDS):
        mean = _share(x @ coefficient + shift)
        weight = n * np.maximum(mean * (1 - mean), _LEAST_WEIGHT)
        gradient = x.T @ (n * (y - mean)) - precision * coefficient
        step = np.linalg.solve((x.T * weight) @ x + np.diag(precision), gradient)
        largest = np.abs(x @ step).max(initial=0.0)
        coefficient += step / max(1.0, largest / 2.0)
        if largest < 1e-4:
            break
    return coefficient


def _fit_local(
    terms: Array, share: Array, patients: Array, precision: Array, local: NDArray[np.bool_]
) -> Array:
    """As `fit`, then moved as a whole to agree with the sets that lie where the emulator is used."""
    found = fit(terms, share, patients, precision)
    if local.any():
        here = terms[local]
        constant, prior = np.ones((len(here), 1)), np.array([1 / LOCAL_SD**2])
        found[0] += fit(constant, share[local], patients[local], prior, here @ found)[0]
    return found


def fit_arm(
    inputs: Inputs, deviates: Array, shards: Sequence[Shard], arm: int, local: NDArray[np.bool_]
) -> ArmEmulator:
    """Learn one arm.

    Args:
        inputs: What it depends on.
        deviates: (N, P) of the simulated sets.
        shards: Their outcomes, in the same order.
        arm: Number of the simulated arm in its trial.
        local: (N,) sets that lie where the emulator is used.
    """
    variables = inputs.variables(deviates)
    terms, precision = features(variables), penalty(variables.shape[1])
    survival = np.stack([shard.survival[arm] for shard in shards])
    patients = np.array([shard.patients[arm] for shard in shards])
    columns = [
        _fit_local(terms, survival[:, t], patients, precision, local) for t in range(survival.shape[1])
    ]
    response = np.array([shard.response[arm] for shard in shards])
    evaluated = np.array([shard.evaluated[arm] for shard in shards])
    responding = _fit_local(terms, response, evaluated, precision, local)
    return ArmEmulator(inputs, np.stack(columns, axis=1), responding)


def fit_all(
    designs: Sequence[Design],
    inputs: Mapping[tuple[str, int], Inputs],
    deviates: Mapping[int, Array],
    shards: Mapping[tuple[int, str], Shard],
    local: Collection[int] = (),
) -> dict[tuple[str, int], ArmEmulator]:
    """Learn every arm of every trial.

    Args:
        designs: The trials.
        inputs: By name of the design and number of the arm.
        deviates: (P,) of each simulated set, by its number.
        shards: By number of the set and name of the design.
        local: Numbers of the sets that lie where the emulator is used.
    """
    found = {}
    for one in {one.name: one for one in designs}.values():
        numbers = [number for number in deviates if (number, one.name) in shards]
        matrix = np.stack([deviates[number] for number in numbers])
        outcomes = [shards[number, one.name] for number in numbers]
        near = np.array([number in local for number in numbers])
        for arm in range(len(one.plan.spec.arms)):
            key = (one.name, arm)
            found[key] = fit_arm(inputs[key], matrix, outcomes, arm, near)
    return found


def _share(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
