"""What a user writes as a regimen is read as a clinician means it, or refused in words that teach."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.errors import InputError
from forestall.knowledge.doses import LARGEST_AMOUNT, Dose
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.references import load_references
from forestall.knowledge.regimens import Component, Regimen, load_regimens, parse_regimen

REGIMENS = load_regimens()
DOCETAXEL_Q3W: dict[str, Any] = {"drug": "docetaxel", "dose": "75 mg/m2", "every": "3 weeks"}
WITHOUT_SCHEDULE = {"endoxifen"}


def _row(component: Component) -> tuple[Any, ...]:
    return (
        component.drug,
        component.amount,
        component.amount_basis,
        component.loading_amount,
        component.dose_days,
        component.doses_per_day,
        component.cycle_days,
        component.max_cycles,
    )


TRASTUZUMAB = ("trastuzumab", 6, "mg/kg", 8, (1,), 1, 21, None)
WEEKLY = ("trastuzumab", 2, "mg/kg", 4, (1,), 1, 7, None)
DOCETAXEL = ("docetaxel", 75, "mg/m2", None, (1,), 1, 21, None)
PERTUZUMAB = ("pertuzumab", 420, "mg", 840, (1,), 1, 21, None)
LETROZOLE = ("letrozole", 2.5, "mg", None, (1,), 1, 1, None)
ANASTROZOLE = ("anastrozole", 1, "mg", None, (1,), 1, 1, None)
LAPATINIB = ("lapatinib", 1250, "mg", None, (1,), 1, 1, None)
FULVESTRANT = [
    ("fulvestrant", 500, "mg", None, (1,), 1, 28, None),
    ("fulvestrant", 500, "mg", None, (15,), 1, 28, 1),
]


def _capecitabine(dose: float) -> tuple[Any, ...]:
    return ("capecitabine", dose, "mg/m2", None, tuple(range(1, 15)), 2, 21, None)


def _everolimus(dose: float) -> tuple[Any, ...]:
    return ("everolimus", dose, "mg", None, (1,), 1, 1, None)


VINORELBINE = ("vinorelbine", 25, "mg/m2", None, (1,), 1, 7, None)
PALBOCICLIB = ("palbociclib", 125, "mg", None, tuple(range(1, 22)), 1, 28, None)
RIBOCICLIB = ("ribociclib", 600, "mg", None, tuple(range(1, 22)), 1, 28, None)
ARMS = [
    ("trastuzumab + pertuzumab + docetaxel (CLEOPATRA)", [PERTUZUMAB, TRASTUZUMAB, DOCETAXEL]),
    ("trastuzumab + docetaxel (CLEOPATRA)", [TRASTUZUMAB, DOCETAXEL]),
    ("paclitaxel (H0648g)", [("paclitaxel", 175, "mg/m2", None, (1,), 1, 21, 6)]),
    ("trastuzumab + paclitaxel (H0648g)", [WEEKLY, ("paclitaxel", 175, "mg/m2", None, (1,), 1, 21, 6)]),
    ("trastuzumab + anastrozole (TAnDEM)", [WEEKLY, ANASTROZOLE]),
    ("anastrozole (TAnDEM)", [ANASTROZOLE]),
    ("trastuzumab emtansine (EMILIA)", [("trastuzumab emtansine", 3.6, "mg/kg", None, (1,), 1, 21, None)]),
    ("lapatinib + capecitabine (EMILIA)", [LAPATINIB, _capecitabine(1000)]),
    (
        "everolimus + exemestane (BOLERO-2)",
        [_everolimus(10), ("exemestane", 25, "mg", None, (1,), 1, 1, None)],
    ),
    ("everolimus + trastuzumab + vinorelbine (BOLERO-3)", [_everolimus(5), WEEKLY, VINORELBINE]),
    ("trastuzumab + vinorelbine (BOLERO-3)", [WEEKLY, VINORELBINE]),
    ("palbociclib + letrozole (PALOMA-2)", [PALBOCICLIB, LETROZOLE]),
    ("ribociclib + letrozole (MONALEESA-2)", [RIBOCICLIB, LETROZOLE]),
    ("alpelisib + fulvestrant (SOLAR-1)", [("alpelisib", 300, "mg", None, (1,), 1, 1, None), *FULVESTRANT]),
    (
        "tucatinib + trastuzumab + capecitabine (HER2CLIMB)",
        [("tucatinib", 300, "mg", None, (1,), 2, 1, None), TRASTUZUMAB, _capecitabine(1000)],
    ),
    ("trastuzumab + capecitabine (HER2CLIMB)", [TRASTUZUMAB, _capecitabine(1000)]),
    ("lapatinib + capecitabine (EGF100151)", [LAPATINIB, _capecitabine(1000)]),
    ("capecitabine (EGF100151)", [_capecitabine(1250)]),
    ("fulvestrant (FALCON)", FULVESTRANT),
]


@pytest.mark.parametrize(("name", "rows"), ARMS)
def test_golden_the_arms_of_the_cataloged_trials(name: str, rows: list[tuple[Any, ...]]) -> None:
    assert [_row(component) for component in parse_regimen(name).components] == rows


def test_unit_there_are_thirty_regimens_of_several_drugs() -> None:
    assert sum(len(regimen.drugs) > 1 for regimen in REGIMENS.values()) >= 30


@pytest.mark.parametrize("name", sorted(load_drugs().keys() - WITHOUT_SCHEDULE))
def test_property_every_drug_has_a_usual_dose(name: str) -> None:
    assert parse_regimen(name).drugs == (name,)


@pytest.mark.parametrize("name", sorted(REGIMENS))
def test_property_a_cataloged_regimen_reads_back_from_its_words(name: str) -> None:
    regimen = REGIMENS[name]
    assert parse_regimen(regimen.text()).components == regimen.components
    for word in (regimen.name, *regimen.aliases):
        assert parse_regimen(word.upper()) == regimen
    assert set(regimen.sources) <= load_references().keys()
    assert regimen.sources or "not read in a source" in (regimen.note or "")


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ("trastuzumab + docetaxel q3w", "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w"),
        (
            "docetaxel + trastuzumab every 3 weeks",
            "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w",
        ),
        ("trastuzumab", "trastuzumab 6 mg/kg q3w (load 8 mg/kg)"),
        ("trastuzumab weekly", "trastuzumab 2 mg/kg q1w (load 4 mg/kg)"),
        (
            "T-DM1 + pertuzumab q3w",
            "trastuzumab emtansine 3.6 mg/kg q3w + pertuzumab 420 mg q3w (load 840 mg)",
        ),
        ("lapatinib + trastuzumab q3w", "lapatinib 1250 mg qd + trastuzumab 6 mg/kg q3w (load 8 mg/kg)"),
        (
            "trastuzumab weekly + docetaxel q3w",
            "trastuzumab 2 mg/kg q1w (load 4 mg/kg) + docetaxel 75 mg/m2 q3w",
        ),
        ("docetaxel q3w x4", "docetaxel 75 mg/m2 q3w x4"),
        ("docetaxel for 4 cycles from d85 over 30 min", "docetaxel 75 mg/m2 q3w x4 over 0.5 h from d85"),
        ("letrozole daily", "letrozole 2.5 mg qd"),
        ("placebo + letrozole", "letrozole 2.5 mg qd"),
        ("docetaxel 75 mg/m2 q3w x6", "docetaxel 75 mg/m2 q3w x6"),
        ("Docetaxel 75mg/m2 Q3W", "docetaxel 75 mg/m2 q3w"),
        ("docetaxel 75 mg per m² every 21 days", "docetaxel 75 mg/m2 q3w"),
        ("docetaxel 0 mg/m2 q3w", "docetaxel 0 mg/m2 q3w"),
        ("docetaxel 0 mg q3w", "docetaxel 0 mg q3w"),
        ("capecitabine 1000 mg/m2 bid d1-14 q3w", "capecitabine 1000 mg/m2 bid d1-14 q3w"),
        ("capecitabine 1 g/m2 twice daily days 1-14 q21d", "capecitabine 1000 mg/m2 bid d1-14 q3w"),
        ("lapatinib 1250 mg qd q3w", "lapatinib 1250 mg d1-21 q3w"),
        ("palbociclib 125 mg qd d1-21 q4w", "palbociclib 125 mg d1-21 q4w"),
        ("capivasertib 400 mg bid d1-4 weekly", "capivasertib 400 mg bid d1-4 q1w"),
        ("letrozole 2.5 mg qd", "letrozole 2.5 mg qd"),
        ("trastuzumab 6 mg/kg q3w (loading dose: 8 mg/kg)", "trastuzumab 6 mg/kg q3w (load 8 mg/kg)"),
        ("carboplatin AUC 6 q3w", "carboplatin AUC 6 q3w"),
        ("carboplatin auc=2 d1,8,15 q4w", "carboplatin AUC 2 d1,8,15 q4w"),
        ("5-FU 600 mg/m2 d1,8 q4w for 6 cycles", "fluorouracil 600 mg/m2 d1,8 q4w x6"),
        ("fulvestrant 500 mg monthly", "fulvestrant 500 mg q4w"),
        ("vinorelbine 25 mg/m2 q10d", "vinorelbine 25 mg/m2 q10d"),
    ],
)
def test_unit_what_words_mean(words: str, canonical: str) -> None:
    assert parse_regimen(words).text() == canonical


@pytest.mark.parametrize("words", ["no treatment", "Placebo", "observation", "placebo + placebo"])
def test_unit_no_treatment_is_an_empty_regimen(words: str) -> None:
    assert parse_regimen(words) == Regimen(name="no treatment")


def test_unit_a_mapping_says_the_same_as_words() -> None:
    mapping = {
        "drug": "capecitabine",
        "dose": "1000 mg/m2",
        "times_per_day": 2,
        "days": "1-14",
        "every": "3 weeks",
        "cycles": 8,
        "start": "12 weeks",
    }
    expected = parse_regimen("capecitabine 1000 mg/m2 bid d1-14 q3w x8 from d85").components
    assert parse_regimen(mapping).components == expected
    assert parse_regimen([mapping, "letrozole"]).drugs == ("capecitabine", "letrozole")


def test_unit_a_regimen_may_be_given_as_such() -> None:
    regimen = REGIMENS["trastuzumab q3w"]
    assert parse_regimen(regimen) is regimen


def test_unit_infusion_time_is_the_drugs_own_unless_given() -> None:
    usual, given_time, oral = parse_regimen(
        ["paclitaxel 80 mg/m2 weekly", "paclitaxel 175 mg/m2 q3w over 180 min", "letrozole 2.5 mg qd"]
    ).components
    assert usual.infusion_hours == load_drugs()["paclitaxel"].infusion_hours
    assert given_time.infusion_hours == 3
    assert oral.infusion_hours == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("docetaxol 75 mg/m2 q3w", "unknown drug or regimen.*did you mean 'docetaxel'"),
        ("trastuzumab + docetaxol q3w", "unknown drug or regimen.*did you mean 'docetaxel'"),
        ("methotrexate 40 mg/m2 q3w", "unknown drug or regimen .got 'methotrexate'"),
        ("docetaxel -75 mg/m2 q3w", "cannot be negative.*0 to 15,000 mg/m2"),
        ("docetaxel 75 q3w", "the unit is missing"),
        ("docetaxel 75 mL q3w", "measures something else .*mg, mg/kg, mg/m2 or AUC"),
        ("docetaxel 75 mg/week q3w", "this unit is not a dose"),
        ("everolimus 10 mg/d", "not a dose.*'qd'"),
        ("capecitabine 2000 mg/m2/day d1-14 q3w", "cannot read this part.*one administration"),
        ("docetaxel 75 mg/m2", "the schedule is missing"),
        ("docetaxel 75 kg q3w", "larger than any in use.*check the unit"),
        ("carboplatin AUC 600 q3w", "larger than any in use.*0 to 12 AUC"),
        ("docetaxel 1e400 mg q3w", "finite"),
        ("docetaxel 75 mg/m2 q3w please", "cannot read this part .*'please'"),
        ("docetaxel 75 mg/m2 60 mg/m2 q3w", "dose is given twice"),
        ("docetaxel 75 mg/m2 q3w q4w", "schedule is given twice"),
        ("docetaxel 75 mg/m2 q0w", "not the length of a dosing cycle"),
        ("docetaxel 75 mg/m2 q99w", "not the length of a dosing cycle.*1 to 365"),
        ("docetaxel q5w", "no dose of docetaxel is cataloged for q5w.*cataloged: docetaxel q3w"),
        ("endoxifen", "the dose is missing"),
        ("docetaxel 75 mg/m2 q3w x0", "at least 1"),
        ("docetaxel 75 mg/m2 q3w over 30 h", "0 h to less than 24 h"),
        ("capecitabine 1000 mg/m2 bid d1-28 q3w", "not in the cycle.*days 1 to 21"),
        ("docetaxel 75 mg/m2 d1,1 q3w", "given twice"),
        ("letrozole 2.5 mg qd over 1 h", "only a drug given iv is infused"),
        ("letrozole 2.5 mg qd iv", "known for po only"),
        ("trastuzumab 6 mg/kg q3w (load 8 mg)", "loading dose is in mg"),
        ("trastuzumab + + docetaxel", "a drug is missing beside"),
        ("", "empty"),
        ("x" * 3000, "too long"),
        (5, "expected a regimen"),
        (None, "expected a regimen"),
        ([], "expected a regimen"),
        ([["letrozole"]], r"\[0\]: expected a drug"),
        (["letrozole", DOCETAXEL_Q3W | {"dose": 75}], r"\[1\]\.dose: expected a dose with a unit"),
        ([DOCETAXEL_Q3W | {"evry": "3 weeks"}], r"\[0\]\.evry: unknown field.*'every'"),
        ({"drug": "docetaxel", "dose": "75 mg/m2"}, "every: this field is missing"),
        ({"dose": "75 mg/m2", "every": "3 weeks"}, "drug: this field is missing"),
        (DOCETAXEL_Q3W | {"days": [22]}, "days: this day is not in"),
        (DOCETAXEL_Q3W | {"every": "36 hours"}, "every: this is not the length"),
        (DOCETAXEL_Q3W | {"cycles": 1.5}, "cycles: expected a whole number"),
        (DOCETAXEL_Q3W | {"times_per_day": 9}, "times_per_day: .*at most 4"),
        (["letrozole"] * 21, "too long"),
    ],
)
def test_unit_what_cannot_be_read_is_refused_in_words_that_teach(source: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_regimen(source)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@st.composite
def components(draw: st.DrawFn) -> Component:
    """Any component that the engine accepts."""
    drug = draw(st.sampled_from(sorted(load_drugs().values(), key=lambda drug: drug.name)))
    basis = draw(st.sampled_from(sorted(LARGEST_AMOUNT)))
    amounts = st.floats(0, LARGEST_AMOUNT[basis], allow_subnormal=False).map(
        lambda x: Dose(amount=x, basis=basis)
    )
    cycle = draw(st.integers(1, 84))
    fields: dict[str, Any] = {
        "drug": drug.name,
        "dose": draw(amounts),
        "load": draw(st.none() | amounts),
        "every": cycle,
        "days": sorted(draw(st.sets(st.integers(1, cycle), min_size=1, max_size=cycle))),
        "times_per_day": draw(st.integers(1, 4)),
        "cycles": draw(st.none() | st.integers(1, 1000)),
        "start": draw(st.integers(0, 3650)),
    }
    if drug.routes[0] == "iv" and draw(st.booleans()):
        fields["infusion"] = draw(st.floats(0, 5.9, allow_subnormal=False))
    return Component(**fields)


@settings(max_examples=300, deadline=None)
@given(st.lists(components(), min_size=1, max_size=4))
def test_property_what_is_read_from_words_says_the_same_words(parts: list[Component]) -> None:
    regimen = Regimen(name="any", components=tuple(parts))
    again = parse_regimen(regimen.text())
    assert again.components == regimen.components
    assert again.text() == regimen.text()


WORDS = [
    "docetaxel",
    "75",
    "mg/m2",
    "q3w",
    "+",
    "x6",
    "(load",
    "8",
    "mg/kg)",
    "AUC",
    "d1-14",
    "bid",
    "over 1 h",
]


def _refusal(text: str) -> str:
    """The line that refuses a text, or none if its regimen reads back."""
    try:
        regimen = parse_regimen(text)
    except InputError as error:
        return str(error)
    assert parse_regimen(regimen.text()).components == regimen.components
    return ""


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
def test_property_any_text_is_a_regimen_or_one_clear_line(text: str) -> None:
    assert "\n" not in _refusal(text)
