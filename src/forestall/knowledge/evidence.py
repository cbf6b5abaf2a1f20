"""Published outcomes of trials, and the ones that a simulated trial is shown beside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import one_of
from forestall.knowledge.reading import DATA, read_yaml, validate
from forestall.knowledge.scope import catalog, current

if TYPE_CHECKING:
    from forestall.knowledge.trials import TrialSpec

COMMON_ENDPOINTS = ("PFS", "OS", "ORR", "DOR", "TTP")


def _endpoint(value: Any) -> str:
    """An endpoint of every disease, or a milestone of the marker of the disease in force."""
    scope = current()
    burden = None if scope is None else scope.facts.burden
    known = (*COMMON_ENDPOINTS, *(() if burden is None else burden.milestones))
    return one_of({word.casefold(): word for word in known})(value)


Endpoint = Annotated[str, BeforeValidator(rethrown(_endpoint))]
Use = Literal["calibrate", "validate", "display"]
Interval = tuple[float | None, float | None]
Row = TypeVar("Row", bound="_Row")


class _Row(Entry):
    """What every row of evidence has."""

    trial: str
    subgroup: str = "all"
    """The patients that the row is about."""
    endpoint: Endpoint
    verified: Literal["yes", "secondary"]
    """Whether the numbers were read in the primary text or its abstract, or in a secondary source."""
    source_url: str
    """Where they were read."""
    preferred: bool = False
    """Chosen by the curators where a trial has several analyses."""
    assessor: Literal["IRC", "INV"] | None = None
    """Independent review or investigator."""
    note: str | None = None
    use: Use = "display"
    """Calibration and validation never share a row."""


class Outcome(_Row):
    """The outcome of one arm."""

    arm: str
    n: int | None = Field(default=None, gt=0)
    """Patients in the arm."""
    median_months: float | None = Field(default=None, gt=0)
    """Median time to the event."""
    rate_pct: float | None = Field(default=None, ge=0, le=100)
    """Percent that responded, or percent free of the event at `rate_time_months`."""
    rate_time_months: float | None = Field(default=None, gt=0)
    ci: Interval | None = None
    """95% confidence interval of the median, or of the rate; an end that was not reached is null."""

    @model_validator(mode="after")
    def _has_a_number(self) -> Self:
        if (self.median_months is None) == (self.rate_pct is None):
            raise ValueError("a row gives either median_months or rate_pct")
        _check_interval(self.ci, self.median_months if self.rate_pct is None else self.rate_pct)
        return self


class Comparison(_Row):
    """A hazard ratio."""

    experimental: str
    control: str
    hr: float | None = Field(default=None, gt=0)
    ci: Interval | None = None
    """95% confidence interval."""
    p: str | None = None
    """As printed."""
    n_experimental: int | None = Field(default=None, gt=0)
    n_control: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _has_a_number(self) -> Self:
        if self.hr is None and self.p is None:
            raise ValueError("a row gives hr or p")
        _check_interval(self.ci, self.hr)
        return self


class PublishedArm(Entry):
    """An arm as its paper names it."""

    published_as: str
    drugs: tuple[str, ...] = ()
    """Drugs by INN; an arm of a user's trial that gives the same drugs is compared with this one."""


class Evidence(Entry):
    """What is published of one trial."""

    trial: str
    subgroup: str = "all"
    """The subgroup that the cataloged trial of this name simulates."""
    primary_assessor: Literal["IRC", "INV"]
    source: str
    """Key of a reference."""
    arms: dict[str, PublishedArm]
    outcomes: tuple[Outcome, ...]
    comparisons: tuple[Comparison, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_the_trial_in_each_row(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        rows = {
            key: [{"trial": data.get("trial"), **row} if isinstance(row, dict) else row for row in data[key]]
            for key in ("outcomes", "comparisons")
            if isinstance(data.get(key), list)
        }
        return {**data, **rows}

    @model_validator(mode="after")
    def _arms_are_known(self) -> Self:
        named = {row.arm for row in self.outcomes}
        named |= {arm for row in self.comparisons for arm in (row.experimental, row.control)}
        if unknown := named - set(self.arms):
            raise ValueError(f"rows name arms that are not listed under 'arms': {', '.join(sorted(unknown))}")
        return self


@dataclass(frozen=True)
class PublishedTrial:
    """One published row for each arm and endpoint of a simulated trial."""

    trial: str
    subgroup: str
    source: str
    """Key of a reference."""
    outcomes: Mapping[tuple[str, str], Outcome]
    """By (arm of the simulated trial, endpoint)."""
    comparisons: Mapping[tuple[str, str], Comparison]
    """By (experimental arm of the simulated trial, endpoint), against its control."""
    notes: tuple[str, ...]
    """What a reader must know: substitutions, and arms without a published counterpart."""

    def outcome(self, arm: str, endpoint: str) -> Outcome | None:
        """The published outcome of an arm, if there is one."""
        return self.outcomes.get((arm, endpoint))

    def comparison(self, arm: str, endpoint: str) -> Comparison | None:
        """The published hazard ratio of an arm against control, if there is one."""
        return self.comparisons.get((arm, endpoint))


@catalog("evidence")
def load_evidence() -> dict[str, Evidence]:
    """Everything published that the catalog holds, by trial.

    Raises:
        KnowledgeError: naming file and field of a wrong entry.
    """
    entries = [validate(Evidence, read_yaml(path)) for path in sorted((DATA / "evidence").glob("*.yaml"))]
    return {entry.trial: entry for entry in entries}


def landmarks_of(spec: TrialSpec) -> list[tuple[str, Outcome]]:
    """Published rates at a time, or of a milestone, each with the arm of the simulated trial that gives the same drugs.

    Args:
        spec: The trial.
    """
    if spec.published is None:
        return []
    evidence = find_evidence(spec.published)
    names = {_counterpart(evidence, arm, drugs): arm for arm, drugs in spec.drugs_by_arm.items()}
    return [
        (names[row.arm], row)
        for row in evidence.outcomes
        if row.arm in names
        and row.rate_pct is not None
        and row.subgroup == evidence.subgroup
        and (row.endpoint not in COMMON_ENDPOINTS or (row.endpoint in ("PFS", "OS") and row.rate_time_months))
    ]


def find_evidence(name: str) -> Evidence:
    """The evidence on a trial, whatever the case and the hyphens of its name.

    Raises:
        InputError: if there is none, with the nearest names.
    """
    known = load_evidence()
    for trial, entry in known.items():
        if plain_name(trial) == plain_name(name):
            return entry
    none = "this disease has none: put them into 'evidence', or leave this field out"
    fix = did_you_mean(name, known) if known else none
    raise InputError("no published results under this name", value=name, fix=fix)


def plain_name(name: str) -> str:
    """A trial's name without case, hyphens and blanks."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def published_for(spec: TrialSpec) -> PublishedTrial | None:
    """The published results to show beside a simulated trial.

    An arm is matched by its drugs (and by its name, where two published arms give the same drugs). Of several
    rows for one number the choice is: the subgroup that the cataloged trial simulates (for ORR, its patients
    with measurable disease if only they are reported); then a row marked preferred; then the primary
    assessor's; then the first. Where no PFS is published, time to progression stands in, and a note says so.

    Args:
        spec: The trial.

    Returns:
        The rows, or None if the trial names no published trial.
    """
    if spec.published is None:
        return None
    evidence = find_evidence(spec.published)
    names = {arm: _counterpart(evidence, arm, drugs) for arm, drugs in spec.drugs_by_arm.items()}
    cells = [(arm, endpoint) for arm in names for endpoint in ("PFS", "OS", "ORR")]
    control = names[spec.control_arm]
    outcomes = {(arm, endpoint): _outcome(evidence, names[arm], endpoint) for arm, endpoint in cells}
    ratios = {(arm, endpoint): _ratio(evidence, (names[arm], control), endpoint) for arm, endpoint in cells}
    notes = [f"no published arm gives the drugs of '{arm}'" for arm, name in names.items() if name is None]
    notes += _substitutions([*outcomes.items(), *ratios.items()], evidence.subgroup)
    return PublishedTrial(
        evidence.trial,
        evidence.subgroup,
        evidence.source,
        {cell: row for cell, row in outcomes.items() if row is not None},
        {cell: row for cell, row in ratios.items() if row is not None},
        tuple(dict.fromkeys(notes)),
    )


def _counterpart(evidence: Evidence, arm: str, drugs: Iterable[str]) -> str | None:
    given = set(drugs)
    same = [name for name, published in evidence.arms.items() if given == set(published.drugs)]
    return min(same, key=lambda name: name.casefold() != arm.casefold(), default=None)


def _outcome(evidence: Evidence, arm: str | None, endpoint: str) -> Outcome | None:
    number = "rate_pct" if endpoint == "ORR" else "median_months"
    rows = [row for row in evidence.outcomes if row.arm == arm and getattr(row, number) is not None]
    return _pick(evidence, endpoint, rows)


def _ratio(evidence: Evidence, pair: tuple[str | None, str | None], endpoint: str) -> Comparison | None:
    rows = [row for row in evidence.comparisons if (row.experimental, row.control) == pair]
    return _pick(evidence, endpoint, [row for row in rows if row.hr is not None])


def _pick(evidence: Evidence, endpoint: str, rows: Iterable[Row]) -> Row | None:
    """The row that ranks first by endpoint and subgroup (as in `choices`), curators' mark, and assessor."""
    whole, assessor = evidence.subgroup, evidence.primary_assessor
    choices = [(endpoint, whole)]
    if endpoint == "PFS":
        choices.append(("TTP", whole))
    if endpoint == "ORR":
        choices.append(("ORR", "measurable" if whole == "all" else f"{whole} measurable"))
    found = [row for row in rows if (row.endpoint, row.subgroup) in choices]

    def rank(row: Row) -> tuple[int, bool, bool]:
        return choices.index((row.endpoint, row.subgroup)), not row.preferred, row.assessor != assessor

    return min(found, key=rank, default=None)


def _substitutions(
    rows: Iterable[tuple[tuple[str, str], Outcome | Comparison | None]], subgroup: str
) -> list[str]:
    notes = []
    for (_, endpoint), row in rows:
        if row is not None and row.endpoint != endpoint:
            notes.append(f"published {row.endpoint} (time to progression) stands in for {endpoint}")
        if row is not None and row.subgroup != subgroup:
            notes.append(f"published {endpoint} is that of the patients '{row.subgroup}'")
    return notes


def _check_interval(interval: Interval | None, value: float | None) -> None:
    if interval is None or value is None:
        return
    low, high = interval
    if (low is not None and low > value) or (high is not None and high < value):
        raise ValueError(f"the interval {list(interval)} is inverted or does not hold {value}")
