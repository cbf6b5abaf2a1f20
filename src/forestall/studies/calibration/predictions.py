"""From the curves of simulated arms to the numbers that are published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.visit_curves import between_visits, medians_of_lines
from forestall.studies.calibration.emulator import Emulators
from forestall.studies.calibration.observations import Observation
from forestall.studies.calibration.shards import Design
from forestall.studies.validation.derivation import DAYS_PER_MONTH

Array = NDArray[np.float64]
_LEAST: Final = 1e-4
_LONGEST_MONTHS: Final = 600.0


def drawn(one: Design, free: Array) -> tuple[Array, Array]:
    """The curve that a trial draws of what is known at its times: progression is found at visits, deaths have their own days.

    Args:
        one: The trial; T times.
        free: (N, T) share without an event just after each time.

    Returns:
        Days, (T + 1,) for progression and (T,) for death, and the shares on them.
    """
    days = np.array(one.times, np.float64)
    return (days, free) if one.endpoint == "OS" else between_visits(days, free)


def median_months(days: Array, free: Array) -> Array:
    """(N,) medians of curves, months; beyond the last time with the mean hazard up to it.

    Args:
        days: (T,) times.
        free: (N, T) share free of progression just after each.
    """
    time = days / DAYS_PER_MONTH
    inside = medians_of_lines(time, free)
    hazard = -np.log(np.clip(free[:, -1], _LEAST, 1.0))
    beyond = time[-1] * np.log(2) / np.maximum(hazard, 1e-9)
    return np.asarray(np.minimum(np.where(np.isfinite(inside), inside, beyond), _LONGEST_MONTHS))


def log_hazard_ratio(experimental: Array, control: Array) -> Array:
    """(N,) log hazard ratios of curves at the same times: hazards summed with the weights of the log-rank test.

    Args:
        experimental: (N, T) share free of progression.
        control: (N, T).
    """
    first, second = (
        np.hstack([np.ones((len(free), 1)), np.clip(free, _LEAST, 1.0)]) for free in (experimental, control)
    )
    risk = first[:, :-1] * second[:, :-1] / (first[:, :-1] + second[:, :-1])
    hazards = [(risk * -np.diff(np.log(free), axis=1)).sum(axis=1) for free in (first, second)]
    return np.asarray(np.log(np.maximum(hazards[0], _LEAST)) - np.log(np.maximum(hazards[1], _LEAST)))


def share_at(days: Array, free: Array, months: float) -> Array:
    """(N,) share free of progression at a time, straight lines between the logarithms."""
    time = np.concatenate([[0.0], days]) / DAYS_PER_MONTH
    hazard = -np.log(np.clip(np.hstack([np.ones((len(free), 1)), free]), _LEAST, 1.0))
    if months > time[-1]:
        return np.asarray(np.exp(-hazard[:, -1] * months / time[-1]))
    place = int(np.searchsorted(time, months))
    share = (months - time[place - 1]) / (time[place] - time[place - 1])
    return np.asarray(np.exp(-(hazard[:, place - 1] + share * (hazard[:, place] - hazard[:, place - 1]))))


class Predictor:
    """Published numbers for parameter sets, from emulators or from simulated curves."""

    def __init__(
        self,
        designs: Sequence[Design],
        emulators: Emulators,
        observed: Sequence[Observation],
    ) -> None:
        asked = {(one.trial, one.subgroup) for one in observed}
        keys = {(one.plan.trial, one.plan.subgroup): one for one in designs}
        self.designs = {key: one for key, one in keys.items() if key in asked}
        self.emulators = emulators
        self.observed = list(observed)

    def __call__(self, deviates: Array) -> Array:
        """(N, observations) on the scale of the observations, from (N, P) deviates."""
        curves: dict[tuple[str, str, str], tuple[Array, Array]] = {}
        for one in self.designs.values():
            arms = [self.emulators[one.name, arm] for arm in range(len(one.plan.spec.arms))]
            free = [arm.survival_at(deviates) for arm in arms]
            response = [arm.response_at(deviates) for arm in arms]
            for name, members in one.plan.arms.items():
                key = (one.plan.trial, one.plan.subgroup, name)
                mean = np.mean([free[k] for k in members], axis=0)
                curves[key] = mean, np.mean([response[k] for k in members], axis=0)
        return np.stack([self._one(observation, curves) for observation in self.observed], axis=1)

    def _one(self, one: Observation, curves: Mapping[tuple[str, str, str], tuple[Array, Array]]) -> Array:
        arms = [curves[one.trial, one.subgroup, arm] for arm in one.arms]
        return predicted(one, self.designs[one.trial, one.subgroup], arms)


def predicted(one: Observation, trial: Design, arms: Sequence[tuple[Array, Array]]) -> Array:
    """(N,) values of an observation.

    Args:
        one: The observation.
        trial: Its trial.
        arms: Curves (N, T) and response shares (N,) of its arms.
    """
    if one.kind == "hazard_ratio":
        return log_hazard_ratio(arms[0][0], arms[1][0])
    days, free = drawn(trial, arms[0][0])
    if one.kind == "median":
        return np.asarray(np.log(median_months(days, free)))
    share = arms[0][1] if one.kind == "response" else share_at(days, free, one.months or 0.0)
    bounded = np.clip(share, 2e-3, 1 - 2e-3)
    return np.asarray(np.log(bounded / (1 - bounded)))
