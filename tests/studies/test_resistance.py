"""The four classes of resistance to HER2 blockade: which drugs lose, which restore, and what is said about it."""

from __future__ import annotations

import math

import pytest

from forestall.biology.exposure.occupancy import hill_effect
from forestall.errors import InputError
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameters import value
from forestall.studies.average_exposure import average_effects, targeted_drugs
from forestall.studies.resistance import (
    SingleDrug,
    default_context,
    explain,
    explain_class,
    members,
    offered_drugs,
)
from forestall.studies.resistance_words import as_data, paragraph
from forestall.studies.responses import Tumor, changes_by_id, responses, untreated_growth_per_day

HER2_POSITIVE = ["her2_positive_er_positive", "her2_positive_er_negative"]
CLASSES = ["binding", "bypass", "downstream", "immune"]


def _single(change: str, drug: str, context: str = "her2_positive_er_negative") -> SingleDrug:
    return next(single for single in explain(change, context).singles if single.drug == drug)


def test_unit_every_class_has_its_members() -> None:
    wanted = {
        "binding": {"p95HER2", "MUC4_mask", "epitope_loss", "HER2_low"},
        "bypass": {"NRG1_autocrine", "EGF_stroma", "IGF1R_up", "MET_amp", "EPHA2_up", "SRC_up", "ER_switch"},
        "downstream": {
            "PIK3CA_mut",
            "PTEN_loss",
            "AKT1_mut",
            "MTORC1_brake_loss",
            "CDKN1B_loss",
            "CCNE1_amp",
        },
        "immune": {"FCGR3A_low_affinity", "few_effectors"},
    }
    for name, ids in wanted.items():
        assert ids <= {change.id for change in members(name)}


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_hidden_epitopes_cost_antibodies_and_spare_kinase_inhibitors(context: str) -> None:
    """Scaltriti 2007; Mercogliano 2017; Nahta 2006."""
    for change in ("p95HER2", "MUC4_mask", "epitope_loss"):
        antibody, inhibitor = (_single(change, drug, context) for drug in ("trastuzumab", "pyrotinib"))
        assert antibody.loses, change
        assert antibody.kept_signaling < 0.6
        assert inhibitor.kept > 0.85


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_truncated_her2_leaves_killing_through_the_full_length_receptor(context: str) -> None:
    """The fragment stands beside the receptor (Chumsri 2018), so that conjugates and effector cells find it."""
    for drug in ("trastuzumab", "trastuzumab deruxtecan"):
        single = _single("p95HER2", drug, context)
        assert single.verdict == "loses signaling"
        assert single.changed.kill_per_day > 0.9 * single.plain.kill_per_day
    masked = _single("MUC4_mask", "trastuzumab", context)
    assert masked.changed.kill_per_day < 0.6 * masked.plain.kill_per_day


@pytest.mark.parametrize("context", HER2_POSITIVE)
@pytest.mark.parametrize(
    "change", ["NRG1_autocrine", "EGFR_up", "SRC_up", "MET_amp", "PIK3CA_mut", "PTEN_loss", "AKT1_mut"]
)
def test_oracle_bypass_and_downstream_changes_cost_trastuzumab_its_signaling(
    context: str, change: str
) -> None:
    assert _single(change, "trastuzumab", context).kept_signaling < 0.7


def test_oracle_the_inhibitor_of_the_altered_kinase_or_below_restores() -> None:
    """Juric 2015 and Costa 2020 (PTEN); Elkabets 2013 (mTORC1 brakes); Andre 2016 (PIK3CA)."""
    mutant = explain("PIK3CA_mut", "her2_positive_er_negative", ["trastuzumab"])
    assert "alpelisib" in {drug.drug for drug in mutant.added if drug.restores}
    assert _single("PIK3CA_mut", "alpelisib").verdict == "keeps"
    assert _single("PTEN_loss", "alpelisib").kept < 0.3
    assert _single("PTEN_loss", "capivasertib").verdict == "keeps"
    assert _single("AKT1_mut", "alpelisib").kept < 0.3
    assert _single("AKT1_mut", "capivasertib").verdict == "keeps"
    assert _single("MTORC1_brake_loss", "alpelisib").loses


def test_oracle_cyclin_e_and_rb_loss_cost_cdk46_inhibitors() -> None:
    """Herrera-Abreu 2016; O'Leary 2018."""
    for change in ("CCNE1_amp", "RB1_loss"):
        assert _single(change, "palbociclib", "er_positive").kept < 0.5


def test_oracle_an_immune_failure_costs_killing_and_no_signaling() -> None:
    found = explain("few_effectors", "her2_positive_er_negative")
    assert {drug.drug for drug in found.losers} >= {"trastuzumab", "margetuximab"}
    for drug in found.singles:
        assert drug.kept_signaling == pytest.approx(1)
    assert not found.moved_nodes()
    assert "what differs is the killing" in paragraph(found)


@pytest.mark.parametrize("name", CLASSES)
def test_property_every_member_is_explained_and_each_verdict_fits_its_numbers(name: str) -> None:
    for found in explain_class(name):
        text = paragraph(found)
        assert found.change.id in text
        assert "nan" not in text
        for drug in found.losers:
            assert min(drug.kept, drug.kept_signaling) < 0.75
        for drug in found.keepers:
            assert drug.kept >= 0.75
        for added in found.added:
            assert added.restores == (added.regained >= 1)
        data = as_data(found)
        assert set(data["loses"]) == {drug.drug for drug in found.losers}
        assert len(data["drugs"]) == len(targeted_drugs())


def test_unit_an_untreated_tumor_grows_at_its_own_rate() -> None:
    for context in (*HER2_POSITIVE, "er_positive", "triple_negative"):
        for changes in ((), ("PTEN_loss",), ("EGF_stroma",)):
            (found,) = responses([(Tumor(context, changes), ())])
            assert (found.proliferation, found.survival, found.kill_per_day) == (1, 1, 0)
            assert found.growth_per_day == pytest.approx(untreated_growth_per_day(context), rel=1e-12)
    doubling = value("growth.doubling_time.triple_negative", "day")
    assert untreated_growth_per_day("triple_negative") == pytest.approx(math.log(2) / doubling)


def test_oracle_average_effects_follow_from_dose_over_clearance() -> None:
    drug = load_drugs()["trastuzumab"]
    clearance, mass = drug.kinetics.clearance.to("L/day"), drug.molar_mass.to("g/mol")
    average = 6 * drug.kinetics.reference_weight.to("kg") / 21 / clearance / mass * 1e6
    for part, action in zip(average_effects("trastuzumab"), drug.actions, strict=True):
        expected = hill_effect(average, action.potency.to("nmol/L"), action.hill.value)
        assert part.occupancy == pytest.approx(float(expected), rel=1e-9)
        assert part.maximum == action.maximum.value


def test_unit_the_reference_is_trastuzumab_where_it_loses_and_the_hardest_hit_elsewhere() -> None:
    assert explain("p95HER2").reference == ("trastuzumab",)
    endocrine = explain("ESR1_mut")
    assert endocrine.context == "er_positive"
    assert load_drugs()[endocrine.reference[0]].drug_class == "aromatase_inhibitor"


def test_unit_drugs_against_her2_are_for_tumors_in_which_her2_is_amplified_or_altered() -> None:
    against = {"trastuzumab", "pyrotinib", "lapatinib", "trastuzumab deruxtecan"}
    changes = changes_by_id()
    assert against <= set(offered_drugs(changes["PTEN_loss"], "her2_positive_er_negative"))
    assert against <= set(offered_drugs(changes["ERBB2_mut"], "er_positive"))
    assert against.isdisjoint(offered_drugs(changes["PTEN_loss"], "er_positive"))
    assert {"alpelisib", "fulvestrant"} <= set(offered_drugs(changes["PTEN_loss"], "er_positive"))
    assert default_context(changes["ABCB1_up"]) == "her2_positive_er_negative"
    assert default_context(changes["CDK6_up"]) == "er_positive"


def test_unit_a_signal_that_is_the_same_is_not_said_to_be_left_over() -> None:
    text = paragraph(explain("FCGR3A_low_affinity"))
    assert "The signal is the same" in text
    assert "through signaling 100%" not in text


def test_unit_partners_do_not_compete_for_the_epitope() -> None:
    partners = {drug.drug for drug in explain("p95HER2", drugs=["trastuzumab"]).added}
    assert partners.isdisjoint({"trastuzumab", "margetuximab", "trastuzumab deruxtecan"})
    assert {"pertuzumab", "lapatinib", "alpelisib"} <= partners


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("p95",), "did you mean 'p95HER2'"),
        (("p95HER2", "triple_negative"), "plays no part"),
        (("p95HER2", None, ["docetaxel"]), "no targeted action"),
        (("p95HER2", None, ["trastuzumub"]), "trastuzumab"),
    ],
)
def test_unit_what_cannot_be_explained_is_refused(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        explain(*arguments)  # type: ignore[arg-type]
