"""Every drug of the catalog is sound and traceable, and a wrong file is named with line and field."""

from __future__ import annotations

import csv
import math
import os
import re
from pathlib import Path

import pytest

from forestall.errors import InputError
from forestall.knowledge.contents import numbers_in
from forestall.knowledge.drugs import (
    DIRECTORY,
    KILLING,
    Drug,
    find_drug,
    kinetic_values,
    load_drugs,
    read_drug,
)
from forestall.knowledge.provenance import Status
from forestall.knowledge.references import load_references
from forestall.units import quantity_in

DRUGS = load_drugs()
NAMES = sorted(DRUGS)
ATOMIC_WEIGHT = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "F": 18.998,
    "P": 30.974,
    "S": 32.06,
    "Cl": 35.45,
    "Pt": 195.08,
}


def _formula(drug: Drug) -> str | None:
    found = re.search(r"formula (\w+)", drug.molar_mass.note or "")
    return found[1] if found else None


@pytest.mark.parametrize("name", NAMES)
def test_property_every_number_that_is_not_assumed_cites_a_known_source(name: str) -> None:
    references = load_references()
    for keys, quantity in numbers_in(DRUGS[name]):
        if quantity.status is not Status.ASSUMED:
            assert quantity.source in references, keys
            assert quantity.where, keys


@pytest.mark.parametrize("name", NAMES)
def test_property_an_assumed_number_is_uncertain(name: str) -> None:
    for keys, quantity in numbers_in(DRUGS[name]):
        if quantity.status is Status.ASSUMED:
            assert quantity.interval is not None, keys
            assert quantity.interval[0] < quantity.interval[1], keys


@pytest.mark.parametrize("name", NAMES)
def test_property_kinetics_are_positive_and_complete(name: str) -> None:
    drug = DRUGS[name]
    values = kinetic_values(drug)
    assert values.clearance > 0
    assert values.central_volume > 0
    assert all(q > 0 and v > 0 for q, v in values.exchange)
    assert (values.absorption_rate is None) == (drug.routes[0] == "iv")
    assert 0 < values.bioavailability <= 1
    assert 0 <= values.lag_time < 1
    assert 0 < values.clearance_cv < 3
    assert drug.free_nanomolar_per_mg_per_liter > 0


@pytest.mark.parametrize("name", [name for name in NAMES if _formula(DRUGS[name])])
def test_oracle_molar_mass_is_the_sum_of_atomic_weights(name: str) -> None:
    formula = _formula(DRUGS[name])
    assert formula is not None
    atoms = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    expected = sum(ATOMIC_WEIGHT[element] * int(count or 1) for element, count in atoms)
    assert DRUGS[name].molar_mass.to("g/mol") == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("tucatinib", 480.5),
        ("palbociclib", 447.54),
        ("tamoxifen", 371.51),
        ("endoxifen", 373.49),
        ("letrozole", 285.3),
        ("paclitaxel", 853.9),
        ("cyclophosphamide", 261.09),
        ("olaparib", 434.46),
    ],
)
def test_oracle_molar_mass_agrees_with_the_one_that_a_label_or_paper_prints(
    name: str, printed: float
) -> None:
    assert DRUGS[name].molar_mass.to("g/mol") == pytest.approx(printed, abs=0.05)


def test_oracle_values_per_kg_and_per_m2_are_those_of_the_reference_patient() -> None:
    # 6.4 mL/min/kg at 70 kg; 21.13 L/h/m2 at 1.75 m2
    assert kinetic_values(DRUGS["paclitaxel"]).clearance == pytest.approx(6.4 * 70 * 60 * 24 / 1000)
    assert kinetic_values(DRUGS["nab-paclitaxel"]).clearance == pytest.approx(21.13 * 24 * 1.75)


def test_golden_trastuzumab_takes_the_linear_parameters() -> None:
    values = kinetic_values(DRUGS["trastuzumab"])
    assert (values.clearance, values.central_volume, values.exchange) == (0.241, 3.02, ((0.544, 2.68),))
    assert (values.weight_on_clearance, values.reference_weight) == (0.967, 68)


def test_unit_three_compartment_drugs_have_two_peripheral_compartments() -> None:
    three = {name for name in NAMES if len(kinetic_values(DRUGS[name]).exchange) == 2}
    assert three >= {"docetaxel", "epirubicin", "eribulin", "exemestane", "capivasertib"}


def test_unit_fulvestrant_leaves_its_depot_more_slowly_than_the_body() -> None:
    values = kinetic_values(DRUGS["fulvestrant"])
    assert values.absorption_rate is not None
    assert values.absorption_rate < values.clearance / values.central_volume


def test_unit_one_kill_rate_serves_all_cytotoxics() -> None:
    rates = {
        (action.maximum.to("1/day"), action.maximum.interval)
        for drug in DRUGS.values()
        for action in drug.actions
        if action.kind == "cytotoxic"
    }
    assert len(rates) == 1


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("trastuzumab", {("inhibit", "ERBB2"), ("degrade", "ERBB2"), ("adcc", "ERBB2")}),
        (
            "trastuzumab deruxtecan",
            {("inhibit", "ERBB2"), ("degrade", "ERBB2"), ("adcc", "ERBB2"), ("payload", "ERBB2")},
        ),
        ("pertuzumab", {("inhibit", "ERBB3")}),
        ("lapatinib", {("inhibit", "EGFR"), ("inhibit", "ERBB2"), ("inhibit", "ERBB3")}),
        ("everolimus", {("inhibit", "MTORC1")}),
        ("alpelisib", {("inhibit", "PIK3CA")}),
        ("ribociclib", {("inhibit", "CDK4")}),
        ("anastrozole", {("deplete", "estradiol")}),
        ("fulvestrant", {("inhibit", "ESR1"), ("degrade", "ESR1")}),
        ("docetaxel", {("cytotoxic", "cells")}),
        ("bevacizumab", {("starvation", "cells")}),
    ],
)
def test_golden_what_a_drug_does(name: str, actions: set[tuple[str, str]]) -> None:
    assert {(action.kind, action.target) for action in DRUGS[name].actions} == actions


@pytest.mark.parametrize("name", NAMES)
def test_property_drugs_that_kill_dividing_cells_say_how_long_cells_hold_them(name: str) -> None:
    kills = any(action.kind == "cytotoxic" for action in DRUGS[name].actions)
    assert (DRUGS[name].retention is not None) == kills


def test_oracle_paclitaxel_retention_follows_from_what_was_left_after_72_hours() -> None:
    """An exponential that leaves 43.3, 35.7, 16.0 and 19.8% at 72 h, as the table prints."""
    half_lives = [72 * math.log(2) / -math.log(left) for left in (0.433, 0.357, 0.160, 0.198)]
    retention = DRUGS["paclitaxel"].retention
    assert retention is not None
    assert retention.to("hour") == pytest.approx(math.prod(half_lives) ** 0.25, rel=0.02)


def test_oracle_doxorubicin_retention_loses_a_quarter_in_a_day() -> None:
    retention = DRUGS["doxorubicin"].retention
    assert retention is not None
    assert 0.5 ** (1 / retention.to("day")) == pytest.approx(0.75, abs=0.005)


@pytest.mark.parametrize("name", NAMES)
def test_property_killing_has_a_rate_and_everything_else_an_effect(name: str) -> None:
    for action in DRUGS[name].actions:
        if action.kind in KILLING:
            assert action.maximum.to("1/day") > 0
        else:
            assert 0 < action.maximum.to("1") <= 1


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("T-DM1", "trastuzumab emtansine"),
        ("t-dxd", "trastuzumab deruxtecan"),
        ("5-fluorouracil", "fluorouracil"),
        (" Trastuzumab ", "trastuzumab"),
    ],
)
def test_unit_a_drug_goes_by_its_aliases_in_any_case(word: str, name: str) -> None:
    assert find_drug(word).name == name


def test_unit_an_unknown_drug_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'docetaxel'"):
        find_drug("docetaxol")


WRONG = [
    pytest.param("unit: L/day", "unit: L/dya", "kinetics.clearance", "unknown unit", id="unknown unit"),
    pytest.param("unit: L/day", "unit: mg/L", "kinetics.clearance", "something else", id="other dimension"),
    pytest.param("value: 0.235", "value: -0.235", "kinetics.clearance", "out of range", id="negative"),
    pytest.param(
        "unit: L/day, status: measured, source: garg2014,",
        "unit: L/day, status: measured,",
        "kinetics.clearance",
        "needs a source",
        id="missing source",
    ),
    pytest.param(
        "interval: [0.5, 1]", "interval: [1, 0.5]", "infusion_time", "inverted", id="inverted interval"
    ),
    pytest.param("  clearance:", "  clearence:", "kinetics.clearence", "unknown field", id="misspelled"),
    pytest.param("kind: inhibit", "kind: stop", "actions[0].kind", "unknown word", id="unknown kind"),
    pytest.param("max_effect:", "max_rate:", "actions[0].max_rate", "something else", id="wrong maximum"),
    pytest.param("routes: [iv]", "routes: [po]", "", "absorption rate", id="oral without absorption"),
    pytest.param("name: pertuzumab", "name: 7", "name", "expected text", id="name is a number"),
    pytest.param("class: antibody", "class: antibdy", "class", "unknown word", id="unknown class"),
    pytest.param(
        "actions:",
        "retention: {value: 3, unit: mg, interval: [1, 9], status: assumed}\nactions:",
        "retention",
        "something else",
        id="retention is no time",
    ),
    pytest.param(
        "actions:",
        "retention: {value: 0, unit: h, interval: [0, 9], status: assumed}\nactions:",
        "retention",
        "out of range",
        id="no retention",
    ),
    pytest.param(
        "actions:",
        "accumulation: {value: 30, unit: mg/L, interval: [10, 90], status: assumed}\nactions:",
        "accumulation",
        "something else",
        id="accumulation is no ratio",
    ),
    pytest.param(
        "actions:",
        "accumulation: {value: -3, unit: '1', interval: [-9, 9], status: assumed}\nactions:",
        "accumulation",
        "out of range",
        id="negative accumulation",
    ),
]


@pytest.mark.parametrize(("old", "new", "field", "message"), WRONG)
def test_unit_a_wrong_file_is_named_with_line_and_field(
    old: str, new: str, field: str, message: str, tmp_path: Path
) -> None:
    text = (DIRECTORY / "pertuzumab.yaml").read_text()
    assert old in text
    path = tmp_path / "pertuzumab.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        read_drug(path)
    assert caught.value.file == str(path)
    assert (caught.value.field or "").startswith(field)
    if field:
        assert caught.value.line is not None


def test_unit_a_peripheral_volume_needs_its_clearance(tmp_path: Path) -> None:
    text = (DIRECTORY / "pertuzumab.yaml").read_text()
    path = tmp_path / "pertuzumab.yaml"
    path.write_text(re.sub(r"  intercompartmental_clearance: .*\n", "", text))
    with pytest.raises(InputError, match="kinetics: a peripheral compartment needs both"):
        read_drug(path)


@pytest.fixture(scope="module")
def compiled_kinetics() -> list[dict[str, str]]:
    folder = os.environ.get("FORESTALL_DATA")
    if not folder:
        pytest.skip("FORESTALL_DATA does not say where the compiled evidence is")
    with (Path(folder) / "evidence" / "pharmacology" / "pk.csv").open(newline="") as file:
        return list(csv.DictReader(file))


SECOND_READING = [
    "pertuzumab",
    "trastuzumab emtansine",
    "trastuzumab deruxtecan",
    "sacituzumab govitecan",
    "bevacizumab",
    "neratinib",
    "pyrotinib",
    "alpelisib",
    "tamoxifen",
    "docetaxel",
    "doxorubicin",
    "epirubicin",
    "cyclophosphamide",
    "capecitabine",
    "carboplatin",
    "eribulin",
]


@pytest.mark.parametrize("name", SECOND_READING)
def test_oracle_kinetics_agree_with_a_second_reading(
    name: str, compiled_kinetics: list[dict[str, str]]
) -> None:
    row = next(row for row in compiled_kinetics if row["drug"] == name and row["verified"] == "yes")
    values = kinetic_values(DRUGS[name])
    found = {"CL": values.clearance, "V1": values.central_volume}
    if values.exchange:
        found |= {"Q": values.exchange[0][0], "V2": values.exchange[0][1]}
    for column, value in found.items():
        unit = row[f"{column}_unit"].split()[0].removesuffix(";")
        wanted = "L/day" if column in ("CL", "Q") else "L"
        assert value == pytest.approx(quantity_in(f"{row[column]} {unit}", wanted), rel=1e-3), column


def test_oracle_every_breast_drug_with_verified_kinetics_is_there(
    compiled_kinetics: list[dict[str, str]],
) -> None:
    other = {"imatinib", "nilotinib", "dasatinib", "ponatinib", "crizotinib", "alectinib", "lorlatinib"}
    other |= {"vemurafenib", "dabrafenib", "trametinib", "enzalutamide", "abiraterone"}
    verified = {row["drug"] for row in compiled_kinetics if row["verified"] == "yes"} - other
    assert {find_drug(name).name for name in verified} <= set(NAMES)
