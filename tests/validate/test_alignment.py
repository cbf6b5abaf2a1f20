"""Drugs that both arms of a trial receive are given alike."""

from __future__ import annotations

import pytest

from forestall.studies.validation.alignment import aligned
from forestall.studies.validation.treatments import DosedArm, dose, read_treatment


def texts(experimental: tuple[str, str], control: tuple[str, str]) -> list[str]:
    """Both arms' regimens, from drugs and dose text."""
    arms = {
        name: dose(read_treatment(drugs), "X", dose_text)
        for name, (drugs, dose_text) in (("experimental", experimental), ("control", control))
    }
    return [arm.regimens[0].text() for arm in aligned(arms).values()]


@pytest.mark.parametrize(
    ("experimental", "control", "expected"),
    [
        (("bevacizumab;paclitaxel", ""), ("paclitaxel", ""), "paclitaxel 90 mg/m2 d1,8,15 q4w"),
        (("bevacizumab;docetaxel", ""), ("docetaxel", "docetaxel 100 mg/m2 q3w"), "docetaxel 100 mg/m2 q3w"),
        (("lapatinib;paclitaxel", "6 cycles, x6"), ("paclitaxel", ""), "paclitaxel 175 mg/m2 q3w x6"),
    ],
)
def test_unit_a_shared_drug_is_given_as_where_more_is_known(
    experimental: tuple[str, str], control: tuple[str, str], expected: str
) -> None:
    assert all(expected in text for text in texts(experimental, control))


def test_unit_a_trial_of_doses_keeps_them() -> None:
    high, low = texts(("fulvestrant", ""), ("fulvestrant", "250 mg q28d"))
    assert ("500 mg" in high, "250 mg" in low) == (True, True)


def test_unit_chemotherapy_is_not_dosed_as_in_a_combination_of_it() -> None:
    both, alone = texts(("capecitabine;docetaxel", ""), ("docetaxel", "docetaxel 100 mg/m2 q3w"))
    assert "docetaxel 75 mg/m2" in both
    assert "docetaxel 100 mg/m2" in alone


def test_unit_alternatives_follow_the_one_that_shares_most() -> None:
    arms = {
        "control": dose(read_treatment("trastuzumab+capecitabine|trastuzumab+vinorelbine"), "X"),
        "experimental": dose(read_treatment("margetuximab+capecitabine|margetuximab+vinorelbine"), "X"),
    }
    found: DosedArm = aligned(arms)["experimental"]
    assert "capecitabine 1000 mg/m2" in found.regimens[0].text()
    assert "vinorelbine 25 mg/m2 q1w" in found.regimens[1].text()
    assert "capecitabine as in the arm 'control'" in found.rules
