"""Why a combination does more than its better part: read off the network's states, never off a table of pairs.

The state under the better part of a combination is compared with the state under the whole. Each node in turn is set to its activity
under the whole while everything else stays as the better part leaves it; the share of the growth difference that this makes is the
share that the node explains. A node that rose above its untreated activity under the better part is a rebound that the added drug
removes; one that the better part left alone is a bypass that it closes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forestall.biology.assay import End, activity_at, growth_at, run_assay
from forestall.biology.culture import Culture, TreatedLanes, Treatments
from forestall.biology.signaling.compile import Floats, HillArrays
from forestall.biology.signaling.lanes import Lanes
from forestall.studies.screen.system import Array, Panel, joined, named

LEAST_GAIN = 0.05
"""Share of the untreated growth rate that an added drug must take away to be explained."""
LEAST_SHARE = 0.25
"""Share of the difference that a node must explain to be named."""
NEARLY_ALL = 0.8
"""Of nodes that explain nearly as much as the best one, the most upstream is named."""
RISEN, KEPT, MOVED = 1.05, 0.7, 0.02
_ROWS_AT_ONCE = 50


@dataclass(frozen=True)
class _States:
    """Some combinations under their better part and as a whole; arrays are (what, rows)."""

    treated: TreatedLanes
    base: End
    whole: End
    base_expression: Floats
    growth: Array
    """(2, rows) under the better part and under the whole, at the end of the assay."""
    explained: Array
    """(nodes, rows) share of the difference that each node explains."""
    killing: Array
    """(rows,) share that direct killing explains."""


def explanations(
    culture: Culture, panel: Panel, base: Treatments, added: Treatments, days: float
) -> list[str]:
    """One sentence for each combination.

    Args:
        culture: Cell lines and drugs.
        panel: Names of the drugs.
        base: (n, k - 1) the better part of each combination.
        added: (n, 1) the drug that completes it.
        days: Length of the assay.
    """
    sentences: list[str] = []
    for first in range(0, base.line.size, _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        some_base, some_added = base.part(rows), added.part(rows)
        states = _states(culture, some_base, some_added, days)
        for row in range(some_base.line.size):
            names = named(panel, some_base.drug[row].tolist()), named(panel, some_added.drug[row].tolist())
            sentences.append(_sentence(culture, states, row, *names))
    return sentences


def _states(culture: Culture, base: Treatments, added: Treatments, days: float) -> _States:
    treated, complete = culture.treated(base), culture.treated(joined(base, added))
    under_base, under_whole = (run_assay(lanes, culture.fates, days) for lanes in (treated, complete))
    expression = _expression(treated, under_base)
    growth = np.stack([under_base.growth, under_whole.growth])
    difference = np.where(growth[0] == growth[1], np.inf, growth[0] - growth[1])
    changed = _with_each_node(culture, treated, under_base.activity, under_whole.activity, expression)
    killed = growth_at(_with_kill_of(treated, complete), culture.fates, under_base.activity, expression)
    explained = (growth[0] - changed) / difference
    return _States(
        treated, under_base, under_whole, expression, growth, explained, (growth[0] - killed) / difference
    )


def _expression(treated: TreatedLanes, end: End) -> Floats:
    expression = treated.lanes.base_expression.copy()
    slow_of = treated.network.arrays.slow_of_node
    expression[slow_of >= 0] = end.slow[slow_of[slow_of >= 0]]
    return np.asarray(expression * treated.expression_factor)


def _with_each_node(
    culture: Culture, treated: TreatedLanes, now: Floats, then: Floats, expression: Floats
) -> Array:
    """(nodes, rows) growth if one node alone went from its activity `now` to that of `then`."""
    nodes, rows = now.shape
    repeated = _repeated(treated, nodes)
    effect = repeated.node_effect.copy()
    node, lane = np.indices((nodes, rows))
    ratio = np.divide(then, now, out=np.ones_like(now), where=now > 1e-12)
    effect[node.ravel(), (node * rows + lane).ravel()] *= ratio.ravel()
    wide = np.tile(expression, (1, nodes))
    activity = activity_at(repeated, wide, effect)
    return growth_at(repeated, culture.fates, activity, wide).reshape(nodes, rows)


def _repeated(treated: TreatedLanes, times: int) -> TreatedLanes:
    def wide(rows: Floats) -> Floats:
        return np.asarray(np.tile(rows, (1, times)))

    return TreatedLanes(
        network=treated.network,
        lanes=Lanes(**{name: wide(rows) for name, rows in vars(treated.lanes).items()}),
        node_effect=wide(treated.node_effect),
        expression_factor=wide(treated.expression_factor),
        term_weight=wide(treated.term_weight),
        kill=np.tile(treated.kill, (1, times)),
        antigen=treated.antigen,
        reference=wide(treated.reference),
    )


def _with_kill_of(treated: TreatedLanes, complete: TreatedLanes) -> TreatedLanes:
    return replace(treated, kill=complete.kill, antigen=complete.antigen)


def _sentence(culture: Culture, states: _States, row: int, base: str, added: str) -> str:
    before, after = states.growth[:, row]
    outcome = f"growth goes from {before:+.2f} to {after:+.2f} per day"
    if before - after < LEAST_GAIN * culture.fates.growth:
        return _little(culture, states, row, base, added, outcome)
    if states.killing[row] >= 0.5:
        return f"{added} kills dividing cells whatever {base} leaves of their signaling: {outcome}."
    node, kind = _chosen(states, row)
    if node is None:
        return f"{added} acts on many nodes a little, none of which explains the difference alone: {outcome}."
    name = culture.network.nodes[node]
    rest, under_base, under_whole = (
        float(values[node, row])
        for values in (states.treated.lanes.rest_activity, states.base.activity, states.whole.activity)
    )
    share = f"which explains {min(states.explained[node, row], 1.0):.0%} of the difference"
    if kind == "rebound":
        why = _why_risen(culture, states, node, row)
        return (
            f"under {base}, growth runs through {name}, which rises from {rest:.2f} to {under_base:.2f}{why}; "
            f"{added} takes it to {under_whole:.2f}, {share}: {outcome}."
        )
    left = f"{base} leaves {name} at {under_base:.2f} (untreated {rest:.2f})"
    verb = "closes this bypass" if kind == "bypass" else "deepens the block"
    if under_whole > under_base:
        verb = "restores it"
    return f"{left}; {added} {verb} (to {under_whole:.2f}), {share}: {outcome}."


def _little(culture: Culture, states: _States, row: int, base: str, added: str, outcome: str) -> str:
    before, after = states.growth[:, row]
    if after - before < LEAST_GAIN * culture.fates.growth:
        return f"{added} adds little to {base}: {outcome}."
    node = int(np.argmax(states.explained[:, row]))
    name = culture.network.nodes[node]
    levels = f"from {states.base.activity[node, row]:.2f} to {states.whole.activity[node, row]:.2f}"
    return f"{added} works against {base} by moving {name} {levels}: {outcome}."


def _chosen(states: _States, row: int) -> tuple[int | None, str]:
    """The node to name, and whether it is a rebound, a bypass or a shared target; nodes are in upstream order."""
    explained = states.explained[:, row]
    rest, base, whole = (
        values[:, row]
        for values in (states.treated.lanes.rest_activity, states.base.activity, states.whole.activity)
    )
    arrays = states.treated.network.arrays
    candidate = (explained >= LEAST_SHARE) & (np.abs(base - whole) > MOVED)
    candidate[[arrays.proliferation, arrays.survival]] = False
    rebound = candidate & (base > RISEN * rest + MOVED) & (whole < base)
    bypass = candidate & (base > KEPT * rest) & (whole < base)
    for kind, which in (("rebound", rebound), ("bypass", bypass), ("shared", candidate)):
        if which.any():
            best = explained[which].max()
            return int(np.flatnonzero(which & (explained >= NEARLY_ALL * best))[0]), kind
    return None, ""


def _why_risen(culture: Culture, states: _States, node: int, row: int) -> str:
    """What raised the expression of a node, if its expression rose."""
    arrays = culture.network.arrays
    q = int(arrays.slow_of_node[node])
    if q < 0:
        return ""
    lanes = states.treated.lanes
    fold = float(states.base.slow[q, row] / lanes.base_expression[node, row])
    if fold < RISEN:
        return ""
    drivers = np.arange(arrays.driver_start[q], arrays.driver_start[q + 1])
    asked = [
        _log_demand(arrays.driver, drivers, lanes.driver_gain[:, row], activity[:, row])
        for activity in (lanes.rest_activity, states.base.activity)
    ]
    driver = int(drivers[np.argmax(asked[1] - asked[0])])
    source = int(arrays.driver.node[driver])
    direction = "falls" if arrays.driver.negated[driver] else "rises"
    return f" (its expression {fold:.1f}-fold, as {culture.network.nodes[source]} {direction})"


def _log_demand(drivers: HillArrays, which: NDArray[np.int64], gain: Floats, activity: Floats) -> Array:
    """(drivers,) logarithm of what each driver asks of the expression."""
    power = activity[drivers.node[which]] ** drivers.power[which]
    hill = drivers.top[which] * power / (power + drivers.bottom[which])
    return np.log1p(gain[which] * np.where(drivers.negated[which], 1 - hill, hill))
