"""What killing by cytotoxics and payloads depends on: division, and the antigen."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.setup import mean_rates
from forestall.clinic.arms import compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

SHARE, HALF = "death.cytotoxic_cycle_share", "payload.antigen_half"
ENDOCRINE = "letrozole 2.5 mg po daily + palbociclib 125 mg po daily"
VINORELBINE = "vinorelbine 25 mg/m2 iv weekly"


def _rates(regimen: str, numbers: dict[str, float], her2: str = "negative") -> tuple[float, float, float]:
    """Birth and death of the founding clone under a regimen over the fourth month, and birth without drugs."""
    with using(ParameterSet("killing", numbers)):
        arm = compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), (0, 400), 400)
        eligibility = Eligibility.model_validate({"her2": her2, "er_positive": 1.0})
        people = draw_population(eligibility, np.array([0]), 4)
        cohort = cohort_arrays(people, arm, np.full(1, np.inf), np.full(1, 1e4))
        birth, death = mean_rates(0, arm.model, arm.schedule, cohort, arm.shared, 84, 28)[:, 0]
    return float(birth), float(death), float(cohort.birth[0])


def test_oracle_a_share_of_the_killing_is_in_proportion_to_division() -> None:
    birth, without, before = _rates(ENDOCRINE, {})
    killed = {
        share: _rates(f"{ENDOCRINE} + {VINORELBINE}", {SHARE: share})[1] - without
        for share in (0.0, 0.4, 1.0)
    }
    assert birth < 0.8 * before
    # The drive rises and falls within a cycle, and vinorelbine kills mostly in its first days.
    assert killed[1.0] == pytest.approx(killed[0.0] * birth / before, rel=0.02)
    assert killed[0.4] == pytest.approx(0.6 * killed[0.0] + 0.4 * killed[1.0], rel=1e-6)


def test_oracle_without_other_drugs_all_killing_is_alike() -> None:
    deaths = [_rates(VINORELBINE, {SHARE: share})[1] for share in (0.0, 1.0)]
    assert deaths[0] == pytest.approx(deaths[1], rel=1e-6)


@pytest.mark.parametrize("her2", ["low", "positive"])
def test_oracle_a_payload_kills_by_the_antigen_that_is_shown(her2: str) -> None:
    def killed(half: float) -> float:
        regimen, none = "trastuzumab deruxtecan 5.4 mg/kg iv q3w", 1e12
        return (
            _rates(regimen, {HALF: half, SHARE: 0.0}, her2)[1]
            - _rates(regimen, {HALF: none, SHARE: 0.0}, her2)[1]
        )

    # k e / (h + e): its inverse is a straight line in h.
    inverse = [1.0 / killed(half) for half in (2.0, 5.0, 8.0)]
    assert inverse[2] - inverse[1] == pytest.approx(inverse[1] - inverse[0], rel=0.02)
    assert (inverse[2] - inverse[1]) / inverse[0] > (0.05 if her2 == "positive" else 0.5)


def test_unit_tumors_without_staining_express_less_her2() -> None:
    people = {
        her2: draw_population(Eligibility.model_validate({"her2": her2}), np.arange(400), 3)
        for her2 in ("low", "negative")
    }
    low = people["low"].expression_factor(["ERBB2", "ERBB3"])
    mixed = people["negative"].expression_factor(["ERBB2", "ERBB3"])
    zero = ~people["negative"].her2_low
    assert 0.3 < zero.mean() < 0.6
    assert np.allclose(mixed[zero, 0], value("expression.her2_zero", "1") * low[zero, 0])
    assert np.allclose(mixed[~zero], low[~zero])
    assert np.allclose(mixed[:, 1], low[:, 1])
