"""Wrong trial and patient files: each gives one line that names the file and, if it can, line and field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forestall.errors import InputError
from forestall.knowledge.patients import load_patient
from forestall.knowledge.trials import load_trial

TRIAL = """\
trial: MINE
disease: breast
population:
  her2: positive
  er_positive: 50%
  age: {median: 54, range: [22, 89]}
  biomarkers:
    PIK3CA: 30%
arms:
  control: docetaxel 75 mg/m2 q3w
  more:
    - {drug: trastuzumab, dose: 6 mg/kg, every: 3 weeks, load: 8 mg/kg}
    - {drug: docetaxel, dose: 75 mg/m2, every: 3 weeks}
randomization: 1:1
patients: 800
visits: every 9 weeks
endpoints: [PFS, OS]
follow_up: 36 months
dropout: 5% per year
"""
PATIENT = """\
patient: Jane
age: 54
weight: 68 kg
her2: positive
er: negative
alterations: [PIK3CA_mut]
lesions:
  - site: liver
    diameter: 22 mm
  - {site: brain, diameter: 8 mm}
prior: [trastuzumab]
"""


@dataclass(frozen=True)
class Case:
    """A change of a good file, and what the error must say."""

    name: str
    old: str
    new: str
    line: int | None
    field: str | None
    words: str


TRIALS = [
    Case("no name", "trial: MINE\n", "", None, "trial", "this field is missing"),
    Case("name is a path", "MINE", "../../etc/passwd", 1, "trial", "not a possible name"),
    Case("name is a number", "MINE", "7", 1, "trial", "not a possible name"),
    Case("name is a list", "MINE", "[a, b]", 1, "trial", "not a possible name"),
    Case("another disease", "breast", "melanoma", 2, "disease", "allowed: breast"),
    Case("empty population",
         "population:\n  her2: positive\n  er_positive: 50%\n  age: {median: 54, range: [22, 89]}\n"
         "  biomarkers:\n    PIK3CA: 30%\n", "population:\n", 3, "population", "expected 'key: value' lines"),
    Case("population without HER2", "  her2: positive\n", "", 3, "population.her2", "this field is missing"),
    Case("unknown HER2 status", "her2: positive", "her2: possitive", 4, "population.her2",
         "did you mean 'positive'"),
    Case("HER2 as true", "her2: positive", "her2: true", 4, "population.her2", "unknown word (got True)"),
    Case("share above one", "50%", "150%", 5, "population.er_positive", "between 0 and 1"),
    Case("share without percent", "50%", "50", 5, "population.er_positive", "did you mean '50%'?"),
    Case("negative share", "50%", "-5%", 5, "population.er_positive", "between 0 and 1"),
    Case("share that is not a number", "50%", ".nan", 5, "population.er_positive", "expected a share"),
    Case("share that is infinite", "50%", ".inf", 5, "population.er_positive", "expected a share"),
    Case("share in months", "50%", "50 months", 5, "population.er_positive", "expected a share"),
    Case("age range inverted", "[22, 89]", "[89, 22]", 6, "population.age.range",
         "not a possible range of age"),
    Case("median age outside", "median: 54", "median: 95", 6, "population.age.median",
         "lies outside the range"),
    Case("age in words", "{median: 54, range: [22, 89]}", "old", 6, "population.age", "cannot read the age"),
    Case("unknown gene", "PIK3CA: 30%", "PIK3CB7: 30%", 8, "population.biomarkers.PIK3CB7",
         "did you mean 'PIK3CA'"),
    Case("unknown status", "PIK3CA: 30%", "PIK3CA: broken", 8, "population.biomarkers.PIK3CA",
         "mutant, wild-type"),
    Case("misspelled field", "patients:", "patiens:", 15, "patiens", "did you mean 'patients'"),
    Case("misspelled population field", "er_positive", "er_positve", 5, "population.er_positve",
         "did you mean 'er_positive'?"),
    Case("no arms", TRIAL[TRIAL.index("arms:") : TRIAL.index("randomization")], "arms: {}\n", 9, "arms",
         "at least 1"),
    Case("arms as a list", TRIAL[TRIAL.index("arms:") : TRIAL.index("randomization")], "arms: [a, b]\n", 9,
         "arms",
         "expected 'key: value' lines"),
    Case("two arms with one name", "  more:\n", "  control:\n", 11, None, "'control' is given twice"),
    Case("arm without regimen", "  control: docetaxel 75 mg/m2 q3w", "  control:", 10, "arms.control",
         "the regimen is missing"),
    Case("unknown drug", "docetaxel 75", "docetaxol 75", 10, "arms.control", "did you mean 'docetaxel'"),
    Case("unknown drug in a list", "drug: docetaxel", "drug: docetaxol", 13, "arms.more[1].drug",
         "docetaxel"),
    Case("negative dose", "75 mg/m2 q3w", "-75 mg/m2 q3w", 10, "arms.control", "negative"),
    Case("negative dose in a list", "dose: 6 mg/kg", "dose: -6 mg/kg", 12, "arms.more[0].dose", "negative"),
    Case("dose in wrong units", "75 mg/m2 q3w", "75 mm q3w", 10, "arms.control", "allowed: mg"),
    Case("dose without a unit", "dose: 6 mg/kg", "dose: 6", 12, "arms.more[0].dose",
         "expected a dose with a unit"),
    Case("dose a thousand times too large", "75 mg/m2 q3w", "75 g/m2 q3w", 10, "arms.control",
         "larger than any in use"),
    Case("unknown field of a dose", "every: 3 weeks, load", "evry: 3 weeks, load", 12, "arms.more[0].evry",
         "did you mean 'every'?"),
    Case("arm as a number", "  control: docetaxel 75 mg/m2 q3w", "  control: 3", 10, "arms.control",
         "expected a regimen"),
    Case("three to one of two arms", "1:1", "1:1:1", 14, "randomization",
         "one number for each of the 2 arms"),
    Case("randomization in words", "1:1", "equal", 14, "randomization", "whole numbers such as 1:1"),
    Case("randomization with zero", "1:1", "1:0", 14, "randomization", "whole numbers such as 1:1"),
    Case("zero patients", "800", "0", 15, "patients", "at least 1"),
    Case("negative patients", "800", "-800", 15, "patients", "at least 1"),
    Case("too many patients", "800", "800000000", 15, "patients", "at most 10000000"),
    Case("an absurd number of patients", "800", "9" * 290, 15, "patients", "at most 10000000"),
    Case("digits without end", "800", "9" * 5000, 15, None, "too many digits"),
    Case("half a patient", "800", "800.5", 15, "patients", "expected a whole number"),
    Case("a date for a number", "800", "2026-01-01", 15, "patients",
         "expected a whole number (got '2026-01-01')"),
    Case("true for a number", "800", "true", 15, "patients", "expected a whole number (got True)"),
    Case("not a number of patients", "800", ".nan", 15, "patients", "expected a whole number"),
    Case("a list for a number", "800", "[800]", 15, "patients", "expected a whole number"),
    Case("fewer patients than arms", "800", "1", 15, "patients", "fewer patients than arms"),
    Case("visits every 0 weeks", "every 9 weeks", "every 0 weeks", 16, "visits", "not a possible duration"),
    Case("visits every hour", "every 9 weeks", "every 1 hour", 16, "visits", "at least a day apart"),
    Case("visits in mg", "every 9 weeks", "every 9 mg", 16, "visits", "measures something else"),
    Case("visits as a number", "every 9 weeks", "9", 16, "visits", "cannot read the visits"),
    Case("visits that run backward", "every 9 weeks", "every 9 weeks until 2 weeks", 16, "visits",
         "this phase holds no visit"),
    Case("visit phases without end", "every 9 weeks", "[{every: 9 weeks}, {every: 12 weeks}]", 16,
         "visits[0]", "'until'"),
    Case("unknown endpoint", "[PFS, OS]", "[PFS, DFS]", 17, "endpoints[1]", "'PFS', 'OS', 'ORR' or 'DOR'"),
    Case("endpoint twice", "[PFS, OS]", "[PFS, PFS]", 17, "endpoints", "given twice"),
    Case("no endpoint", "[PFS, OS]", "[]", 17, "endpoints", "too few entries"),
    Case("negative follow-up", "36 months", "-36 months", 18, "follow_up", "not a possible duration"),
    Case("follow-up without a unit", "36 months", "36", 18, "follow_up", "expected a duration with its unit"),
    Case("follow-up in no known unit", "36 months", "36 moons", 18, "follow_up", "unknown unit"),
    Case("follow-up before the first visit", "36 months", "4 weeks", 18, "follow_up",
         "ends before the first visit"),
    Case("follow-up of a thousand years", "36 months", "1000 years", 18, "follow_up", "up to 100 years"),
    Case("no follow-up", "follow_up: 36 months\n", "", None, "follow_up", "this field is missing"),
    Case("all drop out", "5% per year", "100% per year", 19, "dropout", "below 100%"),
    Case("dropout without a time", "5% per year", "5%", 19, "dropout", "'5% per year'"),
    Case("unknown control", "randomization: 1:1", "control: placebo", 14, "control", "there is no such arm"),
    Case("unknown published trial", "randomization: 1:1", "published: CLEO", 14, "published",
         "did you mean 'CLEOPATRA'"),
    Case("unknown prior drug", "  er_positive: 50%", "  prior: [aspirin]", 5, "population.prior[0]",
         "unknown drug"),
    Case("a field given twice", "disease: breast", "patients: 3", 15, None, "'patients' is given twice"),
    Case("a tab", "  her2: positive", "\ther2: positive", 4, None, "a tab is used for indentation"),
    Case("a colon too many", "36 months", "36 months: or so", 18, None, "put the text in quotes"),
    Case("a bracket left open", "[PFS, OS]", "[PFS, OS", None, None, "not valid YAML"),
    Case("an alias", "36 months", "*x", 18, None, "aliases"),
    Case("a Python object", "36 months", "!!python/object/apply:os.system [ls]", 18, None, "tags"),
    Case("deep nesting", "36 months", "[" * 60 + "]" * 60, 18, None, "levels deep"),
]  # fmt: skip

PATIENTS = [
    Case("no lesions", PATIENT[PATIENT.index("lesions:") : PATIENT.index("prior")], "", None, "lesions",
         "missing"),
    Case("empty lesions", PATIENT[PATIENT.index("lesions:") : PATIENT.index("prior")], "lesions: []\n", 7,
         "lesions", "at least 1"),
    Case("lesions as text", PATIENT[PATIENT.index("lesions:") : PATIENT.index("prior")],
         "lesions: liver\n", 7, "lesions",
         "expected a list"),
    Case("unknown site", "site: liver", "site: livre", 8, "lesions[0].site", "did you mean 'liver'"),
    Case("diameter without unit", "22 mm", "22", 9, "lesions[0].diameter", "the unit is missing"),
    Case("diameter in kg", "22 mm", "22 kg", 9, "lesions[0].diameter", "measures something else"),
    Case("negative diameter", "8 mm", "-8 mm", 10, "lesions[1].diameter", "1 to 300 mm"),
    Case("diameter of a kilometer", "8 mm", "1 km", 10, "lesions[1].diameter", "1 to 300 mm"),
    Case("unknown alteration", "PIK3CA_mut", "PIK3CA_mutt", 6, "alterations[0]", "did you mean 'PIK3CA_mut'"),
    Case("alterations as text", "[PIK3CA_mut]", "PIK3CA_mut", 6, "alterations", "expected a list"),
    Case("age of a child", "54", "5", 2, "age", "at least 18"),
    Case("age not a number", "54", ".nan", 2, "age", "age"),
    Case("age in kg", "54", "54 kg", 2, "age", "measures something else"),
    Case("age as true", "54", "true", 2, "age", "expected a number"),
    Case("weight of a whale", "68 kg", "68 tonnes", 3, "weight", "25 to 300 kg"),
    Case("a list for the weight", "68 kg", "[68 kg]", 3, "weight", "expected a size with its unit"),
    Case("no ER status", "er: negative\n", "", None, "er", "this field is missing"),
    Case("ER as a number", "er: negative", "er: 1", 5, "er", "allowed: positive, negative"),
    Case("unknown prior treatment", "[trastuzumab]", "[trastuzumap]", 11, "prior[0]",
         "did you mean 'trastuzumab'"),
    Case("unknown field", "weight:", "wieght:", 3, "wieght", "did you mean 'weight'"),
]  # fmt: skip
ALIAS_BOMB = b"\n".join(b"a%d: &a%d [%s]" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 40))


def error_of(load: Callable[[Path], object], path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load(path)
    assert type(caught.value) is InputError
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return caught.value


def check(load: Callable[[Path], object], good: str, case: Case, folder: Path) -> None:
    path = folder / "mine.yaml"
    path.write_text(good)
    assert load(path)
    assert case.old in good
    path.write_text(good.replace(case.old, case.new, 1))
    error = error_of(load, path)
    assert case.words in str(error)
    assert error.field == case.field
    if case.line is not None:
        assert error.line == case.line


@pytest.mark.parametrize("case", TRIALS, ids=lambda case: case.name)
def test_unit_a_wrong_trial_gives_one_clear_line(case: Case, tmp_path: Path) -> None:
    check(load_trial, TRIAL, case, tmp_path)


@pytest.mark.parametrize("case", PATIENTS, ids=lambda case: case.name)
def test_unit_a_wrong_patient_gives_one_clear_line(case: Case, tmp_path: Path) -> None:
    check(load_patient, PATIENT, case, tmp_path)


@pytest.mark.parametrize("load", [load_trial, load_patient])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (TRIAL.replace("MINE", "Caf\xe9").encode("latin-1"), "not UTF-8"),
        (TRIAL.replace("MINE", "MI\0NE").encode(), "control characters"),
        (b"- a\n- b\n", "not a list"),
        (b"42\n", "not a single value"),
        (b"trial: x\n" + b"# padding\n" * 1_000_000, "too large"),
        (b"a: " + b"{b: " * 200_000, "nest"),
        (ALIAS_BOMB, "aliases"),
    ],
    ids=["empty", "comment", "utf-16", "latin-1", "NUL", "list", "number", "10 MB", "deep", "alias bomb"],
)  # fmt: skip
def test_unit_what_is_no_document_gives_one_clear_line(
    load: Callable[[Path], object], content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    assert words in str(error_of(load, path))


@pytest.mark.parametrize("load", [load_trial, load_patient])
def test_unit_a_folder_or_a_missing_file_gives_one_clear_line(
    load: Callable[[Path], object], tmp_path: Path
) -> None:
    assert "folder" in str(error_of(load, tmp_path))
    assert "no such file" in str(error_of(load, tmp_path / "none.yaml"))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "-1 day",
            "1e400 weeks",
            "every",
            "every 1 day until",
            "nan%",
            "1:0",
            "2+",
            "q3w",
            "AUC",
            "+",
            "5/year",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("load", "good"), [(load_trial, TRIAL), (load_patient, PATIENT)], ids=["trial", "patient"]
)
@given(data=st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=200,
)
def test_property_any_value_in_any_field_loads_or_gives_one_clear_line(
    load: Callable[[Path], object], good: str, tmp_path: Path, data: st.DataObject
) -> None:
    content = yaml.load(good.replace("1:1", "'1:1'"), Loader=yaml.CSafeLoader)
    place = content
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    words = str(path)
    try:
        load(path)
    except InputError as error:
        words = str(error)
    assert words.startswith(str(path))
    assert len(words.splitlines()) == 1
