"""An arm compiled for the course kernel: its drugs, their actions, and the doses of each phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule, compile_schedule
from forestall.biology.lesions import STEP_DAYS
from forestall.biology.rates import ADCC, CYTOTOXIC, PAYLOAD, SIGNALING, CourseModel
from forestall.biology.setup import SharedArrays
from forestall.biology.signaling.actions import Action, compile_actions
from forestall.biology.signaling.compile import Compiled, compiled
from forestall.biology.signaling.lanes import compile_alterations
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.drugs import KILLING, Drug, load_drugs
from forestall.knowledge.drugs import Action as DrugAction
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import Component, Regimen

NOT_A_NODE = -1
_KILLS = {"cytotoxic": CYTOTOXIC, "payload": PAYLOAD, "adcc": ADCC}
_NODES = np.array([0.5 - np.sqrt(3.0) / 6.0, np.sqrt(3.0) / 3.0])
"""Legs between the start of a segment and its quadrature nodes, as fractions of the segment."""


@dataclass(frozen=True)
class Arm:
    """One arm, ready to be given to patients."""

    name: str
    drugs: tuple[Drug, ...]
    phases: tuple[tuple[Component, ...], ...]
    """The protocol's regimen, then the treatment after progression."""
    schedule: Schedule
    model: CourseModel
    shared: SharedArrays
    alterations: tuple[str, ...]
    """Ids in the order of the genotype's bits."""
    slow_nodes: tuple[str, ...]
    relevant: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Alterations that matter under the regimen, by subtype, filled in when first asked for."""


def compile_arm(
    name: str, regimen: Regimen, after_progression: Regimen, visits: Sequence[int], follow_up_days: int
) -> Arm:
    """Compile an arm.

    Components with a dose of zero are left out, so that a zero dose is exactly no treatment.

    Args:
        name: The arm's name.
        regimen: What the protocol gives until progression.
        after_progression: What follows.
        visits: Days of the visits.
        follow_up_days: Days that the schedule must cover.
    """
    phases = tuple(
        tuple(c for c in phase.components if _is_given(c)) for phase in (regimen, after_progression)
    )
    names = sorted({component.drug for phase in phases for component in phase})
    drugs = tuple(load_drugs()[drug] for drug in names)
    killers = [drug.name for drug in drugs if all(action.kind in KILLING for action in drug.actions)]
    lags = [drug.kinetics.values().lag_time for drug in drugs]
    schedule = compile_schedule(phases, names, lags, follow_up_days + STEP_DAYS + 1, visits, killers)
    network = compiled()
    alterations = load_alterations()
    actions = [
        Action(kind=action.kind, target=action.target, drug=drug.name, drug_class=drug.drug_class)
        for drug in drugs
        for action in drug.actions
    ]
    shared = SharedArrays(
        np.asarray(network.term_weight, np.float64),
        compile_alterations(network, list(alterations.values()), actions),
        np.array([alteration.fitness_cost.value for alteration in alterations.values()]),
    )
    model = _model(network, drugs, actions, schedule)
    return Arm(name, drugs, phases, schedule, model, shared, tuple(alterations), tuple(network.index.slow))


def _is_given(component: Component) -> bool:
    return component.amount > 0 or bool(component.loading_amount)


def _model(
    network: Compiled, drugs: Sequence[Drug], actions: Sequence[Action], schedule: Schedule
) -> CourseModel:
    doing = [(index, action) for index, drug in enumerate(drugs) for action in drug.actions]
    brain = np.array([[1.0, drug.brain_penetration.to("1")] for drug in drugs]).reshape(-1, 2)
    free = np.array([drug.free_nanomolar_per_mg_per_liter for drug in drugs]).reshape(-1, 1)
    return CourseModel(
        network=network.arrays,
        actions=compile_actions(network, actions),
        action_drug=np.array([index for index, _ in doing], np.int64),
        action_kind=np.array([_KILLS.get(action.kind, SIGNALING) for _, action in doing], np.int64),
        antigen=np.array(
            [network.index.nodes.get(action.target, NOT_A_NODE) for _, action in doing], np.int64
        ),
        potency=np.array([action.potency.to("nmol/L") for _, action in doing]),
        hill=np.array([action.hill.value for _, action in doing]),
        maximum=np.array([_maximum(action) for _, action in doing]),
        free=free * brain,
        slow_decay=_slow_decay(schedule, network.arrays.slow_tau_days),
        signal_death=value("death.signal_rate", "1/day"),
        enter=value("tolerance.entry_rate", "1/day"),
        leave=value("tolerance.exit_rate", "1/day"),
        protection=value("tolerance.drug_protection", "1"),
    )


def _maximum(action: DrugAction) -> float:
    return action.maximum.to("1/day" if action.kind in KILLING else "1")


def _slow_decay(schedule: Schedule, tau_days: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, S, 2, Q) factors between quadrature nodes."""
    legs = schedule.length[:, :, None] * _NODES
    return np.asarray(np.exp(-legs[..., None] / np.asarray(tau_days, np.float64)))
