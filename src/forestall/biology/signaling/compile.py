"""Networks flattened into arrays that numba kernels read.

Nodes are renumbered so that each comes after the nodes it reads (strongly connected components in topological
order), which makes an acyclic network exact in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from forestall.errors import KnowledgeError, did_you_mean
from forestall.knowledge.networks import Driver, Factor, Network, Term, disease_network, load_networks
from forestall.knowledge.scope import per_scope

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]


class HillArrays(NamedTuple):
    """Normalized Hill functions, H(x) = top x^n / (x^n + bottom), one per factor or driver."""

    node: Ints
    power: Ints
    bottom: Floats
    """k^n."""
    top: Floats
    """1 + k^n, so that H(1) = 1."""
    negated: Flags
    """Use 1 - H."""
    zero: Floats
    """With v = x^n, H or 1 - H is (zero + slope v) / (v + bottom)."""
    slope: Floats


class CompiledNetwork(NamedTuple):
    """A network as flat arrays; `nodes` etc. in the shapes are counts."""

    basal: Floats
    """(nodes,)"""
    term_start: Ints
    """(nodes + 1,): the terms of node i are term_start[i] to term_start[i + 1]."""
    inhibitor_start: Ints
    """(nodes,): from this term on, the terms of node i inhibit."""
    factor_start: Ints
    """(terms + 1,)"""
    factor: HillArrays
    """(factors,)"""
    component_start: Ints
    """(components + 1,): nodes of each strongly connected component."""
    component_cyclic: Flags
    """(components,): whether the component needs sweeps."""
    slow_node: Ints
    """(slow,): the node whose expression each slow state is."""
    slow_of_node: Ints
    """(nodes,): the slow state that is the expression of each node, or -1."""
    slow_tau_days: Floats
    """(slow,)"""
    driver_start: Ints
    """(slow + 1,)"""
    driver: HillArrays
    """(drivers,): negated for the drivers that lower the expression."""
    proliferation: int
    """Index of the first output."""
    survival: int
    """Index of the last output."""


@dataclass(frozen=True)
class NetworkIndex:
    """Where the names of a network went in its compiled arrays."""

    nodes: dict[str, int]
    slow: dict[str, int]
    drivers: dict[tuple[str, str], int]
    """(slow node, driver) -> position."""
    edges: dict[tuple[str, str], tuple[int, ...]]
    """(source, target) -> the terms of the target that read the source."""
    pools: dict[str, tuple[int, ...]]
    """Node -> positions of all nodes that share its expression and drug actions."""
    terms: tuple[tuple[str, Term], ...]
    """Each term's node and its definition."""

    def node(self, name: str) -> int:
        """Position of a node.

        Raises:
            KnowledgeError: if the network has no such node.
        """
        if name not in self.nodes:
            raise KnowledgeError("unknown node", value=name, fix=did_you_mean(name, self.nodes))
        return self.nodes[name]

    def pool(self, name: str) -> tuple[int, ...]:
        """Positions of a node and of those that share its protein."""
        self.node(name)
        return self.pools[name]

    def edge(self, text: str) -> tuple[int, ...]:
        """The terms that an edge "A->B" takes part in.

        Raises:
            KnowledgeError: if there is no such edge.
        """
        source, arrow, target = (part.strip() for part in text.partition("->"))
        terms = self.edges.get((source, target), ())
        if not arrow or not terms:
            known = [f"{a}->{b}" for a, b in self.edges]
            raise KnowledgeError("unknown edge", value=text, fix=did_you_mean(text, known))
        return terms


@dataclass(frozen=True)
class Compiled:
    """A network, its arrays and the map between them."""

    network: Network
    arrays: CompiledNetwork
    index: NetworkIndex
    term_weight: Floats
    """(terms,): weights as the network gives them."""
    driver_gain: Floats
    """(drivers,): gains as the network gives them."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Node names in the order of the arrays."""
        return tuple(self.index.nodes)

    def expression_of(self, context: str) -> Floats:
        """Expression of every node in a context, shape (nodes,)."""
        expression = np.ones(len(self.index.nodes), self.term_weight.dtype)
        for name, value in self.network.context(context).expression.items():
            expression[list(self.index.pool(name))] = value.value
        return expression


@per_scope
def _compiled_catalogue_network(name: str, dtype: str) -> Compiled:
    networks = load_networks()
    if name not in networks:
        raise KnowledgeError("unknown network", value=name, fix=did_you_mean(name, networks))
    return compile_network(networks[name], dtype)


def compiled(name: str | None = None, dtype: str = "float64") -> Compiled:
    """A network of the catalogue, compiled once; that of the disease in force if not named."""
    return _compiled_catalogue_network(disease_network().id if name is None else name, dtype)


def compile_network(network: Network, dtype: DTypeLike = np.float64) -> Compiled:
    """Flatten a network.

    Args:
        network: The network.
        dtype: float64 or float32, the type of all arrays that the kernels will see.

    Returns:
        The arrays and the maps from names to positions.
    """
    components = _components(network)
    order = [name for component in components for name in component]
    position = {name: i for i, name in enumerate(order)}
    terms = [
        (name, term) for name in order for term in network.nodes[name].inputs + network.nodes[name].inhibitors
    ]
    inputs = np.array([len(network.nodes[name].inputs) for name in order], np.int32)
    counts = [len(network.nodes[name].inputs) + len(network.nodes[name].inhibitors) for name in order]
    drivers = [(name, driver) for name, slow in network.expression.items() for driver in slow.drivers]
    lowering = [driver in slow.lowered_by for slow in network.expression.values() for driver in slow.drivers]
    factors = [factor for _, term in terms for factor in term.all]
    term_start = _starts(counts)
    arrays = CompiledNetwork(
        basal=np.array([network.nodes[name].basal.value for name in order], dtype),
        term_start=term_start,
        inhibitor_start=term_start[:-1] + inputs,
        factor_start=_starts([len(term.all) for _, term in terms]),
        factor=_hill_arrays(network, factors, [factor.negated for factor in factors], position, dtype),
        component_start=_starts([len(component) for component in components]),
        component_cyclic=np.array([_is_cyclic(network, component) for component in components], np.bool_),
        slow_node=np.array([position[name] for name in network.expression], np.int32),
        slow_of_node=_slow_of_node(network, position),
        slow_tau_days=np.array([slow.tau.to("day") for slow in network.expression.values()], dtype),
        driver_start=_starts([len(slow.drivers) for slow in network.expression.values()]),
        driver=_hill_arrays(network, [driver for _, driver in drivers], lowering, position, dtype),
        proliferation=position[network.outputs[0]],
        survival=position[network.outputs[-1]],
    )
    index = NetworkIndex(
        nodes=position,
        slow={name: i for i, name in enumerate(network.expression)},
        drivers={(name, driver.node): i for i, (name, driver) in enumerate(drivers)},
        edges=_edges(terms),
        pools={name: tuple(position[member] for member in network.pool_of(name)) for name in order},
        terms=tuple(terms),
    )
    return Compiled(
        network=network,
        arrays=arrays,
        index=index,
        term_weight=np.array([term.weight.value for _, term in terms], dtype),
        driver_gain=np.array([driver.gain.value for _, driver in drivers], dtype),
    )


def _hill_arrays(
    network: Network,
    parts: Sequence[Factor] | Sequence[Driver],
    negated: Sequence[bool],
    position: dict[str, int],
    dtype: DTypeLike,
) -> HillArrays:
    bottom = np.array([network.k_of(part) ** part.n for part in parts], dtype)
    top, falls = (1 + bottom).astype(dtype), np.array(negated, np.bool_)
    return HillArrays(
        node=np.array([position[part.node] for part in parts], np.int32),
        power=np.array([part.n for part in parts], np.int32),
        bottom=bottom,
        top=top,
        negated=falls,
        zero=np.where(falls, bottom, 0).astype(dtype),
        slope=np.where(falls, 1 - top, top).astype(dtype),
    )


def _starts(counts: Iterable[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(list(counts))]).astype(np.int32)


def _slow_of_node(network: Network, position: dict[str, int]) -> Ints:
    slow = np.full(len(position), -1, np.int32)
    for i, name in enumerate(network.expression):
        for member in network.pool_of(name):
            slow[position[member]] = i
    return slow


def _edges(terms: Sequence[tuple[str, Term]]) -> dict[tuple[str, str], tuple[int, ...]]:
    edges: dict[tuple[str, str], tuple[int, ...]] = {}
    for i, (target, term) in enumerate(terms):
        for factor in term.all:
            edges[factor.node, target] = (*edges.get((factor.node, target), ()), i)
    return edges


def _sources(network: Network, name: str) -> tuple[str, ...]:
    node = network.nodes[name]
    return tuple(dict.fromkeys(factor.node for term in node.inputs + node.inhibitors for factor in term.all))


def _is_cyclic(network: Network, component: Sequence[str]) -> bool:
    return len(component) > 1 or component[0] in _sources(network, component[0])


def _components(network: Network) -> list[list[str]]:
    """Strongly connected components, sources first (Tarjan 1972, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: list[str] = []
    components: list[list[str]] = []
    for root in network.nodes:
        stack = [] if root in number else [(root, iter(_sources(network, root)))]
        while stack:
            name, sources = stack[-1]
            if name not in number:
                number[name] = low[name] = len(number)
                open_nodes.append(name)
            following = next((s for s in sources if s not in number or s in open_nodes), None)
            if following is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[name])
                if low[name] == number[name]:
                    cut = open_nodes.index(name)
                    components.append(open_nodes[cut:])
                    del open_nodes[cut:]
            elif following in number:
                low[name] = min(low[name], number[following])
            else:
                stack.append((following, iter(_sources(network, following))))
    return components
