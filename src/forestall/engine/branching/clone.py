"""One clone over an interval of constant rates: exact event by event of its line's emissions, or in bulk where it is large.

A clone *emits* mutants at its divisions and cells that fall asleep (or wake). While few are expected, the first emission, the size
of the clone then, and everything after are drawn without approximation (`forestall.engine.emission`): a draw per emission, none
per cell. A large clone that emits many is drawn at once: with the exact mean and covariance of both phenotypes where many cells
switch, otherwise by its own exact law with a Poisson number of emissions along its path.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import (
    LARGEST_EXPONENT,
    birth_death_step,
    constant_rate_law,
    mean_of_exponential,
)
from forestall.engine.branching.mutants import (
    emit_mutants,
    emit_sleepers,
    exponential_shares,
    fastest_change,
    next_alteration,
    node_day,
    node_weight,
    push_mutant,
)
from forestall.engine.branching.pairs import mean_matrix, pair_moments
from forestall.engine.branching.stack import (
    ASKED_ROW,
    CYCLING,
    STATUS,
    TOLERANT,
    UNKNOWN_GENOTYPE,
    push,
    set_aside,
)
from forestall.engine.counts import next_binomial, next_gamma
from forestall.engine.emission import next_emission
from forestall.engine.kernels import kernel
from forestall.engine.random import next_uniform

Floats = npt.NDArray[np.float64]

NORMAL_ABOVE, MEAN_ABOVE, LARGE_ABOVE, PAIR_ABOVE = range(4)
"""Places in the hand-over sizes (`forestall.engine.branching.plan.Settings`)."""

FOLDS_AT_ONCE = 4.0
"""Longest interval drawn in bulk, over the fastest change of the clone or its mutants."""
_FEW = 32.0
"""Emissions up to which a large clone is still followed one by one."""
_ENOUGH = 30.0
"""Cells of each phenotype that must be expected for the two to be drawn together."""
_SMOOTH = 1.0 / 16.0
"""Largest squared coefficient of variation at which they are."""
_WAITING_AT_ONCE = 64


@kernel
def follow_cycling(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    total: float,
    sizes: Floats,
    moments: Floats,
    stack: Floats,
    top: int,
    note: npt.NDArray[np.int64],
) -> tuple[float, int]:
    """Follow the cycling cells of one genotype to the end of an interval.

    Args:
        state: (2,) state of a stream.
        row: The genotype.
        cells: Its cells on day `start`, integer-valued.
        start: Day within the interval.
        end: End of the interval.
        phase: Phase of treatment.
        room: Factor on divisions.
        child: Neighbors of the genotypes.
        rates: (genotypes, phases, RATES), 1/day.
        probability: (a,) per division.
        total: Probability per division of any alteration.
        sizes: Hand-over sizes.
        moments: (5,) work space.
        stack: Founders that wait.
        top: Their number.
        note: Counters.

    Returns:
        Cells on day `end` and the new number of founders that wait. A clone that has put many founders on the stack is put
        below them itself and returns 0.
    """
    base, division, d = top, rates[row, phase, 0] * room, rates[row, phase, 1]
    sleep = rates[row, phase, 2]
    bulk = sizes[PAIR_ABOVE] if sleep > 0.0 else 2.0 * sizes[LARGE_ABOVE]
    b, emission = division * (1.0 - total), division * total + sleep
    while cells > 0.0 and start < end and note[STATUS] == 0:
        if top - base >= _WAITING_AT_ONCE:
            top = set_aside(stack, base, top, note)
            push(stack, base, note, row, CYCLING, start, cells)
            return 0.0, top
        span = end - start
        if cells > bulk and _expected(cells, b - d, emission, span) > _FEW:
            fastest = fastest_change(row, phase, room, child, rates)
            if math.isnan(fastest):
                note[STATUS], note[ASKED_ROW] = UNKNOWN_GENOTYPE, row
                break
            together = _span_of_pair(cells, b - d, fastest, span)
            if sleep > 0.0 and _pair_is_smooth(cells, b, d, row, phase, rates, together, False, moments):
                cells, top = _draw_pair(
                    state, row, cells, start, together, phase, b - d, division, False,
                    child, rates, probability, sizes, moments, stack, top, note,
                )  # fmt: skip
                start += together
                continue
            path = min(span, longest_at_once(fastest), _span_of_path(cells, b + d, sizes))
            if path > 0.0 and _expected(cells, b - d, emission, path) > _FEW:
                span = path
                survival, stop = constant_rate_law(b, d + sleep, span)
                after = birth_death_step(state, cells, survival, stop, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE])
                shares = exponential_shares(cells, after, span)
                if total > 0.0:
                    top = emit_mutants(
                        state, row, division, shares, start, span, child, probability, stack, top, note
                    )
                if sleep > 0.0:
                    top = emit_sleepers(state, row, sleep, shares, start, span, stack, top, note)
                cells, start = after, start + span
                continue
        day, cells = next_emission(state, cells, b, d, emission, span, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE])
        start += min(day, span)
        if day > span:
            continue
        if sleep > 0.0 and next_uniform(state) * emission < sleep:
            cells -= 1.0
            top = push(stack, top, note, row, TOLERANT, start, 1.0)
        else:
            top = push_mutant(
                row,
                next_alteration(state, row, total, child, probability),
                start,
                1.0,
                child,
                stack,
                top,
                note,
            )
    return cells, top


@kernel
def follow_tolerant(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    total: float,
    sizes: Floats,
    moments: Floats,
    stack: Floats,
    top: int,
    note: npt.NDArray[np.int64],
) -> tuple[float, int]:
    """Follow the tolerant cells of one genotype; arguments and result as for `follow_cycling`."""
    wake, death = rates[row, phase, 3], rates[row, phase, 4]
    leaving = wake + death
    division, d = rates[row, phase, 0] * room, rates[row, phase, 1]
    b = division * (1.0 - total)
    while cells > 0.0 and start < end and leaving > 0.0 and note[STATUS] == 0:
        span = end - start
        if wake > 0.0 and cells * -math.expm1(-leaving * span) * wake / leaving > _FEW:
            fastest = fastest_change(row, phase, room, child, rates)
            if math.isnan(fastest):
                note[STATUS], note[ASKED_ROW] = UNKNOWN_GENOTYPE, row
                break
            span = min(span, longest_at_once(fastest))
            if cells > sizes[PAIR_ABOVE] and _pair_is_smooth(
                cells, b, d, row, phase, rates, span, True, moments
            ):
                _, top = _draw_pair(
                    state, row, cells, start, span, phase, b - d, division, True,
                    child, rates, probability, sizes, moments, stack, top, note,
                )  # fmt: skip
                return 0.0, top
        left = next_binomial(state, cells, -math.expm1(-leaving * span))
        top = _wake(
            state, row, next_binomial(state, left, wake / leaving), start, span, leaving, stack, top, note
        )
        cells, start = cells - left, start + span
    return cells, top


@kernel
def _wake(
    state: npt.NDArray[np.uint64],
    row: int,
    woken: float,
    start: float,
    span: float,
    leaving: float,
    stack: Floats,
    top: int,
    note: npt.NDArray[np.int64],
) -> int:
    """Put cells that woke on the stack: each on its own day while they are few, at four nodes otherwise."""
    gone = -math.expm1(-leaving * span)
    if woken <= _WAITING_AT_ONCE:
        for _ in range(int(woken)):
            day = -math.log1p(-next_uniform(state) * gone) / leaving
            top = push(stack, top, note, row, CYCLING, start + min(day, span), 1.0)
        return top
    rest = 0.0
    for node in range(4):
        rest += node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
    for node in range(4):
        share = node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
        cells = next_binomial(state, woken, min(1.0, share / rest)) if node < 3 else woken
        if cells > 0.0:
            top = push(stack, top, note, row, CYCLING, node_day(node, start, span), cells)
        woken, rest = woken - cells, rest - share
    return top


@kernel
def longest_at_once(fastest: float) -> float:
    """Longest interval that is drawn in bulk, days, of clones that change at a rate."""
    return FOLDS_AT_ONCE / fastest if fastest > 0.0 else math.inf


@kernel
def _expected(cells: float, net: float, emission: float, days: float) -> float:
    """Largest number of emissions to be expected of a clone."""
    return emission * cells * days * max(1.0, mean_of_exponential(min(net * days, LARGEST_EXPONENT)))


@kernel
def _span_of_path(cells: float, turnover: float, sizes: Floats) -> float:
    """Interval over which the path of a clone between its sampled ends is known well enough; 0 if it is too small."""
    if cells <= 2.0 * sizes[LARGE_ABOVE]:
        return 0.0
    return (cells / sizes[LARGE_ABOVE] - 1.0) / turnover if turnover > 0.0 else math.inf


@kernel
def _span_of_pair(cells: float, net: float, fastest: float, span: float) -> float:
    """Interval over which both phenotypes can be drawn at once: no longer than until the clone is small."""
    span = min(span, longest_at_once(fastest))
    return min(span, math.log(cells / _ENOUGH) / -net) if net < 0.0 else span


@kernel
def _pair_is_smooth(
    cells: float,
    b: float,
    d: float,
    row: int,
    phase: int,
    rates: Floats,
    days: float,
    tolerant: bool,
    moments: Floats,
) -> bool:
    """Whether both phenotypes at the end of an interval are many and vary little; fills in their moments per cell."""
    sleep, wake, death = rates[row, phase, 2], rates[row, phase, 3], rates[row, phase, 4]
    means = mean_matrix(b - d, sleep, wake, death, days)
    if cells * (min(means[2], means[3]) if tolerant else min(means[0], means[1])) < _ENOUGH:
        return False
    mean_c, mean_t, var_c, both, var_t = pair_moments(b, d, sleep, wake, death, days, tolerant)
    moments[0], moments[1], moments[2], moments[3], moments[4] = mean_c, mean_t, var_c, both, var_t
    spread = max(var_c / (mean_c * mean_c), var_t / (mean_t * mean_t))
    return spread <= _SMOOTH * cells


@kernel
def _gamma_like(state: npt.NDArray[np.uint64], mean: float, variance: float) -> float:
    """A positive number with a mean and a variance, skewed as sums of families are."""
    if mean <= 0.0:
        return 0.0
    if variance <= 1e-12 * mean:
        return mean
    return next_gamma(state, mean * mean / variance) * variance / mean


@kernel
def _draw_pair(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    days: float,
    phase: int,
    net: float,
    division: float,
    tolerant: bool,
    child: npt.NDArray[np.int32],
    rates: Floats,
    probability: Floats,
    sizes: Floats,
    moments: Floats,
    stack: Floats,
    top: int,
    note: npt.NDArray[np.int64],
) -> tuple[float, int]:
    """Draw both phenotypes at the end of an interval, and the mutants of the cycling cells on the way.

    Tolerant cells are put on the stack; so are cycling ones that descend from tolerant cells. Cycling cells of a cycling clone are
    returned.
    """
    mean, sleepers = cells * moments[0], cells * moments[1]
    after = mean
    if min(mean, sleepers) <= sizes[MEAN_ABOVE]:
        variance, both = cells * moments[2], cells * moments[3]
        after = _gamma_like(state, mean, variance)
        slope = both / variance if variance > 0.0 else 0.0
        sleepers = _gamma_like(state, sleepers + slope * (after - mean), cells * moments[4] - slope * both)
    after, sleepers = math.floor(after + 0.5), math.floor(sleepers + 0.5)
    tilt = math.log(max(after, 1.0) / mean)
    if division > 0.0:
        shares = _pair_shares(cells, net, row, phase, rates, days, tolerant, tilt)
        top = emit_mutants(state, row, division, shares, start, days, child, probability, stack, top, note)
    top = push(stack, top, note, row, TOLERANT, start + days, sleepers)
    if tolerant:
        top = push(stack, top, note, row, CYCLING, start + days, after)
    return after, top


@kernel
def _pair_shares(
    cells: float,
    net: float,
    row: int,
    phase: int,
    rates: Floats,
    days: float,
    tolerant: bool,
    tilt: float,
) -> tuple[float, float, float, float]:
    """Cell-days of cycling cells at each node, along their mean path bent towards their sampled end."""
    return (
        _pair_share(0, cells, net, row, phase, rates, days, tolerant, tilt),
        _pair_share(1, cells, net, row, phase, rates, days, tolerant, tilt),
        _pair_share(2, cells, net, row, phase, rates, days, tolerant, tilt),
        _pair_share(3, cells, net, row, phase, rates, days, tolerant, tilt),
    )


@kernel
def _pair_share(
    node: int,
    cells: float,
    net: float,
    row: int,
    phase: int,
    rates: Floats,
    days: float,
    tolerant: bool,
    tilt: float,
) -> float:
    at = node_day(node, 0.0, days)
    means = mean_matrix(net, rates[row, phase, 2], rates[row, phase, 3], rates[row, phase, 4], at)
    mean = means[2] if tolerant else means[0]
    return cells * mean * math.exp(tilt * at / days) * node_weight(node) * days
