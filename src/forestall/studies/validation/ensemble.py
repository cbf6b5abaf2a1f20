"""Parameter sets that a trial is predicted with: those of the calibration, without what it learned from the trial itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

PRESENT: Final = "present"


@dataclass(frozen=True)
class Member:
    """One parameter set."""

    name: str
    values: Mapping[str, float] = field(default_factory=dict)
    """Parameters that differ from the catalog's; none for the present ones."""

    @property
    def key(self) -> str:
        """A hash of the values."""
        text = json.dumps(dict(sorted(self.values.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Source(Protocol):
    """Where parameter sets come from."""

    @property
    def name(self) -> str:
        """In words."""

    def members(self, trial: str) -> tuple[Member, ...]:
        """The sets that predict a trial, none of which has seen it."""

    def role(self, trial: str) -> str:
        """How the trial stands to the calibration: "held out" or "left out of its fold"."""


@dataclass(frozen=True)
class PresentParameters:
    """The catalog's values as they stand: an ensemble of one."""

    name: str = "parameters of the catalog, not calibrated"

    def members(self, trial: str) -> tuple[Member, ...]:
        """The one set."""
        return (Member(PRESENT),)

    def role(self, trial: str) -> str:
        """No trial was used."""
        return "not calibrated"


@contextmanager
def applied(member: Member) -> Iterator[None]:
    """The model with a member's parameters, for all threads of the process."""
    if member.values:
        raise NotImplementedError
    yield
