"""Lane arrays: patients x genotypes laid out for the kernels, with each genotype's alterations applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.compile import Compiled, Floats
from forestall.biology.signaling.slow_states import rest_state
from forestall.engine.kernels import kernel_with
from forestall.errors import KnowledgeError, did_you_mean
from forestall.knowledge.alterations import (
    Change,
    LimitAccess,
    Operator,
    RemoveInput,
    ScaleExpression,
    SetFloor,
    ShiftAffinity,
)

MAX_ALTERATIONS = 62
"""Genotypes are bit masks in a signed 64-bit integer."""


class AlterationArrays(NamedTuple):
    """What each alteration of an ordered list does, as factors; bit k of a genotype stands for row k."""

    sparing: Floats
    """(alterations, nodes) one minus the floor that it sets."""
    expression: Floats
    """(alterations, nodes) factor on expression."""
    weight: Floats
    """(alterations, terms) factor on term weights."""
    access: Floats
    """(alterations, actions) factor on access."""
    required: NDArray[np.int64]
    """(actions,) alterations without which an action has no access, as bits; 0 for most actions."""


def compile_alterations(
    compiled: Compiled, alterations: Sequence[Change], actions: Sequence[Action] = ()
) -> AlterationArrays:
    """Flatten alterations.

    Args:
        compiled: The network.
        alterations: At most 62, in the order of the genotype's bits.
        actions: Every drug action, in the order of the access rows (those outside the network too).

    Raises:
        KnowledgeError: if an operator names what the network lacks, or there are too many alterations.
    """
    if len(alterations) > MAX_ALTERATIONS:
        raise KnowledgeError(
            "too many alterations", value=len(alterations), allowed=f"at most {MAX_ALTERATIONS}"
        )
    dtype = compiled.term_weight.dtype
    sizes = (len(compiled.index.nodes), len(compiled.index.nodes), len(compiled.term_weight), len(actions))
    sparing, expression, weight, access = (np.ones((len(alterations), size), dtype) for size in sizes)
    arrays = AlterationArrays(sparing, expression, weight, access, _required(alterations, actions))
    for row, alteration in enumerate(alterations):
        for operator in alteration.operators:
            try:
                _enter(compiled, arrays, row, operator, actions)
            except KnowledgeError as error:
                raise KnowledgeError(
                    error.message, field=alteration.id, value=error.value, fix=error.fix
                ) from None
    _enter_affinities(arrays, alterations, actions)
    return arrays


def _required(alterations: Sequence[Change], actions: Sequence[Action]) -> NDArray[np.int64]:
    bit = {alteration.id: 1 << row for row, alteration in enumerate(alterations)}
    return np.array([bit.get(action.variant, 0) for action in actions], np.int64)


def _enter_affinities(
    arrays: AlterationArrays, alterations: Sequence[Change], actions: Sequence[Action]
) -> None:
    """Where a variant has an affinity of its own, its action stands in for the common one and for those of weaker variants."""
    for column, action in enumerate(actions):
        fold = affinity_of(alterations, action)
        for row, own in fold.items():
            weaker = action.variant and own <= fold[_row_of(alterations, action.variant)]
            if alterations[row].id != action.variant and not weaker:
                arrays.access[row, column] = 0


def _row_of(alterations: Sequence[Change], name: str) -> int:
    return next(row for row, alteration in enumerate(alterations) if alteration.id == name)


def affinity_of(alterations: Sequence[Change], action: Action) -> dict[int, tuple[float, int]]:
    """The alterations that shift an action, by row: the fold change, and the row to tell equal ones apart."""
    return {
        row: (operator.value.value, row)
        for row, alteration in enumerate(alterations)
        for operator in alteration.operators
        if isinstance(operator, ShiftAffinity) and operator.covers(drug=action.drug, target=action.target)
    }


def _enter(
    compiled: Compiled, arrays: AlterationArrays, row: int, operator: Operator, actions: Sequence[Action]
) -> None:
    value = operator.value.value
    if isinstance(operator, SetFloor):
        arrays.sparing[row, compiled.index.node(operator.node)] *= 1 - value
    elif isinstance(operator, ScaleExpression):
        arrays.expression[row, list(compiled.index.pool(operator.node))] *= value
    elif isinstance(operator, LimitAccess):
        for column, action in enumerate(actions):
            if operator.covers(
                drug=action.drug, drug_class=action.drug_class, kind=action.kind, target=action.target
            ):
                arrays.access[row, column] *= value
    elif isinstance(operator, ShiftAffinity):
        return  # entered when all alterations are known, see `_enter_affinities`
    else:
        factor = 1 - value if isinstance(operator, RemoveInput) else value
        arrays.weight[row, list(compiled.index.edge(operator.edge))] *= factor


@kernel_with(error_model="numpy", nogil=True)
def write_lanes(
    alterations: AlterationArrays,
    genotype: Any,
    context_expression: Any,
    network_weight: Any,
    base_expression: Any,
    floor: Any,
    term_weight: Any,
    access: Any,
) -> None:
    """Fill lane arrays with what each lane's genotype does.

    Args:
        alterations: Compiled alterations.
        genotype: (lanes,) int64 bit masks.
        context_expression: (nodes, lanes) expression without alterations.
        network_weight: (terms,) weights of the network.
        base_expression: (nodes, lanes) the result.
        floor: (nodes, lanes) the result.
        term_weight: (terms, lanes) the result, at most 1.
        access: (actions, lanes) the result.
    """
    base_expression[:] = context_expression
    floor[:] = 1
    access[:] = 1
    for t in range(network_weight.size):
        term_weight[t] = network_weight[t]
    for lane in range(genotype.size):
        for k in range(alterations.expression.shape[0]):
            if (genotype[lane] >> k) & 1:
                base_expression[:, lane] *= alterations.expression[k]
                floor[:, lane] *= alterations.sparing[k]
                term_weight[:, lane] *= alterations.weight[k]
                access[:, lane] *= alterations.access[k]
        for a in range(alterations.required.size):
            if genotype[lane] & alterations.required[a] != alterations.required[a]:
                access[a, lane] = 0
    for node in range(floor.shape[0]):
        for lane in range(genotype.size):
            floor[node, lane] = 1 - floor[node, lane]
    for t in range(network_weight.size):
        for lane in range(genotype.size):
            term_weight[t, lane] = min(term_weight[t, lane], term_weight.dtype.type(1))


@dataclass(frozen=True)
class Lanes:
    """Everything the kernels need about a batch of lanes, before drugs."""

    base_expression: Floats
    """(nodes, lanes)"""
    floor: Floats
    """(nodes, lanes)"""
    term_weight: Floats
    """(terms, lanes)"""
    access: Floats
    """(actions, lanes)"""
    driver_gain: Floats
    """(drivers, lanes)"""
    normalizer: Floats
    """(slow, lanes) at the untreated truncal state of each lane's patient."""
    rest_activity: Floats
    """(nodes, lanes) of each lane's truncal genotype, untreated."""


def build_lanes(
    compiled: Compiled,
    alterations: AlterationArrays,
    genotype: NDArray[np.int64],
    truncal: NDArray[np.int64],
    context_expression: Floats,
    driver_gain: Floats | None = None,
) -> Lanes:
    """Lane arrays of a batch.

    Args:
        compiled: The network.
        alterations: Compiled alterations.
        genotype: (lanes,) genotype of each lane.
        truncal: (lanes,) genotype at which each lane's patient was at rest before treatment.
        context_expression: (nodes, lanes) each patient's expression without alterations.
        driver_gain: (drivers, lanes) gains of the slow drivers; the network's if absent.
    """
    gain = _across(compiled.driver_gain, genotype.size) if driver_gain is None else driver_gain
    trunk, _ = _written(compiled, alterations, truncal, context_expression)
    activity = np.empty_like(trunk[0])
    normalizer = np.empty((len(compiled.index.slow), genotype.size), activity.dtype)
    rest_state(compiled.arrays, *trunk, gain, activity, normalizer)
    (base, floor, weight), access = _written(compiled, alterations, genotype, context_expression)
    return Lanes(base, floor, weight, access, gain, normalizer, activity)


def _written(
    compiled: Compiled, alterations: AlterationArrays, genotype: NDArray[np.int64], context_expression: Floats
) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    dtype, lanes = compiled.term_weight.dtype, genotype.size
    base, floor = (np.empty((len(compiled.index.nodes), lanes), dtype) for _ in range(2))
    weight = np.empty((len(compiled.term_weight), lanes), dtype)
    access = np.empty((alterations.access.shape[1], lanes), dtype)
    write_lanes(alterations, genotype, context_expression, compiled.term_weight, base, floor, weight, access)
    return (base, floor, weight), access


def _across(values: Floats, lanes: int) -> Floats:
    return np.ascontiguousarray(np.repeat(values[:, None], lanes, axis=1))


def expression_with_ligands(
    compiled: Compiled, context: str, ligands: Mapping[str, float] | None = None
) -> Floats:
    """Expression (nodes,) of a context in a patient with given ligand levels.

    Args:
        compiled: The network.
        context: Its context.
        ligands: Level (activity, in [0, 1)) of input nodes such as estradiol; the context's level if absent.

    Raises:
        KnowledgeError: if a name is not an input node of the network.
    """
    expression = compiled.expression_of(context)
    for name, level in (ligands or {}).items():
        position = compiled.index.node(name)
        node = compiled.network.nodes[name]
        if node.inputs or not 0 < node.basal.value < 1:
            inputs = [key for key, entry in compiled.network.nodes.items() if not entry.inputs]
            raise KnowledgeError("not a ligand", value=name, fix=did_you_mean(name, inputs))
        if not 0 <= level < 1:
            raise KnowledgeError("a ligand level lies in [0, 1)", field=name, value=level)
        expression[position] = odds(level) / odds(node.basal.value)
    return expression


def odds(share: float) -> float:
    """Odds of a share in [0, 1)."""
    return share / (1 - share)


def gains_with_traits(compiled: Compiled, traits: Mapping[str, bool] | None = None) -> Floats:
    """Gains (drivers,) of the slow drivers in a patient with given traits.

    Args:
        compiled: The network.
        traits: Whether the patient has each trait; a trait that is not mentioned keeps the network's gain.

    Raises:
        KnowledgeError: if a trait is unknown.
    """
    gain = compiled.driver_gain.copy()
    for name, present in (traits or {}).items():
        known = compiled.network.traits
        if name not in known:
            raise KnowledgeError("unknown trait", value=name, fix=did_you_mean(name, known))
        trait = known[name]
        factor = trait.present if present else trait.absent
        gain[compiled.index.drivers[trait.slow, trait.driver]] *= factor.value
    return gain
