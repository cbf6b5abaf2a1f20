"""The sensitivity of a predicted trial: which numbers move it, and which measurement would narrow it most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.population import draw_population
from forestall.errors import InputError, StudyError
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet, using
from forestall.statistics.estimate import Estimate
from forestall.statistics.given_data import first_order_share
from forestall.studies.progress import Progress
from forestall.studies.sensitivity.biomarkers import BiomarkerShare, biomarker_shares
from forestall.studies.sensitivity.coordinates import Coordinate, coordinates, deviate_of
from forestall.studies.sensitivity.morris import Effect, elementary_effects, trajectories
from forestall.studies.sensitivity.quantities import QUANTITIES, Contrast, results_of
from forestall.studies.sensitivity.sobol import Decomposition, decompose
from forestall.studies.validation.derivation import TrialPlan
from forestall.studies.validation.ensemble import Parameters
from forestall.studies.validation.shards import Shard, read_shard, run

Floats = NDArray[np.float64]
_BIOMARKER_PATIENTS: Final = 10
"""Patients for the biomarkers, in patients of one point of the screening."""
_MEASURED_BY: Final = (
    ("growth.", "serial scans without treatment"),
    ("response.", "a trial of the drug or its class alone, with response rate and curve"),
    ("sensitivity.", "changes of single patients' lesions under single drugs (waterfall)"),
    ("tolerance.", "survival and regrowth of persisters in culture"),
    ("resistance.", "sequencing at progression in many patients"),
    ("alterations.", "sequencing at progression in many patients"),
    ("prior.", "the same regimen in earlier and later lines"),
    ("death.", "cell death under pathway inhibition in culture"),
    ("tumor.", "imaging that finds smaller lesions"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    trajectories: int
    """Of the screening; 0 for none."""
    members: int
    """Of the ensemble, for what is still uncertain; 0 for none."""
    patients: int
    """Per arm and parameter set; the same patients under every set."""
    seed: int
    sobol: int = 0
    """Base sample of Sobol's indices; 0 for none."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What knowing one number would do to the predictions."""

    name: str
    measured_by: str
    shares: tuple[Estimate, ...]
    """For each of `QUANTITIES`, the share of the variance between parameter sets that goes away."""


@dataclass(frozen=True, slots=True)
class Screening:
    """The elementary effects on one result."""

    quantity: str
    effects: tuple[Effect, ...]
    """The largest first."""
    trajectories: int
    """That they rest on; others missed a result at some point."""


@dataclass(frozen=True)
class Sensitivity:
    """All that was found."""

    plan: TrialPlan
    contrast: Contrast
    parameters: str
    size: Size
    coordinates: tuple[Coordinate, ...]
    screenings: tuple[Screening, ...]
    narrowings: tuple[Narrowing, ...]
    """The number that says most about the hazard ratio first."""
    spreads: tuple[float, ...]
    """Standard deviation of each of `QUANTITIES` between parameter sets, finite samples included."""
    biomarkers: tuple[BiomarkerShare, ...]
    decompositions: tuple[Decomposition, ...] = ()
    """Of the `QUANTITIES` that vary."""


def measured_by(name: str) -> str:
    """The experiment that tells most directly about a number."""
    return next((how for prefix, how in _MEASURED_BY if name.startswith(prefix)), "not known")


def analyze(
    plan: TrialPlan,
    contrast: Contrast,
    parameters: Parameters,
    size: Size,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Screen a trial's uncertain numbers, and ask what would narrow its prediction.

    Args:
        plan: The trial.
        contrast: The arms that are compared.
        parameters: Numbers at the center, and their spread.
        size: How much is simulated.
        folder: Where finished runs are kept, and found again.
        workers: Threads; one per processor if None.
        progress: Called with a stage, how much of it is done and how much there is.

    Raises:
        InputError: if the trial depends on no number that is uncertain, or the sample of Sobol's indices is not a power of two.
        StudyError: if a run fails.
    """
    if size.sobol & (size.sobol - 1):
        raise InputError(
            "Sobol's sequence needs a power of two",
            field="--sobol",
            value=str(size.sobol),
            fix="such as 1024",
        )
    numbers = coordinates(plan, parameters)
    if not numbers:
        raise InputError("the trial depends on no uncertain number", value=plan.trial)
    work = _Work(plan, size, folder, workers, progress)
    center = _center(plan, parameters)
    points = (
        trajectories(numbers, size.trajectories, size.seed)
        if size.trajectories
        else np.empty((0, len(numbers)))
    )
    members = parameters.members(plan.trial)[: size.members] if parameters.ensemble else ()
    moved = [_moved(center, numbers, point, place) for place, point in enumerate(points)]
    results = work.results([*moved, *members], contrast)
    return Sensitivity(
        plan=plan,
        contrast=contrast,
        parameters=parameters.name,
        size=size,
        coordinates=tuple(numbers),
        screenings=tuple(_screenings(numbers, points, results[: len(moved)], size.seed)),
        narrowings=tuple(_narrowings(numbers, members, results[len(moved) :])),
        spreads=tuple(np.nanstd(results[len(moved) :], axis=0).tolist()) if members else (),
        biomarkers=tuple(work.biomarkers(center, contrast)),
        decompositions=tuple(_decompositions(numbers, points, members, results, size)),
    )


def _center(plan: TrialPlan, parameters: Parameters) -> ParameterSet:
    if parameters.ensemble is None:
        return LITERATURE
    about = parameters.ensemble.about
    return (
        parameters.ensemble.without(plan.trial) if plan.trial in about.folds else parameters.ensemble
    ).center


def _moved(center: ParameterSet, numbers: Sequence[Coordinate], point: Floats, place: int) -> ParameterSet:
    values = {
        name: value
        for one, step in zip(numbers, point, strict=True)
        for name, value in one.values(step).items()
    }
    return center.updated(values, f"{center.name}, point {place}")


@dataclass(frozen=True)
class _Work:
    """Runs of one trial."""

    plan: TrialPlan
    size: Size
    folder: Path
    workers: int | None
    progress: Progress | None

    def results(self, sets: Sequence[ParameterSet], contrast: Contrast) -> Floats:
        """(sets, quantities)."""
        shards = [self._shard(one, self.size.patients) for one in sets]
        self._run(shards)
        rows = [results_of(read_shard(shard, self.folder), contrast) for shard in shards]
        return np.array(rows, np.float64).reshape(-1, len(QUANTITIES))

    def biomarkers(self, center: ParameterSet, contrast: Contrast) -> list[BiomarkerShare]:
        """From more patients under the center."""
        shard = self._shard(center, _BIOMARKER_PATIENTS * self.size.patients)
        self._run([shard])
        with using(center):
            patients = np.arange(shard.count, dtype=np.int64)
            population = draw_population(self.plan.spec.population, patients, self.size.seed)
        return biomarker_shares(population, read_shard(shard, self.folder), contrast)

    def _shard(self, parameters: ParameterSet, count: int) -> Shard:
        return Shard((self.plan.trial, self.plan.subgroup), self.plan, parameters, 0, count, self.size.seed)

    def _run(self, shards: Sequence[Shard]) -> None:
        failures = run(shards, self.folder, workers=self.workers, progress=self.progress)
        if failures:
            raise StudyError(f"{self.plan.trial} could not be run: {next(iter(failures.values()))}")


def _screenings(numbers: Sequence[Coordinate], points: Floats, results: Floats, seed: int) -> list[Screening]:
    if not len(points):
        return []
    found = []
    for column, quantity in enumerate(QUANTITIES):
        effects, used = elementary_effects(numbers, points, results[:, column], seed)
        found.append(Screening(quantity, tuple(effects), used))
    return found


def _decompositions(
    numbers: Sequence[Coordinate],
    points: Floats,
    members: Sequence[ParameterSet],
    results: Floats,
    size: Size,
) -> Iterator[Decomposition]:
    """From every run, of the screening and of the ensemble."""
    if not size.sobol:
        return
    drawn = [[one.deviate(member) for one in numbers] for member in members]
    deviates = np.vstack([points, np.array(drawn, np.float64).reshape(-1, len(numbers))])
    for column, quantity in enumerate(QUANTITIES):
        found = decompose(numbers, deviates, results[:, column], quantity, size.sobol, size.seed)
        if found is not None:
            yield found


def _narrowings(
    numbers: Sequence[Coordinate], members: Sequence[ParameterSet], results: Floats
) -> list[Narrowing]:
    if not members:
        return []
    found = []
    for one in numbers:
        first = next(iter(one.numbers))
        given = [deviate_of(member.values[first], one.is_share) for member in members]
        shares = tuple(first_order_share(given, results[:, column]) for column in range(len(QUANTITIES)))
        found.append(Narrowing(one.name, measured_by(one.name), shares))
    return sorted(found, key=lambda narrowing: -np.nan_to_num(narrowing.shares[0].value, nan=-1.0))
