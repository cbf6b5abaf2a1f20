"""MaBoSS networks (.bnd): nodes with rules, rates and attributes."""

from __future__ import annotations

from pathlib import Path

from forestall.errors import did_you_mean
from forestall.interop.logical.expressions import (
    LOGIC,
    MAX_DEPTH,
    Attribute,
    Expression,
    Number,
    depth_of,
    replace,
    symbols_of,
    walk,
)
from forestall.interop.logical.maboss_tokens import MABOSS_SIGNS, TokenReader
from forestall.interop.logical.model import LogicalModel, Node, if_logic, if_not_logic, input_or_rule
from forestall.interop.logical.parsing import Place, parse_expression
from forestall.interop.logical.text import Declared, read_text

_TEXTS = frozenset({"description"})
_MOST_SUBSTITUTIONS = 100
_DEFAULT_UP, _DEFAULT_DOWN = if_logic(Number(1.0)), if_not_logic(Number(1.0))


def read_bnd(path: Path) -> LogicalModel:
    """Read a .bnd file, without its .cfg file.

    Raises:
        InputError: with file and line.
    """
    place = Place(path)
    reader = TokenReader(read_text(path), place)
    declared = Declared(place)
    nodes: list[Node] = []
    while not reader.done:
        nodes.append(_node(reader, place, declared))
    if not nodes:
        place.refuse("the file has no node", None, allowed="'Node ERK { logic = MEK AND NOT DUSP1; }'")
    for node in nodes:
        _refuse_unknown(node, place, declared)
    return LogicalModel(tuple(nodes))


def _node(reader: TokenReader, place: Place, declared: Declared) -> Node:
    keyword = reader.take("'Node'")
    if keyword.text.casefold() != "node":
        place.refuse("expected 'Node NAME { ... }'", keyword.line, value=keyword.text)
    name = reader.expect("name")
    declared.add(name.text, name.line)
    reader.expect("{")
    attributes: dict[str, Expression] = {}
    while reader.peek() != "}":
        _attribute(reader, place, attributes)
    reader.expect("}")
    if reader.peek() == ";":
        reader.take("';'")
    return _assembled(name.text, name.line, attributes, place)


def _attribute(reader: TokenReader, place: Place, attributes: dict[str, Expression]) -> None:
    key = reader.expect("name")
    if key.text in attributes:
        place.refuse(f"'{key.text}' is given twice for this node", key.line)
    reader.expect("=")
    if key.text in _TEXTS:
        reader.expect("string")
        reader.expect(";")
        return
    tokens = reader.until(";")
    attributes[key.text] = parse_expression(tokens, place, MABOSS_SIGNS, key.line)


def _assembled(name: str, line: int, attributes: dict[str, Expression], place: Place) -> Node:
    logic = attributes.get("logic")
    rule = None if logic is None else _resolved(logic, {}, place, line)
    up = _rate(attributes, "rate_up", rule, place, line)
    down = _rate(attributes, "rate_down", rule, place, line)
    kept = None if rule is None else input_or_rule(name, rule)
    if kept is None and up in (None, _DEFAULT_UP) and down in (None, _DEFAULT_DOWN):
        return Node(name, None, line=line)
    return Node(
        name,
        rule,
        None if up == _DEFAULT_UP else up,
        None if down == _DEFAULT_DOWN else down,
        line=line,
    )


def _rate(
    attributes: dict[str, Expression], key: str, rule: Expression | None, place: Place, line: int
) -> Expression | None:
    """A rate with its own attributes put in; a node without rule and rate never changes that way."""
    if key not in attributes:
        return None if rule is not None or not {"rate_up", "rate_down"} & set(attributes) else Number(0.0)
    rate = _resolved(attributes[key], attributes, place, line)
    if rule is None and LOGIC in walk(rate):
        place.refuse(f"{key} uses @logic, but the node has no logic", line)
    return None if rule is None and rate == Number(0.0) and _is_input(attributes) else rate


def _is_input(attributes: dict[str, Expression]) -> bool:
    return all(attributes.get(key, Number(0.0)) == Number(0.0) for key in ("rate_up", "rate_down"))


def _resolved(
    expression: Expression, attributes: dict[str, Expression], place: Place, line: int
) -> Expression:
    """An expression in which the node's other attributes stand in full; @logic stays."""

    def change(part: Expression) -> Expression | None:
        if not isinstance(part, Attribute) or part == LOGIC:
            return None
        if part.name not in attributes:
            place.refuse(
                "unknown attribute",
                line,
                value=f"@{part.name}",
                allowed="@logic, and attributes of this node",
            )
        return attributes[part.name]

    for _ in range(_MOST_SUBSTITUTIONS):
        changed = replace(expression, change)
        if depth_of(changed) > MAX_DEPTH:
            place.refuse("the attributes of this node use each other without end", line)
        if changed == expression:
            return expression
        expression = changed
    place.refuse("the attributes of this node use each other without end", line)


def _refuse_unknown(node: Node, place: Place, declared: Declared) -> None:
    for name in symbols_of(node.rule, node.rate_up, node.rate_down):
        if name not in declared:
            place.refuse(
                f"unknown symbol in node '{node.name}'",
                node.line,
                value=name,
                fix=did_you_mean(name, declared.names),
            )
