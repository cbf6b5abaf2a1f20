"""Rules as text, with no more parentheses than needed."""

from __future__ import annotations

from collections.abc import Mapping

from forestall.errors import InputError
from forestall.interop.logical.expressions import (
    Expression,
    Number,
    Operation,
    Operator,
    Symbol,
    is_boolean,
    without_xor,
)

SIGNS = {Operator.AND: " & ", Operator.OR: " | ", Operator.NOT: "!"}
"""Exclusive or is written out: not every program that reads .bnet files knows it."""
WORDS = {Operator.AND: " and ", Operator.OR: " or ", Operator.XOR: " xor ", Operator.NOT: "not "}
_BINDS = {Operator.OR: 1, Operator.XOR: 2, Operator.AND: 3, Operator.NOT: 4}


def rule_text(rule: Expression, signs: Mapping[Operator, str]) -> str:
    """A Boolean expression as text.

    Args:
        rule: The expression.
        signs: How the format writes the operators.

    Raises:
        InputError: if the rule compares or calculates, which only MaBoSS can write.
    """
    if not is_boolean(rule):
        raise InputError("this format holds Boolean rules only", value=str(rule), fix="write a .bnd file")
    return _text(rule if Operator.XOR in signs else without_xor(rule), signs, 0)


def _text(rule: Expression, signs: Mapping[Operator, str], outside: int) -> str:
    if isinstance(rule, Symbol):
        return rule.name
    if isinstance(rule, Number):
        return str(int(rule.value))
    assert isinstance(rule, Operation)
    binds = _BINDS[rule.operator]
    parts = [_text(part, signs, binds) for part in rule.operands]
    if rule.operator is Operator.NOT:
        return signs[Operator.NOT] + parts[0]
    text = signs[rule.operator].join(parts)
    return f"({text})" if binds <= outside else text
