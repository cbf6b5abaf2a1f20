"""Alterations as data: what each does to the network, how often it arises, how often patients carry it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from forestall.errors import KnowledgeError, did_you_mean
from forestall.knowledge.networks import NodeName, Number, Sources
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import read_yaml, validate
from forestall.knowledge.scope import catalog

DIRECTORY = Path(__file__).parent / "data" / "alterations"


class _Operator(Entry):
    """What every operator has."""

    note: str | None = None


class SetFloor(_Operator):
    """Make part of a node's input constitutive; its expression and its inhibitors still act."""

    op: Literal["floor"]
    node: NodeName
    value: Number
    """Constitutive share, in [0, 1]."""


class ScaleExpression(_Operator):
    """Multiply the expression of a node and of its pool; 0 is loss."""

    op: Literal["expression"]
    node: NodeName
    value: Number
    """Factor."""


def _edge(text: str) -> str:
    if not re.fullmatch(r"\w+\s*->\s*\w+", text):
        raise ValueError("an edge is written A->B, from the node A to the node B")
    return text


Edge = Annotated[str, AfterValidator(_edge)]


class RemoveInput(_Operator):
    """Take away terms through which one node reaches another."""

    op: Literal["remove_input"]
    edge: Edge
    value: Number
    """Share of the weight that is removed, in [0, 1]."""


class ScaleWeight(_Operator):
    """Multiply the weight of the terms through which one node reaches another (never above 1)."""

    op: Literal["weight"]
    edge: Edge
    value: Number
    """Factor."""


class LimitAccess(_Operator):
    """Let only a share of a drug's effect through."""

    op: Literal["access"]
    drugs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """Drug classes; an action is limited if its drug or its class is listed."""
    kinds: tuple[str, ...] = ()
    """Kinds of action (inhibit, adcc, payload, ...); all kinds if empty."""
    targets: tuple[str, ...] = ()
    """Targets of the action; all targets if empty."""
    value: Number
    """Share of the effect that remains, in [0, 1]."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not (self.drugs or self.classes):
            raise ValueError("access needs drugs or classes")
        return self

    def covers(self, *, drug: str, drug_class: str, kind: str, target: str) -> bool:
        """Whether an action is limited."""
        listed = drug in self.drugs or drug_class in self.classes
        return listed and kind in (self.kinds or (kind,)) and target in (self.targets or (target,))


class ShiftAffinity(_Operator):
    """Let a drug have half its effect at another concentration, and with another steepness, in cells that have the alteration.

    A clone with several such alterations of one action shows the most resistant of them.
    """

    op: Literal["affinity"]
    drug: str
    targets: tuple[str, ...] = ()
    """Targets of the action; all targets if empty."""
    value: Number
    """Fold change of the concentration of half effect, relative to the wild type."""
    hill: Number | None = None
    """Hill coefficient in these cells; that of the drug's action if absent."""

    def covers(self, *, drug: str, target: str) -> bool:
        """Whether an action is shifted."""
        return drug == self.drug and target in (self.targets or (target,))


Operator = Annotated[
    SetFloor | ScaleExpression | RemoveInput | ScaleWeight | LimitAccess | ShiftAffinity,
    Field(discriminator="op"),
]


class Prevalence(Entry):
    """Share of patients whose tumor has the alteration in its trunk; a context not listed has none."""

    primary: dict[str, Number] = Field(default_factory=dict)
    pretreated: dict[str, Number] = Field(default_factory=dict)

    def value(self, context: str, *, pretreated: bool) -> float:
        """Prevalence in a context; that of primary tumors where none is known after treatment."""
        known = self.pretreated if pretreated and context in self.pretreated else self.primary
        return known[context].value if context in known else 0.0


ResistanceClass = Literal["binding", "bypass", "downstream", "immune"]
"""How a tumor gets around HER2 blockade: the antibody or inhibitor binds less, another pathway takes over, what lies
downstream of HER2 is on, or effector cells fail."""


class Change(Entry):
    """Something that can be switched on in a tumor and changes what the network and the drugs do."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    name: str
    network: str = "breast"
    operators: tuple[Operator, ...] = ()
    resistance_class: ResistanceClass | None = None
    """Its class among the ways around HER2 blockade, if it is one."""
    mechanisms: tuple[str, ...] = Field(min_length=1)
    """Ids in the mechanism catalogue."""
    sources: Sources
    note: str | None = None

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Self:
        for operator in self.operators:
            low, high = (
                (0.0, 1.0) if operator.op in ("floor", "remove_input", "access") else (0.0, float("inf"))
            )
            if not low <= operator.value.value <= high:
                raise ValueError(
                    f"{operator.op} takes a value between {low:g} and {high:g}, not {operator.value.value}"
                )
            if isinstance(operator, ShiftAffinity) and operator.value.value <= 0:
                raise ValueError("affinity takes a fold change above zero")
        return self


class Alteration(Change):
    """A heritable change of a clone."""

    gene: str
    """HGNC symbol."""
    kind: Literal["mutation", "amplification", "loss", "expression", "isoform", "rearrangement"]
    operators: tuple[Operator, ...] = Field(min_length=1)
    rate_per_division: Number
    """Probability that a division produces it."""
    prevalence: Prevalence = Field(default_factory=Prevalence)
    fitness_cost: Number
    """Relative loss of the birth rate."""
    contexts: tuple[str, ...] = ()
    """Contexts in which it matters; all if empty."""
    undoes: tuple[str, ...] = ()
    """Alterations of which it needs one in the trunk, whose effect it takes back."""
    selected_by: tuple[str, ...] = ()
    """Drug classes or drugs under which it is known to be selected (for readers, not for the model)."""

    @model_validator(mode="after")
    def _rate_is_a_probability(self) -> Self:
        if not 0 <= self.rate_per_division.value < 1:
            raise ValueError("rate_per_division is a probability")
        return self

    def matters_in(self, context: str) -> bool:
        """Whether the alteration can matter in a context."""
        return not self.contexts or context in self.contexts

    def can_arise_in(self, context: str, trunk: Collection[str]) -> bool:
        """Whether a tumor of a context, with some alterations in its trunk, can acquire it."""
        undone = not self.undoes or any(name in trunk for name in self.undoes)
        return undone and self.matters_in(context) and self.id not in trunk


class AlterationFile(Entry):
    """One file of alterations."""

    alterations: tuple[Alteration, ...]


@catalog("alterations")
def load_alterations() -> dict[str, Alteration]:
    """Every alteration of the catalogue, by id.

    Raises:
        KnowledgeError: if two files give the same id.
    """
    found: dict[str, Alteration] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        for alteration in validate(AlterationFile, read_yaml(path)).alterations:
            if alteration.id in found:
                raise KnowledgeError("this alteration is defined twice", file=path, value=alteration.id)
            found[alteration.id] = alteration
    return found


def pick(
    ids: tuple[str, ...] | list[str], catalogue: Mapping[str, Change] | None = None
) -> tuple[Change, ...]:
    """Alterations (or what else a catalogue holds) by id.

    Raises:
        KnowledgeError: if an id is unknown.
    """
    known: Mapping[str, Change] = load_alterations() if catalogue is None else catalogue
    for name in ids:
        if name not in known:
            raise KnowledgeError("unknown alteration", value=name, fix=did_you_mean(name, known))
    return tuple(known[name] for name in ids)
