"""The layout of SBML models in which every activity of every lane is an assignment rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import BIRTH, DEATH, ENTER, LEAVE, CourseModel, PatientRates
from forestall.interop.sbml_document import CELLS, NUMBER, PER_DAY, SbmlDocument
from forestall.interop.sbml_equations import Equations
from forestall.interop.sbml_lesions import Lesion, lanes_of
from forestall.interop.sbml_waning import waned


def write_by_rules(
    document: SbmlDocument, model: CourseModel, p: PatientRates, nodes: Sequence[str], lesions: list[Lesion]
) -> None:
    """Write every lane and lesion.

    Args:
        document: Receives them.
        model: What the arm shares.
        p: The patient.
        nodes: Names of the network's nodes.
        lesions: The patient's lesions.
    """
    for lane in lanes_of(lesions):
        _write_lane(document, Equations(model, p, nodes, _Literal(lane)), lane)
    for lesion in lesions:
        _write_lesion(document, lesion)


@dataclass(frozen=True)
class _Literal:
    """Every number is written out."""

    lane: int

    def number(self, table: NDArray[np.float64], row: int, name: str) -> float | str:
        return float(table[row, self.lane])


def in_lane(formula: str, lane: int, genotypes: int) -> str:
    """The formula with the symbols of one lane."""
    formula = re.sub(r"\b((?:activity|slow)_\w+)", rf"\1_{lane}", formula)
    return re.sub(r"\b(effect\d+)", rf"\1_x{lane // genotypes}", formula)


def _write_lane(document: SbmlDocument, equations: Equations, lane: int) -> None:
    model, p = equations.model, equations.p

    def here(formula: str) -> str:
        return in_lane(formula, lane, p.genotypes)

    for node, name in enumerate(equations.nodes):
        document.assignment(here(f"activity_{name}"), here(equations.activity(node)), NUMBER)
    for q in range(model.network.slow_node.size):
        slow, tau = here(equations.slow(q)), float(model.network.slow_tau_days[q])
        target = here(equations.target(q))
        document.state(slow, float(p.slow[q, lane]), f"({target} - {slow}) / {tau!r}", NUMBER)
    _write_rates(document, equations, lane)


def _write_rates(document: SbmlDocument, equations: Equations, lane: int) -> None:
    model, p = equations.model, equations.p
    growing, living = (
        equations.nodes[node] for node in (model.network.proliferation, model.network.survival)
    )
    drive, death, idle = f"drive_{lane}", f"death_{lane}", f"idle_{lane}"
    document.assignment(drive, f"activity_{growing}_{lane} / {float(p.proliferation)!r}", NUMBER)
    document.assignment(idle, f"positive(1 - {drive})", NUMBER)
    lost = f"positive(1 - activity_{living}_{lane} / {float(p.survival)!r})"
    cytotoxic = in_lane(equations.kill(immune=False), lane, p.genotypes)
    immune = in_lane(equations.kill(immune=True), lane, p.genotypes)
    turned, cycle = float(p.death * model.turnover), float(model.cycle_killing)
    deaths = (
        repr(float(p.death) - turned),
        f"{turned * float(p.lanes.fitness[lane])!r} * {drive}",
        f"{float(p.signal_death)!r} * {lost}",
        f"{float(p.sensitivity)!r} * ({1.0 - cycle!r} + {cycle!r} * {drive}) * ({cytotoxic})",
        f"{float(p.effectors)!r} * ({immune})",
    )
    formulas = {
        death: (DEATH, " + ".join(deaths)),
        f"birth_{lane}": (BIRTH, f"{float(p.birth * p.lanes.fitness[lane])!r} * {drive}"),
        f"enter_{lane}": (ENTER, f"{float(p.enter)!r} * {idle}"),
        f"leave_{lane}": (LEAVE, f"{float(model.leave)!r} * (1 - {idle})"),
    }
    for name, (row, formula) in formulas.items():
        document.assignment(name, waned(p, formula, float(p.rest[row, lane])), PER_DAY)
    document.assignment(f"tolerant_death_{lane}", f"{float(p.spared)!r} * {death}", PER_DAY)


def _write_lesion(document: SbmlDocument, lesion: Lesion) -> None:
    lesion.write_totals(document)
    for g in lesion.genotypes:
        lane, cycling, tolerant = lesion.lane(g), lesion.cycling(g), lesion.tolerant(g)
        kept = 1.0 - float(lesion.loss[g])
        grow = f"birth_{lane} * {lesion.room} * {kept!r} - death_{lane} - enter_{lane}"
        arriving = "".join(
            f" + {probability!r} * birth_{lesion.lane(parent)} * {lesion.room} * {lesion.cycling(parent)}"
            for parent, child, probability in lesion.edges
            if child == g
        )
        change = f"({grow}) * {cycling} + leave_{lane} * {tolerant}{arriving}"
        document.state(cycling, float(lesion.cells[0, g]), change, CELLS)
        change = f"enter_{lane} * {cycling} - (tolerant_death_{lane} + leave_{lane}) * {tolerant}"
        document.state(tolerant, float(lesion.cells[1, g]), change, CELLS)
