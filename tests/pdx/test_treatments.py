"""Codes, names and targets of the xenograft trial's compounds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from forestall.biology.signaling.compile import compiled
from forestall.errors import InputError
from forestall.knowledge.pdx_treatments import load_pdx_treatments, parse_treatment, treatment_name


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("BYL719 + LEE011", ("BYL719", "LEE011")),
        ("lee011+alpelisib", ("LEE011", "BYL719")),
        ("Everolimus", ("everolimus",)),
        ("untreated", ("untreated",)),
        ("BYL719 + LEE011 + LFW527", ("BYL719", "LEE011", "LFW527")),
    ],
)
def test_unit_codes_and_names_are_understood(text: str, codes: tuple[str, ...]) -> None:
    assert parse_treatment(text) == codes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BYL917", "did you mean 'BYL719'"),
        ("BYL719 + ", "unknown compound"),
        ("BYL719 + alpelisib", "comes twice"),
        ("untreated + BYL719", "cannot be combined"),
    ],
)
def test_unit_a_wrong_treatment_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_treatment(text)


def test_unit_a_name_is_written_as_the_trial_writes_it() -> None:
    assert treatment_name(parse_treatment("alpelisib+ribociclib")) == "BYL719 + LEE011"


def test_unit_every_target_in_the_network_is_one_of_its_nodes() -> None:
    nodes = set(compiled().nodes)
    touched = {touch.node for entry in load_pdx_treatments().values() for touch in entry.acts_on}
    assert touched
    assert touched <= nodes


def test_oracle_the_data_s_own_table_has_the_same_codes_and_names(shared_folder: Path) -> None:
    with (shared_folder / "treatments.csv").open(newline="") as stream:
        rows = {row["treatment"]: row["inn"] for row in csv.DictReader(stream)}
    known = load_pdx_treatments()
    assert set(rows) == {code for code, entry in known.items() if not entry.only_in_combination}
    named = {code: name for code, name in rows.items() if name}
    assert {code: known[code].inn for code in named} == named
