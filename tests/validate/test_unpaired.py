"""Trials that no comparison is about: which of their arms inform a calibration."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from forestall.studies.calibration.prepared import prepare
from forestall.studies.calibration.run import folds, then_survival
from forestall.studies.calibration.spec import load_spec
from forestall.studies.validation.derivation import questions
from forestall.studies.validation.evidence import read_evidence
from forestall.studies.validation.unpaired import unpaired

from .conftest import ALONE, BOTH, Row, Writer

SINGLE = {
    "trial": "TWO",
    "arm": "FUL",
    "drugs": "fulvestrant",
    "dose_text": "500 mg q28d",
    "median_months": "9",
}


def _arms(folder: Path) -> dict[str, list[str]]:
    evidence = read_evidence(folder)
    found: dict[str, list[str]] = {}
    for question in unpaired(evidence, questions(evidence)):
        found.setdefault(question.row.trial, []).append(question.row.experimental)
    return found


def test_unit_a_single_arm_that_can_be_simulated_is_told(tables: Writer) -> None:
    folder = tables(trials=({}, {"trial": "TWO"}), arms=(BOTH, ALONE, SINGLE))
    assert _arms(folder) == {"TWO": ["FUL"]}


@pytest.mark.parametrize(
    "row",
    [
        {"drugs": "xyz-123"},
        {"arm": "FUL (cohort B)"},
        {"arm": "FUL after PD"},
        {"arm": "ANA then FUL"},
        {"drugs": "ixabepilone"},
        {"subgroup": "PIK3CA mutant"},
        {"endpoint": "OS"},
        {"verified": "no"},
    ],
)
def test_unit_what_is_not_told(tables: Writer, row: Row) -> None:
    assert _arms(tables(trials=({}, {"trial": "TWO"}), arms=(BOTH, ALONE, {**SINGLE, **row}))) == {}


def test_unit_a_trial_of_another_setting_is_not_told(tables: Writer) -> None:
    assert (
        _arms(tables(trials=({}, {"trial": "TWO", "setting": "adjuvant"}), arms=(BOTH, ALONE, SINGLE))) == {}
    )


def test_unit_arms_that_would_be_simulated_alike_are_left_out(tables: Writer) -> None:
    other = {"trial": "TWO", "arm": "ANA", "drugs": "anastrozole", "median_months": "7"}
    twice = (BOTH, ALONE, SINGLE, {**SINGLE, "arm": "FUL generic", "median_months": "5"}, other)
    assert _arms(tables(trials=({}, {"trial": "TWO"}), arms=twice)) == {"TWO": ["ANA"]}


@pytest.mark.parametrize(("control", "known"), [("alone", {"ONE", "TWO"}), ("letrozole then both", {"ONE"})])
def test_unit_one_treatment_after_another_informs_no_calibration(
    tables: Writer, control: str, known: set[str]
) -> None:
    later = {**ALONE, "arm": control}
    unscored = {"trial": "TWO", "arm_ctl": control, "hr": "", "hr_lo": "", "hr_hi": ""}
    folder = tables(
        trials=({}, {"trial": "TWO"}),
        arms=(BOTH, ALONE, *({**arm, "trial": "TWO"} for arm in (BOTH, later))),
        comparisons=({}, unscored),
    )
    assert {one.trial for one in prepare(load_spec("metastatic"), folder).observed} == known


def test_property_arms_alone_are_observed_and_survival_leaves_them_out(tables: Writer) -> None:
    response = {**SINGLE, "endpoint": "ORR", "median_months": "", "rate_pct": "20"}
    survival = (
        {**SINGLE, "endpoint": "OS", "median_months": "30"},
        {**ALONE, "endpoint": "OS", "median_months": "30"},
    )
    asked = ({}, {"endpoint": "OS"})
    folder = tables(
        trials=({}, {"trial": "TWO"}), arms=(BOTH, ALONE, SINGLE, response, *survival), comparisons=asked
    )
    assert {one.trial for one in prepare(load_spec("metastatic"), folder, endpoint="OS").observed} == {"ONE"}
    told = [one for one in prepare(load_spec("metastatic"), folder).observed if one.trial == "TWO"]
    assert [(one.kind, one.arms) for one in told] == [("median", ("FUL",)), ("response", ("FUL",))]
    assert told[0].value == pytest.approx(math.log(9))
    assert told[1].value == pytest.approx(math.log(0.2 / 0.8))


def test_unit_stages_share_their_folds_whatever_trials_they_know(tables: Writer) -> None:
    """A member of the whole joins a member of each stage's fold, so a fold must leave out the same trials in both."""
    arms = [{**SINGLE, "trial": name} for name in ("TWO", "THREE", "FOUR")]
    survival = (
        {**BOTH, "endpoint": "OS", "median_months": "60"},
        {**ALONE, "endpoint": "OS", "median_months": "50"},
    )
    folder = tables(
        trials=({}, *({"trial": arm["trial"]} for arm in arms)),
        arms=(BOTH, ALONE, *survival, *arms),
        comparisons=({}, {"endpoint": "OS"}),
    )
    first = prepare(load_spec("metastatic"), folder)
    first.fold_of, first.posterior[None] = folds(first), first.prior()
    second = then_survival(first, folder)
    assert second is not None
    assert {one.trial for one in second.observed} == {"ONE"}
    assert second.fold_of == first.fold_of
    assert len(second.folds) == 4
