"""What a simulation would give, learned from the simulated sets: smooth in the few unknowns that an arm can depend on.

For each simulated arm, the logit of the share of patients who are free of progression at each visit, and of the share who respond, is
a quadratic polynomial of the standardized unknowns. It is fitted to the numbers of patients by penalized maximum likelihood, so few
patients per set suffice: their chance variation averages out over the sets. Unknowns that scale the same drugs enter as one sum. Slopes
are drawn to what the same variable does in other trials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.studies.calibration.logistic import fit, logistic
from forestall.studies.calibration.shards import Design, Shard
from forestall.studies.calibration.slopes import CONSTANT_SD, UNKNOWN, Column, Key, Slope, common_slopes

Array = NDArray[np.float64]
SQUARE_SD: Final = 0.02
"""Prior standard deviation of the coefficients of squared and mixed terms, on the logit scale; by cross-validation over sets."""
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
        share = logistic(features(self.inputs.variables(deviates)) @ self.survival)
        return np.asarray(np.minimum.accumulate(share, axis=1))

    def response_at(self, deviates: Array) -> Array:
        """(N,) share of responders."""
        return logistic(features(self.inputs.variables(deviates)) @ self.response)


Emulators = Mapping[tuple[str, int], ArmEmulator]
"""By name of the design and number of the arm."""


def features(variables: Array) -> Array:
    """(N, terms) constant, linear, squared and mixed terms of (N, F) variables."""
    count = variables.shape[1]
    rows, columns = np.triu_indices(count)
    mixed = variables[:, rows] * variables[:, columns] - (rows == columns)
    return np.hstack([np.ones((len(variables), 1)), variables, mixed])


def prior_of(slopes: Sequence[Slope]) -> tuple[Array, Array]:
    """(terms,) prior means and precisions of the coefficients of a polynomial.

    Args:
        slopes: What is known of each variable's slope.
    """
    count = len(slopes)
    mixed = count * (count + 1) // 2
    center = [0.0, *(slope.center for slope in slopes), *[0.0] * mixed]
    spread = [CONSTANT_SD, *(slope.sd for slope in slopes), *[SQUARE_SD] * mixed]
    return np.array(center), 1 / np.square(spread)


@dataclass(frozen=True)
class ArmSets:
    """Outcomes of one simulated arm in all sets."""

    trial: str
    inputs: Inputs
    variables: Array
    """(N, F)."""
    local: NDArray[np.bool_]
    """(N,) sets that lie where the emulator is used."""
    survival: Array
    """(N, T)."""
    patients: Array
    """(N,) behind the survival."""
    response: Array
    """(N,)."""
    evaluated: Array
    """(N,) patients behind the response."""

    def columns(self) -> Iterator[Column]:
        """Survival at each time, then response."""
        weights = self.inputs.weights
        for share in self.survival.T:
            yield Column(self.trial, "survival", self.variables, weights, share, self.patients)
        yield Column(self.trial, "response", self.variables, weights, self.response, self.evaluated)


def fit_arm(arm: ArmSets, slopes: Mapping[Key, Slope]) -> ArmEmulator:
    """Learn one arm.

    Args:
        arm: Its outcomes.
        slopes: What is known of slopes; those that are not there are unknown.
    """
    terms = features(arm.variables)
    *survival, response = (_fit_column(terms, column, arm.local, slopes) for column in arm.columns())
    return ArmEmulator(arm.inputs, np.stack(survival, axis=1), response)


def _fit_column(terms: Array, column: Column, local: NDArray[np.bool_], slopes: Mapping[Key, Slope]) -> Array:
    """Fit all sets, then move the whole to agree with those that lie where the emulator is used."""
    center, precision = prior_of([slopes.get(key, UNKNOWN) for key in column.keys])
    found = fit(terms, column.share, column.patients, precision, center=center)
    if local.any():
        here = terms[local]
        constant, prior = np.ones((len(here), 1)), np.array([1 / LOCAL_SD**2])
        share, patients = column.share[local], column.patients[local]
        found[0] += fit(constant, share, patients, prior, offset=here @ found)[0]
    return found


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
    arms = {
        (one.name, arm): _sets_of(one, arm, inputs[one.name, arm], deviates, shards, local)
        for one in {one.name: one for one in designs}.values()
        for arm in range(len(one.plan.spec.arms))
    }
    slopes = common_slopes(column for arm in arms.values() for column in arm.columns())
    return {key: fit_arm(arm, slopes) for key, arm in arms.items()}


def _sets_of(
    one: Design,
    arm: int,
    inputs: Inputs,
    deviates: Mapping[int, Array],
    shards: Mapping[tuple[int, str], Shard],
    local: Collection[int],
) -> ArmSets:
    numbers = [number for number in deviates if (number, one.name) in shards]
    outcomes = [shards[number, one.name] for number in numbers]
    return ArmSets(
        trial=one.plan.trial,
        inputs=inputs,
        variables=inputs.variables(np.stack([deviates[number] for number in numbers])),
        local=np.array([number in local for number in numbers]),
        survival=np.stack([shard.survival[arm] for shard in outcomes]),
        patients=np.array([shard.patients[arm] for shard in outcomes]),
        response=np.array([shard.response[arm] for shard in outcomes]),
        evaluated=np.array([shard.evaluated[arm] for shard in outcomes]),
    )
