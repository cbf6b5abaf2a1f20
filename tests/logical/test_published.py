"""Networks that others published, run as they ran them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.files import load_network, save_network
from forestall.interop.logical.model import LogicalModel, fixed_start
from forestall.studies.logical import run_network
from forestall.studies.logical_events import event_clock
from forestall.studies.logical_plan import Perturbation, Plan
from forestall.studies.logical_screen import Combination, all_combinations, screen_network

from .networks import ZANUDO_OUTPUTS, drug_from_the_first_update, shared, zanudo

Array = NDArray[np.float64]
_PROLIFERATION_3 = ZANUDO_OUTPUTS.index("Proliferation_3")
_COLUMNS = ("Apofrac1", "Apofrac2", "Apofrac3", "Prolfrac1", "Prolfrac2", "Prolfrac3", "Prolfrac4")


def _published(order: str) -> dict[frozenset[str], Array]:
    path = shared(f"zanudo2017/BreastCancer{order}Perturbations.txt")
    with path.open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {
        frozenset(row["Perturbation"].split("-")): np.array([float(row[column]) for column in _COLUMNS])
        for row in rows
    }


def _differences(model: LogicalModel, plan: Plan, combinations: Sequence[Combination], order: str) -> Array:
    """(combinations, outputs) absolute differences from the published table."""
    screen = screen_network(model, plan, combinations, ZANUDO_OUTPUTS)
    published = _published(order)
    wanted = np.array([published[frozenset(map(str, one))] for one in combinations])
    return np.asarray(np.abs(screen.probability - wanted))


def test_golden_the_settings_of_the_documentation_are_the_protocol_of_zanudo_2017() -> None:
    """The file that users are given for `--settings`, by the facts that were read from the authors' programs."""
    settings = Path(__file__).parents[2] / "docs/how-to/zanudo2017.cfg"
    documented = load_network(shared("zanudo2017/BreastCancerModel.txt"), settings=settings)
    model, plan = zanudo()
    assert set(documented.starts) == set(model.starts)
    plain = Plan(engine="async", time=100.0, updates_per_step=48)
    clocks = [event_clock(CompiledModel(documented), plain), event_clock(CompiledModel(model), plan)]
    assert clocks[0][1] == clocks[1][1]
    assert np.array_equal(clocks[0][0].rule_rates, clocks[1][0].rule_rates)


@pytest.mark.slow
def test_oracle_all_160_single_perturbations_of_zanudo_2017() -> None:
    """Ours with 100,000 trajectories, theirs with 10,000: the standard error of theirs is at most 0.005."""
    model, plan = zanudo()
    plan = replace(plan, trajectories=100_000)
    differences = _differences(model, plan, all_combinations(model, 1), "Single")
    assert len(differences) == 160
    assert differences.max() <= 0.02


@pytest.mark.verify
def test_oracle_all_12640_double_perturbations_of_zanudo_2017() -> None:
    """10,000 trajectories each, and 100,000 of other numbers for the rows that then differ by more than 0.015.

    So what is left is the sampling error of the published table: 10,000 trajectories, a standard error of up to 0.005. Four of these
    are 0.02, which a correct engine passes by chance with probability 6e-5 in each of at most 88,480 shares: on average in at most
    5.6 rows, in more than 14 with probability below 0.001. No row lies beyond 0.027 (probability below 0.01).
    """
    model, plan = zanudo()
    model = drug_from_the_first_update(model)
    pairs = all_combinations(model, 2)
    differences = _differences(model, plan, pairs, "Double")
    assert len(differences) == 12_640
    unsure = np.flatnonzero(differences.max(axis=1) > 0.015)
    again = replace(plan, trajectories=100_000, seed=plan.seed + 1)
    differences[unsure] = _differences(model, again, [pairs[row] for row in unsure], "Double")
    largest = differences.max(axis=1)
    assert (largest > 0.02).sum() <= 14
    assert largest.max() < 0.027


@pytest.mark.slow
def test_oracle_start_of_the_double_perturbations_of_zanudo_2017() -> None:
    """Their two tables disagree for four nodes, whatever sink is held besides; the drug's first update explains it."""
    model, plan = zanudo()
    plan = replace(plan, trajectories=40_000)
    singles, doubles = _published("Single"), _published("Double")
    racing = ("cyclinD_2", "MYC_2", "cycD_CDK46_2", "ER_transcription_2")
    pairs = [(Perturbation(name, 1), Perturbation("Apoptosis_3", 0)) for name in racing]
    changed = drug_from_the_first_update(model)
    at_once, later = (screen_network(one, plan, pairs, ("Proliferation_3",)) for one in (model, changed))
    for row, name in enumerate(racing):
        single = singles[frozenset({f"{name}=1"})][_PROLIFERATION_3]
        double = doubles[frozenset({f"{name}=1", "Apoptosis_3=0"})][_PROLIFERATION_3]
        assert double - single > 0.03
        assert abs(at_once.probability[row, 0] - single) < 0.02
        assert abs(later.probability[row, 0] - double) < 0.02


def _with_stimulus(path: Path, value: int) -> LogicalModel:
    model = load_network(path)
    return model.starting([*(fixed_start(name, 0) for name in model.names), fixed_start("v_EGF", value)])


@pytest.mark.parametrize("suffix", ["bnet", "sbml"])
@pytest.mark.parametrize("egf", [0, 1])
def test_oracle_knock_outs_of_the_erbb_g1_s_network(suffix: str, egf: int) -> None:
    """Fraction of its attractor's states in which pRB is on, computed with another program, for the synchronous dynamics."""
    folder = shared("bbm/id-096_var-19_in-1_ERBB-REGULATED-G1-S-TRANSITION")
    model = _with_stimulus(folder / f"model.{suffix}", egf)
    with (folder / "computed_knockouts.csv").open() as stream:
        rows = [
            row for row in csv.DictReader(stream) if row["EGF"] == str(egf) and row["attractor_length"] == "1"
        ]
    assert len(rows) > 15
    plan = Plan(engine="sync", time=60.0, tick=1.0, trajectories=1)
    for row in rows:
        knocked = [] if row["knockout"] == "none" else row["knockout"].split("+")
        held = [Perturbation(f"v_{name}", 0) for name in knocked]
        final = run_network(model, plan, perturbations=held).final()
        for name in ("pRB1", "CDK4", "CDK2", "AKT1"):
            assert final[f"v_{name}"] == float(row[f"{name}_fraction_on"]), (row["knockout"], name)


def _maboss(tmp_path: Path, model: LogicalModel, seed: int) -> tuple[Array, list[str]]:
    """(ticks, nodes) node probabilities by MaBoSS's own engine on our files, and the names of the nodes.

    The wheel holds the engine several times, for networks of at most 64, 128, ... nodes.
    """
    name = "cmaboss" if len(model.nodes) <= 64 else "cmaboss_128n"
    engine = pytest.importorskip(f"{name}.{name}")
    save_network(model, tmp_path / "net.bnd")
    with (tmp_path / "net.cfg").open("a") as stream:
        stream.write(f"use_physrandgen = 0; seed_pseudorandom = {seed}; thread_count = 1;\n")
    simulation = engine.MaBoSSSim(network=str(tmp_path / "net.bnd"), config=str(tmp_path / "net.cfg"))
    probabilities, _, names = simulation.run(only_last_state=False).get_nodes_probtraj()[:3]
    return np.array(probabilities), list(names)


def _grieco(*, uneven: bool) -> LogicalModel:
    model = load_network(shared("bbm/id-070_var-49_in-4_MAPK-CANCER-CELL-FATE/model.bnet"))
    if not uneven:
        return model
    rates = {node.name: 0.5 + (place % 7) for place, node in enumerate(model.nodes) if not node.is_input}
    return model.with_rates(rates).starting([fixed_start("v_EGFR_stimulus", 1), fixed_start("v_p53", 0)])


def _zanudo_in_continuous_time() -> LogicalModel:
    """All 80 nodes; the odds of the published updates are the rates."""
    model, plan = zanudo()
    return model.with_rates({node.name: plan.weights[node.name] for node in model.nodes if not node.is_input})


@pytest.mark.parametrize("network", ["Grieco", "Grieco, uneven rates", "Zanudo"])
def test_oracle_node_curves_against_maboss(network: str, tmp_path: Path) -> None:
    """40 ticks of 53 or 80 nodes, both with 20,000 trajectories.

    The bound is 5 standard errors of the difference of two shares of one half; a correct engine fails with probability 0.002.
    """
    n = 20_000
    model = _zanudo_in_continuous_time() if network == "Zanudo" else _grieco(uneven="uneven" in network)
    model = replace(model, time=20.0, tick=0.5, trajectories=n)
    theirs, names = _maboss(tmp_path, model, seed=11)
    run = run_network(model, Plan(time=20.0, tick=0.5, trajectories=n, averaged=True), nodes=names)
    assert set(names) == set(model.names)
    assert theirs.shape == run.probability.shape
    assert np.abs(theirs - run.probability).max() < 5 * np.sqrt(0.5 / n)


@pytest.mark.slow
def test_oracle_sliced_engine_against_exact_on_published_networks() -> None:
    """The stated error of the sliced engine: rms below 0.003 over all nodes and times, at most 0.03 anywhere."""
    n = 200_000
    zanudo_model = zanudo()[0]
    grieco = load_network(shared("bbm/id-070_var-49_in-4_MAPK-CANCER-CELL-FATE/model.bnet"))
    for model in (zanudo_model, grieco):
        exact, sliced = (
            run_network(model, Plan(engine=engine, time=30.0, tick=0.5, trajectories=n))
            for engine in ("exact", "sliced")
        )
        difference = sliced.probability - exact.probability
        assert np.sqrt(np.mean(difference**2)) < 0.003
        assert np.abs(difference).max() < 0.03
