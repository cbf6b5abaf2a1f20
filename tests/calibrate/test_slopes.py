"""What slopes of other trials tell of a slope: known truths, few simulated patients."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from forestall.studies.calibration.emulator import ArmSets, Inputs, fit_arm
from forestall.studies.calibration.slopes import Column, Key, Slope, common_slopes

Array = NDArray[np.float64]
CENTER, BETWEEN = np.array([0.6, -0.3]), 0.1
SETS, PATIENTS = 200, 5


def arms(trials: int, *, constant: float = 0.0, seed: int = 1) -> tuple[Array, list[ArmSets]]:
    """(trials, 2) true slopes, normal around `CENTER`, and arms that were simulated with them."""
    rng = np.random.default_rng(seed)
    truth = CENTER + BETWEEN * rng.normal(size=(trials, 2))
    found = []
    for number, slopes in enumerate(truth):
        variables = rng.normal(size=(SETS, 2))
        share = rng.binomial(PATIENTS, 1 / (1 + np.exp(-constant - variables @ slopes))) / PATIENTS
        patients, nobody = np.full(SETS, float(PATIENTS)), np.zeros(SETS)
        found.append(
            ArmSets(f"trial {number}", Inputs(np.eye(2)), variables, nobody > 0, share[:, None], patients, share, nobody)
        )  # fmt: skip
    return truth, found


def columns(found: list[ArmSets]) -> list[Column]:
    return [column for arm in found for column in arm.columns()]


def by_variable(slopes: dict[Key, Slope]) -> list[Slope]:
    return [slopes["survival", row.tobytes()] for row in np.eye(2)]


def test_oracle_mean_and_spread_of_slopes_are_found() -> None:
    """1600 trials; chance of a slope 0.07: standard errors 0.003 of a mean and of a spread; the bounds are five of them.

    With that chance counted as spread, it would be 0.12.
    """
    _, found = arms(1600)
    slopes = by_variable(common_slopes(columns(found)))
    assert [slope.center for slope in slopes] == pytest.approx(CENTER, abs=0.015)
    assert [slope.sd for slope in slopes] == pytest.approx([BETWEEN] * 2, abs=0.015)


def test_property_slopes_are_nearer_to_the_truth_with_those_of_other_trials() -> None:
    truth, found = arms(40)
    alone, together = (
        np.array([fit_arm(arm, slopes).survival[1:3, 0] for arm in found]) - truth
        for slopes in ({}, common_slopes(columns(found)))
    )
    assert (together**2).mean() < 0.9 * (alone**2).mean()


def test_unit_two_trials_or_shares_near_none_tell_nothing() -> None:
    assert common_slopes(columns(arms(2)[1])) == {}
    assert common_slopes(columns(arms(5, constant=4.0)[1])) == {}
    assert {outcome for outcome, _ in common_slopes(columns(arms(3)[1]))} == {"survival"}, (
        "nobody was evaluated"
    )


def test_unit_arms_and_times_of_a_trial_count_as_one() -> None:
    _, found = arms(3)
    once = common_slopes(columns(found))
    again = common_slopes(columns([*found, found[0], found[0]]))
    assert again == once
