"""The end of chemotherapy in one patient's story and in why she escaped."""

from __future__ import annotations

import functools

import forestall as fs
from forestall.api import Why
from forestall.clinic.counterfactual import Kind

REGIMEN = "bevacizumab 10 mg/kg q2w + docetaxel 75 mg/m2 q3w"
GRACE = fs.Patient(
    her2="negative",
    er="negative",
    lesions=[{"site": "liver", "diameter": "30 mm"}, {"site": "lung", "diameter": "20 mm"}],
)


@functools.cache
def grace() -> Why:
    """Seed 4: chemotherapy ends after a response, long before progression."""
    return fs.why(GRACE, REGIMEN, "24 months", seed=4)


def test_unit_the_story_tells_when_chemotherapy_ended() -> None:
    course = grace().course
    assert course.stopped_day is not None
    assert course.progression is not None
    assert 0 < course.stopped_day < course.progression.day
    assert (course.stopped_day, "end of chemotherapy") in course.events()
    assert "Docetaxel ended after 4 months, before progression; bevacizumab went on." in " ".join(
        str(course.story()).split()
    )


def test_property_without_the_end_progression_comes_later_and_doses_go_on() -> None:
    item = next(one for one in grace().without if one.switch.kind is Kind.STOPPING)
    assert item.course.stopped_day is None
    assert item.later_days > 0
    was, now = (
        next(dose for dose in course.doses if dose.drug == "docetaxel")
        for course in (grace().course, item.course)
    )
    assert now.day[: was.day.size].tolist() == was.day.tolist()
    assert now.day.size > was.day.size


def test_unit_nobody_stops_what_is_not_chemotherapy_into_a_vein() -> None:
    found = fs.why(GRACE, "anastrozole", "12 months", seed=4)
    assert found.course.stopped_day is None
    assert Kind.STOPPING not in {item.switch.kind for item in found.without}
