"""The segments of a day: between doses, ends of infusions and cuts, for drugs that act on signaling and for those that only kill."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from forestall.biology.day_grid import KILLING_TOLERANCE, SHORTEST_DAYS, TOLERANCE, Curve, cuts, is_fine, rise

LONGEST_SPAN_DAYS = 7
"""Days integrated together at most; rings of recent days are longer by as many."""
SETTLING = 2
"""A span covers at most the time since the last dose divided by this."""
SWITCH_CUTS_DAYS = (0.1, 0.3, 0.6)
"""Cuts after a jump of an effect, to which slow expression responds: a dose, or the first day of a later phase."""
JUMP = 0.1
"""Rise of an effect after a dose that counts as a jump."""
_SAME_DAYS = 1e-9


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


@dataclass(frozen=True)
class Part:
    """A stretch of time with the doses at its start and the infusions that run in it."""

    start: float
    length: float
    boluses: dict[int, float]
    """Doses given at once at the start, by component."""
    infusing: frozenset[int]


@dataclass(frozen=True)
class Segment(Part):
    """A part in which the network is solved twice; the parts of the drugs that only kill divide it."""

    parts: tuple[Part, ...]


class Day(NamedTuple):
    """What decides the template of a day or span."""

    phase: int
    opens_phase: bool
    """First day of a phase that follows another."""
    dosed: tuple[tuple[int, int], ...]
    """Doses: component and day within the span."""
    lively: tuple[tuple[int, int, int, bool], ...]
    """Components whose effects need cuts, with the day within the span and of the cycle, and whether it is a later cycle."""
    jumps: tuple[float, ...]
    """Times of doses that make an effect jump."""
    span: int


def dose_times(component: ComponentLike, lag: float) -> tuple[float, ...]:
    """Times within a day at which the doses of one day reach the body, days."""
    return tuple(k / component.doses_per_day + lag for k in range(component.doses_per_day))


@dataclass(frozen=True)
class Plan:
    """The components of one phase, with their effects in typical patients."""

    phase: int
    components: tuple[ComponentLike, ...]
    lags: tuple[float, ...]
    """(C,) days."""
    kills: tuple[bool, ...]
    """(C,) whether the component only kills and does not act on signaling."""
    curves: tuple[Curve | None, ...]
    """(C,)."""
    known: dict[tuple[int, int, int, bool], bool] = field(default_factory=dict, compare=False, repr=False)
    """Answers of `_is_fine` by component, day of its cycle, days, and whether it is a later cycle."""
    known_jumps: dict[tuple[int, int, bool], tuple[float, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Times within a day of doses that make an effect jump, by component, day of its cycle, and whether it is a later cycle."""
    known_cuts: dict[tuple[int, float, float, bool], tuple[float, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Cuts of a stretch of a component's cycle, by component, begin, end, and whether it is a later cycle."""

    def spans(self, dose: NDArray[np.uint8], stops: Collection[int]) -> NDArray[np.int64]:
        """Days that can be integrated together from each day on (1 near doses).

        Args:
            dose: (C, H) codes of the doses.
            stops: Days that no span may cross.
        """
        horizon = dose.shape[1]
        signals = [c for c, kills in enumerate(self.kills) if not kills]
        acted = np.asarray(dose[signals].any(axis=0)) if signals else np.zeros(horizon, np.bool_)
        span = np.ones(horizon, np.int64)
        last = 0 if acted.any() or self.phase > 0 else -SETTLING * LONGEST_SPAN_DAYS
        day = 0
        while day < horizon:
            last = day if acted[day] and self._turns(dose[:, day], day) else last
            longest = 1 if acted[day] else min(LONGEST_SPAN_DAYS, (day - last) // SETTLING)
            days = 1
            while days < longest and self._goes_on(day, days, acted, stops):
                days += 1
            span[day] = days
            day += days
        return span

    def _turns(self, dose: NDArray[np.uint8], day: int) -> bool:
        """Whether a dose of a day makes an effect on signaling jump, or belongs to a first cycle."""
        given = [c for c in np.flatnonzero(dose).tolist() if not self.kills[c]]
        return any(not self._is_later(c, day) or self._jumps(c, day, 0) for c in given)

    def _goes_on(self, day: int, days: int, acted: NDArray[np.bool_], stops: Collection[int]) -> bool:
        """Whether a span of `days` from a day on may be one day longer."""
        after = day + days
        if after >= acted.size or acted[after] or after in stops:
            return False
        return all(kills or self._is_fine(c, day, days + 1) for c, kills in enumerate(self.kills))

    def _tolerance(self, c: int) -> float:
        component = self.components[c]
        tolerance = KILLING_TOLERANCE if self.kills[c] else TOLERANCE
        return tolerance * component.cycle_days / len(component.dose_days)

    def kind_of_day(self, day: int, dose: NDArray[np.uint8]) -> Day:
        """What decides the template of a day or span.

        Args:
            day: First day, of the phase.
            dose: (C, span) codes of the doses.
        """
        span = dose.shape[1]
        dosed = tuple((int(c), int(at)) for at, c in np.argwhere(dose.T))
        lively = tuple(
            (c, at, self._within(c, day + at), self._is_later(c, day + at))
            for c, kills in enumerate(self.kills)
            for at in (range(span) if kills else (0,))
            if not self._is_fine(c, day + at, 1 if kills else span)
        )
        jumps = tuple(time for c, at in dosed if not self.kills[c] for time in self._jumps(c, day, at))
        return Day(self.phase, self.phase > 0 and day == 0, dosed, lively, jumps, span)

    def _jumps(self, c: int, day: int, at: int) -> list[float]:
        key = (c, self._within(c, day + at), self._is_later(c, day + at))
        if key not in self.known_jumps:
            self.known_jumps[key] = tuple(self._jumping(*key))
        return [at + time for time in self.known_jumps[key]]

    def _jumping(self, c: int, within: int, later: bool) -> Iterator[float]:
        curve = self.curves[c]
        for time in dose_times(self.components[c], self.lags[c]):
            if curve is None or rise(curve, later, within + time) > JUMP:
                yield time

    def _is_later(self, c: int, day: int) -> bool:
        """Whether a day comes after the first cycle of a component."""
        return day - self.components[c].start_day >= self.components[c].cycle_days

    def _within(self, c: int, day: int) -> int:
        """Day of a component's cycle."""
        return (day - self.components[c].start_day) % self.components[c].cycle_days

    def _is_fine(self, c: int, day: int, days: int) -> bool:
        """Whether a component's effects can be integrated over some days without a cut."""
        curve, within = self.curves[c], self._within(c, day)
        if curve is None:
            return True
        key = (c, within, days, self._is_later(c, day))
        if key not in self.known:
            self.known[key] = is_fine(curve, key[3], within, within + days, self._tolerance(c))
        return self.known[key]

    def segments(self, day: Day) -> list[Segment]:
        """Segments of one day or span, each with its parts."""
        end = float(day.span)
        marks = [0.0, end, *self._marks(day, kills=False)]
        wanted = [*self._cuts(day, marks, kills=False), *(SWITCH_CUTS_DAYS if day.opens_phase else ())]
        wanted += [jump + cut for jump in day.jumps for cut in SWITCH_CUTS_DAYS if jump + cut < end]
        points = _points(marks, wanted, end)
        inner = [*points, *self._marks(day, kills=True), *(float(midnight) for midnight in range(day.span))]
        inner = _points(inner, self._cuts(day, inner, kills=True), end)
        return [self._segment(day, begin, stop, inner) for begin, stop in itertools.pairwise(points)]

    def _marks(self, day: Day, *, kills: bool) -> list[float]:
        """Starts of doses and ends of infusions."""
        marks = []
        for c, at in day.dosed:
            if self.kills[c] == kills:
                begins = [at + time for time in dose_times(self.components[c], self.lags[c])]
                infusion = self.components[c].infusion_hours / 24.0
                marks += [*begins, *(begin + infusion for begin in begins if infusion > 0)]
        return marks

    def _cuts(self, day: Day, marks: Sequence[float], *, kills: bool) -> list[float]:
        bounds = _points(marks, (), float(day.span))
        return [
            cut - within + at
            for c, at, within, later in day.lively
            if self.kills[c] == kills
            for begin, end in itertools.pairwise(bounds)
            if not kills or at <= begin < at + 1
            for cut in self._cuts_of(c, within - at + begin, within - at + end, later)
        ]

    def _cuts_of(self, c: int, begin: float, end: float, later: bool) -> tuple[float, ...]:
        key = (c, begin, end, later)
        if key not in self.known_cuts:
            curve = self.curves[c]
            found = [] if curve is None else cuts(curve, later, begin, end, self._tolerance(c))
            self.known_cuts[key] = tuple(found)
        return self.known_cuts[key]

    def _segment(self, day: Day, begin: float, end: float, inner: Sequence[float]) -> Segment:
        between = [point for point in inner if begin + _SAME_DAYS < point < end - _SAME_DAYS]
        edges = itertools.pairwise([begin, *between, end])
        parts = tuple(self._part(day, start, stop, kills=True) for start, stop in edges)
        whole = self._part(day, begin, end, kills=False)
        return Segment(whole.start, whole.length, whole.boluses, whole.infusing, parts)

    def _part(self, day: Day, begin: float, end: float, *, kills: bool) -> Part:
        boluses: dict[int, float] = {}
        infusing = set()
        for c, at in day.dosed:
            if self.kills[c] != kills:
                continue
            duration = self.components[c].infusion_hours / 24.0
            for start in (at + time for time in dose_times(self.components[c], self.lags[c])):
                if duration == 0 and abs(start - begin) <= _SAME_DAYS:
                    boluses[c] = boluses.get(c, 0.0) + 1.0
                elif duration > 0 and start <= begin + _SAME_DAYS and end <= start + duration + _SAME_DAYS:
                    infusing.add(c)
        return Part(begin, end - begin, boluses, frozenset(infusing))


def _points(marks: Iterable[float], wanted: Iterable[float], end: float) -> list[float]:
    """Ascending points: every mark once, and the wanted cuts that do not lie close to another point."""
    kept: list[float] = []
    for mark in sorted(marks):
        if mark <= end and (not kept or mark - kept[-1] > _SAME_DAYS):
            kept.append(mark)
    for cut in sorted(wanted):
        if all(abs(cut - point) > 0.5 * SHORTEST_DAYS for point in kept):
            kept.append(cut)
    return sorted(kept)
