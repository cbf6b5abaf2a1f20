"""How large the formulas of an SBML model become once every rule and function is written out.

Simulators inline assignment rules and functions, so that twenty short rules, each of which names the one before it twice, fill the
memory of a computer. The size is computed here without expanding anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from forestall.errors import InputError

MOST_TERMS = 250_000
"""Symbols, numbers and operators of all formulas together, written out."""


def refuse_explosions(libsbml: Any, model: Any, path: Path) -> None:
    """Refuse a model whose written-out formulas are too large, or whose rules or functions refer to themselves.

    Args:
        libsbml: The module.
        model: The libsbml.Model.
        path: Its file, for the complaint.

    Raises:
        InputError: naming file and line.
    """
    sizes = _Sizes(libsbml, model, path)
    total = 0
    for element, tree in _formulas(model):
        total += sizes.of(tree)
        if total > MOST_TERMS:
            raise InputError(
                "the formulas of the model become too large when its rules and functions are written out",
                file=path,
                line=element.getLine() or None,
                value=f"more than {MOST_TERMS} terms",
            )


def _formulas(model: Any) -> Iterator[tuple[Any, Any]]:
    """Every element with a formula that a simulator evaluates."""
    for rule in model.getListOfRules():
        yield rule, rule.getMath()
    for reaction in model.getListOfReactions():
        if reaction.getKineticLaw() is not None:
            yield reaction, reaction.getKineticLaw().getMath()
    for assignment in model.getListOfInitialAssignments():
        yield assignment, assignment.getMath()
    for event in model.getListOfEvents():
        if event.getTrigger() is not None:
            yield event, event.getTrigger().getMath()
        for assignment in event.getListOfEventAssignments():
            yield assignment, assignment.getMath()


class _Sizes:
    """Sizes of formulas, each symbol and function measured once; sizes stop growing at the limit."""

    def __init__(self, libsbml: Any, model: Any, path: Path) -> None:
        self._libsbml, self._path = libsbml, path
        self._meaning: dict[str, tuple[Any, Any]] = {}
        for rule in model.getListOfRules():
            if rule.isAssignment() and rule.getMath() is not None:
                self._meaning[rule.getVariable()] = (rule, rule.getMath())
        for reaction in model.getListOfReactions():
            law = reaction.getKineticLaw()
            if law is not None and law.getMath() is not None:
                self._meaning[reaction.getId()] = (reaction, law.getMath())
        self._arguments: dict[str, set[str]] = {}
        for function in model.getListOfFunctionDefinitions():
            if function.getBody() is not None:
                key = function.getId()
                self._meaning[key] = (function, function.getBody())
                self._arguments[key] = {
                    function.getArgument(k).getName() for k in range(function.getNumArguments())
                }
        self._known: dict[str, int] = {}

    def of(self, tree: Any) -> int:
        """Size of a formula. Names are measured before the names that use them, without recursion."""
        open_names = [name for name in self._names(tree) if name not in self._known]
        waiting: set[str] = set()
        while open_names:
            name = open_names[-1]
            if name in self._known:
                open_names.pop()
                continue
            element, meaning = self._meaning[name]
            own = self._arguments.get(name, set())
            needed = [other for other in self._names(meaning) - own if other not in self._known]
            if not needed:
                self._known[name] = self._size(meaning, own)
                waiting.discard(name)
                open_names.pop()
                continue
            waiting.add(name)
            if again := waiting.intersection(needed):
                raise InputError(
                    "rules or functions refer to themselves",
                    file=self._path,
                    line=element.getLine() or None,
                    value=sorted(again)[0],
                )
            open_names.extend(needed)
        return self._size(tree)

    def _names(self, tree: Any) -> set[str]:
        return {node.getName() for node in _nodes(tree) if node.getName() in self._meaning}

    def _size(self, tree: Any, arguments: Set[str] = frozenset()) -> int:
        names = (node.getName() or "" for node in _nodes(tree))
        total = sum(1 if name in arguments else self._known.get(name, 1) for name in names)
        return min(total, MOST_TERMS + 1)


def _nodes(tree: Any) -> Iterator[Any]:
    """Every node of a formula, without recursion."""
    stack = [] if tree is None else [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.getChild(k) for k in range(node.getNumChildren()))
