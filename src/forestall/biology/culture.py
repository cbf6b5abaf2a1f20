"""Cells in a dish: how fast a cell line grows under constant drugs, from the drives of its network.

Birth and death follow the same law as in a patient (see `rates.rates_now`), with one factor on every rate of dividing cells, because
cells in culture divide faster. There are no effector cells, so antibodies recruit none. Doses are free concentrations in the medium
and do not change with time. One lane is one cell line under one treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.exposure.occupancy import hill_effect
from forestall.biology.signaling.actions import (
    Action,
    CompiledActions,
    apply_effects_by_lane,
    compile_actions,
)
from forestall.biology.signaling.compile import Compiled, Floats, compiled
from forestall.biology.signaling.lanes import (
    Lanes,
    build_lanes,
    compile_alterations,
    expression_with_ligands,
    gains_with_traits,
)
from forestall.knowledge.alterations import pick
from forestall.knowledge.drugs import KILLING, NEEDS_HOST, Drug
from forestall.knowledge.drugs import Action as DrugAction
from forestall.knowledge.parameters import value

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_LN2 = float(np.log(2.0))


class CellLine(NamedTuple):
    """A cell line: at rest without drugs, with its alterations."""

    name: str
    context: str
    alterations: tuple[str, ...] = ()
    expression: tuple[tuple[str, float], ...] = ()
    """Factors on the expression of nodes, beside those of the context."""
    ligands: tuple[tuple[str, float], ...] = ()
    """Levels of input nodes."""
    traits: tuple[tuple[str, bool], ...] = ()


class Treatments(NamedTuple):
    """n lanes, each with up to k drugs."""

    line: Ints
    """(n,) index of the cell line."""
    drug: Ints
    """(n, k) index of each drug; a drug that stands twice in a row adds up."""
    concentration: Array
    """(n, k) free concentration, nmol/L; 0 for a drug that is not given."""

    def part(self, rows: slice) -> Treatments:
        """Some of the lanes."""
        return Treatments(self.line[rows], self.drug[rows], self.concentration[rows])


@dataclass(frozen=True)
class Fates:
    """Rates of cells in culture, 1/day."""

    birth: float
    """Divisions at the untreated drive."""
    death: float
    """Deaths without drugs."""
    signal_death: float
    """Added deaths at complete loss of the survival drive."""
    kill_factor: float
    """On the kill rates of cytotoxic drugs, which are given for the division rate in patients."""
    turnover: float = 0.0
    """Share of the deaths without drugs that go with division; none in culture, where cells do not crowd each other out."""
    cycle_killing: float = 1.0
    """Share of the killing by cytotoxic drugs and payloads that needs division; all of it in culture, where killing is fitted."""
    payload_half: float = 1.0
    """Expression of the antigen at which half of a payload's killing is reached, relative to a tumor without amplification."""

    @property
    def growth(self) -> float:
        """Untreated net growth."""
        return self.birth - self.death


def fates_in_culture(doubling_days: float | None = None) -> Fates:
    """Rates of a cell line.

    Args:
        doubling_days: Untreated doubling time, days; the catalog's if absent.
    """
    doubling = value("culture.doubling_time", "day") if doubling_days is None else doubling_days
    death = value("culture.death_rate", "1/day")
    birth = _LN2 / doubling + death
    faster = birth / value("growth.birth_rate", "1/day")
    return Fates(birth, death, faster * value("death.signal_rate", "1/day"), faster)


@dataclass(frozen=True)
class TreatedLanes:
    """Lanes with the effects of their drugs; `nodes` etc. in the shapes are counts."""

    network: Compiled
    lanes: Lanes
    node_effect: Floats
    """(nodes, lanes)"""
    expression_factor: Floats
    """(nodes, lanes) what degraders leave."""
    term_weight: Floats
    """(terms, lanes) after blockers."""
    kill: Array
    """(killing actions, lanes) rate at the patient's division rate, 1/day."""
    antigen: Ints
    """(killing actions,) node whose expression the action needs, or -1."""
    reference: Floats
    """(2, lanes) untreated proliferation and survival drive of the lane's cell line."""


@dataclass(frozen=True)
class Culture:
    """Cell lines and drugs, compiled once for any number of treatments."""

    network: Compiled
    fates: Fates
    actions: CompiledActions
    action_drug: Ints
    """(actions,) index of the drug."""
    action: tuple[DrugAction, ...]
    lanes: Lanes
    """One lane for each cell line."""

    def treated(self, treatments: Treatments) -> TreatedLanes:
        """Lay treatments out as lanes and apply their drugs."""
        lanes = Lanes(
            **{
                name: np.ascontiguousarray(rows[:, treatments.line])
                for name, rows in vars(self.lanes).items()
            }
        )
        effect = self._effects(treatments)
        factor, node_effect, weight = (
            np.empty_like(lanes.floor),
            np.empty_like(lanes.floor),
            np.empty_like(lanes.term_weight),
        )
        given = (self.actions, effect, lanes.access, np.ones_like(lanes.floor), lanes.term_weight)
        apply_effects_by_lane(*given, factor, node_effect, weight)
        killing = [a for a, action in enumerate(self.action) if action.kind in KILLING - NEEDS_HOST]
        arrays, nodes = self.network.arrays, self.network.index.nodes
        return TreatedLanes(
            network=self.network,
            lanes=lanes,
            node_effect=node_effect,
            expression_factor=factor,
            term_weight=weight,
            kill=(effect * lanes.access)[killing],
            antigen=np.array([_antigen(self.action[a], nodes) for a in killing], np.int64),
            reference=lanes.rest_activity[[arrays.proliferation, arrays.survival]],
        )

    def _effects(self, treatments: Treatments) -> Array:
        """(actions, lanes) effects, or kill rates, at the concentrations in the medium."""
        rows = np.arange(treatments.line.size)
        medium = np.zeros((int(self.action_drug.max(initial=-1)) + 1, rows.size))
        for drug, concentration in zip(treatments.drug.T, treatments.concentration.T, strict=True):
            np.add.at(medium, (drug, rows), concentration)
        effect = np.empty((len(self.action), rows.size))
        for a, (drug, action) in enumerate(zip(self.action_drug, self.action, strict=True)):
            maximum = action.maximum.to("1/day" if action.kind in KILLING else "1")
            effect[a] = hill_effect(medium[drug], action.potency.to("nmol/L"), action.hill.value, maximum)
        return effect


def culture_of(
    lines: Sequence[CellLine], drugs: Sequence[Drug], fates: Fates, network: Compiled | None = None
) -> Culture:
    """Compile cell lines and drugs.

    Args:
        lines: The cell lines.
        drugs: The drugs, in the order of the indices in `Treatments`.
        fates: Rates of the cells.
        network: A compiled network; `breast` if absent.

    Raises:
        KnowledgeError: if an alteration, node, ligand or trait is unknown, or a drug acts on what the network lacks.
    """
    net = network or compiled()
    given = [(index, drug, action) for index, drug in enumerate(drugs) for action in drug.actions]
    actions = [Action(action.kind, action.target, drug.name, drug.drug_class) for _, drug, action in given]
    ids = sorted({name for line in lines for name in line.alterations})
    masks = np.array(
        [sum(1 << ids.index(name) for name in set(line.alterations)) for line in lines], np.int64
    )
    lanes = build_lanes(
        net,
        compile_alterations(net, pick(ids), actions),
        masks,
        masks,
        _columns([_expression(net, line) for line in lines]),
        _columns([gains_with_traits(net, dict(line.traits)) for line in lines]),
    )
    drug_of = np.array([index for index, _, _ in given], np.int64)
    return Culture(
        net, fates, compile_actions(net, actions), drug_of, tuple(action for *_, action in given), lanes
    )


def _expression(network: Compiled, line: CellLine) -> Floats:
    expression = expression_with_ligands(network, line.context, dict(line.ligands))
    for name, factor in line.expression:
        expression[list(network.index.pool(name))] *= factor
    return expression


def _antigen(action: DrugAction, nodes: dict[str, int]) -> int:
    return nodes.get(action.target, -1) if action.kind == "payload" else -1


def _columns(rows: Sequence[Floats]) -> Floats:
    return np.ascontiguousarray(np.stack(rows, axis=1))
