"""When a simulated comparison is analyzed."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from forestall.studies.validation.samples import Sample
from forestall.studies.validation.simulated import compare

PATIENTS = 4000


def ratio(endpoint: str, treated: np.ndarray, control: np.ndarray) -> float:
    days = np.stack([treated, control])[None]
    event = np.isfinite(days)
    sample = Sample(("a", "b"), days, event, days, event, np.zeros(days.shape))
    row = SimpleNamespace(endpoint=endpoint, experimental="a", control="b", standard_error=0.1)
    return compare(SimpleNamespace(row=row), sample, (None, None)).hr  # type: ignore[arg-type]


@pytest.fixture
def arms() -> tuple[np.ndarray, np.ndarray]:
    """Half the hazard of the control arm until day 400, which is twice the treated median, then five times as much."""
    rng = np.random.default_rng(3)
    treated, control = (
        rng.exponential(200 / math.log(2), PATIENTS),
        rng.exponential(100 / math.log(2), PATIENTS),
    )
    return np.where(treated > 400, 400 + (treated - 400) / 10, treated), control


def test_oracle_progression_is_analyzed_after_twice_the_longest_median(
    arms: tuple[np.ndarray, np.ndarray],
) -> None:
    assert ratio("PFS", *arms) == pytest.approx(0.5, rel=0.08)
    assert ratio("TTP", *arms) == ratio("PFS", *arms)
    assert ratio("OS", *arms) > 0.55


def test_property_what_progresses_later_is_not_looked_at(arms: tuple[np.ndarray, np.ndarray]) -> None:
    longer = tuple(np.where(days > 600, days + 1000, days) for days in arms)
    assert any((one != other).any() for one, other in zip(longer, arms, strict=True))
    assert ratio("PFS", *longer) == ratio("PFS", *arms)
    assert ratio("OS", *longer) == pytest.approx(ratio("OS", *arms)), "ranks are the same"


def test_unit_failed_patients_and_a_median_that_is_not_reached_do_no_harm(
    arms: tuple[np.ndarray, np.ndarray],
) -> None:
    treated, control = arms
    failed = np.where(np.arange(PATIENTS) % 10 == 0, np.nan, treated)
    assert ratio("PFS", failed, control) == pytest.approx(ratio("PFS", treated, control), rel=0.05)
    assert math.isnan(ratio("PFS", np.full(PATIENTS, np.nan), control))
