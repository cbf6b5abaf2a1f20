"""A report of a made-up trial with exponential times: two or three arms, every section filled."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from forestall.report.model import (
    ArmSummary,
    BestChanges,
    CauseTable,
    HazardRatioSummary,
    Published,
    ReportInput,
    ResponseSummary,
    SurvivalData,
    SwimmerRow,
    TimeSummary,
)
from forestall.report.swimmer import choose_swimmers
from forestall.statistics.cox import cox
from forestall.statistics.estimate import Estimate
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.observations import without_failures
from forestall.statistics.proportions import proportion
from forestall.statistics.replicates import predict

MONTH = 30.4375
FOLLOW_UP = 36 * MONTH
REGIMENS = {
    "control": "trastuzumab + docetaxel, every 3 weeks",
    "dual": "trastuzumab + pertuzumab + docetaxel, every 3 weeks",
    "triple": "trastuzumab + pertuzumab + docetaxel every 3 weeks, with anastrozole 1 mg daily",
}
CAUSES = (
    "PIK3CA_H1047R (acquired)",
    "ERBB2 binding loss",
    "ER switched on",
    "brain sanctuary",
    "incomplete inhibition",
    "tolerant cells",
    "regrowth after chemotherapy",
    "IGF1R rebound",
    "PTEN_loss (truncal)",
)


class Cohort:
    """Raw results of n patients per arm."""

    def __init__(self, arms: tuple[str, ...], size: int, failed: int) -> None:
        draw = np.random.default_rng(7)
        n = size * len(arms)
        self.arm = np.repeat(np.arange(len(arms)), size)
        scale = np.array([16.0, 26.0, 36.0])[self.arm] * MONTH
        progression = np.ceil(draw.exponential(scale) / 63) * 63
        death = progression + draw.exponential(22 * MONTH, n)
        self.followed = np.minimum(death, draw.uniform(20 * MONTH, FOLLOW_UP, n))
        self.pfs_event = progression <= self.followed
        self.pfs = np.minimum(progression, self.followed)
        self.os_event = death <= self.followed
        self.change = np.clip(draw.normal(-38 - 8 * self.arm, 42, n), -100, 180)
        self.change[draw.random(n) < 0.02] = np.nan
        self.cause = draw.choice(len(CAUSES), n, p=np.array([9, 7, 6, 5, 4, 3, 2, 1, 1]) / 38)
        for values in (self.followed, self.pfs, self.change):
            values[:failed] = np.nan


def _median(time: np.ndarray, event: np.ndarray) -> TimeSummary:
    known = without_failures(time, event)
    return TimeSummary(known.events, kaplan_meier(known.time_days, known.event).median)


def _arm(cohort: Cohort, index: int, name: str, published: dict[str, Published]) -> ArmSummary:
    mine = cohort.arm == index
    change = cohort.change[mine]
    known = int((~np.isnan(change)).sum())
    responders = int((change <= -30).sum())
    return ArmSummary(
        name=name,
        regimen=REGIMENS[name],
        n=int(mine.sum()),
        failed=int(np.isnan(cohort.followed[mine]).sum()),
        pfs=_median(cohort.pfs[mine], cohort.pfs_event[mine]),
        os=_median(cohort.followed[mine], cohort.os_event[mine]),
        response=ResponseSummary(responders, known, proportion(responders, known)),
        published=published,
    )


def _published(index: int) -> dict[str, Published]:
    months = (12.4, 18.5)[index] if index < 2 else 22.0
    nan = math.nan
    return {
        "PFS": Published(Estimate(months * MONTH, nan, nan), source="Example A. J Examples 2020"),
        "OS": Published(Estimate(41 * MONTH, 36 * MONTH, 48 * MONTH)),
        "ORR": Published(Estimate((0.69, 0.80, 0.85)[index], nan, nan)),
    }


def _ratio(cohort: Cohort, endpoint: str, names: tuple[str, ...], index: int) -> HazardRatioSummary:
    time, event = (cohort.pfs, cohort.pfs_event) if endpoint == "PFS" else (cohort.followed, cohort.os_event)
    both = ((cohort.arm == 0) | (cohort.arm == index)) & ~np.isnan(time)
    ratio = cox(time[both], event[both], (cohort.arm[both] == index)[:, None].astype(float)).hazard_ratio()
    spread = np.exp(np.random.default_rng(3).normal(math.log(ratio.value), 0.1, 20))
    published = Published(Estimate(0.62, 0.51, 0.75)) if endpoint == "PFS" else None
    return HazardRatioSummary(endpoint, names[index], names[0], ratio, predict(spread), published)


def _swimmers(cohort: Cohort) -> list[SwimmerRow]:
    rows = []
    for index in choose_swimmers(cohort.followed, cohort.arm):
        progressed, died = bool(cohort.pfs_event[index]), bool(cohort.os_event[index])
        rows.append(
            SwimmerRow(
                patient=f"EXAMPLE-1-{index + 1:06d}",
                arm=int(cohort.arm[index]),
                followed_days=float(cohort.followed[index]),
                treated_days=float(cohort.pfs[index]),
                response_day=63.0 if cohort.change[index] <= -30 and cohort.pfs[index] > 63 else None,
                progression_day=float(cohort.pfs[index]) if progressed else None,
                death_day=float(cohort.followed[index]) if died else None,
            )
        )
    return rows


def make_report(
    arms: tuple[str, ...] = ("control", "dual"), size: int = 400, failed: int = 3, **other: object
) -> ReportInput:
    """A report with every section filled; `other` replaces fields."""
    cohort = Cohort(arms, size, failed)
    counts = np.array(
        [
            [
                int(((cohort.cause == c) & cohort.pfs_event & (cohort.arm == a)).sum())
                for c in range(len(CAUSES))
            ]
            for a in range(len(arms))
        ]
    )
    fields: dict[str, object] = {
        "title": "EXAMPLE-1",
        "description": "Does a second antibody against ERBB2 delay progression?",
        "arms": [_arm(cohort, index, name, _published(index)) for index, name in enumerate(arms)],
        "hazard_ratios": [_ratio(cohort, e, arms, i) for i in range(1, len(arms)) for e in ("PFS", "OS")],
        "causes": CauseTable(CAUSES, counts, {CAUSES[1]: "The antibody no longer reaches its epitope."}),
        "survival": [
            SurvivalData("PFS", "Progression-free survival", cohort.pfs, cohort.pfs_event, cohort.arm),
            SurvivalData("OS", "Overall survival", cohort.followed, cohort.os_event, cohort.arm),
        ],
        "best_changes": BestChanges(cohort.change, cohort.arm),
        "swimmers": _swimmers(cohort),
        "design": [("Randomization", "1:1"), ("Visits", "every 9 weeks"), ("Follow-up", "36 months")],
        "follow_up_days": FOLLOW_UP,
        "population": [
            ("HER2", "positive"),
            ("ER", "50% positive"),
            ("Age", "54 years (5th to 95th percentile 33 to 74)"),
        ],
        "parameters": {"measured": 61, "derived": 22, "calibrated": 0, "assumed": 84},
        "parameters_label": "literature values and assumptions, not calibrated",
        "seed": 1,
        "replicates": 20,
        "record": {"forestall": "0.1.0", "knowledge sha256": "ab" * 32, "machine": "x86_64 linux"},
        "rerun_command": "forestall trial example-1.yaml --seed 1 --replicates 20",
        "published_trial": "Example A et al. J Examples 2020",
        "citations": [
            "Example A, Sample B. A trial that never was. J Examples 2020;1:1-2. https://doi.org/10.1000/example"
        ],
        "notes": ["Crossover of the published trial is not simulated."],
        "limits": ["Toxicity and dose reduction are not simulated."],
    }
    return ReportInput(**{**fields, **other})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def report() -> ReportInput:
    return make_report()


@pytest.fixture(scope="session")
def report_of() -> Callable[..., ReportInput]:
    return make_report
