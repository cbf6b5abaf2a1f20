r"""What becomes of one cell of every lane over a stretch of days: computed once, used for all lesions of a patient.

Per day the rates are constant (their integrals over the day, and what their order within it adds). Without crowding, cycling
cells c and tolerant cells q follow

    dc/dt = (b (1 - u) - d - s_in) c + s_out q,    dq/dt = s_in c - (d_q + s_out) q,

whose exact solutions of the days are multiplied. Crowding takes the share N / K of all divisions away. Because it is small over a
stretch (the caller sees to it), N(t) may be taken without it: the exponent of what crowding takes from a lane is

    X = \int b(t) N(t) / K dt.

A small clone is drawn from the law of the linear birth-death process with varying rates (Kendall 1948): an ancestor is extinct with
probability 1 - m / (1 + I) and otherwise leaves a geometric number of descendants with parameter I / (1 + I), where m(s, T) is the
mean growth and I = \int b(s) m(s, T) ds. Descendants are counted in both phenotypes; m and the second factorial moment F are then
those of the two-type process, F' = - A^T F - 2 b m^2 backward in time, and I = F / (2 m): Kendall's I where no cell switches.

References:
    Kendall DG. On the generalized "birth-and-death" process. Ann Math Stat 1948;19:1. 10.1214/aoms/1177730285
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.integrate import LONGEST_STRETCH_DAYS
from forestall.biology.rates import (
    BIRTH,
    DEATH,
    ENTER,
    LATE_ENTER,
    LATE_GAP,
    LATE_LEAVE,
    LEAVE,
    TOLERANT_DEATH,
)
from forestall.biology.waning import toward_rest
from forestall.engine.exponential import exp_lanes
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with
from forestall.engine.vectors import WIDTH, absolute, larger, load, root, smaller, spread, store, where

Array = NDArray[np.float64]

CC, CQ, QC, QQ = range(4)
"""Rows of 2 x 2 matrices: to cycling from cycling, to cycling from tolerant, to tolerant from cycling, to tolerant from tolerant."""
BLOCK_DAYS = 16
"""Days whose altered daughters are drawn together."""
BLOCKS = -(-LONGEST_STRETCH_DAYS // BLOCK_DAYS)
MEET = 4
"""Row of `arrive` after those four: when arrivals meet crowding, see there."""


class StretchLaw(NamedTuple):
    """One stretch of T days. G genotypes, E edges, X exposure classes, lanes = X G."""

    grow: Array
    """(4, lanes) cells after the stretch per cell before it, without crowding."""
    birth: Array
    """(days, lanes) integral of b over each day."""
    crowd: Array
    """(lanes,) their sums."""
    met: Array
    """(4, lanes) the share of `crowd` that the cells counted in each row of `grow` met on average: only cycling cells divide."""
    path: Array
    """(days, 4, lanes) mean number of cells on each day per cell at the start, in the rows of `grow`, without crowding."""
    divide: Array
    """(days, 2, lanes) divisions on each day per cycling and per tolerant cell at the start."""
    divided: Array
    """(2, lanes) their sums."""
    mean: Array
    """(days + 1, lanes) m from the start of each day to the end, of a cycling cell."""
    births: Array
    """(days + 1, lanes) I from the start of each day to the end."""
    births_crowd: Array
    """(lanes,) the share of `crowd` that an average birth in I is followed by."""
    survive: Array
    """(days, lanes) probability that a cell which arises in the middle of a day has descendants at the end, without crowding."""
    asleep: Array
    """(days + 1, lanes) share of those descendants that are tolerant."""
    wake: Array
    """(3, lanes) of a tolerant cell: mean tolerant and mean cycling descendants at the end, and I of the latter."""
    arrive: Array
    """(5, X, E) descendants of altered daughters at the end, per parent cell at the start and per alteration; and the integral
    of b that an average one of them meets, as parent or as child."""
    alive: Array
    """(2, X, E) altered daughters that have descendants at the end, per cycling and per tolerant parent cell at the start and per
    alteration, without crowding."""
    families: Array
    """(2, 3, X, E, BLOCKS) the same by blocks of days: their number, and times the first and second moment of their family's size."""
    leaving: Array
    """(lanes,) scratch: probability per division that a daughter leaves for another genotype."""
    scratch: Array
    """(days, 7, lanes) matrices of the days, growth of what arises on a day, and cumulated b."""


@kernel_with(error_model="numpy")
def new_law(lanes: int, classes: int, edges: int) -> StretchLaw:
    """Memory for one stretch."""
    days = LONGEST_STRETCH_DAYS
    return StretchLaw(
        np.empty((4, lanes)),
        np.empty((days, lanes)),
        np.empty(lanes),
        np.empty((4, lanes)),
        np.empty((days, 4, lanes)),
        np.empty((days, 2, lanes)),
        np.empty((2, lanes)),
        np.empty((days + 1, lanes)),
        np.empty((days + 1, lanes)),
        np.empty(lanes),
        np.empty((days, lanes)),
        np.empty((days + 1, lanes)),
        np.empty((3, lanes)),
        np.empty((5, classes, edges)),
        np.empty((2, classes, edges)),
        np.empty((2, 3, classes, edges, BLOCKS)),
        np.empty(lanes),
        np.empty((days, 7, lanes)),
    )


_EXPONENT, _AFTER, CUMULATED = 4, 4, 6
"""Rows of scratch after the day's matrix: its growth exponent, and later in its place cycling and tolerant cells at the end per cycling
cell on the day; then b until the day."""


@bare_kernel_with(forceinline=True)
def _at(rates: Array, place: int, row: int, first: int, rest: Array, effect: float) -> Any:
    """A rate of a day, sixteen lanes of it, under what is left of the treatment's effect."""
    return toward_rest(load(rates, (place, row, first)), load(rest, (row, first)), effect)


@bare_kernel
def _day_matrix(
    rates: Array, place: int, rest: Array, effect: float, leaving: Array, law: StretchLaw, day: int
) -> None:
    """What one day without crowding does, into rows 0 to 3 of `law.scratch[day]`, its growth exponent into row 4; and its b.

    The matrices of different hours do not commute. To second order (Magnus) the day is that of constant rates, the integrals A,
    plus the commutator of their first moments B with them, B A - A B.
    """
    out = law.scratch
    for first in range(0, out.shape[2], WIDTH):
        # Rates of a span are interpolated between its nodes and may fall below 0 by a rounding or a kink.
        enter = larger(_at(rates, place, ENTER, first, rest, effect), 0.0)
        leave = larger(_at(rates, place, LEAVE, first, rest, effect), 0.0)
        fade = _at(rates, place, TOLERANT_DEATH, first, rest, effect)
        birth = _at(rates, place, BIRTH, first, rest, effect)
        store(law.birth, (day, first), birth)
        grow = birth * (1.0 - load(leaving, (first,)))
        grow = grow - _at(rates, place, DEATH, first, rest, effect) - enter
        gap = 0.5 * (grow + fade + leave)
        mean = grow - gap
        late, wide = effect * load(rates, (place, LATE_GAP, first)), 2.0 * gap
        late_enter, late_leave = (
            effect * load(rates, (place, LATE_ENTER, first)),
            effect * load(rates, (place, LATE_LEAVE, first)),
        )
        gap = gap + late_leave * enter - leave * late_enter
        enter = larger(enter + wide * late_enter - late * enter, 0.0)
        leave = larger(leave + late * leave - wide * late_leave, 0.0)
        omega = root(gap * gap + enter * leave) + 1e-12
        up, down = exp_lanes(mean + omega), exp_lanes(mean - omega)
        even, odd = 0.5 * (up + down), 0.5 * (up - down) / omega
        # Where a drug kills nearly all, the difference is a rounding and may fall below 0.
        store(out, (day, CC, first), larger(even + gap * odd, 0.0))
        store(out, (day, CQ, first), leave * odd)
        store(out, (day, QC, first), enter * odd)
        store(out, (day, QQ, first), even - gap * odd)
        store(out, (day, _EXPONENT, first), grow)


@bare_kernel_with(forceinline=True)
def _day(scratch: Array, day: int, first: int) -> tuple[Any, Any, Any, Any]:
    """The matrix that stands in rows 0 to 3 of `scratch[day]`, sixteen lanes of it."""
    return (
        load(scratch, (day, CC, first)),
        load(scratch, (day, CQ, first)),
        load(scratch, (day, QC, first)),
        load(scratch, (day, QQ, first)),
    )


@bare_kernel
def _carry_forward(days: int, law: StretchLaw) -> None:
    r"""Products of the days' matrices from the start on, and the divisions of each day.

    With M the product and P what is cycling, what crowding by one per division would take in the end is to first order
    W = \int M(T, s) b P M(s, 0) ds; its ratio to M and to the integral of b is `met`.
    """
    for first in range(0, law.grow.shape[1], WIDTH):
        cc, cq, qc, qq = spread(1.0), spread(0.0), spread(0.0), spread(1.0)
        crowd, from_cycling, from_tolerant = spread(0.0), spread(0.0), spread(0.0)
        met_cc, met_cq, met_qc, met_qq = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for day in range(days):
            b, g = load(law.birth, (day, first)), load(law.scratch, (day, _EXPONENT, first))
            # The mean of exp(g t) over a day against the mean of its ends, without a singularity at g = 0.
            half = 0.5 / (1.0 + g * g / 12.0)
            a, w, v, z = _day(law.scratch, day, first)
            cc_before, cq_before, qc_before, qq_before = cc, cq, qc, qq
            cc, cq = a * cc + w * qc, a * cq + w * qq
            qc, qq = v * cc_before + z * qc, v * cq_before + z * qq
            met_cc_before, met_cq_before = met_cc, met_cq
            met_cc = a * met_cc + w * met_qc + 0.5 * b * (a * cc_before + cc)
            met_cq = a * met_cq + w * met_qq + 0.5 * b * (a * cq_before + cq)
            met_qc = v * met_cc_before + z * met_qc + 0.5 * b * v * cc_before
            met_qq = v * met_cq_before + z * met_qq + 0.5 * b * v * cq_before
            one, two = half * (cc_before + cc), half * (cq_before + cq)
            store(law.path, (day, CC, first), one)
            store(law.path, (day, CQ, first), two)
            store(law.path, (day, QC, first), 0.5 * (qc_before + qc))
            store(law.path, (day, QQ, first), 0.5 * (qq_before + qq))
            store(law.divide, (day, 0, first), b * one)
            store(law.divide, (day, 1, first), b * two)
            from_cycling = from_cycling + b * one
            from_tolerant = from_tolerant + b * two
            store(law.scratch, (day, CUMULATED, first), crowd + 0.5 * b)
            crowd = crowd + b
        store(law.grow, (CC, first), cc)
        store(law.grow, (CQ, first), cq)
        store(law.grow, (QC, first), qc)
        store(law.grow, (QQ, first), qq)
        store(law.met, (CC, first), met_cc / (cc * crowd + 1e-300))
        store(law.met, (CQ, first), met_cq / (cq * crowd + 1e-300))
        store(law.met, (QC, first), met_qc / (qc * crowd + 1e-300))
        store(law.met, (QQ, first), met_qq / (qq * crowd + 1e-300))
        store(law.divided, (0, first), from_cycling)
        store(law.divided, (1, first), from_tolerant)
        store(law.crowd, (first,), crowd)


@bare_kernel
def _carry_back(days: int, law: StretchLaw) -> None:
    """What a cell of each phenotype becomes from each day on, as means and as the law of small clones, by recursion from the end."""
    scratch = law.scratch
    for first in range(0, scratch.shape[2], WIDTH):
        store(law.mean, (days, first), spread(1.0))
        store(law.births, (days, first), spread(0.0))
        store(law.asleep, (days, first), spread(0.0))
        cc, cq, qc, qq = spread(1.0), spread(0.0), spread(0.0), spread(1.0)
        # Second factorial moments of a cycling and of a tolerant cell's descendants, halved.
        pairs, sleeping, late = spread(0.0), spread(0.0), spread(0.0)
        births, crowd = spread(0.0), load(law.crowd, (first,))
        for back in range(days):
            day = days - 1 - back
            g, b = load(scratch, (day, _EXPONENT, first)), load(law.birth, (day, first))
            half = exp_lanes(0.5 * g)
            series = 1.0 + g * (0.5 + g * (1.0 / 6.0 + g / 24.0))
            ratio = where(absolute(g), 1e-2, (half * half - 1.0) / g, series)
            a, w, v, z = _day(scratch, day, first)
            fresh = b * ratio * half * half * (cc + qc) * (cc + qc)
            pairs, sleeping = a * pairs + v * sleeping + fresh, w * pairs + z * sleeping
            until = load(scratch, (day, CUMULATED, first))
            late = late + b * ratio * (cc + qc) * (crowd - until)
            store(scratch, (day, _AFTER, first), cc * half)
            store(scratch, (day, _AFTER + 1, first), qc * half)
            cc, cq = cc * a + cq * v, cc * w + cq * z
            qc, qq = qc * a + qq * v, qc * w + qq * z
            mean = cc + qc
            births = pairs / (mean + 1e-300)
            store(law.mean, (day, first), mean)
            store(law.asleep, (day, first), qc / (mean + 1e-300))
            store(law.births, (day, first), births)
        store(law.births_crowd, (first,), late / (births * crowd + 1e-300))
        store(law.wake, (0, first), qq)
        store(law.wake, (1, first), cq)
        store(law.wake, (2, first), sleeping / (cq + 1e-300))


@bare_kernel
def _arrivals(
    days: int, genotypes: int, edges: NDArray[np.int64], probability: Array, law: StretchLaw
) -> None:
    """Means of what altered daughters become, for every edge and exposure class."""
    divide, scratch, arrive, crowd, alive = law.divide, law.scratch, law.arrive, law.crowd, law.alive
    survive, families = law.survive, law.families
    for day in range(days):
        for first in range(0, survive.shape[1], WIDTH):
            mean = load(scratch, (day, _AFTER, first)) + load(scratch, (day, _AFTER + 1, first))
            births = 0.5 * (load(law.births, (day, first)) + load(law.births, (day + 1, first)))
            store(survive, (day, first), smaller(mean / (1.0 + births), 1.0))
    arrive[:] = 0.0
    alive[:] = 0.0
    families[:] = 0.0
    for x in range(arrive.shape[1]):
        for e in range(edges.shape[0]):
            if probability[e] == 0.0:
                continue
            parent, child = x * genotypes + edges[e, 0], x * genotypes + edges[e, 1]
            cc, cq, qc, qq, met = 0.0, 0.0, 0.0, 0.0, 0.0
            for day in range(days):
                one, two = divide[day, 0, parent], divide[day, 1, parent]
                cycling, tolerant = scratch[day, _AFTER, child], scratch[day, _AFTER + 1, child]
                cc += one * cycling
                cq += two * cycling
                qc += one * tolerant
                qq += two * tolerant
                block, size = (
                    day // BLOCK_DAYS,
                    1.0 + 0.5 * (law.births[day, child] + law.births[day + 1, child]),
                )
                for phenotype in range(2):
                    living = divide[day, phenotype, parent] * survive[day, child]
                    families[phenotype, 0, x, e, block] += living
                    families[phenotype, 1, x, e, block] += living * size
                    families[phenotype, 2, x, e, block] += living * size * (2.0 * size - 1.0)
                until = scratch[day, CUMULATED, parent]
                met += one * cycling * (until + crowd[child] - scratch[day, CUMULATED, child])
            arrive[CC, x, e], arrive[CQ, x, e], arrive[QC, x, e], arrive[QQ, x, e] = cc, cq, qc, qq
            arrive[MEET, x, e] = met / (cc + 1e-300)
            for block in range(BLOCKS):
                alive[0, x, e] += families[0, 0, x, e, block]
                alive[1, x, e] += families[1, 0, x, e, block]


@bare_kernel_with(forceinline=True)
def surviving(mean: float, births: float) -> float:
    """Probability that a cell has descendants, from m and I."""
    return min(1.0, mean / (1.0 + births))


@bare_kernel
def write_law(
    rates: Array,
    places: NDArray[np.int64],
    days: int,
    rest: Array,
    effect: Array,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    law: StretchLaw,
) -> None:
    """Compute the law of a stretch.

    Args:
        rates: (places, RING_ROWS, lanes) integrals over days, and first moments.
        places: (days,) where the rates of each day stand.
        days: Length of the stretch, at most `LONGEST_STRETCH_DAYS`.
        rest: (RATE_ROWS, lanes) rates without treatment.
        effect: (days,) share of the treatment's effect that is left.
        loss: (G,) probability per division that a daughter leaves for another genotype.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division; 0 for padding.
        law: Receives it.
    """
    for lane in range(law.crowd.shape[0]):
        law.leaving[lane] = loss[lane % loss.shape[0]]
    for day in range(days):
        _day_matrix(rates, places[day], rest, effect[day], law.leaving, law, day)
    _carry_forward(days, law)
    _carry_back(days, law)
    _arrivals(days, loss.shape[0], edges, probability, law)
