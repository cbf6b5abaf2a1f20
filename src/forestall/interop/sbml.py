"""One patient's deterministic course as an SBML model, for any simulator that reads SBML.

The equations are those of `forestall.clinic.reference`: exponential terms of every drug, effects at the instantaneous
concentration, the network's activities, slow expression, and the clones of each lesion. One *lane* is a genotype in an exposure
class; only lanes that can hold cells are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.rates import SIGNALING, CourseModel, PatientRates
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.clinic.reference import dose_events
from forestall.errors import ForestallError
from forestall.interop.sbml_document import CONCENTRATION, NUMBER, PER_DAY, SbmlDocument
from forestall.interop.sbml_doses import Train, at_once, infusion_rates, trains, write_trains
from forestall.interop.sbml_equations import write_functions
from forestall.interop.sbml_functions import write_by_functions
from forestall.interop.sbml_lesions import lesions_of
from forestall.interop.sbml_rules import write_by_rules
from forestall.interop.sbml_waning import write_waning

Layout = Literal["rules", "functions"]
_PHASE = 0


def course_sbml(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    cells: NDArray[np.float64],
    days: int,
    *,
    drugs: Sequence[str] = (),
    nodes: Sequence[str] = (),
    layout: Layout = "rules",
) -> str:
    """The deterministic course of one patient under the first phase of an arm, as SBML level 3 version 1.

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
        layout: "rules" writes every activity of every lane as an assignment rule. "functions" writes the same equations for
            simulators that evaluate an assignment rule anew wherever it is read, such as libRoadRunner, for which the rules of
            a deep network grow exponentially: the network is a chain of functions, each lane a call.

    Returns:
        The document. Time is in days; `cells_l0` etc. are the cells of each lesion.

    Raises:
        ForestallError: if python-libsbml is missing, or the network has fast cycles, which have no closed form.
    """
    if model.network.component_cyclic.any():
        raise ForestallError("a network with fast cycles cannot be written as SBML")
    p = prepare_patient(i, model, schedule, cohort, shared)
    document = SbmlDocument("course of one virtual patient", "Written by Forestall. For research use only.")
    write_functions(document)
    doses = trains(dose_events(schedule, p, _PHASE, days))
    write_waning(document, p)
    _write_exposure(document, model, p, doses, _names("drug", drugs, p.elimination.shape[0]))
    lesions = lesions_of(i, cohort, cells)
    write = write_by_rules if layout == "rules" else write_by_functions
    write(document, model, p, _names("node", nodes, model.network.basal.size), lesions)
    return document.text()


def _names(kind: str, given: Sequence[str], count: int) -> list[str]:
    if not given:
        return [f"{kind}{k}" for k in range(count)]
    return ["".join(c if c.isascii() and c.isalnum() else "_" for c in name) for name in given]


def _write_exposure(
    document: SbmlDocument, model: CourseModel, p: PatientRates, doses: Sequence[Train], drugs: Sequence[str]
) -> None:
    """Concentrations, doses, and effects in every exposure class."""
    infused = infusion_rates(doses)
    scale: dict[int, dict[str, float]] = {}
    for d, drug in enumerate(drugs):
        terms = np.flatnonzero(p.scale[d]).tolist()
        scale[d] = {f"{drug}_{k}": float(p.scale[d, k]) for k in terms}
        for k, (state, per_mg) in zip(terms, scale[d].items(), strict=True):
            inflow = f" + {per_mg!r} * ({infused[d]})" if d in infused else ""
            start = float(p.concentration[d, k]) + at_once(doses, d) * per_mg
            fall = float(p.elimination[d, k])
            document.state(state, start, f"-{fall!r} * {state}{inflow}", CONCENTRATION)
        document.assignment(f"plasma_{drug}", f"positive({' + '.join(scale[d]) or '0'})", CONCENTRATION)
    write_trains(document, doses, scale)
    for x in range(p.now.shape[1] // p.genotypes):
        for a, kind in enumerate(model.action_kind):
            unit = NUMBER if kind == SIGNALING else PER_DAY
            document.assignment(f"effect{a}_x{x}", _effect(model, p, a, x, drugs), unit)


def _effect(model: CourseModel, p: PatientRates, a: int, x: int, drugs: Sequence[str]) -> str:
    drug = int(model.action_drug[a])
    plasma, per_potency = f"plasma_{drugs[drug]}", float(model.free[drug, x] / model.potency[a])
    hill, maximum = float(model.hill[a]), float(model.maximum[a])
    power = "" if hill == 1.0 else f"^{hill!r}"
    effect = f"{maximum!r} * (1 - 1 / (1 + ({per_potency!r} * {plasma}){power}))"
    strength = float(p.strength[a])
    if model.action_kind[a] != SIGNALING or strength == 1.0:
        return effect
    return f"1 - (1 - {effect})^{strength!r}"
