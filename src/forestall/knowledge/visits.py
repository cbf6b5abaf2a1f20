"""When patients are assessed: "every 9 weeks", or "every 8 weeks until 18 months, then every 12 weeks"."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from forestall.errors import InputError
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import Duration, days

_EXAMPLE = "'every 9 weeks', or a list such as [{every: 8 weeks, until: 18 months}, {every: 12 weeks}]"


class VisitPhase(Entry):
    """A stretch of visits at equal distance."""

    every: Duration = Field(description="Time between visits.", examples=["9 weeks"])
    until: Duration | None = Field(default=None, description="Time since the start at which the phase ends.")


VISITS_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": "^every .+"},
        {"type": "array", "minItems": 1, "items": VisitPhase.model_json_schema()},
    ]
}


def parse_visits(value: Any) -> Any:
    """Visit phases as data that pydantic can check, from text or from a list.

    Raises:
        InputError: if it is neither.
    """
    if isinstance(value, list | tuple) and value:
        return value
    if not isinstance(value, str):
        raise InputError(
            "cannot read the visits", value="nothing" if value is None else value, allowed=_EXAMPLE
        )
    phases = []
    for part in re.split(r",?\s*then\s+", value.strip()):
        found = re.fullmatch(r"every\s+(?P<every>[^,]+?)(?:\s+until\s+(?P<until>[^,]+?))?", part)
        if found is None:
            raise InputError("cannot read the visits", value=value, allowed=_EXAMPLE)
        phases.append(found.groupdict())
    return phases


def check_visits(phases: tuple[VisitPhase, ...]) -> None:
    """Whether the phases follow each other.

    Raises:
        InputError: if visits are less than a day apart, or a phase does not end after the one before it.
    """
    end = 0.0
    for number, phase in enumerate(phases):
        if days(phase.every) < 1:
            raise InputError(
                "visits must be at least a day apart", field=f"[{number}].every", value=phase.every
            )
        if phase.until is None:
            if number < len(phases) - 1:
                raise InputError("only the last phase may lack 'until'", field=f"[{number}]")
        elif days(phase.until) < end + days(phase.every):
            fix = "each phase needs room for at least one visit after the phase before it"
            raise InputError(
                "this phase holds no visit", field=f"[{number}].until", value=phase.until, fix=fix
            )
        else:
            end = days(phase.until)


def visit_days(phases: tuple[VisitPhase, ...], until_day: float) -> list[float]:
    """Days of the visits, with day 0 (baseline) first.

    Args:
        phases: Checked phases.
        until_day: The last day that counts.

    Returns:
        Days in ascending order, none after `until_day`. A phase starts from the last visit of the one before.
    """
    planned = [0.0]
    for phase in phases:
        step = days(phase.every)
        end = min(until_day, until_day if phase.until is None else days(phase.until))
        start = planned[-1]
        count = int((end - start) / step + 1e-9)
        planned += [start + step * number for number in range(1, count + 1)]
    return planned
