"""Whether a simulated result agrees with the published one, by one rule that is simple to state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from forestall.report.model import ArmSummary, HazardRatioSummary, Published, ReportInput
from forestall.report.wording import (
    published_rate,
    published_ratio,
    published_time,
    rate_text,
    ratio_text,
    time_text,
)
from forestall.statistics.estimate import Estimate

RULE = (
    "A simulated result agrees with a published one if the published value lies in the simulated interval or "
    "the simulated value in the published interval. A median that was not reached lies in no interval, and "
    "cannot be compared with one that lies beyond follow-up."
)


class Verdict(StrEnum):
    """What a comparison comes to."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "cannot be compared"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One simulated result beside the published one."""

    label: str
    """What is compared, with the arm or the two arms."""
    kind: str
    """"time" (day), "rate" (fraction) or "ratio"."""
    simulated: Estimate
    """With its 95% interval, or the prediction interval over replicates."""
    published: Published
    """What was published."""

    reach: float = math.inf
    """The last day of follow-up, for a time."""

    @property
    def verdict(self) -> Verdict:
        """Whether they agree by the rule."""
        simulated, published = self.simulated, self.published.value
        if _within(published.value, simulated) or _within(simulated.value, published):
            return Verdict.AGREES
        if math.isnan(simulated.value) or (math.isinf(simulated.value) and published.value >= self.reach):
            return Verdict.OPEN
        return Verdict.DIFFERS

    @property
    def simulated_text(self) -> str:
        """The simulated result in words."""
        return {"time": time_text, "rate": rate_text, "ratio": ratio_text}[self.kind](self.simulated)

    @property
    def published_text(self) -> str:
        """The published result in words."""
        return {"time": published_time, "rate": published_rate, "ratio": published_ratio}[self.kind](
            self.published
        )


def comparisons(report: ReportInput) -> list[Comparison]:
    """Every simulated result that has a published one."""
    found = [
        comparison
        for endpoint in ("PFS", "OS", *(() if report.marker else ("ORR",)))
        for arm in report.arms
        for comparison in _of_arm(report, arm, endpoint)
    ]
    return found + [comparison for ratio in report.hazard_ratios for comparison in _of_ratio(ratio)]


def disagreements(report: ReportInput) -> list[str]:
    """One sentence for each published result that the simulation misses."""
    return [
        f"{item.label}: simulated {item.simulated_text}, published {item.published_text}"
        for item in comparisons(report)
        if item.verdict is Verdict.DIFFERS
    ]


def _within(value: float, interval: Estimate) -> bool:
    if math.isinf(value):
        return math.isinf(interval.value)
    return interval.lower <= value <= interval.upper


def _of_arm(report: ReportInput, arm: ArmSummary, endpoint: str) -> Iterator[Comparison]:
    label, kind, estimate = {
        "PFS": ("median PFS", "time", arm.pfs.median),
        "OS": ("median OS", "time", arm.os.median),
        "ORR": ("response rate", "rate", arm.response.rate),
    }[endpoint]
    if endpoint in arm.published and not math.isnan(arm.published[endpoint].value.value):
        reach = report.follow_up_days if kind == "time" else math.inf
        yield Comparison(f"{label}, {arm.name}", kind, estimate, arm.published[endpoint], reach)


def _of_ratio(ratio: HazardRatioSummary) -> Iterator[Comparison]:
    if ratio.published is None or math.isnan(ratio.published.value.value):
        return
    simulated = ratio.ratio
    if ratio.prediction is not None:
        simulated = Estimate(ratio.prediction.median, ratio.prediction.lower, ratio.prediction.upper)
    label = f"hazard ratio {ratio.endpoint}, {ratio.experimental} / {ratio.control}"
    yield Comparison(label, "ratio", simulated, ratio.published)
