"""The deterministic course of patients: the fast engine against scipy's LSODA with the compiled right-hand side.

Both start from the same cells, keep the arm's treatment throughout, and are compared at visits every nine weeks.
"""

from __future__ import annotations

import platform
import time

import numpy as np

from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.deterministic import deterministic_course
from forestall.clinic.entry_lesions import SITES
from forestall.clinic.population import draw_population
from forestall.clinic.reference import reference_course
from forestall.knowledge.parameters import value
from forestall.studies.trial import Trial

MUTANTS = 1e3
CASES = (("cleopatra", 1), ("her2climb", 1))


def run(days: int, patients: int) -> None:
    """Print a table.

    Args:
        days: Days that are followed.
        patients: Patients that LSODA solves; the fast engine is timed on twenty times as many courses.
    """
    print(f"{platform.machine()}, {days} days, CPU time of one thread, sites {', '.join(SITES)}")
    print(f"{'arm':28}{'fast/s':>10}{'LSODA/s':>10}{'ratio':>9}{'volume error':>14}{'diameter error':>16}")
    for name, index in CASES:
        _case(name, index, days, patients)


def _case(name: str, index: int, days: int, patients: int) -> None:
    trial = Trial.load(name)
    arm = trial.compiled_arms()[index]
    population = draw_population(trial.spec.population, np.arange(patients), 1)
    cohort = cohort_arrays(population, arm, np.full(patients, np.inf), np.full(patients, 1e6))
    visits = np.arange(0, days + 1, 63)
    fast_time = slow_time = error = 0.0
    for i in range(patients):
        lesions = int((cohort.site_class[i] >= 0).sum())
        one = cohort._replace(site_class=cohort.site_class[:, :lesions])
        cells = np.zeros((lesions, 2, cohort.mask.shape[1]))
        volume = np.pi / 6 * cohort.diameter[i, :lesions] ** 3
        cells[:, 0, 0] = volume * value("tumor.cells_per_mm3", "cells/mm**3")
        cells[:, 0, 1:6] = MUTANTS
        given = (i, arm.model, arm.schedule, one, arm.shared, cells, visits)
        fast = deterministic_course(*given)
        begin = time.process_time()
        for _ in range(20):
            deterministic_course(*given)
        fast_time += (time.process_time() - begin) / 20
        begin = time.process_time()
        reference_course(*given, rtol=1e-6, atol=1e-3)
        slow_time += time.process_time() - begin
        tight = reference_course(*given).sum(axis=(2, 3))
        error = max(error, float(np.abs(fast.sum(axis=(2, 3)) / tight - 1).max()))
    ratio = slow_time / fast_time
    rates = f"{patients / fast_time:>10.1f}{patients / slow_time:>10.3f}{ratio:>9.0f}"
    print(f"{name + ' ' + arm.name:28}{rates}{error:>14.1e}{error / 3:>16.1e}", flush=True)
