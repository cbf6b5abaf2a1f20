"""What a calibration does: which numbers it may change, on which evidence, with which effort."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.ensembles import DIRECTORY
from forestall.knowledge.parameters import load_parameters
from forestall.knowledge.provenance import Entry, Quantity
from forestall.knowledge.reading import read_yaml, validate

SPECS = DIRECTORY / "specs"
DEVIATIONS_IN_90_PERCENT = 3.2897
Scale = Literal["log", "logit"]
_LEAST_SETS: Final = 10
"""That an emulator can learn from."""


class PriorSpec(Entry):
    """Numbers that may change, and how far; what is left out comes from the catalog."""

    tied: bool = False
    """Whether all numbers that the name matches are multiplied by one factor."""
    scale: Scale = "log"
    median: float | None = Field(default=None, gt=0)
    sd: float | None = Field(default=None, gt=0)
    """Standard deviation on the scale."""
    note: str | None = None


class KindError(Entry):
    """Standard deviations by kind of observation."""

    median: float = Field(ge=0)
    """Of the logarithm of a median."""
    rate: float = Field(ge=0)
    """Of the logit of a share of patients."""
    response: float = Field(ge=0)
    """Of the logit of a response rate."""
    hazard_ratio: float = Field(ge=0)
    """Of the logarithm of a hazard ratio."""


class ModelError(Entry):
    """What the model cannot be expected to hit."""

    arm: KindError
    """Of each number for itself."""
    trial: KindError
    """Of all numbers of a trial together: its patients fare better or worse than their description says. Ratios are spared."""


class Effort(Entry):
    """How much is simulated, and which numbers may change."""

    members: tuple[Annotated[int, Field(ge=_LEAST_SETS)], ...] = Field(min_length=1, max_length=10)
    """Parameter sets simulated in each wave: the first under the prior, each later one where the one before led."""
    narrow: int = Field(default=1, ge=1)
    """So many waves at the end are as wide as the posterior, and the emulator is moved to agree with all of them."""
    patients: int = Field(ge=2)
    """Simulated per arm and member."""
    parameters: dict[str, PriorSpec]
    """By name; `*` stands for any text."""


class CalibrationSpec(Effort):
    """A calibration."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    label: str
    seed: int = Field(ge=0)
    ensemble: int = Field(ge=50)
    """Parameter sets in the smoother, where the emulator stands for the simulation."""
    parts: int = Field(default=1, ge=1, le=10)
    """After the last wave an emulator is learned from each of so many parts of the sets, and moves its part of the ensemble."""
    assimilations: int = Field(ge=1, le=50)
    kept: int = Field(ge=10)
    """Members that are written."""
    kept_in_folds: int | None = Field(default=None, ge=10)
    """Of each fold; `kept` if not given."""
    folds: int = Field(ge=2)
    """At most so many; no more than there are groups of trials, each of which is then left out alone."""
    trials: tuple[str, ...] = ()
    """Only these; all that can be expressed if empty."""
    together: tuple[tuple[str, ...], ...] = ()
    """Trials with patients in common, which are left out together."""
    model_error: ModelError
    survival: Effort | None = None
    """A second stage: numbers that only survival tells of, with the others at the center of the first."""

    @model_validator(mode="after")
    def _keeps_no_more_than_it_has(self) -> CalibrationSpec:
        if max(self.kept, self.kept_in_folds or 0) > self.ensemble:
            raise ValueError("kept and kept_in_folds must not be larger than ensemble")
        return self

    @model_validator(mode="after")
    def _has_sets_for_its_parts(self) -> CalibrationSpec:
        if sum(self.members) < _LEAST_SETS * self.parts:
            raise ValueError(f"each of the parts must have {_LEAST_SETS} sets or more of those in members")
        return self


@dataclass(frozen=True, slots=True)
class Unknown:
    """One coordinate of the calibration."""

    name: str
    numbers: tuple[tuple[str, float], ...]
    """Names in a parameter set, and the value of each where the unknown is at the median of its prior."""
    scale: Scale
    median: float
    sd: float
    unit: str

    def values(self, deviate: float) -> dict[str, float]:
        """The numbers at so many standard deviations from the prior's median."""
        shift = self.sd * deviate
        if self.scale == "logit":
            odds = self.median / (1 - self.median) * math.exp(shift)
            return {name: odds / (1 + odds) for name, _ in self.numbers}
        return {name: center * math.exp(shift) for name, center in self.numbers}


def load_spec(name_or_path: str | Path) -> CalibrationSpec:
    """A shipped specification, or one from a file.

    Raises:
        InputError: if there is none, or it is wrong.
    """
    path = SPECS / f"{name_or_path}.yaml"
    return validate(CalibrationSpec, read_yaml(path if path.is_file() else Path(name_or_path)))


def unknowns(spec: CalibrationSpec) -> list[Unknown]:
    """The coordinates of a calibration, in the order of the specification.

    Raises:
        InputError: if a name matches no number of the catalog, or a prior is not given there.
    """
    catalog = _catalog()
    found: list[Unknown] = []
    for pattern, prior in spec.parameters.items():
        names = (
            sorted(fnmatch.filter(catalog, pattern)) if "*" in pattern else [pattern] * (pattern in catalog)
        )
        if not names:
            raise InputError(
                "no such number", field="parameters", value=pattern, fix=did_you_mean(pattern, catalog)
            )
        groups = [names] if prior.tied else [[name] for name in names]
        found.extend(_unknown(pattern if prior.tied else group[0], group, prior, catalog) for group in groups)
    return found


def numbers(coordinates: Sequence[Unknown], deviates: Iterable[float]) -> dict[str, float]:
    """The catalog's numbers at so many standard deviations from the prior's median in each coordinate."""
    found: dict[str, float] = {}
    for unknown, deviate in zip(coordinates, deviates, strict=True):
        found |= unknown.values(float(deviate))
    return found


def _catalog() -> dict[str, Quantity]:
    rates = {
        f"alterations.{name}.rate_per_division": entry.rate_per_division
        for name, entry in load_alterations().items()
    }
    return {**load_parameters(), **rates}


def _unknown(name: str, numbers: list[str], prior: PriorSpec, catalog: dict[str, Quantity]) -> Unknown:
    first = catalog[numbers[0]]
    median = first.value if prior.median is None else prior.median
    factor = median / first.value
    sd = _catalog_sd(name, first, prior.scale) if prior.sd is None else prior.sd
    centers = tuple((number, catalog[number].value * factor) for number in numbers)
    return Unknown(name, centers, prior.scale, median, sd, first.unit)


def _catalog_sd(name: str, quantity: Quantity, scale: Scale) -> float:
    """From the 90% interval."""
    if quantity.interval is None or quantity.interval[0] <= 0:
        raise InputError(
            "the catalog gives no interval above 0", field=name, fix="give sd in the specification"
        )
    low, high = quantity.interval
    ratio = high / low if scale == "log" else high * (1 - low) / (low * (1 - high))
    return math.log(ratio) / DEVIATIONS_IN_90_PERCENT
