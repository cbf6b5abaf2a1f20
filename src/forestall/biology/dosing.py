"""A regimen as arrays that the course kernel can walk: which doses on which day, and how to integrate over that day.

Drug effects follow concentrations that change within minutes after an infusion and barely over a week of an antibody. Each day
has a *template*: segments between the doses, ends of infusions and graded points after them, each integrated by two-point
Gauss-Legendre quadrature. Days without a dose nearby are integrated several at a time (a *span*).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

GRADES_DAYS = (0.012, 0.05, 0.13, 0.3, 0.55, 0.8)
"""Where segments end after a dose or the end of an infusion, in days."""
COARSE_GRADES_DAYS = (0.06, 0.2)
"""The same on days on which only drugs that kill, and do not touch signaling, are swallowed."""
LONGEST_SPAN_DAYS = 3
SETTLING = 2
"""A span covers at most the time since the last dose divided by this."""
MAX_PERIOD_DAYS = 42


class ComponentLike(Protocol):
    """What a schedule needs to know of one drug in a regimen (see `forestall.knowledge.regimens.Component`)."""

    @property
    def drug(self) -> str: ...  # noqa: D102
    @property
    def amount(self) -> float: ...  # noqa: D102
    @property
    def loading_amount(self) -> float | None: ...  # noqa: D102
    @property
    def dose_days(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def doses_per_day(self) -> int: ...  # noqa: D102
    @property
    def cycle_days(self) -> int: ...  # noqa: D102
    @property
    def max_cycles(self) -> int | None: ...  # noqa: D102
    @property
    def infusion_hours(self) -> float: ...  # noqa: D102
    @property
    def start_day(self) -> int: ...  # noqa: D102


class Schedule(NamedTuple):
    """The phases of one arm (protocol treatment, then treatment after progression).

    Shapes: P phases, C components (padded), H days, T templates, S segments (padded).
    """

    dose: NDArray[np.uint8]
    """(P, C, H): 0 no dose, 1 maintenance, 2 loading."""
    drug: NDArray[np.int64]
    """(P, C): index into the arm's drugs, -1 for padding."""
    infusion: NDArray[np.float64]
    """(P, C): days that one dose is infused over; 0 for a bolus or an oral dose."""
    template: NDArray[np.int64]
    """(P, H)."""
    span: NDArray[np.int64]
    """(P, H): days integrated together from this day on; 1 unless no dose is near."""
    repeats: NDArray[np.uint8]
    """(P, H): 1 if the doses of this day are those of one period earlier."""
    period: NDArray[np.int64]
    """(P,): days after which the dosing pattern repeats."""
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


class _Day(NamedTuple):
    """What decides a day's template."""

    phase: int
    dosed: tuple[int, ...]
    span: int


def compile_schedule(
    phases: Sequence[Sequence[ComponentLike]],
    drugs: Sequence[str],
    lags: Sequence[float],
    horizon_days: int,
    breaks: Sequence[int] = (),
    killers: Collection[str] = (),
) -> Schedule:
    """Lay the phases of an arm out on days.

    Args:
        phases: The components of each phase; day 0 of a phase is its first day.
        drugs: The arm's drugs, in the order of the kernel's arrays.
        lags: Absorption lag of each drug, days (less than a day).
        horizon_days: Number of days H.
        breaks: Days of the first phase on which treatment may change (visits): no span crosses them.
        killers: Drugs that only kill and do not act on signaling.

    Returns:
        The arrays.
    """
    width = max(1, *(len(phase) for phase in phases))
    dose = np.zeros((len(phases), width, horizon_days), np.uint8)
    drug = np.full((len(phases), width), -1, np.int64)
    infusion = np.zeros((len(phases), width))
    for p, phase in enumerate(phases):
        for c, component in enumerate(phase):
            dose[p, c] = dose_days(component, horizon_days)
            drug[p, c] = drugs.index(component.drug)
            infusion[p, c] = component.infusion_hours / 24.0
    period = np.array([_period(phase) for phase in phases], np.int64)
    span = np.stack([_spans(dose[p], set(breaks) if p == 0 else set()) for p in range(len(phases))])
    template, templates = _templates(phases, dose, span, drugs, lags, killers)
    return Schedule(
        dose, drug, infusion, template, span, _repeats(dose, period), period, *_pack(templates, width)
    )


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
    """The dosing pattern's period, or 0 if it is too long to be worth waiting for."""
    days = math.lcm(*(component.cycle_days for component in phase)) if phase else 1
    return days if days <= MAX_PERIOD_DAYS else 0


def _repeats(dose: NDArray[np.uint8], period: NDArray[np.int64]) -> NDArray[np.uint8]:
    same = np.zeros((dose.shape[0], dose.shape[2]), np.uint8)
    for p, days in enumerate(period):
        if days:
            same[p, days:] = (dose[p, :, days:] == dose[p, :, :-days]).all(axis=0)
    return same


def _spans(dose: NDArray[np.uint8], breaks: set[int]) -> NDArray[np.int64]:
    """Days that can be integrated together from each day on (1 near doses)."""
    horizon = dose.shape[1]
    dosed = np.asarray(dose.any(axis=0))
    span = np.ones(horizon, np.int64)
    last = 0 if dosed.any() else -SETTLING * LONGEST_SPAN_DAYS
    day = 0
    while day < horizon:
        if dosed[day]:
            last = day
        ahead = day
        longest = min(LONGEST_SPAN_DAYS, (day - last) // SETTLING)
        while ahead < horizon and not dosed[ahead] and ahead - day < longest:
            ahead += 1
            if ahead in breaks:
                break
        if ahead - day > 1:
            span[day] = ahead - day
            day = ahead
        else:
            day += 1
    return span


def _templates(
    phases: Sequence[Sequence[ComponentLike]],
    dose: NDArray[np.uint8],
    span: NDArray[np.int64],
    drugs: Sequence[str],
    lags: Sequence[float],
    killers: Collection[str],
) -> tuple[NDArray[np.int64], list[list[tuple[float, float, dict[int, float], set[int]]]]]:
    known: dict[_Day, int] = {}
    templates: list[list[tuple[float, float, dict[int, float], set[int]]]] = []
    index = np.zeros(span.shape, np.int64)
    for p, phase in enumerate(phases):
        lag = [lags[drugs.index(component.drug)] for component in phase]
        for day in range(span.shape[1]):
            key = _Day(p, tuple(np.flatnonzero(dose[p, : len(phase), day]).tolist()), int(span[p, day]))
            if key not in known:
                known[key] = len(templates)
                templates.append(_segments(phase, key, lag, killers))
            index[p, day] = known[key]
    return index, templates


def _segments(
    phase: Sequence[ComponentLike], day: _Day, lags: Sequence[float], killers: Collection[str]
) -> list[tuple[float, float, dict[int, float], set[int]]]:
    """Segments of one day: (start, length, boluses at the start, components being infused)."""
    boluses: list[tuple[float, int]] = []
    infusions: list[tuple[float, float, int]] = []
    for c in day.dosed:
        component = phase[c]
        for k in range(component.doses_per_day):
            begin = k / component.doses_per_day + lags[c]
            if component.infusion_hours > 0:
                infusions.append((begin, begin + component.infusion_hours / 24.0, c))
            else:
                boluses.append((begin, c))
    killing = all(phase[c].drug in killers and phase[c].infusion_hours == 0 for c in day.dosed)
    points = _grid(boluses, infusions, float(day.span), COARSE_GRADES_DAYS if killing else GRADES_DAYS)
    segments = []
    for begin, end in itertools.pairwise(points):
        at_once = {c: float(sum(1 for t, other in boluses if other == c and t == begin)) for _, c in boluses}
        running = {c for first, last, c in infusions if first <= begin + 1e-12 and end <= last + 1e-12}
        segments.append((begin, end - begin, at_once, running))
    return segments


def _grid(
    boluses: Sequence[tuple[float, int]],
    infusions: Sequence[tuple[float, float, int]],
    end: float,
    grades: Sequence[float],
) -> list[float]:
    """Segment boundaries: doses, ends of infusions, and points graded after each of them."""
    marks = sorted(
        {0.0, end}
        | {t for t, _ in boluses}
        | {t for t, _, _ in infusions}
        | {t for _, t, _ in infusions if t < end}
    )
    points = []
    for mark, following in itertools.pairwise(marks):
        points.append(mark)
        if boluses or infusions:
            points.extend(mark + grade for grade in grades if mark + grade < following - 0.5 * grades[0])
    return [*points, end]


def _pack(
    templates: Sequence[Sequence[tuple[float, float, dict[int, float], set[int]]]], width: int
) -> tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]:
    longest = max(len(template) for template in templates)
    segments = np.array([len(template) for template in templates], np.int64)
    start = np.zeros((len(templates), longest))
    length = np.zeros((len(templates), longest))
    bolus = np.zeros((len(templates), longest, width))
    infusing = np.zeros((len(templates), longest, width))
    for t, template in enumerate(templates):
        for s, (begin, duration, at_once, running) in enumerate(template):
            start[t, s], length[t, s] = begin, duration
            for c, doses in at_once.items():
                bolus[t, s, c] = doses
            for c in running:
                infusing[t, s, c] = 1.0
    return segments, start, length, bolus, infusing
