"""The acceptance list of the ER-HER2 crosstalk: what was observed, in order and direction.

Effects are given on the targets, so that nothing here depends on a drug's potency or dose.
"""

from __future__ import annotations

import pytest

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.steady import Case, steady_state, time_course

HER2_POSITIVE = ["her2_positive_er_positive", "her2_positive_er_negative"]
NERATINIB = {"EGFR": 0.9, "ERBB2": 0.9}
LAPATINIB = {"EGFR": 0.9, "ERBB2": 0.9}
TRASTUZUMAB = {Action("inhibit", "ERBB2", "trastuzumab"): 0.6}
ESTROGEN_DEPRIVATION = {"deplete estradiol": 0.97}
FULVESTRANT = {"ESR1": 0.7, "degrade ESR1": 0.8}
FIRST_HOUR, NEXT_DAY = 0.04, 1.0


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_pakt_and_pher3_come_back_within_a_day_of_neratinib_and_less_with_trastuzumab(
    context: str,
) -> None:
    """Canonici 2013: pHER3 and pAKT reactivate at 24 h; adding trastuzumab prevents it."""
    alone = time_course(Case(context, effects=NERATINIB), [FIRST_HOUR, NEXT_DAY])
    both = time_course(Case(context, effects={**NERATINIB, **TRASTUZUMAB}), [FIRST_HOUR, NEXT_DAY])
    for readout in ("ERBB3", "AKT1"):
        untreated = steady_state(context)[readout]
        assert alone[0][readout] < alone[1][readout] < untreated
        assert both[1][readout] < alone[1][readout]
    assert both[1]["ERBB3"] - both[0]["ERBB3"] < 0.75 * (alone[1]["ERBB3"] - alone[0]["ERBB3"])


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_trastuzumab_shrinks_the_pakt_rebound_of_neratinib(context: str) -> None:
    alone = time_course(Case(context, effects=NERATINIB), [FIRST_HOUR, NEXT_DAY])
    both = time_course(Case(context, effects={**NERATINIB, **TRASTUZUMAB}), [FIRST_HOUR, NEXT_DAY])
    assert both[1]["AKT1"] - both[0]["AKT1"] < 0.9 * (alone[1]["AKT1"] - alone[0]["AKT1"])


def test_oracle_lapatinib_alone_switches_er_on_and_estrogen_deprivation_prevents_it() -> None:
    """Giuliano 2015 (ER and BCL2 rise in parallel); Wang 2011 (resistant lines respond to fulvestrant)."""
    untreated, alone, both = (
        steady_state("her2_positive_er_positive", effects)
        for effects in ({}, LAPATINIB, {**LAPATINIB, **ESTROGEN_DEPRIVATION})
    )
    assert alone["ESR1"] > 1.2 * untreated["ESR1"]
    assert alone["BCL2"] > untreated["BCL2"]
    assert alone.expression["ESR1"] > 1.3 * untreated.expression["ESR1"]
    assert both["ESR1"] < 0.5 * untreated["ESR1"]
    assert alone["proliferation"] > 0.8 * untreated["proliferation"]
    assert both["proliferation"] < 0.5 * untreated["proliferation"]
    assert both["survival"] < alone["survival"]


def test_oracle_er_comes_up_over_days_to_two_weeks_of_lapatinib() -> None:
    """Giuliano 2015: seen in the biopsy at 2 weeks."""
    case = Case("her2_positive_er_positive", effects=LAPATINIB)
    before, day, fortnight, settled = (s.expression["ESR1"] for s in time_course(case, [0, 1, 14, 200]))
    assert day - before < 0.3 * (settled - before)
    assert fortnight - before > 0.7 * (settled - before)


@pytest.mark.parametrize("context", ["er_positive", "her2_positive_er_positive"])
def test_oracle_pi3k_inhibition_raises_er_output_and_fulvestrant_removes_it(context: str) -> None:
    """Bosch 2015."""
    untreated, alone, both = (
        steady_state(context, effects) for effects in ({}, {"PIK3CA": 0.8}, {"PIK3CA": 0.8, **FULVESTRANT})
    )
    assert alone["ESR1"] > 1.05 * untreated["ESR1"]
    assert both["ESR1"] < 0.5 * untreated["ESR1"]
    assert both["proliferation"] < alone["proliferation"] < untreated["proliferation"]


@pytest.mark.parametrize("context", ["er_positive", "her2_positive_er_positive"])
def test_oracle_the_akt_rebound_of_everolimus_needs_estrogen(context: str) -> None:
    """Becker and Miller 2018: activation of AKT is abolished by two weeks of letrozole."""
    untreated, everolimus, letrozole, both = (
        steady_state(context, effects)["AKT1"]
        for effects in ({}, {"MTORC1": 0.8}, ESTROGEN_DEPRIVATION, {"MTORC1": 0.8, **ESTROGEN_DEPRIVATION})
    )
    assert everolimus > untreated
    assert both < untreated
    assert both - letrozole < everolimus - untreated


def test_oracle_akt_is_biphasic_under_mtor_inhibition_of_all_its_arms() -> None:
    """Rodrik-Outmezguine 2011: pAKT falls, then returns; blocking the receptors abolishes the return."""
    kinase = {"MTORC1": 0.9, "AKT1": 0.5}
    receptors = {"IGF1R": 0.9, "ERBB2": 0.9, "EGFR": 0.9}
    untreated = steady_state("er_positive")["AKT1"]
    early, late = (s["AKT1"] for s in time_course(Case("er_positive", effects=kinase), [0.01, 10]))
    blocked = time_course(Case("er_positive", effects={**kinase, **receptors}), [10])[0]["AKT1"]
    assert early < late < untreated
    assert blocked < early


@pytest.mark.parametrize("context", ["er_positive", "her2_positive_er_positive"])
def test_oracle_akt_plus_igf1r_block_beats_akt_block(context: str) -> None:
    """Fox 2013: InsR and IGF1R signaling rises under AKT inhibition; co-inhibition improves control."""
    untreated, alone, both = (
        steady_state(context, effects) for effects in ({}, {"AKT1": 0.8}, {"AKT1": 0.8, "IGF1R": 0.8})
    )
    assert alone.expression["IGF1R"] > 1.1
    assert alone["IGF1R"] > untreated["IGF1R"]
    for output in ("AKT1", "proliferation", "survival"):
        assert both[output] < alone[output] < untreated[output]


@pytest.mark.parametrize("context", ["er_positive", *HER2_POSITIVE, "triple_negative"])
def test_oracle_er_blockade_raises_her2_modestly(context: str) -> None:
    """Serial biopsies under fulvestrant (PMC4879515): HER2 rises in 29% of tumors, modestly."""
    fold = [
        steady_state(context, FULVESTRANT, traits={"ER_to_HER2": present}).expression["ERBB2"]
        / steady_state(context).expression["ERBB2"]
        for present in (True, False)
    ]
    if "er_positive" in context:
        assert 1.1 < fold[0] < 2
    else:
        assert fold[0] == pytest.approx(1, abs=0.02)
    assert fold[1] == pytest.approx(1)


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_neuregulin_rescues_from_trastuzumab_more_than_egf(context: str) -> None:
    """Nahta 2006, table 1: EGF and heregulin reduce the growth inhibition by trastuzumab by 57% and 90%."""
    none, egf, neuregulin = (
        steady_state(context, TRASTUZUMAB, ligands=ligands) for ligands in ({}, {"EGF": 0.9}, {"NRG1": 0.9})
    )
    assert none["AKT1"] < egf["AKT1"] < neuregulin["AKT1"]
    for output in ("proliferation", "survival"):
        assert none[output] < egf[output] < neuregulin[output]


def test_oracle_ligand_response_of_akt_by_cell_context() -> None:
    """Imoto 2022, pAKT by HRG / EGF: MCF7 17.6 / 4.9, BT474 1.2 / 1.4, SKBR3 2.4 / 2.4, MDA231 1.5 / 14.6."""

    def folds(context: str) -> tuple[float, float]:
        starved = {"NRG1": 0.02, "EGF": 0.02, "IGF1": 0.05}
        none, neuregulin, egf = (
            steady_state(context, ligands={**starved, **ligand}, slow="rest")["AKT1"]
            for ligand in ({}, {"NRG1": 0.98}, {"EGF": 0.98})
        )
        return neuregulin / none, egf / none

    mcf7, bt474, skbr3, mda231 = map(folds, ["er_positive", *HER2_POSITIVE, "triple_negative"])
    assert mcf7[0] > mcf7[1] > 2
    assert mda231[1] > mda231[0] > 1
    assert max(*bt474, *skbr3) < 2.5


@pytest.mark.parametrize("escape", ["CCNE1_amp", "RB1_loss"])
def test_oracle_cdk46_blockade_is_escaped_by_cyclin_e_or_rb_loss(escape: str) -> None:
    """Herrera-Abreu 2016; O'Leary 2018."""
    palbociclib = {"CDK4": 0.9, **ESTROGEN_DEPRIVATION}
    untreated, blocked = steady_state("er_positive"), steady_state("er_positive", palbociclib)
    escaped = steady_state("er_positive", palbociclib, alterations=(escape,))
    assert blocked["proliferation"] < 0.3 * untreated["proliferation"]
    assert escaped["proliferation"] > 2 * blocked["proliferation"]
    assert escaped["E2F1"] > 1.5 * blocked["E2F1"]


def test_oracle_cdk2_adapts_within_days_and_estrogen_deprivation_prevents_it() -> None:
    """Herrera-Abreu 2016: adaptation through cyclin D1-CDK2, prevented by endocrine treatment."""
    alone = time_course(Case("er_positive", effects={"CDK4": 0.9}), [0.01, 7])
    both = time_course(Case("er_positive", effects={"CDK4": 0.9, **ESTROGEN_DEPRIVATION}), [0.01, 7])
    assert alone[1]["CDK2"] > 1.1 * alone[0]["CDK2"]
    assert alone[1]["proliferation"] > 1.1 * alone[0]["proliferation"]
    assert both[1]["CDK2"] < alone[0]["CDK2"]
    assert both[1]["proliferation"] < alone[0]["proliferation"]


@pytest.mark.parametrize("context", HER2_POSITIVE)
def test_oracle_pi3k_inhibition_raises_her3(context: str) -> None:
    """Serra 2011: HER3 expression up under PI3K inhibition; trastuzumab or lapatinib stops the HER signal."""
    untreated, alone, both = (
        steady_state(context, effects) for effects in ({}, {"PIK3CA": 0.9}, {"PIK3CA": 0.9, **LAPATINIB})
    )
    assert alone.expression["ERBB3"] > 1.2 * untreated.expression["ERBB3"]
    assert alone["ERBB3"] > untreated["ERBB3"]
    assert alone["MAPK1"] > untreated["MAPK1"] > both["MAPK1"]
