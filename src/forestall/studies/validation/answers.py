"""Every comparison with what was published, what Forestall says of it and what each simple rule says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forestall.errors import InputError
from forestall.statistics.estimate import normal_quantile
from forestall.studies.analysis import Outcomes
from forestall.studies.validation.derivation import Question, TrialPlan, questions
from forestall.studies.validation.evidence import ENDPOINTS, Evidence, read_evidence
from forestall.studies.validation.rows import ComparisonRow
from forestall.studies.validation.rules import RULES, Answer, Book, change_of
from forestall.studies.validation.simulated import ArmOutcome, Simulated, arm_outcomes, compare, run_plan
from forestall.studies.validation.singles import kind_of

Progress = Callable[[str, int, int], None]
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
        value = self.simulated.hr.value if self.simulated else math.nan
        return value if math.isfinite(value) and value > 0 else None

    def expects_success(self, method: str) -> bool | None:
        """Whether a trial of this size at the predicted ratio shows a benefit; None if its size is not known."""
        hr = self.predicted(method)
        error = self.simulated.error if method == FORESTALL and self.simulated else self.error
        if hr is None or error is None:
            return None
        return math.log(hr) + normal_quantile(_TWO_SIDED) * error < 0


@dataclass(frozen=True)
class Validation:
    """All that a validation found."""

    evidence: Evidence
    questions: tuple[Question, ...]
    compared: tuple[Compared, ...]
    arms: tuple[ArmOutcome, ...]
    seed: int
    patients: int
    """Per simulated arm; 0 if nothing was simulated."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Trials that could not be run, and why."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Forestall, if it ran, and the rules."""
        return (*((FORESTALL,) if self.patients else ()), *RULES)


def validate(
    folder: Path,
    *,
    trials: Path | None = None,
    patients: int = 0,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Predict every comparison of evidence tables.

    Args:
        folder: Of the tables.
        trials: A folder of trial files that replace the derivation.
        patients: Per simulated arm; 0 to apply the rules alone.
        seed: Seed of the virtual patients.
        workers: Threads; one per processor if None.
        progress: Called with a stage, how much of it is done and how much there is.

    Raises:
        InputError: if a table or a file is missing or cannot be read.
    """
    evidence = read_evidence(folder)
    asked = questions(evidence, trials, max(patients, 1))
    ran, failures = _run_all(asked, patients, seed, workers, progress) if patients else ({}, {})
    book = Book(evidence, asked)
    compared = [_compared(evidence, book, one, ran) for one in asked if one.in_scope]
    return Validation(
        evidence=evidence,
        questions=tuple(asked),
        compared=tuple(compared),
        arms=tuple(_arms(evidence, asked, ran)),
        seed=seed,
        patients=patients,
        failures=failures,
    )


Runs = dict[tuple[str, str], Outcomes]


def _plans(asked: list[Question]) -> dict[tuple[str, str], TrialPlan]:
    return {(one.plan.trial, one.plan.subgroup): one.plan for one in asked if one.plan}


def _run_all(
    asked: list[Question], patients: int, seed: int, workers: int | None, progress: Progress | None
) -> tuple[Runs, dict[str, str]]:
    """Every plan once; one that cannot be run is named and does not end the others."""
    ran: Runs = {}
    failures: dict[str, str] = {}
    plans = _plans(asked)
    for number, (key, plan) in enumerate(plans.items()):
        if progress:
            progress("running trials", number, len(plans))
        try:
            ran[key] = run_plan(plan, seed=seed, patients=patients, workers=workers)
        except InputError as error:
            failures[" ".join(key)] = str(error)
    return ran, failures


def _compared(evidence: Evidence, book: Book, question: Question, ran: Runs) -> Compared:
    sizes = _sizes(evidence, question.row)
    plan = question.plan
    outcomes = ran.get((plan.trial, plan.subgroup)) if plan else None
    simulated = compare(question, plan, outcomes, sizes) if plan and outcomes else None
    return Compared(
        question=question,
        rules={name: rule(book, question) for name, rule in RULES.items()},
        simulated=simulated,
        groups=_groups(evidence, question),
        error=_usual_error(sizes),
    )


def _sizes(evidence: Evidence, row: ComparisonRow) -> tuple[int | None, int | None]:
    """Patients of both arms, from the comparison or else from the arms' rows."""
    found = []
    for given, arm in ((row.n_experimental, row.experimental), (row.n_control, row.control)):
        rows = evidence.arm_rows(row.trial, arm)
        known = [one.n for one in rows if one.n and one.subgroup.name == row.subgroup.name]
        found.append(given or max(known, default=None))
    return found[0], found[1]


def _usual_error(sizes: tuple[int | None, int | None]) -> float | None:
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
        "population": "all" if question.row.subgroup.name == "all" else "subgroup",
    }


def _arms(evidence: Evidence, asked: list[Question], ran: Runs) -> list[ArmOutcome]:
    found = []
    for key, plan in _plans(asked).items():
        if key in ran:
            controls = {one.row.control for one in asked if one.plan is plan}
            found.extend(arm_outcomes(evidence, plan, ran[key], controls))
    return found
