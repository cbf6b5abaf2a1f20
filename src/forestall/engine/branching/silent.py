"""A clone until its first emission, with the constants of its rates computed once: the law of `forestall.engine.emission`.

A line has emitted by day t with probability q(t). The first of n lines emits on the day on which q has grown to 1 - U^(1/n), U a
uniform number: one draw decides whether the clone emits in an interval, and when.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.birth_death import LARGEST_EXPONENT, birth_death_step, mean_of_exponential
from forestall.engine.counts import next_geometric, next_negative_binomial
from forestall.engine.emission import Roots, day_of, silent_line
from forestall.engine.kernels import bare_kernel
from forestall.engine.random import next_exponential, next_uniform


@bare_kernel
def next_emission_of_one(
    state: npt.NDArray[np.uint64], roots: Roots, emission: float, days: float
) -> tuple[float, float]:
    """Follow one cell's line to its first emission or to the end of the interval.

    Args:
        state: (2,) state of a stream.
        roots: Constants of its rates.
        emission: Rate at which a cell emits, 1/day.
        days: Length of the interval.

    Returns:
        Day of the first emission, or infinity when there is none, and the cells of the line at that time (or at the end).
    """
    rate, lower, _, above = roots
    mixing = days * mean_of_exponential(-rate * days)
    decay = math.exp(-min(rate * days, LARGEST_EXPONENT))
    alive, spread = decay + above * mixing, 1.0 + lower * mixing
    emitted, rest = emission * mixing / alive, next_uniform(state)
    if rest < emitted:
        return emitting_line(state, roots, emission, rest, days)
    if rest - emitted >= decay / (spread * alive):
        return math.inf, 0.0
    return math.inf, 1.0 + next_geometric(state, min(1.0, alive / spread))


@bare_kernel
def emitting_line(
    state: npt.NDArray[np.uint64], roots: Roots, emission: float, rest: float, days: float
) -> tuple[float, float]:
    """Day, at most `days`, by which a line has emitted with probability `rest`, and its cells if it emits then.

    Other arguments as for `next_emission_of_one`.
    """
    rate, lower, below, above = roots
    mixing = rest / (emission + rest * below)
    stop = (max(0.0, 1.0 - rate * mixing) + above * mixing) / (1.0 + lower * mixing)
    return min(days, day_of(rate, mixing)), 1.0 + next_negative_binomial(state, 2.0, min(1.0, stop))


@bare_kernel
def next_emission_of_many(
    state: npt.NDArray[np.uint64],
    cells: float,
    roots: Roots,
    d: float,
    emission: float,
    days: float,
    normal_above: float,
    mean_above: float,
) -> tuple[float, float]:
    """Follow a clone to its first emission or to the end of the interval; see `next_emission_of_one`.

    Args:
        state: (2,) state of a stream.
        cells: Cells at the start, integer-valued.
        roots: Constants of their rates.
        d: Death rate, 1/day.
        emission: Rate at which a cell emits, 1/day.
        days: Length of the interval.
        normal_above: As for `birth_death_step`.
        mean_above: As for `birth_death_step`.
    """
    rate, below, above = roots[0], roots[2], roots[3]
    mixing = days * mean_of_exponential(-rate * days)
    emitted = -math.expm1(-next_exponential(state) / cells)
    if emitted * (math.exp(-min(rate * days, LARGEST_EXPONENT)) + above * mixing) >= emission * mixing:
        _, _, survival, stop = silent_line(roots, d, days, mixing)
        return math.inf, birth_death_step(state, cells, survival, stop, normal_above, mean_above)
    mixing = emitted / (emission + emitted * below)
    day = min(days, day_of(rate, mixing))
    _, _, survival, stop = silent_line(roots, d, day, mixing)
    family = 1.0 + next_negative_binomial(state, 2.0, stop)
    return day, family + birth_death_step(state, cells - 1.0, survival, stop, normal_above, mean_above)
