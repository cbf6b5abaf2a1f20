"""Attractors against an enumeration of all states."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from forestall.errors import InputError
from forestall.interop.logical.expressions import Operator, Symbol, operation
from forestall.interop.logical.model import LogicalModel, Node, fixed_start
from forestall.studies.logical_attractors import MOST_FREE_INPUTS, attractors_of
from forestall.studies.logical_plan import Perturbation

from .networks import flip_rates, random_model

pytest.importorskip("biodivine_aeon")


def _enumerated(model: LogicalModel) -> list[frozenset[int]]:
    """Strongly connected sets of states that nothing leaves."""
    moves = flip_rates(model) > 0.0
    states, nodes = np.nonzero(moves)
    targets = states ^ (1 << nodes)
    size = len(moves)
    graph = csr_array((np.ones(len(states)), (states, targets)), shape=(size, size))
    count, label = connected_components(graph, directed=True, connection="strong")
    left = {
        label[state] for state, target in zip(states, targets, strict=True) if label[state] != label[target]
    }
    return [frozenset(np.flatnonzero(label == one).tolist()) for one in range(count) if one not in left]


@pytest.mark.parametrize("seed", range(12))
def test_oracle_attractors_are_the_closed_sets_of_states(seed: int) -> None:
    model = random_model(seed, nodes=5)
    model = LogicalModel(model.nodes)
    found = attractors_of(model)
    expected = _enumerated(model)
    assert sorted(one.states for one in found) == sorted(map(len, expected))
    settled = sorted(sorted(one.settled.items()) for one in found)
    assert settled == sorted(sorted(_settled(states, model)) for states in expected)


def _settled(states: frozenset[int], model: LogicalModel) -> list[tuple[str, int]]:
    values = {name: {state >> place & 1 for state in states} for place, name in enumerate(model.names)}
    return [(name, min(seen)) for name, seen in values.items() if len(seen) == 1]


def test_unit_held_nodes_and_fixed_inputs_are_constants() -> None:
    rule = operation(Operator.AND, Symbol("in"), Symbol("B"))
    model = LogicalModel((Node("in", None), Node("A", rule), Node("B", Symbol("A"))))
    assert len(attractors_of(model)) == 3
    assert len(attractors_of(model.starting([fixed_start("in", 0)]))) == 1
    (one,) = attractors_of(model.starting([fixed_start("in", 1)]), [Perturbation("B", 1)])
    assert one.settled == {"in": 1, "A": 1, "B": 1}


def test_unit_too_many_free_inputs_are_refused() -> None:
    model = LogicalModel(tuple(Node(f"i{number}", None) for number in range(MOST_FREE_INPUTS + 1)))
    with pytest.raises(InputError, match="too many inputs are free"):
        attractors_of(model)
