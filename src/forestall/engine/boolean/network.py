"""What the kernels need of a network, as flat arrays.

A node flips at a rate that depends on its own state and on its inputs. Where the inputs are few, the rate is looked up in a table;
its index is kept up to date by adding a bit of each input that flips. Where they are many, the rule is a list of gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_TABLE_INPUTS = 12
"""A table of more inputs (besides the node itself) would not stay in the cache; gates take over."""

Integers = NDArray[np.int64]
Ints = NDArray[np.int32]
Codes = NDArray[np.uint16]
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]


class Gates(NamedTuple):
    """Rules as two-input gates: out = (first ^ mask) & (second ^ mask), on bits or on words of bits."""

    start: Integers
    """(n + 1,) first gate of each node."""
    first: Ints
    second: Ints
    into: Ints
    """(g,) rows of the operands and of the result; row i < n is node i, row n is always 0, the rest are scratch."""
    first_mask: Words
    second_mask: Words
    """(g,) all ones to invert the operand, else 0."""
    result: Ints
    """(n,) row that holds the rule's value after the node's gates; the node's own row for an input."""
    result_mask: Words
    """(n,) all ones if that value is to be inverted."""
    rows: int
    """Number of rows."""


class EventNetwork(NamedTuple):
    """A network for event-driven simulation."""

    table_start: Ints
    """(n,) where the table of a node starts in `codes`; -1 for a node with gates."""
    codes: Codes
    """Code of the flip rate by table index: bit 0 is the node itself, then its inputs."""
    rates: Floats
    """(c,) rate of each code; code 0 is rate 0."""
    wide_up: Codes
    wide_down: Codes
    """(n,) codes of nodes with gates."""
    target_start: Integers
    """(n + 1,) first target of each node."""
    target: Ints
    """Nodes whose rate depends on a node, itself included."""
    target_bit: Ints
    """What the node adds to the table index of the target."""


class Starts(NamedTuple):
    """Independent groups of nodes with a joint distribution of their initial states."""

    state: NDArray[np.uint8]
    """(n,) initial states where nothing is drawn."""
    node_start: Integers
    """(k + 1,) first node of each group that is drawn."""
    node: Ints
    outcome_start: Integers
    """(k + 1,) first outcome of each group."""
    cumulative: Floats
    """Probability of an outcome and those before it."""
    value_start: Integers
    """(k,) where the values of a group's first outcome start."""
    value: NDArray[np.uint8]


class Clamps(NamedTuple):
    """Nodes that are held at a value."""

    node: Ints
    value: NDArray[np.uint8]
    fraction: Floats
    """Share of the trajectories in which the node is held."""
    time: float
    """When that begins."""


@dataclass(frozen=True)
class RateTable:
    """How the flip rate of a node depends on its inputs."""

    inputs: Sequence[int]
    """Nodes that it depends on, without itself."""
    rates: Floats
    """(2^(k+1),) flip rate; bit 0 of the index is the node itself, bit i + 1 its input i."""


@dataclass(frozen=True)
class WideRule:
    """A node with too many inputs for a table: its rule stands in the gates."""

    inputs: Sequence[int]
    up: float
    down: float


def event_network(rules: Sequence[RateTable | WideRule]) -> EventNetwork:
    """The arrays of a network from the rate table, or the wide rule, of each node."""
    values = [
        np.append(rule.rates, 0.0) if isinstance(rule, RateTable) else [rule.up, rule.down, 0.0]
        for rule in rules
    ]
    rates = np.unique(np.concatenate([[0.0], *values]))
    sizes = [len(rule.rates) if isinstance(rule, RateTable) else 0 for rule in rules]
    starts = np.cumsum([0, *sizes])[:-1]
    tables = [np.searchsorted(rates, rule.rates) for rule in rules if isinstance(rule, RateTable)]
    target_start, target, bit = _targets(rules)
    return EventNetwork(
        table_start=np.where([isinstance(rule, RateTable) for rule in rules], starts, -1).astype(np.int32),
        codes=np.concatenate([[0], *tables])[1:].astype(np.uint16),
        rates=rates,
        wide_up=_wide_codes(rules, rates, "up"),
        wide_down=_wide_codes(rules, rates, "down"),
        target_start=target_start,
        target=target,
        target_bit=bit,
    )


def _wide_codes(rules: Sequence[RateTable | WideRule], rates: Floats, side: str) -> Codes:
    values = [getattr(rule, side) if isinstance(rule, WideRule) else 0.0 for rule in rules]
    return np.searchsorted(rates, values).astype(np.uint16)


def _targets(rules: Sequence[RateTable | WideRule]) -> tuple[Integers, Ints, Ints]:
    outgoing: list[list[tuple[int, int]]] = [[] for _ in rules]
    for node, rule in enumerate(rules):
        for place, source in enumerate([node, *rule.inputs]):
            outgoing[source].append((node, 1 << place if isinstance(rule, RateTable) else 0))
    flat = np.array([pair for pairs in outgoing for pair in pairs], np.int32).reshape(-1, 2)
    start = np.cumsum([0, *map(len, outgoing)])
    return start.astype(np.int64), np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])
