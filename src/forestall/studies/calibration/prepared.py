"""What a calibration knows before, while and after it runs: trials, published numbers, unknowns, what was simulated and learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from forestall.errors import StudyError
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet
from forestall.studies.calibration.curves import read_curves
from forestall.studies.calibration.emulator import Emulators
from forestall.studies.calibration.observations import Observation, observations
from forestall.studies.calibration.predictions import Predictor
from forestall.studies.calibration.shards import Design, Endpoint, Shard, design
from forestall.studies.calibration.spec import CalibrationSpec, Unknown, numbers, unknowns
from forestall.studies.validation.derivation import Question, questions
from forestall.studies.validation.evidence import Evidence, read_evidence
from forestall.studies.validation.rows import ComparisonRow, is_sequence
from forestall.studies.validation.unpaired import unpaired

Array = NDArray[np.float64]


@dataclass
class Calibration:
    """A calibration in progress, and when it is done."""

    spec: CalibrationSpec
    unknowns: list[Unknown]
    evidence: Evidence
    questions: list[Question]
    designs: list[Design]
    observed: list[Observation]
    deviates: dict[int, Array] = field(default_factory=dict)
    """(P,) of each simulated set, by its number."""
    shards: dict[tuple[int, str], Shard] = field(default_factory=dict)
    emulators: Emulators = field(default_factory=dict)
    """Learned from all simulated sets."""
    parts: list[Emulators] = field(default_factory=list)
    """Each learned from a part of the sets; none before the last wave, or where all sets are one part."""
    emulator_error: dict[str, float] = field(default_factory=dict)
    """By kind of observation, on its scale; of the emulators learned from all sets."""
    posterior: dict[int | None, Array] = field(default_factory=dict)
    """(N, P) members by fold; None for all trials."""
    fold_of: dict[str, int] = field(default_factory=dict)
    """Trial -> fold that leaves it out; those of an earlier stage, which may know more trials."""
    endpoint: Endpoint = "PFS"
    base: ParameterSet = LITERATURE
    """Numbers that are not calibrated here."""

    @property
    def folds(self) -> list[int]:
        """The folds that leave a trial out, ascending."""
        return sorted(set(self.fold_of.values()))

    def parameter_set(self, deviates: Array, name: str) -> ParameterSet:
        """The numbers of one member."""
        return ParameterSet(name, {**self.base.values, **numbers(self.unknowns, deviates)})

    def predictor(self, observed: Sequence[Observation] | None = None) -> Predictor:
        """Published numbers by the emulator."""
        return Predictor(self.designs, self.emulators, self.observed if observed is None else observed)

    def prior(self) -> Array:
        """(N, P) members of the prior."""
        return normal_design(self.spec.ensemble, len(self.unknowns), self.spec.seed + 1)


def prepare(
    spec: CalibrationSpec, evidence: Path, curves: Path | None = None, endpoint: Endpoint = "PFS"
) -> Calibration:
    """Everything that a calibration needs before it simulates.

    Args:
        spec: What to do.
        evidence: Folder of the tables.
        curves: Folder of published curves, if there is one.
        endpoint: Progression-free or overall survival.

    Raises:
        InputError: if tables or specification are wrong.
        StudyError: if nothing in the tables can be simulated.
    """
    tables = read_evidence(evidence)
    asked = [one for one in _told(tables, endpoint) if not spec.trials or one.row.trial in spec.trials]
    points = read_curves(curves) if curves is not None else {}
    observed = observations(tables, asked, spec.model_error, points, endpoint)
    designs = _designs(tables, asked, endpoint)
    if not designs:
        raise StudyError("no trial of the evidence can be simulated")
    known = {(one.plan.trial, one.plan.subgroup) for one in designs}
    observed = [one for one in observed if (one.trial, one.subgroup) in known]
    seen = {(one.trial, one.subgroup) for one in observed}
    designs = [one for one in designs if (one.plan.trial, one.plan.subgroup) in seen]
    return Calibration(spec, unknowns(spec), tables, asked, designs, observed, endpoint=endpoint)


def _told(evidence: Evidence, endpoint: Endpoint) -> list[Question]:
    """What the tables tell of an endpoint: comparisons, and the arms of trials in which progression was not compared."""
    asked = questions(evidence)
    alone = unpaired(evidence, asked) if endpoint == "PFS" else []
    without_ratio = [
        one for one in asked if not one.in_scope and one.plan is not None and not _has_sequence(one.row)
    ]
    return [one for one in asked if one.in_scope] + without_ratio + alone


def _has_sequence(row: ComparisonRow) -> bool:
    return is_sequence(row.experimental) or is_sequence(row.control)


def _designs(evidence: Evidence, asked: Sequence[Question], endpoint: Endpoint) -> list[Design]:
    """The plans with a published median of the endpoint, in the subgroup or in everyone, or with a response rate."""
    found: dict[tuple[str, str], Design] = {}
    for question in asked:
        plan = question.plan
        if plan is None or (plan.trial, plan.subgroup) in found:
            continue
        rows = [evidence.outcome(plan.trial, arm, plan.subgroup, endpoint) for arm in plan.arms]
        medians = [row.median for row in rows if row is not None and row.median]
        if not medians:
            everyone = [evidence.outcome(plan.trial, arm, "all", endpoint) for arm in plan.arms]
            medians = [row.median for row in everyone if row is not None and row.median]
        responses = (evidence.outcome(plan.trial, arm, plan.subgroup, "ORR") for arm in plan.arms)
        if medians or (endpoint == "PFS" and any(row is not None for row in responses)):
            found[plan.trial, plan.subgroup] = design(plan, medians, endpoint)
    return list(found.values())


def normal_design(count: int, dimensions: int, seed: int) -> Array:
    """(count, dimensions) standard normal deviates, evenly spread in each dimension."""
    uniform = qmc.LatinHypercube(dimensions, seed=np.random.default_rng(seed)).random(count)
    return np.asarray(norm.ppf(uniform))
