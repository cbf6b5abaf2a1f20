"""Brain metastases that were irradiated or removed before a trial: who has them, what scans show of them, and when they progress."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.entry_lesions import BRAIN
from forestall.clinic.findings import Findings
from forestall.clinic.follow import Watch, follow_arm
from forestall.clinic.population import Population, draw_population, population_from_patient
from forestall.clinic.recist import PROGRESSIVE_DISEASE
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

WATCH = Watch(tuple(range(0, 379, 42)), 378, seed=3)
LIVING = "brain.living_after_local_treatment"


def people(count: int = 400, **fields: object) -> Population:
    criteria = {"her2": "positive", "brain_metastases": 1.0, **fields}
    return draw_population(Eligibility.model_validate(criteria), np.arange(count), 3)


def follow(population: Population) -> Findings:
    nothing = parse_regimen("no treatment")
    arm = compile_arm("arm", nothing, nothing, WATCH.visits, WATCH.follow_up_days)
    return follow_arm(population, arm, 0, WATCH).findings


def progressed_on(findings: Findings) -> np.ndarray:
    """(n,) number of the first visit with progression; past the last one if there is none."""
    worse = findings.response == PROGRESSIVE_DISEASE
    return np.where(worse.any(axis=1), worse.argmax(axis=1), worse.shape[1])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, None])
def test_unit_as_many_are_treated_as_the_criteria_or_the_catalog_say(share: float | None) -> None:
    fields = {} if share is None else {"brain_treated": share}
    with using(ParameterSet("x", {"brain.treated_at_entry": 0.6})):
        drawn = people(4000, **fields)
    treated = (drawn.scar_mm > 0).any(axis=1)
    assert treated.mean() == pytest.approx(0.6 if share is None else share, abs=0.03)


def test_invariant_local_treatment_kills_in_the_brain_and_changes_nothing_else() -> None:
    with using(ParameterSet("x", {LIVING: 0.05})):
        before, after = (people(brain_treated=share) for share in (0.0, 1.0))
    brain = before.site == BRAIN
    assert np.array_equal(before.site, after.site)
    assert np.array_equal(before.diameter_mm[~brain], after.diameter_mm[~brain], equal_nan=True)
    assert (after.scar_mm[~brain] == 0).all()
    assert (before.scar_mm == 0).all()
    volume = [lesions[brain] ** 3 for lesions in (before.diameter_mm, after.diameter_mm, after.scar_mm)]
    assert np.allclose(volume[1], 0.05 * volume[0])
    assert np.allclose(volume[1] + volume[2], volume[0])


def test_unit_a_described_patient_has_no_scars() -> None:
    lesions = [{"site": "brain", "diameter": "20 mm"}]
    one = population_from_patient(
        PatientSpec.model_validate({"her2": "positive", "er": "negative", "lesions": lesions})
    )
    assert (one.scar_mm == 0).all()


def test_property_a_scar_is_seen_at_baseline_is_no_target_and_holds_longer() -> None:
    before, after = (people(60, brain_treated=share, line="3+") for share in (0.0, 1.0))
    found = [follow(population) for population in (before, after)]
    brain = before.site == BRAIN
    rows, lesions = np.nonzero(brain)
    baseline = [one.lesion_diameter_mm[rows, 0, lesions] for one in found]
    assert np.allclose(baseline[0], baseline[1], rtol=1e-3), "scans show the scar with what lives of it"
    targets = np.where(brain, 0.0, before.diameter_mm)
    bare = ~(targets >= 10.0).any(axis=1)
    assert (found[1].sum_diameter_mm[bare, 0] == 0).all()
    first, second = map(progressed_on, found)
    both = np.maximum(first, second) < len(WATCH.visits)  # others die before
    assert both.sum() > 30
    # Some progress earlier: a growing target elsewhere is a larger part of a sum without the brain's lesion.
    assert second[both].mean() > first[both].mean() + 0.2
