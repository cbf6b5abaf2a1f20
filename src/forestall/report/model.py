"""What a report of a trial is made of: plain numbers and texts, with no trace of how they were computed.

Times are in days here as everywhere inside; the report prints months. An estimate that is NaN is unknown, one
that is infinite was not reached within follow-up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.estimate import Estimate
from forestall.statistics.replicates import Prediction

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Published:
    """A published result, to stand beside the simulated one."""

    value: Estimate
    """Days for a median, a fraction for a rate, a ratio for a hazard ratio; NaN where none was printed."""
    endpoint: str = ""
    """What was measured, if it is not quite the simulated endpoint (TTP instead of PFS)."""
    source: str = ""
    """Where it stands, in short."""


@dataclass(frozen=True, slots=True)
class TimeSummary:
    """A time-to-event endpoint in one arm."""

    events: int
    """Number of events."""
    median: Estimate
    """Median with 95% confidence interval, day."""


@dataclass(frozen=True, slots=True)
class ResponseSummary:
    """Objective response in one arm."""

    responders: int
    """Patients with a best response of CR or PR."""
    evaluable: int
    """Patients in the denominator."""
    rate: Estimate
    """Responders as a fraction of the evaluable, with 95% confidence interval."""


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm: who was in it, what they got, how they fared."""

    name: str
    """The arm's name in the trial file."""
    regimen: str
    """What the arm was given, in words."""
    n: int
    """Patients randomized to the arm, failed ones included."""
    failed: int
    """Patients whose simulation failed; they have no result and stay in `n`."""
    pfs: TimeSummary
    """Progression-free survival."""
    os: TimeSummary
    """Overall survival."""
    response: ResponseSummary
    """Objective response."""
    published: Mapping[str, Published] = field(default_factory=dict)
    """Published results of this arm, under "PFS", "OS" and "ORR"."""


@dataclass(frozen=True, slots=True)
class HazardRatioSummary:
    """One arm compared with another."""

    endpoint: str
    """"PFS" or "OS"."""
    experimental: str
    """Name of the arm in the numerator."""
    control: str
    """Name of the arm in the denominator."""
    ratio: Estimate
    """Hazard ratio with 95% confidence interval."""
    prediction: Prediction | None = None
    """Median and 90% prediction interval over replicates of the whole trial."""
    published: Published | None = None
    """The published hazard ratio."""


@dataclass(frozen=True, slots=True)
class CauseTable:
    """Why patients progressed."""

    causes: Sequence[str]
    """(c,) the causes, in the order in which they are to be shown."""
    counts: Integers
    """(arms, c) patients whose progression was led by that cause."""
    explanations: Mapping[str, str] = field(default_factory=dict)
    """One sentence on each cause."""


@dataclass(frozen=True, slots=True)
class WhyTable:
    """What each mechanism did over the courses of patients who progressed, from courses repeated without it."""

    mechanisms: Sequence[str]
    """(m,) in words, the one that was most often the main one first."""
    explained: Integers
    """(arms,) patients whose courses were repeated."""
    mattered: Integers
    """(arms, m) those whose leading lesion would have been smaller."""
    main: Integers
    """(arms, m) those in whom nothing else mattered as much."""
    prevented: Integers
    """(arms, m) those in whom it mattered, and who would not have progressed while they were followed."""
    later_days: Floats
    """(arms, m) median by how much later progression would have come where it mattered; NaN if it did in nobody."""
    unexplained: Integers
    """(arms,) those in whom no single mechanism mattered."""
    verdicts: Mapping[str, Sequence[int]]
    """How the one-day cause stands to the whole course, in words, with the patients of each arm."""
    courses: int
    """Courses that were simulated for it."""
    data: Mapping[str, Any]
    """The same for programs."""


@dataclass(frozen=True, slots=True)
class SurvivalData:
    """A time-to-event endpoint of every patient."""

    endpoint: str
    """"PFS" or "OS"."""
    title: str
    """The endpoint in full."""
    time_days: Floats
    """(n,) time to the event or to censoring, day; NaN for a failed patient."""
    event: Bools
    """(n,) whether the event happened."""
    arm: Integers
    """(n,) index of the arm."""


@dataclass(frozen=True, slots=True)
class BestChanges:
    """The best change of the sum of target lesion diameters of every patient."""

    change_percent: Floats
    """(n,) lowest change from baseline up to progression, percent; NaN without a scan after baseline."""
    arm: Integers
    """(n,) index of the arm."""


@dataclass(frozen=True, slots=True)
class SwimmerRow:
    """One patient's time on study; a day is None if it did not come."""

    patient: str
    """The patient's identifier."""
    arm: int
    """Index of the arm."""
    followed_days: float
    """Last day on which the patient was known to live, or the day of death."""
    treated_days: float
    """End of the treatment of this trial."""
    response_day: float | None = None
    """First CR or PR."""
    progression_day: float | None = None
    """Visit at which progression was found."""
    death_day: float | None = None
    """Day of death."""


Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """Everything that the report of a trial shows."""

    title: str
    """The trial's name."""
    description: str = ""
    """One or two sentences on the question that the trial asks."""
    arms: Sequence[ArmSummary]
    """The arms, control first."""
    hazard_ratios: Sequence[HazardRatioSummary] = ()
    """Comparisons of arms."""
    causes: CauseTable | None = None
    """Why patients progressed."""
    why: WhyTable | None = None
    """What each mechanism did over whole courses."""
    survival: Sequence[SurvivalData] = ()
    """The endpoints that get a Kaplan-Meier figure."""
    best_changes: BestChanges | None = None
    """The data of the waterfall figure."""
    swimmers: Sequence[SwimmerRow] = ()
    """The patients of the swimmer figure (see `choose_swimmers`)."""
    design: Rows = ()
    """How the trial was run: what, and how."""
    follow_up_days: float = math.inf
    """Longest possible follow-up, day; a published median beyond it cannot be compared."""
    population: Rows = ()
    """Who was in it: characteristic, and its mix or range."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """How many model parameters are measured, derived, calibrated, assumed."""
    parameters_label: str = ""
    """The state of the parameters in a few words, for the head line."""
    seed: int | None = None
    """Seed of the run."""
    replicates: int = 1
    """Independent repetitions of the trial."""
    record: Mapping[str, str] = field(default_factory=dict)
    """The run's record: versions, inputs, hashes."""
    rerun_command: str = ""
    """The command that reproduces the run."""
    published_trial: str = ""
    """The published trial that the result is compared with."""
    marker: str = ""
    """What is measured in place of diameters, such as BCR-ABL1; response rates then mean nothing and are left out."""
    landmarks: Rows = ()
    """Rates at a time and of milestones: what, and the simulated one beside the published."""
    citations: Sequence[str] = ()
    """References of every number that the result rests on."""
    notes: Sequence[str] = ()
    """Remarks on this run, such as deviations of the simulated from the published design."""
    limits: Sequence[str] = ()
    """What the model leaves out."""

    @property
    def patients(self) -> int:
        """Patients over all arms."""
        return sum(arm.n for arm in self.arms)

    @property
    def failed(self) -> int:
        """Failed patients over all arms."""
        return sum(arm.failed for arm in self.arms)

    def arm(self, name: str) -> ArmSummary:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)
