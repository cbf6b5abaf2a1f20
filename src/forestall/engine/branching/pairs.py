"""Two phenotypes of one genotype: mean and covariance of cycling and tolerant cells after an interval, in closed form.

Cycling cells divide (b), die (d) and fall asleep (s); tolerant cells wake (w) and die (e). The means obey m' = A m with

    A = [[b - d - s, w], [s, -(w + e)]]

and the covariance is the integral of exp(A(t - x)) D(x) exp(A(t - x))' over the interval, where D is the noise of the events at
x. exp(A t) is elementary, the integral is taken by Gauss-Legendre quadrature, which is exact to 1e-9 for intervals of a few
e-folds. Its nodes lie as far from the start as from the end, so each exp(A t) serves twice.
"""

from __future__ import annotations

import math

import numpy as np

from forestall.engine.kernels import bare_kernel

_NODES = (0.5 + 0.5 * np.polynomial.legendre.leggauss(8)[0])[:4]
"""Of the first half of the interval; the others mirror them."""
_WEIGHTS = (0.5 * np.polynomial.legendre.leggauss(8)[1])[:4]

Matrix = tuple[float, float, float, float]


@bare_kernel
def mean_matrix(net: float, sleep: float, wake: float, tolerant_death: float, days: float) -> Matrix:
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
    cycling: float,
    tolerant: float,
    b: float,
    d: float,
    sleep: float,
    wake: float,
    tolerant_death: float,
    days: float,
) -> tuple[float, float, float, float, float]:
    """Moments of the descendants of some cells.

    Args:
        cycling: Cycling cells at the start.
        tolerant: Tolerant cells at the start.
        b: Division rate of cycling cells, 1/day.
        d: Their death rate, 1/day.
        sleep: Cycling to tolerant, 1/day.
        wake: Tolerant to cycling, 1/day.
        tolerant_death: Death of tolerant cells, 1/day.
        days: Length of the interval; a few e-folds at most.

    Returns:
        Mean cycling and tolerant cells, variance of the cycling ones, covariance, variance of the tolerant ones.
    """
    net, turnover = b - d, b + d
    mean_c, mean_t = _apply(mean_matrix(net, sleep, wake, tolerant_death, days), cycling, tolerant)
    var_c, both, var_t = 0.0, 0.0, 0.0
    for node in range(4):
        at = _NODES[node] * days
        near = mean_matrix(net, sleep, wake, tolerant_death, at)
        far = mean_matrix(net, sleep, wake, tolerant_death, days - at)
        for mirrored in range(2):
            before, after = (far, near) if mirrored else (near, far)
            c, t = _apply(before, cycling, tolerant)
            moved = sleep * c + wake * t
            noise_c, noise_t = turnover * c + moved, tolerant_death * t + moved
            cc, ct, tc, tt = after
            weight = _WEIGHTS[node] * days
            var_c += weight * (cc * cc * noise_c - 2.0 * cc * tc * moved + tc * tc * noise_t)
            both += weight * (cc * ct * noise_c - (cc * tt + tc * ct) * moved + tc * tt * noise_t)
            var_t += weight * (ct * ct * noise_c - 2.0 * ct * tt * moved + tt * tt * noise_t)
    return mean_c, mean_t, var_c, both, var_t


@bare_kernel
def _apply(matrix: Matrix, cycling: float, tolerant: float) -> tuple[float, float]:
    """Expected cells of both phenotypes, of so many."""
    return cycling * matrix[0] + tolerant * matrix[2], cycling * matrix[1] + tolerant * matrix[3]
