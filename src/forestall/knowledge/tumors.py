"""Tumors described by their rates alone: division, death, alterations and what each drug does, without a network."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from forestall.errors import InputError
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import Document, validate
from forestall.units import quantity_in

MOST_CELLS = 1e13
MOST_LESIONS = 30
FULL = "full"
_PER = re.compile(r"^\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*/\s*([A-Za-z]+)\s*$")
"""A rate as one writes it: 0.14/day."""


def _per_day(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    return quantity_in(_PER.sub(r"\1 1/\2", text), "1/day")


def _fold(given: Any) -> Any:
    if given == FULL:
        return math.inf
    if isinstance(given, int | float) and not isinstance(given, bool) and given > 0:
        return float(given)
    fix = "'full' for cells that the drug cannot reach"
    raise InputError(
        "not a fold change of the concentration of half effect", value=given, allowed="above 0", fix=fix
    )


Rate = Annotated[
    float,
    BeforeValidator(rethrown(_per_day)),
    Field(ge=0, le=100),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "examples": ["0.14/day"]}]}),
]
Fold = Annotated[
    float,
    BeforeValidator(rethrown(_fold)),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": FULL}]}),
]
Share = Annotated[float, Field(ge=0, le=1)]


class EffectSpec(Entry):
    """What an alteration, or an interaction of two, does."""

    cost: float = Field(
        default=0.0, le=1, ge=-10, description="Share of the net growth rate lost, through division."
    )
    birth_factor: float = Field(default=1.0, ge=0, description="Factor on the division rate.")
    death_factor: float = Field(default=1.0, ge=0, description="Factor on the death rate without treatment.")
    resists: dict[str, Fold] = Field(
        default_factory=dict,
        description="Drug -> fold change of the concentration of half effect, or 'full'.",
        examples=[{"A": "full", "B": 10}],
    )


class AlterationSpec(EffectSpec):
    """A heritable event at division."""

    probability: float = Field(ge=0, le=1, description="Per division, that one daughter acquires it.")


class InteractionSpec(EffectSpec):
    """What two alterations do together beyond the product of their effects."""

    between: tuple[str, str] = Field(description="The two alterations.")
    ordered: bool = Field(default=False, description="Only where the first was acquired before the second.")


class DrugSpec(Entry):
    """What a drug does to a cell that nothing protects."""

    kill: Rate = Field(default=0.0, description="Largest added death rate.")
    slowing: Share = Field(default=0.0, description="Largest share of divisions that do not happen.")
    hill: float = Field(default=1.0, gt=0, le=10, description="Slope of the effect over concentration.")
    level: float | None = Field(
        default=None,
        gt=0,
        description="Concentration over that of half effect; without it the effect is full.",
    )


class ToleranceSpec(Entry):
    """Cells that rest and come back."""

    enter: Rate = Field(description="Cycling to tolerant.")
    leave: Rate = Field(description="Tolerant to cycling.")
    death: Rate = Field(default=0.0, description="Death of tolerant cells.")
    kill: Share = Field(default=0.0, description="Share of the drugs' killing that reaches them.")


class TumorSpec(Entry):
    """A tumor by its rates."""

    tumor: str = Field(min_length=1, max_length=80, description="Its name.")
    birth: Rate = Field(description="Division rate without treatment.")
    death: Rate = Field(description="Death rate without treatment.")
    lesions: tuple[Annotated[float, Field(ge=1, le=MOST_CELLS)], ...] = Field(
        min_length=1, max_length=MOST_LESIONS, description="Cells of each lesion when treatment begins."
    )
    capacity: float | None = Field(default=None, gt=0, description="Carrying capacity of a lesion, cells.")
    relapse: float | None = Field(
        default=None,
        gt=0,
        description="Cells at which regrowth counts as progression; those at the start if absent, at most 1e9.",
    )
    alterations: dict[str, AlterationSpec] = Field(default_factory=dict, max_length=64)
    interactions: tuple[InteractionSpec, ...] = Field(default=(), max_length=64)
    drugs: dict[str, DrugSpec] = Field(min_length=1, description="By name.")
    combined: Literal["sum", "strongest"] = Field(
        default="sum", description="How killing by several drugs adds up."
    )
    tolerance: ToleranceSpec | None = None
    sources: tuple[str, ...] = Field(default=(), description="Where the numbers come from.")

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for effect in (*self.alterations.values(), *self.interactions):
            for drug in effect.resists:
                if drug not in self.drugs:
                    raise ValueError(
                        f"resists the drug '{drug}', which is not among the drugs: {', '.join(self.drugs)}"
                    )
        for interaction in self.interactions:
            for name in interaction.between:
                if name not in self.alterations:
                    raise ValueError(f"an interaction names '{name}', which is not among the alterations")
        return self

    @model_validator(mode="after")
    def _can_grow(self) -> Self:
        if self.birth <= self.death:
            raise ValueError(
                f"birth ({self.birth:g}/day) must be above death ({self.death:g}/day): the tumor has grown"
            )
        room = 1.0 if self.capacity is None else (1.0 - self.death / self.birth) * self.capacity
        if self.capacity is not None and max(self.lesions) >= room:
            raise ValueError(
                f"a lesion of {max(self.lesions):g} cells cannot grow: with this capacity growth ends at {room:.3g} cells"
            )
        return self

    @model_validator(mode="after")
    def _probabilities_add_up(self) -> Self:
        total = sum(alteration.probability for alteration in self.alterations.values())
        if total > 1.0:
            raise ValueError(f"the probabilities of the alterations add up to {total:g}, more than 1")
        return self


def is_tumor(document: Document) -> bool:
    """Whether a file describes a tumor by its rates (and not a patient)."""
    return "tumor" in document.data


def tumor_of(document: Document) -> TumorSpec:
    """The tumor that a file describes.

    Raises:
        InputError: if the file is wrong: naming file, line, field and fix.
    """
    return validate(TumorSpec, document)


class CohortSpec(Entry):
    """Several patients or tumors."""

    cohort: str = Field(min_length=1, max_length=80, description="Its name.")
    members: tuple[str, ...] = Field(
        min_length=1, max_length=1000, description="Files of patients or tumors, relative to this file."
    )


def cohort_of(document: Document) -> list[Path]:
    """The files of a cohort's members.

    Raises:
        InputError: if the file is wrong: naming file, line, field and fix.
    """
    spec = validate(CohortSpec, document)
    return [document.path.parent / member for member in spec.members]
