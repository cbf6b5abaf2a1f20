"""A logical model: nodes with rules and rates, where they start, and what is observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from forestall.errors import InputError, did_you_mean
from forestall.interop.logical.expressions import (
    LOGIC,
    Expression,
    Number,
    Operator,
    Parameter,
    Symbol,
    operation,
    symbols_of,
)


@dataclass(frozen=True)
class Node:
    """A node that is off or on. A level of a multi-valued species is a node of its own."""

    name: str
    rule: Expression | None
    """What the node turns into; None for an input, which keeps its value."""
    rate_up: Expression | None = None
    """Rate of turning on while off, per unit of time; None for 1 where the rule holds, else 0."""
    rate_down: Expression | None = None
    """Rate of turning off while on; None for 1 where the rule does not hold, else 0."""
    internal: bool = False
    """Left out of the outputs (`is_internal` of MaBoSS)."""
    line: int | None = field(default=None, compare=False)
    """Where the node stands in its file."""
    label: str = field(default="", compare=False)
    """What the file calls the node besides its name, such as the `name` of an SBML species."""

    @property
    def is_input(self) -> bool:
        """Whether nothing changes the node."""
        return self.rule is None and self.rate_up is None and self.rate_down is None


@dataclass(frozen=True)
class Start:
    """The joint distribution of the initial states of some nodes."""

    nodes: tuple[str, ...]
    outcomes: tuple[tuple[float, tuple[int, ...]], ...]
    """Probabilities, which sum to 1, with the states of the nodes."""


def fixed_start(node: str, value: int) -> Start:
    """A node that always starts in the same state."""
    return Start((node,), ((1.0, (value,)),))


def random_start(node: str, probability: float = 0.5) -> Start:
    """A node that starts on with a probability."""
    return Start((node,), ((1.0 - probability, (0,)), (probability, (1,))))


@dataclass(frozen=True)
class LogicalModel:
    """A network as it was published."""

    nodes: tuple[Node, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Values of `$name` in the rates."""
    starts: tuple[Start, ...] = ()
    """Where nodes start; a node that is named nowhere starts on or off with equal probability."""
    time: float | None = None
    """How long the file wants the model to run."""
    tick: float | None = None
    """The distance of the observations that the file wants."""
    trajectories: int | None = None
    """How many trajectories the file wants."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What a reader should know, such as names that have no rule."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the nodes, in the order of the file."""
        return tuple(node.name for node in self.nodes)

    @cached_property
    def number_of(self) -> dict[str, int]:
        """Place of each node in `nodes`."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def _labeled(self) -> dict[str, list[int]]:
        """Places of the nodes that have a label."""
        places: dict[str, list[int]] = {}
        for number, node in enumerate(self.nodes):
            if node.label and node.label not in self.number_of:
                places.setdefault(node.label, []).append(number)
        return places

    def find(self, name: str, *, field: str) -> int:
        """Place of a node that the user named, by its name or by a label that no other node has.

        Raises:
            InputError: if there is none.
        """
        if name in self.number_of:
            return self.number_of[name]
        places = self._labeled.get(name, [])
        if len(places) > 1:
            same = ", ".join(self.names[place] for place in places)
            raise InputError(
                "several nodes have this label", field=field, value=name, fix=f"name one of {same}"
            )
        if not places:
            known = (*self.names, *self._labeled)
            raise InputError("no such node", field=field, value=name, fix=did_you_mean(name, known))
        return places[0]

    def name_of(self, word: str, *, field: str) -> str:
        """The name of a node that the user named by name or label.

        Raises:
            InputError: if there is none.
        """
        return self.names[self.find(word, field=field)]

    def titled(self, name: str) -> str:
        """The name of a node with its label, if that says anything else."""
        label = self.nodes[self.number_of[name]].label
        return f"{name} ({label})" if label and label != name else name

    def inputs(self) -> tuple[str, ...]:
        """Nodes that nothing changes."""
        return tuple(node.name for node in self.nodes if node.is_input)

    def sinks(self) -> tuple[str, ...]:
        """Nodes that have a rule and that no other node's rule or rate mentions: what the network decides."""
        used = {
            name
            for node in self.nodes
            for name in symbols_of(node.rule, node.rate_up, node.rate_down)
            if name != node.name
        }
        return tuple(node.name for node in self.nodes if not node.is_input and node.name not in used)

    def outputs(self) -> tuple[str, ...]:
        """What is shown unless asked otherwise: nodes that are not internal, or the sinks if all are shown."""
        shown = tuple(node.name for node in self.nodes if not node.internal)
        return shown if len(shown) < len(self.nodes) else self.sinks() or self.names

    def starting(self, changes: Iterable[Start]) -> LogicalModel:
        """The model with other initial states of some nodes; what else their groups say of other nodes is lost."""
        changed = tuple(changes)
        named = {name for start in changed for name in start.nodes}
        kept = tuple(start for start in self.starts if not named & set(start.nodes))
        return replace(self, starts=kept + changed)

    def with_rates(self, rates: Mapping[str, float]) -> LogicalModel:
        """The model in which some nodes follow their rule at a rate of their own, up and down alike."""
        return replace(
            self,
            nodes=tuple(
                _with_rate(node, rates[node.name]) if node.name in rates else node for node in self.nodes
            ),
        )


def _with_rate(node: Node, rate: float) -> Node:
    return replace(node, rate_up=if_logic(Number(rate)), rate_down=if_not_logic(Number(rate)))


def if_logic(rate: Expression) -> Expression:
    """A rate where the rule holds, else 0."""
    return operation(Operator.IF, LOGIC, rate, Number(0.0))


def if_not_logic(rate: Expression) -> Expression:
    """A rate where the rule does not hold, else 0."""
    return operation(Operator.IF, LOGIC, Number(0.0), rate)


def named_rates(node: Node) -> Node:
    """A node whose rates are the parameters $u_NAME and $d_NAME, as MaBoSS names them."""
    return replace(
        node,
        rate_up=if_logic(Parameter(f"u_{node.name}")),
        rate_down=if_not_logic(Parameter(f"d_{node.name}")),
    )


def input_or_rule(name: str, rule: Expression) -> Expression | None:
    """A rule, or None if it only repeats the node."""
    return None if rule == Symbol(name) else rule
