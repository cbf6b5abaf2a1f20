"""Species with several levels as Boolean nodes: node k of a species says that its level is at least k.

The first node has the species' name, the others a suffix (ERK, ERK_2, ERK_3), as in published Boolean versions of multi-valued
models. A level rises and falls one by one: node k turns on only where node k - 1 is on, and stays on while node k + 1 is.
"""

from __future__ import annotations

from dataclasses import dataclass

from forestall.interop.logical.expressions import (
    FALSE,
    TRUE,
    Expression,
    Number,
    Operator,
    Symbol,
    all_of,
    any_of,
    negation,
)
from forestall.interop.logical.model import Node, input_or_rule

MOST_LEVELS = 20


@dataclass(frozen=True)
class Species:
    """A species of a multi-valued model."""

    name: str
    top: int
    """Its highest level."""
    label: str = ""
    """What its file calls it besides its name."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of its Boolean nodes."""
        return self._leveled(self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of its Boolean nodes."""
        return self._leveled(self.label) if self.label else ("",) * self.top

    def _leveled(self, word: str) -> tuple[str, ...]:
        return (word, *(f"{word}_{level}" for level in range(2, self.top + 1)))

    def at_least(self, level: int) -> Expression:
        """That the level is reached."""
        if level <= 0:
            return TRUE
        return FALSE if level > self.top else Symbol(self.nodes[level - 1])

    def compared(self, operator: Operator, level: int) -> Expression:
        """How the level compares with a number."""
        if operator is Operator.AT_LEAST:
            return self.at_least(level)
        if operator is Operator.GREATER:
            return self.at_least(level + 1)
        if operator is Operator.LESS:
            return _opposite(self.at_least(level))
        if operator is Operator.AT_MOST:
            return _opposite(self.at_least(level + 1))
        equal = all_of(self.at_least(level), _opposite(self.at_least(level + 1)))
        return equal if operator is Operator.EQUAL else _opposite(equal)

    def states(self, level: int) -> tuple[int, ...]:
        """States of its nodes at a level."""
        return tuple(int(level >= number) for number in range(1, self.top + 1))


def _opposite(expression: Expression) -> Expression:
    if isinstance(expression, Number):
        return FALSE if expression.value else TRUE
    return negation(expression)


def chosen_level(level: int, cases: list[tuple[int, Expression]], default: int) -> Expression:
    """That the target level is at least some level.

    Args:
        level: The level.
        cases: Target levels with their conditions; the first condition that holds decides.
        default: Target level where none holds.
    """
    rule: Expression = TRUE if default >= level else FALSE
    for target, condition in reversed(cases):
        rule = any_of(condition, rule) if target >= level else all_of(_opposite(condition), rule)
    return rule


def nodes_of(
    species: Species, cases: list[tuple[int, Expression]] | None, default: int, line: int
) -> list[Node]:
    """Boolean nodes of a species.

    Args:
        species: The species.
        cases: Target levels with their conditions; None for an input.
        default: Target level where no condition holds.
        line: Where the species stands.
    """
    if cases is None:
        return [
            Node(name, None, line=line, label=label)
            for name, label in zip(species.nodes, species.labels, strict=True)
        ]
    return [
        Node(
            name,
            input_or_rule(name, _step_by_step(species, level, chosen_level(level, cases, default))),
            line=line,
            label=species.labels[level - 1],
        )
        for level, name in enumerate(species.nodes, start=1)
    ]


def _step_by_step(species: Species, level: int, target: Expression) -> Expression:
    climbs = target if level == 1 else all_of(species.at_least(level - 1), target)
    return climbs if level == species.top else any_of(climbs, species.at_least(level + 1))
