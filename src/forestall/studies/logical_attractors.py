"""Where a logical network can stay for ever: fixed points and cyclic attractors, by the library AEON.

Attractors of the general asynchronous dynamics do not depend on rates, as long as no rate is 0.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forestall.errors import ForestallError, InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.expressions import Expression, Number, Symbol
from forestall.interop.logical.expressions import replace as replaced
from forestall.interop.logical.model import LogicalModel, Node
from forestall.interop.logical.rule_text import SIGNS, rule_text
from forestall.studies.logical_plan import Perturbation

MOST_FREE_INPUTS = 12
MOST_NODES = 500


@dataclass(frozen=True)
class Attractor:
    """A set of states that is never left."""

    states: int
    """Number of its states; 1 for a fixed point."""
    settled: dict[str, int]
    """Nodes that have one value in all of its states."""
    changing: tuple[str, ...]
    """The other nodes."""


def attractors_of(model: LogicalModel, perturbations: Sequence[Perturbation] = ()) -> tuple[Attractor, ...]:
    """All attractors, fixed points first, for every combination of the inputs that nothing fixes.

    Args:
        model: The network; an input that always starts in one state has that state.
        perturbations: What is held.

    Raises:
        InputError: if the network is too large or has too many free inputs, or a rate depends on more than the rule.
        ForestallError: if the library is not installed.
    """
    library = _library()
    held = _held(model, perturbations)
    _refuse_large(model, held)
    network = library.BooleanNetwork.from_bnet(_numbered_bnet(model, held)).remove_regulation_constraints()
    graph = library.AsynchronousGraph(network)
    found = library.Attractors.attractors(graph)
    attractors = [_attractor(one.vertices(), model) for one in found]
    return tuple(sorted(attractors, key=lambda one: (one.states, tuple(one.settled.values()))))


def _library() -> Any:
    try:
        return importlib.import_module("biodivine_aeon")
    except ImportError:
        raise ForestallError(
            "attractors need biodivine_aeon; install it with: pip install 'forestall[attractors]'"
        ) from None


def _held(model: LogicalModel, perturbations: Iterable[Perturbation]) -> dict[str, int]:
    held: dict[str, int] = {}
    for start in model.starts:
        if len(start.outcomes) == 1:
            pairs = zip(start.nodes, start.outcomes[0][1], strict=True)
            held |= {name: state for name, state in pairs if model.nodes[model.number_of[name]].is_input}
    for one in perturbations:
        model.find(one.node, field="--perturb")
        if one.fraction < 1.0:
            raise InputError(
                "attractors need a node that is held in all trajectories", field="--perturb", value=str(one)
            )
        held[one.node] = one.value
    return held


def _refuse_large(model: LogicalModel, held: dict[str, int]) -> None:
    if len(model.nodes) > MOST_NODES:
        raise InputError(
            "the network is too large for its attractors",
            value=len(model.nodes),
            allowed=f"{MOST_NODES} nodes",
        )
    free = [name for name in model.inputs() if name not in held]
    if len(free) > MOST_FREE_INPUTS:
        shown = ", ".join(free[:5])
        raise InputError(
            f"too many inputs are free ({shown}, ...)",
            value=len(free), allowed=f"{MOST_FREE_INPUTS}", fix="fix some of them with --perturb NODE=0 or NODE=1",
        )  # fmt: skip


def _numbered_bnet(model: LogicalModel, held: dict[str, int]) -> str:
    """The network as .bnet text with numbers for names, which suit every library."""
    rates = CompiledModel(model).rule_rates
    lines = ["targets,factors"]
    for number, (node, (up, down)) in enumerate(zip(model.nodes, rates, strict=True)):
        if not node.is_input and 0.0 in (up, down) and node.name not in held:
            raise InputError("attractors need rates that are not 0", line=node.line, field=node.name)
        lines.append(f"n{number}, {rule_text(_rule(node, number, model, held), SIGNS)}")
    return "\n".join(lines) + "\n"


def _rule(node: Node, number: int, model: LogicalModel, held: dict[str, int]) -> Expression:
    if node.name in held:
        return Number(float(held[node.name]))
    if node.rule is None:
        return Symbol(f"n{number}")

    def renamed(part: Expression) -> Expression | None:
        return replace(part, name=f"n{model.number_of[part.name]}") if isinstance(part, Symbol) else None

    return replaced(node.rule, renamed)


def _attractor(vertices: Any, model: LogicalModel) -> Attractor:
    fixed = {int(name[1:]): int(value) for name, value in vertices.enclosing_named_subspace().items()}
    return Attractor(
        states=int(vertices.cardinality()),
        settled={name: fixed[number] for number, name in enumerate(model.names) if number in fixed},
        changing=tuple(name for number, name in enumerate(model.names) if number not in fixed),
    )
