"""Which alterations the clones of a patient's tumor can acquire in a screen of combinations."""

from __future__ import annotations

import pytest

from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.patients import PatientSpec
from forestall.studies.anticipate import from_patient
from forestall.studies.anticipate.from_patient import MOST_FOLLOWED, NetworkRates, subject_from_patient

LESIONS = [{"site": "liver", "diameter": "30 mm"}]


def followed() -> tuple[str, ...]:
    patient = PatientSpec.model_validate({"her2": "positive", "er": "positive", "lesions": LESIONS})
    source = subject_from_patient(patient, ["lapatinib", "fulvestrant", "palbociclib"]).source
    assert isinstance(source, NetworkRates)
    return source.alterations


def test_unit_those_whose_clones_outgrow_the_tumor_soonest_are_followed() -> None:
    """Days until a clone has outgrown the others, ln(1 / rate) / advantage, by hand."""
    rates = {"weak": 1e-5, "rare": 1e-9, "never": 0.1, **{f"usual {k}": 1e-7 for k in range(9)}, "last": 1e-7}
    advantage = {
        "weak": 0.02,
        "rare": 0.1,
        "never": 9e-4,
        **dict.fromkeys(list(rates)[3:-1], 0.05),
        "last": 0.04,
    }
    # 576 days, 207 days, no advantage to speak of, nine times 322 days, 403 days: the rare one and the nine.
    assert from_patient._soonest(advantage, list(rates.values())) == ["rare", *list(rates)[3:-1]]
    faster = {**advantage, "last": 0.06}  # 269 days: now the last of the nine gives way
    assert from_patient._soonest(faster, list(rates.values())) == ["rare", *list(rates)[3:-2], "last"]


def test_unit_a_tumor_that_could_acquire_more_is_followed_with_the_most_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = followed()
    assert len(some) == MOST_FOLLOWED
    monkeypatch.setattr(from_patient, "MOST_FOLLOWED", len(load_alterations()))
    every = followed()
    assert len(every) > MOST_FOLLOWED
    assert [name for name in every if name in some] == list(some)
