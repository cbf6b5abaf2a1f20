"""The breast network: acyclic, at rest before treatment, driven by the right receptor in every tumor type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.biology.signaling.compile import compiled
from forestall.biology.signaling.steady import Case, State, batch_of, steady_state, steady_states, time_course
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.contents import quantities
from forestall.knowledge.networks import load_networks
from forestall.knowledge.provenance import Quantity, Status

BREAST = load_networks()["breast"]
CONTEXTS = list(BREAST.contexts)
DRUGGABLE = [
    "ESR1",
    "EGFR",
    "ERBB2",
    "IGF1R",
    "FGFR1",
    "SRC",
    "PIK3CA",
    "AKT1",
    "MTORC1",
    "MAP2K1",
    "CDK4",
    "BCL2",
    "MCL1",
]
REQUIRED = [
    "estradiol",
    "EGF",
    "NRG1",
    "IGF1",
    "FGF",
    "ESR1",
    "EGFR",
    "ERBB2",
    "ERBB3",
    "IGF1R",
    "FGFR1",
    "SRC",
    "IRS1",
    "PIK3CA",
    "PTEN",
    "AKT1",
    "MTORC1",
    "RPS6KB1",
    "KRAS",
    "NF1",
    "MAP2K1",
    "MAPK1",
    "FOXO3",
    "KMT2D",
    "FOXA1",
    "MYC",
    "CCND1",
    "CDK4",
    "CDKN1B",
    "CDK2",
    "RB1",
    "E2F1",
    "BCL2",
    "MCL1",
    "BCL2L11",
    "proliferation",
    "survival",
]


def test_unit_every_node_that_drugs_and_readers_name_exists() -> None:
    assert set(REQUIRED) <= set(BREAST.nodes)


def test_unit_the_fast_graph_has_no_cycle_and_feedbacks_are_slow() -> None:
    assert not compiled().arrays.component_cyclic.any()
    feedbacks = {
        ("FOXO3", "ERBB3"),
        ("FOXO3", "IGF1R"),
        ("FOXO3", "ESR1"),
        ("RPS6KB1", "IRS1"),
        ("MAPK1", "KRAS"),
        ("ESR1", "ERBB2"),
    }
    slow = {(driver.node, name) for name, entry in BREAST.expression.items() for driver in entry.drivers}
    assert feedbacks <= slow


@pytest.mark.parametrize("context", CONTEXTS)
def test_property_the_untreated_tumor_is_at_rest(context: str) -> None:
    batch = batch_of([Case(context)])
    rest = batch.at_rest()
    np.testing.assert_allclose(batch.targets(batch.activity(rest)), rest, rtol=1e-14)
    month = time_course(Case(context), [30.0])[0]
    assert list(month.expression.values()) == pytest.approx(list(rest[:, 0]), rel=1e-9)


@pytest.mark.parametrize("truncal", sorted(load_alterations()))
def test_property_a_tumor_with_a_truncal_alteration_is_at_rest(truncal: str) -> None:
    batch = batch_of([Case(context, truncal=(truncal,)) for context in CONTEXTS])
    rest = batch.at_rest()
    np.testing.assert_allclose(batch.targets(batch.activity(rest)), rest, rtol=1e-14)


@pytest.mark.parametrize("context", CONTEXTS)
def test_property_untreated_tumors_grow_and_survive(context: str) -> None:
    state = steady_state(context)
    assert state["proliferation"] > 0.4
    assert state["survival"] > 0.4


@pytest.mark.parametrize(
    ("context", "drivers", "bystanders"),
    [
        ("er_positive", [{"ESR1": 0.95}], [{"ERBB2": 0.95}, {"EGFR": 0.95}]),
        ("her2_positive_er_negative", [{"ERBB2": 0.95}], [{"ESR1": 0.95}, {"EGFR": 0.95}]),
        ("her2_positive_er_positive", [{"ERBB2": 0.95, "ESR1": 0.95}], [{"EGFR": 0.95}]),
        ("triple_negative", [{"EGFR": 0.95, "MAP2K1": 0.95}], [{"ESR1": 0.95}, {"ERBB2": 0.95}]),
    ],
)
def test_property_growth_depends_on_the_driver_of_the_tumor_type(
    context: str, drivers: list[dict[str, float]], bystanders: list[dict[str, float]]
) -> None:
    def drive(effects: dict[str, float]) -> float:
        return steady_state(context, effects)["proliferation"]

    untreated = drive({})
    for effects in drivers:
        assert drive(effects) < 0.7 * untreated
    for effects in bystanders:
        assert drive(effects) > 0.9 * untreated


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CONTEXTS), st.sampled_from(DRUGGABLE), st.floats(0.05, 0.95), st.floats(0.01, 0.04))
def test_property_more_of_a_drug_lowers_its_target_more(
    context: str, target: str, effect: float, more: float
) -> None:
    cases = [Case(context, effects={target: e}) for e in (0.0, effect, effect + more)]
    for slow in ("rest", "relaxed"):
        none, some, much = (state[target] for state in steady_states(cases, slow=slow))
        assert none > some > much


@pytest.mark.parametrize("context", CONTEXTS)
def test_property_zero_effect_is_the_control_bit_for_bit(context: str) -> None:
    nothing = {"ERBB2": 0.0, "degrade ESR1": 0.0, "deplete estradiol": 0.0, "block ERBB2->ERBB3": 0.0}
    assert steady_state(context, nothing) == steady_state(context)


def test_property_a_case_does_not_depend_on_the_others_in_its_batch() -> None:
    cases = [Case(context, effects={"ERBB2": 0.7}, alterations=("PIK3CA_mut",)) for context in CONTEXTS]
    together = steady_states([*cases, Case("er_positive", effects={"CDK4": 0.9})])
    assert together[: len(cases)] == [steady_states([case])[0] for case in cases]


def test_property_the_relaxed_state_is_where_time_leads() -> None:
    for effects in ({"ERBB2": 0.9, "EGFR": 0.9}, {"PIK3CA": 0.8}, {"CDK4": 0.9, "deplete estradiol": 0.97}):
        case = Case("her2_positive_er_positive", effects=effects)
        late = time_course(case, [2000.0], tolerance=1e-6)[0]
        settled = steady_states([case])[0]
        assert list(late.expression.values()) == pytest.approx(list(settled.expression.values()), rel=1e-4)


def test_property_every_drug_and_alteration_settles_everywhere() -> None:
    doses = [{target: effect} for target in DRUGGABLE for effect in (0.5, 0.95)]
    cases = [
        Case(context, (name,), dose) for context in CONTEXTS for name in load_alterations() for dose in doses
    ]
    states: list[State] = steady_states(cases)
    values = np.array([list(state.activity.values()) for state in states])
    assert np.isfinite(values).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_unit_ligands_and_traits_change_what_they_name() -> None:
    assert steady_state("er_positive", ligands={"estradiol": 0.02})["estradiol"] == pytest.approx(0.02)
    with_trait, without = (
        steady_state("er_positive", {"ESR1": 0.95}, traits={"ER_to_HER2": present})
        for present in (True, False)
    )
    assert with_trait.expression["ERBB2"] > 1.05
    assert without.expression["ERBB2"] == pytest.approx(1)


def test_unit_every_number_has_a_source_or_an_interval() -> None:
    numbers: list[tuple[str, Quantity]] = list(quantities(BREAST))
    for entry in load_alterations().values():
        numbers += quantities(entry)
    assert len(numbers) > 250
    for path, number in numbers:
        assert number.source if number.status is not Status.ASSUMED else number.interval, path
