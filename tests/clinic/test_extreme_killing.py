"""Tumors that chemotherapy kills within hours: what is left is below rounding, and is still a number."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import draw_population
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

WATCH = Watch(tuple(range(0, 190, 63)), 189, seed=3)


@pytest.mark.parametrize("factor", [50.0, 500.0])
def test_regression_a_drug_that_leaves_nothing_leaves_numbers(factor: float) -> None:
    people = draw_population(Eligibility.model_validate({"her2": "positive"}), np.arange(40), 3)
    regimen = parse_regimen("docetaxel 75 mg/m2 q3w")
    with using(ParameterSet("x", {"response.class.taxane": factor})):
        arm = compile_arm("a", regimen, parse_regimen("no treatment"), WATCH.visits, WATCH.follow_up_days)
        found = follow_arm(people, arm, 0, WATCH).findings
    assert (found.failure == 0).all()
    assert np.isfinite(found.sum_diameter_mm[:, :2]).all()
    assert (found.sum_diameter_mm[:, 1] < 0.7 * found.sum_diameter_mm[:, 0]).mean() > 0.5
