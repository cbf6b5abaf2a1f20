"""Populations, regimens, visits and follow-up from the words of the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall.errors import InputError
from forestall.knowledge.population import Age
from forestall.studies.validation.derivation import questions
from forestall.studies.validation.evidence import read_evidence
from forestall.studies.validation.treatments import InexpressibleError, class_of, dose, read_treatment

from .conftest import ALONE, BOTH, Writer, only, under_tamoxifen


def test_unit_a_trial_follows_from_its_row(tables: Writer) -> None:
    plan = only(tables()).plan
    assert plan is not None
    population = plan.spec.population
    assert (population.her2, population.er_positive, population.line) == ("negative", 1.0, "1")
    assert population.menopause == "post"
    assert [regimen.drugs for regimen in plan.spec.regimens.values()] == [
        ("letrozole",),
        ("palbociclib", "letrozole"),
    ]
    assert plan.spec.visit_days(200)[:3] == [0, 56, 112]
    assert plan.spec.follow_up == "48 months"
    assert plan.spec.after_progression == "no treatment"
    assert plan.endpoints == ("PFS",)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"her2": "positive (IHC 2+/3+)", "hr_status": "any"}, "her2", "positive"),
        ({"her2": "low"}, "her2", "low"),
        ({"her2": "any"}, "her2", "any"),
        ({"her2": ""}, "her2", "any"),
        ({"hr_status": "TNBC", "her2": ""}, "her2", "negative"),
        ({"hr_status": "TNBC"}, "er_positive", 0.0),
        ({"hr_status": "HR+ (89%)/TNBC"}, "er_positive", 0.89),
        ({"hr_status": "any"}, "er_positive", None),
        # Of METABRIC's 1,980 tumors 1,506 are ER-positive: 1 - 0.24 of the unknown share.
        ({"hr_status": "HR+/unknown"}, "er_positive", 0.92),
        (
            {"hr_status": "HR+/unknown", "population": "ER/PR+ or unknown (54-56% unknown)"},
            "er_positive",
            0.87,
        ),
        ({"hr_status": "HR+", "population": "ER+ (11% unknown)"}, "er_positive", 0.97),
        ({"line": ">=2 (NSAI-refractory)"}, "line", "2+"),
        ({"line": "1-2 (AI-refractory)"}, "line", "1-2"),
        ({"line": "1 or later"}, "line", "1+"),
        ({"line": "second-line"}, "line", "2"),
        ({"line": "2L+"}, "line", "2+"),
        ({"line": "first or second line"}, "line", "1-2"),
        ({"line": "third or later"}, "line", "3+"),
        ({"setting": "locally advanced or metastatic"}, "setting", "metastatic"),
        ({"her2": "HER2-positive"}, "her2", "positive"),
        ({"her2": "HER2-low"}, "her2", "low"),
        ({"hr_status": "hormone receptor-positive"}, "er_positive", 1.0),
        ({"hr_status": "HR+/HER2-"}, "er_positive", 1.0),
        ({"hr_status": "ER-neg (A), ER+ (B)"}, "er_positive", None),
        ({"line": ""}, "line", "1"),
        ({"line": "", "prior_therapy": "trastuzumab"}, "line", "1+"),
        ({"population": "pre/perimenopausal women"}, "menopause", "pre"),
        (
            {"population": "pre/perimenopausal women with goserelin; postmenopausal women"},
            "menopause",
            "post",
        ),
        ({"population": "premenopausal (on an LHRH agonist)"}, "menopause", "post"),
        ({"population": "any menopausal status; premenopausal women 40%"}, "menopause", "any"),
        ({"population": "men and women"}, "menopause", "any"),
        ({"population": "without brain mets"}, "brain_metastases", 0.0),
        ({"population": "with or without brain metastases"}, "brain_metastases", None),
        ({"population": "postmenopausal; 55% visceral"}, "visceral", 0.55),
        ({"population": "21% pre/perimenopausal"}, "menopause", "any"),
        ({"population": "PIK3CA-mutant HR+/HER2- ABC"}, "biomarkers", {"PIK3CA": 1.0}),
        ({"population": "PIK3CA-mutant and non-mutant cohorts"}, "biomarkers", {}),
        ({"population": "gBRCA1/2m HER2-neg ABC"}, "biomarkers", {"BRCA1/BRCA2": 1.0}),
        ({"population": "unselected ABC or gBRCA1/2"}, "biomarkers", {}),
        ({"population": "HR+/HER2- ABC; 48% ESR1-mutant"}, "biomarkers", {}),
        ({"population": "HR+ ABC with or without PIK3CA mutation"}, "biomarkers", {}),
        ({"population": "HER2+ MBC aged >=70"}, "age", Age(range=(70.0, 100.0))),
    ],
)
def test_unit_words_become_fields(
    tables: Writer, change: dict[str, str], field: str, expected: object
) -> None:
    plan = under_tamoxifen(tables, change)
    assert getattr(plan.spec.population, field) == expected
    assert any(step.field.startswith("population.") for step in plan.steps)


@pytest.mark.parametrize(
    ("subgroup", "field", "expected"),
    [
        ("PIK3CA-mutant", "biomarkers", {"PIK3CA": 1.0}),
        ("PIK3CA wild-type", "biomarkers", {"PIK3CA": 0.0}),
        ("HR-negative", "er_positive", 0.0),
        ("triple-negative", "er_positive", 0.0),
        ("non-visceral", "visceral", 0.0),
        ("ITT", "er_positive", 1.0),
        ("HER2-negative second-line", "line", "2"),
        ("ESR1-mutant", "biomarkers", {"ESR1": 1.0}),
        ("PIK3CA-mutant (ctDNA)", "biomarkers", {"PIK3CA": 1.0}),
        ("ESR1m", "biomarkers", {"ESR1": 1.0}),
        ("gBRCAm", "biomarkers", {"BRCA1/BRCA2": 1.0}),
        ("gBRCA2m", "biomarkers", {"BRCA2": 1.0}),
        ("gBRCA1/2-mutant", "biomarkers", {"BRCA1/BRCA2": 1.0}),
        ("PIK3CA/AKT1/PTEN-altered", "biomarkers", {"PIK3CA/AKT1/PTEN": 1.0}),
        ("AKT-pathway-non-altered", "biomarkers", {"PIK3CA/AKT1/PTEN": 0.0}),
        ("PI3K-activated (ctDNA)", "biomarkers", {"PIK3CA/PTEN": 1.0}),
        ("prior chemotherapy for ABC", "prior", ("chemotherapy",)),
        ("age<65", "age", Age(range=(18.0, 65.0))),
        ("lung/liver mets", "visceral", 1.0),
        ("prior CDK4/6i", "prior", ("CDK4/6 inhibitor",)),
        ("per-protocol", "er_positive", 1.0),
        ("all (ITT)", "er_positive", 1.0),
        ("PIK3CA-mt", "biomarkers", {"PIK3CA": 1.0}),
        ("liver mets", "visceral", 1.0),
        ("second-line/early relapse", "line", "2"),
        ("brain metastases (treated, asymptomatic)", "brain_treated", 1.0),
        ("active brain metastases", "brain_treated", 0.0),
        ("CD16A-158F carriers", "fcgr3a", ("V/F", "F/F")),
        ("CD16A F carriers", "fcgr3a", ("V/F", "F/F")),
        ("FCGR3A V/V", "fcgr3a", ("V/V",)),
        ("CD16A FF/FV", "fcgr3a", ("V/F", "F/F")),
        ("CD16A VV", "fcgr3a", ("V/V",)),
        ("ITT", "fcgr3a", ("V/V", "V/F", "F/F")),
    ],
)
def test_unit_subgroups_become_fields(tables: Writer, subgroup: str, field: str, expected: object) -> None:
    plan = only(tables(comparisons=[{"subgroup": subgroup}])).plan
    assert plan is not None
    assert getattr(plan.spec.population, field) == expected


@pytest.mark.parametrize(
    ("population", "subgroup", "expected"),
    [
        ("HR+ ABC, pre/perimenopausal with goserelin", "pre/perimenopausal", "post"),
        ("HR+ ABC", "pre/perimenopausal", "pre"),
        ("HR+ ABC", "pre- or perimenopausal", "pre"),
        ("HR+ ABC", "premenopausal", "pre"),
        ("HR+ ABC, pre/perimenopausal with goserelin", "postmenopausal", "post"),
    ],
)
def test_unit_patients_whose_ovaries_are_suppressed_are_postmenopausal(
    tables: Writer, population: str, subgroup: str, expected: str
) -> None:
    plan = under_tamoxifen(tables, {"population": population}, subgroup)
    assert plan.spec.population.menopause == expected


@pytest.mark.parametrize(
    ("subgroup", "expected"),
    [
        ("gBRCAm", {"BRCA1/BRCA2": 1.0}),
        ("gBRCA1m", {"BRCA1": 1.0}),
        ("BRCA1 wild-type", {"BRCA1/BRCA2": 1.0, "BRCA1": 0.0}),
    ],
)
def test_unit_a_subgroup_with_one_gene_replaces_that_its_trial_has_one_of_several(
    tables: Writer, subgroup: str, expected: dict[str, float]
) -> None:
    plan = only(tables([{"population": "gBRCA1/2m ABC"}], comparisons=[{"subgroup": subgroup}])).plan
    assert plan is not None
    assert plan.spec.population.biomarkers == expected


@pytest.mark.parametrize(
    ("trial", "arms", "comparison", "reason"),
    [
        ({"setting": "adjuvant"}, {}, {}, "not yet expressible: adjuvant"),
        ({"disease": "other"}, {}, {}, "not breast cancer"),
        ({"verified": "no"}, {}, {}, "not verified"),
        ({"line": "preclinical"}, {}, {}, "line of treatment not understood"),
        ({"her2": "positive and negative"}, {}, {}, "HER2 status differs between arms"),
        ({"her2": "who knows"}, {}, {}, "HER2 status not understood"),
        ({}, {"drugs": "letrozole;wonderdrug"}, {}, "unknown drug: wonderdrug"),
        ({}, {"drugs": "letrozole;denosumab"}, {}, "the model has no effect of denosumab"),
        ({}, {"drugs": "letrozole;sunitinib"}, {}, "the model has no effect of sunitinib"),
        ({}, {"drugs": "palbociclib;letrozole;goserelin"}, {}, "the ovaries are suppressed in one arm only"),
        ({}, {"drugs": "letrozole;trastuzumab (if HER2+)"}, {}, "not the same for every patient"),
        ({}, {"drugs": "letrozole + palbociclib or letrozole + ribociclib"}, {}, "in more than one way"),
        ({}, {"drugs": ""}, {}, "no drugs are given"),
        ({}, {"drugs": "letrozole"}, {}, "both arms get the same regimen"),
        ({}, {"arm": "another"}, {}, "no usable row of the arm 'both'"),
        ({}, {}, {"endpoint": "pCR"}, "endpoint not predicted: pCR"),
        ({}, {}, {"subgroup": "PD-L1 IC+"}, "subgroup not understood"),
        ({}, {}, {"subgroup": "Chinese cohort"}, "subgroup not understood"),
        ({}, {}, {"subgroup": "prior who knows"}, "subgroup not understood"),
        ({}, {}, {"subgroup": "patients with clinical benefit"}, "subgroup not understood"),
        ({}, {}, {"trial": "TWO"}, "trials.csv has no such trial"),
    ],
)
def test_unit_what_cannot_be_simulated_says_why(
    tables: Writer, trial: dict[str, str], arms: dict[str, str], comparison: dict[str, str], reason: str
) -> None:
    found = only(tables([trial], [{**BOTH, **arms}, ALONE], [comparison]))
    assert found.plan is None
    assert reason in found.reason


@pytest.mark.parametrize(
    ("drugs", "expected", "says"),
    [
        ("tamoxifen", "pre", "premenopausal"),
        ("letrozole", "post", "aromatase inhibitors"),
        ("fulvestrant", "post", "degraders of the estrogen receptor"),
        ("letrozole;fulvestrant", "post", "aromatase inhibitors"),
    ],
)
def test_unit_drugs_that_working_ovaries_would_undo_are_given_after_menopause(
    tables: Writer, drugs: str, expected: str, says: str
) -> None:
    arms = [{**BOTH, "drugs": f"palbociclib;{drugs}"}, {**ALONE, "drugs": drugs}]
    plan = only(tables([{"population": "premenopausal"}], arms)).plan
    assert plan is not None
    assert plan.spec.population.menopause == expected
    assert says in [step.rule for step in plan.steps if step.field.endswith("menopause")][-1]


def test_unit_arms_without_a_published_ratio_are_predicted_and_not_scored(tables: Writer) -> None:
    found = only(tables(comparisons=[{"hr": "", "hr_lo": "", "hr_hi": ""}]))
    assert found.plan is not None
    assert (found.reason, found.in_scope) == ("no hazard ratio is published", False)


def test_unit_physicians_choice_is_several_simulated_arms(tables: Writer) -> None:
    choice = {**ALONE, "drugs": "capecitabine|eribulin|wonderdrug"}
    plan = only(tables(arms=[{**BOTH, "drugs": "sacituzumab govitecan"}, choice])).plan
    assert plan is not None
    assert plan.arms == {"alone": (0, 1), "both": (2,)}
    assert any("left out: unknown drug: wonderdrug" in step.rule for step in plan.steps)


def test_unit_treatments_are_read_by_their_signs() -> None:
    assert read_treatment("placebo;Trastuzumab; docetaxel").alternatives == (("docetaxel", "trastuzumab"),)
    assert read_treatment("a+b|c").alternatives == (("a", "b"), ("c",))
    assert read_treatment("docetaxel or paclitaxel;bevacizumab").alternatives == (
        ("bevacizumab", "docetaxel"),
        ("bevacizumab", "paclitaxel"),
    )
    assert read_treatment("a|b;c|d").alternatives == (("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"))
    with pytest.raises(InexpressibleError, match="more than 12 alternatives"):
        read_treatment("a|b|c|d;e|f;g|h")


@pytest.mark.parametrize(
    ("drugs", "trial", "dose_text", "expected"),
    [
        ("fulvestrant", "X", "250 mg q28d", "fulvestrant 250 mg"),
        ("docetaxel", "X", "docetaxel 100 mg/m2 q3w", "docetaxel 100 mg/m2"),
        ("docetaxel", "X", "as in the protocol", "docetaxel 75 mg/m2"),
        ("docetaxel", "X", "paclitaxel 80 mg/m2 q1w", "docetaxel 75 mg/m2"),
        ("trastuzumab;vinorelbine", "BOLERO-3", "", "vinorelbine 25 mg/m2 q1w"),
        ("letrozole;capecitabine", "X", "", "capecitabine 1250 mg/m2"),
        ("fulvestrant", "X", "500 mg d0, 250 mg d14,28, then q28d", "fulvestrant 250 mg q4w (load 500 mg)"),
        (
            "fulvestrant",
            "X",
            "500 mg d0, 250 mg d14 and 28, then every 4 weeks",
            "fulvestrant 250 mg d15 q4w x1",
        ),
    ],
)
def test_unit_doses_come_from_the_trial_the_text_or_the_catalog(
    drugs: str, trial: str, dose_text: str, expected: str
) -> None:
    (regimen,) = dose(read_treatment(drugs), trial, dose_text).regimens
    assert expected in regimen.text()


def test_unit_overrides_replace_what_is_derived(tables: Writer) -> None:
    text = """trials:
  ONE:
    population: {line: "2", menopause: null}
    arms: {alone: "letrozole 5 mg qd"}
    visits: every 12 weeks
    follow_up: 60 months
"""
    plan = only(tables(overrides=text)).plan
    assert plan is not None
    assert (plan.spec.population.line, plan.spec.population.menopause) == ("2", "any")
    assert "letrozole 5 mg" in next(iter(plan.spec.regimens.values())).text()
    assert plan.spec.visit_days(90) == [0, 84]
    assert plan.spec.follow_up == "60 months"


def test_unit_overrides_can_leave_a_trial_out(tables: Writer) -> None:
    found = only(tables(overrides="trials:\n  ONE: {exclude: retracted}\n"))
    assert (found.plan, found.reason, found.in_scope) == (None, "excluded: retracted", False)


def test_unit_an_override_that_cannot_be_read_is_a_reason(tables: Writer) -> None:
    found = only(tables(overrides="trials:\n  ONE: {population: {line: never}}\n"))
    assert found.plan is None
    assert "not a line of treatment" in found.reason


def test_unit_overrides_of_nothing_are_named(tables: Writer) -> None:
    folder = tables(
        overrides="trials:\n  ONE: {arms: {nobody: letrozole}}\n  NONE: {visits: every 8 weeks}\n"
    )
    assert "an arm that arms.csv does not have: nobody" in only(folder).reason
    (defect,) = read_evidence(folder).defects
    assert (defect.file, defect.value) == ("overrides.yaml", "NONE")


def test_unit_a_trial_file_replaces_the_derivation(tables: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "trials"
    folder.mkdir()
    (folder / "one.yaml").write_text(
        "trial: ONE\npopulation: {her2: negative, line: 3}\narms: {alone: [letrozole], both: palbociclib + letrozole}\n"
        "patients: 10\nvisits: every 8 weeks\nfollow_up: 24 months\n"
    )
    plan = only(tables(), folder).plan
    assert plan is not None
    assert plan.spec.population.line == "3"
    with pytest.raises(InputError, match="no such folder"):
        only(tables(), tmp_path / "nowhere")


def test_unit_scan_intervals_that_change(tables: Writer) -> None:
    plan = only(tables(trials=[{"scan_interval_weeks": "6 (first 24 wk) then 9"}])).plan
    assert plan is not None
    assert plan.spec.visit_days(231) == [0, 42, 84, 126, 168, 231]


@pytest.mark.parametrize(
    ("cell", "weeks"), [("6->9", 6), ("q9w", 9), ("every 12 weeks", 12), ("12.0", 12), ("8.6", 9), ("", 8)]
)
def test_unit_the_first_number_of_a_scan_interval_counts(tables: Writer, cell: str, weeks: int) -> None:
    plan = only(tables(trials=[{"scan_interval_weeks": cell}])).plan
    assert plan is not None
    assert plan.spec.visit_days(2 * 7 * weeks) == [0, 7 * weeks, 2 * 7 * weeks]


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        ("palbociclib", "cdk46_inhibitor"),
        ("dalpiciclib", "cdk46_inhibitor"),
        ("pictilisib", "pi3k_inhibitor"),
        ("cisplatin", "cytotoxic"),
        ("talazoparib", "parp_inhibitor"),
        ("wonderdrug", "wonderdrug"),
    ],
)
def test_unit_classes_come_from_the_catalog_or_the_stem(drug: str, expected: str) -> None:
    assert class_of(drug) == expected


def test_unit_antibodies_against_different_targets_are_different_classes() -> None:
    assert class_of("pertuzumab") == class_of("margetuximab")
    assert class_of("pertuzumab") != class_of("bevacizumab")


def test_unit_most_metastatic_comparisons_can_be_simulated(shared_evidence: Path) -> None:
    found = questions(read_evidence(shared_evidence))
    in_scope = [one for one in found if one.in_scope]
    assert sum(one.plan is not None for one in in_scope) > 0.6 * len(in_scope)
    assert all(one.reason for one in found if one.plan is None)
