"""How many paired biopsies or blood draws find a mechanism of resistance, when they are taken, and from which lesion.

Patients of a trial's arm are simulated with all their clones. In those who progress, every plan of sampling is carried out by the
simulated laboratory. That gives, for each plan, how often it finds the mechanism where it led the progression, and how often where it
did not (a minor clone, or an error of the assay). With the frequency that the user expects, the number of patients follows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forestall.clinic.assays import Assay, panel
from forestall.clinic.follow import follow_arm
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.population import draw_population
from forestall.errors import InputError, StudyError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.statistics.detection import patients_to_exceed, patients_to_see
from forestall.statistics.estimate import Estimate
from forestall.statistics.proportions import proportion
from forestall.studies.biopsy_cohort import PLANS, Outcome, Plan, Progressor, Sampler, progressors
from forestall.studies.compilation import announce_compilation
from forestall.studies.course_files import write_csv
from forestall.studies.record import (
    RunRecord,
    file_sha256,
    knowledge_sha256,
    machine,
    rerun_command,
    versions,
    write_record,
)
from forestall.studies.trial import Progress, Trial

STUDY, TABLE = "biopsy-design", "plans.csv"
SIGNIFICANCE = 0.05
"""One-sided, of the test against findings that do not lead."""
FEW = 20
"""Fewer patients with the mechanism than this make a plan's sensitivity uncertain."""
DEFAULT_PATIENTS = 1000
MODALITIES = ("tissue", "blood", "both", "all")
LESIONS = ("progressing", "largest", "random", "all")


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What one plan achieves."""

    plan: Plan
    sampled: float
    """Share of those in whom the mechanism led of whom a sample could be taken at progression."""
    sensitivity: Estimate
    """Share found among those in whom the mechanism led the progression."""
    elsewhere: Estimate
    """Share found among those in whom it did not."""
    samples: float
    """Mean number of samples of a patient, those at baseline included."""
    to_see: int | None
    """Progressing patients for at least one finding where the mechanism leads, with the power asked for."""
    to_see_range: tuple[int | None, int | None]
    """The same at the ends of the sensitivity's interval."""
    to_exceed: int | None
    """Progressing patients for a frequency above that of findings that do not lead, with the power asked for."""


@dataclass(frozen=True)
class BiopsyDesign:
    """The result of the study."""

    trial: str
    source: Mapping[str, Any]
    """The trial as it was written."""
    arguments: Mapping[str, Any]
    """What `biopsy_design` was given beside it."""
    arm: str
    asked: str
    alterations: tuple[str, ...]
    """That count as the mechanism."""
    unseen: tuple[str, ...]
    """Those among them that no assay sees."""
    frequency: float
    """Share of the progressing patients in whom the mechanism leads, as the user expects."""
    power: float
    seed: int
    patients: int
    changed: Mapping[str, float]
    """Numbers of the laboratory that the user set."""
    progressed: int
    carriers: int
    """Progressing patients in whom the mechanism led in the simulation."""
    lead_share: float
    """Median share of the leading clone among the cells of its lesion at progression, in these patients."""
    results: tuple[PlanResult, ...]

    def rows(self) -> list[dict[str, Any]]:
        """The table, a row for each plan."""
        return [
            {
                "plan": result.plan.name,
                "modality": result.plan.modality,
                "lesion": result.plan.lesion or None,
                "when": result.plan.when,
                "could_be_sampled": result.sampled,
                "sensitivity": _plain(result.sensitivity.value),
                "sensitivity_low": _plain(result.sensitivity.lower),
                "sensitivity_high": _plain(result.sensitivity.upper),
                "found_where_it_does_not_lead": _plain(result.elsewhere.value),
                "samples_per_patient": result.samples,
                "patients_to_see_it": result.to_see,
                "patients_to_see_it_low": result.to_see_range[0],
                "patients_to_see_it_high": result.to_see_range[1],
                "samples_to_see_it": None if result.to_see is None else round(result.samples * result.to_see),
                "patients_to_exceed_bystanders": result.to_exceed,
            }
            for result in self.results
        ]

    def to_data(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "study": STUDY,
            "trial": self.trial,
            "arm": self.arm,
            "mechanism": self.asked,
            "alterations": list(self.alterations),
            "seen_by_no_assay": list(self.unseen),
            "frequency": self.frequency,
            "power": self.power,
            "significance": SIGNIFICANCE,
            "seed": self.seed,
            "patients": self.patients,
            "set": dict(self.changed),
            "progressed": self.progressed,
            "carriers": self.carriers,
            "median_share_of_leading_clone": self.lead_share,
            "plans": self.rows(),
        }

    def write_files(self, folder: Path) -> None:
        """Write plans.csv and design.json into a folder that is there."""
        write_csv(folder / TABLE, self.rows())
        text = json.dumps(self.to_data(), allow_nan=False, ensure_ascii=False, indent=2)
        (folder / "design.json").write_text(text + "\n", encoding="utf-8")

    def write_record(self, folder: Path, kept: Path | None = None) -> None:
        """Write the run's record into the folder where the table is.

        Args:
            folder: Where the files are.
            kept: Where they will be.
        """
        write_record(
            RunRecord(
                study=STUDY,
                name=self.trial,
                trial={"trial": dict(self.source), "arguments": dict(self.arguments)},
                seed=self.seed,
                patients=self.patients,
                replicates=1,
                versions=versions(),
                machine=machine(),
                knowledge_sha256=knowledge_sha256(),
                tables_sha256={TABLE: file_sha256(folder / TABLE)},
                command=rerun_command(kept),
            ),
            folder,
        )


def biopsy_design(
    trial: Trial,
    mechanism: str,
    frequency: float,
    power: float = 0.8,
    *,
    arm: str | None = None,
    modality: str = "all",
    lesion: str | None = None,
    patients: int = DEFAULT_PATIENTS,
    seed: int = 1,
    settings: Sequence[str] = (),
    progress: Progress | None = None,
) -> BiopsyDesign:
    """Plan the sampling of a trial.

    Args:
        trial: Its population and treatments.
        mechanism: Id of an alteration, or of a mechanism of the catalog (all alterations that act by it).
        frequency: Share of the progressing patients in whom it is expected to lead.
        power: Probability with which it is to be found.
        arm: Which arm; the control if not given.
        modality: tissue, blood, both or all.
        lesion: progressing, largest, random or all; every one if not given.
        patients: Simulated patients.
        seed: Of every random number.
        settings: Numbers of the laboratory instead of the catalog's, "NAME=VALUE" each.
        progress: Told how far the simulation is.

    Raises:
        InputError: if an argument is wrong.
        StudyError: if no simulated patient progressed by the mechanism.
    """
    _check_shares(frequency, power)
    used = Laboratory.with_numbers(settings)
    wanted = wanted_alterations(mechanism)
    unseen = tuple(name for name in wanted if panel()[name] is Assay.NONE)
    if len(unseen) == len(wanted):
        raise InputError(
            "no assay sees this: it is a change of expression or splicing", field="mechanism", value=mechanism
        )
    plans = _plans(modality, lesion)
    name = _arm_name(trial, arm)
    chosen = trial.compiled_arms()[list(trial.spec.arms).index(name)]
    population = draw_population(trial.spec.population, np.arange(patients), seed)
    told = progress or _quiet
    watch = trial.watch(seed)
    first = population.select(np.arange(1))
    announce_compilation(told, lambda: follow_arm(first, chosen, 0, watch, trace=True))
    count = _Counts(plans, frozenset(wanted), Sampler(used))
    for who in progressors(population, chosen, watch, _counted(told)):
        count.add(who)
    _check_carriers(count, trial, name, mechanism, patients)
    return BiopsyDesign(
        trial=trial.spec.trial,
        source=trial.source,
        arguments={
            "mechanism": mechanism,
            "frequency": frequency,
            "power": power,
            "arm": name,
            "modality": modality,
            "lesion": lesion,
            "patients": patients,
            "seed": seed,
            "settings": [f"{key}={number!r}" for key, number in used.changed.items()],
        },
        arm=name,
        asked=mechanism,
        alterations=wanted,
        unseen=unseen,
        frequency=frequency,
        power=power,
        seed=seed,
        patients=patients,
        changed=used.changed,
        progressed=len(count.leads),
        carriers=sum(count.leads),
        lead_share=float(np.median(count.lead_shares)),
        results=tuple(count.result(number, frequency, power) for number in range(len(plans))),
    )


def wanted_alterations(mechanism: str) -> tuple[str, ...]:
    """The alterations that a name stands for.

    Raises:
        InputError: if the name is neither an alteration nor a mechanism, or no alteration acts by it.
    """
    known = {name.casefold(): name for name in load_alterations()}
    word = mechanism.strip().casefold()
    if word in known:
        return (known[word],)
    mechanisms = {name.casefold(): name for name in load_mechanisms()}
    acting = tuple(
        name
        for name, alteration in load_alterations().items()
        if word in mechanisms and mechanisms[word] in alteration.mechanisms
    )
    if acting:
        return acting
    if word in mechanisms:
        raise InputError(
            "no alteration of the catalog acts by this mechanism", field="mechanism", value=mechanism
        )
    fix = did_you_mean(mechanism, [*known.values(), *mechanisms.values()])
    raise InputError("unknown mechanism or alteration", field="mechanism", value=mechanism, fix=fix)


def _check_shares(frequency: float, power: float) -> None:
    for field, share in (("frequency", frequency), ("power", power)):
        if not 0 < share < 1:
            raise InputError("not a share", field=field, value=share, allowed="above 0 and below 1")


def _plans(modality: str, lesion: str | None) -> tuple[Plan, ...]:
    for field, word, known in (("modality", modality, MODALITIES), ("lesion", lesion, LESIONS)):
        if word is not None and word not in known:
            fix = did_you_mean(word, known)
            raise InputError("unknown word", field=field, value=word, allowed=", ".join(known), fix=fix)
    plans = PLANS if lesion is None else tuple(_for_lesion(lesion))
    return plans if modality == "all" else tuple(plan for plan in plans if plan.modality == modality)


def _for_lesion(lesion: str) -> list[Plan]:
    blood = [plan for plan in PLANS if plan.modality == "blood"]
    tissue = [Plan("tissue", lesion, when) for when in ("progression", "later")]
    return [*tissue, *blood, Plan("both", lesion, "progression")]


def _arm_name(trial: Trial, arm: str | None) -> str:
    if arm is None:
        return trial.spec.control_arm
    known = {name.casefold(): name for name in trial.spec.arms}
    if arm.casefold() in known:
        return known[arm.casefold()]
    fix = did_you_mean(arm, known.values())
    raise InputError("no such arm", field="arm", value=arm, allowed=", ".join(trial.spec.arms), fix=fix)


def _check_carriers(count: _Counts, trial: Trial, arm: str, mechanism: str, patients: int) -> None:
    if sum(count.leads):
        return
    led = ", ".join(f"{name} {number}" for name, number in count.most_common()) or "nothing acquired"
    raise StudyError(
        f"none of {patients} simulated patients of {trial.spec.trial}, arm {arm}, progressed by {mechanism} "
        f"({len(count.leads)} progressed; led by: {led}); try more --patients, another --arm, or one of these"
    )


def _quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def _counted(progress: Progress) -> Callable[[int, int], None]:
    return lambda done, total: progress("following patients", done, total)


class _Counts:
    """Findings of every plan in the patients who progressed."""

    def __init__(self, plans: Sequence[Plan], wanted: frozenset[str], sampler: Sampler) -> None:
        self._plans, self._wanted, self._sampler = tuple(plans), wanted, sampler
        self.leads: list[bool] = []
        self.lead_shares: list[float] = []
        self._outcomes: list[list[Outcome]] = [[] for _ in plans]
        self._led_by: dict[str, int] = {}

    def add(self, who: Progressor) -> None:
        """Sample one patient by every plan."""
        self.leads.append(bool(who.acquired & self._wanted))
        if self.leads[-1]:
            self.lead_shares.append(who.lead_share)
        for name in who.acquired:
            self._led_by[name] = self._led_by.get(name, 0) + 1
        for number, plan in enumerate(self._plans):
            self._outcomes[number].append(self._sampler.finds(plan, who, self._wanted))

    def most_common(self) -> list[tuple[str, int]]:
        """The alterations that led most often."""
        return sorted(self._led_by.items(), key=lambda pair: (-pair[1], pair[0]))[:5]

    def result(self, number: int, frequency: float, power: float) -> PlanResult:
        """What a plan achieves."""
        outcomes = self._outcomes[number]
        leads, found = np.array(self.leads), np.array([outcome.found for outcome in outcomes])
        sensitivity = proportion(int(found[leads].sum()), int(leads.sum()))
        elsewhere = proportion(int(found[~leads].sum()), int((~leads).sum()))
        error = elsewhere.value if np.isfinite(elsewhere.value) else 0.0
        low, high = (
            patients_to_see(frequency * end, power) for end in (sensitivity.upper, sensitivity.lower)
        )
        shown = frequency * sensitivity.value + (1.0 - frequency) * error
        return PlanResult(
            plan=self._plans[number],
            sampled=float(np.mean([o.sampled for o, led in zip(outcomes, self.leads, strict=True) if led])),
            sensitivity=sensitivity,
            elsewhere=elsewhere,
            samples=float(np.mean([outcome.samples for outcome in outcomes])),
            to_see=patients_to_see(frequency * sensitivity.value, power),
            to_see_range=(low, high),
            to_exceed=patients_to_exceed(shown, error, power, SIGNIFICANCE),
        )


def _plain(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
