"""One patient's deterministic course as an SBML model, for any simulator that reads SBML.

The equations are those of `forestall.clinic.reference`: exponential terms of every drug, effects at the instantaneous
concentration, the network's activities, slow expression, and the clones of each lesion. One *lane* is a genotype in an exposure
class; only lanes that can hold cells are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.rates import ADCC, PAYLOAD, SIGNALING, CourseModel, PatientRates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.biology.signaling.actions import BLOCK, DEGRADE, INHIBIT
from forestall.biology.signaling.compile import HillArrays
from forestall.clinic.reference import dose_events
from forestall.errors import ForestallError
from forestall.interop.sbml_document import CELLS, CONCENTRATION, NUMBER, PER_DAY, SbmlDocument
from forestall.interop.sbml_doses import Train, at_once, infusion_rates, trains, write_trains

Array = NDArray[np.float64]

_PHASE = 0


def cycling_id(lesion: int, genotype: int) -> str:
    """Identifier of a clone's cycling cells."""
    return f"cycling_l{lesion}_g{genotype}"


def tolerant_id(lesion: int, genotype: int) -> str:
    """Identifier of a clone's tolerant cells."""
    return f"tolerant_l{lesion}_g{genotype}"


def total_id(lesion: int) -> str:
    """Identifier of all cells of a lesion."""
    return f"cells_l{lesion}"


def course_sbml(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    cells: Array,
    days: int,
    *,
    drugs: Sequence[str] = (),
    nodes: Sequence[str] = (),
) -> str:
    """The deterministic course of one patient under the first phase of an arm, as SBML level 3.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        cells: (L, 2, G) cells at day 0.
        days: Doses are written up to this day.
        drugs: Names of the arm's drugs, for readable identifiers.
        nodes: Names of the network's nodes, likewise.

    Returns:
        The document. Time is in days; `cells_l0` etc. are the cells of each lesion.

    Raises:
        ForestallError: if python-libsbml is missing, or the network has fast cycles, which SBML cannot express as assignments.
    """
    if model.network.component_cyclic.any():
        raise ForestallError("a network with fast cycles cannot be written as SBML")
    p, _ = prepare_patient(i, model, schedule, cohort, shared)
    writer = _CourseWriter(
        SbmlDocument("course of one virtual patient", "Written by Forestall. For research use only."),
        model,
        p,
        trains(dose_events(schedule, p, _PHASE, days)),
        _names("drug", drugs, p.elimination.shape[0]),
        _names("node", nodes, model.network.basal.size),
    )
    writer.write_exposure()
    lesions = _lesions(i, cohort, cells)
    for lane in sorted({lane for lesion in lesions for lane in lesion.lanes}):
        writer.write_lane(lane)
    for lesion in lesions:
        writer.write_lesion(lesion)
    return writer.document.text()


def _names(kind: str, given: Sequence[str], count: int) -> list[str]:
    if not given:
        return [f"{kind}{k}" for k in range(count)]
    return ["".join(c if c.isascii() and c.isalnum() else "_" for c in name) for name in given]


@dataclass(frozen=True)
class _Lesion:
    number: int
    exposure: int
    capacity: float
    cells: Array
    """(2, G)"""
    loss: Array
    """(G,)"""
    edges: list[tuple[int, int, float]]
    """(parent, child, probability) between genotypes that can hold cells."""
    genotypes: list[int]

    @property
    def lanes(self) -> list[int]:
        return [self.exposure * self.cells.shape[1] + g for g in self.genotypes]


def _lesions(i: int, cohort: CohortArrays, cells: Array) -> list[_Lesion]:
    table = cohort.table[i]
    edges = [
        (int(parent), int(child), float(probability))
        for (parent, child), probability in zip(cohort.edges[table], cohort.probability[table], strict=True)
        if probability > 0
    ]
    lesions = []
    for number, exposure in enumerate(cohort.site_class[i]):
        if exposure < 0:
            continue
        used = set(np.flatnonzero(cells[number].any(axis=0)).tolist())
        while reached := {child for parent, child, _ in edges if parent in used} - used:
            used |= reached
        within = [edge for edge in edges if edge[0] in used]
        capacity = float(cohort.capacity[i])
        lesions.append(
            _Lesion(number, int(exposure), capacity, cells[number], cohort.loss[table], within, sorted(used))
        )
    return lesions


@dataclass(frozen=True)
class _CourseWriter:
    """Writes the equations of one patient; a lane's quantities end in the number of the lane."""

    document: SbmlDocument
    model: CourseModel
    p: PatientRates
    trains: list[Train]
    drugs: list[str]
    nodes: list[str]

    def write_exposure(self) -> None:
        """Concentrations, effects in every exposure class, and doses."""
        infused = infusion_rates(self.trains)
        scale: dict[int, dict[str, float]] = {}
        for d, drug in enumerate(self.drugs):
            terms = [k for k in range(self.p.scale.shape[1]) if self.p.scale[d, k] != 0]
            scale[d] = {f"{drug}_{k}": float(self.p.scale[d, k]) for k in terms}
            for k, (state, per_mg) in zip(terms, scale[d].items(), strict=True):
                inflow = f" + {per_mg!r} * ({infused[d]})" if d in infused else ""
                start = float(self.p.concentration[d, k]) + at_once(self.trains, d) * per_mg
                fall = float(self.p.elimination[d, k])
                self.document.state(state, start, f"-{fall!r} * {state}{inflow}", CONCENTRATION)
            self.document.assignment(f"plasma_{drug}", _positive(" + ".join(scale[d]) or "0"), CONCENTRATION)
        write_trains(self.document, self.trains, scale)
        for x in range(self.p.now.shape[1] // self.p.genotypes):
            for a in range(self.model.action_kind.size):
                unit = NUMBER if self.model.action_kind[a] == SIGNALING else PER_DAY
                self.document.assignment(f"effect{a}_x{x}", self._effect(a, x), unit)

    def _effect(self, a: int, x: int) -> str:
        drug = int(self.model.action_drug[a])
        free, potency = float(self.model.free[drug, x]), float(self.model.potency[a])
        hill, maximum = float(self.model.hill[a]), float(self.model.maximum[a])
        plasma = f"plasma_{self.drugs[drug]}"
        if hill == 1.0:
            return f"{maximum!r} * {free!r} * {plasma} / ({free!r} * {plasma} + {potency!r})"
        ratio = f"({free / potency!r} * {plasma})^{hill!r}"
        return f"{maximum!r} * {ratio} / (1 + {ratio})"

    def write_lane(self, lane: int) -> None:
        """Expression, activities, and rates of one lane."""
        for node in range(self.model.network.basal.size):
            self.document.assignment(
                f"expression_{self._at(node, lane)}", self._expression(node, lane), NUMBER
            )
            self.document.assignment(f"activity_{self._at(node, lane)}", self._activity(node, lane), NUMBER)
        for q in range(self.model.network.slow_node.size):
            self._write_slow(q, lane)
        self._write_rates(lane)

    def _at(self, node: int, lane: int) -> str:
        return f"{self.nodes[node]}_{lane}"

    def _slow(self, q: int, lane: int) -> str:
        return f"slow_{self._at(int(self.model.network.slow_node[q]), lane)}"

    def _expression(self, node: int, lane: int) -> str:
        q = int(self.model.network.slow_of_node[node])
        base = self._slow(q, lane) if q >= 0 else repr(float(self.p.lanes.base[node, lane]))
        return base + self._left(DEGRADE, node, lane)

    def _left(self, code: int, position: int, lane: int) -> str:
        """What drugs leave: a product over the actions of a kind on a node or term, starting with ' * '."""
        actions = self.model.actions
        factors = ""
        for a in range(actions.code.size):
            if actions.code[a] != code:
                continue
            reach = float(self.p.lanes.access[a, lane])
            for k in range(actions.target_start[a], actions.target_start[a + 1]):
                if actions.target[k] == position and reach != 0:
                    factors += f" * (1 - {self._reaching(a, lane)})"
        return factors

    def _reaching(self, a: int, lane: int) -> str:
        """The effect of an action, as far as it reaches its target in a lane."""
        reach = float(self.p.lanes.access[a, lane])
        effect = f"effect{a}_x{lane // self.p.genotypes}"
        return effect if reach == 1 else f"{reach!r} * {effect}"

    def _activity(self, node: int, lane: int) -> str:
        net = self.model.network
        first, middle, last = net.term_start[node], net.inhibitor_start[node], net.term_start[node + 1]
        off = " * ".join([repr(1.0 - float(net.basal[node])), *self._unmet(first, middle, lane)])
        drive = " * ".join([f"(1 - {off})", *self._unmet(middle, last, lane)])
        floor = float(self.p.lanes.floor[node, lane])
        if floor:
            drive = f"({floor!r} + {1.0 - floor!r} * {drive})"
        name = f"input_{self._at(node, lane)}"
        self.document.assignment(name, drive, NUMBER)
        on = f"expression_{self._at(node, lane)} * {name}"
        return f"{on} / ({on} + 1 - {name}){self._left(INHIBIT, node, lane)}"

    def _unmet(self, first: int, last: int, lane: int) -> Iterator[str]:
        """For each term, 1 - weight * product of its factors."""
        net = self.model.network
        for t in range(first, last):
            weight = float(self.p.lanes.weight[t, lane])
            if weight:
                factors = range(net.factor_start[t], net.factor_start[t + 1])
                product = " * ".join(self._hill(net.factor, f, lane) for f in factors)
                yield f"(1 - {weight!r}{self._left(BLOCK, t, lane)} * {product})"

    def _hill(self, arrays: HillArrays, f: int, lane: int) -> str:
        x = f"activity_{self._at(int(arrays.node[f]), lane)}"
        power = " * ".join([x] * int(arrays.power[f]))
        value = f"{float(arrays.top[f])!r} * {power} / ({power} + {float(arrays.bottom[f])!r})"
        return f"(1 - {value})" if arrays.negated[f] else value

    def _write_slow(self, q: int, lane: int) -> None:
        net, lanes = self.model.network, self.p.lanes
        rest = float(lanes.base[net.slow_node[q], lane]) / float(lanes.normalizer[q, lane])
        drivers = [
            f"(1 + {float(lanes.gain[d, lane])!r} * {self._hill(net.driver, d, lane)})"
            for d in range(net.driver_start[q], net.driver_start[q + 1])
        ]
        target = " * ".join([repr(rest), *drivers])
        name, tau = self._slow(q, lane), float(net.slow_tau_days[q])
        self.document.state(name, float(self.p.slow[q, lane]), f"({target} - {name}) / {tau!r}", NUMBER)

    def _write_rates(self, lane: int) -> None:
        model, p, assign = self.model, self.p, self.document.assignment
        drive, death = f"drive_{lane}", f"death_{lane}"
        growing = f"activity_{self._at(model.network.proliferation, lane)}"
        living = f"activity_{self._at(model.network.survival, lane)}"
        assign(drive, f"{growing} / {float(p.proliferation)!r}", NUMBER)
        lost = _positive(f"1 - {living} / {float(p.survival)!r}")
        cytotoxic = f"{float(p.sensitivity)!r} * {drive} * ({self._kill(lane, immune=False)})"
        immune = f"{float(p.effectors)!r} * ({self._kill(lane, immune=True)})"
        base = repr(float(p.death))
        assign(death, f"{base} + {float(model.signal_death)!r} * {lost} + {cytotoxic} + {immune}", PER_DAY)
        birth = float(p.birth) * float(p.lanes.fitness[lane])
        assign(f"birth_{lane}", f"{birth!r} * {drive}", PER_DAY)
        idle = _positive(f"1 - {drive}")
        assign(f"enter_{lane}", f"{float(model.enter)!r} * {idle}", PER_DAY)
        assign(f"leave_{lane}", f"{float(model.leave)!r} * (1 - {idle})", PER_DAY)
        assign(f"tolerant_death_{lane}", f"{1.0 - float(model.protection)!r} * {death}", PER_DAY)

    def _kill(self, lane: int, *, immune: bool) -> str:
        terms = []
        for a, kind in enumerate(self.model.action_kind):
            if kind == SIGNALING or (kind == ADCC) != immune or self.p.lanes.access[a, lane] == 0:
                continue
            term = self._reaching(a, lane)
            if kind >= PAYLOAD and self.model.antigen[a] >= 0:
                shown = f"expression_{self._at(int(self.model.antigen[a]), lane)}"
                term += f" * {shown} / (1 + {shown})"
            terms.append(term)
        return " + ".join(terms) or "0"

    def write_lesion(self, lesion: _Lesion) -> None:
        """The clones of one lesion."""
        number, genotypes = lesion.number, lesion.genotypes
        clones = [name(number, g) for g in genotypes for name in (cycling_id, tolerant_id)]
        self.document.assignment(total_id(number), " + ".join(clones) or "0", CELLS)
        room = f"room_l{number}"
        self.document.assignment(room, _positive(f"1 - {total_id(number)} / {lesion.capacity!r}"), NUMBER)
        for g, lane in zip(genotypes, lesion.lanes, strict=True):
            cycling, tolerant = cycling_id(number, g), tolerant_id(number, g)
            kept = 1.0 - float(lesion.loss[g])
            grow = f"birth_{lane} * {room} * {kept!r} - death_{lane} - enter_{lane}"
            arriving = "".join(
                f" + {probability!r} * birth_{lane - g + parent} * {room} * {cycling_id(number, parent)}"
                for parent, child, probability in lesion.edges
                if child == g
            )
            change = f"({grow}) * {cycling} + leave_{lane} * {tolerant}{arriving}"
            self.document.state(cycling, float(lesion.cells[0, g]), change, CELLS)
            change = f"enter_{lane} * {cycling} - (tolerant_death_{lane} + leave_{lane}) * {tolerant}"
            self.document.state(tolerant, float(lesion.cells[1, g]), change, CELLS)


def _positive(formula: str) -> str:
    """max(0, formula) without a case distinction, which simulators would take for a discontinuity."""
    return f"0.5 * ({formula} + abs({formula}))"
