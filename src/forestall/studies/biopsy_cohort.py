"""What samples would find in the patients of a trial's arm who progress, each followed with all her clones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from forestall.clinic.arms import Arm
from forestall.clinic.assays import marker_lost
from forestall.clinic.chance import Chance
from forestall.clinic.dying import dying_cells
from forestall.clinic.follow import Followed, Watch, follow_arm
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.population import Population
from forestall.clinic.sample_findings import Sample
from forestall.clinic.trace import trace_of
from forestall.clinic.tumor_state import TumorState
from forestall.engine.purposes import Purpose

CHUNK = 50
"""Patients whose clones are kept at once."""
_CHOICE_STREAM = -2.0
Taken = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Progressor:
    """One patient who progressed, from baseline to progression."""

    patient: int
    acquired: frozenset[str]
    """What the clone that led the progression had acquired."""
    states: tuple[TumorState, ...]
    """At every visit, the last being that of progression."""
    lead: int
    """Column of the lesion that led."""
    later: TumorState | None = None
    """At the visit after progression, under the next treatment; None if she did not live or was not followed until then."""

    @property
    def lead_share(self) -> float:
        """Share of the leading clone's alterations among the cells of the leading lesion at progression."""
        last = self.states[-1]
        cells = last.cells[self.lead]
        return float(cells[[self.acquired <= clone for clone in last.carried]].sum() / cells.sum())


def progressors(population: Population, arm: Arm, watch: Watch, report: Taken) -> Iterator[Progressor]:
    """Follow patients and yield those who progressed.

    Args:
        population: The patients.
        arm: What all of them receive.
        watch: Visits and follow-up.
        report: Told how many are followed, and of how many.
    """
    total = len(population)
    for start in range(0, total, CHUNK):
        rows = np.arange(start, min(start + CHUNK, total))
        part = population.select(rows)
        followed = follow_arm(part, arm, 0, watch, trace=True)
        report(int(rows[-1]) + 1, total)
        found = np.isfinite(followed.findings.progression_day) & (followed.findings.failure == 0)
        for row in np.flatnonzero(found).tolist():
            yield _progressor(part, arm, watch, followed, row)


def _progressor(population: Population, arm: Arm, watch: Watch, followed: Followed, row: int) -> Progressor:
    trace = trace_of(followed, watch.visits, row)
    progressed = int(np.flatnonzero(trace.day == followed.findings.progression_day[row])[0])
    until = slice(0, progressed + 2)
    day, cells, tolerant = trace.day[until], trace.cells[until], trace.tolerant_cells[until]
    dying = dying_cells(arm, followed, day, cells, tolerant, row)
    carried = tuple(_ids(arm, int(mask)) for mask in trace.mask)
    names = tuple(f"lesion {number + 1}" for number in range(len(trace.site)))
    lead = int(np.flatnonzero(trace.lesion == followed.findings.lead_lesion[row])[0])
    states = tuple(
        TumorState(
            day=float(day[visit]),
            lesion=names,
            site=trace.site,
            diameter_mm=trace.diameter_mm[visit],
            carried=carried,
            cells=cells[visit],
            dying_per_day=dying[visit],
            her2_positive=bool(population.her2_positive[row]),
            er_positive=bool(population.er_positive[row]),
            seed=watch.seed,
            patient=int(population.patient[row]),
        )
        for visit in range(day.size)
    )
    acquired = int(followed.findings.lead_genotype[row]) & ~int(trace.mask[0])
    later = states[progressed + 1] if len(states) > progressed + 1 else None
    return Progressor(
        int(population.patient[row]), _ids(arm, acquired), states[: progressed + 1], lead, later
    )


def _ids(arm: Arm, mask: int) -> frozenset[str]:
    return frozenset(name for bit, name in enumerate(arm.alterations) if mask >> bit & 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to sample a patient, always beside the same kind of sample at baseline."""

    modality: str
    """tissue, blood or both."""
    lesion: str
    """progressing, random, largest or all; empty for blood."""
    when: str
    """progression; later: at the visit after it; or serial: at every visit after baseline up to progression."""

    @property
    def name(self) -> str:
        """The plan in a few words."""
        when = {"later": ", next visit", "serial": " at every visit"}.get(self.when, "")
        if self.modality == "blood":
            return f"blood{when or ' at progression'}"
        return f"tissue ({self.lesion})" + (" + blood" if self.modality == "both" else "") + when


PLANS = (
    Plan("tissue", "progressing", "progression"),
    Plan("tissue", "largest", "progression"),
    Plan("tissue", "random", "progression"),
    Plan("tissue", "all", "progression"),
    Plan("tissue", "progressing", "later"),
    Plan("blood", "", "progression"),
    Plan("blood", "", "serial"),
    Plan("blood", "", "later"),
    Plan("both", "progressing", "progression"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan gave in one patient."""

    found: bool
    sampled: bool
    """Whether there was any sample after baseline: a lesion may be too small for a needle."""
    samples: int
    """Those at baseline included."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """Carries out plans."""

    laboratory: Laboratory

    def finds(self, plan: Plan, who: Progressor, wanted: frozenset[str]) -> Outcome:
        """Whether a plan finds any of some alterations as new.

        Args:
            plan: How the patient is sampled.
            who: The patient.
            wanted: The alterations.
        """
        before: list[Sample] = []
        later: list[Sample] = []
        when = _sampled_states(plan, who)
        if plan.modality in ("tissue", "both"):
            before += self._cores(who, plan.lesion, who.states[0])
            later += [core for state in when for core in self._cores(who, plan.lesion, state)]
        if plan.modality in ("blood", "both"):
            before.append(self.laboratory.liquid_biopsy.draw(who.states[0]))
            later += [self.laboratory.liquid_biopsy.draw(state) for state in when]
        new = _reported(later, wanted) - _reported(before, wanted)
        found = bool(new) or _receptor_lost(before, later, wanted)
        return Outcome(found, bool(later), len(before) + len(later))

    def _cores(self, who: Progressor, lesion: str, state: TumorState) -> list[Sample]:
        able = [
            number for number in range(len(state.lesion)) if self.laboratory.biopsy.can_take(state, number)
        ]
        return [self.laboratory.biopsy.take(state, number) for number in _chosen(who, state, lesion, able)]


def _sampled_states(plan: Plan, who: Progressor) -> tuple[TumorState, ...]:
    """The tumor at the visits of a plan after baseline."""
    if plan.when == "serial":
        return who.states[1:]
    if plan.when == "later":
        return () if who.later is None else (who.later,)
    return who.states[-1:]


def _chosen(who: Progressor, state: TumorState, lesion: str, able: list[int]) -> list[int]:
    """Lesions of which a core is taken; before treatment the one that will progress is not known, and the largest is taken."""
    if not able or lesion == "all":
        return able
    largest = max(able, key=lambda number: state.diameter_mm[number])
    if lesion == "random":
        chance = Chance(state.seed, who.patient, Purpose.BIOPSY, _CHOICE_STREAM, int(state.day) % 1000)
        return [able[int(chance.uniform(1)[0] * len(able))]]
    if lesion == "progressing" and state is not who.states[0]:
        return [who.lead] if who.lead in able else []
    return [largest]


def _receptor_lost(before: list[Sample], later: list[Sample], wanted: frozenset[str]) -> bool:
    """Whether a receptor whose loss is wanted was reported before and is missing in some later tissue."""
    for marker in {marker_lost(name) for name in wanted} - {None}:
        had = [found.positive for sample in before if (found := sample.receptor(str(marker)))]
        has = [found.positive for sample in later if (found := sample.receptor(str(marker)))]
        if had and all(had) and has and not all(has):
            return True
    return False


def _reported(samples: list[Sample], wanted: frozenset[str]) -> set[str]:
    return {name for sample in samples for name in sample.called if name in wanted}
