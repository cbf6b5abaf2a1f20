"""How many paired biopsies or blood draws find a mechanism of resistance, when they are taken, and from which lesion.

Patients of a trial's arm are simulated with all their clones. In those who progress, every plan of sampling is carried out by the
simulated laboratory. That gives, for each plan, how often it finds the mechanism where it led the progression, and how often where it
did not (a minor clone, or an error of the assay). With the frequency that the user expects, the number of patients follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from forestall.clinic.assays import Assay, panel
from forestall.clinic.follow import follow_arm
from forestall.clinic.laboratory import Laboratory
from forestall.clinic.population import draw_population
from forestall.errors import InputError, StudyError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.scope import in_scope
from forestall.statistics.detection import patients_to_exceed, patients_to_see
from forestall.statistics.proportions import proportion
from forestall.studies.biopsy_cohort import PLANS, Outcome, Plan, Progressor, Sampler, progressors
from forestall.studies.biopsy_result import SIGNIFICANCE, BiopsyDesign, PlanResult, Question
from forestall.studies.compilation import announce_compilation
from forestall.studies.progress import Progress, quiet
from forestall.studies.trial import Trial

DEFAULT_PATIENTS = 1000
MODALITIES = ("tissue", "blood", "both", "all")
LESIONS = ("progressing", "largest", "random", "all")


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
    with in_scope(trial.scope):
        laboratory = Laboratory.with_numbers(settings)
        wanted, unseen = _sought(mechanism)
        question = Question(
            mechanism=mechanism,
            frequency=frequency,
            power=power,
            arm=_arm_name(trial, arm),
            modality=modality,
            lesion=lesion,
            patients=patients,
            seed=seed,
            settings=tuple(f"{key}={number!r}" for key, number in laboratory.changed.items()),
        )
        count = _Counts(_plans(modality, lesion), frozenset(wanted), Sampler(laboratory))
        for who in _progressors(trial, question, progress or quiet):
            count.add(who)
    _check_carriers(count, trial, question)
    return BiopsyDesign(
        trial=trial.spec.trial,
        source=trial.source,
        question=question,
        alterations=wanted,
        unseen=unseen,
        changed=laboratory.changed,
        progressed=len(count.leads),
        carriers=sum(count.leads),
        lead_share=float(np.median(count.lead_shares)),
        results=count.results(frequency, power),
    )


def _sought(mechanism: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The alterations that a name stands for, and those among them that no assay sees."""
    wanted = wanted_alterations(mechanism)
    unseen = tuple(name for name in wanted if panel()[name] is Assay.NONE)
    if len(unseen) == len(wanted):
        raise InputError(
            "no assay sees this: it is a change of expression or splicing", field="mechanism", value=mechanism
        )
    return wanted, unseen


def _progressors(trial: Trial, question: Question, progress: Progress) -> Iterator[Progressor]:
    """The patients of an arm who progress, with the numbers of the catalog."""
    arm = trial.compiled_arms()[list(trial.spec.arms).index(question.arm)]
    population = draw_population(trial.spec.population, np.arange(question.patients), question.seed)
    watch = trial.watch(question.seed)
    first = population.select(np.arange(1))
    announce_compilation(progress, lambda: follow_arm(first, arm, 0, watch, trace=True))
    return progressors(population, arm, watch, _counted(progress))


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


def _check_carriers(count: _Counts, trial: Trial, question: Question) -> None:
    if sum(count.leads):
        return
    led = ", ".join(f"{name} {number}" for name, number in count.most_common()) or "nothing acquired"
    raise StudyError(
        f"none of {question.patients} simulated patients of {trial.spec.trial}, arm {question.arm}, progressed by "
        f"{question.mechanism} ({len(count.leads)} progressed; led by: {led}); try more --patients, another --arm, or one of these"
    )


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

    def results(self, frequency: float, power: float) -> tuple[PlanResult, ...]:
        """What each plan achieves."""
        return tuple(self._result(number, frequency, power) for number in range(len(self._plans)))

    def _result(self, number: int, frequency: float, power: float) -> PlanResult:
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
