"""The vectorizable exponential: accurate everywhere, and really in vector lanes."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba import njit
from numpy.typing import NDArray

from forestall.engine.exponential import exp_poly
from forestall.engine.kernels import kernel_with

Array = NDArray[np.float64]


def loop(x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = exp_poly(x[i])


@pytest.mark.parametrize("fastmath", [False, True])
@pytest.mark.parametrize("largest", [1e-12, 0.3, 1.0, 40.0, 700.0])
def test_oracle_relative_error_is_below_2e_14(largest: float, fastmath: bool) -> None:
    x = np.concatenate(
        [np.random.default_rng(1).uniform(-largest, largest, 100_000), [0.0, largest, -largest]]
    )
    out = np.empty_like(x)
    kernel_with(fastmath=fastmath)(loop)(x, out)
    assert np.abs(out / np.exp(x) - 1.0).max() < 2e-14


def test_unit_edges_are_held_and_nan_stays() -> None:
    assert exp_poly(0.0) == 1.0
    assert exp_poly(1e9) == pytest.approx(math.exp(708.0), rel=1e-13)
    assert exp_poly(-math.inf) == pytest.approx(math.exp(-708.0), rel=1e-13)
    assert math.isnan(exp_poly(math.nan))


def test_property_it_rises_with_its_argument() -> None:
    x = np.linspace(-3.0, 3.0, 100_001)
    out = np.empty_like(x)
    njit(loop)(x, out)
    assert (np.diff(out) > 0.0).all()


@pytest.mark.skipif(not get_host_cpu_features().get("avx", False), reason="a processor without AVX")
def test_property_a_loop_over_it_is_compiled_to_vector_instructions() -> None:
    """The polynomial is evaluated in the wide registers, ymm or zmm."""
    compiled = njit("void(float64[::1], float64[::1])")(loop)
    (assembly,) = compiled.inspect_asm().values()
    assert len(re.findall(r"mulpd\b.*[yz]mm\d", assembly)) > 10
