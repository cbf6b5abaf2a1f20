"""An arm compiled for the course kernel: its drugs, their actions, and the doses of each phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forestall.biology.day_grid import Curve, Doses, TypicalEffects, cycle_curves
from forestall.biology.day_templates import LONGEST_SPAN_DAYS, dose_times
from forestall.biology.dosing import PROTOCOL, Schedule, compile_schedule
from forestall.biology.exposure.variability import (
    kinetics_of,
    patient_terms,
    site_terms,
    superposition_terms,
)
from forestall.biology.integrate import LONGEST_STRETCH_DAYS
from forestall.biology.rates import ADCC, CYTOTOXIC, PAYLOAD, SIGNALING, CourseModel
from forestall.biology.setup import SharedArrays
from forestall.biology.signaling.actions import Action, compile_actions
from forestall.biology.signaling.compile import Compiled, compiled
from forestall.biology.signaling.lanes import compile_alterations
from forestall.biology.slow_following import slow_weights
from forestall.clinic.dose_sizes import typical_size
from forestall.clinic.draws import Floats
from forestall.clinic.stopping import remaining
from forestall.knowledge.alterations import Alteration, ShiftAffinity, load_alterations
from forestall.knowledge.drugs import KILLING, Drug, load_drugs
from forestall.knowledge.drugs import Action as DrugAction
from forestall.knowledge.parameter_sets import entries_in_use
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import Component, Regimen

NOT_A_NODE = -1
_KILLS = {
    "cytotoxic": CYTOTOXIC,
    "starvation": CYTOTOXIC,
    "payload": PAYLOAD,
    "adcc": ADCC,
    "immune": ADCC,
}
_ELIMINATION = (-1.3, 0.0, 1.3)
"""Standard deviations of the clearance of the typical patients whose effects decide how finely days are cut."""


@dataclass(frozen=True)
class Arm:
    """One arm, ready to be given to patients."""

    name: str
    drugs: tuple[Drug, ...]
    phases: tuple[tuple[Component, ...], ...]
    """The protocol's regimen, the treatment after progression and, where patients stop chemotherapy, the regimen without it."""
    schedule: Schedule
    model: CourseModel
    shared: SharedArrays
    alterations: tuple[str, ...]
    """Ids in the order of the genotype's bits."""
    slow_nodes: tuple[str, ...]
    kinds: tuple[str, ...]
    """(A,) kinds of the model's actions, as drugs name them."""
    relevant: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Alterations that matter under the regimen, by subtype and by the bits of the trunk that can be undone; filled in when first
    asked for."""


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
    if (kept := remaining(phases[PROTOCOL])) is not None:
        phases = (*phases, kept)
    names = sorted({component.drug for phase in phases for component in phase})
    catalog = entries_in_use("drugs", load_drugs())
    drugs = tuple(catalog[drug] for drug in names)
    killers = [drug.name for drug in drugs if all(action.kind in KILLING for action in drug.actions)]
    lags = [drug.kinetics.values().lag_time for drug in drugs]
    alterations = entries_in_use("alterations", load_alterations())
    effects = list(_effects(drugs, list(alterations.values())))
    curves = [[_curve(names.index(c.drug), drugs, effects, c) for c in phase] for phase in phases]
    horizon = follow_up_days + LONGEST_STRETCH_DAYS + LONGEST_SPAN_DAYS + 1
    schedule = compile_schedule(phases, names, lags, horizon, visits, killers, curves)
    network = compiled()
    actions = [
        Action(
            kind=effect.action.kind,
            target=effect.action.target,
            drug=drugs[effect.drug].name,
            drug_class=drugs[effect.drug].drug_class,
            variant=effect.variant,
        )
        for effect in effects
    ]
    shared = SharedArrays(
        np.asarray(network.term_weight, np.float64),
        compile_alterations(network, list(alterations.values()), actions),
        np.array([alteration.fitness_cost.value for alteration in alterations.values()]),
    )
    model = _model(network, drugs, effects, actions, schedule)
    slow, kinds = tuple(network.index.slow), tuple(effect.action.kind for effect in effects)
    return Arm(name, drugs, phases, schedule, model, shared, tuple(alterations), slow, kinds)


def renewed(arm: Arm) -> Arm:
    """An arm with the model's rates and the brain's barrier that are in use now; its doses, drugs and alterations stay as compiled.

    Args:
        arm: Compiled under a set with the same drugs and the same effects of alterations.
    """
    return replace(arm, model=arm.model._replace(free=_free(arm.drugs), **_rates_in_use()), relevant={})


def _rates_in_use() -> dict[str, Any]:
    return {
        "signal_death": value("death.signal_rate", "1/day"),
        "turnover": value("death.turnover_share", "1"),
        "cycle_killing": value("death.cytotoxic_cycle_share", "1"),
        "payload_half": value("payload.antigen_half", "1"),
        "adcc_half": value("adcc.antigen_half", "1"),
        "enter": value("tolerance.entry_rate", "1/day"),
        "leave": value("tolerance.exit_rate", "1/day"),
        "protection": value("tolerance.drug_protection", "1"),
    }


@dataclass(frozen=True)
class _Effect:
    """An action of one of the arm's drugs, in cells without an affinity of their own or in one variant."""

    drug: int
    """Index among the arm's drugs."""
    action: DrugAction
    potency: float
    """Free concentration of half effect, nmol/L."""
    hill: float
    variant: str = ""
    """Id of the alteration; empty for the cells without one."""


def _effects(drugs: Sequence[Drug], alterations: Sequence[Alteration]) -> Iterator[_Effect]:
    """Every action, and after it what it is in the cells of each alteration that shifts its affinity."""
    for index, drug in enumerate(drugs):
        for action in drug.actions:
            potency, hill = action.potency.to("nmol/L"), action.hill.value
            yield _Effect(index, action, potency, hill)
            for alteration in alterations:
                for operator in alteration.operators:
                    if isinstance(operator, ShiftAffinity) and operator.covers(
                        drug=drug.name, target=action.target
                    ):
                        own = hill if operator.hill is None else operator.hill.value
                        yield _Effect(index, action, potency * operator.value.value, own, alteration.id)


def _curve(
    index: int, drugs: Sequence[Drug], effects: Sequence[_Effect], component: Component
) -> Curve | None:
    """The effects of a component in typical patients; None if its drug does nothing."""
    drug, own = drugs[index], [effect for effect in effects if effect.drug == index]
    if not own:
        return None
    kinetics = kinetics_of(drug)
    weight = np.full(len(_ELIMINATION), kinetics.reference_weight)
    rate, scale = superposition_terms(
        site_terms(drug, patient_terms(kinetics, weight, np.array(_ELIMINATION), np.zeros(len(weight))))
    )
    # The grid of days is that of the catalog's penetrations whatever the barrier: sets of a calibration share it.
    reach = drug.free_nanomolar_per_mg_per_liter * np.array([1.0, drug.brain_penetration.to("1")])
    potency, hill = np.array([effect.potency for effect in own]), np.array([effect.hill for effect in own])
    typical = TypicalEffects(rate, scale, potency[:, None] / reach, hill)
    lag = drug.kinetics.values().lag_time
    begins = tuple(day - 1 + time for day in component.dose_days for time in dose_times(component, lag))
    size = typical_size(component.amount_basis)
    infusion = component.infusion_hours / 24.0
    return cycle_curves(typical, Doses(begins, component.cycle_days, component.amount * size, infusion))


def _is_given(component: Component) -> bool:
    return component.amount > 0 or bool(component.loading_amount)


def _model(
    network: Compiled,
    drugs: Sequence[Drug],
    effects: Sequence[_Effect],
    actions: Sequence[Action],
    schedule: Schedule,
) -> CourseModel:
    doing = [(effect.drug, effect.action) for effect in effects]
    return CourseModel(
        network=network.arrays,
        actions=compile_actions(network, actions),
        action_drug=np.array([index for index, _ in doing], np.int64),
        action_kind=np.array([_KILLS.get(action.kind, SIGNALING) for _, action in doing], np.int64),
        apart=np.array([schedule.only_kills[index] for index, _ in doing], np.bool_),
        planned=np.isin([index for index, _ in doing], schedule.drug[0]),
        antigen=np.array(
            [network.index.nodes.get(action.target, NOT_A_NODE) for _, action in doing], np.int64
        ),
        potency=np.array([effect.potency for effect in effects]),
        hill=np.array([effect.hill for effect in effects]),
        maximum=np.array([_maximum(action) for _, action in doing]),
        free=_free(drugs),
        slow_weight=slow_weights(schedule.length, np.asarray(network.arrays.slow_tau_days, np.float64)),
        **_rates_in_use(),
    )


def _free(drugs: Sequence[Drug]) -> Floats:
    """(D, X) nmol/L of free drug per mg/L in plasma, outside the brain and in it."""
    barrier = value("brain.barrier", "1")
    brain = np.array([[1.0, drug.brain_penetration.to("1") ** barrier] for drug in drugs]).reshape(-1, 2)
    free = np.array([drug.free_nanomolar_per_mg_per_liter for drug in drugs]).reshape(-1, 1)
    return np.asarray(free * brain)


def _maximum(action: DrugAction) -> float:
    return action.maximum.to("1/day" if action.kind in KILLING else "1")
