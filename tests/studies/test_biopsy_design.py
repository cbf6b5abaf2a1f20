"""How many samples find a mechanism: what the plans see, and that the numbers of patients follow."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from forestall.clinic.biopsy import Biopsy
from forestall.clinic.blood import LiquidBiopsy
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.tumor_state import TumorState
from forestall.errors import InputError, StudyError
from forestall.statistics.detection import patients_to_see
from forestall.studies.biopsy_cohort import Plan, Progressor, Sampler
from forestall.studies.biopsy_design import BiopsyDesign, biopsy_design, wanted_alterations
from forestall.studies.trial import Trial

PATIENTS = 200
WANTED = frozenset({"ESR1_mut"})


@functools.cache
def design(**more: str) -> BiopsyDesign:
    return biopsy_design(
        Trial.load("falcon"), "ESR1_mut", 0.2, 0.8, arm="anastrozole", patients=PATIENTS, **more
    )


def state(day: float, mutant: float, diameter: float) -> TumorState:
    """Two lesions; the second has the mutant clone."""
    cells = np.array([[1e10, 0.0], [1e10 * (1 - mutant), 1e10 * mutant]])
    return TumorState(
        day=day,
        lesion=("lesion 1", "lesion 2"),
        site=("liver", "bone"),
        diameter_mm=np.array([40.0, diameter]),
        carried=(frozenset(), frozenset({"ESR1_mut"})),
        cells=cells,
        dying_per_day=0.1 * cells,
        her2_positive=False,
        er_positive=True,
        seed=1,
    )


def progressor(diameter: float = 20.0, before: float = 0.0) -> Progressor:
    return Progressor(0, WANTED, (state(0.0, before, diameter), state(112.0, 1.0, diameter)), 1)


def sampler() -> Sampler:
    needle = replace(Biopsy.usual(), purity_sd=0.0, read_error=1e-9, patches=1000)
    return Sampler(Laboratory(needle, LiquidBiopsy.usual()))


@pytest.mark.parametrize(("lesion", "found"), [("progressing", True), ("largest", False), ("all", True)])
def test_unit_a_mutation_of_one_lesion_is_found_where_it_is(lesion: str, found: bool) -> None:
    outcome = sampler().finds(Plan("tissue", lesion, "progression"), progressor(), WANTED)
    assert outcome.found == found
    assert outcome.samples == (4 if lesion == "all" else 2)


def test_property_a_random_lesion_finds_it_in_half_of_the_patients() -> None:
    """Two lesions, one with the mutation: found ~ Binomial(400, 1/2); false alarm 1e-6."""
    plan = Plan("tissue", "random", "progression")
    patients = [replace(progressor(), patient=number) for number in range(400)]
    found = sum(sampler().finds(plan, who, WANTED).found for who in patients)
    assert abs(found - 200) / 10 < 4.89


def test_unit_one_visit_later_is_after_progression() -> None:
    plan = Plan("tissue", "progressing", "later")
    assert not sampler().finds(plan, progressor(), WANTED).sampled
    grown = replace(progressor(diameter=8.0), later=state(168.0, 1.0, 12.0))
    outcome = sampler().finds(plan, grown, WANTED)
    assert outcome.sampled
    assert outcome.found


def test_unit_what_was_there_before_is_not_new() -> None:
    plan = Plan("tissue", "all", "progression")
    assert not sampler().finds(plan, progressor(before=0.9), WANTED).found


def test_unit_a_lesion_too_small_for_a_needle_is_not_sampled() -> None:
    outcome = sampler().finds(Plan("tissue", "progressing", "progression"), progressor(diameter=8.0), WANTED)
    assert not outcome.sampled
    assert not outcome.found


def test_oracle_patients_follow_from_the_sensitivity() -> None:
    assert design().carriers > 0
    for result in design().results:
        assert result.to_see == patients_to_see(0.2 * result.sensitivity.value, 0.8)
        assert result.sensitivity.lower <= result.sensitivity.value <= result.sensitivity.upper
        assert result.sensitivity.value <= result.sampled


def test_property_both_find_what_one_finds_and_serial_blood_what_one_draw_finds() -> None:
    found = {(r.plan.modality, r.plan.lesion, r.plan.when): r.sensitivity.value for r in design().results}
    assert found["both", "progressing", "progression"] >= found["tissue", "progressing", "progression"]
    assert found["blood", "", "serial"] >= found["blood", "", "progression"]


def test_property_one_plan_alone_gives_the_same() -> None:
    alone = design(modality="blood")
    assert alone.results == tuple(r for r in design().results if r.plan.modality == "blood")


@pytest.mark.parametrize(
    ("mechanism", "names"),
    [("ESR1_mutt", "ESR1_mut"), ("SRC_up", "no assay"), ("CNS_sanctuary", "no alteration")],
)
def test_unit_what_cannot_be_found_is_refused(mechanism: str, names: str) -> None:
    with pytest.raises(InputError, match=names):
        biopsy_design(Trial.load("falcon"), mechanism, 0.2)


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"arm": "anastrozol"}, "anastrozole"),
        ({"modality": "bone"}, "tissue"),
        ({"lesion": "liver"}, "largest"),
    ],
)
def test_unit_a_wrong_option_is_refused(more: dict[str, str], names: str) -> None:
    with pytest.raises(InputError, match=names):
        biopsy_design(Trial.load("falcon"), "ESR1_mut", 0.2, **more)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_unit_a_frequency_is_a_share(share: float) -> None:
    with pytest.raises(InputError, match="frequency"):
        biopsy_design(Trial.load("falcon"), "ESR1_mut", share)


def test_unit_no_carrier_is_an_error_that_says_what_led() -> None:
    with pytest.raises(StudyError, match=r"progressed by AKT1_mut .* led by: "):
        biopsy_design(Trial.load("falcon"), "AKT1_mut", 0.1, arm="fulvestrant", patients=10)


def test_unit_a_mechanism_stands_for_its_alterations() -> None:
    assert wanted_alterations("HER2_loss") == ("ERBB2_loss",)
    assert wanted_alterations("esr1_mut") == ("ESR1_mut",)
