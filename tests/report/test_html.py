"""The report is one file that loads nothing, believes no user text and says what it must."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from forestall.report.html import render_html, write_report
from forestall.report.model import CauseTable, Published, ReportInput, TimeSummary
from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate

_LOADING = {"src", "href", "xlink:href", "data", "poster", "action", "srcset", "background", "formaction"}


class Page(HTMLParser):
    """What a page refers to and how it is built."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in _LOADING:
                self.links.append((tag, value or ""))
            if name == "id":
                self.ids.append(value or "")
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(report: ReportInput) -> str:
    return render_html(report)


def test_unit_nothing_is_loaded_from_outside(html: str) -> None:
    page = Page(html)
    for tag, target in page.links:
        if tag == "a":
            assert target.startswith(("#", "https://")), target
        else:
            assert target.startswith(("#", "data:")), (tag, target)
    assert not {"script", "iframe", "img", "object", "embed", "audio", "video"} & set(page.tags)
    assert "@import" not in html
    assert all(target.startswith("#fig-") for target in re.findall(r"url\(([^)]*)", html))
    assert "default-src 'none'" in html


def test_unit_tags_are_closed_and_ids_are_unique(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {target[1:] for tag, target in page.links if tag == "a" and target.startswith("#")} <= set(
        page.ids
    )


@pytest.mark.parametrize(
    "section",
    [
        "summary",
        "result",
        "survival",
        "response",
        "causes",
        "comparison",
        "how",
        "limits",
        "record",
        "citations",
    ],
)
def test_unit_every_section_is_there(html: str, section: str) -> None:
    assert f'<h2 id="{section}"' in html


def test_unit_readers_without_sight_or_color_get_the_same(html: str) -> None:
    assert '<html lang="en">' in html
    assert html.count('role="img"') == html.count("<desc ") == 7
    assert html.count('scope="col"') > 10
    assert html.count('scope="row"') > 10
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_unit_the_notice_says_research_use_only(html: str) -> None:
    assert "For research use only." in html
    assert "These patients do not exist." in html


def test_unit_simulated_and_published_stand_beside_each_other(html: str) -> None:
    text = re.sub(r"<[^>]+>", "", html).replace(DASH, "-")
    assert re.search(r"12\.4 mo \[10\.3-14\.5\]\s*published 12\.4 mo", text)
    assert "published 41.0 mo [36.0-48.0]" in text
    assert "90%" in text
    assert "0.62 [0.51-0.75]" in text


def test_unit_failed_patients_are_counted(html: str) -> None:
    assert "3 failed" in html
    assert "3 of them could not be simulated" in html


def test_property_text_of_the_user_is_escaped(report_of: Callable[..., ReportInput]) -> None:
    evil = "<script>alert(1)</script>\"'&<img src=x onerror=y>"
    report = report_of(("control", "dual"), 30)
    arms = [dataclasses.replace(arm, name=f"{arm.name}{evil}", regimen=evil) for arm in report.arms]
    causes = CauseTable([evil, "other"], np.array([[3, 1], [2, 2]]), {evil: evil})
    ratios = [dataclasses.replace(ratio, experimental=evil, control=evil) for ratio in report.hazard_ratios]
    page = render_html(
        dataclasses.replace(
            report,
            title=evil,
            description=evil,
            arms=arms,
            causes=causes,
            hazard_ratios=ratios,
            design=[(evil, evil)],
            population=[(evil, evil)],
            parameters={evil: 1},
            parameters_label=evil,
            record={evil: evil},
            rerun_command=evil,
            published_trial=evil,
            citations=[evil, f"https://doi.org/10.1/{evil}", "javascript:alert(1)"],
            notes=[evil],
            limits=[evil],
        )
    )
    assert "<script" not in page
    assert "<img" not in page
    parsed = Page(page)
    assert parsed.open == []
    assert not any(target.startswith("javascript:") for _tag, target in parsed.links)


def test_unit_citations_link_to_their_source(html: str) -> None:
    assert '<a href="https://doi.org/10.1000/example" rel="noopener noreferrer">' in html


def test_property_the_same_input_gives_the_same_page(report: ReportInput, html: str) -> None:
    assert render_html(report) == html


def test_unit_a_report_with_nothing_but_arms_can_be_read(report: ReportInput) -> None:
    unknown = TimeSummary(0, Estimate(math.nan, math.nan, math.nan))
    arms = [dataclasses.replace(arm, pfs=unknown, os=unknown, published={}) for arm in report.arms]
    page = render_html(ReportInput(title="bare", arms=arms))
    assert "for an unknown time" in page
    assert Page(page).open == []


def test_unit_what_was_published_as_another_endpoint_says_so(report: ReportInput) -> None:
    published = {"PFS": Published(Estimate(226.0, math.nan, math.nan), endpoint="TTP")}
    arms = [dataclasses.replace(report.arms[0], published=published), report.arms[1]]
    assert "(TTP)" in render_html(dataclasses.replace(report, arms=arms))


def test_unit_report_and_figures_are_written_and_nothing_else(tmp_path: Path, report: ReportInput) -> None:
    path = write_report(report, tmp_path / "out")
    assert path == tmp_path / "out" / "report.html"
    assert sorted(child.name for child in path.parent.iterdir()) == ["figures", "report.html"]
    assert len(list((path.parent / "figures").glob("*.svg"))) == 7
    assert len(list((path.parent / "figures").glob("*.png"))) == 7
