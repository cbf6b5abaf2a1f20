"""The numbers of a report as JSON."""

from __future__ import annotations

import math
from typing import Any

from forestall.report.agreement import comparisons
from forestall.report.model import ArmSummary, HazardRatioSummary, Published, ReportInput, TimeSummary
from forestall.report.wording import in_months
from forestall.statistics.estimate import Estimate
from forestall.studies.attribution import attribution_rows, attributions


def report_payload(report: ReportInput) -> dict[str, Any]:
    """What `--json` prints: the same numbers as the table, times in months, rates as fractions.

    Args:
        report: The report.

    Returns:
        A mapping that is valid JSON: an unknown number is null, a time that was not reached is null with
        `"not_reached": true`.
    """
    return {
        "trial": report.title,
        "seed": report.seed,
        "replicates": report.replicates,
        "patients": report.patients,
        "failed": report.failed,
        "parameters": {"label": report.parameters_label, **report.parameters},
        "arms": [_arm(arm) for arm in report.arms],
        "hazard_ratios": [_ratio(ratio) for ratio in report.hazard_ratios],
        "causes_of_progression": _causes(report),
        "landmarks": [{"what": what, "rates": rates} for what, rates in report.landmarks],
        "attribution": _attribution(report),
        "counterfactuals": None if report.why is None else dict(report.why.data),
        "published_trial": report.published_trial or None,
        "comparisons": [
            {
                "what": item.label,
                "simulated": item.simulated_text,
                "published": item.published_text,
                "verdict": item.verdict.value,
            }
            for item in comparisons(report)
        ],
        "notes": list(report.notes),
        "record": dict(report.record),
        "rerun": report.rerun_command or None,
    }


def _arm(arm: ArmSummary) -> dict[str, Any]:
    return {
        "name": arm.name,
        "regimen": arm.regimen,
        "n": arm.n,
        "failed": arm.failed,
        "pfs": _time(arm.pfs, arm.published.get("PFS")),
        "os": _time(arm.os, arm.published.get("OS")),
        "response": {
            "responders": arm.response.responders,
            "evaluable": arm.response.evaluable,
            "rate": _estimate(arm.response.rate),
            "published": _published(arm.published.get("ORR")),
        },
    }


def _time(summary: TimeSummary, published: Published | None) -> dict[str, Any]:
    return {
        "events": summary.events,
        "median_months": _estimate(in_months(summary.median)),
        "published": _published(published, time=True),
    }


def _ratio(summary: HazardRatioSummary) -> dict[str, Any]:
    prediction = summary.prediction
    return {
        "endpoint": summary.endpoint,
        "experimental": summary.experimental,
        "control": summary.control,
        "hazard_ratio": _estimate(summary.ratio),
        "prediction": None
        if prediction is None
        else {
            **_estimate(Estimate(prediction.median, prediction.lower, prediction.upper)),
            "replicates": prediction.replicates,
            "missing": prediction.missing,
        },
        "published": _published(summary.published),
    }


def _causes(report: ReportInput) -> dict[str, dict[str, int]] | None:
    table = report.causes
    if table is None:
        return None
    return {
        arm.name: {cause: int(count) for cause, count in zip(table.causes, counts, strict=True)}
        for arm, counts in zip(report.arms, table.counts, strict=True)
    }


def _attribution(report: ReportInput) -> list[dict[str, Any]] | None:
    """Counts, shares and exact intervals by arm and cause."""
    table = report.causes
    if table is None:
        return None
    names = [arm.name for arm in report.arms]
    return attribution_rows(attributions(names, table.causes, table.counts))


def _published(published: Published | None, *, time: bool = False) -> dict[str, Any] | None:
    if published is None:
        return None
    value = in_months(published.value) if time else published.value
    return {**_estimate(value), "endpoint": published.endpoint or None, "source": published.source or None}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    value, lower, upper = (number if math.isfinite(number) else None for number in estimate)
    entry: dict[str, Any] = {"value": value, "lower": lower, "upper": upper}
    if math.isinf(estimate.value):
        entry["not_reached"] = True
    return entry
