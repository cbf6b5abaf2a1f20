"""`.bnet` files (BoolNet, PyBoolNet, biodivine): `target, rule`, one per line.

A name that appears only in rules is an input, as in the collections of such files.
"""

from __future__ import annotations

from pathlib import Path

from forestall.interop.logical.expressions import Expression, symbols_of
from forestall.interop.logical.losses import losses
from forestall.interop.logical.model import LogicalModel, Node, input_or_rule
from forestall.interop.logical.parsing import Place, parse_expression
from forestall.interop.logical.rule_text import SIGNS, rule_text
from forestall.interop.logical.text import RULE_SIGNS, Declared, lines_of, node_name, read_text, rule_tokens

_TARGET_WORDS = frozenset({"target", "gene", "node"})
_FACTOR_WORDS = frozenset({"factor", "function", "rule", "boolean function", "boolean rule"})
"""What the first line may call the columns, in small letters and without a plural 's'."""


def read_bnet(path: Path) -> LogicalModel:
    """Read a .bnet file.

    Raises:
        InputError: with file and line.
    """
    place = Place(path)
    declared = Declared(place)
    lines = list(lines_of(read_text(path), place))
    if lines and _is_header(lines[0][1]):
        del lines[0]
    nodes = [_node(number, line, place, declared) for number, line in lines]
    if not nodes:
        place.refuse("the file has no rule", None, allowed="lines such as 'ERK, MEK & !DUSP1'")
    inputs = _inputs(nodes, declared, place)
    notes = (
        (f"without a rule, and therefore inputs: {', '.join(node.name for node in inputs)}",)
        if inputs
        else ()
    )
    return LogicalModel(tuple(nodes) + inputs, notes=notes)


def _is_header(line: str) -> bool:
    words = [word.strip(' \t"').casefold().removesuffix("s") for word in line.split(",")]
    return len(words) == 2 and words[0] in _TARGET_WORDS and words[1] in _FACTOR_WORDS


def _node(line: int, text: str, place: Place, declared: Declared) -> Node:
    target, comma, factors = _without_quotes(text, line, place).partition(",")
    if not comma:
        place.refuse("expected 'target, rule'", line, value=text, fix="is the comma missing?")
    if "," in factors:
        place.refuse(
            "a rule has no comma",
            line,
            value=factors.strip(),
            fix="probabilities of rules and functions such as all(A, B) are not supported",
        )
    name = node_name(target, line, place)
    declared.add(name, line)
    rule = parse_expression(rule_tokens(factors, line, place), place, RULE_SIGNS, line)
    return Node(name, input_or_rule(name, rule), line=line)


def _without_quotes(text: str, line: int, place: Place) -> str:
    """Names and rules may stand in double quotes, as spreadsheets write them."""
    if text.count('"') % 2:
        place.refuse("this '\"' is never closed", line, value=text)
    return text.replace('"', "")


def _inputs(nodes: list[Node], declared: Declared, place: Place) -> tuple[Node, ...]:
    """Names that have no rule. One that differs from a node only in case or separators is taken for a slip."""
    alike = {_plain(name): name for name in declared.names}
    inputs: dict[str, Node] = {}
    for node in nodes:
        for name in symbols_of(node.rule):
            if name in declared or name in inputs:
                continue
            if _plain(name) in alike:
                place.refuse(
                    "unknown symbol",
                    node.line,
                    value=name,
                    fix=f"did you mean '{alike[_plain(name)]}'? An input needs a line '{name}, {name}'",
                )
            inputs[name] = Node(name, None, line=node.line)
    return tuple(inputs.values())


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def bnet_text(model: LogicalModel) -> tuple[dict[str, str], tuple[str, ...]]:
    """A model as .bnet text, and what that format cannot hold."""
    lines = ["targets,factors", *(f"{node.name}, {_rule(node)}" for node in model.nodes)]
    return {"": "\n".join(lines) + "\n"}, losses(model, starts=True)


def _rule(node: Node) -> str:
    rule: Expression | None = node.rule
    return node.name if rule is None else rule_text(rule, SIGNS)
