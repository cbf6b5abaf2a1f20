"""Every cause of progression has words, and the mechanism that fits the treatment."""

from __future__ import annotations

import pytest

from forestall.biology.signaling.compile import compiled
from forestall.clinic.causes import all_causes
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.studies.escape import alteration_text, best_finding, explain, mechanism_text


def _causes() -> list[str]:
    return all_causes(tuple(compiled().index.slow), tuple(load_alterations()))[1]


def test_unit_every_cause_has_a_sentence_and_its_mechanisms_are_in_the_catalog() -> None:
    for cause in _causes():
        escape = explain(cause, ["trastuzumab"])
        assert escape.sentence.endswith("."), cause
        assert "_" not in escape.sentence, cause
        assert set(escape.mechanisms) <= set(load_mechanisms()), cause


def test_unit_causes_without_a_mechanism_are_known() -> None:
    without = {cause for cause in _causes() if not explain(cause, []).mechanisms}
    assert without == {
        "incomplete inhibition",
        "regrowth after chemotherapy",
        "tolerant cells",
        "waning effect",
        "KRAS rebound",
    }


@pytest.mark.parametrize(
    ("cause", "drugs", "first"),
    [
        ("PTEN_loss (truncal)", ["trastuzumab", "docetaxel"], "PTEN_loss_HER2"),
        ("PTEN_loss (truncal)", ["palbociclib", "letrozole"], "PTEN_loss_ER"),
        ("ERBB2_loss (acquired)", ["trastuzumab"], "HER2_loss"),
        ("ERBB2_loss (acquired)", ["trastuzumab deruxtecan"], "TDXd_target_low"),
        ("ER switched on", ["lapatinib"], "ER_reactivation"),
        ("ER switched on", ["alpelisib"], "PI3Ki_ER"),
        ("brain sanctuary", ["trastuzumab"], "CNS_sanctuary"),
    ],
)
def test_unit_the_mechanism_that_fits_the_treatment_comes_first(
    cause: str, drugs: list[str], first: str
) -> None:
    assert explain(cause, drugs).mechanisms[0] == first


def test_unit_a_mechanism_that_was_not_described_for_the_treatment_says_so() -> None:
    assert "not to what was given here" in mechanism_text("RB1_loss", ["trastuzumab"])
    assert "not to what was given here" not in mechanism_text("RB1_loss", ["palbociclib"])
    assert "not to what was given here" not in mechanism_text("RB1_loss", [])


def test_unit_the_finding_that_is_cited_is_the_best_checked_one() -> None:
    for key, mechanism in load_mechanisms().items():
        finding = best_finding(mechanism)
        if any(other.verified == "yes" for other in mechanism.evidence):
            assert finding.verified == "yes", key
        else:
            assert "numbers not checked" in mechanism_text(key, []), key


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("ERBB2_loss", "ERBB2 loss (loss of HER2 amplification)"),
        ("RB1_loss", "RB1 loss"),
        ("ABCB1_up", "ABCB1 up (P-glycoprotein efflux)"),
        ("MUC4_mask", "MUC4 mask (MUC4 hides the trastuzumab epitope)"),
    ],
)
def test_unit_alterations_read_as_words(key: str, text: str) -> None:
    assert alteration_text(key) == text
