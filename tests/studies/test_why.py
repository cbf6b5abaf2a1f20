"""The course with one mechanism off: the same patient otherwise, and what the mechanism did is gone."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import forestall as fs
from forestall.api import PatientCourse, Why
from forestall.clinic.counterfactual import Kind, Switch
from forestall.errors import StudyError
from forestall.studies.why import Without

from .test_samples import EVA, LASTING, SEED

ANNA = fs.Patient(
    patient="Anna",
    age=52,
    weight="64 kg",
    her2="positive",
    er="positive",
    lesions=[{"site": "liver", "diameter": "32 mm"}, {"site": "brain", "diameter": "12 mm"}],
)


@functools.cache
def eva() -> Why:
    return fs.why(EVA, "letrozole", "48 months", seed=SEED, parameters=LASTING)


@functools.cache
def anna() -> Why:
    return fs.why(ANNA, "trastuzumab + docetaxel q3w", "36 months", seed=1)


def without(why: Why, kind: Kind, name: str = "") -> Without:
    return next(item for item in why.without if item.switch == Switch(kind, name))


def test_property_the_tumor_at_entry_is_as_it_was() -> None:
    for item in (*eva().without, *anna().without):
        whole = eva() if item in eva().without else anna()
        for was, now in zip(whole.course.lesions, item.course.lesions, strict=True):
            # Lesions grow until they have their size, so they may differ by the last step of growth.
            assert now.true_mm[0] == pytest.approx(was.true_mm[0], rel=0.01)


def test_property_the_other_random_numbers_are_the_same() -> None:
    idle = eva().idle
    assert idle
    for item in idle:
        assert item.course.age_years == eva().course.age_years
        was, now = eva().course, item.course
        both = slice(0, min(was.end_of_measurement, now.end_of_measurement))
        for one, other in zip(was.lesions, now.lesions, strict=True):
            # A lesion too small to be seen is measured as 0.
            seen = (one.measured_mm[both] > 0) & (other.measured_mm[both] > 0)
            assert seen[0] == one.described
            error, again = ((c.measured_mm[both] / c.true_mm[both])[seen] for c in (one, other))
            np.testing.assert_allclose(error, again, rtol=1e-9)


def test_property_an_alteration_without_carriers_in_the_lesion_is_not_asked_for() -> None:
    asked = {item.switch.name for item in eva().without if item.switch.kind is Kind.ALTERATION}
    carried = {name for clone in eva().course.clones for name in clone.acquired} | {"PIK3CA_mut"}
    assert asked <= carried
    assert "ESR1_mut" in asked


def test_property_without_the_alteration_its_clone_does_not_win() -> None:
    """The clone that led grew because of ESR1_mut: without its effect it stays a minority."""
    progression = eva().course.progression
    assert progression is not None
    visit = eva().course.visit_day.tolist().index(progression.day)
    column = [lesion.name for lesion in eva().course.lesions].index(progression.lesion)
    again = without(eva(), Kind.ALTERATION, "ESR1_mut").course

    def share(found: PatientCourse) -> float:
        cells = {clone.acquired: float(clone.cells[visit, column]) for clone in found.clones}
        return cells.get(("ESR1_mut",), 0.0) / sum(cells.values())

    assert share(eva().course) > 0.1
    assert share(again) < 0.01


def test_property_the_sanctuary_matters_in_the_brain_alone() -> None:
    again = without(anna(), Kind.SANCTUARY).course
    names = [lesion.name for lesion in anna().course.lesions]
    before = min(anna().course.end_of_measurement, again.end_of_measurement)
    liver, brain = names.index("liver"), names.index("brain")
    was, now = anna().course.lesions, again.lesions
    # The most crowded lesion sets the steps of all of them, so the liver differs by the error of the integration (1e-3 at most).
    np.testing.assert_allclose(now[liver].true_mm[:before], was[liver].true_mm[:before], rtol=1e-3)
    assert (now[brain].true_mm[1:before] < was[brain].true_mm[1:before]).all()


def test_property_a_lasting_effect_leaves_less_of_the_tumor() -> None:
    assert without(anna(), Kind.WANING).volume_percent < 99.0


def test_property_no_tolerant_cells_without_tolerance() -> None:
    again = without(anna(), Kind.TOLERANCE).course
    assert sum(clone.tolerant_cells.sum() for clone in anna().course.clones) > 0
    assert sum(clone.tolerant_cells.sum() for clone in again.clones) == 0


def test_unit_the_first_is_what_mattered_most() -> None:
    volumes = [item.volume_percent for item in eva().without]
    assert volumes == sorted(volumes)
    assert all(item.volume_percent <= 95 for item in eva().mattered)
    assert len(eva().rows()) == len(eva().without)


def test_unit_the_words_name_what_mattered() -> None:
    text = " ".join(eva().paragraphs)
    assert "Without PIK3CA mut" in text
    assert "Without ESR1 mut" in text
    assert text in " ".join(eva().story().split())


def test_unit_nothing_is_explained_where_nothing_progressed() -> None:
    with pytest.raises(StudyError, match="did not progress"):
        fs.why(EVA, "letrozole", "6 months", seed=SEED, parameters=LASTING)
