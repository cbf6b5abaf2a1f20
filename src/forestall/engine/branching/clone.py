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
from forestall.engine.branching.lattice import LatticeArrays
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
    CYCLING,
    DONE,
    LARGE_ABOVE,
    MEAN_ABOVE,
    NORMAL_ABOVE,
    PAIR_ABOVE,
    STATUS,
    TOLERANT,
    Worker,
    ask_for,
    push,
    set_aside,
)
from forestall.engine.counts import next_binomial, next_gamma
from forestall.engine.emission import next_emission
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_uniform

Floats = npt.NDArray[np.float64]

FOLDS_AT_ONCE = 4.0
"""Longest interval drawn in bulk, over the fastest change of the clone or its mutants."""
_FEW = 32.0
"""Emissions up to which a large clone is still followed one by one."""
_ENOUGH = 30.0
"""Cells of each phenotype that must be expected for the two to be drawn together."""
_SMOOTH = 1.0 / 16.0
"""Largest squared coefficient of variation at which they are."""
_WAITING_AT_ONCE = 64


@bare_kernel
def follow_cycling(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
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
        lattice: Genotypes.
        worker: Founders that wait.
        top: Their number.

    Returns:
        Cells on day `end` and the new number of founders that wait. A clone that has put many founders on the stack is put
        below them itself and returns 0.
    """
    base, sizes, total = top, worker.sizes, lattice.total[row]
    division, d, sleep = _cycling_rates(row, phase, room, lattice)
    b, emission = division * (1.0 - total), division * total + sleep
    bulk = sizes[PAIR_ABOVE] if sleep > 0.0 else 2.0 * sizes[LARGE_ABOVE]
    while cells > 0.0 and start < end and worker.note[STATUS] == DONE:
        if top - base >= _WAITING_AT_ONCE:
            top = set_aside(worker, base, top)
            push(worker, base, row, CYCLING, start, cells)
            return 0.0, top
        span = end - start
        if cells > bulk and _expected(cells, b - d, emission, span) > _FEW:
            days, cells, top = _follow_in_bulk(
                state, row, cells, start, span, phase, room, lattice, worker, top
            )
            if days > 0.0 or worker.note[STATUS] != DONE:
                start += days
                continue
        day, cells = next_emission(state, cells, b, d, emission, span, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE])
        start += min(day, span)
        if day > span:
            continue
        if sleep > 0.0 and next_uniform(state) * emission < sleep:
            cells -= 1.0
            top = push(worker, top, row, TOLERANT, start, 1.0)
        else:
            alteration = next_alteration(state, row, lattice)
            top = push_mutant(row, alteration, start, 1.0, lattice, worker, top)
    return cells, top


@bare_kernel
def _cycling_rates(row: int, phase: int, room: float, lattice: LatticeArrays) -> tuple[float, float, float]:
    """Rates at which cycling cells divide, die and fall asleep, 1/day."""
    rates = lattice.rates
    return rates[row, phase, 0] * room, rates[row, phase, 1], rates[row, phase, 2]


@bare_kernel
def _follow_in_bulk(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    span: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, float, int]:
    """Follow a large clone of cycling cells over days that can be drawn at once; arguments as for `follow_cycling`.

    Returns:
        These days, at most `span` and 0 where too few emissions are expected; the cells at their end; and the new number of
        founders that wait.
    """
    fastest = fastest_change(row, phase, room, lattice)
    if math.isnan(fastest):
        ask_for(worker, row)
        return 0.0, cells, top
    sizes, total = worker.sizes, lattice.total[row]
    division, d, sleep = _cycling_rates(row, phase, room, lattice)
    b, emission = division * (1.0 - total), division * total + sleep
    together = _span_of_pair(cells, b - d, fastest, span)
    if sleep > 0.0 and _pair_is_smooth(cells, b, d, row, phase, together, False, lattice, worker):
        after, top = _draw_pair(
            state, row, cells, start, together, phase, b - d, division, False, lattice, worker, top
        )
        return together, after, top
    path = min(span, longest_at_once(fastest), _span_of_path(cells, b + d, sizes))
    if path <= 0.0 or _expected(cells, b - d, emission, path) <= _FEW:
        return 0.0, cells, top
    survival, stop = constant_rate_law(b, d + sleep, path)
    after = birth_death_step(state, cells, survival, stop, sizes[NORMAL_ABOVE], sizes[MEAN_ABOVE])
    shares = exponential_shares(cells, after, path)
    if total > 0.0:
        top = emit_mutants(state, row, division, shares, start, path, lattice, worker, top)
    if sleep > 0.0:
        top = emit_sleepers(state, row, sleep, shares, start, path, worker, top)
    return path, after, top


@bare_kernel
def follow_tolerant(
    state: npt.NDArray[np.uint64],
    row: int,
    cells: float,
    start: float,
    end: float,
    phase: int,
    room: float,
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Follow the tolerant cells of one genotype; arguments and result as for `follow_cycling`."""
    wake, death = lattice.rates[row, phase, 3], lattice.rates[row, phase, 4]
    leaving = wake + death
    division, d, _ = _cycling_rates(row, phase, room, lattice)
    b = division * (1.0 - lattice.total[row])
    while cells > 0.0 and start < end and leaving > 0.0 and worker.note[STATUS] == DONE:
        span = end - start
        if wake > 0.0 and cells * -math.expm1(-leaving * span) * wake / leaving > _FEW:
            fastest = fastest_change(row, phase, room, lattice)
            if math.isnan(fastest):
                ask_for(worker, row)
                break
            span = min(span, longest_at_once(fastest))
            if cells > worker.sizes[PAIR_ABOVE] and _pair_is_smooth(
                cells, b, d, row, phase, span, True, lattice, worker
            ):
                _, top = _draw_pair(
                    state, row, cells, start, span, phase, b - d, division, True, lattice, worker, top
                )
                return 0.0, top
        left = next_binomial(state, cells, -math.expm1(-leaving * span))
        woken = next_binomial(state, left, wake / leaving)
        top = _wake(state, row, woken, start, span, leaving, worker, top)
        cells, start = cells - left, start + span
    return cells, top


@bare_kernel
def _wake(
    state: npt.NDArray[np.uint64],
    row: int,
    woken: float,
    start: float,
    span: float,
    leaving: float,
    worker: Worker,
    top: int,
) -> int:
    """Put cells that woke on the stack: each on its own day while they are few, at four nodes otherwise."""
    gone = -math.expm1(-leaving * span)
    if woken <= _WAITING_AT_ONCE:
        for _ in range(int(woken)):
            day = -math.log1p(-next_uniform(state) * gone) / leaving
            top = push(worker, top, row, CYCLING, start + min(day, span), 1.0)
        return top
    rest = 0.0
    for node in range(4):
        rest += node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
    for node in range(4):
        share = node_weight(node) * math.exp(-leaving * (node_day(node, 0.0, span)))
        cells = next_binomial(state, woken, min(1.0, share / rest)) if node < 3 else woken
        if cells > 0.0:
            top = push(worker, top, row, CYCLING, node_day(node, start, span), cells)
        woken, rest = woken - cells, rest - share
    return top


@bare_kernel
def longest_at_once(fastest: float) -> float:
    """Longest interval that is drawn in bulk, days, of clones that change at a rate."""
    return FOLDS_AT_ONCE / fastest if fastest > 0.0 else math.inf


@bare_kernel
def _expected(cells: float, net: float, emission: float, days: float) -> float:
    """Largest number of emissions to be expected of a clone."""
    return emission * cells * days * max(1.0, mean_of_exponential(min(net * days, LARGEST_EXPONENT)))


@bare_kernel
def _span_of_path(cells: float, turnover: float, sizes: Floats) -> float:
    """Interval over which the path of a clone between its sampled ends is known well enough; 0 if it is too small."""
    if cells <= 2.0 * sizes[LARGE_ABOVE]:
        return 0.0
    return (cells / sizes[LARGE_ABOVE] - 1.0) / turnover if turnover > 0.0 else math.inf


@bare_kernel
def _span_of_pair(cells: float, net: float, fastest: float, span: float) -> float:
    """Interval over which both phenotypes can be drawn at once: no longer than until the clone is small."""
    span = min(span, longest_at_once(fastest))
    return min(span, math.log(cells / _ENOUGH) / -net) if net < 0.0 else span


@bare_kernel
def _pair_is_smooth(
    cells: float,
    b: float,
    d: float,
    row: int,
    phase: int,
    days: float,
    tolerant: bool,
    lattice: LatticeArrays,
    worker: Worker,
) -> bool:
    """Whether both phenotypes at the end of an interval are many and vary little; fills in their moments per cell."""
    rates, moments = lattice.rates, worker.moments
    sleep, wake, death = rates[row, phase, 2], rates[row, phase, 3], rates[row, phase, 4]
    means = mean_matrix(b - d, sleep, wake, death, days)
    if cells * (min(means[2], means[3]) if tolerant else min(means[0], means[1])) < _ENOUGH:
        return False
    mean_c, mean_t, var_c, both, var_t = pair_moments(b, d, sleep, wake, death, days, tolerant)
    moments[0], moments[1], moments[2], moments[3], moments[4] = mean_c, mean_t, var_c, both, var_t
    spread = max(var_c / (mean_c * mean_c), var_t / (mean_t * mean_t))
    return spread <= _SMOOTH * cells


@bare_kernel
def _gamma_like(state: npt.NDArray[np.uint64], mean: float, variance: float) -> float:
    """A positive number with a mean and a variance, skewed as sums of families are."""
    if mean <= 0.0:
        return 0.0
    if variance <= 1e-12 * mean:
        return mean
    return next_gamma(state, mean * mean / variance) * variance / mean


@bare_kernel
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
    lattice: LatticeArrays,
    worker: Worker,
    top: int,
) -> tuple[float, int]:
    """Draw both phenotypes at the end of an interval, and the mutants of the cycling cells on the way.

    Tolerant cells are put on the stack; so are cycling ones that descend from tolerant cells. Cycling cells of a cycling clone are
    returned.
    """
    moments = worker.moments
    mean, sleepers = cells * moments[0], cells * moments[1]
    after = mean
    if min(mean, sleepers) <= worker.sizes[MEAN_ABOVE]:
        variance, both = cells * moments[2], cells * moments[3]
        after = _gamma_like(state, mean, variance)
        slope = both / variance if variance > 0.0 else 0.0
        sleepers = _gamma_like(state, sleepers + slope * (after - mean), cells * moments[4] - slope * both)
    after, sleepers = math.floor(after + 0.5), math.floor(sleepers + 0.5)
    tilt = math.log(max(after, 1.0) / mean)
    if division > 0.0:
        shares = _pair_shares(cells, net, row, phase, lattice.rates, days, tolerant, tilt)
        top = emit_mutants(state, row, division, shares, start, days, lattice, worker, top)
    top = push(worker, top, row, TOLERANT, start + days, sleepers)
    if tolerant:
        top = push(worker, top, row, CYCLING, start + days, after)
    return after, top


@bare_kernel
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


@bare_kernel
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
