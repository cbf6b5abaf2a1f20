"""Changes of an SBML model before it is simulated: values set, scaled, or held fixed whatever the model would do with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from forestall.errors import InputError, did_you_mean

Kind = Literal["set", "scale", "clamp"]


@dataclass(frozen=True)
class Change:
    """One change: a drug, a knock-down, another dose of ligand."""

    kind: Kind
    """`set` a value (of a species, its initial one), `scale` it, or `clamp` it for the whole simulation."""
    name: str
    """An id, a name that only one thing has, or "reaction.parameter" for a parameter that belongs to one reaction."""
    value: float

    @classmethod
    def from_text(cls, kind: Kind, text: str) -> Change:
        """A change from "NAME=NUMBER".

        Raises:
            InputError: if the text has another form, or the number is not finite, or a factor is negative.
        """
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (equals and name.strip()) or not math.isfinite(value):
            raise InputError("expected NAME=NUMBER", field=f"--{kind}", value=text, allowed="such as k1=0.5")
        if kind == "scale" and value < 0:
            raise InputError("a factor is not negative", field=f"--{kind}", value=text)
        return cls(kind, name.strip(), value)


@dataclass(frozen=True)
class Targets:
    """The words that name what has a value in a model; texts only, so that they outlive libSBML's objects."""

    ids: tuple[str, ...]
    by_name: dict[str, list[str]]
    ruled: frozenset[str]
    """Ids of what follows from assignment rules."""
    path: Path

    @classmethod
    def of(cls, model: Any, path: Path) -> Targets:
        """The targets of a libsbml.Model."""
        by_id = elements_of(model)
        by_name: dict[str, list[str]] = {}
        for key, element in by_id.items():
            if element.getName() and element.getName() not in by_id:
                by_name.setdefault(element.getName(), []).append(key)
        ruled = frozenset(rule.getVariable() for rule in model.getListOfRules() if rule.isAssignment())
        return cls(tuple(by_id), by_name, ruled, path)

    def find(self, word: str) -> str:
        """The id that a word means.

        Raises:
            InputError: if nothing or more than one thing goes by it.
        """
        if word in self.ids:
            return word
        ids = self.by_name.get(word, [])
        if len(ids) == 1:
            return ids[0]
        if ids:
            raise InputError(
                "several things have this name",
                file=self.path,
                value=word,
                allowed="an id: " + ", ".join(ids),
            )
        fix = did_you_mean(word, [*self.ids, *self.by_name])
        raise InputError("the model has nothing of this name", file=self.path, value=word, fix=fix)

    def is_ruled(self, key: str) -> bool:
        """Whether a value follows from a rule, so that setting it has no effect."""
        return key in self.ruled


def elements_of(model: Any) -> dict[str, Any]:
    """Everything that has a value, by id; the objects live as long as the document."""
    by_id = {element.getId(): element for element in _elements(model)}
    return by_id | dict(_local_parameters(model))


def _elements(model: Any) -> Iterator[Any]:
    yield from model.getListOfSpecies()
    yield from model.getListOfParameters()
    yield from model.getListOfCompartments()


def _local_parameters(model: Any) -> Iterator[tuple[str, Any]]:
    for reaction in model.getListOfReactions():
        law = reaction.getKineticLaw()
        if law is not None:
            for parameter in [*law.getListOfParameters(), *law.getListOfLocalParameters()]:
                yield f"{reaction.getId()}.{parameter.getId()}", parameter


def apply_changes(libsbml: Any, model: Any, changes: tuple[Change, ...], path: Path) -> None:
    """Change a model in place.

    Args:
        libsbml: The module.
        model: The libsbml.Model.
        changes: In this order.
        path: Its file, for complaints.

    Raises:
        InputError: if a name is unknown, or a value follows from a rule and is not clamped.
    """
    targets, elements = Targets.of(model, path), elements_of(model)
    for change in changes:
        key = targets.find(change.name)
        if change.kind == "clamp":
            _free_from_rules(model, key)
            _hold(elements[key])
        _refuse_ruled(model, key, change, path)
        if change.kind == "scale":
            _scale(libsbml, model, key, elements[key], change.value)
        else:
            model.removeInitialAssignment(key)
            _set(elements[key], change.value)


def _refuse_ruled(model: Any, key: str, change: Change, path: Path) -> None:
    rule = model.getAssignmentRuleByVariable(key)
    if rule is not None:
        raise InputError(
            "this value follows from a rule",
            file=path,
            line=rule.getLine() or None,
            field=f"--{change.kind}",
            value=change.name,
            fix="change what the rule reads, or hold it with --clamp",
        )


def _set(element: Any, value: float) -> None:
    if hasattr(element, "setInitialConcentration"):
        if element.getHasOnlySubstanceUnits():
            element.unsetInitialConcentration()
            element.setInitialAmount(value)
        else:
            element.unsetInitialAmount()
            element.setInitialConcentration(value)
    elif hasattr(element, "setSize"):
        element.setSize(value)
    else:
        element.setValue(value)


def _scale(libsbml: Any, model: Any, key: str, element: Any, factor: float) -> None:
    start = model.getInitialAssignment(key)
    if start is not None and start.getMath() is not None:
        product = libsbml.ASTNode(libsbml.AST_TIMES)
        number = libsbml.ASTNode(libsbml.AST_REAL)
        number.setValue(factor)
        product.addChild(number)
        product.addChild(start.getMath().deepCopy())
        start.setMath(product)
    elif hasattr(element, "setInitialConcentration"):
        if element.isSetInitialAmount():
            element.setInitialAmount(element.getInitialAmount() * factor)
        else:
            element.setInitialConcentration(element.getInitialConcentration() * factor)
    elif hasattr(element, "setSize"):
        element.setSize(element.getSize() * factor)
    else:
        element.setValue(element.getValue() * factor)


def _free_from_rules(model: Any, key: str) -> None:
    model.removeRuleByVariable(key)
    for event in model.getListOfEvents():
        event.removeEventAssignment(key)


def _hold(element: Any) -> None:
    """Keep reactions from changing a species."""
    if hasattr(element, "setBoundaryCondition"):
        element.setBoundaryCondition(True)
