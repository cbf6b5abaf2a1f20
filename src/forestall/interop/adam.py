"""Analysis tables with CDISC ADaM names from findings and endpoints: ADSL, ADTTE, ADTR, ADRS.

All columns are built with array operations; the rows come patient by patient, so that the tables of several
batches put end to end are the tables of all patients at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forestall.clinic.endpoints import REASONS, Endpoints, Reason, Responses
from forestall.clinic.findings import Findings
from forestall.interop.adam_columns import ADRS, ADSL, ADTR, ADTTE, PARAMETERS, TEXT, Column, TableLayout
from forestall.interop.adam_values import (
    category,
    constant,
    days,
    genotypes,
    numbers,
    percent_change,
    rounded,
    whole,
    words,
)
from forestall.units import factor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

WILD_TYPE = "wild type"
_RESPONSES = ("NE", "CR", "PR", "SD", "PD")
_LESION, _SUM, _BEST = range(3)


@dataclass(frozen=True, slots=True)
class AdamArm:
    """An arm as the tables name it."""

    name: str
    """Its name in the trial file."""
    treatment: str
    """Its regimen in words."""


@dataclass(frozen=True, slots=True)
class AdamStudy:
    """What the codes in the findings mean."""

    study: str
    """Identifier of the study; the first part of every USUBJID."""
    arms: Sequence[AdamArm]
    """The arms, in the order of their indices."""
    sites: Sequence[str] = ()
    """Sites of lesions, in the order of their indices."""
    failures: Mapping[int, str] = field(default_factory=dict)
    """Why a patient could not be simulated, by code."""

    def arm_codes(self) -> list[str]:
        """ARMCD of each arm."""
        return [f"A{index + 1}" for index in range(len(self.arms))]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Covariates of the n patients of a batch, in the order of its findings."""

    age_years: Floats
    """(n,)."""
    weight_kg: Floats
    """(n,)."""
    surface_m2: Floats
    """(n,) body surface area."""
    lesions: Integers
    """(n,) number of lesions at baseline."""
    biomarkers: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """Column name -> (n,) values; booleans become Y and N."""
    sex: str = "F"
    """Sex of all patients."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that the tables show of n patients."""

    subjects: Subjects
    """Who they are."""
    findings: Findings
    """What the visits found."""
    endpoints: Sequence[Endpoints]
    """Their time-to-event endpoints."""
    responses: Responses
    """Their best overall response."""


def adam_tables(study: AdamStudy, batch: Batch) -> dict[str, pl.DataFrame]:
    """The four analysis tables of a batch of patients.

    Args:
        study: What the codes mean.
        batch: The patients.

    Returns:
        ADSL, ADTTE, ADTR and ADRS with the columns of `adam_columns`, rows in the order of the patients.
    """
    who = _Identity(study, batch.findings)
    return {
        "ADSL": _adsl(study, batch, who),
        "ADTTE": _adtte(batch, who),
        "ADTR": _adtr(batch, who),
        "ADRS": _adrs(batch, who),
    }


def best_change_percent(findings: Findings) -> Floats:
    """The lowest change of the sum of diameters from baseline, up to and including progression.

    Args:
        findings: Findings of n patients.

    Returns:
        (n,) percent; NaN without a measurement after baseline, and for failed patients.
    """
    change = percent_change(findings.sum_diameter_mm, findings.sum_diameter_mm[:, :1])
    last = np.where(np.isnan(findings.progression_day), np.inf, findings.progression_day)
    counts = (findings.visit_day <= last[:, None]) & ~np.isnan(change) & (findings.failure == 0)[:, None]
    counts[:, 0] = False
    lowest = np.where(counts, change, np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isinf(lowest), np.nan, lowest)


class _Identity:
    """The columns that say who a row is about."""

    def __init__(self, study: AdamStudy, findings: Findings) -> None:
        number = pl.Series("SUBJID", findings.patient).cast(TEXT).str.zfill(6)
        self.subject = number
        self.arm = findings.arm.astype(np.int64)
        self.treatment = pl.Series([arm.treatment for arm in study.arms], dtype=TEXT)
        self._study = study.study
        self._unique = (f"{study.study}-" + number).alias("USUBJID")
        self._codes = pl.Series(study.arm_codes(), dtype=TEXT)

    def columns(self, rows: Integers) -> dict[str, object]:
        """STUDYID, USUBJID and ARMCD of the patients in these rows of the batch."""
        return {
            "STUDYID": constant(self._study, rows.size),
            "USUBJID": self._unique.gather(rows),
            "ARMCD": self._codes.gather(self.arm[rows]),
        }


def _adsl(study: AdamStudy, batch: Batch, who: _Identity) -> pl.DataFrame:
    subjects, findings = batch.subjects, batch.findings
    patients = len(findings)
    failed = findings.failure != 0
    progressed = (findings.progression_day <= findings.last_contact_day) & ~failed
    died = np.where((findings.death_day <= findings.last_contact_day) & ~failed, findings.death_day, np.nan)
    biomarkers = {name: category(values) for name, values in subjects.biomarkers.items()}
    columns = {
        **who.columns(np.arange(patients)),
        "SUBJID": who.subject,
        "ARM": words([arm.name for arm in study.arms], who.arm),
        "TRT01P": who.treatment.gather(who.arm),
        "AGE": numbers(subjects.age_years),
        "AGEU": constant("YEARS", patients),
        "SEX": constant(subjects.sex, patients),
        "WEIGHTBL": numbers(subjects.weight_kg),
        "BSABL": numbers(subjects.surface_m2),
        "NLESION": pl.Series(subjects.lesions),
        "TRTEDY": days(np.where(failed, np.nan, findings.treatment_stop_day)),
        "DTHFL": words(["Y"], np.where(np.isnan(died), -1, 0)),
        "DTHDY": days(died),
        "CAUSEPD": words(findings.causes, np.where(progressed, findings.cause, -1)),
        "GENOPD": genotypes(
            np.where(progressed, findings.lead_genotype, -1), findings.alterations, WILD_TYPE
        ),
        "SITEPD": words(study.sites, np.where(progressed, findings.lead_site, -1)),
        "FAILFL": words(["N", "Y"], failed.astype(np.int64)),
        "FAILREAS": _failures(study, findings),
        **biomarkers,
    }
    extra = tuple(
        Column(name, f"{name} at Baseline"[:40], values.dtype) for name, values in biomarkers.items()
    )
    return _frame(TableLayout(ADSL.name, ADSL.label, ADSL.columns + extra), columns)


def _adtte(batch: Batch, who: _Identity) -> pl.DataFrame:
    """Rows run over patients first and endpoints within a patient."""
    endpoints = batch.endpoints
    reason = np.column_stack([endpoint.reason for endpoint in endpoints]).astype(np.int64)
    rows, which = np.nonzero(reason != Reason.NO_RESPONSE)

    def stacked(name: str) -> Floats:
        return np.column_stack([getattr(endpoint, name) for endpoint in endpoints])[rows, which].astype(
            np.float64
        )

    parameters = [endpoint.parameter for endpoint in endpoints]
    later = np.array([parameter == "DOR" for parameter in parameters])[which]
    start = np.where(later, batch.responses.first_day[rows], 0.0)
    time = stacked("time_days")
    columns = {
        **who.columns(rows),
        "TRTP": who.treatment.gather(who.arm[rows]),
        **_parameter(parameters, which),
        "AVAL": numbers(time / factor("month", "day")),
        "AVALU": constant("MONTHS", rows.size),
        "ADY": days(time + start),
        "CNSR": whole(np.where(np.isnan(time), np.nan, 1.0 - stacked("event"))),
        "EVNTDESC": words([REASONS[code] for code in Reason], reason[rows, which]),
        "LEFTDY": days(stacked("left_days") + start),
        "RIGHTDY": days(stacked("right_days") + start),
    }
    return _frame(ADTTE, columns)


def _adtr(batch: Batch, who: _Identity) -> pl.DataFrame:
    """Rows run over patients, then lesions, the sum and the best change, then visits."""
    findings = batch.findings
    patients, visits, lesions = findings.lesion_diameter_mm.shape
    value = np.empty((patients, lesions + 2, visits))
    value[:, :lesions] = findings.lesion_diameter_mm.transpose(0, 2, 1)
    value[:, lesions] = findings.sum_diameter_mm
    value[:, lesions + 1] = np.nan
    value[:, lesions + 1, 0] = best_change_percent(findings)
    value[findings.failure != 0] = np.nan
    rows, item, visit = np.nonzero(~np.isnan(value))
    aval = value[rows, item, visit]
    measured = item <= lesions
    base = np.where(measured, value[rows, item, 0], np.nan)
    later = np.where(visit > 0, base, np.nan)
    kind = np.where(item < lesions, _LESION, np.where(measured, _SUM, _BEST))
    columns = {
        **who.columns(rows),
        **_parameter(["LDIAM", "SUMDIAM", "BESTPCHG"], kind),
        "TRLNKID": words(
            [f"L{index + 1:02d}" for index in range(lesions)], np.where(item < lesions, item, -1)
        ),
        "AVISITN": whole(np.where(measured, visit, np.nan)),
        "ADY": days(np.where(measured, findings.visit_day[rows, visit], np.nan)),
        "AVAL": rounded(aval),
        "BASE": rounded(base),
        "CHG": rounded(aval - later),
        "PCHG": rounded(percent_change(aval, later)),
        "ABLFL": words(["Y"], np.where(measured & (visit == 0), 0, -1)),
    }
    return _frame(ADTR, columns)


def _adrs(batch: Batch, who: _Identity) -> pl.DataFrame:
    """Rows run over patients, then visits; the best overall response comes last."""
    findings = batch.findings
    failed = findings.failure != 0
    code = np.column_stack((findings.response, batch.responses.best)).astype(np.int64)
    code[failed] = -1
    shown = code >= 0
    shown[:, 0] = False
    shown[:, -1] = True
    rows, visit = np.nonzero(shown)
    best = visit == findings.response.shape[1]
    day = np.where(best, np.nan, findings.visit_day[rows, np.where(best, 0, visit)])
    columns = {
        **who.columns(rows),
        **_parameter(["OVRLRESP", "BOR"], best.astype(np.int64)),
        "AVISITN": whole(np.where(best, np.nan, visit)),
        "ADY": days(day),
        "AVALC": words(_RESPONSES, code[rows, visit]),
    }
    return _frame(ADRS, columns)


def _parameter(codes: Sequence[str], which: Integers) -> dict[str, object]:
    return {"PARAMCD": words(codes, which), "PARAM": words([PARAMETERS[code] for code in codes], which)}


def _failures(study: AdamStudy, findings: Findings) -> pl.Series:
    codes, which = np.unique(findings.failure, return_inverse=True)
    reasons = [study.failures.get(int(code), f"code {code}") for code in codes]
    return words(reasons, np.where(findings.failure != 0, which, -1))


def _frame(layout: TableLayout, columns: Mapping[str, object]) -> pl.DataFrame:
    schema = {column.name: column.type for column in layout.columns}
    return pl.DataFrame({name: columns[name] for name in schema}).cast(pl.Schema(schema))
