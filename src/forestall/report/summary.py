"""The result of a trial in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from forestall.report.agreement import Verdict, comparisons
from forestall.report.model import ArmSummary, CauseTable, HazardRatioSummary, ReportInput
from forestall.report.wording import interval, listed, months, number

_EVENTS = {"PFS": "progression or death", "OS": "death", "TTP": "progression"}


def plain_summary(report: ReportInput) -> list[str]:
    """The result in sentences that need no statistics to be read.

    Args:
        report: The report.

    Returns:
        Paragraphs.
    """
    return list(_paragraphs(report))


def _paragraphs(report: ReportInput) -> Iterator[str]:
    yield _who(report)
    yield _times(report)
    ratios = [_ratio(ratio) for ratio in report.hazard_ratios if not math.isnan(ratio.ratio.value)]
    if ratios:
        yield " ".join(ratios)
    if report.causes is not None and report.causes.counts.sum():
        yield _causes(report, report.causes)
    if comparisons(report):
        yield _agreement(report)


def _who(report: ReportInput) -> str:
    arms = listed([f"{arm.n} to “{arm.name}”" for arm in report.arms])
    text = f"{report.patients} virtual patients were assigned to {len(report.arms)} treatments: {arms}."
    if report.failed:
        text += (
            f" {report.failed} of them could not be simulated  and have no result; they count all the same."
        )
    return text


def _times(report: ReportInput) -> str:
    free = listed([_half(arm) for arm in report.arms])
    without = f"Half of the patients lived without progression {free}."
    if report.marker:
        return without
    rates = listed([f"{number(100 * arm.response.rate.value, 0)}% in “{arm.name}”" for arm in report.arms])
    shrank = f"Tumors shrank enough to count as a response in {rates}."
    return f"{without} {shrank}"


def _half(arm: ArmSummary) -> str:
    median = arm.pfs.median.value
    if math.isnan(median):
        return f"for an unknown time in “{arm.name}”"
    if math.isinf(median):
        return f"to the end of follow-up in “{arm.name}”"
    return f"for {number(months(median))} months or more in “{arm.name}”"


def _ratio(summary: HazardRatioSummary) -> str:
    value, lower, upper = summary.ratio
    event = _EVENTS.get(summary.endpoint, summary.endpoint)
    change = f"{abs(1 - value):.0%} {'lower' if value < 1 else 'higher'}"
    text = (
        f"Over the time of follow-up the rate of {event} was on average {change} in “{summary.experimental}” "
        f"than in “{summary.control}” "
        f"(hazard ratio {number(value, 2)}, 95% confidence interval {interval(lower, upper, 2).strip('[]')})"
    )
    return text + (
        "; the interval does not exclude that there is no difference." if lower <= 1 <= upper else "."
    )


def _causes(report: ReportInput, table: CauseTable) -> str:
    leading = []
    for arm, counts in zip(report.arms, table.counts, strict=True):
        if counts.sum():
            most = int(counts.argmax())
            leading.append(f"{table.causes[most]} in “{arm.name}” ({counts[most] / counts.sum():.0%} of all)")
    return f"The most frequent cause of progression was {listed(leading)}."


def _agreement(report: ReportInput) -> str:
    items = comparisons(report)
    verdicts = [item.verdict for item in items]
    text = f"{verdicts.count(Verdict.AGREES)} of {len(items)} results agree with the published trial."
    if Verdict.OPEN in verdicts:
        text += (
            f" {verdicts.count(Verdict.OPEN)} cannot be compared: too short a follow-up or too few patients."
        )
    if Verdict.DIFFERS in verdicts:
        text += (
            " Where they do not, the model is wrong or incomplete for this question, or the trials differ."
        )
    return text
