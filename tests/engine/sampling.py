"""Compiled loops over independent streams, so that tests can draw samples of any size quickly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.engine.birth_death import (
    birth_death_step,
    constant_rate_law,
    next_share,
    poisson_families,
)
from forestall.engine.clones import evolve_clones
from forestall.engine.counts import next_binomial, next_gamma, next_negative_binomial, next_poisson
from forestall.engine.growth import grow_to_size
from forestall.engine.kernels import kernel
from forestall.engine.mutation import Genotypes, new_stack
from forestall.engine.random import next_exponential, next_normal, stream

Array = NDArray[np.float64]
Edges = tuple[NDArray[np.int64], NDArray[np.int64], Array]

PURPOSE = 1


@kernel
def poissons(seed: int, size: int, mean: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_poisson(state, mean) for _ in range(size)])


@kernel
def binomials(seed: int, size: int, trials: float, p: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_binomial(state, trials, p) for _ in range(size)])


@kernel
def negative_binomials(seed: int, size: int, successes: float, stop: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_negative_binomial(state, successes, stop) for _ in range(size)])


@kernel
def gammas(seed: int, size: int, shape: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_gamma(state, shape) for _ in range(size)])


@kernel
def exponentials(seed: int, size: int) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_exponential(state) for _ in range(size)])


@kernel
def stream_normals(seed: int, patient: int, index: int, size: int) -> Array:
    state = stream(seed, patient, PURPOSE, index)
    return np.array([next_normal(state) for _ in range(size)])


@kernel
def steps(
    seed: int,
    size: int,
    cells: float,
    b: float,
    d: float,
    days: float,
    normal_above: float,
    mean_above: float,
) -> Array:
    """Sizes of independent populations after one interval."""
    state = stream(seed, 0, PURPOSE, 0)
    survival, stop = constant_rate_law(b, d, days)
    return np.array(
        [birth_death_step(state, cells, survival, stop, normal_above, mean_above) for _ in range(size)]
    )


@kernel
def families_of(seed: int, size: int, expected: float, births: float, normal_above: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([poisson_families(state, expected, births, normal_above) for _ in range(size)])


@kernel
def shares(seed: int, size: int, cells: float, share: float, normal_above: float) -> Array:
    state = stream(seed, 0, PURPOSE, 0)
    return np.array([next_share(state, cells, share, normal_above) for _ in range(size)])


@kernel
def path(seed: int, size: int, cells: float, b: float, d: float, days: float, times: int) -> Array:
    """(size, times) sizes of independent populations at the end of each of several equal intervals."""
    state = stream(seed, 0, PURPOSE, 0)
    survival, stop = constant_rate_law(b, d, days)
    out = np.empty((size, times))
    for i in range(size):
        now = cells
        for j in range(times):
            now = birth_death_step(state, now, survival, stop, np.inf, np.inf)
            out[i, j] = now
    return out


@kernel
def clones(
    seed: int,
    size: int,
    cells: Array,
    birth: Array,
    death: Array,
    edges: Edges,
    days: float,
    intervals: int,
    normal_above: float,
    mean_above: float,
) -> Array:
    """(size, g) cells of independent populations after a time that is split into equal intervals."""
    genotypes = Genotypes(birth, death, edges[0], edges[1], edges[2], normal_above, mean_above)
    stack = new_stack()
    out = np.empty((size, cells.size))
    now = np.empty(cells.size)
    for i in range(size):
        state = stream(seed, i, PURPOSE, 0)
        out[i] = cells
        for _ in range(intervals):
            now[:] = out[i]
            status = evolve_clones(state, now, days / intervals, genotypes, stack, out[i])
            if status != 0:
                out[i] = np.nan
    return out


@kernel
def tumors(
    seed: int,
    size: int,
    birth: Array,
    death: Array,
    edges: Edges,
    capacity: float,
    target: float,
    max_days: float,
    normal_above: float,
    mean_above: float,
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Ages (size,), cells (size, g) and status (size,) of tumors that are grown to a size."""
    stack = new_stack()
    out = np.empty((size, birth.size))
    ages = np.empty(size)
    status = np.empty(size, np.int64)
    for i in range(size):
        ages[i], status[i] = grow_to_size(
            stream(seed, i, PURPOSE, 0), 0, birth, death, edges[0], edges[1], edges[2], capacity, target,
            max_days, normal_above, mean_above, stack, out[i],
        )  # fmt: skip
    return ages, out, status
