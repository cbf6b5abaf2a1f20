"""Published outcomes, and the choice of the row that a simulated trial is shown beside."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from forestall.errors import InputError
from forestall.knowledge.evidence import (
    Comparison,
    Evidence,
    Outcome,
    find_evidence,
    load_evidence,
    published_for,
)
from forestall.knowledge.references import load_references
from forestall.knowledge.trials import TrialSpec, load_trials

TABLES = Path(os.environ.get("FORESTALL_DATA", "")) / "evidence"


_OUTCOME = (
    ["arm", "assessor", "endpoint", "subgroup", "verified", "preferred"],
    ["n", "median_months", "rate_pct", "rate_time_months", "ci_lo", "ci_hi"],
)
_RATIO = (
    ["arm_exp", "arm_ctl", "endpoint", "subgroup", "verified", "preferred"],
    ["hr", "hr_lo", "hr_hi"],
)


def _table(name: str, trial: str, columns: tuple[list[str], list[str]]) -> Counter[tuple[Any, ...]]:
    texts, numbers = columns
    with (TABLES / name).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["trial"] == trial]
    return Counter(
        tuple(row[word] == "1" if word == "preferred" else row[word] for word in texts)
        + tuple(float(row[number]) if row[number] else None for number in numbers)
        for row in rows
        if row["verified"] in ("yes", "secondary")
    )


def user_trial(arms: dict[str, str], published: str, **more: Any) -> TrialSpec:
    base = {
        "trial": "MINE",
        "population": {"her2": "any"},
        "patients": 10,
        "visits": "every 9 weeks",
        "follow_up": "3 years",
    }
    return TrialSpec.model_validate({**base, "arms": arms, "published": published, **more})


@pytest.mark.parametrize("evidence", load_evidence().values(), ids=list(load_evidence()))
def test_unit_every_row_is_verified_and_every_source_exists(evidence: Evidence) -> None:
    assert evidence.source in load_references()
    assert all(row.trial == evidence.trial for row in (*evidence.outcomes, *evidence.comparisons))
    assert all(row.source_url.startswith("http") for row in (*evidence.outcomes, *evidence.comparisons))


@pytest.mark.skipif(
    not TABLES.is_dir(), reason="set FORESTALL_DATA to the folder that holds evidence/arms.csv"
)
@pytest.mark.parametrize("evidence", load_evidence().values(), ids=list(load_evidence()))
def test_golden_rows_are_those_of_the_source_tables(evidence: Evidence) -> None:
    names = {arm: published.published_as for arm, published in evidence.arms.items()}
    assert _table("arms.csv", evidence.trial, _OUTCOME) == Counter(
        (names[row.arm], row.assessor or "", *_words(row), *_numbers(row), *_ends(row))
        for row in evidence.outcomes
    )
    assert _table("comparisons.csv", evidence.trial, _RATIO) == Counter(
        (names[row.experimental], names[row.control], *_words(row), row.hr, *_ends(row))
        for row in evidence.comparisons
    )


def _words(row: Outcome | Comparison) -> tuple[object, ...]:
    return row.endpoint, row.subgroup, row.verified, row.preferred


def _numbers(row: Outcome) -> tuple[float | None, ...]:
    return row.n, row.median_months, row.rate_pct, row.rate_time_months


def _ends(row: Outcome | Comparison) -> tuple[float | None, float | None]:
    return row.ci or (None, None)


def test_golden_cleopatra() -> None:
    published = published_for(load_trials()["CLEOPATRA"])
    assert published is not None
    assert published.trial == "CLEOPATRA"
    medians = {key: row.median_months for key, row in published.outcomes.items() if key[1] != "ORR"}
    assert medians == {
        ("control", "PFS"): 12.4,
        ("dual", "PFS"): 18.5,
        ("control", "OS"): 40.8,
        ("dual", "OS"): 56.5,
    }
    response = published.outcome("dual", "ORR")
    assert response is not None
    assert response.rate_pct == 80.2
    survival = published.outcome("dual", "OS")
    assert survival is not None
    assert survival.ci == (49.3, None)
    ratio = published.comparison("dual", "PFS")
    assert ratio is not None
    assert (ratio.hr, ratio.ci) == (0.62, (0.51, 0.75))
    assert published.comparison("control", "PFS") is None
    assert published.notes == ()


def test_unit_the_primary_assessor_is_preferred() -> None:
    published = published_for(load_trials()["BOLERO-2"])
    assert published is not None
    row = published.outcome("everolimus", "PFS")
    assert row is not None
    assert (row.assessor, row.median_months) == ("INV", 7.8)


def test_unit_time_to_progression_stands_in_for_pfs_and_says_so() -> None:
    for name in ("H0648g", "EGF100151"):
        published = published_for(load_trials()[name])
        assert published is not None
        assert {row.endpoint for (_, endpoint), row in published.outcomes.items() if endpoint == "PFS"} == {
            "TTP"
        }
        assert "published TTP (time to progression) stands in for PFS" in published.notes


def test_unit_the_subgroup_that_is_simulated_is_the_one_shown() -> None:
    published = published_for(load_trials()["SOLAR-1"])
    assert published is not None
    assert {row.subgroup for row in published.comparisons.values()} == {"PIK3CA-mutant"}
    assert "published ORR is that of the patients 'PIK3CA-mutant measurable'" in published.notes


@pytest.mark.parametrize("name", sorted(load_trials()))
def test_unit_every_cataloged_arm_has_published_pfs_and_os(name: str) -> None:
    trial = load_trials()[name]
    published = published_for(trial)
    assert published is not None
    missing = [(arm, end) for arm in trial.arms for end in ("PFS", "OS") if not published.outcome(arm, end)]
    assert missing == []
    assert not any("gives the drugs" in note for note in published.notes)


def test_unit_arms_are_matched_by_their_drugs_not_by_their_names() -> None:
    arms = {
        "B": "trastuzumab + docetaxel q3w",
        "A": "trastuzumab + pertuzumab + docetaxel q3w",
        "dual": "docetaxel q3w",
    }
    published = published_for(user_trial(arms, "cleopatra"))
    assert published is not None
    row = published.outcome("A", "PFS")
    assert row is not None
    assert row.median_months == 18.5
    assert ("A", "PFS") in published.comparisons
    assert published.outcome("dual", "PFS") is None
    assert published.notes == ("no published arm gives the drugs of 'dual'",)


def test_unit_no_published_control_means_no_published_ratio() -> None:
    arms = {"A": "docetaxel q3w", "B": "trastuzumab + pertuzumab + docetaxel q3w"}
    published = published_for(user_trial(arms, "CLEOPATRA"))
    assert published is not None
    assert published.comparisons == {}


def test_unit_a_trial_that_names_no_publication_has_none() -> None:
    assert (
        published_for(user_trial({"A": "docetaxel q3w"}, "CLEOPATRA").model_copy(update={"published": None}))
        is None
    )


def test_unit_an_unknown_publication_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'EMILIA'"):
        find_evidence("emilya")


def row(**changes: Any) -> dict[str, Any]:
    base = {"trial": "X", "arm": "a", "endpoint": "PFS", "verified": "yes", "source_url": "http://x"}
    return {**base, "median_months": 5.0, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ci": (6.0, 7.0)}, "inverted or does not hold"),
        ({"ci": (4.0, 3.0)}, "inverted or does not hold"),
        ({"rate_pct": 40.0}, "either median_months or rate_pct"),
        ({"median_months": None}, "either median_months or rate_pct"),
        ({"median_months": -1.0}, "greater than 0"),
        ({"verified": "no"}, "verified"),
        ({"use": "train"}, "use"),
    ],
)
def test_unit_a_wrong_row_is_refused(changes: dict[str, Any], words: str) -> None:
    assert Outcome.model_validate(row()).use == "display"
    with pytest.raises(ValidationError, match=words):
        Outcome.model_validate(row(**changes))


def test_unit_a_comparison_needs_a_ratio_or_a_p_value() -> None:
    base = {
        "trial": "X",
        "endpoint": "PFS",
        "verified": "yes",
        "source_url": "u",
        "experimental": "a",
        "control": "b",
    }
    assert Comparison.model_validate({**base, "p": "<0.001"}).hr is None
    with pytest.raises(ValidationError, match="hr or p"):
        Comparison.model_validate(base)


def test_unit_rows_may_only_name_listed_arms() -> None:
    data = load_evidence()["CLEOPATRA"].model_dump()
    data["arms"].pop("control")
    with pytest.raises(ValidationError, match="not listed under 'arms': control"):
        Evidence.model_validate(data)
