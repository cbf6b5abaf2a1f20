"""Which unknowns an arm can depend on, against what changing them does to the effects of its drugs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.population import draw_population
from forestall.clinic.response import CROSS_RESISTANT, OWN_SPREAD, strength
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.response_classes import Spread
from forestall.studies.calibration.inputs import inputs_of
from forestall.studies.calibration.spec import Unknown, load_spec, unknowns

NAMES = (
    *(f"prior.sensitivity_same_class.{trait}" for trait in get_args(Spread)),
    *(f"prior.sensitivity_same_trait.{trait}" for trait in CROSS_RESISTANT),
    *(f"prior.sensitivity_per_line_of.{trait}" for trait in get_args(Spread)),
    "prior.sensitivity_after.aromatase_inhibitor",
    "prior.sensitivity_after.cdk46_inhibitor",
    "response.endocrine_with_her2_drugs",
    "response.endocrine_in_her2_positive",
)
SHARED = ("sensitivity.shared_by_all", "sensitivity.shared_by_trait")
COORDINATES = [one for one in unknowns(load_spec("metastatic")) if one.name in NAMES + SHARED]


@pytest.mark.parametrize(
    "earlier",
    [
        {},
        {"prior": ["aromatase inhibitor"]},
        {"prior": ["taxane"]},
        {"prior": ["HER2-targeted therapy"]},
        {"prior": ["trastuzumab", "taxane"]},
        {"prior": ["CDK4/6 inhibitor"]},
        {"prior": ["tamoxifen"], "prior_shares": {"CDK4/6 inhibitor": 0.6, "taxane": 0.6}},
    ],
)
@pytest.mark.parametrize(
    "regimen",
    [
        "fulvestrant",
        "letrozole + palbociclib",
        "trastuzumab + anastrozole (TAnDEM)",
        "capecitabine q3w",
        "lapatinib + capecitabine q3w",
        "docetaxel q3w",
        "trastuzumab emtansine",
    ],
)
def test_oracle_what_was_given_before_is_an_input_where_it_changes_an_effect(
    earlier: dict[str, object], regimen: str
) -> None:
    population = Eligibility.model_validate({"her2": "positive", "line": 2, **earlier})
    said, changed = said_and_changed(population, regimen, COORDINATES, NAMES)
    assert said - set(SHARED) == changed


def said_and_changed(
    population: Eligibility, regimen: str, coordinates: Sequence[Unknown], names: Iterable[str]
) -> tuple[set[str], set[str]]:
    """Unknowns that an arm's outcomes are said to depend on, and those of some that change what its drugs do."""
    protocol = parse_regimen(regimen)
    plan = SimpleNamespace(spec=SimpleNamespace(population=population, regimens={"a": protocol}))
    weights = inputs_of(plan, 0, coordinates).weights  # type: ignore[arg-type]
    arm = compile_arm("a", protocol, parse_regimen("no treatment"), (0, 56), 60)
    people = draw_population(population, np.arange(20), 3)
    with using(ParameterSet("x", {})):
        before = strength(people, arm)
    changed = set()
    for name in names:
        with using(ParameterSet("x", {name: 0.31})):
            if not np.allclose(strength(people, arm), before):
                changed.add(name)
    return {coordinates[k].name for k in np.flatnonzero((weights != 0).any(axis=0))}, changed


@pytest.mark.parametrize(
    "regimen", ["letrozole + palbociclib", "trastuzumab emtansine", "margetuximab", "trastuzumab deruxtecan"]
)
def test_oracle_factors_of_single_drugs_are_inputs_where_they_change_an_effect(regimen: str) -> None:
    coordinates = unknowns(load_spec("metastatic"))
    names = {one.name for one in coordinates if one.name.startswith("response.drug.")}
    population = Eligibility.model_validate({"her2": "positive"})
    said, changed = said_and_changed(population, regimen, coordinates, names)
    assert said & names == changed


def agreement(regimen: str, **shares: float) -> np.ndarray:
    """Correlations, between patients, of the effects of a regimen's actions."""
    arm = compile_arm("a", parse_regimen(regimen), parse_regimen("no treatment"), (0, 56), 60)
    with using(ParameterSet("x", {f"sensitivity.{name}": share for name, share in shares.items()})):
        people = draw_population(Eligibility.model_validate({"her2": "positive"}), np.arange(4000), 3)
        killing = np.isin(arm.kinds, ("cytotoxic", "payload"))
        sensitivity = np.where(killing, people.cytotoxic_sensitivity[:, None], 1.0)
        own = ~np.isin(arm.kinds, OWN_SPREAD)
        return np.corrcoef(np.log(strength(people, arm) * sensitivity)[:, own], rowvar=False)


@pytest.mark.parametrize(
    "regimen",
    [
        "trastuzumab",
        "trastuzumab + lapatinib",
        "trastuzumab + capecitabine q3w",
        "trastuzumab + pertuzumab",
        "docetaxel q3w",
        "capecitabine q3w + docetaxel q3w",
        "trastuzumab emtansine",
    ],
)
def test_oracle_what_sensitivities_share_is_an_input_where_it_changes_how_they_go_together(
    regimen: str,
) -> None:
    plan = SimpleNamespace(
        spec=SimpleNamespace(
            population=Eligibility.model_validate({"her2": "positive"}),
            regimens={"a": parse_regimen(regimen)},
        )
    )
    weights = inputs_of(plan, 0, COORDINATES).weights
    said = {COORDINATES[k].name for k in np.flatnonzero((weights != 0).any(axis=0))} & set(SHARED)
    before = agreement(regimen, shared_by_all=0.1, shared_by_trait=0.1)
    changed = {
        f"sensitivity.{name}"
        for name in ("shared_by_all", "shared_by_trait")
        if not np.allclose(
            agreement(regimen, **{"shared_by_all": 0.1, "shared_by_trait": 0.1, name: 0.9}), before, atol=0.1
        )
    }
    assert said == changed


@pytest.mark.parametrize(
    ("regimen", "cycle", "antigen"),
    [
        ("docetaxel q3w", False, False),
        ("lapatinib", False, False),
        ("lapatinib + capecitabine q3w", True, False),
        ("trastuzumab deruxtecan", True, True),
        ("sacituzumab govitecan", False, False),
    ],
)
def test_unit_what_killing_depends_on_is_an_input_where_it_acts(
    regimen: str, cycle: bool, antigen: bool
) -> None:
    coordinates = unknowns(load_spec("metastatic"))
    population = Eligibility.model_validate({"her2": "positive"})
    plan = SimpleNamespace(
        spec=SimpleNamespace(population=population, regimens={"a": parse_regimen(regimen)})
    )
    weights = inputs_of(plan, 0, coordinates).weights
    said = {coordinates[k].name for k in np.flatnonzero((weights != 0).any(axis=0))}
    assert ("death.cytotoxic_cycle_share" in said) == cycle
    assert ("payload.antigen_half" in said) == antigen
