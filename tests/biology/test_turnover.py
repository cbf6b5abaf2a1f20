"""Deaths that go with division: a drug that stops division spares them."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.periods import SETTLED
from forestall.biology.setup import mean_rates
from forestall.clinic.arms import compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen


def _rates(share: float, regimen: str) -> tuple[float, float, float, float]:
    """Birth and death of the founding clone under a regimen after eight weeks, and without drugs."""
    with using(ParameterSet("shared deaths", {"death.turnover_share": share})):
        arm = compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), (0, 400), 400)
        eligibility = {"her2": "negative", "er_positive": 1.0}
        people = draw_population(Eligibility.model_validate(eligibility), np.array([0]), 3)
        cohort = cohort_arrays(people, arm, np.full(1, np.inf), np.full(1, 1e4))
        birth, death = mean_rates(0, arm.model, arm.schedule, cohort, arm.shared, 56, 28)[:, 0]
    before = float(cohort.birth[0])
    return float(birth), float(death), before, before - float(cohort.growth[0])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_oracle_deaths_fall_with_division_by_their_share(share: float) -> None:
    regimen = "letrozole 2.5 mg po daily + palbociclib 125 mg po daily"
    birth, death, before, usual = _rates(share, regimen)
    alone = _rates(0.0, regimen)
    # Repeated doses are extrapolated until what is missing of a day's rates is below `SETTLED`.
    assert birth == pytest.approx(alone[0], abs=SETTLED)
    assert birth < 0.9 * before
    assert alone[1] - death == pytest.approx(share * usual * (1.0 - birth / before), abs=SETTLED)


def test_unit_untreated_tumors_grow_alike_whatever_the_share() -> None:
    for share in (0.0, 0.5, 1.0):
        birth, death, before, usual = _rates(share, "no treatment")
        assert birth - death == pytest.approx(before - usual, rel=1e-6)
