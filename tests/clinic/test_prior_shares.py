"""Earlier treatment of a share of the patients: who had it, and what it costs them."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.population import Population, draw_population
from forestall.clinic.response import strength
from forestall.knowledge.drugs import KILLING
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.response_classes import load_response_classes

CDK46 = sorted(load_response_classes()).index("cdk46_inhibitor")
TAXANE = sorted(load_response_classes()).index("taxane")


def drawn(count: int = 4000, **fields: object) -> Population:
    eligibility = Eligibility.model_validate({"her2": "negative", "er_positive": 1.0, "line": 2, **fields})
    return draw_population(eligibility, np.arange(count), 11)


def works(people: Population, regimen: str) -> np.ndarray:
    """(n,) strength of the first action of a regimen."""
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
    return strength(people, arm)[:, 0]


def test_unit_a_share_of_the_patients_has_seen_the_class() -> None:
    exposed = drawn(prior_shares={"CDK4/6 inhibitor": "69%", "taxane": 0.2}).exposed
    assert exposed[:, CDK46].mean() == pytest.approx(0.69, abs=0.025)
    assert exposed[:, TAXANE].mean() == pytest.approx(0.2, abs=0.025)
    both = (exposed[:, CDK46] & exposed[:, TAXANE]).mean()
    assert both == pytest.approx(0.69 * 0.2, abs=0.02), "one does not depend on the other"


def test_invariant_who_had_it_depends_on_the_patient_alone() -> None:
    some, more = (drawn(prior_shares={"CDK4/6 inhibitor": share}).exposed[:, CDK46] for share in (0.3, 0.6))
    assert not (some & ~more).any(), "a larger share adds patients and takes none away"
    fewer = drawn(count=50, prior_shares={"CDK4/6 inhibitor": 0.3}).exposed[:, CDK46]
    assert np.array_equal(fewer, some[:50])


def test_invariant_a_share_of_all_is_the_same_as_prior() -> None:
    share = drawn(prior_shares={"aromatase inhibitor": 1.0})
    everyone = drawn(prior=["aromatase inhibitor"])
    assert np.array_equal(share.exposed, everyone.exposed)


@pytest.mark.parametrize(
    ("regimen", "factor"),
    [("fulvestrant", 0.5), ("letrozole", 0.5), ("capecitabine q3w", 1.0), ("alpelisib", 1.0)],
)
def test_unit_endocrine_drugs_work_less_after_a_cdk46_inhibitor(regimen: str, factor: float) -> None:
    with using(ParameterSet("x", {"prior.sensitivity_after.cdk46_inhibitor": 0.5})):
        people = drawn(prior_shares={"CDK4/6 inhibitor": 0.5})
        ratio = works(people, regimen) / works(drawn(), regimen)
    had = people.exposed[:, CDK46]
    assert np.allclose(ratio[had], factor)
    assert np.allclose(ratio[~had], 1.0)


def test_unit_endocrine_drugs_work_less_in_her2_positive_tumors() -> None:
    def ratio(her2: str, regimen: str) -> np.ndarray:
        values = []
        for factor in (0.4, 1.0):
            with using(ParameterSet("x", {"response.endocrine_in_her2_positive": factor})):
                values.append(works(drawn(her2=her2), regimen))
        return values[0] / values[1]

    assert np.allclose(ratio("positive", "anastrozole"), 0.4)
    assert np.allclose(ratio("negative", "anastrozole"), 1.0)
    assert np.allclose(ratio("positive", "lapatinib"), 1.0)


@pytest.mark.parametrize(
    ("regimen", "factor"),
    [("fulvestrant", 0.4), ("tamoxifen", 0.4), ("letrozole", 1.0), ("capecitabine q3w", 1.0)],
)
def test_unit_what_binds_the_receptor_works_less_after_an_aromatase_inhibitor(
    regimen: str, factor: float
) -> None:
    people, values = drawn(count=50, prior=["aromatase inhibitor"]), []
    for crossed in (0.4, 1.0):
        with using(ParameterSet("x", {"prior.sensitivity_after.aromatase_inhibitor": crossed})):
            values.append(works(people, regimen))
    assert np.allclose(values[0] / values[1], factor)


@pytest.mark.parametrize(
    ("regimen", "after", "weakened"),
    [
        ("trastuzumab + anastrozole (TAnDEM)", "no treatment", {"anastrozole": 0.5, "trastuzumab": 0.5}),
        ("anastrozole", "trastuzumab + anastrozole (TAnDEM)", {"anastrozole": 1.0, "trastuzumab": 0.5}),
        ("letrozole + palbociclib", "no treatment", {"letrozole": 1.0, "palbociclib": 1.0}),
        ("lapatinib + trastuzumab", "no treatment", {"lapatinib": 1.0, "trastuzumab": 1.0}),
        ("lapatinib + capecitabine q3w", "no treatment", {"lapatinib": 1.0, "capecitabine": 1.0}),
        ("trastuzumab emtansine", "no treatment", {"trastuzumab emtansine": 1.0}),
        (
            "tucatinib 300 mg bid + letrozole 2.5 mg qd + palbociclib 125 mg qd",
            "no treatment",
            {"tucatinib": 0.5, "letrozole": 0.5, "palbociclib": 1.0},
        ),
    ],
)
def test_unit_endocrine_drugs_and_drugs_against_her2_keep_a_share_of_their_strength_beside_each_other(
    regimen: str, after: str, weakened: dict[str, float]
) -> None:
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen(after), (0, 56), 60)
    people, values = drawn(count=20, her2="positive"), []
    for share in (0.5, 1.0):
        with using(ParameterSet("x", {"response.endocrine_with_her2_drugs": share})):
            values.append(strength(people, arm))
    ratio = values[0] / values[1]
    for action, kind in enumerate(arm.kinds):
        drug = arm.drugs[int(arm.model.action_drug[action])].name
        assert np.allclose(ratio[:, action], 1.0 if kind in KILLING else weakened[drug])
    assert {drug.name for drug in arm.drugs} == set(weakened)
