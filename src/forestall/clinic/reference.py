"""The deterministic course as one system of ordinary differential equations, solved by LSODA: the reference of the fast engine.

The state is every drug's exponential terms, every lane's slow expression and every lesion's clones, with effects taken at the
instantaneous concentration. The integrator restarts at every dose and at every end of an infusion.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.rates import (
    BIRTH,
    DEATH,
    ENTER,
    LEAVE,
    TERMS,
    TOLERANT_DEATH,
    CourseModel,
    PatientRates,
    rates_now,
    solve_signaling,
)
from forestall.biology.setup import CohortArrays, SharedArrays, prepare_patient
from forestall.biology.waning import wane
from forestall.engine.kernels import kernel
from forestall.engine.references import by_reference

Array = NDArray[np.float64]


class LesionArrays(NamedTuple):
    """The lesions of one patient."""

    site_class: NDArray[np.int64]
    """(L,) exposure class, -1 for no lesion."""
    capacity: float
    loss: Array
    """(G,)"""
    edges: NDArray[np.int64]
    """(E, 2)"""
    probability: Array
    """(E,)"""


@kernel
def _add_change(now: Array, offset: int, lesions: LesionArrays, cells: Array, change: Array) -> None:
    """Add what the (2, G) cells of a lesion change by per day, at the rates `now` from lane `offset` on."""
    room = max(0.0, 1.0 - cells.sum() / lesions.capacity)
    for g in range(cells.shape[1]):
        lane = offset + g
        enter, leave = now[ENTER, lane], now[LEAVE, lane]
        grow = now[BIRTH, lane] * room * (1.0 - lesions.loss[g]) - now[DEATH, lane]
        change[0, g] += (grow - enter) * cells[0, g] + leave * cells[1, g]
        change[1, g] += enter * cells[0, g] - (now[TOLERANT_DEATH, lane] + leave) * cells[1, g]
    for e in range(lesions.edges.shape[0]):
        parent, child = lesions.edges[e]
        change[0, child] += lesions.probability[e] * now[BIRTH, offset + parent] * room * cells[0, parent]


@kernel
def derivative(
    day: float,
    y: Array,
    infused: Array,
    model: CourseModel,
    p: PatientRates,
    lesions: LesionArrays,
    out: Array,
) -> None:
    """The right-hand side.

    Args:
        day: Days since the first dose.
        y: Concentration terms (D, TERMS) in mg/L, slow expression (Q, lanes), cells (L, 2, G), flattened and joined.
        infused: (D,) mg/day infused now.
        model: What the arm shares.
        p: The patient; its running state is used as scratch.
        lesions: The patient's lesions.
        out: The derivative, per day.
    """
    model, p = by_reference(model), by_reference(p)
    drugs = p.elimination.shape[0]
    states, lanes = p.slow.shape
    at = 0
    for d in range(drugs):
        for k in range(TERMS):
            p.concentration[d, k] = y[at]
            out[at] = -p.elimination[d, k] * y[at] + infused[d] * p.scale[d, k]
            at += 1
    first_slow = at
    for q in range(states):
        for lane in range(lanes):
            p.slow[q, lane] = y[at]
            at += 1
    rates_now(model, p)
    solve_signaling(model, p)
    rates_now(model, p)
    wane(p, day)
    for q in range(states):
        for lane in range(lanes):
            index = first_slow + q * lanes + lane
            out[index] = (p.target[q, lane] - y[index]) / model.network.slow_tau_days[q]
    genotypes = p.genotypes
    for lesion in range(lesions.site_class.shape[0]):
        cells = y[at : at + 2 * genotypes].reshape((2, genotypes))
        change = out[at : at + 2 * genotypes].reshape((2, genotypes))
        at += 2 * genotypes
        change[:] = 0.0
        if lesions.site_class[lesion] >= 0:
            _add_change(p.now, lesions.site_class[lesion] * genotypes, lesions, cells, change)


def dose_events(
    schedule: Schedule, p: PatientRates, phase: int, days: int
) -> list[tuple[float, int, float, float]]:
    """Doses as (time in days, drug, mg, days of infusion), in the order of time."""
    events = []
    for c, day in zip(*np.nonzero(schedule.dose[phase, :, :days]), strict=True):
        mg = p.loading[phase, c] if schedule.dose[phase, c, day] == 2 else p.amount[phase, c]
        drug, duration = int(schedule.drug[phase, c]), float(schedule.infusion[phase, c])
        for k in range(schedule.doses_per_day[phase, c]):
            begin = day + k / schedule.doses_per_day[phase, c] + schedule.lag[phase, c]
            events.append((float(begin), drug, float(mg), duration))
    return sorted(events)


def reference_course(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    cells: Array,
    visits: NDArray[np.int64],
    *,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    method: str = "LSODA",
) -> Array:
    """Cells of one patient at the visits, all clones deterministic, the first phase kept throughout.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        shared: Network weights and alterations.
        cells: (L, 2, G) at day 0.
        visits: (V,) days, ascending, the first 0.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        method: Any method of `scipy.integrate.solve_ivp`.

    Returns:
        (V, L, 2, G) cells.
    """
    from scipy.integrate import solve_ivp

    p = prepare_patient(i, model, schedule, cohort, shared)
    lesions = _lesions(i, cohort)
    infused = np.zeros(p.elimination.shape[0])
    marks = _marks(dose_events(schedule, p, 0, int(visits[-1])), visits)
    y = np.concatenate([p.concentration.ravel(), p.slow.ravel(), cells.ravel()])
    out = np.empty_like(y)

    def rhs(day: float, state: Array) -> Array:
        derivative(day, state, infused, model, p, lesions, out)
        return out.copy()

    seen = []
    now = 0.0
    for at, kind, drug, mg in marks:
        if at > now:
            y = solve_ivp(rhs, (now, at), y, method=method, rtol=rtol, atol=atol).y[:, -1]
            now = at
        if kind == "visit":
            seen.append(y[-cells.size :].reshape(cells.shape).copy())
        elif kind == "bolus":
            y[drug * TERMS : (drug + 1) * TERMS] += mg * p.scale[drug]
        else:
            infused[drug] += mg
    return np.array(seen)


def _lesions(i: int, cohort: CohortArrays) -> LesionArrays:
    table = cohort.table[i]
    return LesionArrays(
        cohort.site_class[i],
        cohort.capacity[i],
        cohort.loss[i],
        cohort.edges[table],
        cohort.probability[i],
    )


def _marks(
    doses: list[tuple[float, int, float, float]], visits: NDArray[np.int64]
) -> list[tuple[float, str, int, float]]:
    """Everything at which the integration stops: (day, kind, drug, mg or mg/day)."""
    marks: list[tuple[float, str, int, float]] = [(float(day), "visit", 0, 0.0) for day in visits]
    for at, drug, mg, duration in doses:
        if duration > 0:
            marks += [(at, "start", drug, mg / duration), (at + duration, "stop", drug, -mg / duration)]
        else:
            marks.append((at, "bolus", drug, mg))
    order = {"visit": 0, "stop": 1, "bolus": 2, "start": 3}
    return sorted(marks, key=lambda mark: (mark[0], order[mark[1]], mark[2]))
