"""Why a trial's patients progressed: whole courses repeated in batches, and the sums over them."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

import forestall as fs
from forestall.clinic.arms import compile_arm
from forestall.clinic.causes import all_causes
from forestall.clinic.counterfactual import Kind
from forestall.clinic.population import draw_population
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.ensembles import parameters_named
from forestall.knowledge.parameter_sets import using
from forestall.knowledge.regimens import parse_regimen
from forestall.studies import trial_why
from forestall.studies.attribution import ACQUIRED, TRUNCAL
from forestall.studies.simulate import Case
from forestall.studies.trial_why_result import (
    IDLE,
    LESSER,
    NEITHER,
    ONLY_COURSE,
    SAME,
    VERDICTS,
    Effect,
    Explained,
    TrialWhy,
    named_mechanism,
)
from forestall.studies.why import Without, explain_course

PATIENTS, EXPLAINED = 40, 5


@functools.cache
def falcon(workers: int = 1) -> fs.TrialResult:
    return fs.Trial.load("falcon").run(seed=1, patients=PATIENTS, why=EXPLAINED, workers=workers)


def explained() -> TrialWhy:
    found = falcon().explained
    assert found is not None
    return found


def test_property_the_patients_are_those_of_the_trial() -> None:
    outcomes = falcon().replicates[0]
    for one in explained().patients:
        assert one.progression_day == outcomes.pfs_days[one.patient]
        assert one.cause == falcon().causes[outcomes.cause[one.patient]]
        assert list(falcon().spec.arms)[outcomes.arm[one.patient]] == one.arm


def test_property_batches_and_threads_do_not_change_a_patient() -> None:
    # With 3 threads a batch holds 1 patient, with 1 thread 2: the same courses to the last bit.
    other = falcon(3).explained
    assert other == explained()


def of_one_patient(one: Explained) -> dict[str, Without]:
    """Her mechanisms by `forestall.studies.why`, which repeats one course at a time and measures diameters."""
    trial, parameters, nothing = fs.Trial.load("cleopatra"), parameters_named(), parse_regimen("no treatment")
    watch, regimen = trial.watch(1), trial.spec.regimens[one.arm]
    with using(parameters):
        population = draw_population(trial.spec.population, np.array([one.patient]), 1)
        arm = compile_arm(one.arm, regimen, nothing, watch.visits, watch.follow_up_days)
    truncal = int(population.truncal_mask(arm.alterations)[0])
    patient = fs.Patient(
        her2="positive",
        er="positive" if population.er_positive[0] else "negative",
        alterations=[name for bit, name in enumerate(arm.alterations) if truncal >> bit & 1],
        lesions=[{"site": "bone", "diameter": "20 mm"}],
    )
    case = Case(patient, regimen, nothing, 1, "as in the trial", watch, population, arm, parameters)
    return {item.switch.name or item.switch.kind.value: item for item in explain_course(case).without}


def test_oracle_each_patient_is_judged_as_by_the_study_of_one_patient() -> None:
    """Under antibodies, so that effector cells are among what is made typical."""
    found = fs.Trial.load("cleopatra").run(seed=1, patients=40, why=2).explained
    assert found is not None
    assert {item.kind for one in found.patients for item in one.effects} >= {
        Kind.IMMUNE.value,
        Kind.EXPOSURE.value,
        ACQUIRED,
    }
    for one in found.patients:
        alone = of_one_patient(one)
        for item in one.effects:
            other = alone[item.mechanism]
            assert item.volume_percent == pytest.approx(other.volume_percent, rel=1e-6, nan_ok=True)
            assert item.progression_day == other.progression_day
            assert item.later_days == other.later_days


def test_unit_each_arm_has_as_many_as_were_asked_for() -> None:
    found = explained()
    assert [len(found.of_arm(arm)) for arm in found.arms] == [
        min(EXPLAINED, count) for count in found.progressed
    ]
    assert found.courses == len(found.patients) + sum(len(one.effects) for one in found.patients)


def test_unit_an_alteration_of_few_cells_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    acquired = {
        item.mechanism for one in explained().patients for item in one.effects if item.kind == ACQUIRED
    }
    assert acquired
    monkeypatch.setattr(trial_why, "MATTERS_PERCENT", 101.0)
    none = fs.Trial.load("falcon").run(seed=1, patients=PATIENTS, why=2).explained
    assert none is not None
    assert not any(item.kind == ACQUIRED for one in none.patients for item in one.effects)


def effect(mechanism: str, volume: float, kind: str = ACQUIRED, day: float | None = 100.0) -> Effect:
    return Effect(kind, mechanism, volume, day, 50.0)


def patient(cause: str, *effects: Effect) -> Explained:
    return Explained(0, "a", cause, 84.0, effects)


MADE = TrialWhy(
    ("a",),
    (9,),
    (
        patient(
            "ESR1_mut (acquired)", effect("ESR1_mut", 10.0, day=None), effect("exposure", 80.0, "exposure")
        ),
        patient(
            "EGFR rebound", effect("EGFR", 90.0, "crosstalk rebound"), effect("PIK3CA_mut", 20.0, TRUNCAL)
        ),
        patient("RB1_loss (acquired)", effect("RB1_loss", 99.0), effect("ESR1_mut", 30.0)),
        patient("incomplete inhibition", effect("exposure", 40.0, "exposure")),
        patient(
            "incomplete inhibition", effect("exposure", 96.0, "exposure"), effect("ESR1_mut", float("nan"))
        ),
    ),
    15,
)


def test_unit_the_one_day_cause_is_held_against_the_course() -> None:
    assert [one.verdict for one in MADE.patients] == [SAME, LESSER, IDLE, ONLY_COURSE, NEITHER]
    assert list(MADE.verdicts("a").values()) == [1, 1, 1, 1, 1]
    assert tuple(MADE.verdicts("a")) == VERDICTS


def test_unit_sums_count_whom_a_mechanism_mattered_in() -> None:
    sums = {(item.kind, item.mechanism): item for item in MADE.sums()}
    esr1 = sums[ACQUIRED, "ESR1_mut"]
    assert (esr1.mattered, esr1.main, esr1.prevented, esr1.explained) == (2, 2, 1, 5)
    assert (sums["exposure", "exposure"].mattered, sums["exposure", "exposure"].main) == (2, 1)
    assert (ACQUIRED, "RB1_loss") not in sums
    assert esr1.share.value == pytest.approx(0.4)


def test_property_every_explained_patient_has_one_main_mechanism_or_none() -> None:
    for found in (MADE, explained()):
        for arm in found.arms:
            mains = sum(item.main for item in found.sums() if item.arm == arm)
            assert mains + found.unexplained(arm) == len(found.of_arm(arm))


def test_unit_every_one_day_cause_is_read() -> None:
    slow = fs.Trial.load("falcon").compiled_arms()[0].slow_nodes
    ids = list(load_alterations())
    _, words = all_causes(slow, ids)
    unnamed = {word for word in words if named_mechanism(word) is None}
    assert unnamed == {"incomplete inhibition", "regrowth after chemotherapy"}
    assert {named_mechanism(word) for word in words if "rebound" in word or "switched" in word} == set(slow)


def test_unit_the_report_and_the_json_have_it() -> None:
    data = json.loads(falcon().to_json())["counterfactuals"]
    assert data["explained"] == {arm: len(explained().of_arm(arm)) for arm in explained().arms}
    assert len(data["mechanisms"]) == len(explained().rows())
    table = falcon().content.why
    assert table is not None
    assert table.main.sum() > 0
    assert (table.mattered >= table.main).all()
    assert np.array_equal(table.main.sum(axis=1) + table.unexplained, table.explained)


def test_unit_without_the_option_nothing_is_repeated() -> None:
    result = fs.Trial.load("falcon").run(seed=1, patients=4)
    assert result.explained is None
    assert json.loads(result.to_json())["counterfactuals"] is None


def test_unit_at_least_one_patient_is_explained() -> None:
    with pytest.raises(InputError, match="why"):
        fs.Trial.load("falcon").run(patients=4, why=0)
