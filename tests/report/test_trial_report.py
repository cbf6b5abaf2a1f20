"""The report of a real, small run of a cataloged trial."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import forestall as fs
from forestall.api import TrialResult
from forestall.knowledge.ensembles import load_ensemble
from forestall.knowledge.evidence import find_evidence
from forestall.report.causes import OTHER_CAUSES
from forestall.report.html import render_html, write_report
from forestall.report.model import ReportInput
from forestall.report.trial import MOST_CAUSES, cause_table, report_of
from forestall.statistics.estimate import Estimate
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.studies.analysis import HazardRatio, Outcomes

MONTH = 30.4375
PATIENTS = 60


@pytest.fixture(scope="module")
def result() -> TrialResult:
    return fs.Trial.load("cleopatra").run(seed=1, patients=PATIENTS, replicates=2)


@pytest.fixture(scope="module")
def content(result: TrialResult) -> ReportInput:
    return result.content


def test_oracle_medians_follow_from_the_table_of_times(content: ReportInput, result: TrialResult) -> None:
    times = result.to_frame("ADTTE").filter(pl.col("PARAMCD") == "PFS").drop_nulls("AVAL")
    for arm, code in zip(content.arms, ("A1", "A2"), strict=True):
        mine = times.filter(pl.col("ARMCD") == code)
        curve = kaplan_meier(mine["AVAL"].to_numpy() * MONTH, mine["CNSR"].to_numpy() == 0)
        assert arm.pfs.median.value == pytest.approx(curve.median.value, rel=1e-9)
        assert arm.pfs.events == int((mine["CNSR"] == 0).sum())


def test_oracle_causes_follow_from_the_table_of_patients(content: ReportInput, result: TrialResult) -> None:
    patients = result.to_frame("ADSL")
    assert content.causes is not None
    for arm, counts in zip(content.arms, content.causes.counts, strict=True):
        seen = dict(patients.filter(pl.col("ARM") == arm.name)["CAUSEPD"].drop_nulls().value_counts().rows())
        named = dict(zip(content.causes.causes, counts.tolist(), strict=True))
        assert sum(named.values()) == sum(seen.values())
        assert {cause: n for cause, n in named.items() if n and cause != OTHER_CAUSES}.items() <= seen.items()


def test_golden_published_results_stand_beside_simulated_ones_in_days(content: ReportInput) -> None:
    published = {arm.name: arm.published for arm in content.arms}
    assert published["control"]["PFS"].value.value == pytest.approx(12.4 * MONTH)
    assert math.isnan(published["control"]["PFS"].value.lower)
    overall = published["dual"]["OS"].value
    assert overall == pytest.approx((56.5 * MONTH, 49.3 * MONTH, math.inf))
    assert published["dual"]["ORR"].value.value == pytest.approx(0.802)
    ratios = {ratio.endpoint: ratio.published for ratio in content.hazard_ratios}
    assert ratios["PFS"] is not None
    assert ratios["PFS"].value == pytest.approx((0.62, 0.51, 0.75))


def test_unit_a_trial_published_as_time_to_progression_says_so() -> None:
    spec = fs.Trial.load("h0648g").spec
    trial = fs.Trial.of({**spec.model_dump(mode="json", exclude_unset=True), "follow_up": "9 months"})
    content = report_of(trial.run(patients=6))
    assert {arm.published["PFS"].endpoint for arm in content.arms} == {"TTP"}
    assert any("stands in for PFS" in note for note in content.notes)


def test_unit_replicates_give_a_prediction_of_the_hazard_ratio(
    content: ReportInput, result: TrialResult
) -> None:
    assert content.replicates == len(result.replicates) == 2
    assert all(ratio.prediction is not None for ratio in content.hazard_ratios)
    assert dict(content.design)["Replicates"].startswith("2 of the whole trial")


def test_oracle_the_population_is_the_one_that_was_drawn(content: ReportInput, result: TrialResult) -> None:
    rows, patients = dict(content.population), result.to_frame("ADSL")
    positive = int((patients["ER"] == "positive").sum())
    assert rows["ER"].startswith(f"positive {positive / PATIENTS:.0%} ({positive})")
    assert rows["HER2"] == f"positive 100% ({PATIENTS})"
    assert rows["Age"].startswith(f"median {patients['AGE'].median():.0f} years")
    assert result.entry.alterations["PIK3CA_mut"] == int((patients["PIK3CA"] == "Y").sum())
    assert all(0 <= count <= PATIENTS for count in result.entry.sites.values())
    assert result.entry.sites["brain"] == 0


def test_unit_each_cause_is_explained_with_a_source(content: ReportInput) -> None:
    assert content.causes is not None
    for cause in content.causes.causes:
        assert content.causes.explanations[cause].endswith("."), cause
    texts = list(content.causes.explanations.values())
    assert len(texts) == len(set(texts))
    assert any("https://" in text for text in texts)


def test_unit_rare_causes_are_counted_together(result: TrialResult) -> None:
    first = result.replicates[0]
    many = np.arange(first.cause.size, dtype=np.int16) % 20
    changed = dataclasses.replace(
        result,
        replicates=(dataclasses.replace(first, cause=many, failed=np.zeros_like(first.failed)),),
    )
    table = cause_table(changed)
    assert len(table.causes) == MOST_CAUSES + 1
    assert table.causes[-1] == OTHER_CAUSES
    assert table.counts.sum() == many.size


def test_unit_assumptions_limits_and_record_are_stated(content: ReportInput, result: TrialResult) -> None:
    counts = result.status_counts()
    assert content.parameters_label == load_ensemble().about.label
    assert result.record.parameters == "calibrated"
    assert result.record.parameter_values == dict(load_ensemble().center.values)
    assert content.parameters == counts
    limits = " ".join(content.limits)
    for word in (
        f"{content.parameters['assumed']} are assumptions",
        "How strong each class of chemotherapy is",
        "Toxicity",
    ):
        assert word in limits
    assert content.record["knowledge files sha256"] == result.record.knowledge_sha256
    assert content.record["adtte.parquet sha256"] == result.record.tables_sha256["adtte.parquet"]
    assert set(result.spec.notes) <= set(content.notes)


def test_property_every_citation_can_be_found(content: ReportInput) -> None:
    assert len(content.citations) == len(set(content.citations))
    assert [text for text in content.citations if "http" not in text] == []
    evidence = find_evidence("CLEOPATRA")
    assert any(evidence.outcomes[0].source_url in text for text in content.citations)
    assert any("Baselga" in text for text in content.citations)


def test_unit_a_hazard_ratio_without_events_is_not_a_number(
    result: TrialResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = [HazardRatio("OS", "dual", "control", Estimate(0.0, math.nan, math.nan), None)]
    changed = dataclasses.replace(result)
    changed.__dict__["hazard_ratios"] = none
    content = report_of(changed)
    assert math.isnan(content.hazard_ratios[0].ratio.value)
    assert any("cannot be estimated" in note for note in content.notes)


def test_unit_only_the_endpoints_that_the_trial_asks_for_are_drawn(result: TrialResult) -> None:
    spec = result.spec.model_copy(update={"endpoints": ("OS",)})
    content = report_of(dataclasses.replace(result, spec=spec))
    assert [data.endpoint for data in content.survival] == ["OS"]
    assert {ratio.endpoint for ratio in content.hazard_ratios} == {"OS"}


def test_unit_swimmers_are_patients_of_the_tables(content: ReportInput, result: TrialResult) -> None:
    ids = set(result.to_frame("ADSL")["USUBJID"])
    assert content.swimmers
    assert {row.patient for row in content.swimmers} <= ids
    assert all(row.treated_days <= row.followed_days for row in content.swimmers)


def test_unit_json_is_strict_and_holds_the_same_numbers(content: ReportInput, result: TrialResult) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    payload = json.loads(result.to_json(), parse_constant=refuse)
    assert payload["patients"] == PATIENTS
    assert [arm["pfs"]["events"] for arm in payload["arms"]] == [arm.pfs.events for arm in content.arms]
    assert payload["arms"][1]["pfs"]["published"]["value"] == pytest.approx(18.5)
    assert payload["rerun"] is None


def test_unit_the_summary_fits_a_terminal_and_ends_with_the_notes(result: TrialResult) -> None:
    lines = result.summary().splitlines()
    assert lines[0].startswith(f"CLEOPATRA · {PATIENTS} virtual patients · 2 arms · 2 replicates · seed 1")
    assert max(len(line) for line in lines) <= 100
    assert any("Why patients progressed" in line for line in lines)
    assert "\x1b" not in result.summary()


def test_unit_the_plot_is_a_kaplan_meier_figure(result: TrialResult, tmp_path: Path) -> None:
    figure = result.plot()
    figure.savefig(tmp_path / "pfs.png")
    assert (tmp_path / "pfs.png").stat().st_size > 10_000
    assert result.plot("os").axes
    with pytest.raises(fs.InputError, match="PFS or OS"):
        result.plot("DFS")


def test_unit_the_report_of_a_large_trial_stays_small(result: TrialResult, tmp_path: Path) -> None:
    times = 100_000 // PATIENTS
    first = result.replicates[0]
    draw = np.random.default_rng(1)
    columns = {name: np.tile(getattr(first, name), times) for name in Outcomes.__slots__}
    columns["os_days"] = columns["os_days"] + draw.uniform(0, 30, columns["os_days"].size)
    pl.concat([result.to_frame("ADSL")] * times).write_parquet(tmp_path / "adsl.parquet")
    large = dataclasses.replace(
        result, replicates=(Outcomes(**columns),), patients=times * PATIENTS, folder=tmp_path
    )
    page = write_report(report_of(large), tmp_path)
    assert page.stat().st_size < 1_000_000
    assert max(path.stat().st_size for path in (tmp_path / "figures").iterdir()) < 500_000


def test_unit_a_trial_with_one_arm_and_no_published_result_can_be_reported() -> None:
    trial = fs.Trial.of(
        {
            "trial": "ONE",
            "population": {"her2": "negative", "er_positive": True},
            "arms": {"only": "letrozole"},
            "patients": 4,
            "visits": "every 12 weeks",
            "follow_up": "6 months",
        }
    )
    content = trial.run(patients=4).content
    assert content.hazard_ratios == []
    assert content.published_trial == ""
    page = render_html(content)
    assert 'id="comparison"' not in page
    assert "Toxicity is not simulated" in page


def test_unit_a_trial_in_which_every_patient_failed_can_be_reported(result: TrialResult) -> None:
    first = result.replicates[0]
    nothing = np.full(first.arm.size, np.nan)
    failed = dataclasses.replace(
        first,
        pfs_days=nothing,
        os_days=nothing,
        responder=nothing,
        best_change=nothing,
        failed=np.ones_like(first.failed),
    )
    empty = dataclasses.replace(
        result.swimmers,
        **{name: getattr(result.swimmers, name)[:0] for name in type(result.swimmers).__slots__},
    )
    content = report_of(dataclasses.replace(result, replicates=(failed,), swimmers=empty))
    assert content.failed == PATIENTS
    assert "for an unknown time" in render_html(content)
