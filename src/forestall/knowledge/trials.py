"""Trial designs: the file that a user writes, and the published designs of the catalog (the same model)."""

from __future__ import annotations

import functools
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.complaints import field_error, rethrown
from forestall.knowledge.evidence import find_evidence, plain_name
from forestall.knowledge.packs import DIRECTORY as PACKS
from forestall.knowledge.packs import check_disease, pack_in_force, scope_of
from forestall.knowledge.population import Population
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import Duration, days, share
from forestall.knowledge.reading import DATA, Document, read_yaml, validate
from forestall.knowledge.regimens import Regimen, parse_regimen
from forestall.knowledge.scope import Scope, disease, in_scope, per_scope
from forestall.knowledge.visits import VISITS_SCHEMA, VisitPhase, check_visits, parse_visits, visit_days

DIRECTORY = DATA / "trials"
MAX_PATIENTS = 10_000_000
_DAYS_PER = {"year": 365.25, "month": 30.4375}
_REGIMEN_SCHEMA = {
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1}, {"type": "object"}],
    "description": "A regimen of the catalog, or a list of doses with units.",
}


def _name(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][\w .+-]{0,59}", value):
        return value
    allowed = "up to 60 letters, digits, blanks and . + - _, in quotes if it is a number"
    raise InputError("not a possible name", value="nothing" if value is None else value, allowed=allowed)


def _regimen(value: Any) -> Any:
    if value is None:
        raise InputError(
            "the regimen is missing", allowed="a cataloged regimen, or a list of doses with units"
        )
    parse_regimen(value)
    return value


def _ratio(value: Any) -> str:
    text = re.sub(r"\s", "", value) if isinstance(value, str) else ""
    if not re.fullmatch(r"[1-9]\d?(:[1-9]\d?)*", text):
        raise InputError("not a randomization ratio", value=value, allowed="whole numbers such as 1:1 or 2:1")
    return text


def _dropout(value: Any) -> Any:
    _dropout_per_day(value)
    return value


def _dropout_per_day(value: Any) -> float:
    found = re.fullmatch(r"\s*(\S+)\s*(?:per|/)\s*(year|month)\s*", value) if isinstance(value, str) else None
    if found is None:
        raise InputError(
            "cannot read the dropout", value=value, allowed="a share per time such as '5% per year'"
        )
    lost = share(found[1])
    if lost >= 1:
        raise InputError("dropout must be below 100%", value=value)
    return -math.log1p(-lost) / _DAYS_PER[found[2]]


def _published(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError("expected the name of a published trial", value=value)
    return find_evidence(value).trial


RegimenText = Annotated[Any, BeforeValidator(rethrown(_regimen)), WithJsonSchema(_REGIMEN_SCHEMA)]
"""A regimen as written: text, or a list of doses."""


class TrialSpec(Entry):
    """A trial in the words of its protocol."""

    trial: Annotated[str, BeforeValidator(rethrown(_name))] = Field(
        description="Name.", examples=["EXAMPLE-1"]
    )
    title: str = Field(default="", description="One line on what the trial asks.")
    description: str = Field(default="", description="Anything longer.")
    disease: Annotated[str, BeforeValidator(rethrown(check_disease))] = Field(
        default_factory=disease,
        description="Disease: breast, a pack that ships with the program, or the path of a pack.",
        examples=["breast", "cml"],
    )
    population: Population = Field(description="Eligibility and mix of the patients.")
    arms: dict[Annotated[str, Field(min_length=1, max_length=40)], RegimenText] = Field(
        min_length=1,
        max_length=20,
        description="Name of each arm, and its regimen: one of the catalog, or a list of doses with units.",
        examples=[{"control": "trastuzumab + docetaxel q3w"}],
    )
    control: str | None = Field(
        default=None, description="The arm that hazard ratios compare with; else the first."
    )
    randomization: Annotated[str, BeforeValidator(rethrown(_ratio))] | None = Field(
        default=None,
        description="Allocation in the order of the arms; equal if not given.",
        examples=["1:1", "2:1"],
    )
    patients: int = Field(strict=True, ge=1, le=MAX_PATIENTS, description="Patients in all arms together.")
    visits: Annotated[
        tuple[VisitPhase, ...], BeforeValidator(rethrown(parse_visits)), WithJsonSchema(VISITS_SCHEMA)
    ] = Field(description="When the tumor is measured.", examples=["every 9 weeks"])
    endpoints: tuple[Literal["PFS", "OS", "ORR", "DOR"], ...] = Field(
        default=("PFS", "OS", "ORR"), min_length=1, description="What is analyzed."
    )
    follow_up: Duration = Field(description="Time from the start of a patient's treatment to the data cut.")
    accrual: Duration | None = Field(
        default=None, description="Time over which patients enter evenly; they then have less follow-up."
    )
    dropout: Annotated[str, BeforeValidator(rethrown(_dropout))] | None = Field(
        default=None, description="Share lost to follow-up per time.", examples=["5% per year"]
    )
    after_progression: RegimenText | None = Field(
        default=None, description="Treatment after progression (it affects OS); else that of the disease."
    )
    published: Annotated[str | None, BeforeValidator(rethrown(_published))] = Field(
        default=None, description="Published trial to compare with.", examples=["CLEOPATRA"]
    )
    sources: tuple[str, ...] = Field(default=(), description="Where the design comes from.")
    notes: tuple[str, ...] = Field(default=(), description="Assumptions and deviations.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            self._check_arms()
            self._check_times()
        except InputError as error:
            raise field_error(error) from None
        return self

    def _check_arms(self) -> None:
        if self.control is not None and self.control not in self.arms:
            fix = did_you_mean(self.control, self.arms)
            raise InputError("there is no such arm", field="control", value=self.control, fix=fix)
        if len(self.allocation) != len(self.arms):
            allowed = f"one number for each of the {len(self.arms)} arms"
            raise InputError(
                "randomization does not fit", field="randomization", value=self.randomization, allowed=allowed
            )
        if self.patients < len(self.arms):
            raise InputError("fewer patients than arms", field="patients", value=self.patients)
        if len(set(self.endpoints)) < len(self.endpoints):
            raise InputError("an endpoint is given twice", field="endpoints", value=list(self.endpoints))

    def _check_times(self) -> None:
        try:
            check_visits(self.visits)
        except InputError as error:
            raise InputError(
                error.message, field=f"visits{error.field or ''}", value=error.value, fix=error.fix
            ) from None
        if self.follow_up_days < days(self.visits[0].every):
            fix = f"the first visit is due after {self.visits[0].every}"
            raise InputError(
                "follow-up ends before the first visit", field="follow_up", value=self.follow_up, fix=fix
            )

    @functools.cached_property
    def regimens(self) -> dict[str, Regimen]:
        """The regimen of each arm, in the order of the arms."""
        return {arm: parse_regimen(regimen) for arm, regimen in self.arms.items()}

    @property
    def after_progression_regimen(self) -> Regimen | None:
        """Treatment after progression, if the trial says one."""
        return None if self.after_progression is None else parse_regimen(self.after_progression)

    @property
    def drugs_by_arm(self) -> dict[str, tuple[str, ...]]:
        """Drugs of each arm."""
        return {arm: regimen.drugs for arm, regimen in self.regimens.items()}

    @property
    def control_arm(self) -> str:
        """The arm that the others are compared with."""
        return self.control or next(iter(self.arms))

    @property
    def allocation(self) -> tuple[int, ...]:
        """Parts of the randomization, in the order of the arms."""
        if self.randomization is None:
            return (1,) * len(self.arms)
        return tuple(int(part) for part in self.randomization.split(":"))

    @property
    def follow_up_days(self) -> float:
        """Follow-up from the start of treatment, days."""
        return days(self.follow_up)

    @property
    def accrual_days(self) -> float:
        """Time over which patients enter, days; 0 if all enter at once."""
        return 0.0 if self.accrual is None else days(self.accrual)

    @property
    def dropout_per_day(self) -> float | None:
        """Hazard of loss to follow-up, 1/day; None if the trial does not say."""
        return None if self.dropout is None else _dropout_per_day(self.dropout)

    def visit_days(self, until_day: float | None = None) -> list[float]:
        """Days of the visits, baseline (day 0) first.

        Args:
            until_day: The last day that counts; the end of follow-up if not given.
        """
        return visit_days(self.visits, self.follow_up_days if until_day is None else until_day)


@per_scope
def load_trials() -> dict[str, TrialSpec]:
    """Every trial design of the catalog, or of the pack in force, by name.

    Raises:
        KnowledgeError: naming file and field of a wrong entry.
    """
    specs = [validate(TrialSpec, read_yaml(path)) for path in _files()]
    return {spec.trial: spec for spec in specs}


def _files() -> list[Path]:
    """The files of the trials of the disease in force."""
    pack = pack_in_force()
    return sorted((DIRECTORY if pack is None else pack.folder / "trials").glob("*.yaml"))


def _all_files() -> list[Path]:
    """The files of every trial, those of the disease in force first."""
    return [*_files(), *sorted(DIRECTORY.glob("*.yaml")), *sorted(PACKS.glob("*/trials/*.yaml"))]


def find_trial(name_or_path: str | Path) -> Path:
    """The file of a trial, of whichever disease.

    Args:
        name_or_path: The name of a cataloged trial (case and hyphens do not matter), or a path.

    Raises:
        InputError: if it is neither.
    """
    text = str(name_or_path)
    cataloged = {plain_name(path.stem): path for path in reversed(_all_files())}
    if plain_name(text) in cataloged and not isinstance(name_or_path, Path):
        return cataloged[plain_name(text)]
    looks_like_path = isinstance(name_or_path, Path) or re.search(r"[/\\]|\.ya?ml$", text) is not None
    if looks_like_path or Path(text).exists():
        return Path(text)
    fix = f"{_nearest(text)} Or give the path of a trial file (.yaml)"
    raise InputError("no trial of this name in the catalog", value=text, fix=fix)


def _nearest(text: str) -> str:
    """The nearest trials of the disease in force; of other diseases if none of those is near."""
    own = did_you_mean(text, load_trials())
    others = did_you_mean(text, sorted({path.stem for path in _all_files()}))
    return others if not own.startswith("did") and others.startswith("did") else own


def read_trial(name_or_path: str | Path) -> tuple[Document, Scope | None]:
    """A trial as it is written, and the knowledge of its disease, in which it is to be read.

    Args:
        name_or_path: The name of a cataloged trial (case and hyphens do not matter), or a path.

    Raises:
        InputError: if there is no such trial or disease.
    """
    document = read_yaml(find_trial(name_or_path))
    return document, scope_of(document.data, document)


def load_trial(name_or_path: str | Path) -> TrialSpec:
    """A trial of the catalog, or from a file; what it gives is read in the knowledge of its disease.

    Args:
        name_or_path: The name of a cataloged trial (case and hyphens do not matter), or a path.

    Raises:
        InputError: if there is none, or the file is wrong: naming file, line, field and fix.
    """
    document, scope = read_trial(name_or_path)
    with in_scope(scope):
        return validate(TrialSpec, document)


def trial_json_schema() -> dict[str, Any]:
    """The JSON Schema of a trial file, for editors that check and complete YAML."""
    schema = TrialSpec.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Forestall trial"}
