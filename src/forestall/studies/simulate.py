"""One patient under one regimen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.course import FAILURES
from forestall.clinic.defaults import default_after_progression
from forestall.clinic.dying import dying_cells
from forestall.clinic.endpoints import objective_response
from forestall.clinic.follow import Followed, Watch, follow_arm
from forestall.clinic.population import Population, population_from_patient
from forestall.clinic.recist import RESPONSES
from forestall.clinic.trace import Trace, chemotherapy_stopped, doses_given, trace_of
from forestall.clinic.visits import planned_visits
from forestall.errors import InputError
from forestall.knowledge.complaints import complaint
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet, in_use, using
from forestall.knowledge.regimens import Regimen, parse_regimen
from forestall.knowledge.scope import Scope, in_scope
from forestall.knowledge.visits import VisitPhase, check_visits, parse_visits
from forestall.studies.citations import status_counts
from forestall.studies.compilation import announce_compilation
from forestall.studies.course import CloneCourse, Course, LesionCourse, Progression
from forestall.studies.course_files import course_data, number_or_none, record_of, write_tables
from forestall.studies.output import staged_folder
from forestall.studies.patient import Patient
from forestall.studies.progress import Progress
from forestall.studies.record import write_record
from forestall.studies.scoped import in_its_disease
from forestall.studies.story import RESEARCH_USE, story_of
from forestall.units import quantity_in

RegimenText = str | Regimen | Mapping[str, Any] | Sequence[Any]

DEFAULT_VISITS = "every 8 weeks"
LONGEST_YEARS = 30
_TYPICAL_SEED = 0
"""Of the clones of the typical patient, which have to be drawn like anyone's."""


class PatientCourse(Course):
    """The course of one patient, with its words and files."""

    @in_its_disease
    def story(self) -> str:
        """The course in words."""
        return story_of(self)

    @in_its_disease
    def to_json(self) -> str:
        """The course as one JSON object."""
        return json.dumps({**course_data(self), "notice": RESEARCH_USE}, allow_nan=False, ensure_ascii=False)

    @in_its_disease
    def write(self, folder: Path | str, *, also: Callable[[Path], object] | None = None) -> None:
        """Write story.txt, course.json, visits.csv, clones.csv and the run's record: all of them or nothing.

        Args:
            folder: Where to; an earlier result there is replaced.
            also: Writes more files (figures) into the folder before it takes its place.

        Raises:
            StudyError: if the folder cannot be written, or holds files of others.
        """
        with staged_folder(Path(folder)) as staged:
            (staged / "story.txt").write_text(self.story() + "\n", encoding="utf-8")
            (staged / "course.json").write_text(self.to_json() + "\n", encoding="utf-8")
            write_tables(self, staged)
            if also is not None:
                also(staged)
            write_record(record_of(self, staged), staged)


@dataclass(frozen=True)
class Case:
    """One patient, her treatment and how she is watched: what a course follows from."""

    patient: Patient
    protocol: Regimen
    later: Regimen
    seed: int | None
    visits: str
    watch: Watch
    population: Population
    arm: Arm
    parameters: ParameterSet

    @property
    def scope(self) -> Scope | None:
        """The pack of the patient's disease; None for breast."""
        return self.patient.scope

    @in_its_disease
    def follow(self) -> Followed:
        """Follow her."""
        with using(self.parameters):
            return follow_arm(self.population, self.arm, 0, self.watch, trace=True)

    @in_its_disease
    def course(self, followed: Followed, arm: Arm | None = None) -> PatientCourse:
        """The course in the words of a study.

        Args:
            followed: What following her gave.
            arm: Under which arm, if not her own.
        """
        with using(self.parameters):
            return self._course(followed, arm or self.arm)

    def _course(self, followed: Followed, used: Arm) -> PatientCourse:
        trace = trace_of(followed, self.watch.visits)
        lesions = _lesions(followed, trace, len(self.patient.spec.lesions))
        return PatientCourse(
            patient=self.patient.spec,
            regimen=self.protocol,
            after_progression=self.later,
            seed=self.seed,
            visits=self.visits,
            follow_up_days=self.watch.follow_up_days,
            **_covariates(self.population),
            visit_day=trace.day,
            **_findings(followed, trace.day.size),
            lesions=lesions,
            clones=_clones(used, followed, trace),
            doses=doses_given(used, followed),
            stopped_day=chemotherapy_stopped(followed),
            progression=_progression(used, followed, trace, lesions),
            death_day=number_or_none(followed.findings.death_day[0]),
            last_day=float(followed.findings.last_contact_day[0]),
            numbers=status_counts((used,)),
            failure=FAILURES[followed.findings.failure[0]],
            scope=self.patient.scope,
            parameters=self.parameters,
        )


def simulate(
    patient: Patient,
    regimen: RegimenText,
    duration: str = "24 months",
    seed: int | None = 1,
    *,
    after_progression: RegimenText | None = None,
    visits: str | None = None,
    parameters: ParameterSet | None = None,
    progress: Progress | None = None,
) -> PatientCourse:
    """Follow one patient through one regimen.

    Args:
        patient: Who is treated.
        regimen: Until progression: a cataloged name, drugs and doses in words, or a list of them (see
            `parse_regimen`).
        duration: How long to follow her, with its unit.
        seed: Of every random number: the biology that the description leaves open, lesions that are still
            too small to be seen, the fate of small clones, errors of measurement, death. None gives the
            typical patient: what is open takes its median, no lesion is hidden, nothing is measured wrongly;
            only the clones are drawn, always alike.
        after_progression: What follows progression; what the disease's knowledge says if absent (in breast
            cancer capecitabine, with trastuzumab if it is HER2-positive).
        visits: When she is assessed, such as "every 8 weeks" or "every 8 weeks until 18 months, then every
            12 weeks"; every 8 weeks, or as the disease's pack says, if absent.
        parameters: Numbers that replace those of the catalog; none if not given.
        progress: Told what is going on while the model is compiled or loaded.

    Returns:
        The course. Two regimens with one seed share all random numbers.

    Raises:
        InputError: if the regimen, the duration, the visits or the seed cannot be read.
    """
    case = prepare(
        patient,
        regimen,
        duration,
        seed,
        after_progression=after_progression,
        visits=visits,
        parameters=parameters,
    )
    if progress is not None:
        announce_compilation(progress, lambda: case.course(case.follow()))
    return case.course(case.follow())


def prepare(
    patient: Patient,
    regimen: RegimenText,
    duration: str = "24 months",
    seed: int | None = 1,
    *,
    after_progression: RegimenText | None = None,
    visits: str | None = None,
    parameters: ParameterSet | None = None,
) -> Case:
    """One patient made ready to be followed, once or with something switched off; arguments as for `simulate`.

    Args:
        patient: Who is treated.
        regimen: Until progression.
        duration: How long to follow her.
        seed: Of every random number.
        after_progression: What follows progression.
        visits: When she is assessed.
        parameters: Numbers that replace those of the catalog.

    Raises:
        InputError: if an argument cannot be read.
    """
    with in_scope(patient.scope), using(parameters or LITERATURE):
        usual = default_after_progression(patient.spec.her2)
        later = usual if after_progression is None else parse_regimen(after_progression)
        return _prepared(patient, parse_regimen(regimen), duration, seed, later, visits or _usual_visits())


def _usual_visits() -> str:
    pack = pack_in_force()
    return DEFAULT_VISITS if pack is None or pack.visits is None else pack.visits


def _prepared(
    patient: Patient, protocol: Regimen, duration: str, seed: int | None, later: Regimen, visits: str
) -> Case:
    follow_up = _follow_up_days(duration)
    watch = _watch(_visit_days(visits, follow_up), follow_up, _checked_seed(seed))
    return Case(
        patient=patient,
        protocol=protocol,
        later=later,
        seed=seed,
        visits=visits,
        watch=watch,
        population=population_from_patient(patient.spec, seed=seed),
        arm=compile_arm("patient", protocol, later, watch.visits, follow_up),
        parameters=in_use(),
    )


def _follow_up_days(duration: str) -> int:
    try:
        days = quantity_in(duration, "day")
    except InputError as error:
        raise InputError(
            error.message,
            field="duration",
            value=error.value,
            allowed="for example '24 months'",
            fix=error.fix,
        ) from None
    if not 1 <= days <= quantity_in(f"{LONGEST_YEARS} years", "day"):
        allowed = f"1 day to {LONGEST_YEARS} years"
        raise InputError("not a possible duration", field="duration", value=duration, allowed=allowed)
    return round(days)


def _visit_days(visits: str, follow_up_days: int) -> tuple[int, ...]:
    try:
        phases = tuple(_visit_phase(data) for data in parse_visits(visits))
        check_visits(phases)
    except InputError as error:
        raise InputError(
            error.message, field="visits", value=error.value or visits, allowed=error.allowed, fix=error.fix
        ) from None
    return tuple(planned_visits(phases, follow_up_days).tolist())


def _visit_phase(data: Any) -> VisitPhase:
    try:
        return VisitPhase.model_validate(data)
    except ValidationError as error:
        raise complaint(VisitPhase, data, error)[1] from None


def _checked_seed(seed: int | None) -> int | None:
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(
            "not a seed", field="seed", value=seed, allowed="a whole number from 0 on, below 2^63"
        )
    return seed


def _watch(visits: tuple[int, ...], follow_up_days: int, seed: int | None) -> Watch:
    if seed is None:
        return Watch(visits, follow_up_days, _TYPICAL_SEED, dropout_per_day=0.0, measurement_error=0.0)
    return Watch(visits, follow_up_days, seed, dropout_per_day=0.0)


def _covariates(population: Population) -> dict[str, Any]:
    return {
        "age_years": float(population.age_years[0]),
        "postmenopausal": bool(population.postmenopausal[0]),
        "weight_kg": float(population.weight_kg[0]),
    }


def _findings(followed: Followed, visits: int) -> dict[str, Any]:
    """What the visits found, in the words of RECIST."""
    findings = followed.findings
    codes = findings.response[0, :visits].tolist()
    assessed = objective_response(findings, confirmed=False)
    best = int(assessed.best[0])
    return {
        "response": tuple(RESPONSES[code] if visit and code >= 0 else "" for visit, code in enumerate(codes)),
        "sum_mm": findings.sum_diameter_mm[0, :visits].copy(),
        "best_response": RESPONSES[best] if best >= 0 else "",
        "first_response_day": number_or_none(assessed.first_day[0]),
    }


def _lesions(followed: Followed, trace: Trace, described: int) -> tuple[LesionCourse, ...]:
    measured = followed.findings.lesion_diameter_mm[0, : trace.day.size]
    known = [column < described for column in trace.lesion.tolist()]
    return tuple(
        LesionCourse(
            name=name,
            site=trace.site[number],
            described=known[number],
            measured_mm=measured[:, trace.lesion[number]].copy(),
            true_mm=trace.diameter_mm[:, number].copy(),
        )
        for number, name in enumerate(_lesion_names(trace.site, known))
    )


def _lesion_names(sites: Sequence[str], described: Sequence[bool]) -> list[str]:
    """The sites, numbered where there are several lesions of a kind."""
    names = [site if known else f"new {site}" for site, known in zip(sites, described, strict=True)]
    return [
        f"{name} {names[: number + 1].count(name)}" if names.count(name) > 1 else name
        for number, name in enumerate(names)
    ]


def _clones(arm: Arm, followed: Followed, trace: Trace) -> tuple[CloneCourse, ...]:
    """The clones that ever had cells at a visit, the founding one first."""
    trunk = int(trace.mask[0])
    dying = dying_cells(arm, followed, trace.day, trace.cells, trace.tolerant_cells)
    return tuple(
        CloneCourse(
            acquired=_ids(arm, int(mask) & ~trunk),
            cells=trace.cells[:, :, number].copy(),
            tolerant_cells=trace.tolerant_cells[:, :, number].copy(),
            dying_per_day=dying[:, :, number].copy(),
        )
        for number, mask in enumerate(trace.mask)
        if number == 0 or trace.cells[:, :, number].any()
    )


def _ids(arm: Arm, mask: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(arm.alterations) if mask >> bit & 1)


def _progression(
    arm: Arm, followed: Followed, trace: Trace, lesions: tuple[LesionCourse, ...]
) -> Progression | None:
    findings = followed.findings
    day = number_or_none(findings.progression_day[0])
    if day is None:
        return None
    lead = lesions[trace.lesion.tolist().index(int(findings.lead_lesion[0]))]
    visit = int(np.flatnonzero(trace.day == day)[0])
    return Progression(
        day=day,
        lesion=lead.name,
        site=lead.site,
        new_lesion=bool(findings.new_lesion[0, visit]),
        acquired=_ids(arm, int(findings.lead_genotype[0]) & ~int(trace.mask[0])),
        cause=findings.causes[findings.cause[0]],
    )
