"""Describing one patient, in Python and in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forestall.errors import InputError
from forestall.studies.patient import Patient

GIVEN: dict[str, Any] = {
    "her2": "positive",
    "er": "positive",
    "lesions": [{"site": "liver", "diameter": "32 mm"}, {"site": "node", "diameter": "18 mm"}],
}
FILE = """\
patient: Anna
age: 52
weight: 64 kg
her2: positive
er: positive
lesions:
  - {site: liver, diameter: 32 mm}
  - {site: node, diameter: 18 mm}
prior: [taxane]
"""


def test_unit_a_file_says_the_same_as_python(tmp_path: Path) -> None:
    (tmp_path / "anna.yaml").write_text(FILE, encoding="utf-8")
    anna = Patient(patient="Anna", age=52, weight="64 kg", prior=("taxane",), **GIVEN)
    assert Patient.load(tmp_path / "anna.yaml") == anna
    assert hash(Patient.load(str(tmp_path / "anna.yaml"))) == hash(anna)
    assert anna.name == "Anna"
    assert anna != Patient(patient="Anna", age=53, weight="64 kg", prior=("taxane",), **GIVEN)


def test_unit_the_representation_reads_back() -> None:
    patient = Patient(age=40, alterations=["pik3ca_mut"], **GIVEN)
    assert eval(repr(patient), {"Patient": Patient}) == patient
    assert "weight" not in repr(patient)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lesions": [{"site": "livr", "diameter": "32 mm"}]}, ("lesions[0].site", "livr", "liver")),
        ({"lesions": [{"site": "liver", "diameter": "-3 mm"}]}, ("lesions[0].diameter", "-3 mm")),
        ({"lesions": [{"site": "liver", "diameter": "3 kg"}]}, ("lesions[0].diameter", "kg")),
        ({"lesions": [{"site": "liver", "diameter": 32}]}, ("lesions[0].diameter", "unit")),
        ({"lesions": ({"site": "liver"},)}, ("lesions[0].diameter", "missing")),
        ({"lesions": []}, ("lesions", "at least 1")),
        ({"lesions": "liver"}, ("lesions", "list")),
        ({"her2": "postive"}, ("her2", "postive", "positive")),
        ({"her3": "positive"}, ("her3", "unknown field", "her2")),
        ({"alterations": ["PIK3CA_mutt"]}, ("alterations[0]", "PIK3CA_mut")),
        ({"prior": ["paclitaxol"]}, ("prior[0]", "paclitaxel")),
        ({"age": 7}, ("age", "18")),
        ({"weight": 64}, ("weight", "unit")),
    ],
)
def test_unit_a_wrong_description_names_the_field(change: dict[str, Any], told: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        Patient(**{**GIVEN, **change})
    assert all(words in str(caught.value) for words in told), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["her2", "er", "lesions"])
def test_unit_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(InputError, match=f"{field}: this field is missing"):
        Patient(**{name: value for name, value in GIVEN.items() if name != field})


def test_unit_a_wrong_file_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "anna.yaml").write_text(FILE.replace("liver", "livr"), encoding="utf-8")
    with pytest.raises(InputError, match=r"anna\.yaml:7: lesions\[0\]\.site"):
        Patient.load(tmp_path / "anna.yaml")
