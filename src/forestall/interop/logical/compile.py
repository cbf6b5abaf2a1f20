"""From a logical model to what the engines run: rate tables, gates and initial states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forestall.engine.boolean.network import (
    MOST_TABLE_INPUTS,
    EventNetwork,
    Floats,
    Gates,
    RateTable,
    Starts,
    WideRule,
    event_network,
)
from forestall.errors import InputError
from forestall.interop.logical.expressions import (
    LOGIC,
    Attribute,
    Expression,
    Number,
    Operation,
    Operator,
    Parameter,
    Symbol,
    evaluate,
    is_boolean,
    replace,
    symbols_of,
    walk,
)
from forestall.interop.logical.gates import gates_of
from forestall.interop.logical.model import LogicalModel, Node, Start, if_logic, if_not_logic, random_start

_UP, _DOWN = if_logic(Number(1.0)), if_not_logic(Number(1.0))
_MOST_TABLE_ENTRIES = 50_000_000


@dataclass(frozen=True)
class CompiledModel:
    """A logical model with its arrays, made when they are asked for."""

    model: LogicalModel

    @cached_property
    def gates(self) -> Gates:
        """Rules as gates."""
        number_of = self.model.number_of
        return gates_of([_boolean_rule(node, self.model.parameters) for node in self.model.nodes], number_of)

    @cached_property
    def events(self) -> EventNetwork:
        """Rates as tables."""
        return event_network(_within_bounds([_rates(node, self.model) for node in self.model.nodes]))

    @cached_property
    def starts(self) -> Starts:
        """Initial states."""
        return _starts(self.model)

    @cached_property
    def rule_rates(self) -> Floats:
        """(n, 2) rates at which each node follows its rule, up and down; an input has 0.

        Raises:
            InputError: if a rate depends on more than the rule.
        """
        return np.array([_rule_rates(node, self.model.parameters) for node in self.model.nodes]).reshape(
            -1, 2
        )


def _boolean_rule(node: Node, parameters: Mapping[str, float]) -> Expression | None:
    """A rule with 0 and 1 in the place of other numbers and of parameters; None if it compares or calculates."""
    if node.rule is None:
        return None

    def change(part: Expression) -> Expression | None:
        value = part.value if isinstance(part, Number) else None
        if isinstance(part, Parameter):
            value = parameters[part.name]
        return None if value is None else Number(float(value != 0.0))

    rule = replace(node.rule, change)
    if is_boolean(rule):
        return rule
    return _boolean_by_table(node, parameters)


def _boolean_by_table(node: Node, parameters: Mapping[str, float]) -> Expression:
    """A rule that compares or calculates, as a sum of products."""
    assert node.rule is not None
    names = symbols_of(node.rule)
    _refuse_too_many(node, len(names), MOST_TABLE_INPUTS)
    size = 1 << len(names)
    states = {name: (np.arange(size) >> place & 1).astype(float) for place, name in enumerate(names)}
    values = np.broadcast_to(evaluate(node.rule, states, parameters, {}), size)
    products = [_product(names, int(row)) for row in np.flatnonzero(values)]
    if not products:
        return Number(0.0)
    return products[0] if len(products) == 1 else Operation(Operator.OR, tuple(products))


def _product(names: list[str], row: int) -> Expression:
    signs = [
        Symbol(name) if row >> place & 1 else Operation(Operator.NOT, (Symbol(name),))
        for place, name in enumerate(names)
    ]
    if not signs:
        return Number(1.0)
    return signs[0] if len(signs) == 1 else Operation(Operator.AND, tuple(signs))


def _refuse_too_many(node: Node, inputs: int, most: int) -> None:
    if inputs > most:
        raise InputError(
            "a rate, or a rule that compares or calculates, depends on too many nodes",
            line=node.line, field=node.name, value=inputs, allowed=f"{most} nodes",
        )  # fmt: skip


def _rates(node: Node, model: LogicalModel) -> RateTable | WideRule:
    names = [name for name in symbols_of(node.rule, node.rate_up, node.rate_down) if name != node.name]
    inputs = [model.number_of[name] for name in names]
    if node.is_input:
        return RateTable((), np.zeros(2))
    if len(names) > MOST_TABLE_INPUTS:
        return WideRule(inputs, *_rule_rates(node, model.parameters))
    index = np.arange(2 << len(names))
    states = {name: (index >> place & 1).astype(float) for place, name in enumerate([node.name, *names])}
    logic = np.zeros(len(index)) if node.rule is None else evaluate(node.rule, states, model.parameters, {})
    attributes = {"logic": np.broadcast_to(logic != 0.0, index.shape).astype(float)}
    up, down = (
        evaluate(default if rate is None else rate, states, model.parameters, attributes)
        for rate, default in ((node.rate_up, _UP), (node.rate_down, _DOWN))
    )
    rates = np.where(states[node.name] == 1.0, down, up)
    _check_rates(node, rates)
    return RateTable(inputs, rates)


def _check_rates(node: Node, rates: Floats) -> None:
    bad = ~np.isfinite(rates) | (rates < 0.0)
    if bad.any():
        raise InputError(
            "a rate is negative or no number in some state",
            line=node.line,
            field=node.name,
            value=float(rates[bad][0]),
        )


def _within_bounds(rules: list[RateTable | WideRule]) -> list[RateTable | WideRule]:
    size = sum(len(rule.rates) for rule in rules if isinstance(rule, RateTable))
    if size > _MOST_TABLE_ENTRIES:
        raise InputError(
            "the network's rules depend on too many nodes each", value=size, fix="use --engine sliced"
        )
    return rules


def _rule_rates(node: Node, parameters: Mapping[str, float]) -> tuple[float, float]:
    if node.is_input:
        return 0.0, 0.0
    up = _constant_part(node, node.rate_up, 1, parameters)
    down = _constant_part(node, node.rate_down, 2, parameters)
    return up, down


def _constant_part(node: Node, rate: Expression | None, place: int, parameters: Mapping[str, float]) -> float:
    """The constant of a rate that is (@logic ? constant : 0), or the reverse."""
    if rate is None:
        return 1.0
    if isinstance(rate, Number) and rate.value == 0.0:
        return 0.0
    if isinstance(rate, Operation) and rate.operator is Operator.IF and rate.operands[0] == LOGIC:
        kept, other = rate.operands[place], rate.operands[3 - place]
        if other == Number(0.0) and not symbols_of(kept) and not _has_attributes(kept):
            return float(evaluate(kept, {}, parameters, {}))
    raise InputError(
        "the rate of this node depends on more than its rule",
        line=node.line,
        field=node.name,
        fix="use --engine exact",
    )


def _has_attributes(expression: Expression) -> bool:
    return any(isinstance(part, Attribute) for part in walk(expression))


def _starts(model: LogicalModel) -> Starts:
    named = {name for start in model.starts for name in start.nodes}
    groups = [*model.starts, *(random_start(name) for name in model.names if name not in named)]
    state = np.zeros(len(model.nodes), np.uint8)
    for start in groups:
        if len(start.outcomes) == 1:
            state[[model.number_of[name] for name in start.nodes]] = start.outcomes[0][1]
    order = {name: place for place, name in enumerate(model.names)}
    drawn = sorted(
        (start for start in groups if len(start.outcomes) > 1), key=lambda start: order[start.nodes[0]]
    )
    return _start_arrays(state, drawn, model.number_of)


def _start_arrays(state: np.ndarray, drawn: list[Start], number_of: Mapping[str, int]) -> Starts:
    nodes = [[number_of[name] for name in start.nodes] for start in drawn]
    values = [[value for _, states in start.outcomes for value in states] for start in drawn]
    chances = [np.cumsum([probability for probability, _ in start.outcomes]) for start in drawn]
    return Starts(
        state=state,
        node_start=_offsets(nodes),
        node=np.array([node for group in nodes for node in group], np.int32),
        outcome_start=_offsets(chances),
        cumulative=np.concatenate([np.zeros(0), *chances]),
        value_start=_offsets(values)[:-1],
        value=np.array([value for group in values for value in group], np.uint8),
    )


def _offsets(groups: Iterable[object]) -> np.ndarray:
    return np.cumsum([0, *(len(group) for group in groups)]).astype(np.int64)  # type: ignore[arg-type]
