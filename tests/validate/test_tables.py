"""Evidence tables with each kind of fault: every one is named, none is used in silence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from forestall.errors import InputError
from forestall.studies.validation.derivation import NO_RATIO, questions
from forestall.studies.validation.evidence import read_evidence
from forestall.studies.validation.tables import CELL, ROW

from .conftest import ALONE, BOTH, Writer


def test_unit_sound_tables_have_no_defect(tables: Writer) -> None:
    found = read_evidence(tables())
    assert found.defects == ()
    assert [row.hr for row in found.comparisons] == [0.60]
    assert found.comparisons[0].source_line == 2


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        ({"hr": "abc"}, "hr", "not a number"),
        ({"hr": "-0.5"}, "hr", "not a possible value"),
        ({"hr": "0"}, "hr", "not a possible value"),
        ({"hr": "nan"}, "hr", "not a number"),
        ({"hr": "inf"}, "hr", "not a possible value"),
        ({"hr_lo": "0.77", "hr_hi": "0.47"}, "hr_lo", "inverted"),
        ({"hr": "0.90"}, "hr_lo", "does not hold"),
        ({"hr": "0.76"}, "hr", "far from the middle"),
        ({"hr_lo": "0.59", "hr_hi": "0.61"}, "hr_lo", "narrower than 400 patients"),
        ({"p_value": "0.8"}, "p_value", "contradicts the interval"),
        ({"p_value": "7"}, "p_value", "not a possible P value"),
        ({"n_exp": "12.5"}, "n_exp", "not a whole number"),
        ({"verified": "no"}, "verified", "not verified"),
        ({"verified": ""}, "verified", "not verified"),
        ({"verified": "partial"}, "verified", "not verified"),
        ({"trial": ""}, "trial", "empty"),
        ({"arm_ctl": ""}, "arm_ctl", "empty"),
        ({"arm_ctl": "both"}, "arm_ctl", "compared with itself"),
    ],
)
def test_unit_a_faulty_comparison_is_named_and_not_used(
    tables: Writer, change: dict[str, str], column: str, problem: str
) -> None:
    found = read_evidence(tables(comparisons=[change]))
    assert found.comparisons == ()
    named = [one for one in found.defects if one.column == column]
    assert [(one.file, one.line, one.consequence) for one in named] == [("comparisons.csv", 2, ROW)]
    assert problem in named[0].problem


def test_unit_half_an_interval_is_named_and_the_ratio_kept(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{"hr_hi": ""}]))
    assert [(one.column, one.consequence) for one in found.defects] == [("hr_hi", CELL)]
    assert found.comparisons[0].hr == 0.60
    assert found.comparisons[0].interval is None


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"median_months": "-3"}, "median_months"),
        ({"ci_lo": "30", "ci_hi": "40"}, "ci_lo"),
        ({"ci_lo": "30", "ci_hi": "20"}, "ci_lo"),
        ({"median_months": "", "rate_pct": "140", "endpoint": "ORR"}, "rate_pct"),
        ({"n": "many"}, "n"),
        ({"verified": "no"}, "verified"),
    ],
)
def test_unit_a_faulty_outcome_is_named_and_not_used(
    tables: Writer, change: dict[str, str], column: str
) -> None:
    found = read_evidence(tables(arms=[{**BOTH, **change}, ALONE]))
    assert [row.arm for row in found.arms] == ["alone"]
    assert [(one.file, one.line, one.column) for one in found.defects] == [("arms.csv", 2, column)]


@pytest.mark.parametrize("cell", ["-6", "0", "often", "\u22128", "999"])
def test_unit_a_faulty_scan_interval_is_named_and_the_trial_kept(tables: Writer, cell: str) -> None:
    found = read_evidence(tables(trials=[{"scan_interval_weeks": cell}]))
    assert [(one.file, one.column, one.value, one.consequence) for one in found.defects] == [
        ("trials.csv", "scan_interval_weeks", cell, CELL)
    ]
    assert [row.scan_interval_weeks for row in found.trials.values()] == [""]


@pytest.mark.parametrize(
    ("change", "allowed"),
    [({"rate_pct": "140"}, "from 0, up to 100"), ({"n": "0"}, "above 0, up to 10000000")],
)
def test_unit_what_is_allowed_is_said(tables: Writer, change: dict[str, str], allowed: str) -> None:
    found = read_evidence(tables(arms=[{**BOTH, **change}, ALONE]))
    assert [one.problem for one in found.defects] == [f"not a possible value; allowed: {allowed}"]


def test_unit_a_time_that_was_not_reached_is_no_fault(tables: Writer) -> None:
    found = read_evidence(tables(arms=[{**BOTH, "ci_lo": "20", "ci_hi": "NR"}, ALONE]))
    assert found.defects == ()
    assert found.arms[0].median == 24


def test_unit_a_duplicate_counts_once_and_is_named(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{}, {}]))
    assert len(found.comparisons) == 1
    assert [(one.line, one.problem) for one in found.defects] == [(3, "a duplicate of line 2")]


def test_unit_contradicting_comparisons_are_both_left_out(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{}, {"hr": "0.58"}]))
    assert found.comparisons == ()
    assert [(one.line, one.problem) for one in found.defects] == [
        (2, "contradicts line 3"),
        (3, "contradicts line 2"),
    ]


def test_unit_the_curators_choice_settles_what_would_contradict(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{}, {"hr": "0.58", "preferred": "1"}]))
    assert [row.hr for row in found.comparisons] == [0.58]
    assert found.defects == ()
    assert [(row.hr, reason) for row, reason in found.set_aside] == [(0.60, "line 3 is preferred")]


@pytest.mark.parametrize(
    ("other", "chosen"),
    [
        ({"subgroup": "all (interim)", "hr": "0.58"}, 0.60),
        ({"subgroup": "all (updated 38-mo follow-up)", "hr": "0.58"}, 0.60),
        ({"assessor": "IRC", "hr": "0.58"}, 0.60),
        ({"endpoint": "TTP", "hr": "0.58"}, 0.60),
        ({"preferred": "0", "hr": "0.58"}, 0.60),
    ],
)
def test_unit_a_trial_is_not_counted_twice(tables: Writer, other: dict[str, str], chosen: float) -> None:
    found = read_evidence(tables(comparisons=[other, {}]))
    assert [row.hr for row in found.comparisons] == [chosen]
    assert len(found.set_aside) == 1


def test_unit_contradicting_medians_are_left_out(tables: Writer) -> None:
    found = read_evidence(tables(arms=[BOTH, ALONE, {**ALONE, "median_months": "9"}]))
    assert [row.arm for row in found.arms] == ["both"]
    assert {one.line for one in found.defects} == {3, 4}


def test_unit_a_ratio_against_its_medians_is_left_out(tables: Writer) -> None:
    found = read_evidence(tables(arms=[{**BOTH, "median_months": "8"}, ALONE]))
    assert found.comparisons == ()
    assert "contradicts the medians 8 and 14" in found.defects[0].problem


def test_unit_sizes_in_arms_bound_an_interval_too(tables: Writer) -> None:
    row = {"n_exp": "", "n_ctl": "", "hr_lo": "0.59", "hr_hi": "0.61"}
    found = read_evidence(tables(comparisons=[row]))
    assert found.comparisons == ()
    assert "the 400 patients in arms.csv" in found.defects[0].problem


def test_unit_an_interval_of_another_level_is_read_at_its_level(tables: Writer) -> None:
    text = "trials:\n  ONE: {interval_level: 0.9}\n"
    narrow = read_evidence(tables()).comparisons[0].standard_error
    wide = read_evidence(tables(overrides=text)).comparisons[0].standard_error
    assert narrow is not None
    assert wide == pytest.approx(narrow * 1.95996 / 1.64485, rel=1e-4)


def test_unit_a_trial_that_contradicts_itself_is_not_used(tables: Writer) -> None:
    found = read_evidence(tables(trials=[{}, {"line": "2"}]))
    assert found.trials == {}
    assert "contradicts line 2" in found.unusable_trials["ONE"]
    assert [(one.file, one.line) for one in found.defects] == [("trials.csv", 3)]


def test_unit_a_row_with_too_few_cells_is_named(tables: Writer) -> None:
    folder = tables()
    with (folder / "comparisons.csv").open("a") as stream:
        stream.write("breast,TWO,PFS\n")
    found = read_evidence(folder)
    assert [(one.line, one.column) for one in found.defects] == [(3, "(row)")]


def test_unit_lines_count_cells_with_line_breaks(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{"notes": "two\nlines"}, {"endpoint": "OS", "hr": "x"}]))
    assert {one.line for one in found.defects} == {4}


def test_unit_missing_tables_and_columns_are_refused(tables: Writer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_evidence(tmp_path / "nowhere")
    folder = tables()
    text = (folder / "arms.csv").read_text().replace("median_months", "median")
    (folder / "arms.csv").write_text(text)
    with pytest.raises(InputError, match=r"arms\.csv:1: a column is missing .*median_months"):
        read_evidence(folder)
    (folder / "arms.csv").unlink()
    with pytest.raises(InputError, match="lacks a table"):
        read_evidence(folder)


def test_unit_hostile_tables_are_refused(tables: Writer) -> None:
    folder = tables()
    (folder / "arms.csv").write_bytes(b"\xff\xfe\x00broken")
    with pytest.raises(InputError, match="cannot read the table"):
        read_evidence(folder)
    folder = tables()
    with (folder / "arms.csv").open("a") as stream:
        stream.write("x" * 200_000 + "\n")
    with pytest.raises(InputError, match="too long"):
        read_evidence(folder)


def test_unit_overrides_with_an_unknown_field_are_refused(tables: Writer) -> None:
    with pytest.raises(InputError, match=r"overrides\.yaml"):
        read_evidence(tables(overrides="trials:\n  ONE: {dose: 3}\n"))


def test_unit_time_beyond_the_first_progression_is_not_predicted(tables: Writer) -> None:
    noted = {"notes": "combination-TTP (incl. chemo phase)"}
    found = read_evidence(
        tables(comparisons=[{}, noted | {"subgroup": "no visceral disease"}], arms=[BOTH | noted, ALONE])
    )
    reasons = [question.reason for question in questions(found)]
    assert "beyond" not in reasons[0]
    assert reasons[1] == "endpoint not predicted: PFS beyond the first progression"
    assert found.outcome("ONE", "both", "all", "PFS") is None


def test_unit_a_note_on_another_endpoint_leaves_the_row_as_it_is(tables: Writer) -> None:
    (found,) = questions(read_evidence(tables(comparisons=[{"notes": "PFS2 favored both, too"}])))
    assert found.row.endpoint == "PFS"
    assert found.plan is not None


def test_unit_the_curated_tables_are_read(shared_evidence: Path) -> None:
    found = read_evidence(shared_evidence)
    assert len(found.trials) > 200
    impossible = [one for one in found.defects if "narrower" in one.problem]
    assert any("196 patients" in one.problem for one in impossible)
    assert not any(row.trial == "Robert 2006 (TPC)" and row.endpoint == "PFS" for row in found.comparisons)


def test_unit_marks_line_ends_and_the_order_of_columns_change_nothing(tables: Writer) -> None:
    folder = tables()
    usual = read_evidence(folder)
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        turned = [[*reversed(row), "extra"] for row in rows]
        text = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in turned) + "\r\n"
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = read_evidence(folder)
    assert (found.trials, found.arms, found.comparisons) == (usual.trials, usual.arms, usual.comparisons)
    assert found.defects == ()


def test_unit_without_comparisons_the_arms_are_predicted(tables: Writer) -> None:
    folder = tables()
    (folder / "comparisons.csv").unlink()
    (found,) = questions(read_evidence(folder))
    assert (found.row.experimental, found.row.control, found.row.hr) == ("both", "alone", None)
    assert (found.reason, found.in_scope) == (NO_RATIO, False)
    assert found.plan is not None
    assert found.plan.endpoints == ("PFS",)


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ({"median_months": "24"}, {"endpoint": "OS", "median_months": "20"}, "progression later than death"),
        ({"median_months": "24"}, {"rate_pct": "30", "rate_time_months": "12"}, "contradicts the rate"),
        ({"median_months": "24"}, {"rate_pct": "70", "rate_time_months": "36"}, "contradicts the rate"),
        (
            {"median_months": "", "rate_pct": "70", "rate_time_months": "12"},
            {"rate_pct": "80", "rate_time_months": "24"},
            "contradicts the rate",
        ),
    ],
)
def test_unit_outcomes_that_cannot_both_be_true_are_both_left_out(
    tables: Writer, first: dict[str, str], second: dict[str, str], problem: str
) -> None:
    found = read_evidence(tables(arms=[{**BOTH, **first}, {**BOTH, "median_months": "", **second}, ALONE]))
    assert [row.arm for row in found.arms] == ["alone"]
    assert [(one.file, one.line) for one in found.defects] == [("arms.csv", 2), ("arms.csv", 3)]
    assert problem in found.defects[0].problem


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"median_months": "", "rate_pct": "40"}, "rate_time_months"),
        ({"endpoint": "ORR", "median_months": "", "rate_pct": "95", "ci_lo": "90", "ci_hi": "110"}, "ci_hi"),
    ],
)
def test_unit_impossible_rates_are_named(tables: Writer, change: dict[str, str], column: str) -> None:
    found = read_evidence(tables(arms=[{**BOTH, **change}, ALONE]))
    assert [row.arm for row in found.arms] == ["alone"]
    assert [(one.line, one.column) for one in found.defects] == [(2, column)]


def test_unit_sizes_that_differ_between_tables_are_named_and_not_used(tables: Writer) -> None:
    found = read_evidence(tables(comparisons=[{"n_exp": "450"}]))
    assert [(one.column, one.consequence) for one in found.defects] == [("n_exp", CELL)]
    assert "the 200 patients in arms.csv, line 2" in found.defects[0].problem
    assert (found.comparisons[0].n_experimental, found.comparisons[0].n_control) == (None, 200)
