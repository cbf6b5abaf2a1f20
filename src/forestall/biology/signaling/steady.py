"""Steady states and time courses of the signaling network, for people and tests: names in, names out.

A case is one cell population in one patient under constant drugs. Many cases are solved as one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from forestall.biology.signaling.actions import Action, apply_effects_by_lane, compile_actions
from forestall.biology.signaling.compile import Compiled, Floats, compiled
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.lanes import (
    Lanes,
    build_lanes,
    compile_alterations,
    expression_with_ligands,
    gains_with_traits,
)
from forestall.biology.signaling.settling import Setting, settle
from forestall.biology.signaling.slow_states import correct, expression_targets, place_slow, relax
from forestall.errors import ForestallError, InputError
from forestall.knowledge.alterations import Change, pick

SlowStates = Literal["relaxed", "rest"]
LANES_AT_ONCE: Final = 128
"""Lanes that are settled together: enough to fill vector registers, few enough for the caches and not to wait long for the slowest.
No result depends on it."""


@dataclass(frozen=True)
class Case:
    """One cell population under constant drugs."""

    context: str
    """Tumor type, a context of the network."""
    alterations: tuple[str, ...] = ()
    """Ids of the alterations that the cells carry."""
    effects: Mapping[str | Action, float] = field(default_factory=dict)
    """Effect in [0, 1] of each action.

    An action is "ERBB2" or "inhibit ERBB2", "degrade ESR1", "deplete estradiol", "block ERBB2->ERBB3".
    """
    truncal: tuple[str, ...] = ()
    """The alterations with which the untreated tumor is at rest; to the others the feedbacks react."""
    ligands: Mapping[str, float] = field(default_factory=dict)
    """Levels of input nodes in this patient."""
    traits: Mapping[str, bool] = field(default_factory=dict)
    """Traits that this patient has or lacks; the network's gain where a trait is not mentioned."""


@dataclass(frozen=True)
class State:
    """Activities and expression of one case."""

    activity: dict[str, float]
    """Node -> activity."""
    expression: dict[str, float]
    """Node with slow expression -> expression relative to the reference tumor, before degraders."""

    def __getitem__(self, node: str) -> float:
        return self.activity[node]


@dataclass(frozen=True)
class Batch:
    """Lane arrays of a batch of cases, drugs applied."""

    compiled: Compiled
    lanes: Lanes
    node_effect: Floats
    """(nodes, lanes)"""
    expression_factor: Floats
    """(nodes, lanes) what degraders leave."""
    term_weight: Floats
    """(terms, lanes) after blockers."""
    actions: tuple[Action, ...]
    """In the order of the rows of `effect` and of `lanes.access`."""
    effect: Floats
    """(actions, lanes)"""

    def at_rest(self) -> Floats:
        """Slow states (slow, lanes) of the untreated tumor."""
        base: Floats = self.lanes.base_expression[self.compiled.arrays.slow_node]
        return np.ascontiguousarray(base)

    def activity(self, slow: Floats) -> Floats:
        """Activities (nodes, lanes) at given slow states."""
        expression = np.empty_like(self.node_effect)
        place_slow(self.compiled.arrays, slow, self.lanes.base_expression, expression)
        activity = np.empty_like(expression)
        unconverged = evaluate(
            self.compiled.arrays,
            expression * self.expression_factor,
            self.lanes.floor,
            self.term_weight,
            self.node_effect,
            activity,
        )
        _refuse(unconverged, "a cycle of the network has no stable state")
        return activity

    def targets(self, activity: Floats) -> Floats:
        """Where slow states are heading, (slow, lanes)."""
        target = np.empty_like(self.lanes.normalizer)
        expression_targets(
            self.compiled.arrays,
            activity,
            self.lanes.base_expression,
            self.lanes.driver_gain,
            self.lanes.normalizer,
            target,
        )
        return target

    def settled(self) -> Floats:
        """Slow states at their steady state, (slow, lanes)."""
        slow = self.at_rest()
        unsettled = 0
        for first in range(0, slow.shape[1], LANES_AT_ONCE):
            part = slice(first, first + LANES_AT_ONCE)
            some, setting = np.ascontiguousarray(slow[:, part]), self.setting(part)
            unsettled += settle(self.compiled.arrays, setting, some, np.empty_like(setting.node_effect))
            slow[:, part] = some
        _refuse(unsettled, "slow expression has no stable state")
        return slow

    def setting(self, part: slice) -> Setting:
        """What the kernel needs to settle some of the lanes."""
        lanes = self.lanes
        arrays = (
            lanes.base_expression,
            lanes.floor,
            self.term_weight,
            self.node_effect,
            self.expression_factor,
            lanes.driver_gain,
            lanes.normalizer,
        )
        return Setting(*(np.ascontiguousarray(array[:, part]) for array in arrays))

    def states(self, slow: Floats) -> list[State]:
        """Named activities and expression of each case."""
        activity = self.activity(slow)
        return [
            State(
                dict(zip(self.compiled.nodes, map(float, activity[:, lane]), strict=True)),
                dict(zip(self.compiled.index.slow, map(float, slow[:, lane]), strict=True)),
            )
            for lane in range(activity.shape[1])
        ]


def _refuse(lanes: int, reason: str) -> None:
    if lanes:
        raise ForestallError(f"{reason} in {lanes} lane(s); it may oscillate: follow it with time_course")


def batch_of(
    cases: Sequence[Case], network: Compiled | None = None, catalogue: Mapping[str, Change] | None = None
) -> Batch:
    """Lay cases out as lanes and apply their drugs.

    Args:
        cases: The cases.
        network: A compiled network; `breast` if absent.
        catalogue: Alterations by id; the catalogue's if absent.

    Raises:
        InputError: if a case names something unknown or an effect lies outside [0, 1].
    """
    net = network or compiled()
    actions = list(dict.fromkeys(_action(key) for case in cases for key in case.effects))
    ids = list(dict.fromkeys(name for case in cases for name in case.alterations + case.truncal))
    alterations = compile_alterations(net, pick(ids, catalogue), actions)
    lanes = build_lanes(
        net,
        alterations,
        np.array([_mask(ids, case.alterations + case.truncal) for case in cases], np.int64),
        np.array([_mask(ids, case.truncal) for case in cases], np.int64),
        _contexts(net, cases),
        _gains(net, cases),
    )
    effect = _effects(cases, actions).astype(net.term_weight.dtype)
    factor, node_effect, weight = (
        np.empty_like(lanes.floor),
        np.empty_like(lanes.floor),
        np.empty_like(lanes.term_weight),
    )
    apply_effects_by_lane(
        compile_actions(net, actions),
        effect,
        lanes.access,
        np.ones_like(lanes.floor),
        lanes.term_weight,
        factor,
        node_effect,
        weight,
    )
    return Batch(net, lanes, node_effect, factor, weight, tuple(actions), effect)


def _contexts(net: Compiled, cases: Sequence[Case]) -> Floats:
    """(nodes, lanes) expression without alterations; many cases share a patient."""
    found: dict[tuple[str, frozenset[tuple[str, float]]], Floats] = {}
    keys = [(case.context, frozenset(case.ligands.items())) for case in cases]
    for key in keys:
        if key not in found:
            found[key] = expression_with_ligands(net, key[0], dict(key[1]))
    return _columns([found[key] for key in keys])


def _gains(net: Compiled, cases: Sequence[Case]) -> Floats:
    """(drivers, lanes) gains of the slow drivers."""
    keys = [frozenset(case.traits.items()) for case in cases]
    found = {key: gains_with_traits(net, dict(key)) for key in set(keys)}
    return _columns([found[key] for key in keys])


@lru_cache(maxsize=1024)
def _action(key: str | Action) -> Action:
    if isinstance(key, Action):
        return key
    words = key.split(maxsplit=1)
    if len(words) == 2 and "->" not in words[0] and not words[1].startswith("->"):
        return Action(words[0], words[1])
    return Action("block" if "->" in key else "inhibit", key)


def _effects(cases: Sequence[Case], actions: Sequence[Action]) -> NDArray[np.float64]:
    row = {action: i for i, action in enumerate(actions)}
    effect = np.zeros((len(actions), len(cases)))
    for lane, case in enumerate(cases):
        for key, value in case.effects.items():
            if not 0 <= value <= 1:
                raise InputError("an effect lies between 0 and 1", field=str(key), value=value)
            effect[row[_action(key)], lane] = value
    return effect


def _mask(ids: Sequence[str], carried: Sequence[str]) -> int:
    return sum(1 << ids.index(name) for name in set(carried))


def _columns(rows: Sequence[Floats]) -> Floats:
    return np.ascontiguousarray(np.stack(rows, axis=1))


def steady_states(
    cases: Sequence[Case],
    *,
    slow: SlowStates = "relaxed",
    network: Compiled | None = None,
    catalogue: Mapping[str, Change] | None = None,
) -> list[State]:
    """Steady states of many cases, solved as one batch.

    Args:
        cases: The cases.
        slow: "relaxed" lets the feedbacks settle; "rest" is the first hours, expression as before treatment.
        network: A compiled network; `breast` if absent.
        catalogue: Alterations by id; the catalogue's if absent.
    """
    batch = batch_of(cases, network, catalogue)
    return batch.states(batch.settled() if slow == "relaxed" else batch.at_rest())


def steady_state(
    context: str,
    effects: Mapping[str | Action, float] | None = None,
    *,
    alterations: tuple[str, ...] = (),
    truncal: tuple[str, ...] = (),
    ligands: Mapping[str, float] | None = None,
    traits: Mapping[str, bool] | None = None,
    slow: SlowStates = "relaxed",
    network: Compiled | None = None,
) -> State:
    """Steady state of one case; see `Case` for the arguments."""
    case = Case(context, alterations, effects or {}, truncal, ligands or {}, traits or {})
    return steady_states([case], slow=slow, network=network)[0]


def time_course(
    case: Case,
    days: Sequence[float],
    *,
    network: Compiled | None = None,
    catalogue: Mapping[str, Change] | None = None,
    tolerance: float = 1e-8,
) -> list[State]:
    """The states on given days after drugs are switched on at day 0, from the untreated state of rest.

    Args:
        case: The case.
        days: Ascending times in days.
        network: A compiled network; `breast` if absent.
        catalogue: Alterations by id; the catalogue's if absent.
        tolerance: Largest estimated error of a slow state in one step of an adaptive exponential Runge-Kutta
            method of order 2.
    """
    batch = batch_of([case], network, catalogue)
    slow, now, step, states = batch.at_rest(), 0.0, 1e-3, []
    for day in days:
        while day - now > 1e-12:
            attempt = min(step, day - now)
            after, error = _step(batch, slow, attempt)
            if error <= tolerance:
                slow, now = after, now + attempt
            step = attempt * min(4.0, max(0.2, 0.9 * (tolerance / max(error, 1e-300)) ** 0.5))
        states += batch.states(slow)
    return states


def _step(batch: Batch, slow: Floats, step: float) -> tuple[Floats, float]:
    """Slow states `step` days later, and the estimated error (exponential Runge-Kutta)."""
    z = step / batch.compiled.arrays.slow_tau_days
    after = slow.copy()
    before = batch.targets(batch.activity(slow))
    relax(before, np.exp(-z), after)
    first_order = after.copy()
    correct(before, batch.targets(batch.activity(after)), (np.expm1(-z) + z) / z, after)
    return after, float(np.abs(after - first_order).max(initial=0.0))
