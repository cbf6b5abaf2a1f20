"""A logical model as SBML-qual, one species of two levels per node."""

from __future__ import annotations

import re
from typing import Any

from forestall.errors import InputError
from forestall.interop.logical.expressions import (
    Expression,
    Number,
    Operation,
    Operator,
    Symbol,
    is_boolean,
    symbols_of,
)
from forestall.interop.logical.losses import losses
from forestall.interop.logical.model import LogicalModel, Node
from forestall.interop.logical.sbml_qual import libsbml_or_advice

_COMPARTMENT = "cell"
_ID = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def sbml_qual_text(model: LogicalModel) -> tuple[dict[str, str], tuple[str, ...]]:
    """A model as the text of an SBML-qual file, and what that format cannot hold."""
    sbml = libsbml_or_advice()
    namespaces = sbml.SBMLNamespaces(3, 1, "qual", 1)
    document = sbml.SBMLDocument(namespaces)
    document.setPackageRequired("qual", True)
    content = document.createModel()
    content.setId("network")
    compartment = content.createCompartment()
    compartment.setId(_COMPARTMENT)
    compartment.setConstant(True)
    plugin = content.getPlugin("qual")
    levels = _initial_levels(model)
    for node in model.nodes:
        _write_species(plugin, node, levels.get(node.name))
    for node in model.nodes:
        if node.rule is not None:
            _write_transition(sbml, plugin, node, node.rule)
    return {"": sbml.writeSBMLToString(document)}, losses(model, starts=False, joint_starts=True)


def _initial_levels(model: LogicalModel) -> dict[str, int]:
    fixed = [start for start in model.starts if len(start.outcomes) == 1]
    return {
        name: state for start in fixed for name, state in zip(start.nodes, start.outcomes[0][1], strict=True)
    }


def _write_species(plugin: Any, node: Node, level: int | None) -> None:
    if _ID.fullmatch(node.name) is None:
        raise InputError(
            "SBML cannot hold this name", field="node", value=node.name, allowed="letters, digits and '_'"
        )
    species = plugin.createQualitativeSpecies()
    species.setId(node.name)
    species.setCompartment(_COMPARTMENT)
    species.setConstant(node.is_input)
    species.setMaxLevel(1)
    if level is not None:
        species.setInitialLevel(level)


def _write_transition(sbml: Any, plugin: Any, node: Node, rule: Expression) -> None:
    if not is_boolean(rule):
        raise InputError("SBML-qual holds Boolean rules only", field=node.name, fix="write a .bnd file")
    transition = plugin.createTransition()
    transition.setId(f"transition_{node.name}")
    for number, name in enumerate(symbols_of(rule)):
        one = transition.createInput()
        one.setId(f"transition_{node.name}_input_{number}")
        one.setQualitativeSpecies(name)
        one.setTransitionEffect(sbml.INPUT_TRANSITION_EFFECT_NONE)
    output = transition.createOutput()
    output.setQualitativeSpecies(node.name)
    output.setTransitionEffect(sbml.OUTPUT_TRANSITION_EFFECT_ASSIGNMENT_LEVEL)
    transition.createDefaultTerm().setResultLevel(0)
    term = transition.createFunctionTerm()
    term.setResultLevel(1)
    term.setMath(_math(sbml, rule))


def _math(sbml: Any, rule: Expression) -> Any:
    if isinstance(rule, Symbol):
        return _comparison(sbml, rule.name)
    if isinstance(rule, Number):
        return sbml.ASTNode(sbml.AST_CONSTANT_TRUE if rule.value else sbml.AST_CONSTANT_FALSE)
    assert isinstance(rule, Operation)
    kinds = {
        Operator.AND: sbml.AST_LOGICAL_AND,
        Operator.OR: sbml.AST_LOGICAL_OR,
        Operator.XOR: sbml.AST_LOGICAL_XOR,
        Operator.NOT: sbml.AST_LOGICAL_NOT,
    }
    node = sbml.ASTNode(kinds[rule.operator])
    for part in rule.operands:
        node.addChild(_math(sbml, part))
    return node


def _comparison(sbml: Any, name: str) -> Any:
    node, species, one = (
        sbml.ASTNode(sbml.AST_RELATIONAL_EQ),
        sbml.ASTNode(sbml.AST_NAME),
        sbml.ASTNode(sbml.AST_INTEGER),
    )
    species.setName(name)
    one.setValue(1)
    node.addChild(species)
    node.addChild(one)
    return node
