"""Right-censored observations: checked in one place, failed patients counted and never dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forestall.errors import InputError
from forestall.statistics.estimate import Bools, Floats


@dataclass(frozen=True, slots=True)
class Observations:
    """Times of n patients, each ended by an event or by censoring."""

    time_days: Floats
    """(n,) time from randomization, day; finite and not negative."""
    event: Bools
    """(n,) whether the event was seen; otherwise the time is a censoring time."""
    failed: int = 0
    """Patients without a result who were left out of the arrays above."""

    def __len__(self) -> int:
        return int(self.time_days.size)

    @property
    def events(self) -> int:
        """Number of events."""
        return int(self.event.sum())


def checked(time_days: ArrayLike, event: ArrayLike) -> Observations:
    """Observations that every estimator here accepts.

    Args:
        time_days: (n,) times, day.
        event: (n,) booleans, or 0 and 1.

    Raises:
        InputError: if the lengths differ, or a time is NaN, infinite or negative. Failed patients are NaN:
            `without_failures` leaves them out and counts them.
    """
    time = np.atleast_1d(np.asarray(time_days, dtype=np.float64))
    flag = np.atleast_1d(np.asarray(event))
    if time.ndim != 1 or time.shape != flag.shape:
        raise InputError(
            "times and events differ in shape", value=(time.shape, flag.shape), allowed="two (n,) arrays"
        )
    missing = int(np.isnan(time).sum())
    if missing:
        raise InputError(
            f"{missing} of {time.size} times are NaN",
            fix="leave failed patients out with without_failures(time, event)",
        )
    if time.size and (not np.isfinite(time).all() or time.min() < 0):
        raise InputError(
            "a time is infinite or negative", value=float(time.min()), allowed="finite days, 0 or later"
        )
    if not np.isin(flag, (0, 1)).all():
        raise InputError("an event flag is neither true nor false", allowed="booleans, or 0 and 1")
    return Observations(time, flag.astype(np.bool_))


def without_failures(time_days: ArrayLike, event: ArrayLike) -> Observations:
    """Observations of the patients with a result; the others (NaN times) are counted in `failed`.

    Args:
        time_days: (n,) times, day; NaN for a failed patient.
        event: (n,) booleans, or 0 and 1.
    """
    time = np.atleast_1d(np.asarray(time_days, dtype=np.float64))
    flag = np.atleast_1d(np.asarray(event))
    keep = ~np.isnan(time)
    if time.shape != flag.shape:
        raise InputError(
            "times and events differ in shape", value=(time.shape, flag.shape), allowed="two (n,) arrays"
        )
    known = checked(time[keep], flag[keep])
    return Observations(known.time_days, known.event, failed=int((~keep).sum()))
