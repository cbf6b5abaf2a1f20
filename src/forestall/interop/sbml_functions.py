"""The layout of SBML models in which the network is a chain of functions.

libRoadRunner (2.9 and 2.10) replaces an assignment rule by its formula wherever it is read. Written as rules, the drive to
proliferate of one cell would hold the breast network more than a thousand times. Arguments of functions, though, are evaluated once.
So each activity becomes an argument of the next function of a chain, which ends in what is asked for:

    f_0(s) = f_1(s, a_0(s)),    f_1(s, a_0) = f_2(s, a_0, a_1(s, a_0)),    ...

Each lane calls the chains with its own states and with the numbers in which its genotype differs. Its drives are rates of reactions,
which are evaluated once, and change each clone by a stoichiometry that depends on the clone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import CourseModel, PatientRates
from forestall.interop.sbml_document import NUMBER, SbmlDocument
from forestall.interop.sbml_equations import FUNCTIONS, Equations, Numbers
from forestall.interop.sbml_lesions import Lesion, lanes_of
from forestall.interop.sbml_rules import in_lane
from forestall.interop.sbml_waning import resting, treated

_ALWAYS = "always"
"""The reaction that runs once per day, for what no drive modulates."""


def write_by_functions(
    document: SbmlDocument, model: CourseModel, p: PatientRates, nodes: Sequence[str], lesions: list[Lesion]
) -> None:
    """Write every lane and lesion; the arguments are those of `sbml_rules.write_by_rules`."""
    lanes = lanes_of(lesions)
    numbers = _Shared(lanes)
    equations = Equations(model, p, nodes, numbers)
    calls = Calls(document, equations, numbers)
    _write_slow(document, equations, calls, lanes)
    for lesion in lesions:
        lesion.write_totals(document)
        for g in lesion.genotypes:
            document.species(lesion.cycling(g), float(lesion.cells[0, g]))
            document.species(lesion.tolerant(g), float(lesion.cells[1, g]))
    gains: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for lesion in lesions:
        _collect_gains(gains, equations, numbers, lesion)
    growing, living = int(model.network.proliferation), int(model.network.survival)
    laws = {_ALWAYS: "1"}
    for lane in lanes:
        drive = f"{calls.activity(growing, lane)} / {float(p.proliferation)!r}"
        laws[f"drive_{lane}"] = drive
        laws[f"idle_{lane}"] = f"positive(1 - {drive})"
        laws[f"lost_{lane}"] = f"positive(1 - {calls.activity(living, lane)} / {float(p.survival)!r})"
    for name, law in laws.items():
        document.reaction(name, law, {species: " + ".join(terms) for species, terms in gains[name].items()})


@dataclass(frozen=True)
class _Shared:
    """A number that is the same in every lane is written out; one that is not becomes an argument."""

    lanes: Sequence[int]
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Those that differ, by symbol: (lanes,)."""

    def number(self, table: NDArray[np.float64], row: int, name: str) -> float | str:
        values = table[row]
        if (values[list(self.lanes)] == values[self.lanes[0]]).all():
            return float(values[self.lanes[0]])
        self.values[name] = values
        return name

    def in_lane(self, formula: str, lane: int, genotypes: int) -> str:
        """The formula with the symbols and numbers of one lane."""
        for symbol in _symbols(formula):
            if symbol in self.values:
                formula = re.sub(rf"\b{symbol}\b", repr(float(self.values[symbol][lane])), formula)
        return in_lane(formula, lane, genotypes)


class LaneNumbers(Numbers, Protocol):
    """Numbers, and how a formula is written in a lane."""

    def in_lane(self, formula: str, lane: int, genotypes: int) -> str:
        """The formula with the symbols and numbers of one lane."""
        ...


@dataclass(frozen=True)
class Calls:
    """Calls of chains, which are written when they are first needed."""

    document: SbmlDocument
    equations: Equations
    numbers: LaneNumbers
    chains: dict[str, list[str]] = field(default_factory=dict)
    """Arguments of each chain."""

    def activity(self, node: int, lane: int) -> str:
        """The activity of a node in a lane."""
        name = self.equations.nodes[node]
        return self._call(name, f"activity_{name}", {node}, lane)

    def target(self, q: int, lane: int) -> str:
        """Where a slow expression is heading in a lane."""
        equations = self.equations
        return self._call(f"target_of_{equations.slow(q)}", equations.target(q), equations.drivers(q), lane)

    def _call(self, name: str, result: str, nodes: set[int], lane: int) -> str:
        if name not in self.chains:
            self.chains[name] = self._write_chain(name, result, nodes)
        arguments = ", ".join(self.chains[name])
        return self.numbers.in_lane(f"{name}_0({arguments})", lane, self.equations.p.genotypes)

    def _write_chain(self, name: str, result: str, nodes: set[int]) -> list[str]:
        """Write the functions of a chain, the last first; returns the arguments of its first."""
        needed = set(nodes)
        while more := {source for node in needed for source in self.equations.sources(node)} - needed:
            needed |= more
        order = sorted(needed)
        arguments = sorted(_symbols(result))
        self.document.function(f"{name}_{len(order)}", arguments, result)
        for k in range(len(order) - 1, -1, -1):
            activity, formula = (
                f"activity_{self.equations.nodes[order[k]]}",
                self.equations.activity(order[k]),
            )
            passed = ", ".join(formula if symbol == activity else symbol for symbol in arguments)
            arguments = sorted((set(arguments) - {activity}) | _symbols(formula))
            self.document.function(f"{name}_{k}", arguments, f"{name}_{k + 1}({passed})")
        return arguments


def _symbols(formula: str) -> set[str]:
    """The symbols of a formula that are not functions."""
    return set(re.findall(r"\b[A-Za-z_]\w*\b(?!\()", formula)) - set(FUNCTIONS)


def _write_slow(document: SbmlDocument, equations: Equations, calls: Calls, lanes: Sequence[int]) -> None:
    model, p = equations.model, equations.p
    for lane in lanes:
        for q in range(model.network.slow_node.size):
            slow, tau = in_lane(equations.slow(q), lane, p.genotypes), float(model.network.slow_tau_days[q])
            change = f"({calls.target(q, lane)} - {slow}) / {tau!r}"
            document.state(slow, float(p.slow[q, lane]), change, NUMBER)


def _collect_gains(
    gains: dict[str, dict[str, list[str]]], equations: Equations, numbers: _Shared, lesion: Lesion
) -> None:
    """For each reaction, what it adds to each clone of a lesion, as terms of a sum."""
    model, p = equations.model, equations.p
    enter, leave, spared = float(p.enter), float(model.leave), float(p.spared)
    loss = float(p.signal_death)
    for g in lesion.genotypes:
        lane, cycling, tolerant = lesion.lane(g), lesion.cycling(g), lesion.tolerant(g)
        fitness = float(p.lanes.fitness[lane])
        birth, kept = float(p.birth) * fitness, 1.0 - float(lesion.loss[g])
        kill = numbers.in_lane(equations.kill(immune=False), lane, p.genotypes)
        turned = float(p.death * model.turnover)
        in_cycle = float(p.sensitivity) * float(model.cycle_killing)
        immune = numbers.in_lane(equations.kill(immune=True), lane, p.genotypes)
        killed = f"{float(p.sensitivity) - in_cycle!r} * ({kill}) + {float(p.effectors)!r} * ({immune})"
        steady = f"({float(p.death) - turned!r} + {treated(p, killed)})"
        grown = f"{birth * kept!r} * {lesion.room}"
        cytotoxic = f"({turned * fitness!r} + {in_cycle!r} * ({kill}))"
        drive, idle, lost = (gains[f"{name}_{lane}"] for name in ("drive", "idle", "lost"))
        drive[cycling].append(f"{treated(p, f'{grown} - {cytotoxic}')} * {cycling}")
        drive[tolerant].append(f"-{spared!r} * {treated(p, cytotoxic)} * {tolerant}")
        switched = treated(p, f"{enter!r} * {cycling} + {leave!r} * {tolerant}")
        idle[cycling].append(f"-{switched}")
        idle[tolerant].append(switched)
        lost[cycling].append(f"-{treated(p, repr(loss))} * {cycling}")
        lost[tolerant].append(f"-{spared!r} * {treated(p, repr(loss))} * {tolerant}")
        gains[_ALWAYS][cycling].append(f"{leave!r} * {tolerant} - {steady} * {cycling}")
        gains[_ALWAYS][tolerant].append(f"-({spared!r} * {steady} + {leave!r}) * {tolerant}")
        arriving = {
            lesion.cycling(child): f"{probability * birth!r} * {lesion.room} * {cycling}"
            for parent, child, probability in lesion.edges
            if parent == g
        }
        for child, arrived in arriving.items():
            drive[child].append(treated(p, arrived))
        if p.waning > 0.0:
            _collect_at_rest(gains[_ALWAYS], p, lesion, g, grown, turned * fitness, leave, arriving)


def _collect_at_rest(
    always: dict[str, list[str]],
    p: PatientRates,
    lesion: Lesion,
    g: int,
    grown: str,
    turned: float,
    leave: float,
    arriving: dict[str, str],
) -> None:
    """What the drives add to each clone without treatment, as far as the effect has waned."""
    lane, cycling, tolerant = lesion.lane(g), lesion.cycling(g), lesion.tolerant(g)
    drive, lost = float(p.drive[0, lane]), float(p.drive[1, lane])
    idle, dying = max(0.0, 1.0 - drive), turned * drive + float(p.signal_death) * lost
    switched = resting(f"{float(p.enter) * idle!r} * {cycling} + {leave * idle!r} * {tolerant}")
    always[cycling].append(f"{resting(f'{drive!r} * {grown} - {dying!r}')} * {cycling} - {switched}")
    always[tolerant].append(f"{switched} - {float(p.spared)!r} * {resting(repr(dying))} * {tolerant}")
    for child, arrived in arriving.items():
        always[child].append(resting(f"{drive!r} * {arrived}"))
