"""From findings to endpoints: progression-free and overall survival, response and its duration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forestall.clinic.findings import Findings
from forestall.clinic.recist import (
    COMPLETE_RESPONSE,
    NO_VISIT,
    PARTIAL_RESPONSE,
    best_overall_response,
    first_response_day,
)
from forestall.errors import InputError

Parameter = Literal["PFS", "OS", "TTP", "DOR"]
CONFIRM_DAYS = 28.0
"""A confirmed response holds for at least four weeks (RECIST 1.1, section 4.6)."""
STABLE_DAYS = 42.0
"""Stable disease is established from six weeks on (RECIST 1.1, section 4.3)."""
_VISIT_WINDOW_DAYS = 7.0


class Reason(IntEnum):
    """Why a time ended."""

    PROGRESSION = 0
    DEATH = 1
    DATA_CUTOFF = 2
    LOST_TO_FOLLOW_UP = 3
    MISSED_VISITS = 4
    NO_ASSESSMENT = 5
    DEATH_BEFORE_PROGRESSION = 6
    NO_RESPONSE = 7
    FAILED = 8


REASONS = {
    Reason.PROGRESSION: "Disease progression",
    Reason.DEATH: "Death",
    Reason.DATA_CUTOFF: "Censored at data cutoff",
    Reason.LOST_TO_FOLLOW_UP: "Censored at loss to follow-up",
    Reason.MISSED_VISITS: "Censored at last adequate assessment before missed visits",
    Reason.NO_ASSESSMENT: "Censored at baseline: no adequate assessment",
    Reason.DEATH_BEFORE_PROGRESSION: "Censored at last adequate assessment before death without progression",
    Reason.NO_RESPONSE: "Not applicable: no response",
    Reason.FAILED: "No result: the simulation failed",
}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """One time-to-event endpoint of n patients. Days count from randomization (DOR: from the response)."""

    parameter: Parameter
    """Which endpoint."""
    time_days: NDArray[np.float64]
    """(n,) time of the event or the censoring; NaN for failed patients and where it does not apply."""
    event: NDArray[np.bool_]
    """(n,) whether the time is an event."""
    left_days: NDArray[np.float64]
    """(n,) last time known to be free of the event; NaN as above."""
    right_days: NDArray[np.float64]
    """(n,) first time known to have had it; infinite if censored; NaN as above."""
    reason: NDArray[np.int8]
    """(n,) code of `Reason`."""

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(n,) whether the patient counts in the analysis of this endpoint."""
        return ~np.isnan(self.time_days)

    @property
    def failed(self) -> int:
        """Number of patients without a result."""
        return int((self.reason == Reason.FAILED).sum())

    def reason_text(self) -> list[str]:
        """Why each time ended, in words."""
        return [REASONS[Reason(code)] for code in self.reason]


@dataclass(frozen=True, slots=True)
class Responses:
    """Best overall response of n patients."""

    best: NDArray[np.int8]
    """(n,) RECIST code of the best response; -1 for failed patients."""
    responder: NDArray[np.float64]
    """(n,) 1 for a complete or partial response, else 0; NaN for failed patients."""
    first_day: NDArray[np.float64]
    """(n,) day of the first response that counts; NaN if none."""

    @property
    def responders(self) -> int:
        """Number of responders."""
        return int(np.nansum(self.responder))

    @property
    def evaluated(self) -> int:
        """Number of patients with a result; those never evaluable count as non-responders."""
        return int((~np.isnan(self.responder)).sum())


def objective_response(findings: Findings, *, confirmed: bool = True) -> Responses:
    """Best overall response and whether it is an objective response.

    Args:
        findings: Findings of n patients.
        confirmed: Whether a response needs a second visit, at least four weeks later, to count.
    """
    wait = CONFIRM_DAYS if confirmed else 0.0
    best = best_overall_response(findings.response, findings.visit_day, wait, STABLE_DAYS)
    first = first_response_day(findings.response, findings.visit_day, wait)
    failed = findings.failure != 0
    responder = np.where(
        failed, np.nan, ((best == COMPLETE_RESPONSE) | (best == PARTIAL_RESPONSE)).astype(float)
    )
    return Responses(
        np.where(failed, NO_VISIT, best).astype(np.int8), responder, np.where(failed, np.nan, first)
    )


def progression_free_survival(
    findings: Findings, *, schedule_days: ArrayLike | None = None, missed_visits: int = 2
) -> Endpoints:
    """Time to progression or death, whichever is first.

    Args:
        findings: Findings of n patients.
        schedule_days: (V,) planned days of assessment. If given, an event that follows `missed_visits` or
            more planned visits without an adequate assessment is censored at the last adequate one.
        missed_visits: How many missed visits in a row take the event away.

    Returns:
        The event lies at the visit that found progression, or at death. Otherwise the patient is censored at
        the last adequate assessment. The interval runs from the last adequate assessment to the event:
        progression before a death may have gone unseen.
    """
    progression, death = _seen(findings, findings.progression_day), _seen(findings, findings.death_day)
    day = np.fmin(progression, death)
    reason = np.where(
        progression <= np.where(np.isnan(death), np.inf, death), Reason.PROGRESSION, Reason.DEATH
    )
    return _assessed(findings, "PFS", day, reason, schedule_days, missed_visits)


def time_to_progression(
    findings: Findings, *, schedule_days: ArrayLike | None = None, missed_visits: int = 2
) -> Endpoints:
    """Time to progression; a death without progression censors at the last adequate assessment.

    Args:
        findings: Findings of n patients.
        schedule_days: As in `progression_free_survival`.
        missed_visits: As in `progression_free_survival`.
    """
    progression = _seen(findings, findings.progression_day)
    reason = np.full(len(findings), int(Reason.PROGRESSION))
    return _assessed(findings, "TTP", progression, reason, schedule_days, missed_visits)


def overall_survival(findings: Findings) -> Endpoints:
    """Time to death from any cause, censored at the last contact.

    Args:
        findings: Findings of n patients.
    """
    death = _seen(findings, findings.death_day)
    event = ~np.isnan(death)
    time = np.where(event, death, findings.last_contact_day)
    reason = np.where(event, Reason.DEATH, _censoring(findings))
    return _finished(findings, "OS", time, event, time, reason)


def duration_of_response(
    findings: Findings,
    *,
    confirmed: bool = True,
    schedule_days: ArrayLike | None = None,
    missed_visits: int = 2,
) -> Endpoints:
    """Time from the first response to progression or death; NaN for patients without a response.

    Args:
        findings: Findings of n patients.
        confirmed: Whether the response has to be confirmed.
        schedule_days: As in `progression_free_survival`.
        missed_visits: As in `progression_free_survival`.
    """
    whole = progression_free_survival(findings, schedule_days=schedule_days, missed_visits=missed_visits)
    start = objective_response(findings, confirmed=confirmed).first_day
    none = np.isnan(start)
    return Endpoints(
        "DOR",
        whole.time_days - start,
        whole.event & ~none,
        np.maximum(whole.left_days - start, 0.0),
        whole.right_days - start,
        np.where(none & (findings.failure == 0), Reason.NO_RESPONSE, whole.reason).astype(np.int8),
    )


def _seen(findings: Findings, day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Days of what happened while the patient was followed, else NaN."""
    return np.where(day <= findings.last_contact_day, day, np.nan)


def _censoring(findings: Findings) -> NDArray[np.int64]:
    lost = findings.dropout_day <= findings.last_contact_day
    return np.where(lost, Reason.LOST_TO_FOLLOW_UP, Reason.DATA_CUTOFF)


def _assessed(
    findings: Findings,
    parameter: Parameter,
    day: NDArray[np.float64],
    reason: NDArray[np.int64],
    schedule_days: ArrayLike | None,
    missed_visits: int,
) -> Endpoints:
    """An endpoint that visits have to find: censored at the last adequate assessment."""
    free_until = np.nan_to_num(findings.progression_free_until_day, nan=0.0)
    event = ~np.isnan(day)
    gap = event & (_missed(free_until, day, schedule_days) >= missed_visits)
    event = event & ~gap
    censoring = _censoring(findings)
    dead = ~np.isnan(_seen(findings, findings.death_day))
    censoring = np.where(dead, Reason.DEATH_BEFORE_PROGRESSION, censoring)
    censoring = np.where(free_until <= 0, Reason.NO_ASSESSMENT, censoring)
    censoring = np.where(gap, Reason.MISSED_VISITS, censoring)
    time = np.where(event, day, free_until)
    return _finished(
        findings, parameter, time, event, np.minimum(free_until, time), np.where(event, reason, censoring)
    )


def _missed(
    free_until: NDArray[np.float64], day: NDArray[np.float64], schedule_days: ArrayLike | None
) -> NDArray[np.int64]:
    """Planned visits between the last adequate assessment and the event, not counting those two."""
    if schedule_days is None:
        return np.zeros(day.shape, dtype=np.int64)
    planned = np.asarray(schedule_days, dtype=np.float64)
    if planned.ndim != 1 or (np.diff(planned) <= 0).any():
        raise InputError(
            "the schedule must be a rising list of days", value=planned.tolist(), allowed="[0, 63, 126]"
        )
    after = planned[None, :] > free_until[:, None] + _VISIT_WINDOW_DAYS
    before = planned[None, :] < day[:, None] - _VISIT_WINDOW_DAYS
    count: NDArray[np.int64] = np.count_nonzero(after & before, axis=1)
    return count


def _finished(
    findings: Findings,
    parameter: Parameter,
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    left: NDArray[np.float64],
    reason: NDArray[np.int64],
) -> Endpoints:
    """The endpoint with failed patients as NaN."""
    failed = findings.failure != 0
    right = np.where(event, time, np.inf)
    return Endpoints(
        parameter,
        np.where(failed, np.nan, time),
        event & ~failed,
        np.where(failed, np.nan, left),
        np.where(failed, np.nan, right),
        np.where(failed, Reason.FAILED, reason).astype(np.int8),
    )
