"""Patients under one arm, from a population to findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.setup import CohortArrays
from forestall.clinic.arms import Arm
from forestall.clinic.causes import all_causes
from forestall.clinic.cohort import LARGEST_GENOTYPES, cohort_arrays
from forestall.clinic.course import follow_batch
from forestall.clinic.course_record import CourseRecord
from forestall.clinic.findings import Findings
from forestall.clinic.population import Population
from forestall.clinic.watching import ClinicArrays
from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.knowledge.parameters import value

Array = NDArray[np.float64]

HANDOVER_CELLS = 1e4
"""Clones of fewer cells are stochastic."""


@dataclass(frozen=True)
class Watch:
    """How a trial watches its patients."""

    visits: tuple[int, ...]
    """Days of the visits, 0 first."""
    follow_up_days: int
    seed: int
    dropout_per_day: float | None = None
    """None for the catalogue's rate."""
    handover_cells: float = HANDOVER_CELLS
    accrual_days: float = 0.0
    """Patients enter evenly over this time before the data cut is fixed, and have that much less follow-up."""
    measurement_error: float | None = None
    """Standard deviation of the logarithm of a measured diameter; None for the catalogue's."""

    def arrays(self) -> ClinicArrays:
        """For the kernel."""
        error = (
            value("measurement.diameter_log_sd", "1")
            if self.measurement_error is None
            else self.measurement_error
        )
        return ClinicArrays(
            visits=np.array(self.visits, np.int64),
            follow_up=self.follow_up_days,
            cells_per_mm3=value("tumor.cells_per_mm3", "cells/mm**3"),
            detection=value("recist.new_lesion_detection_diameter", "mm"),
            measurement_error=error,
            burden_hazard=value("mortality.burden_rate", "1/day"),
            burden_reference=value("mortality.burden_reference", "mm**3"),
            burden_exponent=value("mortality.burden_exponent", "1"),
            brain_multiplier=value("mortality.brain_multiplier", "1"),
            handover=float(self.handover_cells),
            seed=self.seed,
        )


@dataclass(frozen=True)
class Followed:
    """What following a batch gave."""

    findings: Findings
    cohort: CohortArrays
    record: CourseRecord


def follow_arm(
    population: Population, arm: Arm, arm_index: int, watch: Watch, *, trace: bool = False
) -> Followed:
    """Follow patients under one arm.

    Args:
        population: The patients; each result depends on that patient alone.
        arm: What they receive.
        arm_index: Number of the arm in the trial.
        watch: Visits and follow-up.
        trace: Keep the cells of every clone at every visit.
    """
    dropout = population.dropout_day(watch.dropout_per_day)
    cohort = cohort_arrays(population, arm, dropout, data_cut(population, watch))
    return follow_cohort(population, arm, arm_index, watch, cohort, trace=trace)


def follow_cohort(
    population: Population,
    arm: Arm,
    arm_index: int,
    watch: Watch,
    cohort: CohortArrays,
    *,
    trace: bool = False,
) -> Followed:
    """Follow patients whose arrays are there already; arguments as for `follow_arm`.

    Args:
        population: The patients.
        arm: What they receive.
        arm_index: Number of the arm in the trial.
        watch: Visits and follow-up.
        cohort: From `cohort_arrays`, or changed for a counterfactual.
        trace: Keep the cells of every clone at every visit.
    """
    dropout = population.dropout_day(watch.dropout_per_day)
    cut = data_cut(population, watch)
    clinic = watch.arrays()
    record = _blank(len(population), len(watch.visits), cohort.site.shape[1], trace)
    follow_batch(arm.model, arm.schedule, cohort, clinic, arm.shared, record)
    return Followed(
        _findings(
            population, arm, arm_index, watch, np.where(dropout < cut, dropout, np.nan), cohort, record
        ),
        cohort,
        record,
    )


def data_cut(population: Population, watch: Watch) -> Array:
    """(n,) day of the data cut, from each patient's own start."""
    if watch.accrual_days <= 0:
        return np.full(len(population), float(watch.follow_up_days))
    entry = uniforms(watch.seed, population.patient, Purpose.ENROLLMENT)
    return np.maximum(1.0, watch.follow_up_days - entry * watch.accrual_days)


def _blank(n: int, visits: int, lesions: int, trace: bool) -> CourseRecord:
    return CourseRecord(
        made=np.zeros(n, np.int64),
        diameter=np.full((n, visits, lesions), np.nan),
        total=np.full((n, visits), np.nan),
        fresh=np.zeros((n, visits), np.uint8),
        response=np.full((n, visits), -1, np.int8),
        progression=np.full(n, np.nan),
        free_until=np.zeros(n),
        death=np.full(n, np.nan),
        contact=np.full(n, np.nan),
        cause=np.full(n, -1, np.int64),
        lead_lesion=np.full(n, -1, np.int64),
        lead_genotype=np.zeros(n, np.int64),
        failure=np.zeros(n, np.int64),
        evaluations=np.zeros(n, np.int64),
        trace=np.zeros((n if trace else 0, visits, 2, lesions, LARGEST_GENOTYPES)),
    )


def _findings(
    population: Population,
    arm: Arm,
    arm_index: int,
    watch: Watch,
    dropout: Array,
    cohort: CohortArrays,
    record: CourseRecord,
) -> Findings:
    n = len(population)
    made = np.arange(len(watch.visits)) < record.made[:, None]
    lead = record.lead_lesion
    site = np.take_along_axis(cohort.site, np.maximum(lead, 0)[:, None], axis=1)[:, 0]
    codes, causes = all_causes(arm.slow_nodes, arm.alterations)
    cause = np.where(record.cause < 0, -1, np.searchsorted(codes, record.cause))
    dead = np.isfinite(record.death)
    last = np.where(dead, record.death, record.contact)
    return Findings(
        patient=population.patient,
        arm=np.full(n, arm_index, np.int16),
        visits=record.made.astype(np.int16),
        visit_day=np.where(made, np.array(watch.visits, np.float64), np.nan),
        lesion_diameter_mm=record.diameter,
        sum_diameter_mm=record.total,
        new_lesion=record.fresh.astype(np.bool_),
        response=record.response,
        progression_day=record.progression,
        progression_free_until_day=record.free_until,
        death_day=record.death,
        dropout_day=np.where(dead, np.nan, dropout),
        last_contact_day=np.where(np.isfinite(last), last, 0.0),
        treatment_stop_day=record.progression.copy(),
        cause=cause.astype(np.int16),
        lead_lesion=lead.astype(np.int8),
        lead_site=np.where(lead >= 0, site, -1).astype(np.int8),
        lead_genotype=record.lead_genotype,
        failure=record.failure.astype(np.int16),
        causes=causes,
        alterations=list(arm.alterations),
    )
