"""Whether a simulated result agrees with the published one, by a rule that is the same everywhere and simple to state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from forestall.report.model import ArmSummary, HazardRatioSummary, Published, ReportInput
from forestall.report.wording import published_rate, published_ratio, published_time, rate_text, ratio_text, time_text
from forestall.statistics.estimate import Estimate

RULE = (
    "A simulated result agrees with a published one if the published value lies in the simulated interval or the simulated "
    "value in the published interval."
)


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

    @property
    def agrees(self) -> bool:
        """Whether they agree by the rule."""
        return _within(self.published.value.value, self.simulated) or _within(self.simulated.value, self.published.value)

    @property
    def simulated_text(self) -> str:
        """The simulated result in words."""
        return {"time": time_text, "rate": rate_text, "ratio": ratio_text}[self.kind](self.simulated)

    @property
    def published_text(self) -> str:
        """The published result in words."""
        return {"time": published_time, "rate": published_rate, "ratio": published_ratio}[self.kind](self.published)


def comparisons(report: ReportInput) -> list[Comparison]:
    """Every simulated result that has a published one."""
    found = [comparison for arm in report.arms for comparison in _of_arm(arm)]
    return found + [comparison for ratio in report.hazard_ratios for comparison in _of_ratio(ratio)]


def disagreements(report: ReportInput) -> list[str]:
    """One sentence for each published result that the simulation misses."""
    return [
        f"{item.label}: simulated {item.simulated_text}, published {item.published_text}"
        for item in comparisons(report)
        if not item.agrees
    ]


def _within(value: float, interval: Estimate) -> bool:
    if math.isinf(value) and math.isinf(interval.value):
        return True
    return interval.lower <= value <= interval.upper


def _of_arm(arm: ArmSummary) -> Iterator[Comparison]:
    rows = (
        ("PFS", "median PFS", "time", arm.pfs.median),
        ("OS", "median OS", "time", arm.os.median),
        ("ORR", "response rate", "rate", arm.response.rate),
    )
    for key, label, kind, estimate in rows:
        if key in arm.published:
            yield Comparison(f"{label}, {arm.name}", kind, estimate, arm.published[key])


def _of_ratio(ratio: HazardRatioSummary) -> Iterator[Comparison]:
    if ratio.published is None:
        return
    simulated = ratio.ratio
    if ratio.prediction is not None:
        simulated = Estimate(ratio.prediction.median, ratio.prediction.lower, ratio.prediction.upper)
    label = f"hazard ratio {ratio.endpoint}, {ratio.experimental} / {ratio.control}"
    yield Comparison(label, "ratio", simulated, ratio.published)
