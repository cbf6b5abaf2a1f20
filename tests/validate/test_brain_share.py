"""Which patients have metastases in the brain, and whether these were treated before, by words and numbers of the tables."""

from __future__ import annotations

import pytest

from .conftest import ALONE, BOTH, Writer, only, under_tamoxifen


@pytest.mark.parametrize(
    ("subgroup", "field", "expected"),
    [
        ("stable brain metastases", "brain_metastases", 1.0),
        ("stable brain metastases", "brain_treated", 1.0),
        ("history of treated brain metastases", "brain_treated", 1.0),
        ("active brain metastases", "brain_treated", 0.0),
        ("treated-progressing brain metastases", "brain_treated", 0.0),
        ("brain metastases", "brain_treated", None),
        ("no brain mets", "brain_metastases", 0.0),
        ("no brain metastases at baseline", "brain_metastases", 0.0),
    ],
)
def test_unit_subgroups_tell_of_metastases_in_the_brain(
    tables: Writer, subgroup: str, field: str, expected: float | None
) -> None:
    plan = only(tables(comparisons=[{"subgroup": subgroup}])).plan
    assert plan is not None
    assert getattr(plan.spec.population, field) == expected


@pytest.mark.parametrize(
    ("population", "field", "expected"),
    [
        ("CNS mets allowed", "brain_metastases", None),
        ("with or without brain metastases", "brain_treated", None),
        ("with or without (incl. active) brain metastases", "brain_treated", 0.5),
    ],
)
def test_unit_populations_tell_of_metastases_in_the_brain(
    tables: Writer, population: str, field: str, expected: float | None
) -> None:
    plan = under_tamoxifen(tables, {"population": population})
    assert getattr(plan.spec.population, field) == expected


def test_unit_the_share_with_brain_metastases_is_counted_where_the_tables_give_numbers(
    tables: Writer,
) -> None:
    brain = (
        {**BOTH, "subgroup": "brain metastases", "n": "60"},
        {**ALONE, "subgroup": "brain mets", "n": "36"},
    )
    trial = {"population": "postmenopausal, with or without brain metastases"}

    def share(**changes: object) -> object:
        plan = only(tables(**{"trials": (trial,), "arms": (BOTH, ALONE, *brain), **changes})).plan
        assert plan is not None
        return plan.spec.population.brain_metastases

    assert share() == pytest.approx(0.24)
    assert share(arms=(BOTH, ALONE)) is None
    assert share(arms=(BOTH, ALONE, {**brain[0], "n": ""})) is None
    assert share(trials=({"population": "postmenopausal, no brain metastases"},)) == 0.0


@pytest.mark.parametrize("subgroup", ["all", "brain metastases"])
def test_unit_stable_metastases_are_counted_where_the_tables_give_numbers(
    tables: Writer, subgroup: str
) -> None:
    brain = [
        {**arm, "subgroup": name, "n": count}
        for name, counts in (("brain metastases", ("60", "40")), ("stable brain metastases", ("33", "")))
        for arm, count in zip((BOTH, ALONE), counts, strict=True)
    ]
    trial = {"population": "postmenopausal, with or without brain metastases"}

    def treated(arms: list[dict[str, str]], population: dict[str, str]) -> object:
        asked = [{"subgroup": subgroup}]
        plan = only(tables(trials=(population,), arms=(BOTH, ALONE, *arms), comparisons=asked)).plan
        assert plan is not None
        return plan.spec.population.brain_treated

    assert treated(brain, trial) == pytest.approx(0.55), "of the arm that gives both numbers"
    assert treated(brain[:2], trial) is None
