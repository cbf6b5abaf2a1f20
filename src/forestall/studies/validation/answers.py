"""Every comparison with what was published, what Forestall says of it and what each simple rule says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forestall.statistics.estimate import normal_quantile
from forestall.studies.progress import Progress
from forestall.studies.validation.arm_outcomes import ArmOutcome, arm_outcomes
from forestall.studies.validation.curves import CurveDistance, curve_distances, read_curves
from forestall.studies.validation.derivation import Question, TrialPlan, questions
from forestall.studies.validation.ensemble import Parameters, parameters_for
from forestall.studies.validation.evidence import Evidence, read_evidence
from forestall.studies.validation.rows import ENDPOINTS, ComparisonRow
from forestall.studies.validation.rules import RULES, Answer, Book, change_of
from forestall.studies.validation.samples import Sample
from forestall.studies.validation.shards import Key, Size, run_shards
from forestall.studies.validation.simulated import Simulated, Sizes, compare
from forestall.studies.validation.singles import kind_of
from forestall.studies.validation.treatments import class_of

FORESTALL: Final = "Forestall"
_EVENT_SHARE: Final = 0.7
"""Assumed share of patients with an event where a rule says nothing of it; it sets the size of a success."""
_TWO_SIDED: Final = 0.95


@dataclass(frozen=True)
class Compared:
    """One comparison, answered."""

    question: Question
    rules: Mapping[str, Answer]
    simulated: Simulated | None
    groups: Mapping[str, str]
    """What it is scored with: endpoint, patients, line, change, population."""
    error: float | None
    """Standard error of the log ratio of a trial of this size, for the rules."""

    @property
    def published(self) -> float:
        """The published hazard ratio."""
        hr = self.question.row.hr
        assert hr is not None
        return hr

    @property
    def succeeded(self) -> bool | None:
        """Whether the trial showed a benefit at the 5% level; None if neither an interval nor a P value says."""
        return _succeeded(self.question.row)

    def predicted(self, method: str) -> float | None:
        """The hazard ratio by Forestall or a rule."""
        if method != FORESTALL:
            return self.rules[method].hr
        value = self.simulated.hr if self.simulated else math.nan
        return value if math.isfinite(value) and value > 0 else None

    def expects_success(self, method: str) -> bool | None:
        """Whether a trial of this size at the predicted ratio shows a benefit; None if its size is not known."""
        hr = self.predicted(method)
        error = self.simulated.trial_error if method == FORESTALL and self.simulated else self.error
        if hr is None or error is None:
            return None
        return math.log(hr) + normal_quantile(_TWO_SIDED) * error < 0


@dataclass(frozen=True, eq=False)
class Validation:
    """All that a validation found; compared by identity, so that what is counted from it is counted once."""

    evidence: Evidence
    questions: tuple[Question, ...]
    compared: tuple[Compared, ...]
    arms: tuple[ArmOutcome, ...]
    curves: tuple[CurveDistance, ...]
    size: Size
    """Patients are 0 if nothing was simulated."""
    parameters: str
    """Where the parameter sets come from, in words."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Trials that could not be run, and why."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Forestall, if it ran, and the rules."""
        return (*((FORESTALL,) if self.size.patients else ()), *RULES)


def validate(
    folder: Path,
    *,
    trials: Path | None = None,
    curves: Path | None = None,
    parameters: str | None = None,
    size: Size | None = None,
    shards: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Predict every comparison of evidence tables.

    Args:
        folder: Of the tables.
        trials: A folder of trial files that replace the derivation.
        curves: A folder of published curves, patient by patient.
        parameters: "literature", or the name or path of an ensemble; the shipped one if None.
        size: What to simulate; None to apply the rules alone.
        shards: Where finished shards are kept and found again; needed with `size`.
        workers: Threads; one per processor if None.
        progress: Called with a stage, how much of it is done and how much there is.

    Raises:
        InputError: if a table or a file is missing or cannot be read.
        StudyError: if the folder of shards cannot be written.
    """
    evidence = read_evidence(folder)
    published = read_curves(curves) if curves else None
    sets = parameters_for(parameters)
    asked = questions(evidence, trials, max(size.patients, 1) if size else 1)
    ran: dict[Key, Sample] = {}
    failures: dict[str, str] = {}
    if size and shards:
        ran, failures = run_shards(_plans(asked), sets, size, shards, workers=workers, progress=progress)
    book = Book(evidence, asked)
    return Validation(
        evidence=evidence,
        questions=tuple(asked),
        compared=tuple(_compared(evidence, book, one, ran, sets) for one in asked if one.in_scope),
        arms=tuple(_arms(evidence, asked, ran, sets)),
        curves=tuple(curve_distances(evidence, _plans(asked), ran, published)) if published else (),
        size=size or Size(0, 0, 0),
        parameters=sets.name,
        failures=failures,
    )


def _plans(asked: list[Question]) -> dict[Key, TrialPlan]:
    return {(one.plan.trial, one.plan.subgroup): one.plan for one in asked if one.plan}


def _compared(
    evidence: Evidence, book: Book, question: Question, ran: Mapping[Key, Sample], parameters: Parameters
) -> Compared:
    sizes = _sizes(evidence, question.row)
    plan = question.plan
    sample = ran.get((plan.trial, plan.subgroup)) if plan else None
    discrepancy = parameters.discrepancy(ENDPOINTS[question.row.endpoint], "hazard_ratio")
    return Compared(
        question=question,
        rules={name: rule(book, question) for name, rule in RULES.items()},
        simulated=compare(question, sample, sizes, discrepancy) if sample else None,
        groups=_groups(evidence, question) | {"calibration": parameters.role(question.row.trial)},
        error=question.row.standard_error or _usual_error(sizes),
    )


def _sizes(evidence: Evidence, row: ComparisonRow) -> Sizes:
    """Patients of both arms, from the comparison or else from the arms' rows."""
    found = []
    for given, arm in ((row.n_experimental, row.experimental), (row.n_control, row.control)):
        rows = evidence.arm_rows(row.trial, arm)
        known = [one.n for one in rows if one.n and one.subgroup.name == row.subgroup.name]
        found.append(given or max(known, default=None))
    return found[0], found[1]


def _usual_error(sizes: Sizes) -> float | None:
    if not sizes[0] or not sizes[1]:
        return None
    return math.sqrt(sum(1 / (_EVENT_SHARE * size) for size in sizes if size))


def _succeeded(row: ComparisonRow) -> bool | None:
    if row.hr is None:
        return None
    if row.interval is not None:
        return row.interval[1] < 1
    return row.hr < 1 and row.p < 0.05 if row.p is not None else None


def _groups(evidence: Evidence, question: Question) -> dict[str, str]:
    kind, change = kind_of(evidence.trials[question.row.trial]), change_of(question)
    patients = "unknown" if kind is None else f"HER2 {kind.her2}, ER {kind.estrogen_receptor}"
    added = change is not None and not change.removed
    return {
        "endpoint": "PFS or TTP" if ENDPOINTS[question.row.endpoint] == "PFS" else "OS",
        "patients": patients,
        "line": "unknown" if kind is None else "first" if kind.first_line else "later",
        "change": "drugs added" if added else "other",
        "added class": _added_class(question),
        "drugs": "own"
        if question.plan is None or not question.plan.stand_ins
        else "representative or assumed",
        "population": "all" if question.row.subgroup.name == "all" else "subgroup",
    }


def _added_class(question: Question) -> str:
    """Classes of what the experimental arm has more."""
    change = change_of(question)
    if change is None or not change.added:
        return "none"
    names = [class_of(drug).replace("_", " ") for drug in sorted(change.added)]
    return " + ".join(dict.fromkeys(names))


def _arms(
    evidence: Evidence, asked: list[Question], ran: Mapping[Key, Sample], parameters: Parameters
) -> list[ArmOutcome]:
    found = []
    for key, plan in _plans(asked).items():
        if key in ran:
            controls = {one.row.control for one in asked if one.plan is plan}
            found.extend(arm_outcomes(evidence, plan, ran[key], controls, parameters))
    return found
