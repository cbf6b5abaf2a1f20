"""A logical model as MaBoSS files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forestall.errors import InputError
from forestall.interop.logical.expressions import (
    Attribute,
    Expression,
    Number,
    Operation,
    Operator,
    Parameter,
    Symbol,
)
from forestall.interop.logical.model import LogicalModel, Node, Start

_NAME = re.compile(r"[A-Za-z_]\w*")
_WORDS = {Operator.AND: "AND", Operator.OR: "OR", Operator.XOR: "XOR"}


def maboss_texts(model: LogicalModel) -> tuple[dict[str, str], tuple[str, ...]]:
    """A model as the texts of a .bnd and a .cfg file; nothing is lost."""
    for name in model.names:
        if _NAME.fullmatch(name) is None:
            raise InputError(
                "MaBoSS cannot hold this name", field="node", value=name, allowed="letters, digits and '_'"
            )
    return {".bnd": "\n".join(map(_node_text, model.nodes)), ".cfg": "\n".join(_settings(model)) + "\n"}, ()


def _node_text(node: Node) -> str:
    lines = [f"Node {node.name} {{"]
    if node.rule is not None:
        lines.append(f"  logic = {expression_text(node.rule)};")
    if node.is_input:
        lines += ["  rate_up = 0;", "  rate_down = 0;"]
    if node.rate_up is not None:
        lines.append(f"  rate_up = {expression_text(node.rate_up)};")
    if node.rate_down is not None:
        lines.append(f"  rate_down = {expression_text(node.rate_down)};")
    return "\n".join([*lines, "}", ""])


def expression_text(expression: Expression) -> str:
    """An expression as MaBoSS writes it; every operation stands in parentheses."""
    if isinstance(expression, Symbol):
        return expression.name
    if isinstance(expression, Number):
        return f"{expression.value:.17g}"
    if isinstance(expression, Parameter):
        return f"${expression.name}"
    if isinstance(expression, Attribute):
        return f"@{expression.name}"
    return _operation_text(expression)


def _operation_text(expression: Operation) -> str:
    parts = [expression_text(part) for part in expression.operands]
    operator = expression.operator
    if operator is Operator.NOT:
        return f"(NOT {parts[0]})"
    if operator is Operator.NEGATE:
        return f"(-{parts[0]})"
    if operator is Operator.IF:
        return f"({parts[0]} ? {parts[1]} : {parts[2]})"
    return "(" + f" {_WORDS.get(operator, str(operator))} ".join(parts) + ")"


def _settings(model: LogicalModel) -> Iterator[str]:
    for name, value in model.parameters.items():
        yield f"${name} = {value:.17g};"
    for start in model.starts:
        yield _start_text(start)
    for node in model.nodes:
        if node.internal:
            yield f"{node.name}.is_internal = 1;"
    numbers = {"max_time": model.time, "time_tick": model.tick, "sample_count": model.trajectories}
    for word, number in numbers.items():
        if number is not None:
            yield f"{word} = {number:.17g};"


def _start_text(start: Start) -> str:
    if len(start.nodes) == 1 and len(start.outcomes) == 1:
        return f"{start.nodes[0]}.istate = {start.outcomes[0][1][0]};"
    outcomes = ", ".join(
        f"{probability:.17g} [{', '.join(map(str, states))}]" for probability, states in start.outcomes
    )
    return f"[{', '.join(start.nodes)}].istate = {outcomes};"
