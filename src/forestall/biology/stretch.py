r"""What becomes of one cell of every lane over a stretch of days: computed once, used for all lesions of a patient.

Per day the rates are constant (their integrals over the day). Without crowding, cycling cells c and tolerant cells q follow

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

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.integrate import LONGEST_STRETCH_DAYS
from forestall.biology.rates import BIRTH, DEATH, ENTER, LEAVE, TOLERANT_DEATH
from forestall.engine.exponential import exp_poly
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with

Array = NDArray[np.float64]

CC, CQ, QC, QQ = range(4)
"""Rows of 2 x 2 matrices: to cycling from cycling, to cycling from tolerant, to tolerant from cycling, to tolerant from tolerant."""
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
    path: Array
    """(days, 2, lanes) mean number of cells on each day per cycling and per tolerant cell at the start, without crowding."""
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
    scratch: Array
    """(days + 1, 7, lanes) matrices of the days, growth of what arises on a day, and cumulated b."""


@kernel_with(error_model="numpy")
def new_law(lanes: int, classes: int, edges: int) -> StretchLaw:
    """Memory for one stretch."""
    days = LONGEST_STRETCH_DAYS
    return StretchLaw(
        np.empty((4, lanes)),
        np.empty((days, lanes)),
        np.empty(lanes),
        np.empty((days, 2, lanes)),
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
        np.empty((days + 1, 7, lanes)),
    )


_CARRIED, _AFTER, _CUMULATED = 4, 4, 6
"""Rows of scratch: the day's matrix, then cycling and tolerant cells at the end per cycling cell on the day, then b until the day."""


@bare_kernel
def _day_matrix(rates: Array, place: int, loss: Array, out: Array, day: int) -> None:
    """The exact solution of one day without crowding, into rows 0 to 3 of `out[day]`, and its growth exponent into row 4."""
    genotypes = loss.shape[0]
    for lane in range(out.shape[2]):
        out[day, 4, lane] = loss[lane % genotypes]
    for lane in range(out.shape[2]):
        # Rates of a span are interpolated between its nodes and may fall below 0 by a rounding or a kink.
        enter, leave = max(0.0, rates[place, ENTER, lane]), max(0.0, rates[place, LEAVE, lane])
        fade = rates[place, TOLERANT_DEATH, lane]
        grow = rates[place, BIRTH, lane] * (1.0 - out[day, 4, lane]) - rates[place, DEATH, lane] - enter
        gap = 0.5 * (grow + fade + leave)
        omega = math.sqrt(gap * gap + enter * leave) + 1e-12
        up, down = exp_poly(grow - gap + omega), exp_poly(grow - gap - omega)
        even, odd = 0.5 * (up + down), 0.5 * (up - down) / omega
        out[day, CC, lane] = even + gap * odd
        out[day, CQ, lane] = leave * odd
        out[day, QC, lane] = enter * odd
        out[day, QQ, lane] = even - gap * odd
        out[day, 4, lane] = grow


@bare_kernel
def _carry_forward(rates: Array, places: NDArray[np.int64], days: int, law: StretchLaw) -> None:
    """Products of the days' matrices from the start on, and the divisions of each day."""
    grow, crowd, divide, divided, scratch = law.grow, law.crowd, law.divide, law.divided, law.scratch
    birth, path = law.birth, law.path
    lanes = grow.shape[1]
    grow[:] = 0.0
    grow[CC] = 1.0
    grow[QQ] = 1.0
    crowd[:] = 0.0
    divided[:] = 0.0
    for day in range(days):
        place = places[day]
        for lane in range(lanes):
            b, g = rates[place, BIRTH, lane], scratch[day, 4, lane]
            # The mean of exp(g t) over a day against the mean of its ends, without a singularity at g = 0.
            half = 0.5 / (1.0 + g * g / 12.0)
            cc, cq, qc, qq = grow[CC, lane], grow[CQ, lane], grow[QC, lane], grow[QQ, lane]
            a, w, v, z = (
                scratch[day, CC, lane],
                scratch[day, CQ, lane],
                scratch[day, QC, lane],
                scratch[day, QQ, lane],
            )
            grow[CC, lane], grow[CQ, lane] = a * cc + w * qc, a * cq + w * qq
            grow[QC, lane], grow[QQ, lane] = v * cc + z * qc, v * cq + z * qq
            one, two = half * (cc + grow[CC, lane]), half * (cq + grow[CQ, lane])
            path[day, 0, lane] = one + 0.5 * (qc + grow[QC, lane])
            path[day, 1, lane] = two + 0.5 * (qq + grow[QQ, lane])
            divide[day, 0, lane], divide[day, 1, lane] = b * one, b * two
            divided[0, lane] += b * one
            divided[1, lane] += b * two
            scratch[day, _CUMULATED, lane] = crowd[lane] + 0.5 * b
            birth[day, lane] = b
            crowd[lane] += b


@bare_kernel
def _carry_back(days: int, law: StretchLaw) -> None:
    """What a cell of each phenotype becomes from each day on, as means and as the law of small clones, by recursion from the end."""
    scratch, mean, births, asleep = law.scratch, law.mean, law.births, law.asleep
    late, birth, crowd, wake = law.births_crowd, law.birth, law.crowd, law.wake
    lanes = scratch.shape[2]
    for lane in range(lanes):
        scratch[days, CC, lane], scratch[days, CQ, lane] = 1.0, 0.0
        scratch[days, QC, lane], scratch[days, QQ, lane] = 0.0, 1.0
        mean[days, lane], births[days, lane], asleep[days, lane] = 1.0, 0.0, 0.0
        wake[0, lane], wake[1, lane], late[lane] = 0.0, 0.0, 0.0
    for back in range(days):
        day = days - 1 - back
        for lane in range(lanes):
            g, b = scratch[day, 4, lane], birth[day, lane]
            half = exp_poly(0.5 * g)
            series = 1.0 + g * (0.5 + g * (1.0 / 6.0 + g / 24.0))
            ratio = (half * half - 1.0) / (g if abs(g) > 1e-2 else 1.0) if abs(g) > 1e-2 else series
            cc, cq = scratch[day + 1, CC, lane], scratch[day + 1, CQ, lane]
            qc, qq = scratch[day + 1, QC, lane], scratch[day + 1, QQ, lane]
            a, w, v, z = (
                scratch[day, CC, lane],
                scratch[day, CQ, lane],
                scratch[day, QC, lane],
                scratch[day, QQ, lane],
            )
            # Second factorial moments of a cycling and of a tolerant cell's descendants, halved, in wake[0] and wake[1].
            pairs, sleeping = wake[0, lane], wake[1, lane]
            fresh = b * ratio * half * half * (cc + qc) * (cc + qc)
            wake[0, lane] = a * pairs + v * sleeping + fresh
            wake[1, lane] = w * pairs + z * sleeping
            late[lane] += b * ratio * (cc + qc) * (crowd[lane] - scratch[day, _CUMULATED, lane])
            scratch[day, 4, lane], scratch[day, 5, lane] = cc * half, qc * half
            scratch[day, CC, lane], scratch[day, CQ, lane] = cc * a + cq * v, cc * w + cq * z
            scratch[day, QC, lane], scratch[day, QQ, lane] = qc * a + qq * v, qc * w + qq * z
            mean[day, lane] = scratch[day, CC, lane] + scratch[day, QC, lane]
            asleep[day, lane] = scratch[day, QC, lane] / mean[day, lane]
            births[day, lane] = wake[0, lane] / mean[day, lane]
    for lane in range(lanes):
        late[lane] /= births[0, lane] * crowd[lane] + 1e-300
        wake[2, lane] = wake[1, lane] / (scratch[0, CQ, lane] + 1e-300)
        wake[0, lane], wake[1, lane] = scratch[0, QQ, lane], scratch[0, CQ, lane]


@bare_kernel
def _arrivals(
    days: int, genotypes: int, edges: NDArray[np.int64], probability: Array, law: StretchLaw
) -> None:
    """Means of what altered daughters become, for every edge and exposure class."""
    divide, scratch, arrive, crowd, alive = law.divide, law.scratch, law.arrive, law.crowd, law.alive
    births, survive = law.births, law.survive
    for day in range(days):
        for lane in range(survive.shape[1]):
            mean = scratch[day, _AFTER, lane] + scratch[day, _AFTER + 1, lane]
            survive[day, lane] = surviving(mean, 0.5 * (births[day, lane] + births[day + 1, lane]))
    arrive[:] = 0.0
    alive[:] = 0.0
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
                alive[0, x, e] += one * survive[day, child]
                alive[1, x, e] += two * survive[day, child]
                until = scratch[day, _CUMULATED, parent]
                met += one * cycling * (until + crowd[child] - scratch[day, _CUMULATED, child])
            arrive[CC, x, e], arrive[CQ, x, e], arrive[QC, x, e], arrive[QQ, x, e] = cc, cq, qc, qq
            arrive[MEET, x, e] = met / (cc + 1e-300)


@bare_kernel_with(forceinline=True)
def surviving(mean: float, births: float) -> float:
    """Probability that a cell has descendants, from m and I."""
    return min(1.0, mean / (1.0 + births))


@bare_kernel
def write_law(
    rates: Array,
    places: NDArray[np.int64],
    days: int,
    loss: Array,
    edges: NDArray[np.int64],
    probability: Array,
    law: StretchLaw,
) -> None:
    """Compute the law of a stretch.

    Args:
        rates: (places, RATE_ROWS, lanes) integrals over days.
        places: (days,) where the rates of each day stand.
        days: Length of the stretch, at most `LONGEST_STRETCH_DAYS`.
        loss: (G,) probability per division that a daughter leaves for another genotype.
        edges: (E, 2) parent and child genotype.
        probability: (E,) probability per division; 0 for padding.
        law: Receives it.
    """
    for day in range(days):
        _day_matrix(rates, places[day], loss, law.scratch, day)
    _carry_forward(rates, places, days, law)
    _carry_back(days, law)
    _arrivals(days, loss.shape[0], edges, probability, law)
