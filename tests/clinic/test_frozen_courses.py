"""Patients whose dosing periods repeat or follow a pattern: what is put together when they are integrated again."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.periods import catch_up, know_rates
from forestall.biology.rates import EXTRAPOLATED, FROZEN, NEXT
from forestall.biology.setup import prepare_patient
from forestall.clinic.arms import compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen


@pytest.mark.parametrize("day", [210, 213, 219])
@pytest.mark.parametrize(
    "regimen", ["docetaxel 75 mg/m2 q3w", "trastuzumab 6 mg/kg q3w + docetaxel 75 mg/m2 q3w"]
)
def test_oracle_concentrations_are_those_of_all_doses_given(regimen: str, day: int) -> None:
    """Against the superposition of every infusion before the day, written out; also on days inside a span that holds a dose."""
    arm = compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), (0, 400), 400)
    people = draw_population(Eligibility.model_validate({"her2": "positive"}), np.array([0]), 3)
    cohort = cohort_arrays(people, arm, np.full(1, np.inf), np.full(1, 1e4))
    p = prepare_patient(0, arm.model, arm.schedule, cohort, arm.shared)
    for first in range(0, day, 63):
        know_rates(arm.model, arm.schedule, p, 0, first, min(63, day - first))
    assert p.clock[FROZEN] + p.clock[EXTRAPOLATED] == 1
    day = day if p.clock[FROZEN] == 1 else int(p.clock[NEXT])
    catch_up(arm.schedule, p, 0, day)
    drugs = [component.drug for component in arm.phases[0]]
    for component, amount in zip(arm.phases[0], p.amount[0], strict=False):
        d = [drug.name for drug in arm.drugs].index(component.drug)
        rate, scale = p.elimination[d], p.scale[d]
        since = day - np.arange(0, day, 21)[:, None]
        hours = component.infusion_hours / 24
        each = amount * scale * (np.exp(-rate * (since - hours)) - np.exp(-rate * since)) / (rate * hours)
        assert p.concentration[d].sum() == pytest.approx(each.sum(), rel=1e-5), drugs
