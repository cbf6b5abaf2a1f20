"""Trials that no row of comparisons.csv is about, single arms and others, as far as they can inform a calibration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from forestall.studies.validation.derivation import NO_RATIO, Question, TrialPlan, plan_or_reason
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.population import is_metastatic
from forestall.studies.validation.rows import ENDPOINTS, ComparisonRow, Subgroup, is_sequence

_OTHER_PATIENTS: Final = re.compile(r"\bcohort\b|\bafter\b|\bER[+-]|\bHER2[+-]", re.IGNORECASE)
"""In the name of an arm: its patients are not those that trials.csv describes."""


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


def _of_trial(evidence: Evidence, trial: str, patients: int) -> list[Question]:
    """The arms that can be simulated and are told apart, each with the plan of them all."""
    rows = [_as_row(trial, arm) for arm in _arms(evidence, trial)]
    plan = _plan(evidence, rows, patients)
    told = _told_apart(plan) if plan is not None else []
    rows = [row for row in rows if row.experimental in told]
    if plan is not None and len(told) < len(plan.arms):
        plan = _plan(evidence, rows, patients)
    return [] if plan is None else [Question(row, None, None, plan, NO_RATIO, False) for row in rows]


def _told_apart(plan: TrialPlan) -> list[str]:
    """The arms that no other arm is simulated like."""
    texts = [regimen.text() for regimen in plan.spec.regimens.values()]
    given = {name: tuple(texts[place] for place in places) for name, places in plan.arms.items()}
    return [name for name, regimens in given.items() if [*given.values()].count(regimens) == 1]


def _arms(evidence: Evidence, trial: str) -> list[str]:
    """Arms of a trial with a published time to progression or response rate in everyone."""
    names = [
        row.arm
        for row in evidence.arms
        if row.trial == trial and row.subgroup.name == "all" and _is_outcome(row.endpoint)
    ]
    return [
        name for name in dict.fromkeys(names) if not _OTHER_PATIENTS.search(name) and not is_sequence(name)
    ]


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


def _plan(evidence: Evidence, rows: Sequence[ComparisonRow], patients: int) -> TrialPlan | None:
    """The plan of all arms of these rows that can be simulated, the same for each of them; None if there is none without a stand-in."""
    only = replace(evidence, comparisons=tuple(rows))
    plans = (plan_or_reason(only, row, {}, patients) for row in rows)
    plan = next((one for one in plans if isinstance(one, TrialPlan)), None)
    return None if plan is None or plan.stand_ins else plan
