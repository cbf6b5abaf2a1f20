"""What is found at progression in simulated patients, beside the shares that were published.

Each published share names a treatment, patients and a kind of sample. The arm is simulated with all clones, the simulated laboratory
takes the sample from each patient who progresses, and the share in whom it finds the alteration stands beside the published one; so do
the share of progressions that a clone with the alteration led, and the share of patients in whom such clones held a percent of all
tumor cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forestall.clinic.follow import follow_arm
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.population import draw_population
from forestall.knowledge.found_shares import FoundShare, load_found_shares
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.statistics.estimate import UNKNOWN, Estimate
from forestall.statistics.proportions import proportion
from forestall.studies.biopsy_cohort import Plan, Progressor, Sampler, progressors
from forestall.studies.compilation import announce_compilation
from forestall.studies.course_files import number_or_none
from forestall.studies.progress import Progress, quiet
from forestall.studies.trial import Trial

DEFAULT_PATIENTS = 200
VISIBLE_SHARE = 0.01
"""Share of all tumor cells from which an alteration counts as held by the tumor."""
_VISITS, _FOLLOW_UP = "every 12 weeks", "36 months"
_PLANS = {
    "blood": Plan("blood", "", "progression"),
    "tissue": Plan("tissue", "progressing", "progression"),
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulated arm gave for one published share, under one parameter set."""

    parameters: str
    progressed: int
    """Patients who progressed and could be sampled."""
    found: Estimate
    """Share in whom the laboratory finds it, counted as published, with the exact 95% interval."""
    held: Estimate
    """Share of all who progressed in whom new clones with it hold at least `VISIBLE_SHARE` of the tumor cells."""
    led: Estimate
    """Share of all who progressed whose leading clone had acquired it."""


@dataclass(frozen=True, slots=True)
class MechanismShare:
    """A published share with the simulated ones."""

    published: FoundShare
    simulated: tuple[Simulated, ...]
    """One for each parameter set."""

    @property
    def share(self) -> Estimate:
        """The published share; its interval is unknown where the number of patients is not given."""
        found, of = self.published.found, self.published.of
        if found is None or of is None:
            return UNKNOWN._replace(value=self.published.percent / 100)
        return proportion(found, of)


def mechanism_shares(
    sets: Sequence[ParameterSet],
    *,
    patients: int = DEFAULT_PATIENTS,
    seed: int = 1,
    shares: Sequence[FoundShare] | None = None,
    progress: Progress | None = None,
) -> tuple[MechanismShare, ...]:
    """Simulate every arm that a published share needs.

    Args:
        sets: The parameter sets to compare.
        patients: Simulated per arm.
        seed: Of every random number.
        shares: Published shares; all of the catalog if not given.
        progress: Told how many patients are followed.
    """
    published = load_found_shares() if shares is None else tuple(shares)
    told = progress or quiet
    arms = {_arm_of(share): _trial(share) for share in published}
    total = len(arms) * len(sets) * patients
    seen: dict[tuple[str, int], list[Progressor]] = {}
    for number, parameters in enumerate(sets):
        for place, (key, trial) in enumerate(arms.items()):
            before = (number * len(arms) + place) * patients
            with using(parameters):
                seen[key, number] = _followed(trial, patients, seed, _from(told, before, total))
    laboratory = Laboratory.with_numbers()
    return tuple(
        MechanismShare(
            share,
            tuple(
                _simulated(one.name, share, seen[_arm_of(share), number], Sampler(laboratory))
                for number, one in enumerate(sets)
            ),
        )
        for share in published
    )


def _from(progress: Progress, before: int, total: int) -> Progress:
    return lambda stage, done, _: progress(stage, before + done, total)


def _arm_of(share: FoundShare) -> str:
    """Shares of one arm are simulated once."""
    return f"{share.treatment} {sorted(share.population.items())}"


def _trial(share: FoundShare) -> Trial:
    source = {
        "trial": "found-at-progression",
        "disease": "breast",
        "population": dict(share.population),
        "arms": {"arm": share.treatment},
        "patients": DEFAULT_PATIENTS,
        "visits": _VISITS,
        "follow_up": _FOLLOW_UP,
    }
    return Trial.of(source)


def _followed(trial: Trial, patients: int, seed: int, progress: Progress) -> list[Progressor]:
    """Those who progressed, with the first and the last of their states: what the samples are taken from."""
    (arm,), watch = trial.compiled_arms(), trial.watch(seed)
    population = draw_population(trial.spec.population, np.arange(patients), seed)
    first = population.select(np.arange(1))
    announce_compilation(progress, lambda: follow_arm(first, arm, 0, watch, trace=True))
    return [
        replace(who, states=(who.states[0], who.states[-1]), later=None)
        for who in progressors(
            population, arm, watch, lambda done, of: progress("following patients", done, of)
        )
    ]


def _simulated(name: str, share: FoundShare, seen: Sequence[Progressor], sampler: Sampler) -> Simulated:
    wanted = frozenset(share.alterations)
    found = [one for who in seen if (one := _found(share, who, wanted, sampler)) is not None]
    return Simulated(
        parameters=name,
        progressed=len(found),
        found=proportion(sum(found), len(found)),
        held=proportion(sum(_held(who, wanted) >= VISIBLE_SHARE for who in seen), len(seen)),
        led=proportion(sum(bool(who.acquired & wanted) for who in seen), len(seen)),
    )


def _found(share: FoundShare, who: Progressor, wanted: frozenset[str], sampler: Sampler) -> bool | None:
    """Whether the sample finds it; None if no sample could be taken."""
    if share.counted == "new":
        outcome = sampler.finds(_PLANS[share.sample], who, wanted)
        return outcome.found if outcome.sampled else None
    return bool(wanted.intersection(sampler.laboratory.liquid_biopsy.draw(who.states[-1]).called))


def _held(who: Progressor, wanted: frozenset[str]) -> float:
    """Share of all tumor cells at progression in clones that acquired any of the alterations."""
    last = who.states[-1]
    trunk, cells = last.carried[0], last.cells.sum(axis=0)
    total = float(cells.sum())
    new = [bool((clone - trunk) & wanted) for clone in last.carried]
    return float(cells[new].sum()) / total if total > 0 else 0.0


def share_rows(found: Sequence[MechanismShare]) -> list[Mapping[str, Any]]:
    """The table, a row for each published share and parameter set."""
    return [
        {
            "what": item.published.id,
            "treatment": item.published.treatment,
            "sample": item.published.sample,
            "counted": item.published.counted,
            "published": item.share.value,
            "published_low": number_or_none(item.share.lower),
            "published_high": number_or_none(item.share.upper),
            "published_patients": item.published.of,
            "source": item.published.source,
            "parameters": one.parameters,
            "progressed": one.progressed,
            **_columns("found", one.found),
            **_columns("held", one.held),
            **_columns("led", one.led),
        }
        for item in found
        for one in item.simulated
    ]


def _columns(name: str, share: Estimate) -> dict[str, float | None]:
    return {
        name: number_or_none(share.value),
        f"{name}_low": number_or_none(share.lower),
        f"{name}_high": number_or_none(share.upper),
    }
