"""Packs are read, checked and put in force; a wrong one gives one line that names file, line and field."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.packs.conftest import documented_pack

from forestall.biology.signaling.actions import Action, compile_actions
from forestall.biology.signaling.compile import compiled
from forestall.biology.signaling.lanes import compile_alterations
from forestall.cli.main import run
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.contents import numbers_in
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.evidence import load_evidence
from forestall.knowledge.networks import disease_network
from forestall.knowledge.pack_reading import read_pack
from forestall.knowledge.packs import find_disease, pack_in_force, shipped_packs
from forestall.knowledge.parameters import value
from forestall.knowledge.regimens import load_regimens
from forestall.knowledge.scope import disease, in_scope
from forestall.knowledge.trials import load_trial, load_trials

PACKS = ("cml", "lung_alk", "lung_egfr", "melanoma_braf", "prostate_ar")


def test_unit_the_packs_that_ship_are_those_that_were_asked_for() -> None:
    assert shipped_packs() == PACKS


@pytest.mark.parametrize("name", PACKS)
def test_unit_every_part_of_a_shipped_pack_can_be_used(name: str) -> None:
    with in_scope(find_disease(name)):
        network, drugs = compiled(), load_drugs()
        assert network.network is disease_network()
        for drug in drugs.values():
            actions = [Action(a.kind, a.target, drug.name, drug.drug_class) for a in drug.actions]
            compile_actions(network, actions)
            compile_alterations(network, list(load_alterations().values()), actions)
        pack = pack_in_force()
        assert pack is not None
        for kind in pack.types:
            assert network.expression_of(kind).shape == (len(network.nodes),)
            assert value(f"growth.doubling_time.{kind}", "day") > 0
        assert load_trials()
        assert {trial.published for trial in load_trials().values()} <= set(load_evidence())
        assert all(load_trial(trial).regimens for trial in load_trials())


@pytest.mark.parametrize("name", PACKS)
def test_unit_every_alteration_of_a_shipped_pack_acts_on_the_network_or_on_a_drug(name: str) -> None:
    with in_scope(find_disease(name)):
        assert all(alteration.operators for alteration in load_alterations().values())
        for alteration in load_alterations().values():
            most = 1e-2 if alteration.kind == "expression" else 1e-4
            assert 0 < alteration.rate_per_division.value < most


@pytest.mark.parametrize("name", PACKS)
def test_unit_every_number_of_a_shipped_pack_says_where_it_comes_from(name: str) -> None:
    with in_scope(find_disease(name)):
        entries = [*load_drugs().values(), *load_alterations().values(), disease_network()]
        numbers = [number for entry in entries for _, number in numbers_in(entry)]
    assert len(numbers) > 50
    assert all(number.source or number.interval for number in numbers)


def test_unit_a_pack_in_force_hides_breast_and_gives_it_back(gist: Path) -> None:
    before = (disease(), tuple(load_drugs()), compiled())
    with in_scope(read_pack(gist)):
        assert disease() == "gist"
        assert list(load_drugs()) == ["imatinib"]
        assert compiled().network.id == "gist"
        with in_scope(None):
            assert "trastuzumab" in load_drugs()
    assert (disease(), tuple(load_drugs()), compiled()) == before


def test_unit_a_thread_sees_the_disease_of_the_context_that_it_was_handed(gist: Path) -> None:
    with ThreadPoolExecutor(1) as pool, in_scope(read_pack(gist)):
        assert pool.submit(copy_context().run, disease).result() == "gist"
        assert pool.submit(disease).result() == "breast"


def test_unit_a_pack_may_be_spread_over_a_folder(tmp_path: Path) -> None:
    text = documented_pack()
    cut = text.index("drugs:\n")
    (tmp_path / "one.yaml").write_text(text[:cut], encoding="utf-8")
    (tmp_path / "two.yaml").write_text(text[cut:], encoding="utf-8")
    assert set(read_pack(tmp_path).entries["alterations"]) == {"KIT_V654A", "KIT_T670I", "bypass"}


def test_unit_drugs_of_the_catalog_can_be_used_with_their_regimens(tmp_path: Path) -> None:
    path = tmp_path / "gist.yaml"
    path.write_text(documented_pack() + "\nuses: [docetaxel]\n", encoding="utf-8")
    with in_scope(read_pack(path)):
        assert set(load_drugs()) == {"docetaxel", "imatinib"}
        assert any(set(regimen.drugs) == {"docetaxel"} for regimen in load_regimens().values())
        assert not any("trastuzumab" in regimen.drugs for regimen in load_regimens().values())


class Fault(NamedTuple):
    """A fault to make in the documented pack, and what must be said of it."""

    old: str
    new: str
    field: str
    message: str


RATE = "{value: 1, unit: 1/day, interval: [1, 1], status: assumed}"
POTENCY = "potency: {value: 20, unit: nmol/L, interval: [5, 80], status: assumed, note: of free drug}"
LENGTH = "{value: 1, unit: mm, interval: [1, 1], status: assumed}"
FAULTS = [
    Fault("disease: gist\n", "disease: GIST!\n", "disease", "pattern"),
    Fault("    sites:", "    site:", "types.kit_exon11.site", "unknown field"),
    Fault("  kit_exon11:  ", "  kit_exon12:  ", "types.kit_exon12", "no context of this name"),
    Fault("distribution: lognormal, status", "status", "types.kit_exon11", "lognormal"),
    Fault("peritoneum: [0.7, 0.5, 0.9]", "peritoneum: [7, 5, 9]", "types.kit_exon11", "between 0 and 1"),
    Fault("all: [BYPASS]", "all: [BYPAS]", "network", "unknown node"),
    Fault("outputs: [PROLIFERATION, SURVIVAL]", "outputs: [GROWTH]", "network", "unknown node"),
    Fault("unit: L/h, interval: [8", "unit: mL, interval: [8", "drugs[0].kinetics.clearance", "something else"),
    Fault("        target: KIT", "        target: KITT", "drugs[0].actions[0].target", "unknown network node"),
    Fault("    routes: [po]", "    routes: [oral]", "drugs[0].routes[0]", "unknown word"),
    Fault("hill: {value: 2, unit", "hill: {value: -2, unit", "drugs[0].actions[0].hill", ""),
    Fault("dose: 400 mg, every: 1 day, route", "dose: 400 mL, every: 1 day, route", "regimens[0]", ""),
    Fault("[{drug: imatinib, dose", "[{drug: imatinb, dose", "regimens[0].components[0].drug", "unknown drug"),
    Fault("  - id: KIT_T670I\n", "  - id: KIT_V654A\n", "alterations[1].id", "twice"),
    Fault("      KIT_V654A: {fold", "      KIT_V645A: {fold", "affinity[0].variants.KIT_V645A", "no such alteration"),
    Fault("  - drug: imatinib\n    status", "  - drug: dasatinib\n    status", "affinity[0].drug", "no such drug"),
    Fault("{fold: 10, interval: [3, 30]}", "{fold: -10, interval: [3, 30]}", "affinity[0].variants.KIT_V654A.fold", "too small"),
    Fault("{fold: 10, interval: [3, 30]}", "{fold: 10}", "affinity[0]", "interval"),
    Fault("node: BYPASS, value", "node: BYPASSES, value", "alterations[2].operators[0].node", "unknown network node"),
    Fault("after_progression: no treatment", "after_progression: sunitinib", "after_progression", "unknown drug"),
    Fault("      KIT_T670I: {fold: 50, hill: 3, interval: [20, 100]}\n", "", "alterations[1].id", "does nothing"),
    Fault("regimens:\n", f"parameters:\n  growth.birthrate: {RATE}\nregimens:\n", "parameters.growth.birthrate", "no such parameter"),
    Fault("regimens:\n", f"parameters:\n  growth.birth_rate: {LENGTH}\nregimens:\n", "parameters.growth.birth_rate", "something else"),
    Fault("regimens:\n", "uses: [trastuzumab]\nregimens:\n", "uses[0]", "ERBB2"),
    Fault("weight: [0.7, 0.4, 0.9]", "weight: 0.7", "network.nodes.PROLIFERATION.inputs[1].weight", "[value, low, high]"),
    Fault(POTENCY, "potency: [20, 5, 80]", "drugs[0].actions[0].potency", "{value, unit, interval, status}"),
    Fault("op: expression", "op: expresion", "alterations[2].operators[0].op", "did you mean 'expression'?"),
    Fault("{op: expression, node: BYPASS", "{op: weight, edge: KIT-SURVIVAL", "alterations[2].operators[0].edge", "A->B"),
    Fault("[5, 80], status: assumed", "[5, 80], status: measured, source: x9", "drugs[0].actions[0].potency.source", "'references'"),
    Fault("regimens:\n", "uses: [nosuchdrug]\nregimens:\n", "uses[0]", "no such drug"),
    Fault("types:\n", "tipes:\n", "tipes", "unknown field"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.field}-{fault.message}" for fault in FAULTS])
def test_unit_a_wrong_pack_gives_one_line(
    fault: Fault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = documented_pack()
    assert fault.old in text
    path = tmp_path / "pack.yaml"
    path.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")
    assert run(["catalog", "drugs", "--disease", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") <= 1
    assert str(path) in said
    assert fault.field in said
    assert fault.message in said


@pytest.mark.parametrize("text", ["", "42\n", "- a\n- b\n", "disease: x\n", "disease: [\n", "\x00\x01"])
def test_unit_a_file_that_is_no_pack_gives_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(text, encoding="utf-8")
    assert run(["simulate", "--disease", str(path), "--regimen", "imatinib"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") <= 1
    assert str(path) in said


def test_unit_an_unknown_disease_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "drugs", "--disease", "cmll"]) == 2
    said = capsys.readouterr().err
    assert "cml" in said
    assert "lung_alk" in said


def test_unit_fields_of_breast_cancer_are_refused_elsewhere(
    gist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = gist.parent / "trial.yaml"
    lines = ["trial: X", "disease: gist.yaml", "population: {her2: positive}", "arms: {a: imatinib}"]
    trial.write_text("\n".join([*lines, "patients: 4", "visits: every 12 weeks", "follow_up: 1 year", ""]))
    assert run(["trial", str(trial), "--explain-defaults"]) == 2
    assert "population.her2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("disease: gist.yaml\n", "", "population.her2", "add 'disease: NAME'"),
        ("visits", "published: GIST-9\nvisits", "published", "this disease has none"),
        ("types:", "brain_metastases: sometimes, types:", "population.brain_metastases", "allowed, excluded"),
    ],
)
def test_unit_a_wrong_trial_of_a_pack_tells_the_way_out(
    old: str, new: str, field: str, message: str, gist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "trial: X",
        "disease: gist.yaml",
        "population: {types: {kit_exon11: 100%}}",
        "arms: {a: imatinib}",
    ]
    text = "\n".join([*lines, "patients: 4", "visits: every 12 weeks", "follow_up: 1 year", ""])
    assert old in text
    trial = gist.parent / "trial.yaml"
    trial.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert run(["trial", str(trial), "--explain-defaults"]) == 2
    said = capsys.readouterr().err
    assert field in said
    assert message in said


def test_unit_defaults_of_a_pack_are_not_those_of_breast_cancer(
    gist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = gist.parent / "trial.yaml"
    lines = ["trial: X", "disease: gist.yaml", "arms: {a: imatinib}", "patients: 4", "follow_up: 1 year"]
    trial.write_text("\n".join([*lines, "population: {}", "visits: every 12 weeks", ""]), encoding="utf-8")
    assert run(["trial", str(trial), "--explain-defaults"]) == 0
    said = capsys.readouterr().out
    assert "population.brain_metastases" in said
    assert "menopause" not in said
    assert "her2" not in said


def test_unit_breast_cancer_still_needs_its_receptors() -> None:
    from forestall.studies.patient import Patient

    with pytest.raises(InputError, match="her2"):
        Patient(er="positive", lesions=[{"site": "liver", "diameter": "20 mm"}])
