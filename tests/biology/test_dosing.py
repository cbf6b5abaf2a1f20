"""Schedules: what is given when, and that a day's template covers the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

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
            template, span = plan.template[phase, day], plan.span[phase, day]
            count = plan.segments[template]
            ends = plan.start[template, :count] + plan.length[template, :count]
            np.testing.assert_allclose(plan.start[template, 1:count], ends[:-1], atol=1e-12)
            assert plan.start[template, 0] == 0.0
            assert ends[-1] == pytest.approx(span)
            day += span


def test_property_every_dose_is_given_once_by_the_templates() -> None:
    drugs = (Drug(infusion_hours=1.5), Drug("b", doses_per_day=2, dose_days=tuple(range(1, 15))))
    plan = schedule(*drugs)
    for day in range(60):
        template = plan.template[0, day]
        given = plan.bolus[template].sum(axis=0)
        infused = (plan.infusing[template] * plan.length[template][:, None]).sum(axis=0)
        assert given[1] == (2 if plan.dose[0, 1, day] else 0)
        expected = 1.5 / 24 if plan.dose[0, 0, day] else 0.0
        assert infused[0] == pytest.approx(expected)


def test_unit_spans_end_at_visits_and_never_hold_a_dose() -> None:
    plan = schedule(Drug(), breaks=(63, 100))
    starts = []
    day = 0
    while day < 200:
        starts.append(day)
        span = int(plan.span[0, day])
        assert not plan.dose[0, :, day + 1 : day + span].any()
        day += span
    assert {63, 100} <= set(starts)
    assert len(starts) < 200


def test_unit_repeats_mark_days_like_one_period_before() -> None:
    plan = schedule(Drug(), Drug("b", max_cycles=3))
    assert plan.period[0] == 21
    assert plan.repeats[0, 21:63].all()
    assert not plan.repeats[0, 63]
    assert plan.repeats[0, 64:190].all()
