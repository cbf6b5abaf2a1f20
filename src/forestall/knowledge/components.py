"""One drug of a regimen: its dose, and the days on which it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from forestall.knowledge.complaints import rethrown
from forestall.knowledge.doses import (
    Basis,
    CycleField,
    DoseDaysField,
    DoseField,
    InfusionField,
    StartField,
    cycle_text,
    days_text,
    number_text,
)
from forestall.knowledge.drugs import Drug, Route, drug_names, find_drug, fold, load_drugs
from forestall.knowledge.provenance import Entry

TIMES_PER_DAY = {1: "qd", 2: "bid", 3: "tid", 4: "qid"}


def _drug_name(value: object) -> str:
    return find_drug(str(value)).name


class Component(Entry):
    """One drug of a regimen, in canonical units."""

    model_config = ConfigDict(populate_by_name=True)

    drug: Annotated[str, BeforeValidator(rethrown(_drug_name))]
    dose: DoseField
    load: DoseField | None = None
    """Given instead of the first dose."""
    cycle_days: CycleField = Field(alias="every")
    """Days after which dosing repeats."""
    dose_days: DoseDaysField = Field(default=(1,), alias="days", validate_default=True)
    """Days of the cycle on which the drug is given, counted from 1."""
    doses_per_day: int = Field(default=1, alias="times_per_day", ge=1, le=4, strict=True)
    max_cycles: int | None = Field(default=None, alias="cycles", ge=1, le=1000, strict=True)
    """Treatment goes on until progression if absent."""
    infusion_hours: InfusionField = Field(default=0.0, alias="infusion")
    """0 for what is not infused."""
    start_day: StartField = Field(default=0, alias="start")
    """Days before the first cycle begins."""
    route: Route

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        """Fill in the usual route and infusion time; a frequency without days means every day."""
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        drug = _known(filled.get("drug"))
        if drug is not None:
            filled.setdefault("route", drug.routes[0])
            if filled["route"] == "iv" and not {"infusion", "infusion_hours"} & filled.keys():
                filled["infusion"] = drug.infusion_hours
        if "times_per_day" in filled and not {"days", "dose_days"} & filled.keys():
            filled.setdefault("every", "1 day")
            filled["days"] = "all"
        return filled

    @field_validator("route", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.casefold() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        routes = load_drugs()[self.drug].routes
        if self.route not in routes:
            raise ValueError(
                f"the kinetics of {self.drug} are known for {' or '.join(routes)} only, not {self.route}"
            )
        if self.infusion_hours > 0 and self.route != "iv":
            raise ValueError(f"only a drug given iv is infused, not one given {self.route}")
        if self.infusion_hours * self.doses_per_day >= 24:
            raise ValueError("the infusions of one day do not fit into it")
        if self.load is not None and self.load.basis != self.dose.basis:
            raise ValueError(f"the loading dose is in {self.load.basis}, the dose in {self.dose.basis}")
        return self

    @property
    def amount(self) -> float:
        """The maintenance dose, in `amount_basis`."""
        return self.dose.amount

    @property
    def amount_basis(self) -> Basis:
        """What the amounts are relative to."""
        return self.dose.basis

    @property
    def loading_amount(self) -> float | None:
        """The first dose where it differs, in `amount_basis`."""
        return None if self.load is None else self.load.amount

    def text(self) -> str:
        """The component in words that `parse_regimen` reads back."""
        return " ".join([self.drug, str(self.dose), *self._schedule_words(), *self._extra_words()])

    def _schedule_words(self) -> Iterator[str]:
        if self.cycle_days == 1:
            yield TIMES_PER_DAY[self.doses_per_day]
            return
        if self.doses_per_day > 1:
            yield TIMES_PER_DAY[self.doses_per_day]
        if self.doses_per_day > 1 or self.dose_days != (1,):
            yield days_text(self.dose_days)
        yield cycle_text(self.cycle_days)

    def _extra_words(self) -> Iterator[str]:
        usual = load_drugs()[self.drug]
        if self.load is not None:
            yield f"(load {self.load})"
        if self.max_cycles is not None:
            yield f"x{self.max_cycles}"
        if self.route != usual.routes[0]:
            yield self.route
        if self.route == "iv" and self.infusion_hours != usual.infusion_hours:
            yield f"over {number_text(self.infusion_hours)} h"
        if self.start_day:
            yield f"from d{self.start_day + 1}"


def _known(word: object) -> Drug | None:
    name = drug_names().get(fold(word)) if isinstance(word, str) else None
    return None if name is None else load_drugs()[name]
