"""The quick way to the steady state of slow expression ends where time leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forestall.biology.signaling import settling, steady
from forestall.biology.signaling.compile import Floats, compile_network, compiled
from forestall.biology.signaling.settling import settle
from forestall.biology.signaling.steady import Batch, Case, batch_of, time_course
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.networks import Network

TARGETS = ["ESR1", "EGFR", "ERBB2", "ERBB3", "IGF1R", "PIK3CA", "AKT1", "MTORC1", "MAP2K1", "CDK4"]


def _random_cases(number: int, seed: int) -> list[Case]:
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


def _followed(batch: Batch, steps: list[tuple[float, int]]) -> Floats:
    """Slow states after many small exponential steps of second order."""
    slow, tau = batch.at_rest(), batch.compiled.arrays.slow_tau_days[:, None]
    for step, times in steps:
        z = step / tau
        for _ in range(times):
            aim = batch.targets(batch.activity(slow))
            first = aim + np.exp(-z) * (slow - aim)
            later = batch.targets(batch.activity(np.ascontiguousarray(first)))
            slow = np.ascontiguousarray(first + (np.expm1(-z) + z) / z * (later - aim))
    return slow


def test_oracle_the_settled_state_is_where_a_fine_time_course_ends() -> None:
    batch = batch_of(_random_cases(400, seed=11))
    followed = _followed(batch, [(0.05, 200), (0.2, 300), (1.0, 500)])
    np.testing.assert_allclose(batch.settled(), followed, rtol=1e-8)


def test_property_a_settled_lane_does_not_depend_on_its_neighbors() -> None:
    cases = _random_cases(9, seed=3)
    together = batch_of(cases).settled()
    for lane, case in enumerate(cases):
        assert np.array_equal(batch_of([case]).settled()[:, 0], together[:, lane])


def test_property_single_precision_settles_near_double_precision() -> None:
    cases = _random_cases(64, seed=5)
    double, single = (
        batch_of(cases, compiled("breast", dtype)).settled() for dtype in ("float64", "float32")
    )
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=2e-4)


def _switch(gain: float) -> Network:
    """Two receptors that repress each other's expression: with a strong gain, two steady states."""
    node = {"basal": [0.5, 0.5, 0.5]}
    tau = {"value": 3.0, "unit": "day", "interval": (3, 3), "status": "assumed"}

    def slow(other: str) -> dict[str, Any]:
        driver = {"node": other, "gain": [gain, gain, gain], "k": [0.4, 0.4, 0.4], "n": 4}
        return {"tau": tau, "lowered_by": [driver]}

    return Network.model_validate(
        {
            "id": "switch",
            "name": "switch",
            "description": "switch",
            "defaults": {"k": [0.5, 0.5, 0.5]},
            "nodes": {name: {"name": name, **node} for name in ("a", "b")},
            "expression": {"a": slow("b"), "b": slow("a")},
            "outputs": ["a"],
            "contexts": {"only": {"name": "only"}},
        }
    )


@pytest.mark.parametrize("effect", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("favored", ["a", "b"])
def test_oracle_a_switch_settles_on_the_side_that_time_leads_to(effect: float, favored: str) -> None:
    """The untreated state between the two sides is unstable: the drug decides which side wins."""
    net = compile_network(_switch(8.0))
    case = Case("only", effects={"b" if favored == "a" else "a": effect})
    late = time_course(case, [3000.0], network=net, tolerance=1e-9)[0]
    batch = batch_of([case], net)
    slow = dict(zip(net.index.slow, batch.settled()[:, 0], strict=True))
    assert slow == pytest.approx(late.expression, rel=1e-6)
    assert late.expression[favored] > 1.5


def test_property_what_the_quick_way_misses_the_careful_march_settles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a single quasi-Newton step, every lane is left to the march in time."""
    monkeypatch.setattr(settling, "MAX_ITERATIONS", 0)
    plain = {
        name: getattr(settling, name).py_func
        for name in ("settle", "_polish", "_march", "_march_carefully", "_still_open", "_gaps", "_aim")
    }
    for name, function in plain.items():
        monkeypatch.setattr(settling, name, function)
    batch = batch_of([Case("er_positive", effects={"ESR1": 0.9})])
    slow = batch.at_rest()
    setting = batch.setting(slice(None))
    assert plain["settle"](batch.compiled.arrays, setting, slow, np.empty_like(batch.node_effect)) == 0
    quick = batch.at_rest()
    settle(batch.compiled.arrays, setting, quick, np.empty_like(batch.node_effect))
    np.testing.assert_allclose(slow, quick, rtol=1e-9)


def test_property_a_batch_may_be_settled_in_parts_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, whatever the number of lanes at once."""
    batch = batch_of(_random_cases(50, seed=4))
    whole = batch.settled()
    for lanes in (1, 7, 49):
        monkeypatch.setattr(steady, "LANES_AT_ONCE", lanes)
        np.testing.assert_array_equal(batch.settled(), whole)
