"""Tuples that are passed by their address."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from forestall.engine.kernels import bare_kernel, kernel
from forestall.engine.references import by_reference

Array = NDArray[np.float64]


class _Inner(NamedTuple):
    numbers: Array
    whole: int
    flag: bool


class _Outer(NamedTuple):
    items: tuple[_Inner, _Inner]
    sums: Array
    one: _Inner
    factor: float


@bare_kernel
def _work(outer: _Outer, place: int) -> float:
    item = outer.items[place]
    for k in range(item.numbers.shape[0]):
        outer.sums[k] += outer.factor * item.numbers[k]
    return item.whole + outer.one.whole + (100.0 if item.flag else 0.0)


@bare_kernel
def _work_by_reference(outer: _Outer, place: int) -> float:
    outer = by_reference(by_reference(outer))
    return _work(outer, place)


@kernel
def _all(count: int) -> tuple[Array, float]:
    """A tuple for each round, in the same memory: a reference must not show what an earlier one held."""
    total, sums = 0.0, np.zeros(5)
    for k in range(count):
        numbers = np.arange(5.0) + k
        items = (_Inner(numbers, k, False), _Inner(2.0 * numbers, 10 * k, True))
        outer = _Outer(items, np.zeros(5), _Inner(numbers, 1000, False), 0.5 + k)
        total += _work_by_reference(outer, k % 2)
        sums += outer.sums
    return sums, total


def test_oracle_references_give_what_the_tuples_hold() -> None:
    sums, total = _all(7)
    numbers = [np.arange(5.0) + k for k in range(7)]
    assert sums == pytest.approx(sum((0.5 + k) * (1 + k % 2) * numbers[k] for k in range(7)))
    assert total == sum(1000 + (10 * k + 100 if k % 2 else k) for k in range(7))
