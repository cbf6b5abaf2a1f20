"""Steady states of the breast network per second and core: the kernels against the readable reference.

Two numbers: evaluations of the fast network at given expression, and points (genotype and exposure) with slow
expression settled, each with up to three alterations and up to three drug effects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from forestall.biology.signaling import reference
from forestall.biology.signaling.compile import Compiled, CompiledNetwork, Floats, compiled
from forestall.biology.signaling.kernel import evaluate
from forestall.biology.signaling.settling import Setting, settle
from forestall.biology.signaling.steady import LANES_AT_ONCE, Case, batch_of
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.networks import Network

CONTEXT = "her2_positive_er_positive"
TARGETS = ("ESR1", "EGFR", "ERBB2", "ERBB3", "PIK3CA", "AKT1", "MTORC1", "CDK4")
LANES = (8, 16, 64, 128)
NEEDED = 200_000
"""Settled points per second and core that the model is held to."""


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    evaluations: int = 400_000
    points: int = 40_000


QUICK = Settings(100_000, 8_000)


@njit(cache=False)
def _evaluate_often(
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


@njit(cache=False)
def _settle_often(net: CompiledNetwork, setting: Setting, start: Floats, out: Floats, times: int) -> int:
    unsettled = 0
    for _ in range(times):
        unsettled += settle(net, setting, start.copy(), out)
    return unsettled


def evaluation_rate(dtype: str, lanes: int, evaluations: int) -> float:
    """Evaluations of lanes per second of processor time."""
    net = compiled("breast", dtype)
    expression = np.repeat(net.expression_of(CONTEXT)[:, None], lanes, axis=1)
    floor, effect, out = np.zeros_like(expression), np.ones_like(expression), np.empty_like(expression)
    weight = np.repeat(net.term_weight[:, None], lanes, axis=1)
    arguments = (net.arrays, expression, floor, weight, effect, out)
    _evaluate_often(*arguments, 1)
    times = max(1, evaluations // lanes)
    return times * lanes / _seconds(lambda: _evaluate_often(*arguments, times))


def settled_rate(dtype: str, lanes: int, points: int) -> float:
    """Settled points per second of processor time."""
    batch = batch_of(random_cases(lanes, seed=lanes), compiled("breast", dtype))
    arguments = (
        batch.compiled.arrays,
        batch.setting(slice(None)),
        batch.at_rest(),
        np.empty_like(batch.node_effect),
    )
    if _settle_often(*arguments, 1):
        raise RuntimeError("a lane did not settle")
    times = max(1, points // lanes)
    return times * lanes / _seconds(lambda: _settle_often(*arguments, times))


def random_cases(number: int, seed: int) -> list[Case]:
    """Points with up to three alterations and up to three effects."""
    draw = np.random.default_rng(seed)
    contexts, alterations = list(compiled().network.contexts), list(load_alterations())
    return [
        Case(
            str(draw.choice(contexts)),
            tuple(map(str, draw.choice(alterations, draw.integers(0, 4), replace=False))),
            {
                str(node): float(draw.uniform(0.05, 0.98))
                for node in draw.choice(TARGETS, draw.integers(0, 4), replace=False)
            },
        )
        for _ in range(number)
    ]


def batch_rate(points: int) -> float:
    """Settled points per second of processor time of one large batch, as the package's functions solve it."""
    batch = batch_of(random_cases(points, seed=1))
    batch.settled()
    return points / _seconds(batch.settled)


def reference_rate(evaluations: int = 200) -> float:
    """Evaluations per second of the readable reference."""
    net = compiled()
    cell = _reference_cell(net)

    def run() -> None:
        for _ in range(evaluations):
            reference.activities(net.network, cell)

    return evaluations / _seconds(run)


def reference_settled_rate() -> float:
    """Settled points per second of the readable reference: repeated relaxation until nothing moves."""
    net = compiled()
    return 1 / _seconds(lambda: _settled_by_reference(net.network, _reference_cell(net)))


def _reference_cell(net: Compiled) -> reference.Cell:
    expression = dict(zip(net.nodes, map(float, net.expression_of(CONTEXT)), strict=True))
    return reference.Cell(expression=expression)


def _settled_by_reference(network: Network, cell: reference.Cell) -> Mapping[str, float]:
    """Slow states under 90% inhibition of HER2, by damped steps to the same tolerance."""
    rest = reference.activities(network, cell)
    base = {name: cell.expression[name] for name in network.expression}
    slow = dict(base)
    gap = 1.0
    while gap > 1e-11:
        treated = reference.Cell(expression={**cell.expression, **slow}, remaining={"ERBB2": 0.1})
        now = reference.activities(network, treated)
        aim = {name: reference.expression_target(network, name, base[name], now, rest) for name in slow}
        gap = max(abs(aim[name] / slow[name] - 1) for name in slow)
        slow = {name: slow[name] + 0.7 * (aim[name] - slow[name]) for name in slow}
    return slow


def _seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Median processor time of `run`."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return float(np.median(spent))


def run(settings: Settings) -> None:
    """Measure and print."""
    net = compiled()
    slow, slow_settled = reference_rate(), reference_settled_rate()
    print(
        f"breast network: {len(net.nodes)} nodes, {len(net.term_weight)} terms, {len(net.index.slow)} slow states"
    )
    print(f"reference              {slow:14,.0f} evaluations/s {slow_settled:12,.1f} settled points/s")
    for dtype in ("float64", "float32"):
        for lanes in LANES:
            rate = evaluation_rate(dtype, lanes, settings.evaluations)
            settled = settled_rate(dtype, lanes, settings.points)
            print(
                f"kernel {dtype} {lanes:4d} lanes {rate:12,.0f} evaluations/s ({rate / slow:6,.0f} x) "
                f"{settled:10,.0f} settled points/s ({settled / slow_settled:8,.0f} x, {settled / NEEDED:4.1f} of the aim)"
            )
    rate = batch_rate(settings.points)
    print(
        f"one batch of {settings.points:,} points, {LANES_AT_ONCE} lanes at once: {rate:,.0f} settled points/s "
        f"({rate / slow_settled:,.0f} x, {rate / NEEDED:.1f} of the aim)"
    )


if __name__ == "__main__":
    run(Settings())
