"""Responses of every combination at every grid point, and what non-interacting drugs would do there."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.culture import Treatments
from forestall.errors import InputError
from forestall.statistics.loewe import additive_responses, falling
from forestall.statistics.synergy import bliss, highest_single_agent, zero_interaction_potency
from forestall.studies.screen.system import Array, Ints, Panel, System, untreated

LANES_AT_ONCE = 200_000
MOST_POINTS = 5_000_000
FEWEST_DOSES_FOR_ZIP = 3
_CURVE_POINTS = 121
_CURVE_BEYOND = 1e3
"""Single-agent curves reach this far below the lowest and above the highest dose."""


@dataclass(frozen=True)
class Singles:
    """Every drug alone."""

    untreated: Array
    """(lines,) logarithm of the response without drugs."""
    response: Array
    """(drugs, lines, m) as fractions of the untreated response."""
    log_response: Array
    """(drugs, lines, m)"""
    curve_dose: Array
    """(drugs, points) doses of the curves."""
    curve: Array
    """(drugs, lines, points) responses, never rising with the dose."""


@dataclass(frozen=True)
class Surfaces:
    """Every combination of one order k over a grid of m doses of each of its drugs."""

    drugs: Ints
    """(combinations, k)"""
    response: Array
    """(combinations, lines, m, ..., m) fractions of the untreated response."""
    log_response: Array
    """The same shape."""
    synergy: dict[str, Array]
    """By reference model: expected minus observed response, the same shape."""
    fitted: Array | None = None
    """The same shape: the ZIP model's smooth surface, if there are doses enough."""

    @property
    def order(self) -> int:
        """Drugs in each combination."""
        return int(self.drugs.shape[1])


def check_size(panel: Panel) -> int:
    """Number of combination points of a screen.

    Raises:
        InputError: if there are too many for memory.
    """
    drugs, m = panel.doses.shape
    points = sum(math.comb(drugs, k) * len(panel.lines) * m**k for k in range(1, panel.order + 1))
    if points > MOST_POINTS:
        raise InputError(
            "the screen is too large",
            value=f"{points} points",
            allowed=f"up to {MOST_POINTS}",
            fix="use fewer drugs, doses or genotypes, or a lower order",
        )
    return int(points)


def single_agents(system: System) -> Singles:
    """Run every drug alone, at the doses and along a fine curve."""
    panel = system.panel
    rest = system.log_response(untreated(len(panel.lines)))
    low, high = np.log(panel.doses[:, 0] / _CURVE_BEYOND), np.log(panel.doses[:, -1] * _CURVE_BEYOND)
    curve_dose = np.exp(np.linspace(low, high, _CURVE_POINTS, axis=1))
    if panel.unit == "share":
        curve_dose = np.linspace(1e-3, 1.0, _CURVE_POINTS)[None, :].repeat(len(panel.drugs), axis=0)
    fine = _alone(system, np.concatenate([panel.doses, curve_dose], axis=1))
    m = panel.doses.shape[1]
    response = np.exp(fine - rest[:, None])
    curve = np.stack([falling(rows) for rows in response[:, :, m:]])
    return Singles(rest, response[:, :, :m], fine[:, :, :m], curve_dose, curve)


def _alone(system: System, doses: Array) -> Array:
    """(drugs, lines, points) logarithms of responses at doses (drugs, points)."""
    drugs, points = doses.shape
    lines = len(system.panel.lines)
    drug, line, point = (axis.ravel() for axis in np.indices((drugs, lines, points)))
    lanes = Treatments(line, drug[:, None], doses[drug, point][:, None])
    return _in_parts(system, lanes).reshape(drugs, lines, points)


def _in_parts(system: System, treatments: Treatments) -> Array:
    starts = range(0, treatments.line.size, LANES_AT_ONCE)
    lanes = [treatments.part(slice(first, first + LANES_AT_ONCE)) for first in starts]
    return np.concatenate([system.log_response(part) for part in lanes])


def combinations_of(system: System, singles: Singles, order: int, lower: Surfaces | None = None) -> Surfaces:
    """Run every combination of one order.

    Args:
        system: The model.
        singles: Its single agents.
        order: 2 or 3.
        lower: The pairs, for ZIP of triples.

    Returns:
        Responses and synergy; ZIP only where there are at least three doses.
    """
    panel = system.panel
    count, m = panel.doses.shape
    drugs = np.array(list(itertools.combinations(range(count), order)), np.int64).reshape(-1, order)
    shape = (len(drugs), len(panel.lines), *(m,) * order)
    lanes = _lanes(panel, drugs, shape)
    log_response = _in_parts(system, lanes).reshape(shape)
    response = np.exp(log_response - singles.untreated.reshape(1, -1, *(1,) * order))
    alone = _alone_in(singles, drugs, shape)
    synergy = {
        "bliss": bliss(alone) - response,
        "hsa": highest_single_agent(alone) - response,
        "loewe": _loewe(singles, lanes).reshape(shape) - response,
    }
    fitted: Array | None = None
    if m >= FEWEST_DOSES_FOR_ZIP and (order == 2 or (lower is not None and lower.fitted is not None)):
        synergy["zip"], fitted = _zip(panel, singles, drugs, response, lower)
    return Surfaces(drugs, response, log_response, synergy, fitted)


def _lanes(panel: Panel, drugs: Ints, shape: tuple[int, ...]) -> Treatments:
    combination, line, *levels = (axis.ravel() for axis in np.indices(shape))
    drug = drugs[combination]
    return Treatments(line, drug, panel.doses[drug, np.stack(levels, axis=1)])


def _alone_in(singles: Singles, drugs: Ints, shape: tuple[int, ...]) -> Array:
    """(..., k) each drug's response alone at its dose in the combination."""
    order, m = drugs.shape[1], shape[-1]
    parts = []
    for k in range(order):
        part = singles.response[drugs[:, k]]
        ones = [1] * order
        ones[k] = m
        parts.append(np.broadcast_to(part.reshape(*part.shape[:2], *ones), shape))
    return np.stack(parts, axis=-1)


def _loewe(singles: Singles, lanes: Treatments) -> NDArray[np.float64]:
    drugs, lines, points = singles.curve.shape
    log_dose = np.repeat(np.log(singles.curve_dose), lines, axis=0)
    rows = lanes.drug * lines + lanes.line[:, None]
    curves = singles.curve.reshape(drugs * lines, points)
    return np.asarray(additive_responses(lanes.concentration, rows, log_dose, curves))


def _zip(
    panel: Panel, singles: Singles, drugs: Ints, response: Array, lower: Surfaces | None
) -> tuple[Array, Array]:
    """Synergy and fitted surface, (combinations, lines, m, ..., m); all combinations and lines are fitted together."""
    combinations, lines, m = response.shape[:3]
    rows = combinations * lines
    doses = np.repeat(panel.doses[drugs], lines, axis=0)
    alone = singles.response[drugs].swapaxes(1, 2).reshape(rows, drugs.shape[1], m)
    others = None if lower is None else _fitted_others(drugs, lower).reshape(rows, drugs.shape[1], m, m)
    zip_model = zero_interaction_potency(doses, alone, response.reshape(rows, *response.shape[2:]), others)
    return zip_model.synergy.reshape(response.shape), zip_model.fitted.reshape(response.shape)


def _fitted_others(drugs: Ints, lower: Surfaces) -> Array:
    """(triples, lines, 3, m, m) fitted surfaces of the two drugs that are left without each."""
    assert lower.fitted is not None
    row_of = {tuple(pair): row for row, pair in enumerate(lower.drugs.tolist())}
    rows = [[row_of[tuple(np.delete(triple, left_out))] for left_out in range(3)] for triple in drugs]
    return np.asarray(lower.fitted[np.array(rows, np.int64)].swapaxes(1, 2))
