"""Steady states of the breast network per second and core: the kernel against the readable reference.

Run: python benchmarks/signaling_speed.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numba import njit

from forestall.biology.signaling import reference
from forestall.biology.signaling.compile import CompiledNetwork, Floats, compiled
from forestall.biology.signaling.kernel import evaluate

CONTEXT = "her2_positive_er_positive"


@njit(cache=False)
def _repeat(
    net: CompiledNetwork,
    expression: Floats,
    floor: Floats,
    weight: Floats,
    effect: Floats,
    out: Floats,
    times: int,
) -> None:
    for _ in range(times):
        evaluate(net, expression, floor, weight, effect, out)


def kernel_rate(dtype: str, lanes: int, evaluations: int = 400_000) -> float:
    """Lane evaluations per second of processor time."""
    net = compiled("breast", dtype)
    expression = np.repeat(net.expression_of(CONTEXT)[:, None], lanes, axis=1)
    floor, effect, out = np.zeros_like(expression), np.ones_like(expression), np.empty_like(expression)
    weight = np.repeat(net.term_weight[:, None], lanes, axis=1)
    arguments = (net.arrays, expression, floor, weight, effect, out)
    _repeat(*arguments, 1)
    times = max(1, evaluations // lanes)
    return times * lanes / _seconds(lambda: _repeat(*arguments, times))


def reference_rate(evaluations: int = 200) -> float:
    """Evaluations per second of the readable reference."""
    net = compiled()
    cell = reference.Cell(
        expression=dict(zip(net.nodes, map(float, net.expression_of(CONTEXT)), strict=True))
    )

    def run() -> None:
        for _ in range(evaluations):
            reference.activities(net.network, cell)

    return evaluations / _seconds(run)


def _seconds(run: Callable[[], None], repeats: int = 5) -> float:
    """Median processor time of `run`."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return float(np.median(spent))


def main() -> None:
    slow = reference_rate()
    net = compiled()
    print(f"breast network: {len(net.nodes)} nodes, {len(net.term_weight)} terms")
    print(f"reference             {slow:14,.0f} evaluations/s")
    for dtype in ("float64", "float32"):
        for lanes in (8, 16, 64):
            rate = kernel_rate(dtype, lanes)
            print(f"kernel {dtype} {lanes:3d} lanes {rate:10,.0f} evaluations/s  {rate / slow:8,.0f} x")


if __name__ == "__main__":
    main()
