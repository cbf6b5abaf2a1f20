"""The screened model of a logical network: drugs hold nodes, and cells grow by the nodes that stand for growth and death.

A drug at a share of its full dose holds its targets in that share of the cells, independently of other drugs. So the network is run
once for every set of drugs that hold their targets together, under the same random numbers, and every dose is a mixture of these runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from forestall.biology.culture import Fates, Treatments, fates_in_culture
from forestall.errors import InputError
from forestall.interop.logical.files import load_network
from forestall.interop.logical.model import LogicalModel
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
        held = [self._held(drugs, genotype) for drugs in self._sets]
        screen = screen_network(self.model, self.plan, held, self.model.names)
        return screen.probability

    def _held(self, drugs: frozenset[int], genotype: Sequence[Perturbation]) -> tuple[Perturbation, ...]:
        """What drugs and genotype hold; a drug acts on a mutated target, too."""
        held = {one.node: one for one in genotype}
        by_drugs: dict[str, float] = {}
        for drug in sorted(drugs):
            for node, value in self.drugs[drug].targets:
                if by_drugs.setdefault(node, value) != value:
                    raise InputError("two drugs hold a node at different values", field="drugs", value=node)
                held[node] = Perturbation(node, int(value))
        return tuple(held.values())

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

    def about(self) -> dict[str, object]:
        """Settings that results rest on."""
        return {
            "drugs": [{"name": drug.name, "targets": dict(drug.targets)} for drug in self.drugs],
            "growth": list(self.growth),
            "death": list(self.death),
            "engine": self.plan.engine,
            "time": self.plan.time,
            "trajectories": self.plan.trajectories,
            "seed": self.plan.seed,
            "days": self.days,
            "rates_per_day": vars(self.fates),
        }


def _sentence(base: str, added: str, node: str, rest: float, under: float, whole: float) -> str:
    if abs(under - whole) < MOVED:
        return f"{added} changes no node by as much as {MOVED:.0%} of the cells that {base} leaves otherwise."
    rose = f"turns {node} on in {under:.0%} of the cells (untreated {rest:.0%})"
    left = f"leaves {node} on in {under:.0%} of the cells (untreated {rest:.0%})"
    return f"{base} {rose if under - rest > MOVED else left}; {added} takes it to {whole:.0%}, of all nodes the largest such change."


def logical_system(
    path: Path,
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
        path: A logical model: .bnet, booleannet, .bnd or SBML-qual.
        drugs: "[LABEL:]NODE[=0|1]", held at 0 unless it says otherwise.
        doses: Shares of the cells.
        genotypes: "NODE=0" or "NODE=1", or "wild type".
        order: Most drugs at once.
        growth: Nodes that stand for growth.
        death: Nodes that stand for death.
        plan: Engine, time, trajectories, seed.
        days: Length of the assay.
        doubling_days: Untreated doubling time; the catalog's if absent.

    Raises:
        InputError: naming what is unknown or out of range.
    """
    model = load_network(path)
    parsed = tuple(drug_from_text(text) for text in drugs)
    for drug in parsed:
        _check(model, drug.targets, "drugs")
    held = [genotype_from_text(text) for text in genotypes]
    for genotype in held:
        _check(model, genotype, "genotypes")
    if not (growth or death):
        raise InputError(
            "a logical model needs --growth or --death", fix="name the nodes that stand for them"
        )
    for option, nodes in (("--growth", growth), ("--death", death)):
        for node in nodes:
            model.find(node, field=option)
    panel = Panel(
        tuple(genotypes), tuple(drug.name for drug in parsed), share_table(parsed, doses), "share", order
    )
    lines = tuple(tuple(Perturbation(node, int(value)) for node, value in genotype) for genotype in held)
    return LogicalSystem(
        panel, model, parsed, lines, tuple(growth), tuple(death), plan, days, fates_in_culture(doubling_days)
    )


def _check(model: LogicalModel, targets: Sequence[tuple[str, float]], field: str) -> None:
    for node, value in targets:
        model.find(node, field=field)
        if value not in (0.0, 1.0):
            raise InputError("a node is held at 0 or at 1", field=field, value=f"{node}={value:g}")
