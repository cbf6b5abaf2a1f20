"""Expressions of logical models: rules in Boolean algebra, and rates that may depend on the state.

An expression is a small tree. Truth is 1 and falsehood is 0, so that rules and rates share one type. The parser
bounds the depth of a tree, which is why the functions here may recurse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_DEPTH = 200
"""Levels of operations in one expression."""


class Operator(StrEnum):
    """What an operation does with its operands."""

    NOT = "not"
    AND = "and"
    OR = "or"
    XOR = "xor"
    IF = "if"
    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    NEGATE = "negative"


@dataclass(frozen=True, slots=True)
class Symbol:
    """The state of a node, 0 or 1."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named constant of a MaBoSS model, written $name."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """Another expression of the same node in a MaBoSS model, written @name; @logic is its rule."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands."""

    operator: Operator
    operands: tuple[Expression, ...]


Expression = Symbol | Number | Parameter | Attribute | Operation

FALSE, TRUE = Number(0.0), Number(1.0)
LOGIC = Attribute("logic")
_BOOLEAN = frozenset({Operator.NOT, Operator.AND, Operator.OR, Operator.XOR})


def operation(operator: Operator, *operands: Expression) -> Expression:
    """An operation in which nested sums of one kind are flat and a double negation is gone."""
    if operator is Operator.NOT and _is(operands[0], Operator.NOT):
        return operands[0].operands[0]  # type: ignore[union-attr]
    if operator in (Operator.AND, Operator.OR):
        return Operation(operator, _flat(operator, operands))
    return Operation(operator, operands)


def without_xor(expression: Expression) -> Expression:
    """The same function without exclusive or, which some programs do not know."""
    if not isinstance(expression, Operation):
        return expression
    parts = [without_xor(part) for part in expression.operands]
    if expression.operator is not Operator.XOR:
        return operation(expression.operator, *parts)
    result = parts[0]
    for part in parts[1:]:
        result = any_of(all_of(result, negation(part)), all_of(negation(result), part))
    return result


def _is(expression: Expression, operator: Operator) -> bool:
    return isinstance(expression, Operation) and expression.operator is operator


def _flat(operator: Operator, operands: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Joined as whole tuples: the parser adds one operand at a time to what may be a long sum."""
    flat: tuple[Expression, ...] = ()
    for operand in operands:
        if isinstance(operand, Operation) and operand.operator is operator:
            flat += operand.operands
        else:
            flat += (operand,)
    return flat


def negation(expression: Expression) -> Expression:
    """The opposite of an expression."""
    return operation(Operator.NOT, expression)


def all_of(*operands: Expression) -> Expression:
    """The conjunction, without operands that are always true."""
    return _gathered(Operator.AND, operands, neutral=TRUE, absorbing=FALSE)


def any_of(*operands: Expression) -> Expression:
    """The disjunction, without operands that are never true."""
    return _gathered(Operator.OR, operands, neutral=FALSE, absorbing=TRUE)


def _gathered(
    operator: Operator, operands: tuple[Expression, ...], *, neutral: Expression, absorbing: Expression
) -> Expression:
    if absorbing in operands:
        return absorbing
    kept = [operand for operand in operands if operand != neutral]
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else operation(operator, *kept)


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all its parts, in the order in which they are written."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Operation):
            waiting.extend(reversed(part.operands))


def depth_of(expression: Expression) -> int:
    """Levels of operations, without recursion: the parser asks before the depth is bounded."""
    deepest, waiting = 0, [(expression, 0)]
    while waiting:
        part, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(part, Operation):
            waiting.extend((operand, depth + 1) for operand in part.operands)
    return deepest


def symbols_of(*expressions: Expression | None) -> list[str]:
    """Names of the nodes that expressions mention, each once, in the order of their first mention."""
    parts = (part for one in expressions if one is not None for part in walk(one))
    return list(dict.fromkeys(part.name for part in parts if isinstance(part, Symbol)))


def is_boolean(expression: Expression) -> bool:
    """Whether an expression is made of nodes, 0, 1, and Boolean operators only."""
    return all(_is_boolean_part(part) for part in walk(expression))


def _is_boolean_part(part: Expression) -> bool:
    if isinstance(part, Operation):
        return part.operator in _BOOLEAN
    return isinstance(part, Symbol) or part in (FALSE, TRUE)


def replace(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """An expression in which `change` replaced the parts for which it returned another."""
    changed = change(expression)
    if changed is not None:
        return changed
    if not isinstance(expression, Operation):
        return expression
    return operation(expression.operator, *(replace(operand, change) for operand in expression.operands))


def evaluate(
    expression: Expression,
    states: Mapping[str, Array],
    parameters: Mapping[str, float],
    attributes: Mapping[str, Array],
) -> Array:
    """The values of an expression in many states at once.

    Args:
        expression: What to evaluate.
        states: (n,) 0 or 1 of each node that it mentions.
        parameters: Values of `$name`.
        attributes: (n,) values of `@name`.

    Returns:
        (n,) array, or a number without axes if the expression mentions no node.
    """
    if isinstance(expression, Number):
        return np.asarray(expression.value)
    if isinstance(expression, Symbol):
        return states[expression.name]
    if isinstance(expression, Parameter):
        return np.asarray(float(parameters[expression.name]))
    if isinstance(expression, Attribute):
        return attributes[expression.name]
    values = [evaluate(operand, states, parameters, attributes) for operand in expression.operands]
    return _apply(expression.operator, values)


_COMPARISONS: dict[Operator, Callable[[Array, Array], NDArray[np.bool_]]] = {
    Operator.EQUAL: np.equal,
    Operator.UNEQUAL: np.not_equal,
    Operator.LESS: np.less,
    Operator.AT_MOST: np.less_equal,
    Operator.GREATER: np.greater,
    Operator.AT_LEAST: np.greater_equal,
}
_ARITHMETIC: dict[Operator, Callable[[Array, Array], Array]] = {
    Operator.ADD: np.add,
    Operator.SUBTRACT: np.subtract,
    Operator.MULTIPLY: np.multiply,
}


def _apply(operator: Operator, values: list[Array]) -> Array:
    if operator is Operator.IF:
        return np.where(values[0] != 0.0, values[1], values[2])
    if operator is Operator.NEGATE:
        return -values[0]
    if operator in _BOOLEAN:
        return _apply_boolean(operator, [value != 0.0 for value in values])
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](values[0], values[1]).astype(float)
    if operator is Operator.DIVIDE:
        return _quotient(values[0], values[1])
    return _ARITHMETIC[operator](values[0], values[1])


def _apply_boolean(operator: Operator, values: list[NDArray[np.bool_]]) -> Array:
    result = values[0]
    for value in values[1:]:
        if operator is Operator.AND:
            result = result & value
        elif operator is Operator.OR:
            result = result | value
        else:
            result = result ^ value
    return np.asarray(~result if operator is Operator.NOT else result).astype(float)


def _quotient(top: Array, bottom: Array) -> Array:
    """A division by zero is not a number; who uses the result refuses it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom == 0.0, math.nan, top / bottom)
