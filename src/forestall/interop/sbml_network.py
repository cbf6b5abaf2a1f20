"""Our own signaling network as an SBML model: one population of cells under constant drugs, whose doses are parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from forestall.biology.culture import Culture
from forestall.biology.rates import SIGNALING, CourseModel, PatientRates
from forestall.biology.signaling.actions import OUTSIDE, CompiledActions
from forestall.biology.signaling.compile import CompiledNetwork
from forestall.errors import InputError
from forestall.interop.sbml_document import NANOMOLAR, NUMBER, SbmlDocument
from forestall.interop.sbml_equations import Equations, write_functions
from forestall.interop.sbml_functions import Calls

Layout = Literal["functions", "rules"]


class _Model(NamedTuple):
    network: CompiledNetwork
    actions: CompiledActions
    action_kind: NDArray[np.int64]
    antigen: NDArray[np.int64]


class _Population(NamedTuple):
    lanes: SimpleNamespace
    genotypes: int = 1


@dataclass(frozen=True)
class _WrittenOut:
    """Every number is written out, and symbols carry no lane."""

    lane: int

    def number(self, table: NDArray[np.float64], row: int, name: str) -> float | str:
        return float(table[row, min(self.lane, table.shape[1] - 1)])

    def in_lane(self, formula: str, lane: int, genotypes: int) -> str:
        return formula


def network_sbml(
    culture: Culture, line: int, doses: Mapping[str, float], layout: Layout = "functions"
) -> str:
    """The network of one cell line under constant drugs, as SBML level 3 version 1.

    Args:
        culture: Cell lines and drugs.
        line: Index of the cell line; it is at rest at time 0.
        doses: Free concentration of each drug of the culture, nmol/L, by name.
        layout: "functions" writes each activity as a chain of function calls, which libRoadRunner evaluates in one pass. "rules"
            writes each activity as an assignment rule that reads others: easier to read, but libRoadRunner inlines them.

    Returns:
        The document. Time is in days. `slow_NODE` is expression relative to the reference tumor, `activity_NODE` lies in [0, 1], and
        `dose_DRUG` can be changed.

    Raises:
        InputError: if a drug acts only outside the network.
        ForestallError: if the network has fast cycles, which have no closed form, or python-libsbml is missing.
    """
    arrays, nodes = culture.network.arrays, culture.network.nodes
    if arrays.component_cyclic.any():
        raise InputError("a network with fast cycles cannot be written as SBML")
    name = f"{culture.network.network.name}: signaling under constant drugs"
    document = SbmlDocument(name, "Written by Forestall. For research use only.", identifier="signaling")
    write_functions(document)
    _write_effects(document, culture, doses)
    kinds = np.full(len(culture.action), SIGNALING, np.int64)
    lanes = culture.lanes
    tables = SimpleNamespace(
        base=lanes.base_expression,
        floor=lanes.floor,
        weight=lanes.term_weight,
        gain=lanes.driver_gain,
        access=lanes.access,
        normalizer=lanes.normalizer,
    )
    population = _Population(SimpleNamespace(**{key: rows[:, [line]] for key, rows in vars(tables).items()}))
    model = _Model(arrays, culture.actions, kinds, np.full_like(kinds, -1))
    numbers = _WrittenOut(0)
    # The equations of signaling read these fields only of a course's model and of a patient.
    equations = Equations(cast(CourseModel, model), cast(PatientRates, population), nodes, numbers)
    calls = Calls(document, equations, numbers)
    for node, node_name in enumerate(nodes):
        formula = calls.activity(node, 0) if layout == "functions" else equations.activity(node)
        document.assignment(f"activity_{node_name}", formula, NUMBER)
    for q, tau in enumerate(arrays.slow_tau_days):
        target = calls.target(q, 0) if layout == "functions" else equations.target(q)
        start = float(population.lanes.base[arrays.slow_node[q], 0])
        document.state(equations.slow(q), start, f"({target} - {equations.slow(q)}) / {float(tau)!r}", NUMBER)
    return document.text()


def _write_effects(document: SbmlDocument, culture: Culture, doses: Mapping[str, float]) -> None:
    names = {int(drug): name for drug, name in enumerate(doses)}
    for drug, name in names.items():
        if all(culture.actions.code[culture.action_drug == drug] == OUTSIDE):
            raise InputError("this drug acts only outside the network", field="--drug", value=name)
        document.variable(dose_id(name), doses[name], NANOMOLAR)
    for a, (drug, action) in enumerate(zip(culture.action_drug, culture.action, strict=True)):
        if culture.actions.code[a] == OUTSIDE:
            continue
        ratio = f"{dose_id(names[int(drug)])} / {action.potency.to('nmol/L')!r}"
        power = "" if action.hill.value == 1.0 else f"^{action.hill.value!r}"
        document.assignment(
            f"effect{a}", f"{action.maximum.to('1')!r} * (1 - 1 / (1 + ({ratio}){power}))", NUMBER
        )


def dose_id(drug: str) -> str:
    """Identifier of a drug's dose."""
    return "dose_" + "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in drug)
