"""Conditions as data: what surrounds a clone, or how it is regulated, and is no heritable change of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from forestall.errors import KnowledgeError
from forestall.knowledge.alterations import Change
from forestall.knowledge.networks import NodeName, Number
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import read_yaml, validate
from forestall.knowledge.scope import catalog

DIRECTORY = Path(__file__).parent / "data" / "conditions"


class Condition(Change):
    """A state of the patient, the stroma or the immune system that can be switched on in a study."""

    ligands: dict[NodeName, Number] = Field(default_factory=dict)
    """Levels of input nodes, in [0, 1)."""
    traits: dict[str, bool] = Field(default_factory=dict)
    """Traits of the network that the patient has or lacks."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.operators or self.ligands or self.traits):
            raise ValueError("a condition needs operators, ligands or traits")
        for name, level in self.ligands.items():
            if not 0 <= level.value < 1:
                raise ValueError(f"a ligand level lies in [0, 1), not {level.value} ({name})")
        return self


class ConditionFile(Entry):
    """One file of conditions."""

    conditions: tuple[Condition, ...]


@catalog("conditions")
def load_conditions() -> dict[str, Condition]:
    """Every condition of the catalog, by id.

    Raises:
        KnowledgeError: if two files give the same id.
    """
    found: dict[str, Condition] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        for condition in validate(ConditionFile, read_yaml(path)).conditions:
            if condition.id in found:
                raise KnowledgeError("this condition is defined twice", file=path, value=condition.id)
            found[condition.id] = condition
    return found
