"""What the terminal and `--json` say."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from forestall.report.model import Published, ReportInput, TimeSummary
from forestall.report.payload import report_payload
from forestall.report.terminal import WIDTH, print_summary
from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate


def printed(report: ReportInput, **options: object) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, highlight=False, markup=False, emoji=False)
    print_summary(report, console=console, **options)  # type: ignore[arg-type]
    return stream.getvalue().replace(DASH, "-")


def test_unit_the_head_line_and_each_arm_are_there(report: ReportInput) -> None:
    lines = printed(report).splitlines()
    assert lines[0].startswith(
        "EXAMPLE-1 · 800 virtual patients · 2 arms · 20 replicates · seed 1 · parameters:"
    )
    [control] = [line for line in lines if line.startswith("control ")]
    cells = ["control", "400", "316", "12.4", "[10.3-14.5]", "12.4", "165", "33.9", "[29.4-NR]", "41.0"]
    assert control.split() == [*cells, "55%", "69%"]


@pytest.mark.parametrize("arms", [("control",), ("control", "dual"), ("control", "dual", "triple")])
def test_property_no_line_is_wider_than_100_columns(
    arms: tuple[str, ...], report_of: Callable[..., ReportInput]
) -> None:
    report = report_of(arms, 40, title="A TRIAL WITH A NAME " * 4)
    named = [dataclasses.replace(arm, name=f"{arm.name} with a very long name indeed") for arm in report.arms]
    assert max(len(line) for line in printed(dataclasses.replace(report, arms=named)).splitlines()) <= WIDTH


def test_unit_hazard_ratio_stands_beside_prediction_and_published(report: ReportInput) -> None:
    text = printed(report)
    assert "Hazard ratio PFS  0.64 [0.54-0.75]  90% prediction 0.52-0.78  published 0.62 [0.51-0.75]" in text
    assert "Hazard ratio OS" in text


def test_unit_causes_are_shares_by_arm_most_frequent_first(report: ReportInput) -> None:
    text = " ".join(printed(report).split())
    assert "Why patients progressed (control / dual): PIK3CA_H1047R (acquired) 28/22% ·" in text


def test_unit_disagreement_is_said_as_it_is(report: ReportInput) -> None:
    text = printed(report)
    assert "Differs from the published result:" in text
    assert "response rate, control: simulated 55% [50-60], published 69%" in text
    assert "median PFS, control: simulated" not in text


def test_unit_failures_notes_and_the_path_are_printed(report: ReportInput) -> None:
    text = printed(report, report_path=Path("out/example-1/report.html"))
    assert "Failed patients, counted in n and without a result: control 3" in text
    assert "Note: Crossover of the published trial is not simulated." in text
    assert text.endswith("report: out/example-1/report.html\n")


def test_unit_brackets_in_names_are_not_taken_for_markup(report: ReportInput) -> None:
    named = [dataclasses.replace(arm, name=f"[red]{index}[/]") for index, arm in enumerate(report.arms)]
    assert "[red]0[/]" in printed(dataclasses.replace(report, arms=named))


def test_unit_an_endpoint_published_under_another_name_is_marked(report: ReportInput) -> None:
    published = {"PFS": Published(Estimate(226.0, math.nan, math.nan), endpoint="TTP")}
    arms = [dataclasses.replace(report.arms[0], published=published), report.arms[1]]
    text = printed(dataclasses.replace(report, arms=arms))
    assert "7.4*" in text
    assert "* published as another endpoint (PFS: TTP)" in text


def test_unit_json_is_valid_and_holds_the_same_numbers(report: ReportInput) -> None:
    payload = json.loads(json.dumps(report_payload(report), allow_nan=False))
    control = payload["arms"][0]
    assert control["n"] == 400
    assert control["failed"] == 3
    assert control["pfs"]["events"] == 316
    assert control["pfs"]["median_months"]["value"] == pytest.approx(12.418, abs=1e-3)
    assert control["pfs"]["published"]["value"] == pytest.approx(12.4)
    assert control["os"]["median_months"]["upper"] is None
    assert payload["hazard_ratios"][0]["prediction"]["replicates"] == 20
    assert sum(payload["causes_of_progression"]["control"].values()) == report.causes.counts[0].sum()  # type: ignore[union-attr]
    assert {item["verdict"] for item in payload["comparisons"]} == {"agrees", "differs"}


def test_unit_json_says_that_a_median_was_not_reached(report: ReportInput) -> None:
    never = TimeSummary(3, Estimate(math.inf, 900.0, math.inf))
    arms = [dataclasses.replace(report.arms[0], os=never), report.arms[1]]
    median = report_payload(dataclasses.replace(report, arms=arms))["arms"][0]["os"]["median_months"]
    assert median["value"] is None
    assert median["not_reached"] is True


def test_unit_where_a_marker_replaces_scans_no_response_rate_is_printed(report: ReportInput) -> None:
    text = printed(dataclasses.replace(report, marker="BCR-ABL1"))
    assert "ORR" in printed(report)
    assert "ORR" not in text
    assert "response rate" not in text
    [control] = [line for line in text.splitlines() if line.startswith("control ")]
    assert control.split()[-1] == "41.0"
