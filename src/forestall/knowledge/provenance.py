"""Every number with its unit, uncertainty, source, place in the source, status and note."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from forestall.units import factor, is_unit


class Status(StrEnum):
    """How far a number can be trusted."""

    MEASURED = "measured"
    DERIVED = "derived"
    CALIBRATED = "calibrated"
    ASSUMED = "assumed"


class Entry(BaseModel):
    """Base of every knowledge entry: unknown fields are errors, entries do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Reference(Entry):
    """A citable source."""

    citation: str = Field(min_length=3)
    """Authors, year, journal, as one would print it."""
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.doi or self.pmid or self.url):
            raise ValueError("a reference needs a doi, a pmid or a url")
        return self


class Quantity(Entry):
    """A number with unit and provenance."""

    value: float
    """The central value, in `unit`."""
    unit: str
    """A unit that pint can read; '1' for a dimensionless number."""
    interval: tuple[float, float] | None = None
    """Plausible range (90% if the source gives one), in `unit`."""
    distribution: Literal["normal", "lognormal", "uniform", "loguniform", "beta"] | None = None
    """How the value varies inside `interval`."""
    source: str | None = None
    """Key of a reference."""
    where: str | None = None
    """Table, figure, page or section in the source."""
    status: Status
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_spelled_out(cls, data: object) -> object:
        if isinstance(data, str | int | float | list):
            raise ValueError(
                "a number is written {value, unit, interval, status} or, without a unit in networks, types and alterations, "
                "[value, low, high]"
            )
        return data

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not is_unit(self.unit):
            raise ValueError(f"unknown unit '{self.unit}'")
        if self.interval is not None and not self.interval[0] <= self.value <= self.interval[1]:
            ends = list(self.interval)
            raise ValueError(f"the interval {ends} is inverted or does not hold the value {self.value}")
        if self.status is Status.ASSUMED and self.interval is None:
            raise ValueError("an assumed value needs an interval that shows how uncertain it is")
        if self.status is not Status.ASSUMED and self.source is None:
            raise ValueError(f"a {self.status.value} value needs a source")
        return self

    def to(self, unit: str) -> float:
        """The value in another unit."""
        return self.value * factor(self.unit, unit)
