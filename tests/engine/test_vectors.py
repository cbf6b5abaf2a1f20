"""Sixteen lanes at once: the same numbers as a loop over lanes, in vector registers, and nothing outside the row."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba import njit
from numpy.typing import NDArray

from forestall.engine.exponential import exp_lanes, exp_poly
from forestall.engine.kernels import bare_kernel
from forestall.engine.vectors import (
    WIDTH,
    absolute,
    any_above,
    larger,
    load,
    root,
    smaller,
    spread,
    store,
    total,
    where,
)

Array = NDArray[Any]
LANES = [1, 7, 16, 20, 32]


@bare_kernel
def formula(a: Array, b: Array, out: Array) -> None:
    """Every operation once."""
    for first in range(0, a.shape[1], WIDTH):
        x, y = load(a, (0, first)), load(b, (first,))
        value = (2.0 * x - y / (1.0 + y)) * (x + spread(b[0]))
        store(out, (1, 0, first), where(value, 1.0, larger(x, y), smaller(y, 0.25)) + absolute(x - y))
        store(out, (1, 1, first), root(y))


@bare_kernel
def sums(a: Array, out: Array) -> None:
    for first in range(0, a.shape[1], WIDTH):
        out[0] += total(load(a, (0, first)))


@bare_kernel
def exponentials(a: Array, out: Array) -> None:
    for first in range(0, a.shape[1], WIDTH):
        store(out, (0, first), exp_lanes(load(a, (0, first))))


@bare_kernel
def some_above(a: Array, limit: float) -> bool:
    some = False
    for first in range(0, a.shape[1], WIDTH):
        some = some or any_above(load(a, (0, first)), limit)
    return some


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_oracle_arithmetic_is_that_of_numpy_to_the_last_bit(lanes: int, kind: type) -> None:
    rng = np.random.default_rng(lanes)
    a, b = rng.uniform(-2, 2, (1, lanes)).astype(kind), rng.uniform(0, 2, lanes).astype(kind)
    out = np.full((3, 2, lanes), 9.0, kind)
    formula(a, b, out)
    one, two, quarter = kind(1), kind(2), kind(0.25)
    value = (two * a[0] - b / (one + b)) * (a[0] + b[0])
    chosen = np.where(value > 1, np.maximum(a[0], b), np.minimum(b, quarter)) + np.abs(a[0] - b)
    assert np.array_equal(out[1, 0], chosen)
    assert np.array_equal(out[1, 1], np.sqrt(b))
    assert (out[[0, 2]] == 9.0).all()


@pytest.mark.parametrize("lanes", LANES)
def test_oracle_sum_and_exponential(lanes: int) -> None:
    """Exponentials are those of `exp_poly`, sums those of numpy but for rounding."""
    a = np.random.default_rng(lanes).uniform(-30, 30, (1, lanes))
    out = np.zeros((1, lanes))
    exponentials(a, out)
    assert out[0].tolist() == [exp_poly(float(x)) for x in a[0]]
    summed = np.zeros(1)
    sums(a, summed)
    assert summed[0] == pytest.approx(a.sum(), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("lanes", LANES)
def test_unit_one_lane_above_is_found_wherever_it_stands(lanes: int) -> None:
    a = np.full((1, lanes), 0.5)
    assert not some_above(a, 0.5)
    for lane in range(lanes):
        a[:] = 0.5
        a[0, lane] = 0.6
        assert some_above(a, 0.5)


@pytest.mark.skipif(not get_host_cpu_features().get("avx", False), reason="a processor without AVX")
def test_property_a_vector_is_held_in_the_wide_registers() -> None:
    compiled = njit("void(float64[:, ::1], float64[::1], float64[:, :, ::1])", error_model="numpy")(
        formula.py_func  # type: ignore[attr-defined]
    )
    (assembly,) = compiled.inspect_asm().values()
    assert len(re.findall(r"(?:mulpd|addpd|subpd|divpd)\b.*[yz]mm\d", assembly)) > 5
