"""How often alterations arise: the factor on changes of expression leaves mutations alone."""

from __future__ import annotations

import pytest

from forestall.knowledge.alteration_rates import rates_per_division
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.parameter_sets import ParameterSet, using


def _rates(factor: float) -> dict[str, float]:
    entries = load_alterations()
    with using(ParameterSet("x", {"resistance.expression_rate_factor": factor})):
        return dict(zip(entries, rates_per_division(entries.values()), strict=True))


def test_unit_the_factor_is_that_of_changes_of_expression() -> None:
    plain, more = _rates(1.0), _rates(7.0)
    assert more["SRC_up"] == pytest.approx(7 * plain["SRC_up"])
    for name in ("ESR1_mut", "ER_loss", "FGFR1_amp", "p95HER2"):
        assert more[name] == plain[name]


def test_unit_a_probability_stays_one() -> None:
    assert _rates(1e9)["SRC_up"] == 1.0
