"""Virtual mice and what is read off them."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.knowledge.pdx_fits import PdxRemoval
from forestall.studies.pdx_mice import HORIZON_DAYS, follow_mice
from forestall.studies.pdx_predict import Prediction
from forestall.studies.pdx_response import curve, default_days, respond


def removal(late: tuple[float, float], error_sd: float = 0.0) -> PdxRemoval:
    """Mice leave with the given probabilities below and above 1000 mm^3, from day 0."""
    return PdxRemoval(
        interval=3.0, first_day=0.0, volumes=(1000.0,), early=(0.0, 0.0), late=late, error_sd=error_sd
    )


def prediction(rates: list[float], rule: PdxRemoval, seed: int = 1) -> Prediction:
    random = np.random.default_rng(seed)
    mice = follow_mice(np.array(rates), np.zeros(len(rates)), 200.0, rule, random)
    return Prediction("M", ("BYL719",), "forestall", 200.0, np.array(rates), float("nan"), mice)


def test_oracle_a_mouse_leaves_at_its_first_large_volume() -> None:
    # 200 exp(0.05 t) passes 1000 at t = 20 ln 5 = 32.2, so at the visit on day 33.
    found = prediction([0.05], removal((0.0, 1.0)))
    assert found.mice.last_day == pytest.approx([33.0])
    assert found.mice.last_volume == pytest.approx([200 * np.exp(0.05 * 33)])


def test_oracle_days_in_the_study_are_geometric() -> None:
    # Leaving with probability p at each visit from the first on: mean 1/p visits; n = 20000, false alarm 1e-5 at 4.4 sd.
    p, n = 0.2, 20000
    found = prediction([0.0] * n, removal((p, p)))
    visits = found.mice.last_day / 3
    sd = np.sqrt((1 - p) / p**2 / n)
    assert abs(visits.mean() - 1 / p) < 4.4 * sd + (1 - p) ** (HORIZON_DAYS / 3) / p


def test_unit_the_last_volume_is_carried_forward() -> None:
    found = prediction([0.05, 0.0], removal((0.0, 1.0)))
    late = found.mice.volumes[0, found.mice.last[0] :]
    assert np.ptp(late) == 0
    assert curve(found, np.array([0.0, 500.0])) == pytest.approx([200.0, (late[0] + 200) / 2])


def test_oracle_responses_of_one_shrinking_tumor() -> None:
    # No scatter, no removal: V = 200 exp(-0.02 t) on days 0, 3, ..., 150.
    found = respond(prediction([-0.02], removal((0.0, 0.0))))
    change = 100 * (np.exp(-0.02 * np.arange(0.0, 151.0, 3.0)) - 1)
    assert found.last_change.mean == pytest.approx(change[-1])
    assert found.best.mean == pytest.approx(change.min())
    assert found.best_average.mean == pytest.approx(change.mean())


def test_oracle_a_growing_tumor_responds_best_on_the_first_day_that_counts() -> None:
    found = respond(prediction([0.02], removal((0.0, 0.0))))
    change = 100 * (np.exp(0.02 * np.arange(0.0, 151.0, 3.0)) - 1)
    assert found.best.mean == pytest.approx(change[4]), "day 12 is the first visit from day 10 on"
    assert found.best_average.mean == pytest.approx(change[:5].mean())


def test_unit_default_days_are_daily_and_end_when_nearly_all_have_left() -> None:
    days = default_days(prediction([0.05], removal((0.0, 1.0))))
    assert days[0] == 0
    assert np.unique(np.diff(days)) == pytest.approx([1.0])
    assert days[-1] == 33
