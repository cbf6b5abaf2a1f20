"""Samples along a simulated course: when and where they are taken, what they hold, and how they are told."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import forestall as fs
from forestall.api import PatientCourse, SampledPatient
from forestall.errors import InputError
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.samples import state_at

EVA = fs.Patient(
    patient="Eva",
    age=58,
    her2="low",
    er="positive",
    alterations=["PIK3CA_mut"],
    lesions=[{"site": "lung", "diameter": "40 mm"}, {"site": "liver", "diameter": "30 mm"}],
)
SEED = 903
LASTING = ParameterSet("lasting", {"waning.rate.er_positive": 1e-9})
"""Effects do not wane in Eva: a new alteration leads, which can be sampled."""
"""Chosen because an acquired `ESR1` mutation leads the progression under letrozole: the samples have something to find, and without
the mutation the course is another."""


@functools.cache
def course(regimen: str = "letrozole", duration: str = "48 months") -> PatientCourse:
    return fs.simulate(EVA, regimen, duration, seed=SEED, parameters=LASTING)


@functools.cache
def sampled() -> SampledPatient:
    return course().sample(tissue=("baseline:all", "progression:all"))


def test_oracle_untreated_cells_die_at_birth_minus_growth() -> None:
    """Without a drug each cell of the founding clone dies at one rate, the same on every day and in every lesion."""
    found = course("no treatment", "12 months")
    founding = found.clones[0]
    until = found.visit_day <= (found.progression.day if found.progression else np.inf)
    some = founding.cells[until] > 1e6
    rate = (founding.dying_per_day[until] / np.maximum(founding.cells[until], 1.0))[some]
    np.testing.assert_allclose(rate, rate[0], rtol=1e-6)
    assert 0.05 < rate[0] < 0.5


def test_property_chemotherapy_makes_more_cells_die() -> None:
    treated = course("docetaxel q3w", "6 months")
    rate = treated.clones[0].dying_per_day[:, 0] / treated.clones[0].cells[:, 0]
    assert rate[1] > rate[0]


def test_property_the_state_at_a_visit_is_that_of_the_course() -> None:
    state = state_at(course(), 3)
    assert state.cells.shape == (len(course().lesions), len(course().clones))
    for column, lesion in enumerate(course().lesions):
        assert state.diameter_mm[column] == lesion.true_mm[3]
        assert state.cells[column].sum() == pytest.approx(sum(c.cells[3, column] for c in course().clones))
    assert all("PIK3CA_mut" in clone for clone in state.carried)


def test_property_another_sample_changes_none() -> None:
    alone = course().sample(tissue=("baseline:liver",), blood=("baseline",))
    assert alone.tissue[0] in sampled().tissue
    assert alone.blood[0] in sampled().blood


def test_unit_a_day_between_visits_is_the_nearer_visit() -> None:
    found = course().sample(tissue=(), blood=("60", "100", "16 weeks", "baseline", "end"))
    assert [sample.day for sample in found.blood] == [0.0, 56.0, 112.0, course().visit_day[-1]]


def test_unit_tissue_is_of_the_lesion_that_was_asked_for() -> None:
    assert [(sample.day, sample.lesion) for sample in sampled().tissue][:2] == [(0.0, "lung"), (0.0, "liver")]
    largest = course().sample(tissue=("baseline:largest",), blood=())
    assert [sample.lesion for sample in largest.tissue] == ["lung"]
    assert course().progression is not None
    leading = course().sample(tissue=("progression:progressing",), blood=())
    assert [sample.lesion for sample in leading.tissue] == [course().progression.lesion]


@pytest.mark.parametrize(
    ("tissue", "names"),
    [("baseline:brain", "liver"), ("basline:liver", "baseline"), ("-5:liver", "baseline")],
)
def test_unit_a_wrong_sample_is_refused_with_a_fix(tissue: str, names: str) -> None:
    with pytest.raises(InputError, match=names):
        course().sample(tissue=(tissue,))


def test_unit_what_cannot_be_taken_is_said() -> None:
    short = fs.simulate(EVA, "letrozole", "6 months", seed=SEED, parameters=LASTING)
    found = short.sample(tissue=("progression:liver", "5 years:liver"), blood=())
    assert found.tissue == ()
    assert [item.reason.split()[0] for item in found.not_taken] == ["the", "follow-up"]


def test_unit_the_story_tells_what_was_found() -> None:
    assert course().progression is not None
    assert "ESR1_mut" in course().progression.acquired
    story = " ".join(sampled().story().split())
    assert "The biopsy of lung before treatment" in story
    assert "PIK3CA mut" in story
    assert "Of what the leading clone had acquired, ESR1 mut was found in tissue" in story
    assert story.index("Progression was found") < story.index("The biopsy") < story.index("After progression")


def test_unit_tables_and_json_agree() -> None:
    variants = sampled().to_frame("variants")
    called = variants.filter(variants["called"])
    assert set(called["alteration"]) == {name for sample in sampled().samples for name in sample.called}
    assert json.loads(json.dumps(sampled().to_data()))["variants"] == variants.to_dicts()
    rows = [line for line in sampled().to_maf().splitlines() if not line.startswith(("#", "Hugo"))]
    assert len(rows) == called.filter(called["assay"] == "variant reads").height
    with pytest.raises(InputError, match="variants"):
        sampled().to_frame("findings")


def test_unit_everything_is_written(tmp_path: Path) -> None:
    sampled().write(tmp_path / "eva")
    written = {path.name for path in (tmp_path / "eva").iterdir()}
    assert {"samples.csv", "variants.csv", "receptors.csv", "findings.maf", "samples.json"} <= written
    assert {"report.html", "fish.svg", "fish.png", "clone_tree.svg", "record.json"} <= written
    page = (tmp_path / "eva" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "ESR1_mut" in page
    assert (tmp_path / "eva" / "story.txt").read_text(encoding="utf-8") == sampled().story() + "\n"
