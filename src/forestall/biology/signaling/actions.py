"""Drug actions on the network: which node or term each one touches, and how its effect enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from forestall.biology.signaling.compile import Compiled, Floats, Ints
from forestall.engine.kernels import kernel_with
from forestall.errors import KnowledgeError

INHIBIT: Final = 0
"""Multiplies the activity of nodes (also used for `deplete`, whose target is a ligand)."""
DEGRADE: Final = 1
"""Multiplies the expression of nodes."""
BLOCK: Final = 2
"""Multiplies the weight of terms."""
OUTSIDE: Final = 3
"""Does not act on the network (cytotoxic, payload, adcc)."""

CODE_OF_KIND: Final = {"inhibit": INHIBIT, "deplete": INHIBIT, "degrade": DEGRADE, "block": BLOCK}


@dataclass(frozen=True)
class Action:
    """One action of one drug, as the network needs to know it."""

    kind: str
    """inhibit, deplete, degrade, block; every other kind acts outside the network."""
    target: str
    """A node, or an edge "A->B" for `block`."""
    drug: str = ""
    drug_class: str = ""
    variant: str = ""
    """Alteration in whose clones alone the action holds, with an affinity of its own; empty for what holds in the others."""


class CompiledActions(NamedTuple):
    """Actions as flat arrays."""

    code: Ints
    """(actions,)"""
    target_start: Ints
    """(actions + 1,)"""
    target: Ints
    """Positions of nodes (inhibit, degrade) or of terms (block)."""


def compile_actions(compiled: Compiled, actions: Sequence[Action]) -> CompiledActions:
    """Resolve the targets of actions in a network.

    Raises:
        KnowledgeError: if a target is not in the network.
    """
    codes = [CODE_OF_KIND.get(action.kind, OUTSIDE) for action in actions]
    targets = [_targets(compiled, action, code) for action, code in zip(actions, codes, strict=True)]
    return CompiledActions(
        code=np.array(codes, np.int32),
        target_start=np.concatenate([[0], np.cumsum([len(found) for found in targets])]).astype(np.int32),
        target=np.array([position for found in targets for position in found], np.int32),
    )


def _targets(compiled: Compiled, action: Action, code: int) -> tuple[int, ...]:
    if code == OUTSIDE:
        return ()
    try:
        return compiled.index.edge(action.target) if code == BLOCK else _within_reach(compiled, action)
    except KnowledgeError as error:
        drug = action.drug or "an action"
        raise KnowledgeError(
            f"{drug} has a target that the network '{compiled.network.id}' lacks",
            value=action.target,
            fix=error.fix,
        ) from None


def _within_reach(compiled: Compiled, action: Action) -> tuple[int, ...]:
    """The target's pool without the members that are hidden from the drug's class."""
    nodes, names = compiled.network.nodes, compiled.nodes
    return tuple(
        position
        for position in compiled.index.pool(action.target)
        if action.drug_class not in nodes[names[position]].hidden_from
    )


@kernel_with(error_model="numpy", nogil=True)
def apply_effects(
    actions: CompiledActions,
    effect: Floats,
    access: Floats,
    expression: Floats,
    term_weight: Floats,
    expression_out: Floats,
    node_effect_out: Floats,
    term_weight_out: Floats,
) -> None:
    """Turn drug effects into the network's inputs; every lane sees the same effects.

    Args:
        actions: Compiled actions.
        effect: (actions,) max_effect * occupancy, in [0, 1].
        access: (actions, lanes) share of the effect that reaches the target in this lane.
        expression: (nodes, lanes) expression before drugs.
        term_weight: (terms, lanes) weights before drugs.
        expression_out: (nodes, lanes) expression, times (1 - effect * access) for `degrade`.
        node_effect_out: (nodes, lanes) product of (1 - effect * access) over `inhibit` and `deplete`.
        term_weight_out: (terms, lanes) weights, times (1 - effect * access) for `block`.
    """
    expression_out[:, :] = expression
    term_weight_out[:, :] = term_weight
    node_effect_out[:, :] = 1
    for action in range(actions.code.size):
        if actions.code[action] != OUTSIDE and effect[action] != 0:
            reach = access[action]
            strength = effect[action]
            for k in range(actions.target_start[action], actions.target_start[action + 1]):
                code, position = actions.code[action], actions.target[k]
                row = _row(code, position, expression_out, node_effect_out, term_weight_out)
                one = row.dtype.type(1)
                for lane in range(row.size):
                    row[lane] *= one - strength * reach[lane]


@kernel_with(error_model="numpy", nogil=True)
def apply_effects_by_lane(
    actions: CompiledActions,
    effect: Floats,
    access: Floats,
    expression: Floats,
    term_weight: Floats,
    expression_out: Floats,
    node_effect_out: Floats,
    term_weight_out: Floats,
) -> None:
    """As `apply_effects`, with an effect for every lane: `effect` is (actions, lanes)."""
    expression_out[:, :] = expression
    term_weight_out[:, :] = term_weight
    node_effect_out[:, :] = 1
    for action in range(actions.code.size):
        if actions.code[action] != OUTSIDE:
            reach, strength = access[action], effect[action]
            for k in range(actions.target_start[action], actions.target_start[action + 1]):
                code, position = actions.code[action], actions.target[k]
                row = _row(code, position, expression_out, node_effect_out, term_weight_out)
                one = row.dtype.type(1)
                for lane in range(row.size):
                    row[lane] *= one - strength[lane] * reach[lane]


@kernel_with(error_model="numpy")
def _row(code: Any, position: Any, expression: Any, node_effect: Any, term_weight: Any) -> Any:
    """The (lanes,) row that an action multiplies."""
    if code == INHIBIT:
        return node_effect[position]
    if code == DEGRADE:
        return expression[position]
    return term_weight[position]
