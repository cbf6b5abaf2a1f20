"""Numbers that take the place of the catalog's for one simulation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet, entries_in_use, in_use, using
from forestall.knowledge.parameters import parameter, value
from forestall.studies.chunks import in_order

FASTER = ParameterSet("faster", {"growth.birth_rate": 0.2})


def test_unit_a_set_replaces_a_number_inside_its_block_and_nowhere_else() -> None:
    before = value("growth.birth_rate", "1/day")
    with using(FASTER):
        assert value("growth.birth_rate", "1/day") == 0.2
        assert value("growth.birth_rate", "1/week") == pytest.approx(1.4)
        assert parameter("growth.birth_rate").source == "bozic2013"
        with using(LITERATURE):
            assert value("growth.birth_rate", "1/day") == before
    assert value("growth.birth_rate", "1/day") == before
    assert in_use() is LITERATURE


def test_unit_another_thread_has_its_own_set() -> None:
    with ThreadPoolExecutor(1) as pool, using(FASTER):
        assert pool.submit(value, "growth.birth_rate", "1/day").result() != 0.2


def test_unit_threads_of_a_study_have_their_callers_set() -> None:
    with using(FASTER):
        found = [x for _, x in in_order(lambda start, end: value("growth.birth_rate", "1/day"), 6, 1, 3)]
    assert found == [0.2] * 6


def test_unit_a_path_replaces_a_number_of_a_drug_and_leaves_the_catalog_alone() -> None:
    catalog = load_drugs()
    rate = catalog["docetaxel"].actions[0].maximum.value
    with using(
        ParameterSet(
            "x", {"drugs.docetaxel.actions.0.max_rate": 0.05, "drugs.docetaxel.kinetics.clearance": 500}
        )
    ):
        changed = entries_in_use("drugs", catalog)["docetaxel"]
    assert changed.actions[0].maximum.value == 0.05
    assert changed.kinetics.clearance.value == 500
    assert catalog["docetaxel"].actions[0].maximum.value == rate


def test_unit_a_path_replaces_the_rate_of_an_alteration() -> None:
    with using(ParameterSet("x", {"alterations.PTEN_loss.rate_per_division": 1e-4})):
        changed = entries_in_use("alterations", load_alterations())
    assert changed["PTEN_loss"].rate_per_division.value == 1e-4
    assert changed["RB1_loss"] is load_alterations()["RB1_loss"]


@pytest.mark.parametrize(
    "name",
    [
        "drugs.docetaxel.actions.7.max_rate",
        "drugs.docetaxel.name",
        "drugs.docetaxel.kinetics",
        "drugs.nothing.kinetics.clearance",
    ],
)
def test_unit_a_path_that_leads_to_no_number_is_refused(name: str) -> None:
    with using(ParameterSet("x", {name: 1.0})), pytest.raises(InputError):
        entries_in_use("drugs", load_drugs())
