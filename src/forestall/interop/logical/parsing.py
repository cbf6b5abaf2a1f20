"""Expressions from text: tokens with line numbers, and operator precedence with an explicit stack.

No input is ever evaluated, and none makes the parser recurse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from forestall.errors import InputError
from forestall.interop.logical.expressions import (
    MAX_DEPTH,
    Attribute,
    Expression,
    Number,
    Operator,
    Parameter,
    Symbol,
    depth_of,
    operation,
)

MAX_OPEN = 1000
"""Parentheses (and negations, and conditions) that may be open at one place of an expression."""

WORDS = {"and": Operator.AND, "or": Operator.OR, "not": Operator.NOT, "xor": Operator.XOR}
_PRECEDENCE = {
    Operator.IF: 1,
    Operator.OR: 2,
    Operator.XOR: 3,
    Operator.AND: 4,
    Operator.EQUAL: 5,
    Operator.UNEQUAL: 5,
    Operator.LESS: 6,
    Operator.AT_MOST: 6,
    Operator.GREATER: 6,
    Operator.AT_LEAST: 6,
    Operator.ADD: 7,
    Operator.SUBTRACT: 7,
    Operator.MULTIPLY: 8,
    Operator.DIVIDE: 8,
    Operator.NOT: 9,
    Operator.NEGATE: 9,
}
_UNARY = frozenset({Operator.NOT, Operator.NEGATE})


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a file."""

    kind: str
    """'name', 'number', 'parameter', 'attribute', 'operator', or the sign itself."""
    text: str
    line: int


@dataclass(frozen=True)
class Place:
    """A file that is being read, for complaints."""

    file: Path

    def refuse(
        self,
        message: str,
        line: int | None,
        *,
        value: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> NoReturn:
        """Raise an InputError that names the file and the line."""
        raise InputError(message, file=self.file, line=line, value=value, allowed=allowed, fix=fix)


@dataclass(slots=True)
class _Waiting:
    """An operator, a '(' or a '?' on the stack."""

    token: Token
    operator: Operator | None


@dataclass(slots=True)
class _Parser:
    place: Place
    signs: Mapping[str, Operator]
    operands: list[Expression] = field(default_factory=list)
    waiting: list[_Waiting] = field(default_factory=list)
    wants_operand: bool = True
    opened: int = 0

    def take(self, token: Token) -> None:
        if self.wants_operand:
            self._take_operand(token)
        else:
            self._take_operator(token)

    def _take_operand(self, token: Token) -> None:
        operator = self._operator(token)
        if token.kind == "(":
            self._push(token, None)
        elif operator is Operator.NOT:
            self._push(token, operator)
        elif operator is Operator.SUBTRACT:
            self._push(token, Operator.NEGATE)
        elif operator is not Operator.ADD:
            self.operands.append(self._operand(token))
            self.wants_operand = False

    def _operator(self, token: Token) -> Operator | None:
        if token.kind == "name":
            return WORDS.get(token.text.casefold())
        return self.signs.get(token.text) if token.kind == "operator" else None

    def _operand(self, token: Token) -> Expression:
        if token.kind == "name" and token.text.casefold() not in WORDS:
            return Symbol(token.text)
        if token.kind == "number":
            return Number(self._number(token))
        if token.kind == "parameter":
            return Parameter(token.text)
        if token.kind == "attribute":
            return Attribute(token.text)
        if token.kind == ")" and self.waiting and self.waiting[-1].token.kind == "(":
            self.place.refuse("nothing stands between '(' and ')'", token.line)
        self.place.refuse("expected a name, 0, 1, 'not' or '('", token.line, value=token.text)

    def _number(self, token: Token) -> float:
        value = float(token.text)
        if value in (float("inf"), float("-inf")):
            self.place.refuse("this number is too large", token.line, value=token.text)
        return value

    def _take_operator(self, token: Token) -> None:
        if token.kind == ")":
            self._close(token)
        elif token.kind == ":":
            self._reach_alternative(token)
        else:
            self._take_binary(token)

    def _take_binary(self, token: Token) -> None:
        operator = Operator.IF if token.kind == "?" else self._operator(token)
        if operator is None or operator is Operator.NOT:
            self.place.refuse(
                "expected an operator between two names, or the end of the expression",
                token.line,
                value=token.text,
                fix="is an operator or a ';' missing before it, or a parenthesis?",
            )
        self._reduce(_PRECEDENCE[operator])
        if operator is Operator.IF:
            self._push(token, None)
        else:
            self._push(token, operator)

    def _push(self, token: Token, operator: Operator | None) -> None:
        self.waiting.append(_Waiting(token, operator))
        if len(self.waiting) > MAX_OPEN:
            self.place.refuse("the expression is nested too deep", token.line, allowed=f"{MAX_OPEN} levels")
        self.wants_operand = True

    def _close(self, token: Token) -> None:
        self._reduce(0)
        if not self.waiting or self.waiting[-1].token.kind != "(":
            self._refuse_open_condition()
            self.place.refuse("this ')' has no '('", token.line, value=token.text)
        self.waiting.pop()

    def _reach_alternative(self, token: Token) -> None:
        self._reduce(_PRECEDENCE[Operator.IF])
        if not self.waiting or self.waiting[-1].token.kind != "?":
            self.place.refuse("this ':' has no '?'", token.line, value=token.text)
        self.waiting[-1] = _Waiting(token, Operator.IF)
        self.wants_operand = True

    def _reduce(self, precedence: int) -> None:
        """Apply the operators on the stack that bind at least as strongly."""
        while self.waiting:
            operator = self.waiting[-1].operator
            if operator is None or _PRECEDENCE[operator] < precedence:
                return
            if operator is Operator.IF and precedence == _PRECEDENCE[Operator.IF] and self.wants_operand:
                return
            self._apply(operator)
            self.waiting.pop()

    def _apply(self, operator: Operator) -> None:
        count = 1 if operator in _UNARY else 3 if operator is Operator.IF else 2
        operands = self.operands[-count:]
        del self.operands[-count:]
        self.operands.append(operation(operator, *operands))

    def finish(self, line: int) -> Expression:
        if self.wants_operand:
            self.place.refuse("the expression ends too early", line, fix="an operand is missing at its end")
        self._reduce(0)
        self._refuse_open_condition()
        if self.waiting:
            self.place.refuse(
                "this '(' is never closed", self.waiting[-1].token.line, fix="add the missing ')'"
            )
        return self._checked(self.operands[0], line)

    def _refuse_open_condition(self) -> None:
        if self.waiting and self.waiting[-1].token.kind == "?":
            self.place.refuse("this '?' has no ':'", self.waiting[-1].token.line)

    def _checked(self, expression: Expression, line: int) -> Expression:
        if depth_of(expression) > MAX_DEPTH:
            self.place.refuse("the expression is nested too deep", line, allowed=f"{MAX_DEPTH} operations")
        return expression


def parse_expression(
    tokens: Sequence[Token], place: Place, signs: Mapping[str, Operator], line: int
) -> Expression:
    """The expression that tokens spell.

    Args:
        tokens: Everything from its first to its last token.
        place: The file.
        signs: The operators of this format, by their sign.
        line: The line to name if there is no token.

    Raises:
        InputError: with file and line.
    """
    parser = _Parser(place, signs)
    for token in tokens:
        parser.take(token)
    return parser.finish(tokens[-1].line if tokens else line)
