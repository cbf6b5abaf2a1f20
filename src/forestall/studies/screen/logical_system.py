"""The screened model of a logical network: drugs hold nodes, and cells grow by the nodes that stand for growth and death.

A drug at a share of its full dose holds its targets in that share of the cells, independently of other drugs. So the network is run
once for every set of drugs that hold their targets together, under the same random numbers, and every dose is a mixture of these runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from forestall.biology.culture import Fates, Treatments, fates_in_culture
from forestall.errors import InputError
from forestall.interop.logical.model import LogicalModel, fixed_start
from forestall.studies.logical_plan import Perturbation, Plan
from forestall.studies.logical_screen import screen_network
from forestall.studies.screen.model_drugs import ModelDrug, drug_from_text, genotype_from_text, share_table
from forestall.studies.screen.system import Array, Panel, named

MOVED = 0.05
"""A node is named if at least this share of cells turns it on or off."""


@dataclass(frozen=True)
class LogicalSystem:
    """A logical network under drugs."""

    panel: Panel
    model: LogicalModel
    drugs: tuple[ModelDrug, ...]
    genotypes: tuple[tuple[Perturbation, ...], ...]
    growth: tuple[str, ...]
    """Nodes whose mean probability is the drive to divide; always on if empty."""
    death: tuple[str, ...]
    """Nodes whose mean probability is the drive to die; always off if empty."""
    plan: Plan
    days: float
    fates: Fates
    measure: Literal["cells", "output"] = "cells"

    @cached_property
    def _sets(self) -> dict[frozenset[int], int]:
        """Every set of at most `order` drugs, and its row in the tables."""
        count = range(len(self.drugs))
        sets = [
            frozenset(each) for k in range(self.panel.order + 1) for each in itertools.combinations(count, k)
        ]
        return {each: row for row, each in enumerate(sets)}

    @cached_property
    def _probability(self) -> Array:
        """(genotypes, sets, nodes) probability of each node if the drugs of a set hold their targets in all cells."""
        return np.stack([self._run(genotype) for genotype in self.genotypes])

    def _run(self, genotype: tuple[Perturbation, ...]) -> Array:
        held = [self._held(drugs) for drugs in self._sets]
        screen = screen_network(_mutated(self.model, genotype), self.plan, held, self.model.names)
        return screen.probability

    def _held(self, drugs: frozenset[int]) -> tuple[Perturbation, ...]:
        """What drugs hold, mutated targets too."""
        held: dict[str, float] = {}
        for drug in sorted(drugs):
            for node, value in self.drugs[drug].targets:
                if held.setdefault(node, value) != value:
                    raise InputError("two drugs hold a node at different values", field="drugs", value=node)
        return tuple(Perturbation(node, int(value)) for node, value in held.items())

    def log_response(self, treatments: Treatments) -> Array:
        """(n,) natural logarithm of cells at the end over cells at the start.

        Raises:
            InputError: if the untreated network does not grow, or always dies.
        """
        growth, death = (self._mixed(treatments, self._mean(nodes)) for nodes in (self.growth, self.death))
        rest = self._untreated()[:, treatments.line]
        drive = growth / rest[0] if self.growth else np.ones_like(growth)
        lost = np.maximum(0.0, 1.0 - (1.0 - death) / (1.0 - rest[1])) if self.death else np.zeros_like(death)
        rate = self.fates.birth * drive - self.fates.death - self.fates.signal_death * lost
        return np.asarray(self.days * rate)

    def _untreated(self) -> Array:
        """(2, genotypes) mean probability of the nodes for growth and death without drugs."""
        rest = np.stack([self._mean(nodes)[:, 0] for nodes in (self.growth, self.death)])
        for line, (growth, death) in zip(self.panel.lines, rest.T, strict=True):
            if self.growth and growth <= 0:
                raise InputError(
                    "the untreated network does not grow",
                    field="--growth",
                    value=f"{line}: {', '.join(self.growth)} is always off",
                )
            if death >= 1:
                raise InputError(
                    "the untreated network always dies",
                    field="--death",
                    value=f"{line}: {', '.join(self.death)} is always on",
                )
        return rest

    def _mean(self, nodes: Sequence[str]) -> Array:
        """(genotypes, sets)."""
        if not nodes:
            return np.zeros(self._probability.shape[:2])
        return np.asarray(
            self._probability[:, :, [self.model.number_of[node] for node in nodes]].mean(axis=2)
        )

    def _mixed(self, treatments: Treatments, table: Array) -> Array:
        """(n,) values of a (genotypes, sets) table, mixed over who is hit by which drug."""
        total = np.zeros(treatments.line.size)
        for hit in itertools.product((False, True), repeat=treatments.drug.shape[1]):
            share = np.where(hit, treatments.concentration, 1.0 - treatments.concentration).prod(axis=1)
            rows = [self._sets[frozenset(drugs)] for drugs in treatments.drug[:, list(hit)].tolist()]
            total += share * table[treatments.line, rows]
        return total

    def explain(self, base: Treatments, added: Treatments) -> list[str]:
        """The node that the added drug moves most, one that the base drugs turned on before all others."""
        return list(self._sentences(base, added))

    def _sentences(self, base: Treatments, added: Treatments) -> Iterator[str]:
        names = np.array(self.model.names)
        outputs = [self.model.number_of[node] for node in (*self.growth, *self.death)]
        for line, kept, new in zip(base.line, base.drug.tolist(), added.drug[:, 0].tolist(), strict=True):
            rows = [self._sets[each] for each in (frozenset(), frozenset(kept), frozenset([*kept, new]))]
            rest, under, whole = self._probability[line, rows]
            change = np.abs(under - whole)
            touched = {name for drug in (*kept, new) for name, _ in self.drugs[drug].targets}
            change[outputs] = 0.0
            change[np.isin(names, list(touched))] = 0.0
            rebound = np.where((under - rest > MOVED) & (under - whole > MOVED), change, 0.0)
            node = int((rebound if rebound.any() else change).argmax())
            yield _sentence(
                named(self.panel, kept),
                self.panel.drugs[new],
                names[node],
                rest[node],
                under[node],
                whole[node],
            )

    def _random_nodes(self) -> int:
        fixed = sum(len(start.nodes) for start in self.model.starts if len(start.outcomes) == 1)
        return len(self.model.nodes) - fixed

    def notes(self) -> tuple[str, ...]:
        """Where cells start, which decides in networks that have several attractors; and what the reader of the file noted."""
        drawn = self._random_nodes()
        if not drawn:
            return self.model.notes
        where = f"{drawn} of {len(self.model.nodes)} nodes start on or off at random; --initial says where"
        return (where, *self.model.notes)

    def about(self) -> dict[str, object]:
        """Settings that results rest on."""
        return {
            "drugs": [{"name": drug.name, "targets": dict(drug.targets)} for drug in self.drugs],
            "growth": list(self.growth),
            "death": list(self.death),
            "engine": self.plan.engine,
            "time": self.plan.time,
            "drugs_from": self.plan.perturb_from,
            "nodes_that_start_at_random": self._random_nodes(),
            "trajectories": self.plan.trajectories,
            "seed": self.plan.seed,
            "days": self.days,
            "rates_per_day": vars(self.fates),
        }


def _mutated(model: LogicalModel, genotype: Sequence[Perturbation]) -> LogicalModel:
    """The network of cells that were born with their mutations: these nodes never change."""
    values = {one.node: one.value for one in genotype}
    nodes = tuple(
        replace(node, rule=None, rate_up=None, rate_down=None) if node.name in values else node
        for node in model.nodes
    )
    starts = [fixed_start(name, value) for name, value in values.items()]
    return replace(model, nodes=nodes).starting(starts)


def _sentence(base: str, added: str, node: str, rest: float, under: float, whole: float) -> str:
    if abs(under - whole) < MOVED:
        return f"{added} changes no node by as much as {MOVED:.0%} of the cells that {base} leaves otherwise."
    rose = f"turns {node} on in {under:.0%} of the cells (untreated {rest:.0%})"
    left = f"leaves {node} on in {under:.0%} of the cells (untreated {rest:.0%})"
    return f"{base} {rose if under - rest > MOVED else left}; {added} takes it to {whole:.0%}, of all nodes the largest such change."


def logical_system(
    model: LogicalModel,
    drugs: Sequence[str],
    doses: Sequence[str] | None,
    genotypes: Sequence[str],
    order: int,
    growth: Sequence[str],
    death: Sequence[str],
    plan: Plan,
    days: float,
    doubling_days: float | None = None,
) -> LogicalSystem:
    """The model that the options of the command line describe.

    Args:
        model: The network, with its initial states.
        drugs: "[LABEL:]NODE[=0|1]", held at 0 unless it says otherwise.
        doses: Shares of the cells.
        genotypes: "NODE=0" or "NODE=1", or "wild type".
        order: Most drugs at once.
        growth: Nodes that stand for growth.
        death: Nodes that stand for death.
        plan: Engine, time, trajectories, seed; drugs act from its `perturb_from`, mutations from the start.
        days: Length of the assay.
        doubling_days: Untreated doubling time; the catalog's if absent.

    Raises:
        InputError: naming what is unknown or out of range.
    """
    parsed = tuple(_with_names(drug_from_text(text), model) for text in drugs)
    held = [_named(genotype_from_text(text), model, "genotypes") for text in genotypes]
    if not (growth or death):
        raise InputError(
            "a logical model needs --growth or --death", fix="name the nodes that stand for them"
        )
    growing, dying = (
        tuple(model.name_of(node, field=option) for node in nodes)
        for option, nodes in (("--growth", growth), ("--death", death))
    )
    panel = Panel(
        tuple(genotypes), tuple(drug.name for drug in parsed), share_table(parsed, doses), "share", order
    )
    lines = tuple(tuple(Perturbation(node, int(value)) for node, value in genotype) for genotype in held)
    return LogicalSystem(
        panel, model, parsed, lines, growing, dying, plan, days, fates_in_culture(doubling_days)
    )


def _with_names(drug: ModelDrug, model: LogicalModel) -> ModelDrug:
    return replace(drug, targets=_named(drug.targets, model, "drugs"))


def _named(
    targets: Sequence[tuple[str, float]], model: LogicalModel, field: str
) -> tuple[tuple[str, float], ...]:
    """Targets with the names of their nodes, which the user may have given by label."""
    for node, value in targets:
        if value not in (0.0, 1.0):
            raise InputError("a node is held at 0 or at 1", field=field, value=f"{node}={value:g}")
    return tuple((model.name_of(node, field=field), value) for node, value in targets)
