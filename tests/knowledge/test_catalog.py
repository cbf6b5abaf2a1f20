"""The catalog holds together across its files, and `forestall catalog` shows all of it with its sources."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from forestall.cli.main import run
from forestall.errors import InputError
from forestall.knowledge.contents import dotted, numbers_in, sources_of
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.loader import check_knowledge
from forestall.knowledge.reading import DATA
from forestall.knowledge.references import load_references

KINDS = (
    "drugs",
    "regimens",
    "mechanisms",
    "trials",
    "alterations",
    "parameters",
    "networks",
    "evidence",
)


def _load(kind: str) -> dict[str, Any]:
    entries: dict[str, Any] = getattr(
        importlib.import_module(f"forestall.knowledge.{kind}"), f"load_{kind}"
    )()
    return entries


ENTRIES = [(kind, name) for kind in KINDS for name in _load(kind)]


def test_unit_the_packaged_knowledge_has_no_fault() -> None:
    assert [str(fault) for fault in check_knowledge()] == []


class Fault(NamedTuple):
    """A fault to make in a copy of the knowledge, and how it must be reported."""

    file: str
    old: str
    new: str
    field: str
    message: str


FAULTS = [
    Fault("drugs/pertuzumab.yaml", "garg2014", "garg2041", "molar_mass.source", "unknown source"),
    Fault("drugs/docetaxel.yaml", "[TUBB]", "[TUBBY]", "targets[0]", "unknown gene"),
    Fault(
        "drugs/lapatinib.yaml", "target: ERBB2", "target: ERBB5", "actions[1].target", "unknown network node"
    ),
    Fault("drugs/letrozole.yaml", "name: letrozole", "name: letrozol", "name", "rename the file"),
    Fault("drugs/anastrozole.yaml", "unit: L/h", "unit: L/hx", "kinetics.clearance", "unknown unit"),
    Fault("regimens/her2.yaml", "[dosing_cleopatra]", "[x]", "regimens[0].sources[0]", "unknown source"),
    Fault("regimens/er.yaml", "everolimus,", "evrolimus,", "regimens[0].components[0].drug", "unknown drug"),
    Fault("alterations/breast.yaml", "[lapatinib]", "[lapatnib]", ".drugs[0]", "unknown drug"),
    Fault(
        "networks/breast.yaml",
        "hidden_from: [antibody",
        "hidden_from: [antibodies",
        ".hidden_from[0]",
        "unknown drug class",
    ),
    Fault("conditions/breast.yaml", "{NRG1: [0.9", "{NRG11: [0.9", ".ligands.NRG11", "unknown network node"),
    Fault("alterations/breast.yaml", "[MUC4_mask]", "[MUC4]", ".mechanisms[0]", "unknown mechanism"),
    Fault(
        "alterations/breast.yaml",
        "[BRCA1_loss, BRCA2_loss]",
        "[BRCA1, BRCA2_loss]",
        ".undoes[0]",
        "unknown alteration",
    ),
    Fault("networks/breast.yaml", "gene: SRC", "gene: SRK", "nodes.SRC.gene", "unknown gene"),
    Fault("mechanisms/bypass.yaml", "[SRC, PTEN", "[SRK, PTEN", ".genes[0]", "unknown gene"),
    Fault("parameters/patient.yaml", "[58.0, 78.0]", "[78.0, 58.0]", "patient.weight_mean", "inverted"),
]


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> list[InputError]:
    """What the check says of a copy of the knowledge with every fault of `FAULTS` in it."""
    data = tmp_path_factory.mktemp("knowledge") / "data"
    shutil.copytree(DATA, data)
    for fault in FAULTS:
        text = (data / fault.file).read_text()
        assert fault.old in text, fault
        (data / fault.file).write_text(text.replace(fault.old, fault.new, 1))
    return check_knowledge(data)


@pytest.mark.parametrize("made", FAULTS, ids=[f"{fault.file}: {fault.field}" for fault in FAULTS])
def test_unit_a_fault_is_named_by_file_line_and_field(made: Fault, faults: list[InputError]) -> None:
    of_file = [fault for fault in faults if (fault.file or "").endswith(f"/{made.file}")]
    found = [
        fault for fault in of_file if (fault.field or "").endswith(made.field) and made.message in str(fault)
    ]
    assert len(found) == 1, [str(fault) for fault in of_file]
    assert found[0].line is not None


def test_unit_a_fault_is_not_blamed_on_another_file(faults: list[InputError]) -> None:
    wrong = {fault.file for fault in FAULTS}
    named = {"/".join(Path(fault.file or "").parts[-2:]) for fault in faults}
    assert named == wrong


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["catalog", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize("kind", KINDS)
def test_unit_a_list_names_every_entry(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = _printed(capsys, kind)
    assert all(name in shown for name in _load(kind))
    listed = json.loads(_printed(capsys, kind, "--json"))
    assert [row["id"] for row in listed] == list(_load(kind))


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_property_every_entry_is_valid_json_with_its_references(
    kind: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(_printed(capsys, kind, name, "--json"))
    assert data["references"].keys() == set(sources_of(_load(kind)[name]))
    assert all("citation" in reference for reference in data["references"].values())


@pytest.mark.parametrize("name", sorted(load_drugs()))
def test_property_a_drug_is_shown_with_every_number_and_source(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = _printed(capsys, "drugs", name)
    drug = load_drugs()[name]
    for keys, quantity in numbers_in(drug):
        assert f"{quantity.value:g} {quantity.unit}".removesuffix(" 1") in shown, dotted(keys)
    for source in sources_of(drug):
        reference = load_references()[source]
        assert reference.citation in shown
        assert reference.doi is None or f"doi:{reference.doi}" in shown


def test_unit_an_entry_goes_by_alias_and_any_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, "drugs", "tdm1").startswith("trastuzumab emtansine")
    assert _printed(capsys, "trials", "bolero 2").startswith("BOLERO-2")
    assert "docetaxel 75 mg/m2 q3w" in _printed(capsys, "regimens", "THP")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["drugs", "docetaxol"], "no such entry among the drugs (got 'docetaxol'); did you mean 'docetaxel'"),
        (["drgs"], "there is no such catalog (got 'drgs')"),
        (["drugs", "zzzz"], "see 'forestall catalog drugs'"),
    ],
)
def test_unit_an_unknown_word_is_refused_in_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["catalog", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert line in captured.err
    assert captured.err.count("\n") == 1
