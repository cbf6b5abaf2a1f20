"""Allocation to arms, and visits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.clinic.randomization import allocate
from forestall.clinic.visits import actual_visits, planned_visits
from forestall.errors import InputError
from forestall.knowledge.visits import VisitPhase


@settings(max_examples=50, deadline=None)
@given(
    ratio=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    rounds=st.integers(1, 3),
    blocks=st.integers(1, 9),
)
def test_property_every_block_holds_the_ratio(ratio, seed, rounds, blocks):
    size = rounds * sum(ratio)
    arms = allocate(np.arange(blocks * size), ratio, seed, rounds_per_block=rounds)
    for block in arms.reshape(blocks, size):
        assert np.bincount(block, minlength=len(ratio)).tolist() == [rounds * part for part in ratio]


def test_property_a_patient_is_allocated_without_the_others():
    everyone = allocate(np.arange(1000), (2, 1, 1), 7)
    some = np.array([999, 3, 500, 4, 3])
    assert allocate(some, (2, 1, 1), 7).tolist() == everyone[some].tolist()
    assert allocate(np.arange(10), (2, 1, 1), 7).tolist() == everyone[:10].tolist()


def test_property_seeds_give_different_lists_and_the_same_seed_the_same():
    lists = [tuple(allocate(np.arange(40), (1, 1), seed).tolist()) for seed in range(50)]
    assert len(set(lists)) == 50
    assert lists[3] == tuple(allocate(np.arange(40), (1, 1), 3).tolist())


def test_oracle_all_orders_of_a_block_are_equally_likely():
    """Blocks of 1:1 twice have 6 orders. 30,000 blocks: chi-square with 5 degrees above 25.7 has p = 1e-4."""
    blocks = allocate(np.arange(120_000), (1, 1), 11).reshape(-1, 4)
    counts = np.unique(blocks @ [8, 4, 2, 1], return_counts=True)[1]
    assert counts.size == 6
    assert ((counts - 5000) ** 2 / 5000).sum() < 25.7


@pytest.mark.parametrize("ratio", [(), (1, 0), (-1, 2)])
def test_unit_impossible_ratios_are_refused(ratio):
    with pytest.raises(InputError, match="ratio"):
        allocate(np.arange(3), ratio, 1)


def test_unit_negative_patients_are_refused_and_no_patients_are_fine():
    with pytest.raises(InputError, match="negative"):
        allocate(np.array([-1]), (1, 1), 1)
    assert allocate(np.array([], dtype=np.int64), (1, 1), 1).shape == (0,)


PHASES = (VisitPhase(every="6 weeks", until="24 weeks"), VisitPhase(every="9 weeks"))


def test_golden_planned_days_of_two_phases():
    assert planned_visits(PHASES, 400).tolist() == [0, 42, 84, 126, 168, 231, 294, 357]


def test_golden_planned_days_are_whole_days():
    days = planned_visits((VisitPhase(every="1 month"),), 100)
    assert days.tolist() == [0, 30, 61, 91]
    assert days.dtype == np.int64


def test_unit_without_window_or_absence_visits_are_as_planned():
    planned = planned_visits(PHASES, 400)
    assert (actual_visits(planned, np.arange(5), 1) == planned).all()


def test_property_visits_stay_in_their_window_and_in_order():
    planned = planned_visits(PHASES, 2000)
    days = actual_visits(planned, np.arange(300), 3, window_days=7)
    assert (days[:, 0] == 0).all()
    assert (np.abs(days - planned) <= 7).all()
    assert (np.diff(days, axis=1) > 0).all()
    assert np.abs((days - planned)[:, 1:]).mean() == pytest.approx(3.5, abs=0.1)


def test_property_the_share_of_missed_visits_is_the_one_asked_for():
    """33 visits of 1,000 patients at 10%: 4.5 standard errors are 0.0075 (p < 1e-5)."""
    planned = planned_visits(PHASES, 2000)
    days = actual_visits(planned, np.arange(1000), 3, missed=0.1)
    assert np.isnan(days[:, 1:]).mean() == pytest.approx(0.1, abs=0.0075)
    assert not np.isnan(days[:, 0]).any()


def test_property_a_visit_does_not_depend_on_later_visits_or_other_patients():
    planned = planned_visits(PHASES, 2000)
    settings_of_visits = {"window_days": 5.0, "missed": 0.2}
    whole = actual_visits(planned, np.arange(50), 3, **settings_of_visits)
    part = actual_visits(planned[:6], np.array([40, 2]), 3, **settings_of_visits)
    assert np.array_equal(part, whole[[40, 2], :6], equal_nan=True)


def test_unit_windows_that_overlap_and_impossible_probabilities_are_refused():
    with pytest.raises(InputError, match="too wide"):
        actual_visits(np.array([0, 42, 84]), np.arange(2), 1, window_days=21)
    with pytest.raises(InputError, match="probability"):
        actual_visits(np.array([0, 42]), np.arange(2), 1, missed=1.0)
