"""Schedules: what is given when, and that a day's template covers the day."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import trapezoid

from forestall.biology.day_grid import TOLERANCE, Doses, TypicalEffects, cuts, cycle_curves
from forestall.biology.day_templates import LONGEST_SPAN_DAYS, SWITCH_CUTS_DAYS
from forestall.biology.dosing import Schedule, compile_schedule, dose_days


@dataclass
class Drug:
    drug: str = "a"
    amount: float = 1.0
    loading_amount: float | None = None
    dose_days: tuple[int, ...] = (1,)
    doses_per_day: int = 1
    cycle_days: int = 21
    max_cycles: int | None = None
    infusion_hours: float = 0.0
    start_day: int = 0


def schedule(*drugs: Drug, horizon: int = 200, breaks: tuple[int, ...] = ()) -> Schedule:
    return compile_schedule([drugs, ()], [d.drug for d in drugs], [0.0] * len(drugs), horizon, breaks)


def test_unit_a_cycle_gives_its_days_and_the_first_dose_is_the_loading_dose() -> None:
    days = dose_days(Drug(loading_amount=2.0, dose_days=(1, 8), max_cycles=2, start_day=3), 60)
    assert np.flatnonzero(days).tolist() == [3, 10, 24, 31]
    assert days[3] == 2
    assert set(days[[10, 24, 31]].tolist()) == {1}


@pytest.mark.parametrize(
    "drugs",
    [
        (Drug(infusion_hours=1.5), Drug("b", infusion_hours=1.0, max_cycles=6)),
        (Drug(cycle_days=1), Drug("b", doses_per_day=2, dose_days=tuple(range(1, 15)))),
        (Drug(cycle_days=28, dose_days=tuple(range(1, 22))),),
        (),
    ],
)
def test_property_segments_cover_every_day_once(drugs: tuple[Drug, ...]) -> None:
    plan = schedule(*drugs)
    for phase in range(2):
        day = 0
        while day < plan.dose.shape[2]:
            template, span = plan.template[0, phase, day], plan.span[0, phase, day]
            count = plan.segments[template]
            ends = plan.start[template, :count] + plan.length[template, :count]
            np.testing.assert_allclose(plan.start[template, 1:count], ends[:-1], atol=1e-12)
            assert plan.start[template, 0] == 0.0
            assert ends[-1] == pytest.approx(span)
            day += span


@pytest.mark.parametrize("killers", [(), ("a",), ("b",), ("a", "b")])
def test_property_every_dose_is_given_once_by_the_templates(killers: tuple[str, ...]) -> None:
    drugs = (Drug(infusion_hours=1.5), Drug("b", doses_per_day=2, dose_days=tuple(range(1, 15))))
    plan = compile_schedule([drugs, ()], ["a", "b"], [0.0, 0.25], 200, (), killers)
    day = 0
    while day < 60:
        template, span = plan.template[0, 0, day], plan.span[0, 0, day]
        parts = slice(plan.parts[template, 0], plan.parts[template, plan.segments[template]])
        boluses = plan.bolus[template].sum(axis=0) + plan.part_bolus[parts].sum(axis=0)
        hours = (plan.infusing[template] * plan.length[template][:, None]).sum(axis=0)
        hours += (plan.part_infusing[parts] * plan.part_length[parts][:, None]).sum(axis=0)
        doses = (plan.dose[0, :, day : day + span] > 0).sum(axis=1)
        assert boluses.tolist() == [0, 2 * doses[1]]
        assert hours.tolist() == pytest.approx([1.5 / 24 * doses[0], 0])
        day += span


@pytest.mark.parametrize("killers", [("a",), ("b",)])
def test_property_parts_divide_segments_and_stay_within_days(killers: tuple[str, ...]) -> None:
    drugs = (Drug(), Drug("b", doses_per_day=2, dose_days=tuple(range(1, 15))))
    plan = compile_schedule([drugs, ()], ["a", "b"], [0.0, 0.1], 200, (63,), killers)
    assert plan.span[:, 0].max() > 1
    for template in np.unique(plan.template):
        for segment in range(plan.segments[template]):
            parts = slice(plan.parts[template, segment], plan.parts[template, segment + 1])
            begin, length = plan.part_start[parts], plan.part_length[parts]
            assert begin[0] == plan.start[template, segment]
            assert length.sum() == pytest.approx(plan.length[template, segment])
            np.testing.assert_allclose(begin[1:], begin[:-1] + length[:-1], atol=1e-12)
            assert (np.floor(begin + 1e-9) == np.ceil(begin + length - 1e-9) - 1).all()


def test_property_cuts_make_two_points_as_good_as_eight() -> None:
    """A fast drug taken daily: what is left after cutting agrees with a fine trapezoidal rule within the tolerance."""
    tolerance = TOLERANCE
    fast = TypicalEffects(np.array([[8.0, 40.0]]), np.array([[1.0, -1.0]]), np.array([[0.05]]), np.ones(1))
    curve = cycle_curves(fast, Doses((0.1,), 1, 1.0, 0.0))
    for steady in (False, True):
        ends = [0.1, *cuts(curve, steady, 0.1, 1.0, tolerance), 1.0]
        assert len(ends) > 3
        fine = np.linspace(0.1, 1.0, 20001)
        exact = trapezoid(curve(fine, steady), fine)
        points, weights = np.polynomial.legendre.leggauss(2)
        found = sum(
            0.5 * (end - begin) * curve(begin + 0.5 * (end - begin) * (1 + points), steady) @ weights
            for begin, end in itertools.pairwise(ends)
        )
        np.testing.assert_allclose(found, exact, atol=tolerance * len(ends))


def test_unit_a_jump_in_the_brain_cuts_the_days_of_patients_with_lesions_there_alone() -> None:
    """An antibody that saturates its target in plasma at all times, and reaches the middle of its range in the brain."""
    antibody = TypicalEffects(np.full((3, 1), 0.03), np.ones((3, 1)), np.array([[1e-3, 1.5]]), np.ones(1))
    curve = cycle_curves(antibody, Doses((0.0,), 21, 1.0, 1.0 / 24))
    plan = compile_schedule([(Drug(infusion_hours=1.0),), ()], ["a"], [0.0], 200, (), (), [[curve], []])
    dosed = plan.template[:, 0, 84]
    assert plan.segments[dosed].tolist() == [2, 2 + len(SWITCH_CUTS_DAYS)]
    after = plan.span[:, 0, 85]
    assert after[0] == LONGEST_SPAN_DAYS
    assert after[1] == 1


def test_oracle_concentration_at_steady_state_is_that_of_many_doses() -> None:
    drug = TypicalEffects(np.array([[0.3, 2.0]]), np.array([[0.7, 0.3]]), np.ones((1, 1)), np.ones(1))
    times = np.linspace(0.0, 7.0, 15)
    for infusion in (0.0, 0.125):
        many = sum(drug.concentration(times + 7 * k, infusion, 7.0)[0] for k in range(60))
        one, earlier = drug.concentration(times, infusion, 7.0)
        np.testing.assert_allclose(one + earlier, many, rtol=1e-9)


def test_unit_spans_end_at_visits_and_never_hold_a_dose() -> None:
    plan = schedule(Drug(), breaks=(63, 100))
    starts = []
    day = 0
    while day < 200:
        starts.append(day)
        span = int(plan.span[0, 0, day])
        assert not plan.dose[0, :, day + 1 : day + span].any()
        day += span
    assert {63, 100} <= set(starts)
    assert len(starts) < 200


def test_unit_days_are_known_until_which_doses_repeat() -> None:
    plan = schedule(Drug(), Drug("b", max_cycles=3))
    assert plan.period[0] == 21
    assert plan.same_until[0, 10] == 10
    assert (plan.same_until[0, 21:63] == 63).all()
    assert plan.same_until[0, 63] == 63
    assert (plan.same_until[0, 64:] == 200).all()


@pytest.mark.parametrize("phase", [0, 1])
def test_property_days_on_which_doses_change_begin_a_span(phase: int) -> None:
    """There a patient whose rates repeated is integrated again, by the template of that day."""
    capped = [Drug("a", max_cycles=4), Drug("b", max_cycles=6, dose_days=(1, 8))]
    phases = [(), ()]
    phases[phase] = capped
    plan = compile_schedule(phases, ["a", "b"], [0.0, 0.0], 200, (), ("a", "b"))
    begins = set()
    day = 0
    while day < 190:
        begins.add(day)
        day += int(plan.span[0, phase, day])
    assert {84, 126, 133} <= begins
