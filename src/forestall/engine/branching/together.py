"""Both phenotypes of a genotype drawn at once, from their exact means and covariance, where both are many and vary little."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.branching.daughters import cycling_rates, expected_emissions
from forestall.engine.branching.lattice import LatticeArrays
from forestall.engine.branching.mutants import emit_mutants, fastest_change
from forestall.engine.branching.pairs import mean_matrix, pair_moments
from forestall.engine.branching.path import Path, Shares
from forestall.engine.branching.stack import (
    CYCLING,
    DONE,
    MEAN_ABOVE,
    PAIR_ABOVE,
    STATUS,
    TOLERANT,
    Worker,
    ask_for,
    push,
)
from forestall.engine.bulk import NODES, WEIGHTS
from forestall.engine.counts import next_gamma
from forestall.engine.kernels import bare_kernel, bare_kernel_with

Moments = tuple[float, float, float, float, float]
"""As `pair_moments` returns them."""

FOLDS_AT_ONCE = 4.0
"""Longest interval drawn in bulk, over the fastest change of the clone or its mutants."""
FEW = 32.0
"""Emissions up to which a large clone is still followed one by one."""
_ENOUGH = 30.0
"""Cells of each phenotype that must be expected for the two to be drawn together."""
_SMOOTH = 1.0 / 16.0
"""Largest squared coefficient of variation at which they are."""


@bare_kernel
def longest_at_once(fastest: float) -> float:
    """Longest interval that is drawn in bulk, days, of clones that change at a rate."""
    return FOLDS_AT_ONCE / fastest if fastest > 0.0 else math.inf


@bare_kernel
def expected_to_wake(cells: float, wake: float, leaving: float, days: float) -> float:
    """Number of tolerant cells that are expected to wake, of some that leave at a rate, 1/day."""
    return cells * -math.expm1(-leaving * days) * wake / leaving


@bare_kernel_with(forceinline=True)
def follow_together(
    state: npt.NDArray[np.uint64],
    row: int,
    cycling: float,
    tolerant: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow both phenotypes of one genotype for as long as they can be drawn together.

    Args:
        state: (2,) state of a stream.
        row: The genotype.
        cycling: Its cycling cells on day `start`, integer-valued.
        tolerant: Its tolerant cells.
        start: Day within the interval.
        end: End of the interval.
        phase: Phase of treatment.
        room: Factor on divisions.
        lattice: Genotypes.
        worker: Founders that wait; receives both phenotypes and the mutants on the way.
        top: Their number.

    Returns:
        The day reached, `start` if they cannot be drawn together, and the new number of founders that wait.
    """
    if cycling + tolerant <= worker.sizes[PAIR_ABOVE] or not _many_switch(
        row, cycling, tolerant, end - start, phase, room, lattice
    ):
        return start, top
    return _follow_many(state, row, cycling, tolerant, start, end, phase, room, lattice, worker, top)


@bare_kernel
def _follow_many(
    state: npt.NDArray[np.uint64],
    row: int,
    cycling: float,
    tolerant: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow both phenotypes of which many cells switch; arguments and result as for `follow_together`."""
    rates, day = lattice.rates, start
    fastest = fastest_change(row, phase, room, lattice)
    if math.isnan(fastest):
        ask_for(worker, row)
        return start, top
    b, d, _ = cycling_rates(row, phase, room, lattice)
    own, longest = rates[row, phase], longest_at_once(fastest)
    b *= 1.0 - lattice.total[row]
    while day < end and worker.note[STATUS] == DONE:
        days = _span(cycling, tolerant, b - d, own, min(end - day, longest))
        if days <= 0.0:
            break
        moments = pair_moments(cycling, tolerant, b, d, own[2], own[3], own[4], days)
        if max(moments[2] / moments[0] ** 2, moments[4] / moments[1] ** 2) > _SMOOTH:
            break
        after, asleep = _draw(state, moments, worker.sizes[MEAN_ABOVE])
        if lattice.total[row] > 0.0 and rates[row, phase, 0] * room > 0.0:
            tilt = math.log(max(after, 1.0) / moments[0])
            shares = _shares(cycling, tolerant, b - d, own, days, tilt)
            path = Path(shares, day, days, fastest, math.nan)
            top = emit_mutants(state, row, phase, room, path, lattice, worker, top)
        cycling, tolerant, day = after, asleep, day + days
    if day > start:
        top = push(worker, top, row, TOLERANT, day, tolerant)
        top = push(worker, top, row, CYCLING, day, cycling)
    return day, top


@bare_kernel_with(forceinline=True)
def _many_switch(
    row: int,
    cycling: float,
    tolerant: float,
    days: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
) -> bool:
    """Whether more cells are expected to switch or mutate than are followed one by one."""
    division, d, sleep = cycling_rates(row, phase, room, lattice)
    wake, leaving = lattice.rates[row, phase, 3], lattice.rates[row, phase, 3] + lattice.rates[row, phase, 4]
    woken = expected_to_wake(tolerant, wake, leaving, days) if leaving > 0.0 else 0.0
    if sleep <= 0.0 and woken <= 0.0:
        return False
    total = lattice.total[row]
    net, emission = division * (1.0 - total) - d, division * total + sleep
    return woken + expected_emissions(cycling, net, emission, days) > FEW


@bare_kernel
def _span(cycling: float, tolerant: float, net: float, own: npt.NDArray[np.float64], longest: float) -> float:
    """Days, at most `longest`, at whose end both phenotypes are expected to be many: 0 if there are none such."""
    if _least(cycling, tolerant, net, own, longest) >= _ENOUGH:
        return longest
    if net >= 0.0 or cycling <= _ENOUGH:
        return 0.0
    days = min(longest, math.log(cycling / _ENOUGH) / -net)
    return days if _least(cycling, tolerant, net, own, days) >= _ENOUGH else 0.0


@bare_kernel
def _least(cycling: float, tolerant: float, net: float, own: npt.NDArray[np.float64], days: float) -> float:
    """Expected cells of the rarer phenotype after some days."""
    means = mean_matrix(net, own[2], own[3], own[4], days)
    return min(cycling * means[0] + tolerant * means[2], cycling * means[1] + tolerant * means[3])


@bare_kernel
def _draw(state: npt.NDArray[np.uint64], moments: Moments, mean_above: float) -> tuple[float, float]:
    """Cycling and tolerant cells with their moments; the means where both are above a number."""
    cycling, tolerant, variance, both, of_tolerant = moments
    if min(cycling, tolerant) <= mean_above:
        mean = cycling
        cycling = _gamma_like(state, mean, variance)
        slope = both / variance if variance > 0.0 else 0.0
        tolerant = _gamma_like(state, tolerant + slope * (cycling - mean), of_tolerant - slope * both)
    return math.floor(cycling + 0.5), math.floor(tolerant + 0.5)


@bare_kernel
def _gamma_like(state: npt.NDArray[np.uint64], mean: float, variance: float) -> float:
    """A positive number with a mean and a variance, skewed as sums of families are."""
    if mean <= 0.0:
        return 0.0
    if variance <= 1e-12 * mean:
        return mean
    return next_gamma(state, mean * mean / variance) * variance / mean


@bare_kernel
def _shares(
    cycling: float, tolerant: float, net: float, own: npt.NDArray[np.float64], days: float, tilt: float
) -> Shares:
    """Cell-days of cycling cells at each node, along their mean path bent towards their sampled end."""
    return (
        _share(NODES[0], WEIGHTS[0], cycling, tolerant, net, own, days, tilt),
        _share(NODES[1], WEIGHTS[1], cycling, tolerant, net, own, days, tilt),
        _share(NODES[2], WEIGHTS[2], cycling, tolerant, net, own, days, tilt),
        _share(NODES[3], WEIGHTS[3], cycling, tolerant, net, own, days, tilt),
    )


@bare_kernel
def _share(
    part: float,
    weight: float,
    cycling: float,
    tolerant: float,
    net: float,
    own: npt.NDArray[np.float64],
    days: float,
    tilt: float,
) -> float:
    means = mean_matrix(net, own[2], own[3], own[4], part * days)
    mean = cycling * means[0] + tolerant * means[2]
    return mean * math.exp(tilt * part) * weight * days
