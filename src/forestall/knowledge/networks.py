"""Signaling networks as data: nodes, terms, slow expression, contexts and traits, with provenance.

A node's input is a list of terms. Terms are alternatives (OR); the factors of one term act together (AND); a
factor written ``not X`` counts the absence of X. A short list ``[value, low, high]`` is an assumed
dimensionless number with its interval; ``[value, low, high, source]`` was fitted, within an assumed interval, to
the data of a source.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from forestall.errors import KnowledgeError, did_you_mean
from forestall.knowledge.contents import quantities as quantities  # noqa: PLC0414 - imported from here, too
from forestall.knowledge.provenance import Entry, Quantity
from forestall.knowledge.reading import read_yaml, validate
from forestall.knowledge.scope import BREAST, catalog, current

DIRECTORY = Path(__file__).parent / "data" / "networks"

NodeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Sources = Annotated[tuple[str, ...], Field(default=())]


def _spelled_out(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) not in (3, 4):
        return value
    middle, low, high, *fitted_to = value
    number = {"value": middle, "unit": "1", "interval": (low, high), "status": "assumed"}
    return number | ({"status": "calibrated", "source": fitted_to[0]} if fitted_to else {})


Number = Annotated[Quantity, BeforeValidator(_spelled_out)]


class Factor(Entry):
    """One participant of a term: the normalized Hill function of a node's activity, or one minus it."""

    node: NodeName
    negated: bool = False
    """Count the absence of the node instead of its presence."""
    k: Number | None = None
    """Activity at which the un-normalized Hill function is one half; the network's default if absent."""
    n: int = Field(default=2, ge=1, le=4)
    """Hill coefficient; an integer, so that the kernel multiplies."""


def _factor(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = value.split()
    if words[:1] == ["not"] and len(words) == 2:
        return {"node": words[1], "negated": True}
    return {"node": value}


class Term(Entry):
    """Factors that act together, with one weight."""

    all: tuple[Annotated[Factor, BeforeValidator(_factor)], ...] = Field(min_length=1)
    weight: Number
    """Share of the target that this term alone can switch on (or, among inhibitors, off), in [0, 1]."""
    sources: Sources
    note: str | None = None

    @model_validator(mode="after")
    def _weight_is_a_share(self) -> Self:
        if not 0 <= self.weight.value <= 1:
            raise ValueError(f"a weight lies between 0 and 1, not {self.weight.value}")
        return self


class Node(Entry):
    """A species or a function of the network."""

    name: str
    gene: str | None = None
    """HGNC symbol, where the node is one gene's product."""
    pool: NodeName | None = None
    """The node whose expression and drug actions this one shares: one protein in two roles."""
    hidden_from: tuple[str, ...] = ()
    """Drug classes that act on the pool and do not reach this member, for want of an epitope."""
    basal: Number
    """Input that is on without any term, in [0, 1]."""
    inputs: tuple[Term, ...] = ()
    inhibitors: tuple[Term, ...] = ()
    sources: Sources
    note: str | None = None

    @model_validator(mode="after")
    def _hides_within_a_pool(self) -> Self:
        if self.hidden_from and self.pool is None:
            raise ValueError("hidden_from needs a pool whose drug actions it is about")
        return self

    @model_validator(mode="after")
    def _basal_is_a_share(self) -> Self:
        if not 0 <= self.basal.value <= 1:
            raise ValueError(f"a basal input lies between 0 and 1, not {self.basal.value}")
        return self


class Driver(Entry):
    """A node that moves the expression of another."""

    node: NodeName
    gain: Number
    """Largest relative change of the expression that the driver alone can make."""
    k: Number | None = None
    n: int = Field(default=2, ge=1, le=4)
    sources: Sources
    note: str | None = None

    @model_validator(mode="after")
    def _gain_is_positive(self) -> Self:
        if self.gain.value < 0:
            raise ValueError("a gain is not negative: write the driver under lowered_by instead")
        return self


class SlowExpression(Entry):
    """Expression that relaxes towards what the present activities ask for."""

    tau: Number
    """Time constant."""
    raised_by: tuple[Driver, ...] = ()
    lowered_by: tuple[Driver, ...] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _has_time_and_drivers(self) -> Self:
        if self.tau.to("day") <= 0:
            raise ValueError("a time constant is positive")
        if not (self.raised_by or self.lowered_by):
            raise ValueError("slow expression needs a driver under raised_by or lowered_by")
        return self

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """Raising drivers first, then lowering ones."""
        return self.raised_by + self.lowered_by


class Context(Entry):
    """A tumor type: expression that differs from the reference (1)."""

    name: str
    expression: dict[NodeName, Number] = Field(default_factory=dict)
    sources: Sources
    note: str | None = None


class Trait(Entry):
    """A difference between patients in the strength of one slow driver."""

    name: str
    slow: NodeName
    driver: NodeName
    present: Number
    """Factor on the gain in patients who have the trait."""
    absent: Number
    """Factor on the gain in the others."""
    prevalence: dict[str, Number]
    """Share of patients with the trait, per context; contexts that are not listed keep a factor of one."""
    sources: Sources
    note: str | None = None


class Defaults(Entry):
    """Values where the entry gives none."""

    k: Number
    n: int = Field(default=2, ge=1, le=4)


class Network(Entry):
    """A signaling network."""

    id: str
    name: str
    description: str
    defaults: Defaults
    nodes: dict[NodeName, Node] = Field(min_length=1)
    expression: dict[NodeName, SlowExpression] = Field(default_factory=dict)
    outputs: tuple[NodeName, ...] = Field(min_length=1)
    contexts: dict[str, Context] = Field(min_length=1)
    traits: dict[str, Trait] = Field(default_factory=dict)
    drawing: tuple[tuple[NodeName | None, ...], ...] = ()
    """Rows of nodes from top to bottom, with gaps, for figures; every node once."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for place, name in self._mentions():
            if name not in self.nodes:
                raise ValueError(f"{place}: unknown node '{name}'; {did_you_mean(name, self.nodes)}")
        for name, node in self.nodes.items():
            if node.pool is not None and self.nodes[node.pool].pool is not None:
                raise ValueError(f"nodes.{name}.pool: '{node.pool}' itself belongs to a pool")
        for name in self.expression:
            if self.nodes[name].pool is not None:
                raise ValueError(
                    f"expression.{name}: give the slow expression to the pool '{self.nodes[name].pool}'"
                )
        return self

    @model_validator(mode="after")
    def _traits_point_somewhere(self) -> Self:
        for name, trait in self.traits.items():
            slow = self.expression.get(trait.slow)
            if slow is None or trait.driver not in {driver.node for driver in slow.drivers}:
                raise ValueError(
                    f"traits.{name}: '{trait.driver}' does not drive the expression of '{trait.slow}'"
                )
            for context in trait.prevalence:
                if context not in self.contexts:
                    raise ValueError(
                        f"traits.{name}: unknown context; {did_you_mean(context, self.contexts)}"
                    )
        return self

    @model_validator(mode="after")
    def _drawing_is_complete(self) -> Self:
        drawn = [name for row in self.drawing for name in row if name is not None]
        if drawn and sorted(drawn) != sorted(self.nodes):
            odd = next(name for name in [*self.nodes, *drawn] if drawn.count(name) != 1)
            raise ValueError(f"drawing: '{odd}' must stand in it exactly once")
        return self

    def _mentions(self) -> Iterator[tuple[str, str]]:
        for name, node in self.nodes.items():
            if node.pool is not None:
                yield f"nodes.{name}.pool", node.pool
            for term in node.inputs + node.inhibitors:
                yield from ((f"nodes.{name}", factor.node) for factor in term.all)
        for name, slow in self.expression.items():
            yield "expression", name
            yield from ((f"expression.{name}", driver.node) for driver in slow.drivers)
        yield from (("outputs", name) for name in self.outputs)
        for key, context in self.contexts.items():
            yield from ((f"contexts.{key}", name) for name in context.expression)

    def k_of(self, part: Factor | Driver) -> float:
        """The half-activity of a factor or driver, the default if it gives none."""
        return (part.k or self.defaults.k).value

    def context(self, name: str) -> Context:
        """A context by name.

        Raises:
            KnowledgeError: if the network has no such context.
        """
        if name not in self.contexts:
            raise KnowledgeError("unknown context", value=name, fix=did_you_mean(name, self.contexts))
        return self.contexts[name]

    def pool_of(self, name: str) -> tuple[str, ...]:
        """The nodes that share the expression and the drug actions of `name`, itself included."""
        return tuple(key for key, node in self.nodes.items() if name in (key, node.pool))


def read_network(path: Path) -> Network:
    """A network from a YAML file.

    Raises:
        InputError: if the file breaks the schema; it names file, line and field.
    """
    return validate(Network, read_yaml(path))


def disease_network() -> Network:
    """The network of the disease in force."""
    networks = load_networks()
    return networks[BREAST] if current() is None else next(iter(networks.values()))


@catalog("networks")
def load_networks() -> dict[str, Network]:
    """Every network of the catalogue, by id."""
    networks = (read_network(path) for path in sorted(DIRECTORY.glob("*.yaml")))
    return {network.id: network for network in networks}
