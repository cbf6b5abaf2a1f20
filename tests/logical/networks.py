"""Networks for the tests: random small ones with their exact solution, and published ones where the shared files are at hand."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.expressions import Expression, Number, Operator, Symbol, operation
from forestall.interop.logical.files import load_network
from forestall.interop.logical.model import LogicalModel, Node, Start, fixed_start, input_or_rule
from forestall.studies.logical_plan import Plan

Array = NDArray[np.float64]
_ROOT = Path(__file__).parents[2]
NETWORKS = Path(os.environ.get("FORESTALL_SHARED") or _ROOT.parent / "shared") / "networks"
ZANUDO_OUTPUTS = (
    "Apoptosis", "Apoptosis_2", "Apoptosis_3", "Proliferation", "Proliferation_2", "Proliferation_3", "Proliferation_4",
)  # fmt: skip


def shared(name: str) -> Path:
    """A published file, or a skipped test where the shared folder is not at hand."""
    path = NETWORKS / name
    if not path.exists():
        pytest.skip(f"{path} is not there; set FORESTALL_SHARED")
    return path


def zanudo() -> tuple[LogicalModel, Plan]:
    """The ER+ breast cancer network with the protocol of its authors: one random node per update, fast nodes five times as likely."""
    model = load_network(shared("zanudo2017/BreastCancerModel.txt"))
    protocol = json.loads(shared("zanudo2017/protocol.json").read_text())
    primed = tuple(protocol["random_primed_nodes"])
    fixed = dict.fromkeys(model.names, 0) | protocol["initial_state"]
    starts = [fixed_start(name, value) for name, value in fixed.items() if name not in primed]
    starts.append(Start(primed, ((2 / 3, (0, 0, 0, 0)), (1 / 3, (1, 1, 1, 1)))))
    weights = dict.fromkeys(model.names, 5.0) | dict.fromkeys(protocol["slow_nodes"], 1.0)
    for name in protocol["slow_nodes_listed_twice"]:
        weights[name] = 2.0
    updates = int(sum(weights.values()) // 5)
    return model.starting(starts), Plan(engine="async", time=100.0, weights=weights, updates_per_step=updates)


def drug_from_the_first_update(model: LogicalModel) -> LogicalModel:
    """The start of the double perturbations of Zanudo 2017, which their README does not tell: Alpelisib is off, and on from its first
    update. That is what makes their two tables disagree where nodes race."""
    nodes = tuple(
        replace(node, rule=Number(1.0)) if node.name == "Alpelisib" else node for node in model.nodes
    )
    return replace(model, nodes=nodes).starting([fixed_start("Alpelisib", 0)])


def random_rule(generator: np.random.Generator, names: list[str], depth: int = 3) -> Expression:
    """A random Boolean expression."""
    kind = generator.integers(0, 5 if depth > 0 else 1)
    if kind == 0:
        return Symbol(names[generator.integers(len(names))])
    if kind == 1:
        return operation(Operator.NOT, random_rule(generator, names, depth - 1))
    operator = (Operator.AND, Operator.OR, Operator.XOR)[kind - 2]
    return operation(
        operator, random_rule(generator, names, depth - 1), random_rule(generator, names, depth - 1)
    )


def random_model(seed: int, nodes: int = 4) -> LogicalModel:
    """A random network with rates of its own, one input, and a joint initial distribution."""
    generator = np.random.default_rng(seed)
    names = [f"n{number}" for number in range(nodes)]
    rules = [None, *(input_or_rule(name, random_rule(generator, names)) for name in names[1:])]
    model = LogicalModel(tuple(Node(name, rule) for name, rule in zip(names, rules, strict=True)))
    rates = {node.name: float(generator.choice([0.5, 1.0, 2.0])) for node in model.nodes if not node.is_input}
    return model.with_rates(rates).starting(
        [Start(("n1", "n2"), ((0.25, (0, 1)), (0.75, (1, 0)))), fixed_start("n3", 0)]
    )


def flip_rates(model: LogicalModel) -> Array:
    """(2^n, n) rate at which each node flips in each state, straight from the rules."""
    size = 1 << len(model.nodes)
    events = CompiledModel(model).rule_rates
    states = np.arange(size)
    bits = {name: (states >> place & 1).astype(float) for place, name in enumerate(model.names)}
    rates = np.zeros((size, len(model.nodes)))
    for place, node in enumerate(model.nodes):
        if node.rule is not None:
            wanted = _truth(node.rule, bits)
            rates[:, place] = np.where(wanted == bits[node.name], 0.0, events[place, 0])
    return rates


def _truth(rule: Expression, bits: dict[str, Array]) -> Array:
    """An evaluation of its own, on purpose simpler than the package's."""
    if isinstance(rule, Symbol):
        return bits[rule.name]
    if isinstance(rule, Number):
        return np.full(len(next(iter(bits.values()))), rule.value)
    parts = [_truth(part, bits) for part in rule.operands]  # type: ignore[union-attr]
    operator = rule.operator  # type: ignore[union-attr]
    if operator is Operator.NOT:
        return 1.0 - parts[0]
    if operator is Operator.AND:
        return np.asarray(np.min(parts, axis=0))
    return np.asarray(np.max(parts, axis=0) if operator is Operator.OR else np.sum(parts, axis=0) % 2)


def generator_matrix(rates: Array) -> Array:
    """(2^n, 2^n) generator of the continuous-time chain; rows are the states that are left."""
    size, nodes = rates.shape
    matrix = np.zeros((size, size))
    for place in range(nodes):
        matrix[np.arange(size), np.arange(size) ^ (1 << place)] += rates[:, place]
    return matrix - np.diag(rates.sum(axis=1))


def initial_distribution(model: LogicalModel) -> Array:
    """(2^n,) probabilities of the states at the start."""
    named = {name for start in model.starts for name in start.nodes}
    free = [Start((name,), ((0.5, (0,)), (0.5, (1,)))) for name in model.names if name not in named]
    distribution = {0: 1.0}
    for start in [*model.starts, *free]:
        after: dict[int, float] = {}
        for state, probability in distribution.items():
            for chance, values in start.outcomes:
                bits = sum(
                    value << model.number_of[name] for name, value in zip(start.nodes, values, strict=True)
                )
                after[state | bits] = after.get(state | bits, 0.0) + probability * chance
        distribution = after
    full = np.zeros(1 << len(model.nodes))
    full[list(distribution)] = list(distribution.values())
    return full


def node_probabilities(distribution: Array, nodes: int) -> Array:
    """(n,) probability that each node is on."""
    states = np.arange(len(distribution))
    return np.array([distribution[(states >> place & 1) == 1].sum() for place in range(nodes)])
