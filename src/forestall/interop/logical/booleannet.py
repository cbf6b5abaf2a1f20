"""booleannet files: `Node *= rule`, and initial states as `Node = True`, `False` or `Random`."""

from __future__ import annotations

import re
from pathlib import Path

from forestall.errors import did_you_mean
from forestall.interop.logical.expressions import symbols_of
from forestall.interop.logical.losses import losses
from forestall.interop.logical.model import (
    LogicalModel,
    Node,
    Start,
    fixed_start,
    input_or_rule,
    random_start,
)
from forestall.interop.logical.parsing import Place, parse_expression
from forestall.interop.logical.rule_text import WORDS, rule_text
from forestall.interop.logical.text import RULE_SIGNS, Declared, lines_of, node_name, read_text, rule_tokens

_RULE = re.compile(r"^(?:\d+\s*:)?(?P<target>[^*=]*)\*\s*=(?P<rule>.*)$")
"""A number before the name is a rank for synchronous phases; the engines here need none."""
_STATES = {"true": 1, "1": 1, "on": 1, "false": 0, "0": 0, "off": 0}


def read_booleannet(path: Path) -> LogicalModel:
    """Read a file of booleannet rules.

    Raises:
        InputError: with file and line.
    """
    place = Place(path)
    declared = Declared(place)
    nodes: list[Node] = []
    starts: list[tuple[int, str, str]] = []
    for line, text in lines_of(read_text(path), place):
        found = _RULE.match(text)
        if found is not None:
            nodes.append(_node(found, line, place, declared))
        else:
            starts.extend(_assignments(line, text, place))
    if not nodes:
        place.refuse("the file has no rule", None, allowed="lines such as 'ERK *= MEK and not DUSP1'")
    _refuse_unknown(nodes, declared, place)
    return LogicalModel(tuple(nodes), starts=_starts(starts, declared, place))


def _node(found: re.Match[str], line: int, place: Place, declared: Declared) -> Node:
    name = node_name(found["target"], line, place)
    declared.add(name, line)
    rule = parse_expression(rule_tokens(found["rule"], line, place), place, RULE_SIGNS, line)
    return Node(name, input_or_rule(name, rule), line=line)


def _assignments(line: int, text: str, place: Place) -> list[tuple[int, str, str]]:
    """Line, node and state of `A = B = True`."""
    *names, state = (word.strip() for word in text.split("="))
    if not names:
        place.refuse("expected 'Node *= rule' or 'Node = True'", line, value=text)
    if state.casefold() not in {*_STATES, "random"}:
        place.refuse(
            "this is no initial state",
            line,
            value=state,
            allowed="True, False or Random",
            fix="a rule is written with '*='",
        )
    return [(line, node_name(name, line, place), state.casefold()) for name in names]


def _refuse_unknown(nodes: list[Node], declared: Declared, place: Place) -> None:
    for node in nodes:
        for name in symbols_of(node.rule):
            if name not in declared:
                fix = f"{did_you_mean(name, declared.names)} An input needs a rule '{name} *= {name}'"
                place.refuse("unknown symbol", node.line, value=name, fix=fix)


def _starts(found: list[tuple[int, str, str]], declared: Declared, place: Place) -> tuple[Start, ...]:
    starts: dict[str, Start] = {}
    for line, name, state in found:
        if name not in declared:
            place.refuse("unknown symbol", line, value=name, fix=did_you_mean(name, declared.names))
        if name in starts:
            place.refuse(f"the initial state of '{name}' is given twice", line)
        starts[name] = random_start(name) if state == "random" else fixed_start(name, _STATES[state])
    return tuple(starts.values())


def booleannet_text(model: LogicalModel) -> tuple[dict[str, str], tuple[str, ...]]:
    """A model as booleannet text, and what that format cannot hold."""
    simple = [start for start in model.starts if _simple_state(start) is not None]
    lines = (
        ["#INITIAL STATES", *(f"{start.nodes[0]} = {_simple_state(start)}" for start in simple)]
        if simple
        else []
    )
    lines += ["#BOOLEAN RULES", *(f"{node.name} *= {_rule(node)}" for node in model.nodes)]
    rest = [start for start in model.starts if start not in simple]
    lost = losses(model, starts=False)
    if rest:
        names = ", ".join(name for start in rest for name in start.nodes)
        lost += (f"not written: joint or uneven initial states of {names}",)
    return {"": "\n".join(lines) + "\n"}, lost


def _rule(node: Node) -> str:
    return node.name if node.rule is None else rule_text(node.rule, WORDS)


def _simple_state(start: Start) -> str | None:
    if start == random_start(start.nodes[0]):
        return "Random"
    if len(start.nodes) == 1 and len(start.outcomes) == 1:
        return "True" if start.outcomes[0][1][0] else "False"
    return None
