"""Lesions in bone in the course of patients: followed, never measured as targets."""

from __future__ import annotations

import numpy as np

from forestall.clinic.arms import compile_arm
from forestall.clinic.entry_lesions import BONE, NODE
from forestall.clinic.findings import Findings
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import Population, draw_population
from forestall.clinic.recist import PARTIAL_RESPONSE, PROGRESSIVE_DISEASE, RESPONSES, STABLE_DISEASE
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

WATCH = Watch(tuple(range(0, 379, 63)), 378, seed=3)
PEOPLE = 60


def _people() -> Population:
    return draw_population(Eligibility.model_validate({"her2": "positive"}), np.arange(PEOPLE), 3)


def _follow(population: Population, regimen: str) -> Findings:
    arm = compile_arm(
        "arm",
        parse_regimen(regimen),
        parse_regimen("no treatment"),
        WATCH.visits,
        WATCH.follow_up_days,
    )
    return follow_arm(population, arm, 0, WATCH).findings


def _in_bone_alone(population: Population) -> np.ndarray:
    return ((population.site == BONE) | (population.site < 0)).all(axis=1)


def test_unit_the_first_lesion_outside_bone_is_measurable() -> None:
    people = _people()
    for site, diameter in zip(people.site, people.diameter_mm, strict=True):
        soft = np.flatnonzero((site >= 0) & (site != BONE))
        if soft.size:
            assert diameter[soft[0]] >= (15.0 if site[soft[0]] == NODE else 10.0)


def test_property_bone_alone_is_never_a_partial_response_and_can_progress() -> None:
    people = _people()
    alone = _in_bone_alone(people)
    assert 2 <= alone.sum() < PEOPLE / 2
    untreated = _follow(people, "no treatment")
    treated = _follow(people, "trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w")
    assert PARTIAL_RESPONSE in treated.response[~alone]
    for findings in (untreated, treated):
        assert PARTIAL_RESPONSE not in findings.response[alone]
        assert np.nanmax(findings.sum_diameter_mm[alone]) == 0.0
    assert STABLE_DISEASE in treated.response[alone]
    assert PROGRESSIVE_DISEASE in untreated.response[alone]


def test_property_bone_beside_targets_progresses_only_by_growth_of_a_fifth() -> None:
    people = _people()
    findings = _follow(people, "no treatment")
    clear = (findings.response == RESPONSES.index("PD")) & ~findings.new_lesion
    sums, low = findings.sum_diameter_mm, np.fmin.accumulate(findings.sum_diameter_mm, axis=1)
    by_targets = np.zeros_like(clear)
    by_targets[:, 1:] = (sums[:, 1:] >= 1.2 * low[:, :-1]) & (sums[:, 1:] >= low[:, :-1] + 5.0)
    size = np.nan_to_num(findings.lesion_diameter_mm)
    known = size[:, :1] > 0
    rest = (size * known).sum(axis=2) - np.nan_to_num(sums)
    alone = np.argwhere(clear & ~by_targets)
    assert len(alone) > 5
    for patient, visit in alone:
        least = rest[patient, :visit].min()
        assert rest[patient, visit] >= 1.2 * least - 1e-6
        assert rest[patient, visit] >= least + 5.0 - 1e-6
