"""Trials that no row of comparisons.csv is about, single arms and others, as far as they can inform a calibration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from forestall.studies.validation.derivation import NO_RATIO, Question, TrialPlan, plan_or_reason
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.population import is_metastatic
from forestall.studies.validation.rows import ENDPOINTS, ComparisonRow, Subgroup

_OTHER_PATIENTS: Final = re.compile(r"\bcohort\b|\bafter\b|\bthen\b|\bER[+-]|\bHER2[+-]", re.IGNORECASE)
"""In the name of an arm: its patients are not those that trials.csv describes, or it is a sequence of treatments."""
_SEQUENCE: Final = re.compile(r"\bthen\b", re.IGNORECASE)


def unpaired(evidence: Evidence, asked: Iterable[Question], patients: int = 1000) -> list[Question]:
    """The arms of each trial that no question is about, as questions without a ratio.

    Args:
        evidence: The tables.
        asked: Every question that comparisons.csv asks.
        patients: Per simulated arm.

    Notes:
        Left out are trials that cannot be simulated, or not without a drug that stands for another or a choice that is assumed, arms
        with other patients than the trial's row describes, and arms that would be simulated alike although they are told apart.
    """
    compared = {question.row.trial for question in asked}
    found = []
    for trial in evidence.trials.values():
        if trial.trial in compared or trial.disease != "breast" or not is_metastatic(trial):
            continue
        found += _of_trial(evidence, trial.trial, patients)
    return found


def is_sequence(question: Question) -> bool:
    """Whether an arm of a comparison is one treatment after another, which runs beyond the first progression."""
    return bool(_SEQUENCE.search(f"{question.row.experimental} | {question.row.control}"))


def _of_trial(evidence: Evidence, trial: str, patients: int) -> list[Question]:
    """The arms that can be simulated and are told apart, each with the plan of them all."""
    rows = [_as_row(trial, arm) for arm in _arms(evidence, trial)]
    plans = [plan for _, plan in _planned(evidence, rows, patients)]
    if not plans:
        return []
    texts = [regimen.text() for regimen in plans[0].spec.regimens.values()]
    given = {name: tuple(texts[place] for place in places) for name, places in plans[0].arms.items()}
    apart = [row for row in rows if [*given.values()].count(given.get(row.experimental, ())) == 1]
    return [
        Question(row, None, None, plan, NO_RATIO, False) for row, plan in _planned(evidence, apart, patients)
    ]


def _arms(evidence: Evidence, trial: str) -> list[str]:
    """Arms of a trial with a published time to progression or response rate in everyone."""
    names = [
        row.arm
        for row in evidence.arms
        if row.trial == trial and row.subgroup.name == "all" and _is_outcome(row.endpoint)
    ]
    return [name for name in dict.fromkeys(names) if not _OTHER_PATIENTS.search(name)]


def _is_outcome(endpoint: str) -> bool:
    return endpoint == "ORR" or ENDPOINTS.get(endpoint) == "PFS"


def _as_row(trial: str, arm: str) -> ComparisonRow:
    """An arm beside itself, which is what the derivation of a trial asks for."""
    return ComparisonRow(
        source_line=0,
        trial=trial,
        endpoint="PFS",
        subgroup=Subgroup("all", ""),
        experimental=arm,
        control=arm,
        hr=None,
        interval=None,
        level=0.95,
        p=None,
        n_experimental=None,
        n_control=None,
        preferred="",
        assessor="",
    )


def _planned(
    evidence: Evidence, rows: Sequence[ComparisonRow], patients: int
) -> Iterator[tuple[ComparisonRow, TrialPlan]]:
    """Each arm that can be simulated as what it is, with the plan of its trial."""
    only = replace(evidence, comparisons=tuple(rows))
    for row in rows:
        plan = plan_or_reason(only, row, {}, patients)
        if isinstance(plan, TrialPlan) and not plan.stand_ins:
            yield row, plan
