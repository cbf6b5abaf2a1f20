"""MaBoSS settings (.cfg): parameters, initial states, internal nodes, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from forestall.errors import did_you_mean
from forestall.interop.logical.expressions import Expression, Parameter, evaluate, symbols_of, walk
from forestall.interop.logical.maboss_tokens import MABOSS_SIGNS, TokenReader
from forestall.interop.logical.model import LogicalModel, Node, Start, fixed_start, named_rates, random_start
from forestall.interop.logical.parsing import Place, Token, parse_expression
from forestall.interop.logical.text import read_text

_IGNORED = frozenset({
    "use_physrandgen", "use_glibcrandgen", "use_mtrandgen", "seed_pseudorandom", "display_traj", "statdist_traj_count",
    "statdist_cluster_threshold", "statdist_similarity_cache_max_size", "thread_count", "init_pop", "pop",
})  # fmt: skip
"""Settings of how MaBoSS computes, which do not change what the model is."""
_NODE_WORDS = ("istate", "is_internal", "in_graph", "refstate")


@dataclass
class _Settings:
    place: Place
    model: LogicalModel
    parameters: dict[str, float] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)
    internal: dict[str, bool] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def number(self, tokens: list[Token], line: int) -> float:
        return self.value(parse_expression(tokens, self.place, MABOSS_SIGNS, line), line)

    def value(self, expression: Expression, line: int) -> float:
        for part in walk(expression):
            if isinstance(part, Parameter) and part.name not in self.parameters:
                self.place.refuse("this parameter has no value yet", line, value=f"${part.name}")
        if symbols_of(expression):
            self.place.refuse("expected a number", line, value=symbols_of(expression)[0])
        value = float(evaluate(expression, {}, self.parameters, {}))
        if not np.isfinite(value):
            self.place.refuse("this is no finite number", line, value=value)
        return value


def read_settings(path: Path, model: LogicalModel) -> LogicalModel:
    """A model with the settings of a .cfg file.

    Nodes without rates of their own get the rates `$u_NAME` and `$d_NAME` where the file gives those.

    Args:
        path: The file.
        model: The network that the settings are for, of any format.

    Raises:
        InputError: with file and line.
    """
    settings = _Settings(Place(path), model, dict(model.parameters))
    reader = TokenReader(read_text(path), settings.place)
    while not reader.done:
        _statement(reader, settings)
    return _applied(settings)


def _statement(reader: TokenReader, settings: _Settings) -> None:
    first = reader.take("a setting")
    if first.kind == "parameter":
        reader.expect("=")
        value = settings.number(reader.until(";"), first.line)
        if first.text in settings.parameters and first.text not in settings.model.parameters:
            settings.place.refuse(f"'${first.text}' is given twice", first.line)
        settings.parameters[first.text] = value
    elif first.kind == "[":
        _group(reader, settings)
    elif first.kind == "name" and reader.peek() == ".":
        _node_setting(reader, settings, first)
    elif first.kind == "name":
        _global_setting(reader, settings, first)
    else:
        settings.place.refuse("expected a setting", first.line, value=first.text)


def _global_setting(reader: TokenReader, settings: _Settings, name: Token) -> None:
    reader.expect("=")
    value = settings.number(reader.until(";"), name.line)
    if name.text == "discrete_time" and value != 0.0:
        settings.place.refuse(
            "discrete_time is not supported", name.line, fix="write 0 and use --engine async"
        )
    if name.text in ("max_time", "time_tick", "sample_count"):
        if value <= 0.0:
            settings.place.refuse(f"{name.text} must be positive", name.line, value=value)
        settings.numbers[name.text] = value
    elif name.text not in _IGNORED and name.text != "discrete_time":
        known = {*_IGNORED, "max_time", "time_tick", "sample_count", "discrete_time"}
        settings.place.refuse(
            "no such setting", name.line, value=name.text, fix=did_you_mean(name.text, known)
        )


def _known_node(settings: _Settings, name: Token) -> str:
    if name.text not in settings.model.number_of:
        fix = did_you_mean(name.text, settings.model.names)
        settings.place.refuse("no such node in the network", name.line, value=name.text, fix=fix)
    return name.text


def _node_setting(reader: TokenReader, settings: _Settings, name: Token) -> None:
    node = _known_node(settings, name)
    reader.expect(".")
    word = reader.expect("name")
    reader.expect("=")
    if word.text not in _NODE_WORDS:
        settings.place.refuse(
            "no such setting of a node", word.line, value=word.text, allowed=", ".join(_NODE_WORDS)
        )
    value = settings.number(reader.until(";"), word.line)
    if word.text == "istate":
        _set_start(settings, _plain_start(settings, node, value, word.line), word.line)
    elif word.text == "is_internal":
        settings.internal[node] = value != 0.0


def _plain_start(settings: _Settings, node: str, value: float, line: int) -> Start:
    if value not in (-1.0, 0.0, 1.0):
        settings.place.refuse("this is no initial state", line, value=value, allowed="0, 1, or -1 for random")
    return random_start(node) if value < 0.0 else fixed_start(node, int(value))


def _group(reader: TokenReader, settings: _Settings) -> None:
    nodes = [_known_node(settings, reader.expect("name"))]
    while reader.expect(",", "]").kind == ",":
        nodes.append(_known_node(settings, reader.expect("name")))
    reader.expect(".")
    word = reader.expect("name")
    if word.text != "istate":
        settings.place.refuse("a group of nodes has an 'istate' only", word.line, value=word.text)
    reader.expect("=")
    outcomes = [_outcome(reader, settings, len(nodes), word.line)]
    while reader.expect(",", ";").kind == ",":
        outcomes.append(_outcome(reader, settings, len(nodes), word.line))
    _set_start(settings, Start(tuple(nodes), _normalized(settings, outcomes, word.line)), word.line)


def _outcome(reader: TokenReader, settings: _Settings, size: int, line: int) -> tuple[float, tuple[int, ...]]:
    weight = settings.number(reader.until("["), line)
    states = [token for token in reader.until("]") if token.kind != ","]
    values = tuple(int(token.text) if token.text in ("0", "1") else -1 for token in states)
    if len(values) != size or -1 in values:
        text = " ".join(token.text for token in states)
        settings.place.refuse(
            "wrong states of the group", reader.line, value=text, allowed=f"{size} of 0 or 1"
        )
    return weight, values


def _normalized(
    settings: _Settings, outcomes: list[tuple[float, tuple[int, ...]]], line: int
) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """MaBoSS reads the weights as relative."""
    total = sum(weight for weight, _ in outcomes)
    if total <= 0.0 or min(weight for weight, _ in outcomes) < 0.0:
        settings.place.refuse("the probabilities must not be negative, nor all 0", line)
    return tuple((weight / total, states) for weight, states in outcomes)


def _set_start(settings: _Settings, start: Start, line: int) -> None:
    for node in start.nodes:
        if node in settings.starts:
            settings.place.refuse(f"the initial state of '{node}' is given twice", line)
        settings.starts[node] = start


def _applied(settings: _Settings) -> LogicalModel:
    model, parameters = settings.model, settings.parameters
    nodes = tuple(_configured(node, settings) for node in model.nodes)
    numbers = settings.numbers
    configured = replace(
        model,
        nodes=nodes,
        parameters=parameters,
        time=numbers.get("max_time", model.time),
        tick=numbers.get("time_tick", model.tick),
        trajectories=int(numbers.get("sample_count", 0)) or model.trajectories,
    )
    refuse_missing_parameters(configured, settings.place)
    return configured.starting(dict.fromkeys(settings.starts.values()))


def _configured(node: Node, settings: _Settings) -> Node:
    own = node.rate_up is not None or node.rate_down is not None
    named = {f"u_{node.name}", f"d_{node.name}"} & set(settings.parameters)
    if named and not own and node.rule is not None:
        node = named_rates(node)
        for name in (f"u_{node.name}", f"d_{node.name}"):
            settings.parameters.setdefault(name, 1.0)
    return replace(node, internal=settings.internal.get(node.name, node.internal))


def refuse_missing_parameters(model: LogicalModel, place: Place, *, fix: str | None = None) -> None:
    """Complain about a parameter of a rule or rate that has no value.

    Raises:
        InputError: naming the parameter.
    """
    for name in parameters_of(model):
        if name not in model.parameters:
            message = "a rate of the network uses a parameter that has no value"
            place.refuse(message, None, value=f"${name}", fix=fix)


def parameters_of(model: LogicalModel) -> Mapping[str, None]:
    """Names of the parameters that rules and rates use."""
    expressions = (
        one for node in model.nodes for one in (node.rule, node.rate_up, node.rate_down) if one is not None
    )
    parts = (part for expression in expressions for part in walk(expression))
    return dict.fromkeys(part.name for part in parts if isinstance(part, Parameter))
