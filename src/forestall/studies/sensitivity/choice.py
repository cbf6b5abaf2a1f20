"""The trial and the arms that a sensitivity analysis is about."""

from __future__ import annotations

from pathlib import Path

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.evidence import plain_name
from forestall.studies.sensitivity.quantities import Contrast
from forestall.studies.trial import Trial
from forestall.studies.validation.derivation import TrialPlan, questions
from forestall.studies.validation.evidence import read_evidence
from forestall.studies.validation.rows import ENDPOINTS


def chosen_trial(name: str, evidence: Path | None = None) -> tuple[TrialPlan, Contrast]:
    """A trial of the catalog or a file, or one derived from evidence tables.

    Args:
        name: Of the trial, or the path of its file.
        evidence: Folder of the tables that it stands in; None for the catalog or a file.

    Returns:
        The trial and its first comparison, of progression-free survival where it has one.

    Raises:
        InputError: if there is no such trial, it cannot be simulated, or it has one arm only.
    """
    return _of_catalog(name) if evidence is None else _of_tables(name, evidence)


def _of_tables(name: str, folder: Path) -> tuple[TrialPlan, Contrast]:
    asked = questions(read_evidence(folder))
    named = [one for one in asked if plain_name(one.row.trial) == plain_name(name)]
    if not named:
        fix = did_you_mean(name, sorted({one.row.trial for one in asked}))
        raise InputError("the tables compare no arms of such a trial", value=name, fix=fix)
    ready = [(one, one.plan) for one in named if one.plan is not None]
    if not ready:
        raise InputError(f"the trial cannot be simulated: {named[0].reason}", value=name)
    question, plan = min(
        ready, key=lambda pair: (pair[1].subgroup != "all", ENDPOINTS[pair[0].row.endpoint] != "PFS")
    )
    row = question.row
    return plan, Contrast(row.experimental, row.control, ENDPOINTS[row.endpoint])


def _of_catalog(name: str) -> tuple[TrialPlan, Contrast]:
    trial = Trial.load(name)
    spec = trial.spec
    others = [arm for arm in spec.arms if arm != spec.control_arm]
    if not others:
        raise InputError("a trial of one arm has no hazard ratio", value=name)
    arms = {arm: (place,) for place, arm in enumerate(spec.arms)}
    source = dict(trial.source) | {"after_progression": "no treatment"}
    plan = TrialPlan(spec.trial, "all", Trial.of(source).spec, source, arms, ("PFS",), ())
    return plan, Contrast(others[0], spec.control_arm, "PFS")
