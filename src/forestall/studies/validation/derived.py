"""A population as it is put together from words, with the reason for every part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was derived."""

    field: str
    value: str
    rule: str


@dataclass
class Derived:
    """A population as it is put together."""

    fields: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    ovaries_suppressed: bool = False
    """Whether premenopausal patients are treated as postmenopausal ones."""

    def say(self, name: str, value: Any, rule: str) -> None:
        """Set a field and keep the reason."""
        self.fields[name] = value
        self.steps.append(Step(f"population.{name}", str(value), rule))

    def note(self, name: str, value: str, rule: str) -> None:
        """Keep a reason without setting a field."""
        self.steps.append(Step(f"population.{name}", value, rule))
