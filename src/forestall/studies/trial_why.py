"""Why the patients of a trial progressed: whole courses repeated with one mechanism switched off, all random numbers kept.

The named cause of a progression looks at one day and one clone (`forestall.clinic.causes`). Here the courses of patients who
progressed are repeated, arm by arm: a batch of patients for each mechanism, in the kernels of the trial. What a mechanism did in one
patient is judged as in `forestall.studies.why`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import cohort_arrays
from forestall.clinic.counterfactual import Kind, Switch, follow_without, switches
from forestall.clinic.follow import Followed, Watch, data_cut, follow_arm
from forestall.clinic.population import Population, draw_population
from forestall.clinic.tumor_biology import draw_biology
from forestall.knowledge.regimens import Regimen, parse_regimen
from forestall.knowledge.trials import TrialSpec
from forestall.studies.analysis import Outcomes
from forestall.studies.attribution import ACQUIRED, TRUNCAL
from forestall.studies.chunks import chunk_size, in_order
from forestall.studies.trial_why_result import Effect, Explained, TrialWhy
from forestall.studies.why import MATTERS_PERCENT

Floats = NDArray[np.float64]
CHUNK = 200
"""Most patients whose clones are kept at once; results do not depend on it."""


@dataclass(frozen=True)
class Job:
    """The trial whose patients are explained."""

    spec: TrialSpec
    watch: Watch
    causes: Sequence[str]
    """Words of the causes of `Outcomes.cause`."""
    workers: int
    progress: Callable[[str, int, int], None]
    """Told how many patients are explained, and how many there will be."""


def explain_trial(job: Job, outcomes: Outcomes, per_arm: int) -> TrialWhy:
    """Repeat the courses of patients who progressed.

    Args:
        job: The trial.
        outcomes: Its first replicate, whose patients are numbered from 0.
        per_arm: Patients explained in each arm: the first who progressed. Patients are drawn independently of each other, so these
            are a random sample.
    """
    progressed = [
        np.flatnonzero((outcomes.arm == k) & (outcomes.cause >= 0)) for k in range(len(job.spec.arms))
    ]
    chosen = [patients[:per_arm] for patients in progressed]
    total, found, courses = sum(map(len, chosen)), [], 0
    for (name, regimen), patients in zip(job.spec.regimens.items(), chosen, strict=True):
        named = [job.causes[k] for k in outcomes.cause[patients].tolist()]
        for explained, repeated in _of_arm(job, _arm(job, name, regimen), patients, named):
            found += explained
            courses += repeated
            job.progress("repeating courses", len(found), total)
    counts = tuple(len(patients) for patients in progressed)
    return TrialWhy(tuple(job.spec.arms), counts, tuple(found), courses)


def _of_arm(
    job: Job, arm: Arm, patients: NDArray[np.int64], named: Sequence[str]
) -> Iterator[tuple[list[Explained], int]]:
    """The patients of an arm in chunks, on several threads."""

    def work(start: int, end: int) -> tuple[list[Explained], int]:
        return _explained(job, arm, patients[start:end], named[start:end])

    size = chunk_size(len(patients), job.workers, CHUNK)
    return (part for _, part in in_order(work, len(patients), size, job.workers))


def _arm(job: Job, name: str, regimen: Regimen) -> Arm:
    """The arm with nothing after progression: only what comes before is compared."""
    nothing = parse_regimen("no treatment")
    return compile_arm(name, regimen, nothing, job.watch.visits, job.watch.follow_up_days)


def _explained(
    job: Job, arm: Arm, patients: NDArray[np.int64], named: Sequence[str]
) -> tuple[list[Explained], int]:
    """What each mechanism did in each of some patients of an arm, and how many courses that took."""
    population = draw_population(job.spec.population, patients, job.watch.seed)
    typical = _typical(job.spec, population)
    base = follow_arm(population, arm, 0, job.watch, trace=True)
    tried = _tried(arm, base, population, job.watch)
    effects: list[dict[Switch, Effect]] = [{} for _ in named]
    for switch in dict.fromkeys(switch for wanted in tried for switch in wanted):
        rows = np.flatnonzero([switch in wanted for wanted in tried])
        again = _again(population.select(rows), typical.select(rows), arm, job.watch, switch)
        for row, effect in zip(
            rows.tolist(), _effects(arm, base, again, rows, switch, job.watch), strict=True
        ):
            effects[row][switch] = effect
    days = base.findings.progression_day
    explained = [
        Explained(
            int(patients[row]),
            arm.name,
            named[row],
            float(days[row]),
            tuple(effects[row][switch] for switch in tried[row]),
        )
        for row in range(len(named))
    ]
    return explained, len(named) + sum(map(len, tried))


def _typical(spec: TrialSpec, population: Population) -> Population:
    """The same patients with the effector cells of the typical patient."""
    metastatic = spec.population.setting == "metastatic"
    usual = draw_biology(population.subtype, metastatic, population.patient, None, population.earlier_lines)
    return replace(population, effector=usual.effector)


def _tried(arm: Arm, base: Followed, population: Population, watch: Watch) -> list[tuple[Switch, ...]]:
    """For each patient, what could have mattered to her."""
    truncal = population.truncal_mask(arm.alterations).tolist()
    return [
        switches(arm, base, _carried(arm, base, row, truncal[row], watch), row)
        for row in range(len(population))
    ]


def _carried(arm: Arm, base: Followed, row: int, truncal: int, watch: Watch) -> tuple[str, ...]:
    """Alterations of the trunk, and those that enough of the leading lesion's cells had acquired at progression.

    Without what an alteration does to them, the cells that carry it are fewer by their own number at most. An alteration of fewer
    cells than `MATTERS_PERCENT` could matter only by chance (without its effect the tumor grows from one cell by other draws, and
    other small clones come out otherwise), and its course is not repeated.
    """
    cells = _leading(base, row, float(base.findings.progression_day[row]), watch)
    masks = base.cohort.mask[base.cohort.table[row]]
    least = MATTERS_PERCENT / 100.0 * cells.sum()
    return tuple(
        name
        for bit, name in enumerate(arm.alterations)
        if truncal >> bit & 1 or cells[(masks >= 0) & (masks >> bit & 1 == 1)].sum() >= least
    )


def _leading(followed: Followed, row: int, day: float, watch: Watch, lesion: int | None = None) -> Floats:
    """(G,) cells of the leading lesion on the day of a visit."""
    visit = watch.visits.index(int(day))
    lead = int(followed.findings.lead_lesion[row]) if lesion is None else lesion
    return np.asarray(followed.record.trace[row, visit, :, lead].sum(axis=0), np.float64)


def _again(population: Population, typical: Population, arm: Arm, watch: Watch, switch: Switch) -> Followed:
    dropout = population.dropout_day(watch.dropout_per_day)
    cohort = cohort_arrays(population, arm, dropout, data_cut(population, watch))
    return follow_without(population, typical, arm, watch, cohort, switch)[1]


def _effects(
    arm: Arm, base: Followed, again: Followed, rows: NDArray[np.int64], switch: Switch, watch: Watch
) -> Iterator[Effect]:
    """What one switch did in each of some patients."""
    for place, row in enumerate(rows.tolist()):
        was = float(base.findings.progression_day[row])
        day = float(again.findings.progression_day[place])
        first = was if np.isnan(day) else min(day, was)
        lead = int(base.findings.lead_lesion[row])
        size = _leading(base, row, first, watch).sum()
        would = _leading(again, place, first, watch, lead).sum() if _lived(again, place, first) else np.nan
        end = float(again.findings.last_contact_day[place])
        yield Effect(
            kind=_kind(arm, base, row, switch),
            mechanism=switch.name or switch.kind.value,
            volume_percent=float(100.0 * would / size) if size > 0 else float("nan"),
            progression_day=None if np.isnan(day) else day,
            later_days=(end if np.isnan(day) else day) - was,
        )


def _lived(followed: Followed, row: int, day: float) -> bool:
    death = float(followed.findings.death_day[row])
    return followed.findings.failure[row] == 0 and (np.isnan(death) or death > day)


def _kind(arm: Arm, base: Followed, row: int, switch: Switch) -> str:
    if switch.kind is not Kind.ALTERATION:
        return switch.kind.value
    trunk = int(base.cohort.mask[base.cohort.table[row], 0])
    return TRUNCAL if trunk >> arm.alterations.index(switch.name) & 1 else ACQUIRED
