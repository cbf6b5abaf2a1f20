"""The signaling equations, written to be read: one tumor cell, dictionaries, no arrays.

The kernels are tested against this module. With F the input of a node, e its expression, f its constitutive
floor
and r what drugs leave of it,

    F  = [1 - (1 - basal) prod_terms (1 - w prod_factors H)] prod_inhibitors (1 - w prod_factors H)
    F' = f + (1 - f) F
    a  = r e F' / (e F' + 1 - F')

and H(x) = x^n (1 + k^n) / (x^n + k^n), so that H(1) = 1; a negated factor is 1 - H.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from forestall.knowledge.networks import Network, Term


@dataclass(frozen=True)
class Cell:
    """What distinguishes a cell from the wild type of the reference tumor; the rest is as there."""

    expression: Mapping[str, float] = field(default_factory=dict)
    """Node -> expression (1)."""
    floor: Mapping[str, float] = field(default_factory=dict)
    """Node -> constitutive share of the input (0)."""
    weight: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """(node, number of the term, inhibitors after inputs) -> weight (the network's)."""
    remaining: Mapping[str, float] = field(default_factory=dict)
    """Node -> product over drugs of (1 - effect) (1)."""


def hill(x: float, k: float, n: int) -> float:
    """Normalized Hill function: 0 at 0, 1 at 1."""
    return float(x**n * (1 + k**n) / (x**n + k**n))


def term_value(network: Network, term: Term, weight: float, activity: Mapping[str, float]) -> float:
    """Weight times the product of the term's factors."""
    value = weight
    for factor in term.all:
        share = hill(activity[factor.node], network.k_of(factor), factor.n)
        value *= 1 - share if factor.negated else share
    return value


def input_of(network: Network, name: str, cell: Cell, activity: Mapping[str, float]) -> float:
    """The input F of a node, given the activities of the nodes that it reads."""
    node = network.nodes[name]
    terms = node.inputs + node.inhibitors
    values = [
        term_value(network, term, cell.weight.get((name, i), term.weight.value), activity)
        for i, term in enumerate(terms)
    ]
    on = 1 - (1 - node.basal.value) * math.prod(1 - value for value in values[: len(node.inputs)])
    return on * math.prod(1 - value for value in values[len(node.inputs) :])


def activity_of(network: Network, name: str, cell: Cell, activity: Mapping[str, float]) -> float:
    """The activity of a node, given the activities of the nodes that it reads."""
    floor = cell.floor.get(name, 0.0)
    drive = floor + (1 - floor) * input_of(network, name, cell, activity)
    on = cell.expression.get(name, 1.0) * drive
    return cell.remaining.get(name, 1.0) * on / (on + (1 - drive)) if on > 0 else 0.0


def activities(network: Network, cell: Cell) -> dict[str, float]:
    """Activities of every node of an acyclic network, each computed after those that it reads."""
    known: dict[str, float] = {}

    def know(name: str) -> None:
        node = network.nodes[name]
        for term in node.inputs + node.inhibitors:
            for factor in term.all:
                if factor.node not in known:
                    know(factor.node)
        known[name] = activity_of(network, name, cell, known)

    for name in network.nodes:
        if name not in known:
            know(name)
    return known


def drive_of(network: Network, name: str, activity: Mapping[str, float]) -> float:
    """What the activities ask of a slow expression: the product of (1 + gain H)."""
    slow = network.expression[name]
    drive = 1.0
    for driver in slow.raised_by:
        drive *= 1 + driver.gain.value * hill(activity[driver.node], network.k_of(driver), driver.n)
    for driver in slow.lowered_by:
        drive *= 1 + driver.gain.value * (1 - hill(activity[driver.node], network.k_of(driver), driver.n))
    return drive


def expression_target(
    network: Network, name: str, base: float, activity: Mapping[str, float], rest: Mapping[str, float]
) -> float:
    """Where a slow expression is heading.

    Args:
        network: The network.
        name: A node with slow expression.
        base: Its expression at rest.
        activity: Present activities.
        rest: Activities of the untreated tumor.
    """
    return base * drive_of(network, name, activity) / drive_of(network, name, rest)
