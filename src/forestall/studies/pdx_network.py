"""What the signaling network says of compounds and combinations in a xenograft model.

The growth of a case relative to the untreated one is

    g = P/P0 - (delta/beta) * max(0, 1 - S/S0),

with P and S the proliferation and survival drives, beta the birth rate and delta the death rate at lost survival drive (the same law
as in patients); its effect is 1 - g. A combination's *place* is 0 at the highest single agent and 1 at Bliss independence:
(effect of all - largest effect) / (sum of the others).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.steady import Case, State, steady_states
from forestall.knowledge import parameters
from forestall.knowledge.pdx_treatments import load_pdx_treatments

_NEGLIGIBLE = 0.02
"""An effect below this share of growth says nothing of how compounds work together."""


@dataclass(frozen=True)
class Tumor:
    """A tumor as the network sees it."""

    context: str
    alterations: tuple[str, ...] = ()


def single_effects(tumors: Sequence[Tumor]) -> list[dict[str, float]]:
    """Effect of every compound that has a node in the network, by code, one table per tumor."""
    singles = [(code,) for code, entry in load_pdx_treatments().items() if entry.acts_on]
    return [
        {code: round(effect, 5) for (code,), effect in table.items()}
        for table in network_effects(tumors, singles)
    ]


def network_effects(
    tumors: Sequence[Tumor], treatments: Sequence[tuple[str, ...]]
) -> list[dict[tuple[str, ...], float]]:
    """Effect of each treatment in each tumor, as a share of untreated growth.

    Args:
        tumors: The tumors.
        treatments: Codes; compounds without a node of the network have no effect here.

    Returns:
        One table per tumor, treatment -> effect.
    """
    kinds = list(dict.fromkeys(tumors))
    table = {kind: _effects_in(kind, tuple(dict.fromkeys(treatments))) for kind in kinds}
    return [table[tumor] for tumor in tumors]


@functools.lru_cache(maxsize=512)
def _effects_in(tumor: Tumor, treatments: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], float]:
    cases = [_case(tumor, ())] + [_case(tumor, codes) for codes in treatments]
    untreated, *treated = steady_states(cases)
    return {
        codes: 1 - _relative_growth(state, untreated)
        for codes, state in zip(treatments, treated, strict=True)
    }


def _case(tumor: Tumor, codes: tuple[str, ...]) -> Case:
    strength = parameters.value("xenograft.network_effect", "1")
    known = load_pdx_treatments()
    left: dict[str, float] = {}
    for touch in (touch for code in codes for touch in known[code].acts_on):
        left[touch.node] = left.get(touch.node, 1.0) * (1 - strength)
    effects: dict[str | Action, float] = {f"inhibit {node}": 1 - share for node, share in left.items()}
    return Case(tumor.context, effects=effects, truncal=tumor.alterations)


def _relative_growth(state: State, untreated: State) -> float:
    cost = parameters.value("death.signal_rate", "1/day") / parameters.value("growth.birth_rate", "1/day")
    lost = max(0.0, 1 - state["survival"] / untreated["survival"])
    return state["proliferation"] / untreated["proliferation"] - cost * lost


def place_in(effects: Mapping[tuple[str, ...], float], codes: tuple[str, ...]) -> float:
    """Where the network puts a combination between the highest single agent (0) and Bliss independence (1).

    Args:
        effects: Effects in one tumor, of the combination and its parts.
        codes: The combination.

    Returns:
        The place, cut off at 0 and 1, because nothing that single agents tell could bear out a claim of synergy or antagonism. It is 1
        where all but one of the compounds act outside the network, and the center where the network has a compound's target but gives
        it no effect in this tumor, so that it cannot tell.
    """
    inside = [code for code in codes if load_pdx_treatments()[code].acts_on]
    if len(inside) < 2:
        return 1.0
    single = sorted(effects[(code,)] for code in inside)
    if single[0] < _NEGLIGIBLE:
        return parameters.value("xenograft.combination_center", "1")
    return min(max((effects[codes] - single[-1]) / sum(single[:-1]), 0.0), 1.0)


def expected_place(effects: Mapping[tuple[str, ...], float], codes: tuple[str, ...]) -> float:
    """The network's place, drawn halfway (by `xenograft.network_weight`) to the center of what is plausible."""
    center = parameters.value("xenograft.combination_center", "1")
    weight = parameters.value("xenograft.network_weight", "1")
    return center + weight * (place_in(effects, codes) - center)
