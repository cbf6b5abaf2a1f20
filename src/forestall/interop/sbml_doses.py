"""Doses as SBML events: one event that repeats per train of doses, not one event per dose.

A train keeps the time of its next dose and the number of doses given as parameters. Doses of day 0 go into the initial values,
because simulators disagree on whether an event that is true from the start ever happens.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forestall.errors import ForestallError
from forestall.interop.sbml_document import DAY, MG_PER_DAY, NUMBER, SbmlDocument

NEVER_DAYS = 1e9
_SAME_DAYS = 1e-9


@dataclass(frozen=True)
class Train:
    """All doses of one drug that are given in the same way."""

    drug: int
    infusion_days: float
    """0 for doses given at once."""
    times: tuple[float, ...]
    """Days, ascending."""
    amounts: tuple[float, ...]
    """mg."""


def trains(doses: Sequence[tuple[float, int, float, float]]) -> list[Train]:
    """Sort doses into trains; doses of one train at one moment are added up.

    Args:
        doses: (day, drug, mg, days of infusion), in the order of time.

    Raises:
        ForestallError: if an infusion has not ended when the next one of its train begins.
    """
    found: dict[tuple[int, float], list[tuple[float, float]]] = {}
    for day, drug, mg, infusion in doses:
        train = found.setdefault((drug, infusion), [])
        if train and day - train[-1][0] < _SAME_DAYS:
            train[-1] = (train[-1][0], train[-1][1] + mg)
        else:
            train.append((day, mg))
    result = [
        Train(drug, infusion, *(tuple(column) for column in zip(*doses_of_train, strict=True)))
        for (drug, infusion), doses_of_train in found.items()
    ]
    for train_ in result:
        if any(gap <= train_.infusion_days for gap in _gaps(train_.times)):
            raise ForestallError("infusions of one drug overlap: they cannot be written as SBML events")
    return result


def infusion_rates(all_trains: Sequence[Train]) -> dict[int, str]:
    """For each drug that is infused, the formula of its infusion rate, mg/day."""
    rates: dict[int, list[str]] = {}
    for number, train in enumerate(all_trains):
        if train.infusion_days > 0:
            rates.setdefault(train.drug, []).append(f"infusion_{number}")
    return {drug: " + ".join(names) for drug, names in rates.items()}


def at_once(all_trains: Sequence[Train], drug: int) -> float:
    """Mg of a drug given at once on day 0, which belong into the initial values."""
    return sum(
        train.amounts[0]
        for train in all_trains
        if train.drug == drug and train.infusion_days == 0 and train.times[0] <= 0
    )


def write_trains(
    document: SbmlDocument, all_trains: Sequence[Train], scale: Mapping[int, Mapping[str, float]]
) -> None:
    """Write the parameters and events of the doses.

    Args:
        document: Receives them.
        all_trains: The doses.
        scale: For each drug, its concentration states and what 1 mg adds to each of them, mg/L.
    """
    for number, train in enumerate(all_trains):
        given = 1 if train.times[0] <= 0 else 0
        first = train.times[given] if given < len(train.times) else NEVER_DAYS
        document.variable(f"next_{number}", first, DAY)
        document.variable(f"given_{number}", given, NUMBER)
        if train.infusion_days > 0:
            _write_infusion(document, number, train, given)
            begins = {f"infusion_{number}": f"({_amount(number, train)}) / {train.infusion_days!r}"}
            begins[f"stop_{number}"] = f"next_{number} + {train.infusion_days!r}"
        else:
            begins = {
                state: f"{state} + {per_mg!r} * ({_amount(number, train)})"
                for state, per_mg in scale[train.drug].items()
            }
        following = {f"next_{number}": _following(number, train), f"given_{number}": f"given_{number} + 1"}
        document.event(f"dose_{number}", f"time >= next_{number}", begins | following)


def _write_infusion(document: SbmlDocument, number: int, train: Train, given: int) -> None:
    running = train.amounts[0] / train.infusion_days if given else 0.0
    document.variable(f"infusion_{number}", running, MG_PER_DAY)
    document.variable(f"stop_{number}", train.infusion_days if given else NEVER_DAYS, DAY)
    stops = {f"infusion_{number}": "0", f"stop_{number}": repr(NEVER_DAYS)}
    document.event(f"end_{number}", f"time >= stop_{number}", stops)


def _amount(number: int, train: Train) -> str:
    """Mg of the dose that is being given, by the number of doses before it."""
    return _by_number(f"given_{number}", train.amounts)


def _following(number: int, train: Train) -> str:
    """Day of the dose after the one that is being given."""
    count = f"given_{number}"
    gaps = _gaps(train.times)
    if not gaps:
        return repr(NEVER_DAYS)
    period = _period(gaps)
    place = count if period in (1, len(gaps)) else f"({count} - {period} * floor({count} / {period}))"
    step = _by_number(place, gaps[:period])
    return f"piecewise(next_{number} + ({step}), {count} < {len(gaps)}, {NEVER_DAYS!r})"


def _by_number(count: str, values: Sequence[float]) -> str:
    """A formula for values[count]: the commonest value, and the exceptions from it."""
    commonest = Counter(values).most_common(1)[0][0]
    exceptions = [f"{value!r}, {count} == {i}" for i, value in enumerate(values) if value != commonest]
    return f"piecewise({', '.join([*exceptions, repr(commonest)])})" if exceptions else repr(commonest)


def _gaps(times: Sequence[float]) -> list[float]:
    """Days between doses; gaps that differ by rounding alone become equal."""
    gaps: list[float] = []
    for before, after in itertools.pairwise(times):
        gap = after - before
        gaps.append(next((known for known in set(gaps) if math.isclose(known, gap, abs_tol=_SAME_DAYS)), gap))
    return gaps


def _period(gaps: Sequence[float]) -> int:
    """Smallest number of doses after which the gaps repeat."""
    return next(
        period
        for period in range(1, len(gaps) + 1)
        if all(gaps[i] == gaps[i - period] for i in range(period, len(gaps)))
    )
