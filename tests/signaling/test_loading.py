"""Network and alteration files: a wrong entry is named by file and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall.biology.signaling.compile import compile_network
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.conditions import load_conditions
from forestall.knowledge.contents import quantities
from forestall.knowledge.networks import load_networks, read_network
from forestall.knowledge.provenance import Entry, Quantity, Status
from forestall.knowledge.references import load_references

SMALL = """\
id: small
name: Small
description: Two nodes
defaults: {k: [0.5, 0.2, 0.8]}
nodes:
  signal: {name: Signal, basal: [0.5, 0.1, 0.9]}
  growth:
    name: Growth
    basal: [0.1, 0.0, 0.2]
    inputs:
      - {all: [signal, not brake], weight: [0.8, 0.5, 0.9]}
  brake: {name: Brake, basal: [0.3, 0.1, 0.5]}
expression:
  brake:
    tau: {value: 2, unit: day, interval: [1, 4], status: assumed}
    raised_by: [{node: growth, gain: [1, 0.5, 2]}]
outputs: [growth]
contexts: {any: {name: Any}}
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "network.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_unit_a_small_network_is_read_and_compiled(tmp_path: Path) -> None:
    network = read_network(_written(tmp_path, SMALL))
    net = compile_network(network)
    assert network.nodes["growth"].inputs[0].all[1].negated
    assert net.index.edges["brake", "growth"] == net.index.edges["signal", "growth"]
    assert "nodes.growth.inputs.0.weight" in dict(quantities(network))
    assert net.arrays.slow_tau_days.tolist() == [2.0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("signal, not brake", "signl, not brake", "signal"),
        ("weight: [0.8, 0.5, 0.9]", "weight: [1.8, 0.5, 2]", "between 0 and 1"),
        ("weight: [0.8, 0.5, 0.9]", "weight: [0.8, 0.9, 0.5]", "interval"),
        ("weight: [0.8, 0.5, 0.9]", "weight: [0.8, 0.5]", "weight"),
        ("weight: [0.8, 0.5, 0.9]", "wheight: [0.8, 0.5, 0.9]", "weight"),
        ("basal: [0.3, 0.1, 0.5]", "basal: [-0.3, -0.5, 0.5]", "between 0 and 1"),
        ("unit: day", "unit: mg", "mg"),
        ("unit: day", "unit: parsec_per_fortnight", "unit"),
        ("value: 2, unit: day, interval: [1, 4]", "value: 0, unit: day, interval: [0, 4]", "positive"),
        ("gain: [1, 0.5, 2]", "gain: [-1, -2, 2]", "lowered_by"),
        ("raised_by: [{node: growth", "raised_by: [{node: grwth", "growth"),
        ("outputs: [growth]", "outputs: [grow]", "growth"),
        ("outputs: [growth]", "outputs: [growth]\ndrawing: [[signal, signal, growth]]", "exactly once"),
        ("  brake: {name: Brake", "  brake: {hidden_from: [antibody], name: Brake", "pool"),
        ("status: assumed", "status: measured", "source"),
        ("  brake: {name", "  growth: {name", "twice"),
        (
            "contexts: {any: {name: Any}}",
            "contexts: {any: {name: Any, expression: {nobody: [1, 1, 1]}}}",
            "nobody",
        ),
    ],
)
def test_unit_a_wrong_entry_is_named_in_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SMALL
    path = _written(tmp_path, SMALL.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        compile_network(read_network(path))
    message = str(caught.value)
    assert str(path) in message
    assert words in message
    assert "\n" not in message


def test_unit_a_number_with_a_fourth_item_was_fitted_to_that_source(tmp_path: Path) -> None:
    text = SMALL.replace("weight: [0.8, 0.5, 0.9]", "weight: [0.8, 0.5, 0.9, imoto2022]", 1)
    weight = read_network(_written(tmp_path, text)).nodes["growth"].inputs[0].weight
    assert (weight.status, weight.source, weight.interval) == (Status.CALIBRATED, "imoto2022", (0.5, 0.9))


def _sources(value: object) -> set[str]:
    if isinstance(value, Quantity):
        return {value.source} if value.source else set()
    if isinstance(value, Entry):
        named = set(getattr(value, "sources", ()))
        return named.union(*(_sources(getattr(value, field)) for field in type(value).model_fields))
    if isinstance(value, dict):
        return set().union(*map(_sources, value.values()))
    return set().union(*map(_sources, value)) if isinstance(value, tuple) else set()


def test_unit_every_source_that_is_cited_exists() -> None:
    cited = _sources(load_networks()) | _sources(load_alterations()) | _sources(load_conditions())
    assert len(cited) > 40
    assert cited <= set(load_references())


def test_unit_every_mechanism_that_is_named_exists() -> None:
    mechanisms = pytest.importorskip("forestall.knowledge.mechanisms").load_mechanisms()
    named = {
        name
        for entry in [*load_alterations().values(), *load_conditions().values()]
        for name in entry.mechanisms
    }
    assert named <= set(mechanisms)
