"""Trials to simulate, derived from evidence tables: population, regimens, visits and follow-up, each with the rule that gave it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from forestall.errors import InputError
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.evidence import plain_name
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.trials import TrialSpec, load_trial
from forestall.studies.validation.brain_share import say_brain_share, say_stable_share
from forestall.studies.validation.derived import Derived, Step
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.exceptions import TrialOverride
from forestall.studies.validation.population import derive_population, is_metastatic
from forestall.studies.validation.rows import ENDPOINTS, ComparisonRow, TrialRow, first_scan_interval
from forestall.studies.validation.simulated_arms import simulated_arms, treatment_of
from forestall.studies.validation.treatments import (
    InexpressibleError,
    Treatment,
    suppresses_ovaries,
    without_effect,
)

NO_RATIO: Final = "no hazard ratio is published"
"""Why a comparison is not scored; its arms are predicted."""
_USUAL_SCAN_WEEKS: Final = 8
_FOLLOW_UP_MONTHS: Final = (12, 84)
_AFTER_MENOPAUSE: Final = {
    "aromatase_inhibitor": "aromatase inhibitors",
    "serd": "degraders of the estrogen receptor",
}
"""Classes of drugs whose patients' ovaries do not work, or are made to rest; for degraders, which compete with estradiol, assumed."""
FOLLOW_UP_PER_MEDIAN: Final[Mapping[str, float]] = {"PFS": 2.0, "OS": 1.5}
"""By endpoint: for how many times the longest median a trial is followed; assumed."""
_UNKNOWN_FOLLOW_UP_MONTHS: Final = 36
_DAYS_PER_WEEK: Final = 7
DAYS_PER_MONTH: Final = 30.4375


@dataclass(frozen=True)
class TrialPlan:
    """A trial, or a subgroup of one, that can be simulated."""

    trial: str
    subgroup: str
    spec: TrialSpec
    source: Mapping[str, Any]
    """The trial in the words of a trial file."""
    arms: Mapping[str, tuple[int, ...]]
    """Simulated arms (positions in the specification) that together are each published arm."""
    endpoints: tuple[str, ...]
    """PFS, OS: what is asked of it, and what follow-up is long enough for."""
    steps: tuple[Step, ...]
    stand_ins: tuple[str, ...] = ()
    """Drugs that others stand for, and choices whose drugs are assumed."""


@dataclass(frozen=True)
class Question:
    """One published comparison, and what is known of it."""

    row: ComparisonRow
    experimental: Treatment | None
    control: Treatment | None
    plan: TrialPlan | None
    reason: str
    """Why it cannot be simulated, or has nothing to be compared with; empty if neither."""
    in_scope: bool
    """Metastatic breast cancer with a verified hazard ratio of an endpoint that is predicted: what the simple rules answer."""

    @property
    def name(self) -> str:
        """Trial, subgroup and arms in one line."""
        subgroup = "" if self.row.subgroup.name == "all" else f" ({self.row.subgroup.name})"
        return f"{self.row.trial}{subgroup}: {self.row.experimental} against {self.row.control}"


def questions(evidence: Evidence, trials: Path | None = None, patients: int = 1000) -> list[Question]:
    """Every comparison with an endpoint that is predicted, and how it is simulated or why it is not.

    Args:
        evidence: The tables.
        trials: A folder of trial files that replace the derivation of trials of the same name and arms.
        patients: Per simulated arm.
    """
    written = _written(trials)
    plans: dict[tuple[str, str], TrialPlan | str] = {}

    def plan_of(row: ComparisonRow) -> TrialPlan | str:
        key = (row.trial, row.subgroup.name)
        if key not in plans:
            plans[key] = plan_or_reason(evidence, row, written, patients)
        return plans[key]

    return [_question(evidence, row, plan_of) for row in evidence.comparisons]


def _question(
    evidence: Evidence, row: ComparisonRow, plan_of: Callable[[ComparisonRow], TrialPlan | str]
) -> Question:
    out_of_scope = _out_of_scope(evidence, row)
    try:
        experimental = treatment_of(evidence, row, row.experimental)
        control = treatment_of(evidence, row, row.control)
    except InexpressibleError as error:
        return Question(row, None, None, None, out_of_scope or str(error), not out_of_scope)
    if out_of_scope and out_of_scope != NO_RATIO:
        return Question(row, experimental, control, None, out_of_scope, False)
    if reason := _not_modeled(experimental, control):
        return Question(row, experimental, control, None, reason, not out_of_scope)
    plan = plan_of(row)
    reason = plan if isinstance(plan, str) else _not_in(plan, row)
    usable = plan if isinstance(plan, TrialPlan) and not reason else None
    return Question(row, experimental, control, usable, reason or out_of_scope, not out_of_scope)


def _not_modeled(experimental: Treatment, control: Treatment) -> str:
    """Why the difference of the arms is not one that the model could show; empty if it is."""
    inert = without_effect(experimental) ^ without_effect(control)
    if inert:
        return f"the model has no effect of {', '.join(sorted(inert))}, and the arms differ in it"
    if suppresses_ovaries(experimental) != suppresses_ovaries(control):
        return "the ovaries are suppressed in one arm only"
    return ""


def _out_of_scope(evidence: Evidence, row: ComparisonRow) -> str:
    """Why nothing is said of a comparison, neither by simulation nor by a rule; empty if something is."""
    trial = evidence.trials.get(row.trial)
    reasons = (
        (
            bool(evidence.overrides.of(row.trial).exclude),
            f"excluded: {evidence.overrides.of(row.trial).exclude}",
        ),
        (trial is None, evidence.unusable_trials.get(row.trial, "trials.csv has no such trial")),
        (trial is not None and trial.disease != "breast", f"not breast cancer: {trial and trial.disease}"),
        (
            trial is not None and not is_metastatic(trial),
            f"not yet expressible: {trial and trial.setting}",
        ),
        (row.endpoint not in ENDPOINTS, f"endpoint not predicted: {row.endpoint}"),
        (row.hr is None, NO_RATIO),
    )
    return next((reason for applies, reason in reasons if applies), "")


def plan_or_reason(
    evidence: Evidence, row: ComparisonRow, written: Mapping[str, Path], patients: int
) -> TrialPlan | str:
    """How the trial of a comparison is simulated, or why it is not.

    Args:
        evidence: The tables.
        row: The comparison.
        written: Trial files that replace the derivation, by plain name.
        patients: Per simulated arm.
    """
    try:
        return _plan(evidence, row, written, patients)
    except InexpressibleError as error:
        return str(error)
    except (InputError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        return f"the trial cannot be written: {first}"


def _not_in(plan: TrialPlan, row: ComparisonRow) -> str:
    missing = [name for name in (row.experimental, row.control) if name not in plan.arms]
    if missing:
        reasons = {step.field: step.value for step in plan.steps}
        return reasons.get(f"arms.{missing[0]}", f"the trial has no arm '{missing[0]}'")
    regimens = [regimen.text() for regimen in plan.spec.regimens.values()]
    texts = [{regimens[place] for place in plan.arms[name]} for name in (row.experimental, row.control)]
    if texts[0] == texts[1]:
        return "both arms get the same regimen by the rules; give their doses in overrides.yaml"
    return ""


def _written(folder: Path | None) -> dict[str, Path]:
    """Trial files of a folder by plain name."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError("there is no such folder", field="trials", value=str(folder), fix="check --trials")
    return {plain_name(load_trial(path).trial): path for path in sorted(folder.glob("*.y*ml"))}


def _plan(evidence: Evidence, row: ComparisonRow, written: Mapping[str, Path], patients: int) -> TrialPlan:
    trial, subgroup = evidence.trials[row.trial], row.subgroup.name
    if subgroup == "all" and (path := written.get(plain_name(trial.trial))) is not None:
        spec = load_trial(path)
        arms = {name: (place,) for place, name in enumerate(spec.arms)}
        given = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        only = (Step("trial", path.name, "--trials"),)
        return TrialPlan(trial.trial, subgroup, spec, given, arms, _asked(evidence, row), only)
    override = evidence.overrides.of(trial.trial)
    population = derive_population(trial, subgroup)
    if subgroup == "all":
        say_brain_share(evidence, trial.trial, population)
    say_stable_share(evidence, trial.trial, population)
    _apply(override.population, population.fields, population.steps)
    if suppresses_ovaries(treatment_of(evidence, row, row.control)):
        population.say("menopause", "post", "the ovaries are suppressed")
    simulated = simulated_arms(evidence, row, override)
    if "menopause" not in override.population:
        _after_menopause(population, simulated.regimens.values())
    visits, visit_step = _visits(trial, override)
    endpoints = _asked(evidence, row)
    follow_up, follow_step = _follow_up(evidence, row, endpoints, override)
    source: dict[str, Any] = {
        "trial": _safe_name(trial.trial),
        "population": population.fields,
        "arms": simulated.regimens,
        "patients": patients * len(simulated.regimens),
        "visits": visits,
        "endpoints": ["PFS", "OS", "ORR"],
        "follow_up": follow_up,
    }
    all_steps = [*population.steps, *simulated.steps, visit_step, follow_step]
    if "OS" not in endpoints:
        source["after_progression"] = "no treatment"
        all_steps.append(
            Step("after_progression", "no treatment", "survival is not asked, and progression ends the rest")
        )
    spec = TrialSpec.model_validate(source)
    steps = tuple(all_steps)
    return TrialPlan(
        trial.trial, subgroup, spec, source, simulated.members, endpoints, steps, simulated.stand_ins
    )


def _after_menopause(population: Derived, regimens: Iterable[str]) -> None:
    """Where ovaries that work would undo what an arm's drugs do, they are at rest."""
    drugs = {drug for text in regimens for drug in parse_regimen(text).drugs}
    classes = {str(load_drugs()[drug].drug_class) for drug in drugs}
    given = next((words for name, words in _AFTER_MENOPAUSE.items() if name in classes), None)
    if given is not None and population.fields.get("menopause") != "post":
        population.say("menopause", "post", f"{given} are given after menopause, natural or induced")


def _apply(given: Mapping[str, Any], fields: dict[str, Any], steps: list[Step]) -> None:
    for name, value in given.items():
        fields.pop(name, None)
        if value is not None:
            fields[name] = value
        steps.append(Step(f"population.{name}", str(value), "overrides.yaml"))


def _visits(trial: TrialRow, override: TrialOverride) -> tuple[str, Step]:
    text = trial.scan_interval_weeks
    if override.visits:
        return override.visits, Step("visits", override.visits, "overrides.yaml")
    if phases := re.fullmatch(r"(\d+) \(first (\d+) wk\) then (\d+)", text):
        visits = f"every {phases[1]} weeks until {phases[2]} weeks, then every {phases[3]} weeks"
        return visits, Step("visits", visits, f"scan_interval_weeks '{text}'")
    if first := first_scan_interval(text):
        visits = f"every {first} weeks"
        rule = f"scan_interval_weeks '{text}'" + (
            "" if text in (f"{first}", f"{first}.0") else ": the first interval throughout, in whole weeks"
        )
        return visits, Step("visits", visits, rule)
    visits = f"every {_USUAL_SCAN_WEEKS} weeks"
    return visits, Step("visits", visits, f"scan_interval_weeks '{text}': assumed")


def first_scan_months(trial: TrialRow) -> float:
    """Time to the first scan, months."""
    weeks = first_scan_interval(trial.scan_interval_weeks) or _USUAL_SCAN_WEEKS
    return weeks * _DAYS_PER_WEEK / DAYS_PER_MONTH


def _asked(evidence: Evidence, row: ComparisonRow) -> tuple[str, ...]:
    """Endpoints of the comparisons of this subgroup."""
    same = [
        one
        for one in evidence.comparisons
        if (one.trial, one.subgroup.name) == (row.trial, row.subgroup.name)
    ]
    with_ratio = [one for one in same if one.hr is not None and one.endpoint in ENDPOINTS]
    asked = {ENDPOINTS[one.endpoint] for one in with_ratio or same if one.endpoint in ENDPOINTS}
    return tuple(endpoint for endpoint in ("PFS", "OS") if endpoint in asked)


def _follow_up(
    evidence: Evidence, row: ComparisonRow, endpoints: tuple[str, ...], override: TrialOverride
) -> tuple[str, Step]:
    """As long as the endpoints that are asked need, and no longer: it is what the time of a run depends on."""
    if override.follow_up:
        return override.follow_up, Step("follow_up", override.follow_up, "overrides.yaml")
    low, high = _FOLLOW_UP_MONTHS
    needed, parts = 0.0, []
    for endpoint in endpoints:
        longest = _longest(evidence, row.trial, endpoint)
        needed = max(needed, FOLLOW_UP_PER_MEDIAN[endpoint] * longest)
        if longest:
            parts.append(
                f"{FOLLOW_UP_PER_MEDIAN[endpoint]:g} times the longest {endpoint} in arms.csv ({longest:g} months)"
            )
    months = min(high, max(low, math.ceil(needed or _UNKNOWN_FOLLOW_UP_MONTHS)))
    rule = f"{' or '.join(parts)}, {low} to {high}" if parts else "arms.csv gives no time: assumed"
    return f"{months} months", Step("follow_up", f"{months} months", rule)


def _longest(evidence: Evidence, trial: str, endpoint: str) -> float:
    """The longest median or landmark of an endpoint in a trial, months; 0 if there is none."""
    rows = (one for one in evidence.arms if one.trial == trial and ENDPOINTS.get(one.endpoint) == endpoint)
    return max((one.median or one.rate_months or 0.0 for one in rows), default=0.0)


def _safe_name(trial: str) -> str:
    words = re.sub(r"[^\w .+-]+", " ", trial)
    return " ".join(words.split())[:60].strip() or "trial"
