"""Steady responses of tumors to treatments at average exposure: drives, killing and growth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.steady import Batch, Case, batch_of
from forestall.clinic.tumor_biology import SUBTYPES, TUMOR_TYPES, division_factor
from forestall.knowledge.alterations import Change, load_alterations
from forestall.knowledge.conditions import Condition, load_conditions
from forestall.knowledge.drugs import KILLING
from forestall.knowledge.parameters import value
from forestall.studies.average_exposure import average_effects

_TYPES = dict(zip(SUBTYPES, TUMOR_TYPES, strict=True))
"""Context -> type of tumor, whose growth it has."""


@dataclass(frozen=True)
class Tumor:
    """A tumor, at rest before treatment with whatever it carries."""

    context: str
    changes: tuple[str, ...] = ()
    """Ids of alterations and conditions."""


@dataclass(frozen=True)
class Response:
    """A tumor's steady state under a treatment."""

    tumor: Tumor
    drugs: tuple[str, ...]
    activity: Mapping[str, float]
    """Node -> activity once expression has adapted."""
    proliferation: float
    """Proliferation drive relative to the untreated tumor."""
    survival: float
    """Survival drive relative to the untreated tumor."""
    kill_per_day: float
    """By effector cells and payloads, at the reference number of effectors."""
    growth_per_day: float
    """Net growth rate of the typical tumor of its type; untreated, it doubles in the time of its type."""

    @property
    def effect_per_day(self) -> float:
        """What the treatment takes from the growth rate."""
        return untreated_growth_per_day(self.tumor.context) - self.growth_per_day

    @property
    def signaling_effect_per_day(self) -> float:
        """What it takes through signaling, without killing."""
        return self.effect_per_day - self.kill_per_day


def changes_by_id() -> Mapping[str, Change]:
    """Everything that can be switched on: alterations, and conditions."""
    return {**load_alterations(), **load_conditions()}


def untreated_growth_per_day(context: str) -> float:
    """Net growth rate of an untreated tumor of this type."""
    return math.log(2) / value(f"growth.doubling_time.{_TYPES[context]}", "day")


def responses(pairs: Sequence[tuple[Tumor, tuple[str, ...]]]) -> list[Response]:
    """The responses of tumors to treatments, solved as one batch.

    Args:
        pairs: A tumor and the drugs that it is given (none: untreated).

    Notes:
        Growth is b p - (b - g) (1 - t + t p) - s max(0, 1 - v) - kill, where p and v are the drives relative to the untreated
        tumor, g its growth rate, b the birth rate of its type, t the share of deaths that goes with division and s the type's death at
        complete loss of the survival drive, as in the course.
    """
    treated = [_case(tumor, drugs) for tumor, drugs in pairs]
    untreated = [_case(tumor, ()) for tumor, _ in pairs]
    batch = batch_of(treated + untreated, catalogue=changes_by_id())
    slow = batch.settled()
    activity = batch.activity(slow)
    payload, effectors = _kill_rates(batch, slow, treated)
    nodes = batch.compiled.nodes
    found = []
    for lane, (tumor, drugs) in enumerate(pairs):
        now = dict(zip(nodes, map(float, activity[:, lane]), strict=True))
        before = activity[:, lane + len(pairs)]
        grow = now["proliferation"] / float(before[batch.compiled.arrays.proliferation])
        live = now["survival"] / float(before[batch.compiled.arrays.survival])
        kill = float(payload[lane] * _killable(grow) + effectors[lane])
        growth = _growth_per_day(tumor.context, grow, live, kill)
        found.append(Response(tumor, drugs, now, grow, live, kill, growth))
    return found


def _growth_per_day(context: str, grow: float, live: float, kill: float) -> float:
    pace, untreated = division_factor(_TYPES[context]), untreated_growth_per_day(context)
    birth = value("growth.birth_rate", "1/day") * pace
    lost = value("death.signal_rate", "1/day") * pace * max(0.0, 1.0 - live)
    death, turnover = birth - untreated, value("death.turnover_share", "1")
    return birth * grow - death * (1.0 - turnover + turnover * grow) - lost - kill


def _killable(grow: float) -> float:
    """Share of the killing by payloads that is left at a division rate relative to the untreated tumor's."""
    cycle = value("death.cytotoxic_cycle_share", "1")
    return 1.0 - cycle + cycle * grow


def _case(tumor: Tumor, drugs: tuple[str, ...]) -> Case:
    """The tumor as a case; killing actions enter as occupancy, which the network does not read."""
    known = changes_by_id()
    carried = [known[name] for name in tumor.changes]
    ligands: dict[str, float] = {}
    traits: dict[str, bool] = {}
    for condition in carried:
        if isinstance(condition, Condition):
            ligands |= {name: level.value for name, level in condition.ligands.items()}
            traits |= condition.traits
    effects: dict[str | Action, float] = {
        part.action: part.occupancy * (1.0 if part.action.kind in KILLING else part.maximum)
        for drug in drugs
        for part in average_effects(drug)
    }
    return Case(tumor.context, effects=effects, truncal=tumor.changes, ligands=ligands, traits=traits)


def _kill_rates(batch: Batch, slow: np.ndarray, cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Killing (lanes,) in 1/day by payloads, at the reference division rate, and by effector cells."""
    payload, effectors = np.zeros(slow.shape[1]), np.zeros(slow.shape[1])
    maximum = {
        part.action: part.maximum
        for case in cases
        for drug in {action.drug for action in case.effects if not isinstance(action, str)}
        for part in average_effects(drug)
    }
    for row, action in enumerate(batch.actions):
        if action.kind not in KILLING:
            continue
        rate = batch.effect[row] * maximum[action] * batch.lanes.access[row]
        immune = action.kind in ("adcc", "immune")
        half = value("adcc.antigen_half" if immune else "payload.antigen_half", "1")
        target = effectors if immune else payload
        target += rate * _shown(batch, slow, action.target, half)
    return payload, effectors


def _shown(batch: Batch, slow: np.ndarray, antigen: str, half: float) -> np.ndarray:
    """Share (lanes,) of the killing that the expression of an antigen allows, e / (half + e); 1 if it is no node."""
    index = batch.compiled.index
    if antigen not in index.nodes:
        return np.ones(slow.shape[1])
    node = index.nodes[antigen]
    state = batch.compiled.arrays.slow_of_node[node]
    expression = slow[state] if state >= 0 else batch.lanes.base_expression[node]
    expression = expression * batch.expression_factor[node]
    return np.asarray(expression / (half + expression))
