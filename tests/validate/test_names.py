"""Treatments under the names that tables give them."""

from __future__ import annotations

import pytest

from forestall.knowledge.drugs import fold, load_drugs
from forestall.studies.validation.names import load_names
from forestall.studies.validation.treatments import class_of, dose, read_treatment, without_effect


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("T-DXd", {("trastuzumab deruxtecan",)}),
        ("Enhertu 5.4 mg/kg q3w", {("trastuzumab deruxtecan",)}),
        ("ado-trastuzumab emtansine", {("trastuzumab emtansine",)}),
        ("T-DM1 q3w", {("trastuzumab emtansine",)}),
        ("trastuzumab (Herceptin);capecitabine (Xeloda)", {("capecitabine", "trastuzumab")}),
        ("trastuzumab-dkst", {("trastuzumab",)}),
        ("Herceptin + Taxotere", {("docetaxel", "trastuzumab")}),
        ("trastuzumab/pertuzumab", {("pertuzumab", "trastuzumab")}),
        ("pertuzumab/trastuzumab/hyaluronidase-zzxf", {("pertuzumab", "trastuzumab")}),
        ("nab paclitaxel", {("nab-paclitaxel",)}),
        ("Nab\u2011Paclitaxel 100 mg/m2 d1,8,15 q4w", {("nab-paclitaxel",)}),
        ("weekly paclitaxel", {("paclitaxel",)}),
        ("oral vinorelbine", {("vinorelbine",)}),
        ("lapatinib ditosylate and capecitabine", {("capecitabine", "lapatinib")}),
        ("Verzenio (abemaciclib) 150 mg BID plus fulvestrant", {("abemaciclib", "fulvestrant")}),
        ("Everolimus 10 mg/d + exemestane 25 mg/d", {("everolimus", "exemestane")}),
        ("palbociclib, letrozole", {("letrozole", "palbociclib")}),
        ("placebo", {()}),
        ("matching placebo for palbociclib;letrozole", {("letrozole",)}),
        ("5-FU/leucovorin", {("fluorouracil",)}),
        ("AC", {("cyclophosphamide", "doxorubicin")}),
        ("AI", {("letrozole",), ("anastrozole",), ("exemestane",)}),
        ("letrozole/anastrozole;palbociclib", {("letrozole", "palbociclib"), ("anastrozole", "palbociclib")}),
        ("capecitabine or vinorelbine", {("capecitabine",), ("vinorelbine",)}),
        ("eribulin, vinorelbine, or gemcitabine", {("eribulin",), ("vinorelbine",), ("gemcitabine",)}),
        ("TPC (eribulin or vinorelbine)", {("eribulin",), ("vinorelbine",)}),
        ("chemotherapy (nab-paclitaxel, paclitaxel, or gemcitabine/carboplatin)",
         {("nab-paclitaxel",), ("paclitaxel",), ("carboplatin", "gemcitabine")}),
        ("chemotherapy (6 cycles)", {("capecitabine",), ("eribulin",), ("vinorelbine",), ("gemcitabine",)}),
        ("gemcitabine-carboplatin", {("carboplatin", "gemcitabine")}),
        ("trastuzumab;capecitabine|lapatinib;capecitabine", {("capecitabine", "trastuzumab"), ("capecitabine", "lapatinib")}),
        ("same CDK4/6 inhibitor", {("palbociclib",), ("ribociclib",), ("abemaciclib",)}),
        ("palbociclib placebo;letrozole", {("letrozole",)}),
        ("HP + docetaxel", {("docetaxel", "pertuzumab", "trastuzumab")}),
        ("physician's choice: eribulin, vinorelbine", {("eribulin",), ("vinorelbine",)}),
        ("trastuzumab + capecitabine or vinorelbine", {("capecitabine", "trastuzumab"), ("trastuzumab", "vinorelbine")}),
        ("Dato-DXd", {("datopotamab deruxtecan",)}),
    ],
)  # fmt: skip
def test_unit_names_mean_their_drugs(cell: str, expected: set[tuple[str, ...]]) -> None:
    assert set(read_treatment(cell).alternatives) == expected


def test_unit_a_choice_without_drugs_says_that_they_are_assumed() -> None:
    named, unnamed = read_treatment("TPC (eribulin or vinorelbine)"), read_treatment("TPC")
    assert named.assumed == ""
    assert "physicians chose" in unnamed.assumed
    assert ("eribulin",) in unnamed.alternatives


def test_unit_a_drug_without_kinetics_is_given_as_its_representative_and_says_so() -> None:
    given = dose(read_treatment("pictilisib;fulvestrant"), "X")
    assert set(given.regimens[0].drugs) == {"buparlisib", "fulvestrant"}
    (note,) = given.stand_ins
    assert "buparlisib stands for pictilisib" in note


def test_unit_two_drugs_with_one_representative_count_once() -> None:
    (regimen,) = dose(read_treatment("CMF"), "X").regimens
    assert sorted(regimen.drugs) == ["cyclophosphamide", "fluorouracil"]


def test_unit_drugs_without_effect_are_told() -> None:
    assert without_effect(read_treatment("denosumab;sunitinib;paclitaxel")) == {"denosumab", "sunitinib"}


def test_unit_representatives_are_cataloged_and_act() -> None:
    names = load_names()
    drugs = load_drugs()
    for name, entry in names.representatives.items():
        assert drugs[entry.drug].actions, name
        assert fold(name) not in drugs
        assert class_of(fold(name)) == class_of(entry.drug)
    for choice in names.choices:
        assert all(drugs[drug].actions for drug in choice.drugs)


@pytest.mark.parametrize("name", sorted(load_drugs()))
def test_property_every_cataloged_drug_is_found_under_each_of_its_names(name: str) -> None:
    for word in (name, *load_drugs()[name].aliases):
        for written in (word, word.upper(), f"{word} (investigational)", f"{word};placebo"):
            assert read_treatment(written).alternatives == ((name,),)
