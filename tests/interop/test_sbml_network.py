"""Our own network as SBML: the same steady state and the same course in libRoadRunner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.compile import compiled
from forestall.biology.signaling.steady import Case, steady_state, time_course
from forestall.errors import InputError
from forestall.interop.sbml_changes import Change
from forestall.interop.sbml_simulation import TimeCourse, read_sbml, simulate_sbml
from forestall.knowledge.drugs import load_drugs
from forestall.studies.network_export import exported_network

pytest.importorskip("libsbml")
pytest.importorskip("roadrunner")

DOSES = {"lapatinib": 40.0, "fulvestrant": 2.0}


def effects(doses: dict[str, float]) -> dict[str | Action, float]:
    return {
        Action(a.kind, a.target, name, load_drugs()[name].drug_class): a.maximum.value
        * dose
        / (dose + a.potency.to("nmol/L"))
        for name, dose in doses.items()
        for a in load_drugs()[name].actions
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sbml") / "breast.xml"
    drugs = [f"{name}={dose}nM" for name, dose in DOSES.items()]
    path.write_text(exported_network("breast", "HER2+/ER+", "PIK3CA_mut", drugs))
    return path


def run(file: Path, days: float, *changes: Change) -> TimeCourse:
    nodes = [f"activity_{node}" for node in compiled().nodes]
    return simulate_sbml(read_sbml(file, changes), days, nodes, points=3, tolerance=1e-9)


def test_oracle_libroadrunner_finds_the_same_steady_state(file: Path) -> None:
    """All activities to 1e-6, after 400 days (the slowest time constant is 14 days)."""
    ours = steady_state(
        "her2_positive_er_positive", effects(DOSES), alterations=("PIK3CA_mut",), truncal=("PIK3CA_mut",)
    )
    for name, values in run(file, 400.0).values.items():
        assert values[-1] == pytest.approx(ours[name.removeprefix("activity_")], abs=1e-6), name


def test_oracle_libroadrunner_follows_the_same_course(file: Path) -> None:
    """All activities to 1e-6 on days 0, 2 and 4."""
    case = Case("her2_positive_er_positive", ("PIK3CA_mut",), effects(DOSES), ("PIK3CA_mut",))
    states = time_course(case, [0.0, 2.0, 4.0], tolerance=1e-9)
    for name, values in run(file, 4.0).values.items():
        expected = [state[name.removeprefix("activity_")] for state in states]
        np.testing.assert_allclose(values, expected, atol=1e-6, err_msg=name)


def test_oracle_the_dose_is_a_parameter_of_the_exported_model(file: Path) -> None:
    """Another dose set in the SBML file is another dose in our network."""
    ours = steady_state(
        "her2_positive_er_positive",
        effects(DOSES | {"lapatinib": 4.0}),
        alterations=("PIK3CA_mut",),
        truncal=("PIK3CA_mut",),
    )
    course = run(file, 400.0, Change("set", "dose_lapatinib", 4.0))
    assert course.values["activity_proliferation"][-1] == pytest.approx(ours["proliferation"], abs=1e-6)


def test_oracle_both_layouts_say_the_same(tmp_path: Path, file: Path) -> None:
    """The rules are read by libRoadRunner alone: their expansion is larger than our reader accepts."""
    import roadrunner

    drugs = [f"{name}={dose}nM" for name, dose in DOSES.items()]
    runner = roadrunner.RoadRunner(exported_network("breast", "HER2+/ER+", "PIK3CA_mut", drugs, "rules"))
    runner.integrator.relative_tolerance = 1e-9
    nodes = ["AKT1", "ESR1", "MAPK1"]
    rules = np.array(runner.simulate(0, 4.0, 3, ["time", *(f"activity_{node}" for node in nodes)]))
    functions = run(file, 4.0).values
    for k, node in enumerate(nodes):
        np.testing.assert_allclose(rules[:, k + 1], functions[f"activity_{node}"], atol=1e-6)


def test_unit_a_drug_that_acts_outside_the_network_is_refused() -> None:
    with pytest.raises(InputError, match="acts only outside the network"):
        exported_network("breast", "ER+", "wild type", ["docetaxel=1nM"])


def test_unit_a_drug_needs_a_dose() -> None:
    with pytest.raises(InputError, match="expected DRUG=DOSE"):
        exported_network("breast", "ER+", "wild type", ["lapatinib"])
