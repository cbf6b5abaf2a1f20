"""The figure of one simulated patient shows her course."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forestall.report.patient import course_figure, plot_of
from forestall.studies.course import CloneCourse
from forestall.studies.patient import Patient
from forestall.studies.simulate import PatientCourse, simulate


def _course() -> PatientCourse:
    lesions = [{"site": "liver", "diameter": "32 mm"}, {"site": "node", "diameter": "18 mm"}]
    return simulate(Patient(her2="positive", er="positive", lesions=lesions), "no treatment", "30 months")


def test_unit_the_figure_holds_lesions_clones_and_doses() -> None:
    course = _course()
    plot = plot_of(course)
    assert course.progression is not None
    assert plot.progression_day == course.progression.day
    assert plot.visit_day[-1] == course.progression.day
    assert plot.day[-1] > course.progression.day
    assert {"liver", "node"} <= set(plot.diameter_mm)
    assert sorted(plot.doses) == ["capecitabine", "trastuzumab"]
    assert len(course_figure(course).axes) == 3


def test_property_clones_that_are_put_together_are_not_lost() -> None:
    course = _course()
    founding = np.full_like(course.clones[0].cells, 1000.0)
    clones = tuple(
        CloneCourse(name, founding * part, tolerant_cells=0 * founding, dying_per_day=0 * founding)
        for name, part in (((), 1.0), (("NF1_loss",), 0.5), (("RB1_loss",), 0.008), (("MET_amp",), 0.009))
    )
    shown = plot_of(replace(course, clones=clones)).clones
    assert list(shown) == ["founding clone", "NF1 loss", "rare clones"]
    np.testing.assert_allclose(shown["rare clones"], (founding * 0.017).sum(axis=1))
    np.testing.assert_allclose(sum(shown.values()), sum(clone.cells.sum(axis=1) for clone in clones))
