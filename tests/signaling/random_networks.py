"""Random networks and random tumor cells for property tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from forestall.biology.signaling.compile import Compiled, Floats
from forestall.biology.signaling.reference import Cell
from forestall.knowledge.networks import Network

shares = st.floats(0, 1)
numbers = st.builds(lambda value: [value, value, value], shares)
half_activities = st.builds(lambda value: [value, value, value], st.floats(0.05, 0.95))


def _terms(sources: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    factor = st.fixed_dictionaries(
        {
            "node": st.sampled_from(sources),
            "negated": st.booleans(),
            "k": half_activities,
            "n": st.integers(1, 4),
        }
    )
    term = st.fixed_dictionaries({"all": st.lists(factor, min_size=1, max_size=3), "weight": numbers})
    return st.lists(term, max_size=3)


@st.composite
def networks(draw: st.DrawFn, *, cyclic: bool = False) -> Network:
    """A network of up to eight nodes, listed in any order; acyclic unless asked."""
    names = [f"n{i}" for i in range(draw(st.integers(2, 8)))]
    nodes = {}
    for i, name in enumerate(names):
        sources = names if cyclic else names[:i]
        terms = {key: draw(_terms(sources)) for key in ("inputs", "inhibitors")} if sources else {}
        nodes[name] = {"name": name, "basal": draw(numbers), **terms}
    drivers = st.lists(
        st.fixed_dictionaries({"node": st.sampled_from(names), "gain": numbers, "n": st.integers(1, 4)}),
        min_size=1,
        max_size=3,
        unique_by=lambda driver: driver["node"],
    )
    slow = {
        name: {
            "tau": {"value": 1.0, "unit": "day", "interval": (1, 1), "status": "assumed"},
            key: draw(drivers),
        }
        for name, key in zip(names[:2], ("raised_by", "lowered_by"), strict=True)
    }
    order = draw(st.permutations(names))
    return Network.model_validate(
        {
            "id": "random",
            "name": "random",
            "description": "random",
            "defaults": {"k": [0.5, 0.5, 0.5]},
            "nodes": {name: nodes[name] for name in order},
            "expression": slow,
            "outputs": [names[0], names[-1]],
            "contexts": {"only": {"name": "only"}},
        }
    )


def random_lanes(network: Compiled, lanes: int, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Expression, floor, term weights and node effects of random lanes, each (what, lanes)."""
    draw = np.random.default_rng(seed)
    shape = (len(network.nodes), lanes)
    expression = np.exp(draw.normal(0, 2, shape)) * (draw.random(shape) > 0.05)
    floor = draw.random(shape) * (draw.random(shape) > 0.7)
    weight = np.minimum(
        network.term_weight[:, None] * draw.uniform(0, 1.5, (len(network.term_weight), lanes)), 1
    )
    effect = np.where(draw.random(shape) > 0.5, 1, draw.random(shape))
    return expression, floor, weight, effect


def cell_of(network: Compiled, arrays: tuple[Floats, Floats, Floats, Floats], lane: int) -> Cell:
    """The cell of one lane, in the words of the reference."""
    expression, floor, weight, effect = (array[:, lane] for array in arrays)
    names, weights = network.nodes, {}
    for t, (name, _) in enumerate(network.index.terms):
        weights[name, t - int(network.arrays.term_start[network.index.nodes[name]])] = float(weight[t])
    return Cell(
        dict(zip(names, map(float, expression), strict=True)),
        dict(zip(names, map(float, floor), strict=True)),
        weights,
        dict(zip(names, map(float, effect), strict=True)),
    )
