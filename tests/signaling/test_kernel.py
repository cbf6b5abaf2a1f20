"""The kernels against the readable equations and against an ODE solver."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.integrate import solve_ivp

from forestall.biology.signaling import reference
from forestall.biology.signaling.compile import Compiled, Floats, compile_network, compiled
from forestall.biology.signaling.kernel import _pass, evaluate
from forestall.biology.signaling.slow_states import drives, expression_targets
from forestall.biology.signaling.steady import Batch, Case, _step, batch_of, time_course
from forestall.knowledge.networks import Network

from .random_networks import cell_of, networks, random_lanes

seeds = st.integers(0, 2**32 - 1)


def _evaluated(network: Compiled, arrays: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    activity = np.full_like(arrays[0], np.nan)
    assert evaluate(network.arrays, *arrays, activity) == 0
    return activity


def _assert_equals_reference(network: Compiled, lanes: int, seed: int) -> None:
    arrays = random_lanes(network, lanes, seed)
    activity = _evaluated(network, arrays)
    for lane in range(lanes):
        expected = reference.activities(network.network, cell_of(network, arrays, lane))
        np.testing.assert_allclose(
            activity[:, lane], [expected[name] for name in network.nodes], rtol=0, atol=1e-12
        )


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(1, 9), seeds)
def test_oracle_kernel_equals_the_reference_on_random_networks(
    network: Network, lanes: int, seed: int
) -> None:
    _assert_equals_reference(compile_network(network), lanes, seed)


@pytest.mark.parametrize("seed", range(5))
def test_oracle_kernel_equals_the_reference_on_the_breast_network(seed: int) -> None:
    _assert_equals_reference(compiled(), 17, seed)


@settings(max_examples=60, deadline=None)
@given(networks(cyclic=True), seeds)
def test_oracle_cyclic_networks_end_where_every_node_agrees_with_its_equation(
    network: Network, seed: int
) -> None:
    net = compile_network(network)
    arrays = random_lanes(net, 3, seed)
    activity = np.empty_like(arrays[0])
    if evaluate(net.arrays, *arrays, activity):
        return  # an oscillating lane is counted, not solved
    for lane in range(3):
        known = dict(zip(net.nodes, map(float, activity[:, lane]), strict=True))
        cell = cell_of(net, arrays, lane)
        expected = [reference.activity_of(network, name, cell, known) for name in net.nodes]
        np.testing.assert_allclose(activity[:, lane], expected, rtol=0, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(networks(cyclic=True), seeds, st.integers(0, 4))
def test_property_a_lane_does_not_depend_on_its_neighbors(network: Network, seed: int, lane: int) -> None:
    net = compile_network(network)
    arrays = random_lanes(net, 5, seed)
    together, alone = np.empty_like(arrays[0]), np.empty((len(net.nodes), 1))
    evaluate(net.arrays, *arrays, together)
    evaluate(net.arrays, *(np.ascontiguousarray(array[:, lane : lane + 1]) for array in arrays), alone)
    assert np.array_equal(together[:, lane], alone[:, 0])


@settings(max_examples=40, deadline=None)
@given(networks(), seeds, st.data())
def test_property_a_node_rises_with_its_expression_and_floor_and_falls_with_its_inhibition(
    network: Network, seed: int, data: st.DataObject
) -> None:
    net = compile_network(network)
    i = net.index.node(data.draw(st.sampled_from(net.nodes)))
    arrays = random_lanes(net, 4, seed)
    for k, factor in ((0, np.array([0.5, 1, 2, 4])), (3, np.array([0, 0.3, 0.6, 1]))):
        arrays[k][:] = arrays[k][:, :1]
        arrays[k][i] *= factor
    arrays[1][:], arrays[2][:] = arrays[1][:, :1], arrays[2][:, :1]
    arrays[1][i] = [0, 0.2, 0.5, 0.9]
    activity = _evaluated(net, arrays)
    assert np.all(np.diff(activity[i]) >= -1e-15)
    assert np.all((activity >= 0) & (activity <= 1))


@settings(max_examples=30, deadline=None)
@given(networks(), seeds)
def test_oracle_expression_targets_equal_the_reference(network: Network, seed: int) -> None:
    net = compile_network(network)
    arrays = random_lanes(net, 4, seed)
    activity = _evaluated(net, arrays)
    rest = np.ascontiguousarray(activity[:, ::-1])
    gain = np.ascontiguousarray(np.repeat(net.driver_gain[:, None], 4, axis=1))
    normalizer, target = np.empty((2, 4)), np.empty((2, 4))
    drives(net.arrays, rest, gain, normalizer)
    expression_targets(net.arrays, activity, arrays[0], gain, normalizer, target)
    for s, name in enumerate(net.index.slow):
        for lane in range(4):
            now = dict(zip(net.nodes, map(float, activity[:, lane]), strict=True))
            before = dict(zip(net.nodes, map(float, rest[:, lane]), strict=True))
            base = float(arrays[0][net.index.node(name), lane])
            assert target[s, lane] == pytest.approx(
                reference.expression_target(network, name, base, now, before), rel=1e-12, abs=1e-300
            )


def test_oracle_time_course_matches_an_ode_solver_at_tight_tolerance() -> None:
    case = Case("her2_positive_er_positive", effects={"ERBB2": 0.9, "EGFR": 0.9, "CDK4": 0.5})
    days = [0.5, 1.0, 7.0, 30.0]
    batch = batch_of([case])
    tau = batch.compiled.arrays.slow_tau_days

    def rate(_: float, slow: Floats) -> Floats:
        slow = np.ascontiguousarray(slow[:, None])
        return (batch.targets(batch.activity(slow)) - slow)[:, 0] / tau

    solution = solve_ivp(rate, (0, 30), batch.at_rest()[:, 0], "LSODA", days, rtol=1e-10, atol=1e-12)
    found = [list(state.expression.values()) for state in time_course(case, days, tolerance=1e-8)]
    np.testing.assert_allclose(found, solution.y.T, rtol=1e-6)


def test_property_single_precision_follows_double_precision() -> None:
    double = random_lanes(compiled(), 16, 3)
    single = tuple(array.astype(np.float32) for array in double)
    activity = np.empty_like(single[0])
    evaluate(compiled("breast", "float32").arrays, *single, activity)
    assert activity.dtype == np.float32
    np.testing.assert_allclose(activity, _evaluated(compiled(), double), atol=2e-5)


def test_unit_the_inner_loops_are_vectorized() -> None:
    """A node costs one division; it and the products of the terms are computed on several lanes at once."""
    fresh = njit(error_model="numpy")(_pass.py_func)
    arrays = random_lanes(compiled(), 8, 0)
    net, lanes = compiled().arrays, arrays[0].shape[1]
    flags = np.ones(lanes, np.bool_), np.empty(lanes, np.bool_)
    fresh(net, 0, net.basal.size, *arrays, np.empty_like(arrays[0]), 1.0, *flags, 1.0, np.empty((4, lanes)))
    assembly = "\n".join(fresh.inspect_asm().values())
    if "xmm" not in assembly:
        pytest.skip("not an x86 processor")
    assert re.search(r"\bv?divpd\b", assembly)
    assert len(re.findall(r"\bv?mulpd\b", assembly)) >= 8


def _error_of_fixed_steps(batch: Batch, steps: int, days: float, exact: Floats) -> float:
    slow = batch.at_rest()
    for _ in range(steps):
        slow, _ = _step(batch, slow, days / steps)
    return float(np.abs(slow[:, 0] - exact).max())


def test_property_slow_expression_converges_with_order_two() -> None:
    batch = batch_of([Case("her2_positive_er_positive", effects={"ERBB2": 0.9, "EGFR": 0.9})])
    slow = batch.at_rest()
    for _ in range(4096):
        slow, _ = _step(batch, slow, 4 / 4096)
    coarse, fine = (_error_of_fixed_steps(batch, steps, 4.0, slow[:, 0]) for steps in (32, 64))
    assert 3.4 < coarse / fine < 4.6


def test_property_a_lane_that_has_converged_is_left_alone() -> None:
    """Lanes of one positive loop converge after different numbers of sweeps."""
    half = [0.5, 0.5, 0.5]
    network = Network.model_validate(
        {
            "id": "loop",
            "name": "loop",
            "description": "loop",
            "defaults": {"k": half},
            "nodes": {
                "a": {"name": "a", "basal": [0.05, 0, 1], "inputs": [{"all": ["b"], "weight": [0.9, 0, 1]}]},
                "b": {"name": "b", "basal": [0.05, 0, 1], "inputs": [{"all": ["a"], "weight": [0.9, 0, 1]}]},
            },
            "outputs": ["a"],
            "contexts": {"only": {"name": "only"}},
        }
    )
    net = compile_network(network)
    expression = np.repeat([[0.1, 0.7, 1.0, 3.0, 30.0]], 2, axis=0)
    weight = np.full((2, 5), 0.9)
    together, zero, one = np.empty((2, 5)), np.zeros((2, 5)), np.ones((2, 5))
    assert evaluate(net.arrays, expression, zero, weight, one, together) == 0
    for lane in range(5):
        alone = np.empty((2, 1))
        arrays = (np.ascontiguousarray(part[:, lane : lane + 1]) for part in (expression, zero, weight, one))
        evaluate(net.arrays, *arrays, alone)
        assert np.array_equal(alone[:, 0], together[:, lane])
