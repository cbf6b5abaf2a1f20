"""What the strength of a drug in a patient makes of its effects."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.rates import SIGNALING, effect_now
from forestall.biology.setup import prepare_patient
from forestall.clinic.arms import compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

NO_SPREAD = {f"sensitivity.{trait}_log_sd": 0.0 for trait in ("her2", "cytotoxic", "endocrine")}


def _effects(regimen: str, concentration: float, numbers: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Effects of every action at a total concentration of every drug (mg/L), and which of them act on signaling."""
    with using(ParameterSet("strength", {**NO_SPREAD, **numbers})):
        arm = compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
        people = draw_population(Eligibility.model_validate({"her2": "positive"}), np.array([0]), 3)
        cohort = cohort_arrays(people, arm, np.full(1, np.inf), np.full(1, 1e4))
        p = prepare_patient(0, arm.model, arm.schedule, cohort, arm.shared)
        p.concentration[:, 0] = concentration
        actions = range(len(arm.model.action_kind))
        effects = np.array([effect_now(arm.model, p, action, 0) for action in actions])
    return effects, arm.model.action_kind == SIGNALING


@pytest.mark.parametrize("concentration", [0.05, 2.0, 500.0])
def test_oracle_twice_the_strength_is_two_actions_of_the_same_effect(concentration: float) -> None:
    once, signaling = _effects("lapatinib", concentration, {})
    twice, _ = _effects("lapatinib", concentration, {"response.drug.lapatinib": 2.0})
    assert signaling.all()
    assert 1 - twice == pytest.approx((1 - once) ** 2, rel=1e-12)
    assert ((twice > once) & (twice < 1)).all()


def test_unit_strength_takes_a_saturated_inhibitor_beyond_its_largest_effect() -> None:
    largest = max(action.maximum.to("1") for action in load_drugs()["lapatinib"].actions)
    strong, _ = _effects("lapatinib", 500.0, {"response.drug.lapatinib": 3.0})
    assert (strong > largest).all()


def test_unit_strength_of_killing_is_no_part_of_its_effect_at_a_concentration() -> None:
    regimen, changes = "trastuzumab emtansine", {"response.class.tubulin_conjugate": 3.0}
    once, signaling = _effects(regimen, 5.0, {})
    thrice, _ = _effects(regimen, 5.0, changes)
    assert once == pytest.approx(thrice)
    assert not signaling.all()
