"""Two phenotypes of one genotype: mean and covariance of cycling and tolerant cells after an interval, in closed form.

Cycling cells divide (b), die (d) and fall asleep (s); tolerant cells wake (w) and die (e). The means obey m' = A m with

    A = [[b - d - s, w], [s, -(w + e)]]

and the covariance is the integral of exp(A(t - x)) D(x) exp(A(t - x))' over the interval, where D is the noise of the events at
x. exp(A t) is elementary, the integral is taken by Gauss-Legendre quadrature, which is exact to 1e-9 for intervals of a few
e-folds.
"""

from __future__ import annotations

import math

import numpy as np

from forestall.engine.kernels import bare_kernel

_NODES = 0.5 + 0.5 * np.polynomial.legendre.leggauss(8)[0]
_WEIGHTS = 0.5 * np.polynomial.legendre.leggauss(8)[1]


@bare_kernel
def mean_matrix(
    net: float, sleep: float, wake: float, tolerant_death: float, days: float
) -> tuple[float, float, float, float]:
    """Expected cells after an interval, per cell at its start.

    Args:
        net: Division minus death of cycling cells, 1/day.
        sleep: Cycling to tolerant, 1/day.
        wake: Tolerant to cycling, 1/day.
        tolerant_death: Death of tolerant cells, 1/day.
        days: Length of the interval.

    Returns:
        Cycling and tolerant cells from one cycling cell, then cycling and tolerant cells from one tolerant cell.
    """
    first, last = net - sleep, -(wake + tolerant_death)
    middle, half = 0.5 * (first + last), 0.5 * (first - last)
    spread = math.sqrt(half * half + sleep * wake)
    upper, lower = math.exp((middle + spread) * days), math.exp((middle - spread) * days)
    even = 0.5 * (upper + lower)
    odd = 0.5 * (upper - lower) / spread if spread * days > 1e-8 else days * upper
    return even + odd * half, odd * sleep, odd * wake, even - odd * half


@bare_kernel
def pair_moments(
    b: float, d: float, sleep: float, wake: float, tolerant_death: float, days: float, tolerant: bool
) -> tuple[float, float, float, float, float]:
    """Moments of the descendants of one cell.

    Args:
        b: Division rate of cycling cells, 1/day.
        d: Their death rate, 1/day.
        sleep: Cycling to tolerant, 1/day.
        wake: Tolerant to cycling, 1/day.
        tolerant_death: Death of tolerant cells, 1/day.
        days: Length of the interval; a few e-folds at most.
        tolerant: Whether the cell is tolerant at the start.

    Returns:
        Mean cycling and tolerant cells, variance of the cycling ones, covariance, variance of the tolerant ones.
    """
    net = b - d
    from_cycling = mean_matrix(net, sleep, wake, tolerant_death, days)
    mean_c, mean_t = (from_cycling[2], from_cycling[3]) if tolerant else (from_cycling[0], from_cycling[1])
    var_c, both, var_t = 0.0, 0.0, 0.0
    for node in range(8):
        at = _NODES[node] * days
        now = mean_matrix(net, sleep, wake, tolerant_death, at)
        c, t = (now[2], now[3]) if tolerant else (now[0], now[1])
        cc, ct, tc, tt = mean_matrix(net, sleep, wake, tolerant_death, days - at)
        moved = sleep * c + wake * t
        noise_c = (b + d) * c + moved
        noise_t = tolerant_death * t + moved
        weight = _WEIGHTS[node] * days
        var_c += weight * (cc * cc * noise_c - 2.0 * cc * tc * moved + tc * tc * noise_t)
        both += weight * (cc * ct * noise_c - (cc * tt + tc * ct) * moved + tc * tt * noise_t)
        var_t += weight * (ct * ct * noise_c - 2.0 * ct * tt * moved + tt * tt * noise_t)
    return mean_c, mean_t, var_c, both, var_t
