"""ADSL shows the population as it was drawn."""

from __future__ import annotations

from forestall.clinic.population import population_from_patient
from forestall.interop.adam_subjects import subjects_of
from forestall.knowledge.patients import LesionSpec, PatientSpec


def test_unit_receptors_and_truncal_alterations_become_columns() -> None:
    spec = PatientSpec(
        her2="low",
        er="positive",
        age=61,
        weight="70 kg",
        height="165 cm",
        menopause="post",
        alterations=("PIK3CA_mut",),
        lesions=(LesionSpec(site="liver", diameter="32 mm"),),
    )
    subjects = subjects_of(population_from_patient(spec))
    shown = {name: values[0] for name, values in subjects.biomarkers.items()}
    assert (shown["HER2"], shown["ER"], shown["MENOPAUS"]) == ("low", "positive", "post")
    assert shown["PIK3CA"]
    assert not shown["PTEN"]
    assert (subjects.age_years[0], subjects.weight_kg[0], subjects.lesions[0]) == (61, 70, 1)
    assert subjects.surface_m2[0] > 1.5
