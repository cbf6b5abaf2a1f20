"""The engines against exact solutions of small networks, and the properties that every run has.

Statistical tests compare shares of n = 100,000 trajectories with exact probabilities. The bound is 5 standard errors of a share of
one half; over the 1,500 comparisons here, a correct engine fails one with probability below 0.001.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from forestall.errors import InputError
from forestall.interop.logical import compile as compile_module
from forestall.interop.logical.expressions import Number, Operator, Parameter, Symbol, operation
from forestall.interop.logical.model import LogicalModel, Node, fixed_start
from forestall.studies import logical_screen
from forestall.studies.logical import run_network
from forestall.studies.logical_events import CHUNK
from forestall.studies.logical_plan import Perturbation, Plan
from forestall.studies.logical_screen import all_combinations, screen_network

from .networks import (
    flip_rates,
    generator_matrix,
    initial_distribution,
    node_probabilities,
    random_model,
)

N = 100_000
BOUND = 5 * 0.5 / np.sqrt(N)
SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_exact_engine_follows_the_master_equation(seed: int) -> None:
    model = random_model(seed)
    run = run_network(model, Plan(time=3.0, tick=1.0, trajectories=N), joint=model.names)
    matrix, distribution = generator_matrix(flip_rates(model)), initial_distribution(model)
    for row, time in enumerate(run.times):
        expected = distribution @ expm(matrix * time)
        assert np.abs(run.joint[row] - expected).max() < BOUND
        assert np.abs(run.probability[row] - node_probabilities(expected, 4)).max() < BOUND


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_means_over_ticks_are_integrals_of_the_master_equation(seed: int) -> None:
    model = random_model(seed)
    run = run_network(model, Plan(time=2.0, tick=1.0, trajectories=N, averaged=True), joint=model.names)
    matrix, distribution = generator_matrix(flip_rates(model)), initial_distribution(model)
    points = (np.arange(400) + 0.5) / 400
    for row in range(2):
        expected = np.mean([distribution @ expm(matrix * (row + point)) for point in points], axis=0)
        assert np.abs(run.joint[row] - expected).max() < BOUND
        assert np.abs(run.probability[row] - node_probabilities(expected, 4)).max() < BOUND


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_one_random_node_per_update_is_a_power_of_its_transition_matrix(seed: int) -> None:
    model = random_model(seed)
    weights = {"n0": 3.0, "n1": 1.0, "n2": 2.0, "n3": 1.0}
    plan = Plan(engine="async", time=3.0, tick=1.0, trajectories=N, weights=weights, updates_per_step=2)
    run = run_network(model, plan, joint=model.names)
    odds = {node.name: weights[node.name] for node in model.nodes if not node.is_input}
    rates = flip_rates(model.with_rates(odds)) / sum(weights.values())
    step = np.linalg.matrix_power(np.eye(16) + generator_matrix(rates), 2)
    expected = initial_distribution(model)
    for row in range(4):
        assert np.abs(run.joint[row] - expected).max() < BOUND
        expected = expected @ step


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_synchronous_updates_are_a_map_of_states(seed: int) -> None:
    model = random_model(seed)
    run = run_network(model, Plan(engine="sync", time=5.0, tick=1.0, trajectories=N), joint=model.names)
    flips = flip_rates(model) > 0.0
    after = np.arange(16) ^ (flips @ (1 << np.arange(4)))
    counts = np.round(run.joint * N)
    assert np.abs(run.joint[0] - initial_distribution(model)).max() < BOUND
    for row in range(5):
        assert np.array_equal(np.bincount(after, weights=counts[row], minlength=16), counts[row + 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_sliced_engine_is_the_product_of_its_half_steps(seed: int) -> None:
    """The scheme itself, without its error: each half step is the matrix that lets one node follow its rule."""
    model = random_model(seed)
    run = run_network(model, Plan(engine="sliced", time=3.0, tick=1.0, trajectories=N), joint=model.names)
    expected, step = initial_distribution(model), _strang(flip_rates(model), 1.0)
    for row in range(4):
        assert np.abs(run.joint[row] - expected).max() < BOUND
        expected = expected @ step


def _strang(rates: np.ndarray, tick: float) -> np.ndarray:
    length = -2.0 * np.log1p(-0.25) / rates.max()
    steps = int(tick / length)
    half = lambda place, time: _follow(rates[:, place], place, time / 2)  # noqa: E731
    product = np.eye(16)
    for time in [*[length] * steps, tick - steps * length]:
        for place in [0, 1, 2, 3, 3, 2, 1, 0]:
            product = product @ half(place, time)
    return product


def _follow(rate: np.ndarray, place: int, time: float) -> np.ndarray:
    """At most one flip: what was not drawn to follow its rule stays."""
    moves = -np.expm1(-rate * time)
    matrix = np.diag(1.0 - moves)
    matrix[np.arange(16), np.arange(16) ^ (1 << place)] = moves
    return matrix


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_sliced_engine_stays_near_the_master_equation(seed: int) -> None:
    """The error of the scheme on networks that are nothing but feedback; published ones show a tenth of it."""
    model = random_model(seed)
    run = run_network(model, Plan(engine="sliced", time=3.0, tick=1.0, trajectories=N))
    matrix, distribution = generator_matrix(flip_rates(model)), initial_distribution(model)
    for row, time in enumerate(run.times):
        expected = node_probabilities(distribution @ expm(matrix * time), 4)
        assert np.abs(run.probability[row] - expected).max() < 0.03 + BOUND


@pytest.mark.parametrize("engine", ["exact", "async", "sliced", "sync"])
def test_property_results_do_not_depend_on_workers(engine: str) -> None:
    model, tick = random_model(3), 1.0
    plan = Plan(engine=engine, time=4.0, tick=tick, trajectories=3 * CHUNK + 100)
    one, two = (run_network(model, plan, workers=workers, joint=("n0", "n1")) for workers in (1, 3))
    assert np.array_equal(one.probability, two.probability)
    assert np.array_equal(one.joint, two.joint)


@pytest.mark.parametrize("engine", ["exact", "async", "sliced", "sync"])
def test_property_more_trajectories_keep_those_before(engine: str) -> None:
    model = random_model(3)
    few, many = (
        run_network(model, Plan(engine=engine, time=4.0, tick=1.0, trajectories=n)) for n in (1000, 1001)
    )
    difference = many.probability * 1001 - few.probability * 1000
    assert np.abs(difference - np.round(difference)).max() < 1e-9
    assert ((difference > -0.5) & (difference < 1.5)).all()


@pytest.mark.parametrize("engine", ["exact", "async", "sliced", "sync"])
def test_property_screen_is_the_same_as_single_runs(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, plan = random_model(5), Plan(engine=engine, time=4.0, tick=1.0, trajectories=5000)
    combinations = all_combinations(model, 2)
    screen = screen_network(model, plan, combinations, ("n1", "n3"), workers=2)
    monkeypatch.setattr(logical_screen, "SIDE_BY_SIDE", 3)
    again = screen_network(model, plan, combinations, ("n1", "n3"), workers=1)
    assert np.array_equal(screen.probability, again.probability)
    if engine != "sliced":  # there, the steps of a run end at its observations
        for row in (0, 7, 13):
            run = run_network(model, plan, perturbations=combinations[row], nodes=("n1", "n3"))
            assert np.array_equal(run.probability[-1], screen.probability[row])


@pytest.mark.parametrize("engine", ["exact", "async", "sliced", "sync"])
def test_property_a_held_node_stays_and_a_share_of_none_changes_nothing(engine: str) -> None:
    model, plan = random_model(2), Plan(engine=engine, time=4.0, tick=1.0, trajectories=5000)
    free = run_network(model, plan)
    held = run_network(model, plan, perturbations=[Perturbation("n2", 1)])
    assert (held.probability[:, 2] == 1.0).all()
    none = run_network(model, plan, perturbations=[Perturbation("n2", 1, 0.0)])
    assert np.array_equal(none.probability, free.probability)


@pytest.mark.parametrize("engine", ["exact", "sliced"])
def test_property_a_share_holds_that_share(engine: str) -> None:
    model = LogicalModel((Node("A", None),)).starting([fixed_start("A", 0)])
    run = run_network(
        model, Plan(engine=engine, time=1.0, trajectories=N), perturbations=[Perturbation("A", 1, 0.3)]
    )
    assert abs(run.probability[-1, 0] - 0.3) < BOUND


def test_property_both_engines_hold_a_node_in_the_same_trajectories() -> None:
    model = LogicalModel((Node("A", None),)).starting([fixed_start("A", 0)])
    shares = [
        run_network(
            model, Plan(engine=engine, time=1.0, trajectories=1000), perturbations=[Perturbation("A", 1, 0.3)]
        )
        for engine in ("exact", "sliced")
    ]
    assert shares[0].probability[-1, 0] == shares[1].probability[-1, 0]


def test_oracle_perturbations_may_begin_later() -> None:
    """The chain without the perturbation until it begins, then the chain with it, from the state with the node set."""
    model = random_model(4)
    plan = Plan(time=3.0, tick=1.0, trajectories=N, perturb_from=1.5)
    run = run_network(model, plan, perturbations=[Perturbation("n1", 1)], joint=model.names)
    rates = flip_rates(model)
    at = initial_distribution(model) @ expm(generator_matrix(rates) * 1.5)
    set_on = np.bincount(np.arange(16) | 2, weights=at, minlength=16)
    rates[:, 1] = 0.0
    held = generator_matrix(rates)
    for row, time in ((2, 0.5), (3, 1.5)):
        assert np.abs(run.joint[row] - set_on @ expm(held * time)).max() < BOUND


@pytest.mark.parametrize("averaged", [False, True])
def test_property_rules_as_gates_give_the_same_trajectories_as_tables(
    averaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, plan = random_model(6), Plan(time=5.0, tick=1.0, trajectories=2000, averaged=averaged)
    tables = run_network(model, plan)
    monkeypatch.setattr(compile_module, "MOST_TABLE_INPUTS", 0)
    gates = run_network(model, plan)
    assert np.array_equal(tables.probability, gates.probability)


def test_oracle_rates_that_depend_on_the_state() -> None:
    """A turns on at rate 1 + 3 B: with B on for ever, P(A off) = exp(-4 t)."""
    rate = operation(Operator.ADD, Number(1.0), operation(Operator.MULTIPLY, Parameter("k"), Symbol("B")))
    model = LogicalModel((Node("A", None, rate_up=rate, rate_down=Number(0.0)), Node("B", None)), {"k": 3.0})
    model = model.starting([fixed_start("A", 0), fixed_start("B", 1)])
    run = run_network(model, Plan(time=0.5, tick=0.1, trajectories=N))
    assert np.abs(1.0 - run.probability[:, 0] - np.exp(-4.0 * run.times)).max() < BOUND
    with pytest.raises(InputError, match="depends on more than its rule"):
        run_network(model, Plan(engine="sliced", time=0.5, trajectories=10))


def test_unit_negative_rates_are_refused() -> None:
    model = LogicalModel((Node("A", None, rate_up=Number(-1.0), rate_down=Number(0.0)),))
    with pytest.raises(InputError, match="negative"):
        run_network(model, Plan(time=1.0, trajectories=10))


def test_unit_many_distinct_rates_are_chosen_in_proportion() -> None:
    """Nodes that turn on once, each at its own rate: P(on) = 1 - exp(-rate t), with 200 rates."""
    rates = {f"n{number}": 0.01 * (number + 1) for number in range(200)}
    model = LogicalModel(tuple(Node(name, Number(1.0)) for name in rates)).with_rates(rates)
    model = model.starting([fixed_start(name, 0) for name in rates])
    run = run_network(model, Plan(time=1.0, tick=1.0, trajectories=20_000))
    expected = -np.expm1(-np.array(list(rates.values())))
    assert np.abs(run.probability[-1] - expected).max() < 5 * 0.5 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"engine": "magic"}, "no such engine"),
        ({"time": -1.0}, "must be positive"),
        ({"tick": 9.0}, "no more than the time"),
        ({"tick": 1e-9}, "too many observations"),
        ({"trajectories": 0}, "must be positive"),
    ],
)
def test_unit_impossible_plans_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        replace(Plan(time=1.0), **change)
