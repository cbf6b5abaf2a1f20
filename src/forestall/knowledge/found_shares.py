"""How often an alteration was found in patients whose disease had progressed, as it was published."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

FILE = DATA / "validation" / "found.yaml"


class FoundShare(Entry):
    """One published share, and the arm that is simulated to compare with it."""

    id: str
    """In words."""
    mechanism: str
    """Whose evidence has the share."""
    alterations: tuple[str, ...] = Field(min_length=1)
    """Any of these counts."""
    treatment: str
    """A regimen."""
    population: Mapping[str, Any]
    """As in a trial file."""
    sample: Literal["blood", "tissue"]
    counted: Literal["new", "present"]
    """Found at progression and not before the treatment; or found at progression."""
    percent: float = Field(ge=0, le=100)
    of: int | None = Field(default=None, ge=1)
    """Patients; None if they are not given."""
    quote: str
    """What stands in the mechanism's evidence."""
    source: str
    """Key of the reference."""
    note: str | None = None

    @model_validator(mode="after")
    def _is_quoted(self) -> Self:
        if self.counted == "present" and self.sample == "tissue":
            raise ValueError("what is present is read in blood, which holds every lesion")
        unknown = [name for name in self.alterations if name not in load_alterations()]
        if unknown:
            raise ValueError(f"no such alteration: {', '.join(unknown)}")
        mechanism = load_mechanisms().get(self.mechanism)
        if mechanism is None:
            raise ValueError(f"no such mechanism: {self.mechanism}")
        cited = [item.prevalence or "" for item in mechanism.evidence if item.source == self.source]
        if not any(self.quote in text for text in cited):
            raise ValueError(f"no evidence of {self.mechanism} from {self.source} says '{self.quote}'")
        return self

    @property
    def found(self) -> int | None:
        """Patients in whom it was found; None if their number is not given."""
        return None if self.of is None else round(self.percent / 100 * self.of)


class FoundFile(Entry):
    """The published shares."""

    shares: tuple[FoundShare, ...]


@cache
def load_found_shares() -> tuple[FoundShare, ...]:
    """Every published share.

    Raises:
        InputError: if an entry is wrong, or an id is given twice.
    """
    shares = validate(FoundFile, read_yaml(FILE)).shares
    ids = [share.id for share in shares]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InputError("an id is given twice", file=FILE, field="shares", value=", ".join(twice))
    return shares
