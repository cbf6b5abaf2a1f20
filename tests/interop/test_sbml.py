"""One patient's course as SBML: valid, the same course in libRoadRunner as in the reference, and the same rates in both layouts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.population import draw_population
from forestall.clinic.reference import reference_course
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import parse_regimen

libsbml = pytest.importorskip("libsbml")
roadrunner = pytest.importorskip("roadrunner")

DAYS = 42


def course() -> tuple[Any, ...]:
    """One lesion, truncal genotype, two drugs whose effect is halved in ten weeks: the arguments of both programs."""
    pair = parse_regimen("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w")
    arm: Arm = compile_arm("pair", pair, parse_regimen("no treatment"), (0, DAYS), DAYS)
    population = draw_population(Eligibility.model_validate({"her2": "positive"}), np.array([1]), 3)
    cohort = cohort_arrays(population, arm, np.full(1, np.inf), np.full(1, 1e4))
    cohort = cohort._replace(
        site_class=cohort.site_class[:, :1],
        probability=np.zeros_like(cohort.probability),
        loss=np.zeros_like(cohort.loss),
        waning=np.full(1, 0.01),
    )
    cells = np.zeros((1, 2, cohort.mask.shape[1]))
    cells[0, :, 0] = 1e9, 1e8
    return 0, arm.model, arm.schedule, cohort, arm.shared, cells


def test_oracle_libroadrunner_runs_the_exported_course() -> None:
    """Cells at the visits to 1e-5 (CVODE and LSODA, rtol 1e-9)."""
    from forestall.interop.sbml import course_sbml

    given, visits = course(), np.array([0, 21, DAYS])
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


def changes(text: str, day: float) -> dict[str, float]:
    """What the cells of an SBML model change by per day, with 2 mg/L of every drug's term and otherwise the state of the start."""
    model = libsbml.readSBMLFromString(text).getModel()
    scope: dict[str, Any] = {"time": day, "abs": abs, "exp": np.exp}

    def value(tree: Any) -> float:
        found: float = eval(libsbml.formulaToL3String(tree).replace("^", "**"), scope)
        return found

    for function in model.getListOfFunctionDefinitions():
        names = ", ".join(function.getArgument(k).getName() for k in range(function.getNumArguments()))
        body = libsbml.formulaToL3String(function.getBody()).replace("^", "**")
        scope[function.getId()] = eval(f"lambda {names}: {body}", scope)
    scope |= {item.getId(): item.getValue() for item in model.getListOfParameters()}
    terms = [name for name in scope if re.fullmatch(r"drug\d+_\d+", name)]
    scope |= dict.fromkeys(terms, 2.0)
    scope |= {item.getId(): item.getInitialAmount() for item in model.getListOfSpecies()}
    for rule in model.getListOfRules():
        if rule.isAssignment():
            scope[rule.getVariable()] = value(rule.getMath())
    found = {rule.getVariable(): value(rule.getMath()) for rule in model.getListOfRules() if rule.isRate()}
    for reaction in model.getListOfReactions():
        rate = value(reaction.getKineticLaw().getMath())
        for reference in reaction.getListOfProducts():
            stoichiometry = scope.get(reference.getId(), reference.getStoichiometry())
            found[reference.getSpecies()] = found.get(reference.getSpecies(), 0.0) + rate * stoichiometry
    return {name: number for name, number in found.items() if name.startswith(("cycling", "tolerant"))}


@pytest.mark.parametrize("day", [0.0, 30.0])
def test_oracle_both_layouts_have_the_same_rates(day: float) -> None:
    from forestall.interop.sbml import course_sbml

    rules, functions = (
        changes(course_sbml(*course(), DAYS, layout=layout), day) for layout in ("rules", "functions")
    )
    assert rules == pytest.approx(functions, rel=1e-9)
    assert len(rules) == 2


def test_unit_the_treatment_s_effect_wanes_in_the_model() -> None:
    from forestall.interop.sbml import course_sbml

    text = course_sbml(*course(), DAYS, layout="rules")
    late, early = changes(text, 300.0), changes(text, 0.0)
    assert late["cycling_l0_g0"] != pytest.approx(early["cycling_l0_g0"], rel=0.1)
