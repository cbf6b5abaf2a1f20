"""SBML-qual: species with levels, and transitions with function terms."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError, did_you_mean
from forestall.interop.logical.expressions import (
    MAX_DEPTH,
    Expression,
    Number,
    Operator,
    all_of,
    any_of,
    depth_of,
    negation,
    operation,
)
from forestall.interop.logical.levels import MOST_LEVELS, Species, nodes_of
from forestall.interop.logical.model import LogicalModel, Node, Start
from forestall.interop.logical.parsing import Place
from forestall.interop.logical.text import MAX_NODES
from forestall.interop.logical.xml_guard import read_guarded_xml

_MIRRORED = {
    Operator.LESS: Operator.GREATER,
    Operator.AT_MOST: Operator.AT_LEAST,
    Operator.GREATER: Operator.LESS,
    Operator.AT_LEAST: Operator.AT_MOST,
    Operator.EQUAL: Operator.EQUAL,
    Operator.UNEQUAL: Operator.UNEQUAL,
}


def libsbml_or_advice() -> Any:
    """The module libsbml.

    Raises:
        ForestallError: if python-libsbml is not installed.
    """
    try:
        return importlib.import_module("libsbml")
    except ImportError:
        raise ForestallError(
            "SBML needs python-libsbml; install it with: pip install 'forestall[sbml]'"
        ) from None


@dataclass
class _Reader:
    place: Place
    sbml: Any
    species: dict[str, Species] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, list[Node]] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    thresholds: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    """Inputs of the present transition by their id: species and threshold level."""


def read_sbml_qual(path: Path) -> LogicalModel:
    """Read an SBML file with the package qual.

    Raises:
        InputError: with file and line.
        ForestallError: if python-libsbml is not installed.
    """
    sbml = libsbml_or_advice()
    reader = _Reader(Place(path), sbml)
    document = sbml.readSBMLFromString(read_guarded_xml(path))
    plugin = _plugin(document, reader)
    targets = _highest_targets(plugin)
    for one in _each(plugin.getListOfQualitativeSpecies()):
        _read_species(one, targets.get(one.getId(), 1), reader)
    if not reader.species:
        reader.place.refuse(
            "the model has no qualitative species", None, fix="an ODE model cannot be read as a logical one"
        )
    _refuse_clashes(reader)
    for one in _each(plugin.getListOfTransitions()):
        _read_transition(one, reader)
    nodes = [
        node
        for name, one in reader.species.items()
        for node in reader.nodes.get(name) or _inputs(one, reader)
    ]
    return LogicalModel(tuple(nodes), starts=tuple(reader.starts))


def _each(items: Any) -> Iterator[Any]:
    return (items.get(number) for number in range(items.size()))


def _plugin(document: Any, reader: _Reader) -> Any:
    for number in range(document.getNumErrors()):
        error = document.getError(number)
        if _changes_the_meaning(error, reader.sbml):
            reader.place.refuse(f"this is no valid SBML: {error.getShortMessage()}", error.getLine())
    model = document.getModel()
    plugin = None if model is None else model.getPlugin("qual")
    if plugin is None:
        reader.place.refuse(
            "the file has no SBML-qual model", 1, fix="an ODE model cannot be read as a logical one"
        )
    return plugin


def _changes_the_meaning(error: Any, sbml: Any) -> bool:
    """Published files break many rules that do not matter, such as attributes in the wrong namespace."""
    if error.getSeverity() < sbml.LIBSBML_SEV_ERROR:
        return False
    wrong_value = "must be" in error.getShortMessage()
    return (
        wrong_value
        or error.getSeverity() == sbml.LIBSBML_SEV_FATAL
        or error.getCategory() == sbml.LIBSBML_CAT_MATHML_CONSISTENCY
    )


def _highest_targets(plugin: Any) -> dict[str, int]:
    """The highest level that a transition gives a species, for those of which no highest level is said."""
    highest: dict[str, int] = {}
    for transition in _each(plugin.getListOfTransitions()):
        levels = [int(term.getResultLevel()) for term in _each(transition.getListOfFunctionTerms())]
        for output in _each(transition.getListOfOutputs()):
            name = output.getQualitativeSpecies()
            highest[name] = max([highest.get(name, 1), *levels])
    return highest


def _read_species(one: Any, highest_target: int, reader: _Reader) -> None:
    name, line = one.getId(), one.getLine()
    if name in reader.species:
        reader.place.refuse(f"the species '{name}' is defined twice", line)
    initial = int(one.getInitialLevel()) if one.isSetInitialLevel() else None
    top = int(one.getMaxLevel()) if one.isSetMaxLevel() else max(highest_target, initial or 1)
    if not 0 <= top <= MOST_LEVELS:
        reader.place.refuse(
            f"the species '{name}' has a wrong highest level", line, value=top, allowed=f"0 to {MOST_LEVELS}"
        )
    if initial is not None and not 0 <= initial <= top:
        reader.place.refuse(
            f"the species '{name}' starts outside of its levels", line, value=initial, allowed=f"0 to {top}"
        )
    species = Species(name, max(top, 1), one.getName() or "")
    reader.species[name], reader.lines[name] = species, line
    reader.starts.extend(_starts(species, 0 if top == 0 else initial))


def _starts(species: Species, initial: int | None) -> list[Start]:
    """Where a species starts: each level is as probable as the others where the file names none.

    A highest level of 0 says that the species is off (so the R package BoolNet writes genes fixed at 0).
    """
    if initial is not None:
        return [Start(species.nodes, ((1.0, species.states(initial)),))]
    if species.top == 1:
        return []
    outcomes = tuple((1.0 / (species.top + 1), species.states(level)) for level in range(species.top + 1))
    return [Start(species.nodes, outcomes)]


def _refuse_clashes(reader: _Reader) -> None:
    seen: set[str] = set()
    for name, one in reader.species.items():
        for node in one.nodes:
            if node in seen:
                reader.place.refuse(
                    "two species need the same name for a level", reader.lines[name], value=node
                )
            seen.add(node)
    if len(seen) > MAX_NODES:
        reader.place.refuse("the network has too many nodes", None, value=len(seen), allowed=f"{MAX_NODES:,}")


def _inputs(one: Species, reader: _Reader) -> list[Node]:
    return nodes_of(one, None, 0, reader.lines[one.name])


def _read_transition(transition: Any, reader: _Reader) -> None:
    _read_inputs(transition, reader)
    outputs = list(_each(transition.getListOfOutputs()))
    terms = list(_each(transition.getListOfFunctionTerms()))
    default = transition.getDefaultTerm()
    for output in outputs:
        name, line = output.getQualitativeSpecies(), output.getLine()
        species = _species(name, line, reader)
        if name in reader.nodes:
            reader.place.refuse(
                f"'{name}' has a rule already, from another transition", line, fix="remove one of the two"
            )
        if output.getTransitionEffect() != reader.sbml.OUTPUT_TRANSITION_EFFECT_ASSIGNMENT_LEVEL:
            reader.place.refuse("an output must have the effect assignmentLevel", line, value=name)
        if not terms and default is None:
            reader.nodes[name] = _inputs(species, reader)
            continue
        cases = [(_level(term, species, reader), _condition(term, reader)) for term in terms]
        usual = 0 if default is None else _level(default, species, reader)
        reader.nodes[name] = nodes_of(species, cases, usual, line)


def _species(name: str, line: int, reader: _Reader) -> Species:
    if name not in reader.species:
        reader.place.refuse("unknown symbol", line, value=name, fix=did_you_mean(name, reader.species))
    return reader.species[name]


def _read_inputs(transition: Any, reader: _Reader) -> None:
    reader.thresholds = {}
    for one in _each(transition.getListOfInputs()):
        name, line = one.getQualitativeSpecies(), one.getLine()
        _species(name, line, reader)
        if one.getTransitionEffect() == reader.sbml.INPUT_TRANSITION_EFFECT_CONSUMPTION:
            reader.place.refuse("an input that is consumed is not supported", line, value=name)
        if one.isSetId():
            level = one.getThresholdLevel() if one.isSetThresholdLevel() else None
            reader.thresholds[one.getId()] = (name, level)


def _level(term: Any, species: Species, reader: _Reader) -> int:
    level = int(term.getResultLevel())
    if not 0 <= level <= species.top:
        reader.place.refuse(
            f"a target level of '{species.name}' is outside of its levels",
            term.getLine(), value=level, allowed=f"0 to {species.top}",
        )  # fmt: skip
    return level


def _condition(term: Any, reader: _Reader) -> Expression:
    math = term.getMath()
    if math is None:
        reader.place.refuse("a function term has no formula", term.getLine())
    expression = _boolean(_Formula(math, term.getLine()), reader)
    if depth_of(expression) > MAX_DEPTH:
        reader.place.refuse(
            "the formula is nested too deep", term.getLine(), allowed=f"{MAX_DEPTH} operations"
        )
    return expression


@dataclass(frozen=True)
class _Formula:
    """A part of a formula, with the line of the term that it belongs to."""

    node: Any
    line: int

    @property
    def parts(self) -> list[_Formula]:
        return [_Formula(self.node.getChild(place), self.line) for place in range(self.node.getNumChildren())]


def _operators(sbml: Any) -> dict[int, Operator]:
    return {
        sbml.AST_LOGICAL_AND: Operator.AND,
        sbml.AST_LOGICAL_OR: Operator.OR,
        sbml.AST_LOGICAL_XOR: Operator.XOR,
        sbml.AST_LOGICAL_NOT: Operator.NOT,
        sbml.AST_RELATIONAL_EQ: Operator.EQUAL,
        sbml.AST_RELATIONAL_NEQ: Operator.UNEQUAL,
        sbml.AST_RELATIONAL_LT: Operator.LESS,
        sbml.AST_RELATIONAL_LEQ: Operator.AT_MOST,
        sbml.AST_RELATIONAL_GT: Operator.GREATER,
        sbml.AST_RELATIONAL_GEQ: Operator.AT_LEAST,
    }


def _boolean(formula: _Formula, reader: _Reader) -> Expression:
    """A formula that is true or false. The depth of the file bounds the recursion."""
    kind = formula.node.getType()
    operator = _operators(reader.sbml).get(kind)
    if operator in _MIRRORED:
        return _comparison(operator, formula, reader)
    if operator is not None:
        return _combined(operator, [_boolean(part, reader) for part in formula.parts], formula, reader)
    if kind in (reader.sbml.AST_CONSTANT_TRUE, reader.sbml.AST_CONSTANT_FALSE):
        return Number(float(kind == reader.sbml.AST_CONSTANT_TRUE))
    if kind == reader.sbml.AST_INTEGER and formula.node.getInteger() in (0, 1):
        return Number(float(formula.node.getInteger()))
    if kind == reader.sbml.AST_NAME:
        return _species(formula.node.getName(), formula.line, reader).at_least(1)
    reader.place.refuse("this part of a formula is not supported", formula.line, value=_text(formula, reader))


def _combined(operator: Operator, parts: list[Expression], formula: _Formula, reader: _Reader) -> Expression:
    if operator is Operator.AND:
        return all_of(*parts)
    if operator is Operator.OR:
        return any_of(*parts)
    if not parts or (operator is Operator.NOT and len(parts) != 1):
        reader.place.refuse("an operator has a wrong number of operands", formula.line, value=str(operator))
    if operator is Operator.NOT:
        return negation(parts[0])
    return parts[0] if len(parts) == 1 else operation(Operator.XOR, *parts)


def _comparison(operator: Operator, formula: _Formula, reader: _Reader) -> Expression:
    parts = formula.parts
    if len(parts) != 2:
        reader.place.refuse("a comparison needs two sides", formula.line, value=_text(formula, reader))
    left, right = parts
    if _number(left, reader) is not None:
        left, right, operator = right, left, _MIRRORED[operator]
    level = _number(right, reader)
    if left.node.getType() != reader.sbml.AST_NAME or level is None:
        reader.place.refuse(
            "a comparison must be between a species and a level", formula.line, value=_text(formula, reader)
        )
    return _species(left.node.getName(), left.line, reader).compared(operator, level)


def _number(formula: _Formula, reader: _Reader) -> int | None:
    """A whole number, or the threshold level that the name of an input stands for."""
    node = formula.node
    if node.getType() == reader.sbml.AST_INTEGER:
        return int(node.getInteger())
    if node.getType() in (reader.sbml.AST_REAL, reader.sbml.AST_REAL_E) and node.getReal() == int(
        node.getReal()
    ):
        return int(node.getReal())
    if node.getType() == reader.sbml.AST_NAME and node.getName() not in reader.species:
        return reader.thresholds.get(node.getName(), ("", None))[1]
    return None


def _text(formula: _Formula, reader: _Reader) -> str:
    return str(reader.sbml.formulaToL3String(formula.node))
