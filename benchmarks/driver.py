"""Patients of a trial under one arm, ready for every solver that the benchmarks compare."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.rates import CourseModel
from forestall.biology.setup import CohortArrays, SharedArrays
from forestall.biology.signaling.compile import compiled
from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.defaults import default_after_progression
from forestall.clinic.deterministic import deterministic_course
from forestall.clinic.follow import follow_arm
from forestall.clinic.population import draw_population
from forestall.clinic.reference import reference_course
from forestall.interop.sbml import course_sbml
from forestall.studies.trial import Trial

Array = NDArray[np.float64]

SEED = 1
VISIT_EVERY_DAYS = 63


@njit(cache=True, error_model="numpy", nogil=True)
def courses(
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    shared: SharedArrays,
    cells: Array,
    visits: NDArray[np.int64],
    out: Array,
) -> None:
    """The deterministic course of every patient of a batch, one after the other.

    Args:
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch; each patient's lesions come first.
        shared: Network weights and alterations.
        cells: (n, L, 2, G) at day 0.
        visits: (V,) days.
        out: (n, V, L) receives the cells of each lesion.
    """
    for i in range(cells.shape[0]):
        lesions = 0
        while lesions < cells.shape[1] and cohort.site_class[i, lesions] >= 0:
            lesions += 1
        course = deterministic_course(i, model, schedule, cohort, shared, cells[i, :lesions], visits)
        for visit in range(visits.shape[0]):
            for lesion in range(lesions):
                out[i, visit, lesion] = course[visit, lesion].sum()


@dataclass(frozen=True)
class Batch:
    """Patients of a trial under one of its arms, at day 0, with the resistant clones that their tumors grew."""

    arm: Arm
    cohort: CohortArrays
    cells: Array
    """(n, L, 2, G)"""
    visits: NDArray[np.int64]
    """(V,) days."""

    def __len__(self) -> int:
        return len(self.cells)

    def fast(self, patients: int | None = None) -> Array:
        """Cells of each lesion by the fast engine, (n, V, L)."""
        cells = self.cells[:patients]
        out = np.zeros((len(cells), len(self.visits), cells.shape[1]))
        courses(self.arm.model, self.arm.schedule, self.cohort, self.arm.shared, cells, self.visits, out)
        return out

    def alone(self, i: int) -> tuple[CohortArrays, Array]:
        """One patient without the columns of absent lesions, so that no solver integrates them; and her cells."""
        lesions = int((self.cohort.site_class[i] >= 0).sum())
        site_class = np.ascontiguousarray(self.cohort.site_class[:, :lesions])
        return self.cohort._replace(site_class=site_class), np.ascontiguousarray(self.cells[i, :lesions])

    def lsoda(self, i: int, relative: float, absolute: float) -> Array:
        """Cells of each lesion of one patient by scipy's LSODA, (V, L)."""
        cohort, cells = self.alone(i)
        course = reference_course(
            i,
            self.arm.model,
            self.arm.schedule,
            cohort,
            self.arm.shared,
            cells,
            self.visits,
            rtol=relative,
            atol=absolute,
        )
        return np.asarray(course.sum(axis=(2, 3)))

    def sbml(self, i: int) -> str:
        """One patient as an SBML model that libRoadRunner can load."""
        cohort, cells = self.alone(i)
        return course_sbml(
            i,
            self.arm.model,
            self.arm.schedule,
            cohort,
            self.arm.shared,
            cells,
            int(self.visits[-1]),
            drugs=[drug.name for drug in self.arm.drugs],
            nodes=compiled().nodes,
            layout="functions",
        )


def batch_of(trial_name: str, arm_index: int, patients: int, days: int) -> Batch:
    """Draw patients under a trial's criteria and grow their tumors.

    Args:
        trial_name: A trial of the catalogue.
        arm_index: Number of one of its arms.
        patients: Number of patients.
        days: Length of the course.
    """
    trial = Trial.load(trial_name)
    visits = sorted({*range(0, days, VISIT_EVERY_DAYS), days})
    arm_name, regimen = list(trial.spec.regimens.items())[arm_index]
    later = default_after_progression(trial.spec.population.her2)
    arm = compile_arm(arm_name, regimen, later, visits, days)
    population = draw_population(trial.spec.population, np.arange(patients), SEED)
    watch = replace(trial.watch(SEED), visits=(0, 1), follow_up_days=1, dropout_per_day=0.0, accrual_days=0.0)
    grown = follow_arm(population, arm, 0, watch, trace=True)
    whole = np.flatnonzero(grown.record.failure == 0)
    cells = grown.record.trace[whole, 0].transpose(0, 2, 1, 3)[..., : grown.cohort.mask.shape[1]]
    return Batch(arm, _selected(grown.cohort, whole), np.ascontiguousarray(cells), np.array(visits, np.int64))


def _selected(cohort: CohortArrays, rows: NDArray[np.int64]) -> CohortArrays:
    """Some patients of a batch; the genotype tables, which patients share, stay whole."""
    shared = {"mask", "edges", "edge_start", "probability", "loss"}
    return CohortArrays(
        **{
            name: value if name in shared else np.ascontiguousarray(value[rows])
            for name, value in cohort._asdict().items()
        }
    )


def warm_up(batch: Batch) -> None:
    """Compile what will be timed, with the shapes that it will see."""
    batch.fast(1)
    replace(batch, visits=np.array([0, 1], np.int64)).lsoda(0, 1e-6, 1e-6)
