"""Causes of progression summed over a trial: nobody is lost, and the intervals are exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forestall.biology.signaling.compile import compiled
from forestall.clinic.causes import all_causes
from forestall.knowledge.alterations import load_alterations
from forestall.studies.attribution import OTHER, attribution_rows, attributions, kind_of, kinds

ARMS = ["control", "dual"]
CAUSES = ["PIK3CA_mut (truncal)", "ESR1_mut (acquired)", "ERBB3 rebound", "ER switched on", "brain sanctuary"]
COUNTS = np.array([[10, 4, 3, 2, 1], [0, 0, 0, 0, 0]])


def test_property_every_progression_is_counted_once() -> None:
    found = attributions(ARMS, CAUSES, COUNTS)
    assert sum(item.patients for item in found if item.arm == "control") == 20
    assert sum(item.share.value for item in found if item.arm == "control") == pytest.approx(1.0)
    by_kind = kinds(ARMS, CAUSES, COUNTS)
    assert sum(item.patients for item in by_kind) == 20
    assert {item.kind: item.patients for item in by_kind if item.arm == "control"} == {
        "truncal alteration": 10,
        "crosstalk rebound": 5,
        "acquired alteration": 4,
        "sanctuary": 1,
    }


def test_oracle_intervals_are_those_of_clopper_and_pearson() -> None:
    """scipy.stats.binomtest(k, n).proportion_ci(method="exact")."""
    for item in attributions(ARMS, CAUSES, COUNTS):
        if item.progressed:
            exact = stats.binomtest(item.patients, item.progressed).proportion_ci(method="exact")
            assert (item.share.lower, item.share.upper) == pytest.approx((exact.low, exact.high))


def test_unit_an_arm_without_progressions_has_no_share() -> None:
    rows = [row for row in attribution_rows(attributions(ARMS, CAUSES, COUNTS)) if row["arm"] == "dual"]
    assert rows
    assert all(row["share"] is None and row["progressed"] == 0 for row in rows)


def test_unit_every_cause_that_the_model_names_has_a_kind() -> None:
    _, words = all_causes(tuple(compiled().index.slow), tuple(load_alterations()))
    assert [word for word in words if kind_of(word) == OTHER] == []
