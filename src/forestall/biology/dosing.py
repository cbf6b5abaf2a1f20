"""A regimen as arrays that the course kernel can walk: which doses on which day, and how to integrate over that day.

Each day has a *template*: segments between the doses, ends of infusions and cuts after them (see `day_grid`), each integrated by
two-point Gauss-Legendre quadrature. Days without a dose nearby are integrated several at a time (a *span*). Drugs that act on
signaling make the segments; drugs that only kill have finer *parts* within them, which cost no evaluation of the network.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.day_grid import Curve, reaching
from forestall.biology.day_templates import ComponentLike, Day, Part, Plan, Segment

GRIDS = 2
"""Days are cut twice: for patients without lesions in the brain, and for those with some, where drugs act in mid-range."""
SHORTEST_PERIOD_DAYS, MAX_PERIOD_DAYS = 14, 42
PROTOCOL, AFTER_PROGRESSION, STOPPED = range(3)
"""Phases of an arm. The days of the third are those of the first, whose doses it continues without what was stopped."""


class Schedule(NamedTuple):
    """The phases of one arm: protocol treatment, treatment after progression, protocol treatment without what is stopped.

    Shapes: P phases, C components (padded), H days, T templates, S segments (padded), U parts of all segments, X grids: the first for
    patients whose lesions are all in exposure class 0, the second for those with lesions in both.
    """

    dose: NDArray[np.uint8]
    """(P, C, H): 0 no dose, 1 maintenance, 2 loading."""
    drug: NDArray[np.int64]
    """(P, C): index into the arm's drugs, -1 for padding."""
    infusion: NDArray[np.float64]
    """(P, C): days that one dose is infused over; 0 for a bolus or an oral dose."""
    doses_per_day: NDArray[np.int64]
    """(P, C): doses on a day with doses, evenly spaced."""
    lag: NDArray[np.float64]
    """(P, C): days from the start of the day to its first dose."""
    template: NDArray[np.int64]
    """(X, P, H)."""
    span: NDArray[np.int64]
    """(X, P, H): days integrated together from this day on; 1 unless no dose is near."""
    same_until: NDArray[np.int64]
    """(P, H): the first day from this one on whose doses are not those of one period earlier."""
    period: NDArray[np.int64]
    """(P,): days after which the dosing pattern repeats; 0 if it is too long to wait for."""
    segments: NDArray[np.int64]
    """(T,)."""
    start: NDArray[np.float64]
    """(T, S): start of each segment, days from the start of the day (or span)."""
    length: NDArray[np.float64]
    """(T, S): days."""
    bolus: NDArray[np.float64]
    """(T, S, C): doses given at once at the start of the segment."""
    infusing: NDArray[np.float64]
    """(T, S, C): 1 while the component is infused."""
    parts: NDArray[np.int64]
    """(T, S + 1): the parts of segment s are parts[s] to parts[s + 1]."""
    part_start: NDArray[np.float64]
    """(U,): days from the start of the day (or span)."""
    part_length: NDArray[np.float64]
    """(U,): days."""
    part_bolus: NDArray[np.float64]
    """(U, C): doses of drugs that only kill, given at once at the start of the part."""
    part_infusing: NDArray[np.float64]
    """(U, C): 1 while such a drug is infused."""
    only_kills: NDArray[np.bool_]
    """(D,): the drug does not act on signaling."""


def compile_schedule(
    phases: Sequence[Sequence[ComponentLike]],
    drugs: Sequence[str],
    lags: Sequence[float],
    horizon_days: int,
    breaks: Sequence[int] = (),
    killers: Collection[str] = (),
    curves: Sequence[Sequence[Curve | None]] | None = None,
) -> Schedule:
    """Lay the phases of an arm out on days.

    Args:
        phases: The components of each phase, in the order of `PROTOCOL`, `AFTER_PROGRESSION`, `STOPPED`; the first alone will do.
            Day 0 of a phase is its first day, of the third that of the first, which it follows on a day of a dose that it leaves out.
        drugs: The arm's drugs, in the order of the kernel's arrays.
        lags: Absorption lag of each drug, days (less than a day).
        horizon_days: Number of days H.
        breaks: Days of the first phase on which treatment may change (visits): no span crosses them.
        killers: Drugs that only kill and do not act on signaling.
        curves: For each component of each phase its effects in typical patients, which decide how finely days are cut.

    Returns:
        The arrays.
    """
    doses = _doses(phases, drugs, lags, horizon_days)
    period = np.array([_period(phase) for phase in phases], np.int64)
    plans = [
        Plan(
            phase=p,
            components=tuple(phase),
            lags=tuple(doses.lag[p, : len(phase)].tolist()),
            kills=tuple(component.drug in killers for component in phase),
            curves=_curves(curves[p], grid) if curves else (None,) * len(phase),
        )
        for grid in range(GRIDS)
        for p, phase in enumerate(phases)
    ]
    stops = [_changes(doses.dose[p], int(days)) for p, days in enumerate(period)]
    stops[0] |= set(breaks)
    for p in range(STOPPED, len(phases)):
        left_out = [c for c, component in enumerate(phases[0]) if component not in phases[p]]
        stops[0] |= set(np.flatnonzero(doses.dose[0, left_out].any(axis=0)).tolist())
        stops[p] |= stops[0]
    span = np.stack([plan.spans(doses.dose[plan.phase], stops[plan.phase]) for plan in plans])
    template, templates = _templates(plans, doses.dose, span)
    shape = GRIDS, len(phases), horizon_days
    return Schedule(
        *doses,
        template.reshape(shape),
        span.reshape(shape),
        _same_until(doses.dose, period),
        period,
        *_pack(templates, doses.drug.shape[1]),
        np.array([name in killers for name in drugs], np.bool_),
    )


def _curves(curves: Sequence[Curve | None], grid: int) -> tuple[Curve | None, ...]:
    return tuple(None if curve is None else reaching(curve, grid + 1) for curve in curves)


class _Doses(NamedTuple):
    """The first fields of `Schedule`, in their order."""

    dose: NDArray[np.uint8]
    drug: NDArray[np.int64]
    infusion: NDArray[np.float64]
    doses_per_day: NDArray[np.int64]
    lag: NDArray[np.float64]


def _doses(
    phases: Sequence[Sequence[ComponentLike]], drugs: Sequence[str], lags: Sequence[float], horizon_days: int
) -> _Doses:
    shape = len(phases), max(1, *(len(phase) for phase in phases))
    doses = _Doses(
        dose=np.zeros((*shape, horizon_days), np.uint8),
        drug=np.full(shape, -1, np.int64),
        infusion=np.zeros(shape),
        doses_per_day=np.ones(shape, np.int64),
        lag=np.zeros(shape),
    )
    for p, phase in enumerate(phases):
        for c, component in enumerate(phase):
            doses.dose[p, c] = dose_days(component, horizon_days)
            doses.drug[p, c] = drugs.index(component.drug)
            doses.infusion[p, c] = component.infusion_hours / 24.0
            doses.doses_per_day[p, c] = component.doses_per_day
            doses.lag[p, c] = lags[doses.drug[p, c]]
    return doses


def dose_days(component: ComponentLike, horizon_days: int) -> NDArray[np.uint8]:
    """0, 1 (maintenance) or 2 (loading) for each day of a phase.

    Args:
        component: One drug of the regimen; its `dose_days` count from 1.
        horizon_days: Number of days.

    Returns:
        Array of shape (horizon_days,).
    """
    day = np.arange(horizon_days) - component.start_day
    cycle, within = np.divmod(day, component.cycle_days)
    given = np.isin(within + 1, component.dose_days) & (day >= 0)
    if component.max_cycles is not None:
        given &= cycle < component.max_cycles
    code = given.astype(np.uint8)
    if component.loading_amount is not None and given.any():
        code[np.argmax(given)] = 2
    return code


def _period(phase: Sequence[ComponentLike]) -> int:
    """A period of the dosing pattern, or 0 if it is too long to be worth waiting for.

    Several short ones are taken as one, so that expression changes from one to the next by more than rounding.
    """
    days = math.lcm(*(component.cycle_days for component in phase)) if phase else 1
    days *= -(-SHORTEST_PERIOD_DAYS // days)
    return days if days <= MAX_PERIOD_DAYS else 0


def _changes(dose: NDArray[np.uint8], period: int) -> set[int]:
    """Days whose doses differ from those of one period before: there a patient whose rates repeated is integrated again."""
    if period == 0:
        return set()
    return set((np.flatnonzero((dose[:, period:] != dose[:, :-period]).any(axis=0)) + period).tolist())


def _same_until(dose: NDArray[np.uint8], period: NDArray[np.int64]) -> NDArray[np.int64]:
    horizon = dose.shape[2]
    until = np.tile(np.arange(horizon), (dose.shape[0], 1))
    for p, days in enumerate(period):
        if days == 0:
            continue
        same = (dose[p, :, days:] == dose[p, :, :-days]).all(axis=0)
        following = horizon
        for day in range(horizon - 1, days - 1, -1):
            following = following if same[day - days] else day
            until[p, day] = following
    return until


def _templates(
    plans: Sequence[Plan], dose: NDArray[np.uint8], span: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[list[Segment]]]:
    templates: list[list[Segment]] = []
    index = np.zeros(span.shape, np.int64)
    for row, plan in enumerate(plans):
        known: dict[Day, int] = {}
        day = 0
        while day < span.shape[1]:
            end = day + int(span[row, day])
            key = plan.kind_of_day(day, dose[plan.phase, : len(plan.components), day:end])
            if key not in known:
                known[key] = len(templates)
                templates.append(plan.segments(key))
            index[row, day] = known[key]
            day += key.span
    return index, templates


class _Packed(NamedTuple):
    """The last fields of `Schedule` before `only_kills`, in their order."""

    segments: NDArray[np.int64]
    start: NDArray[np.float64]
    length: NDArray[np.float64]
    bolus: NDArray[np.float64]
    infusing: NDArray[np.float64]
    parts: NDArray[np.int64]
    part_start: NDArray[np.float64]
    part_length: NDArray[np.float64]
    part_bolus: NDArray[np.float64]
    part_infusing: NDArray[np.float64]


def _pack(templates: Sequence[Sequence[Segment]], width: int) -> _Packed:
    longest = max(len(template) for template in templates)
    count = sum(len(segment.parts) for template in templates for segment in template)
    shape = (len(templates), longest)
    packed = _Packed(
        segments=np.array([len(template) for template in templates], np.int64),
        start=np.zeros(shape),
        length=np.zeros(shape),
        bolus=np.zeros((*shape, width)),
        infusing=np.zeros((*shape, width)),
        parts=np.zeros((len(templates), longest + 1), np.int64),
        part_start=np.zeros(count),
        part_length=np.zeros(count),
        part_bolus=np.zeros((count, width)),
        part_infusing=np.zeros((count, width)),
    )
    u = 0
    for t, template in enumerate(templates):
        for s, segment in enumerate(template):
            packed.start[t, s], packed.length[t, s] = segment.start, segment.length
            _write_doses(segment, packed.bolus[t, s], packed.infusing[t, s])
            packed.parts[t, s] = u
            for part in segment.parts:
                packed.part_start[u], packed.part_length[u] = part.start, part.length
                _write_doses(part, packed.part_bolus[u], packed.part_infusing[u])
                u += 1
        packed.parts[t, len(template) :] = u
    return packed


def _write_doses(part: Part, bolus: NDArray[np.float64], infusing: NDArray[np.float64]) -> None:
    for c, doses in part.boluses.items():
        bolus[c] = doses
    for c in part.infusing:
        infusing[c] = 1.0
