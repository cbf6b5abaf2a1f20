"""Screens of logical and SBML models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall.biology.culture import Treatments
from forestall.errors import InputError
from forestall.interop.logical.files import load_network
from forestall.interop.logical.model import fixed_start
from forestall.studies.logical import run_network
from forestall.studies.logical_plan import Perturbation, Plan
from forestall.studies.screen.logical_system import LogicalSystem, logical_system
from forestall.studies.screen.result import run_screen

from ..logical.networks import shared

TOY = """targets, factors
Ligand, Ligand
Receptor, Ligand
Bypass, !Receptor
Kinase, Receptor | Bypass
Growth, Kinase
Death, !Kinase
"""
"""Blocking the receptor turns the bypass on; only both together stop growth."""
PLAN = Plan(time=30.0, trajectories=4000, seed=3)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.bnet"
    path.write_text(TOY)
    return path


def system(path: Path, doses: str = "0.5,1", **fields: object) -> LogicalSystem:
    """The toy under two drugs, unless it is said otherwise."""
    given: dict[str, object] = {
        "drugs": ["Ri:Receptor", "Bi:Bypass"],
        "doses": (doses,),
        "genotypes": ["wild type"],
        "order": 2,
        "growth": ["Growth"],
        "death": ["Death"],
        "plan": PLAN,
        "days": 3.0,
    }
    return logical_system(load_network(path), **(given | fields))  # type: ignore[arg-type]


def test_oracle_a_bypass_is_synergy_whose_mechanism_is_found(toy: Path) -> None:
    """Both drugs in all cells: no growth, all dying, exactly. The receptor drug alone leaves the kinase on."""
    result = run_screen(system(toy))
    model = result.system
    assert isinstance(model, LogicalSystem)
    row = result.combinations[0]
    assert row.name == "Ri + Bi"
    rate = -model.fates.death - model.fates.signal_death
    log_fold = float(result.surfaces[0].log_response[0, 0, -1, -1])
    assert log_fold == pytest.approx(3.0 * rate, rel=1e-9)
    assert row.mean_synergy["bliss"] > 10
    assert "Kinase on in" in row.mechanism
    assert "takes it to 0%" in row.mechanism


def test_oracle_a_dose_is_a_share_of_cells_as_the_engine_holds_them(toy: Path) -> None:
    """Mixture of full perturbations against the engine's own partial ones: 4,000 trajectories, 5 standard errors."""
    model = system(toy)
    treatments = Treatments(np.array([0]), np.array([[0, 1]]), np.array([[0.7, 0.4]]))
    ours = model._mixed(treatments, model._mean(["Growth"]))[0]
    held = (Perturbation("Receptor", 0, 0.7), Perturbation("Bypass", 0, 0.4))
    run = run_network(load_network(toy), Plan(time=30.0, trajectories=4000, seed=8), perturbations=held)
    theirs = run.final()["Growth"]
    assert ours == pytest.approx(theirs, abs=5 * np.sqrt(2 * theirs * (1 - theirs) / 4000))


SAHIN = "bbm/id-096_var-19_in-1_ERBB-REGULATED-G1-S-TRANSITION"
ABOLISH = (
    "CDK4",
    "CDK6",
    "CyclinD1",
    "ERalpha",
    "MYC",
    "AKT1+MEK1",
    "ERBB1+ERBB2",
    "ERBB1+ERBB3",
    "ERBB1+ERBB2_3",
)
"""Knock-outs, and pairs of knock-outs, under which EGF no longer turns pRB on (Sahin 2009)."""


def _sahin(**fields: object) -> LogicalSystem:
    """Cells that grow by pRB, with EGF, under full inhibition of what the published knock-outs remove."""
    model = load_network(shared(f"{SAHIN}/model.sbml"))
    model = model.starting(fixed_start(name, 0) for name in model.names)
    drugs = sorted({drug for names in ABOLISH for drug in names.split("+")} | {"CDK2", "p21", "IGF1R"})
    given: dict[str, object] = {
        "drugs": [f"{drug}:v_{drug}" for drug in drugs], "doses": ("1",), "genotypes": ["v_EGF=1"], "order": 2,
        "growth": ["v_pRB1"], "death": [], "plan": Plan(time=100.0, trajectories=500, seed=2), "days": 3.0,
    }  # fmt: skip
    return logical_system(model, **(given | fields))  # type: ignore[arg-type]


def test_oracle_published_knock_outs_abolish_growth_in_the_screen() -> None:
    """From the state without EGF, as published: exactly the named single and paired knock-outs leave pRB off."""
    system = _sahin()
    singles = {
        system.panel.drugs[next(iter(drugs))]: growth
        for drugs, growth in zip(system._sets, system._mean(["v_pRB1"])[0], strict=True)
        if len(drugs) == 1
    }
    pairs = {
        "+".join(sorted(system.panel.drugs[drug] for drug in drugs)): growth
        for drugs, growth in zip(system._sets, system._mean(["v_pRB1"])[0], strict=True)
        if len(drugs) == 2
    }
    abolished = {name for name, growth in singles.items() if growth == 0.0}
    assert abolished == {name for name in ABOLISH if "+" not in name}
    assert all(growth == 1.0 for name, growth in singles.items() if name not in abolished)
    beyond = {
        name for name, growth in pairs.items() if growth == 0.0 and not abolished & set(name.split("+"))
    }
    assert beyond == {name for name in ABOLISH if "+" in name}


def test_oracle_a_drug_that_comes_late_meets_the_escape_through_igf1r() -> None:
    """Cells that EGF has already started: ER alpha turns IGF1R on in a part of them before it fades, and keeps pRB on."""
    plan = Plan(time=200.0, perturb_from=100.0, trajectories=2000, seed=2)
    late = _sahin(plan=plan, drugs=["A:v_ERBB1+v_ERBB2", "B:v_ERBB1+v_ERBB2+v_IGF1R"], order=1)
    none, erbb, both = late._mean(["v_pRB1"])[0]
    assert none == 1.0
    assert 0.05 < erbb < 0.95
    assert both == 0.0


def test_property_doses_cost_no_runs(toy: Path) -> None:
    """The same probabilities serve any dose: at a shared dose two grids agree bit for bit."""
    few, many = (run_screen(system(toy, doses)).singles.response for doses in ("0.5,1", "0.1,0.5,0.9,1"))
    np.testing.assert_array_equal(few[:, :, [0, 1]], many[:, :, [1, 3]])


def test_unit_genotypes_hold_nodes_and_drugs_act_on_them_too(toy: Path) -> None:
    """With the receptor held on, its bypass is off, so the bypass drug is useless and the receptor drug turns the bypass on."""
    result = run_screen(system(toy, genotypes=["wild type", "Receptor=1"]))
    receptor_drug, bypass_drug = result.singles.response[:, :, -1]
    assert bypass_drug[1] == 1.0 > bypass_drug[0]
    assert receptor_drug[1] == pytest.approx(1.0)
    both = result.surfaces[0].response[0, :, -1, -1]
    assert both[0] == pytest.approx(both[1], rel=0.05)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"drugs": ["Ri:Receptr"]}, "did you mean 'Receptor'"),
        ({"drugs": ["Ri:Receptor=0.5"]}, "held at 0 or at 1"),
        ({"drugs": ["Receptor=x"]}, "expected a node or parameter and its value"),
        ({"genotypes": ["Kinase"]}, "expected a node or parameter and its value"),
        ({"growth": ["Grow"]}, "did you mean 'Growth'"),
        ({"growth": [], "death": []}, "needs --growth or --death"),
        ({"doses": "2"}, "above 0 and up to 1"),
        ({"doses": "10nM"}, "above 0 and up to 1"),
        ({"drugs": ["Ki:Kinase", "Ka:Kinase=1"]}, "hold a node at different values"),
        ({"genotypes": ["Kinase=0"]}, "does not grow"),
    ],
)
def test_unit_mistakes_are_named(toy: Path, fields: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run_screen(system(toy, **fields))  # type: ignore[arg-type]
