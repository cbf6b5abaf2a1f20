"""One patient's course as SBML: valid, and the same course in libRoadRunner as in the reference."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.clinic.arms import compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.clinic.reference import reference_course
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

libsbml = pytest.importorskip("libsbml")
roadrunner = pytest.importorskip("roadrunner")

DAYS = 42


def test_oracle_libroadrunner_runs_the_exported_course() -> None:
    """One lesion, truncal genotype, two drugs: cells at the visits to 1e-5 (CVODE and LSODA, rtol 1e-9)."""
    from forestall.interop.sbml import course_sbml

    pair = parse_regimen("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w")
    arm = compile_arm("pair", pair, parse_regimen("no treatment"), (0, DAYS), DAYS)
    population = draw_population(Eligibility.model_validate({"her2": "positive"}), np.array([1]), 3)
    cohort = cohort_arrays(population, arm, np.full(1, np.inf), np.full(1, 1e4))
    cohort = cohort._replace(
        site_class=cohort.site_class[:, :1],
        probability=np.zeros_like(cohort.probability),
        loss=np.zeros_like(cohort.loss),
    )
    cells = np.zeros((1, 2, cohort.mask.shape[1]))
    cells[0, 0, 0] = 1e9
    visits = np.array([0, 21, DAYS])
    given = (0, arm.model, arm.schedule, cohort, arm.shared, cells)
    text = course_sbml(*given, DAYS, layout="functions")
    document = libsbml.readSBMLFromString(text)
    assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = 1e-9
    runner.integrator.absolute_tolerance = 1e-9
    runner.timeCourseSelections = ["time", "cells_l0"]
    found = runner.simulate(0, DAYS, 3)[:, 1]
    expected = reference_course(*given, visits).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
