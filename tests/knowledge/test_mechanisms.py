"""The mechanism catalog: complete, cited, and in step with the alterations."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.mechanisms import find_mechanism, load_mechanisms
from forestall.knowledge.references import load_references

TABLES = Path(os.environ.get("FORESTALL_DATA", "")) / "knowledge"


def test_unit_every_finding_has_its_source() -> None:
    for key, mechanism in load_mechanisms().items():
        for finding in mechanism.evidence:
            assert finding.source is None or finding.source in load_references(), key


def test_unit_every_alteration_names_mechanisms_that_exist() -> None:
    named = {mechanism for alteration in load_alterations().values() for mechanism in alteration.mechanisms}
    assert named <= set(load_mechanisms())


def test_unit_every_layer_is_in_its_own_file_and_filled() -> None:
    layers = {mechanism.layer for mechanism in load_mechanisms().values()}
    assert len(layers) == 8
    assert len(load_mechanisms()) == 81


@pytest.mark.skipif(
    not TABLES.is_dir(), reason="set FORESTALL_DATA to the folder that holds knowledge/mechanisms.csv"
)
def test_golden_mechanisms_and_findings_are_those_of_the_source_tables() -> None:
    with (TABLES / "mechanisms.csv").open(encoding="utf-8") as file:
        genes = {row["id"]: tuple(row["affected_nodes"].split(";")) for row in csv.DictReader(file)}
    assert {key: mechanism.genes for key, mechanism in load_mechanisms().items()} == genes
    with (TABLES / "mechanism_evidence.csv").open(encoding="utf-8") as file:
        verified = sorted((row["mechanism_id"], row["verified"]) for row in csv.DictReader(file))
    found = [(key, finding.verified) for key, item in load_mechanisms().items() for finding in item.evidence]
    assert sorted(found) == verified


def test_unit_an_unknown_mechanism_names_the_nearest() -> None:
    assert find_mechanism("P95her2").genes == ("ERBB2",)
    with pytest.raises(InputError, match="did you mean 'p95HER2'"):
        find_mechanism("p95-her2")
