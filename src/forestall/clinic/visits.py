"""When patients are assessed: the planned days, and what becomes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.errors import InputError
from forestall.knowledge.visits import VisitPhase, visit_days

_TIMING, _ATTENDANCE = 0, 1


def planned_visits(phases: tuple[VisitPhase, ...], follow_up_days: float) -> NDArray[np.int64]:
    """Planned days of assessment as whole days, the baseline (day 0) first.

    Args:
        phases: Checked phases of a trial.
        follow_up_days: The last day that counts.

    Returns:
        (V,) rising days.
    """
    return np.unique(np.rint(visit_days(phases, follow_up_days)).astype(np.int64))


def actual_visits(
    planned_days: NDArray[np.int64],
    patients: NDArray[np.int64],
    seed: int,
    *,
    window_days: float = 0.0,
    missed: float = 0.0,
) -> NDArray[np.float64]:
    """Days on which each patient is assessed.

    Args:
        planned_days: (V,) planned days, the baseline first.
        patients: (n,) indices of the patients.
        seed: Seed of the study.
        window_days: A visit takes place evenly within this many days around its plan.
        missed: Probability that a visit after the baseline is missed.

    Returns:
        (n, V) days; NaN for a missed visit. The baseline is neither shifted nor missed. A visit's fate does
        not depend on how many visits follow it.

    Raises:
        InputError: if the window lets visits change places, or the probability is none.
    """
    gap = float(np.diff(planned_days.astype(np.float64)).min(initial=np.inf))
    if not 0 <= window_days < gap / 2:
        raise InputError(
            "the visit window is too wide", value=window_days, allowed=f"0 to under {gap / 2:g} days"
        )
    if not 0 <= missed < 1:
        raise InputError("not a probability of missing a visit", value=missed, allowed="0 to under 1")
    count = len(planned_days)
    shift = uniforms(seed, patients, Purpose.VISIT_TIMING, _TIMING, size=count)
    absence = uniforms(seed, patients, Purpose.VISIT_TIMING, _ATTENDANCE, size=count)
    days = planned_days + window_days * (2 * shift - 1)
    days[absence < missed] = np.nan
    days[:, 0] = planned_days[0]
    return days
