"""What patients received before, from the words of the tables: all of them, a share of them, those of a subgroup."""

from __future__ import annotations

import pytest

from .conftest import Writer, only, under_tamoxifen


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"prior_therapy": "trastuzumab; taxane"}, "prior", ("trastuzumab", "taxane")),
        ({"prior_therapy": "anthracycline and taxane"}, "prior", ("anthracycline", "taxane")),
        ({"prior_therapy": "AI +/- CDK4/6i"}, "prior", ("aromatase inhibitor",)),
        ({"prior_therapy": "1 prior ET; 1-2 chemo for MBC"}, "prior", ("endocrine therapy", "chemotherapy")),
        ({"prior_therapy": ">=2 HER2-directed regimens"}, "prior", ("HER2-targeted therapy",)),
        ({"prior_therapy": "22-25% adjuvant tamoxifen"}, "prior", ()),
        ({"prior_therapy": "22-25% adjuvant tamoxifen"}, "prior_shares", {"tamoxifen": 0.235}),
        (
            {"prior_therapy": "18-21% prior adjuvant tamoxifen >12 mo ago"},
            "prior_shares",
            {"tamoxifen": 0.195},
        ),
        ({"prior_therapy": "trastuzumab; ~60% pertuzumab"}, "prior_shares", {"pertuzumab": 0.6}),
        ({"prior_therapy": "pertuzumab (45% T-DM1)"}, "prior_shares", {"trastuzumab emtansine": 0.45}),
        ({"prior_therapy": "pertuzumab (45% T-DM1)"}, "prior", ("pertuzumab",)),
        ({"prior_therapy": "ET (81% CDK4/6i)"}, "prior", ("endocrine therapy",)),
        ({"prior_therapy": "taxane (89%)"}, "prior", ()),
        ({"prior_therapy": "~18% prior adjuvant antiestrogen"}, "prior_shares", {"tamoxifen": 0.18}),
        ({"population": "HR+ ABC; prior CDK4/6i 70%"}, "prior_shares", {"CDK4/6 inhibitor": 0.7}),
        ({"population": "HR+ ABC, 69.1% prior CDK4/6i"}, "prior_shares", {"CDK4/6 inhibitor": 0.691}),
        ({"population": "HR+ ABC, 100% prior CDK4/6i"}, "prior", ("CDK4/6 inhibitor",)),
        ({"population": "40% ESR1-mutant, 55% visceral"}, "prior_shares", {}),
        ({"prior_therapy": "AI; 169% CDK4/6i"}, "prior_shares", {}),
        ({"prior_therapy": "AI + CDK4/6i"}, "prior", ("aromatase inhibitor", "CDK4/6 inhibitor")),
        (
            {"prior_therapy": "progressed on CDK4/6i plus AI"},
            "prior",
            ("CDK4/6 inhibitor", "aromatase inhibitor"),
        ),
        (
            {"prior_therapy": "1-2 lines of ET; CDK4/6i (100%)"},
            "prior",
            ("endocrine therapy", "CDK4/6 inhibitor"),
        ),
        ({"prior_therapy": "AI +/-CDK4/6i", "year": "2023"}, "prior", ("aromatase inhibitor",)),
        ({"prior_therapy": "AI (+/- CDK4/6i)", "year": "2019"}, "prior_shares", {}),
        ({"prior_therapy": "AI (+/- CDK4/6i)", "year": "2023"}, "prior_shares", {"CDK4/6 inhibitor": 0.5}),
        ({"prior_therapy": "ET (AI or TAM); 34% prior chemo"}, "prior", ("endocrine therapy",)),
        ({"prior_therapy": "ET (AI/TAM)"}, "prior", ("endocrine therapy",)),
        ({"prior_therapy": "ET (CDK4/6i)"}, "prior", ()),
        ({"prior_therapy": "NSAI"}, "prior", ("nonsteroidal aromatase inhibitor",)),
    ],
)
def test_unit_words_become_earlier_treatment(
    tables: Writer, change: dict[str, str], field: str, expected: object
) -> None:
    assert getattr(under_tamoxifen(tables, change).spec.population, field) == expected


@pytest.mark.parametrize(
    ("subgroup", "prior", "shares"),
    [
        ("all", ("aromatase inhibitor",), {"CDK4/6 inhibitor": 0.6}),
        ("prior CDK4/6i", ("aromatase inhibitor", "CDK4/6 inhibitor"), {}),
        ("no prior CDK4/6i", ("aromatase inhibitor",), {}),
        ("CDK4/6i-naive", ("aromatase inhibitor",), {}),
        ("without prior AI", (), {"CDK4/6 inhibitor": 0.6}),
    ],
)
def test_unit_a_subgroup_replaces_what_its_trial_says_of_earlier_treatment(
    tables: Writer, subgroup: str, prior: tuple[str, ...], shares: dict[str, float]
) -> None:
    trial = {"prior_therapy": "AI; 60% CDK4/6i"}
    plan = only(tables(trials=[trial], comparisons=[{"subgroup": subgroup}])).plan
    assert plan is not None
    assert plan.spec.population.prior == prior
    assert plan.spec.population.prior_shares == shares
