"""Doses in the words of papers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall.knowledge.regimens import parse_regimen
from forestall.studies.validation.dose_text import read_doses
from forestall.studies.validation.treatments import dose, read_treatment

from .conftest import ALONE, BOTH, Writer, only

FULVESTRANT = "fulvestrant 500 mg q4w + fulvestrant 500 mg d15 q4w x1"
LOADED_250 = "fulvestrant 250 mg q4w (load 500 mg) + fulvestrant 250 mg d15 q4w x1"
HP = "pertuzumab 420 mg q3w (load 840 mg) + trastuzumab 6 mg/kg q3w (load 8 mg/kg)"


@pytest.mark.parametrize(
    ("drugs", "text", "expected"),
    [
        ("trastuzumab", "4 mg/kg then 2 mg/kg qw", "trastuzumab 2 mg/kg q1w (load 4 mg/kg)"),
        ("trastuzumab", "4 then 2 mg/kg qw then 6 mg/kg q3w", "trastuzumab 2 mg/kg q1w (load 4 mg/kg)"),
        ("pertuzumab", "840/420 mg q3w", "pertuzumab 420 mg q3w (load 840 mg)"),
        ("letrozole", "2.5 mg/d", "letrozole 2.5 mg qd"),
        ("letrozole", "letrozole 2.5 mg", "letrozole 2.5 mg qd"),
        ("lapatinib", "1250 or 1500 mg qd", "lapatinib 1250 mg qd"),
        ("olaparib", "300 mg tablets bid", "olaparib 300 mg bid"),
        ("capecitabine", "2500 mg/m2/d d1-14 q3w", "capecitabine 1250 mg/m2 bid d1-14 q3w"),
        ("capecitabine", "1250 mg/m2 bid", "capecitabine 1250 mg/m2 bid d1-14 q3w"),
        ("capecitabine", "650 mg/m2 bid continuous", "capecitabine 650 mg/m2 bid"),
        ("capecitabine", "1000 mg/m2 bid 2 wk on/1 wk off", "capecitabine 1000 mg/m2 bid d1-14 q3w"),
        ("palbociclib", "125 mg/d 3/1", "palbociclib 125 mg d1-21 q4w"),
        ("ribociclib", "600 mg 3/4", "ribociclib 600 mg d1-21 q4w"),
        ("palbociclib", "125 mg 3 weeks on, 1 week off", "palbociclib 125 mg d1-21 q4w"),
        ("capivasertib", "400 mg bid 4 on/3 off", "capivasertib 400 mg bid d1-4 q1w"),
        ("nab-paclitaxel", "100 mg/m2 qw 3/4", "nab-paclitaxel 100 mg/m2 d1,8,15 q4w"),
        ("nab-paclitaxel", "150 mg/m2 3/4 wk", "nab-paclitaxel 150 mg/m2 d1,8,15 q4w"),
        ("paclitaxel", "200 mg/m2 3h q3w", "paclitaxel 200 mg/m2 q3w over 3 h"),
        ("vinorelbine", "25 mg/m2 qw, 3-wk cycles", "vinorelbine 25 mg/m2 q1w"),
        ("vinorelbine", "30-35 mg/m2 d1,8 q3w", "vinorelbine 30 mg/m2 d1,8 q3w"),
        ("carboplatin", "AUC6 q3w x6", "carboplatin AUC 6 q3w x6"),
        ("fulvestrant", "500 mg d0,14,28 then q28d", FULVESTRANT),
        ("fulvestrant", "500 mg + loading", FULVESTRANT),
        ("fulvestrant", "250 mg q28d", "fulvestrant 250 mg q4w"),
        ("fulvestrant", "250 mg LD", LOADED_250),
        ("fulvestrant", "250 mg monthly", "fulvestrant 250 mg q4w"),
        ("trastuzumab", "6 mg/kg every 3 weeks", "trastuzumab 6 mg/kg q3w"),
        ("fulvestrant", "500 mg d0, 250 mg d14,28, then q28d", LOADED_250),
    ],
)
def test_unit_one_drug(drugs: str, text: str, expected: str) -> None:
    assert read_doses([drugs], text) == {drugs: parse_regimen(expected).components}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "docetaxel 100 mg/m2 q3w + bevacizumab 7.5 mg/kg",
            "docetaxel 100 mg/m2 q3w + bevacizumab 7.5 mg/kg q3w",
        ),
        (
            "gemcitabine 1250 mg/m2 d1,8 + paclitaxel 175 mg/m2 d1 q3w",
            "gemcitabine 1250 mg/m2 d1,8 q3w + paclitaxel 175 mg/m2 q3w",
        ),
        (
            "capecitabine 1250 mg/m2 bid d1-14 + docetaxel 75 mg/m2 q3w",
            "capecitabine 1250 mg/m2 bid d1-14 q3w + docetaxel 75 mg/m2 q3w",
        ),
        (
            "carboplatin AUC6 + paclitaxel 80 mg/m2 d1,8,15 q3w",
            "carboplatin AUC 6 q3w + paclitaxel 80 mg/m2 d1,8,15 q3w",
        ),
        (
            "paclitaxel 80 mg/m2 + carboplatin AUC2 weekly 3/4",
            "paclitaxel 80 mg/m2 d1,8,15 q4w + carboplatin AUC 2 d1,8,15 q4w",
        ),
        (
            "pertuzumab 840 then 420 mg; trastuzumab 8 then 6 mg/kg; docetaxel 75 mg/m2 q3w",
            f"{HP} + docetaxel 75 mg/m2 q3w",
        ),
        (
            "trastuzumab 8 then 6 mg/kg q3w; pertuzumab 840 then 420 mg q3w; docetaxel 75 (to 100) mg/m2 q3w >=6 cycles",
            f"{HP} + docetaxel 75 mg/m2 q3w",
        ),
        ("palbociclib 125 mg 3/1 + letrozole 2.5 mg/d", "palbociclib 125 mg d1-21 q4w + letrozole 2.5 mg qd"),
        (
            "tucatinib 300 mg bid; palbociclib 75 mg (CYP3A4 interaction) 3/1; letrozole 2.5 mg",
            "tucatinib 300 mg bid + palbociclib 75 mg d1-21 q4w + letrozole 2.5 mg qd",
        ),
        ("alpelisib 300 mg/d + fulvestrant 500 mg q28d + D15", f"alpelisib 300 mg qd + {FULVESTRANT}"),
        ("anastrozole 1 mg + fulvestrant 250 mg LD", f"anastrozole 1 mg qd + {LOADED_250}"),
        ("placebo + exemestane 25 mg/d", "exemestane 25 mg qd"),
        (
            "T-DM1 3.6 mg/kg + pertuzumab 840 then 420 mg q3w",
            "trastuzumab emtansine 3.6 mg/kg q3w + pertuzumab 420 mg q3w (load 840 mg)",
        ),
    ],
)
def test_unit_several_drugs(text: str, expected: str) -> None:
    regimen = parse_regimen(expected)
    found = read_doses(sorted(regimen.drugs), text)
    assert found == {
        drug: tuple(one for one in regimen.components if one.drug == drug) for drug in regimen.drugs
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "60 + 175 mg/m2 q3w",
        "AC or paclitaxel q3w",
        "paclitaxel 175 mg q3w",
        "as TH",
        "doxorubicin x4; doxorubicin 60 mg/m2",
    ],
)
def test_garbage_what_is_not_understood_is_left_out(text: str) -> None:
    assert read_doses(["doxorubicin", "paclitaxel"], text, chosen=" or " in text) == {}


def test_unit_each_alternative_of_a_choice_has_its_own_dose() -> None:
    text = (
        "pembrolizumab 200 mg q3w + nab-paclitaxel 100 mg/m2 d1,8,15 q28d or paclitaxel 90 mg/m2 d1,8,15 q28d"
    )
    found = dose(read_treatment("pembrolizumab;nab-paclitaxel|pembrolizumab;paclitaxel"), "X", text)
    assert [regimen.text() for regimen in found.regimens] == [
        "pembrolizumab 200 mg q3w + nab-paclitaxel 100 mg/m2 d1,8,15 q4w",
        "pembrolizumab 200 mg q3w + paclitaxel 90 mg/m2 d1,8,15 q4w",
    ]
    unnamed = dose(read_treatment("docetaxel|paclitaxel"), "X", "100 mg/m2 q3w")
    assert [regimen.text() for regimen in unnamed.regimens] == [
        parse_regimen(drug).text() for drug in ("docetaxel", "paclitaxel")
    ]


def test_unit_a_drug_may_be_given_in_two_ways_one_after_the_other() -> None:
    text = (
        "paclitaxel 80 mg/m2 q1w x12 + paclitaxel 175 mg/m2 q3w from day 85; trastuzumab 8 then 6 mg/kg q3w"
    )
    found = read_doses(["paclitaxel", "trastuzumab"], text)
    assert found == {
        "paclitaxel": parse_regimen(
            "paclitaxel 80 mg/m2 q1w x12 + paclitaxel 175 mg/m2 q3w from day 85"
        ).components,
        "trastuzumab": parse_regimen("trastuzumab 6 mg/kg q3w (load 8 mg/kg)").components,
    }
    assert read_doses(["fulvestrant"], FULVESTRANT)["fulvestrant"] == parse_regimen(FULVESTRANT).components


def test_unit_a_drug_that_starts_with_more_is_not_read_at_another_interval() -> None:
    assert read_doses(["fulvestrant"], "250 mg q2w") == {}
    assert read_doses(["fulvestrant"], "250 mg q0w") == {}


def test_unit_a_dose_into_a_vein_at_no_known_interval_is_left_out() -> None:
    assert read_doses(["bevacizumab"], "bevacizumab 15 mg/kg") == {}
    assert read_doses(["bevacizumab"], "bevacizumab 10 mg/kg") == {
        "bevacizumab": parse_regimen("bevacizumab").components
    }


def test_unit_the_doses_of_other_drugs_are_the_usual_ones() -> None:
    found = dose(
        read_treatment("docetaxel;carboplatin;trastuzumab"),
        "X",
        "docetaxel 60 mg/m2 q3w; trastuzumab as in arm A",
    )
    (regimen,), (rule,) = found.regimens, found.rules
    doses = {one.drug: one.dose for one in regimen.components}
    usual = {drug: parse_regimen(drug).components[0].dose for drug in doses}
    assert doses == usual | {"docetaxel": parse_regimen("docetaxel 60 mg/m2 q3w").components[0].dose}
    assert rule.startswith("dose_text ")
    assert " for docetaxel; " in rule


def test_unit_arms_with_two_doses_of_a_drug_are_not_the_same(tables: Writer) -> None:
    arms = [
        {
            **BOTH,
            "drugs": "docetaxel;bevacizumab",
            "dose_text": "docetaxel 100 mg/m2 q3w + bevacizumab 15 mg/kg",
        },
        {
            **ALONE,
            "drugs": "docetaxel;bevacizumab",
            "dose_text": "docetaxel 100 mg/m2 q3w + bevacizumab 7.5 mg/kg",
        },
    ]
    plan = only(tables(arms=arms)).plan
    assert plan is not None
    texts = sorted(regimen.text() for regimen in plan.spec.regimens.values())
    assert texts == [
        "docetaxel 100 mg/m2 q3w + bevacizumab 15 mg/kg q3w",
        "docetaxel 100 mg/m2 q3w + bevacizumab 7.5 mg/kg q3w",
    ]


WORDS = (
    "docetaxel", "trastuzumab", "capecitabine", "fulvestrant", "75", "8", "2500", "0", "1e9", "mg", "mg/m2", "mg/kg", "mg/m2/d", "AUC",
    "then", "or", "to", "(", ")", "load", "+", ";", ",", "/", "-", "q3w", "q0w", "qw", "q28d", "qd", "bid", "d1,8",
    "d1-14", "d0", "x6", "x0",
    "3/1", "3/4", "4 on/3 off", "continuous", "LD", "24h", "over", "3 h", "until PD", ">=6 cycles",
)  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_garbage_any_words_give_possible_doses_or_none(words: list[str]) -> None:
    drugs = ["docetaxel", "trastuzumab", "capecitabine", "fulvestrant"]
    for asked in (drugs, drugs[:1]):
        found = read_doses(asked, " ".join(words))
        assert set(found) <= set(asked)
        for drug, components in found.items():
            assert {one.drug for one in components} == {drug}
            assert all(one.amount > 0 for one in components)
