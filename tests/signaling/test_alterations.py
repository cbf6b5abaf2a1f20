"""Alterations: what the operators do to the arrays, and which drugs lose and keep their effect."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.biology.signaling.actions import Action, apply_effects, apply_effects_by_lane, compile_actions
from forestall.biology.signaling.compile import compiled
from forestall.biology.signaling.lanes import compile_alterations, write_lanes
from forestall.biology.signaling.steady import State, steady_state
from forestall.errors import KnowledgeError
from forestall.knowledge.alterations import Alteration, LimitAccess, load_alterations, pick
from forestall.knowledge.drugs import load_drugs

HER2_POSITIVE = ["her2_positive_er_positive", "her2_positive_er_negative"]
TRASTUZUMAB = {Action("inhibit", "ERBB2", "trastuzumab", "antibody"): 0.6}
PERTUZUMAB = {Action("block", "ERBB2->ERBB3", "pertuzumab", "antibody"): 0.8}
LAPATINIB = {
    Action("inhibit", "ERBB2", "lapatinib", "kinase_inhibitor"): 0.9,
    Action("inhibit", "EGFR", "lapatinib", "kinase_inhibitor"): 0.9,
}
LETROZOLE = {Action("deplete", "estradiol", "letrozole", "aromatase_inhibitor"): 0.97}
FULVESTRANT = {
    Action("inhibit", "ESR1", "fulvestrant", "serd"): 0.7,
    Action("degrade", "ESR1", "fulvestrant", "serd"): 0.8,
}
PALBOCICLIB = {Action("inhibit", "CDK4", "palbociclib", "cdk46_inhibitor"): 0.9}
ALPELISIB = {Action("inhibit", "PIK3CA", "alpelisib", "kinase_inhibitor"): 0.8}


def _alteration(*operators: dict[str, object]) -> Alteration:
    return Alteration.model_validate(
        {
            "id": "made_up",
            "gene": "ERBB2",
            "name": "made up",
            "kind": "mutation",
            "operators": operators,
            "rate_per_division": [1e-9, 1e-9, 1e-9],
            "fitness_cost": [0, 0, 0],
            "mechanisms": ["HER2_loss"],
        }
    )


def _shrinkage(state: State, untreated: State) -> float:
    """How much a drug lowers proliferation and survival."""
    return 2 - sum(state[output] / untreated[output] for output in ("proliferation", "survival"))


def _benefit(context: str, effects: dict[Action, float], *alterations: str) -> float:
    """What a drug takes from growth in tumors whose trunk carries the alterations."""
    treated, untreated = (steady_state(context, given, truncal=alterations) for given in (effects, {}))
    return _shrinkage(treated, untreated)


def test_unit_operators_reach_the_arrays_and_combine() -> None:
    net = compiled()
    one = _alteration(
        {"op": "floor", "node": "AKT1", "value": [0.5, 0.5, 0.5]},
        {"op": "expression", "node": "ESR1", "value": [3, 3, 3]},
        {"op": "remove_input", "edge": "ERBB2->ERBB3", "value": [0.25, 0.25, 0.25]},
        {"op": "weight", "edge": "IRS1->PIK3CA", "value": [100, 100, 100]},
        {"op": "access", "classes": ["antibody"], "kinds": ["inhibit"], "value": [0.1, 0.1, 0.1]},
    )
    two = _alteration({"op": "floor", "node": "AKT1", "value": [0.2, 0.2, 0.2]})
    actions = [*TRASTUZUMAB, Action("adcc", "ERBB2", "trastuzumab", "antibody"), *LAPATINIB]
    arrays = compile_alterations(net, [one, two], actions)
    lanes, nodes = 4, len(net.nodes)
    base, floor, weight, access = (
        np.empty((size, lanes)) for size in (nodes, nodes, len(net.term_weight), len(actions))
    )
    write_lanes(
        arrays, np.arange(lanes), np.ones((nodes, lanes)), net.term_weight, base, floor, weight, access
    )
    assert floor[net.index.node("AKT1")] == pytest.approx([0, 0.5, 0.2, 0.6])
    assert base[net.index.node("ESR1")] == pytest.approx([1, 3, 1, 3])
    assert base[net.index.node("ESR1_membrane")] == pytest.approx([1, 3, 1, 3])
    for term in net.index.edge("ERBB2->ERBB3"):
        assert weight[term] == pytest.approx(net.term_weight[term] * np.array([1, 0.75, 1, 0.75]))
    for term in net.index.edge("IRS1->PIK3CA"):
        assert weight[term, 1] == 1
    assert access[:, 1] == pytest.approx([0.1, 1, 1, 1])
    assert np.all(access[:, [0, 2]] == 1)


def test_unit_effects_multiply_on_nodes_expression_and_terms() -> None:
    net = compiled()
    names = [
        "inhibit ERBB2",
        "inhibit ERBB2",
        "degrade ESR1",
        "deplete estradiol",
        "block ERBB2->ERBB3",
        "cytotoxic cells",
    ]
    actions = compile_actions(net, [Action(*name.split()) for name in names])
    effect = np.array([0.5, 0.5, 0.4, 0.9, 0.3, 0.7])
    access = np.ones((6, 3))
    access[:, 1] = 0.5
    access[:, 2] = 0
    expression = np.full((len(net.nodes), 3), 2.0)
    weight = np.repeat(net.term_weight[:, None], 3, axis=1)
    outs = [np.empty_like(expression), np.empty_like(expression), np.empty_like(weight)]
    apply_effects(actions, effect, access, expression, weight, *outs)
    out, node_effect, weight_out = outs
    assert node_effect[net.index.node("ERBB2")] == pytest.approx([0.25, 0.75**2, 1])
    assert node_effect[net.index.node("estradiol")] == pytest.approx([0.1, 0.55, 1])
    for name in ("ESR1", "ESR1_membrane"):
        assert out[net.index.node(name)] == pytest.approx([1.2, 1.6, 2])
    for term in net.index.edge("ERBB2->ERBB3"):
        assert weight_out[term] == pytest.approx(net.term_weight[term] * np.array([0.7, 0.85, 1]))
    touched = [net.index.node(name) for name in ("ERBB2", "ERBB2_p95", "estradiol")]
    assert np.all(np.delete(node_effect, touched, axis=0) == 1)
    by_lane = [np.empty_like(array) for array in outs]
    apply_effects_by_lane(
        actions, np.ascontiguousarray(np.repeat(effect[:, None], 3, 1)), access, expression, weight, *by_lane
    )
    assert all(np.array_equal(a, b) for a, b in zip(outs, by_lane, strict=True))


def test_unit_antibodies_do_not_reach_the_truncated_receptor_and_inhibitors_do() -> None:
    net = compiled()
    full, fragment = net.index.node("ERBB2"), net.index.node("ERBB2_p95")
    classes = {"antibody": [full], "adc": [full], "kinase_inhibitor": [full, fragment]}
    for drug_class, reached in classes.items():
        actions = compile_actions(net, [Action("inhibit", "ERBB2", "drug", drug_class)])
        assert sorted(actions.target.tolist()) == sorted(reached)


def test_unit_unknown_names_are_refused_with_a_fix() -> None:
    with pytest.raises(KnowledgeError, match=r"fulvestrant.*'ESR2'.*did you mean 'ESR1'"):
        compile_actions(compiled(), [Action("degrade", "ESR2", "fulvestrant")])
    with pytest.raises(KnowledgeError, match=r"'ERBB2->BCL2'.*did you mean"):
        compile_actions(compiled(), [Action("block", "ERBB2->BCL2")])
    with pytest.raises(KnowledgeError, match="did you mean 'PTEN_loss'"):
        pick(["PTEN_los"])
    with pytest.raises(KnowledgeError, match=r"made_up.*unknown node"):
        compile_alterations(
            compiled(), [_alteration({"op": "floor", "node": "AKT9", "value": [0.5, 0.5, 0.5]})]
        )


def test_property_every_alteration_of_the_catalogue_compiles_and_changes_something() -> None:
    net, catalogue = compiled(), load_alterations()
    actions = [
        *(TRASTUZUMAB | PERTUZUMAB | LAPATINIB | FULVESTRANT | PALBOCICLIB | ALPELISIB),
        Action("cytotoxic", "cells", "docetaxel", "cytotoxic"),
        Action("cytotoxic", "cells", "olaparib", "parp_inhibitor"),
    ]
    arrays = compile_alterations(net, list(catalogue.values()), actions)
    parts = (arrays.sparing, arrays.expression, arrays.weight, arrays.access)
    for row, name in enumerate(catalogue):
        assert any((part[row] != 1).any() for part in parts), name
    for alteration in catalogue.values():
        known = {*net.network.contexts}
        assert {
            *alteration.contexts,
            *alteration.prevalence.primary,
            *alteration.prevalence.pretreated,
        } <= known


@pytest.mark.parametrize("context", HER2_POSITIVE)
@pytest.mark.parametrize("alteration", ["p95HER2", "MUC4_mask"])
def test_oracle_hidden_epitope_costs_trastuzumab_more_than_lapatinib(context: str, alteration: str) -> None:
    assert _benefit(context, TRASTUZUMAB, alteration) < 0.6 * _benefit(context, TRASTUZUMAB)
    assert _benefit(context, LAPATINIB, alteration) > 0.8 * _benefit(context, LAPATINIB)


@pytest.mark.parametrize("context", HER2_POSITIVE)
@pytest.mark.parametrize(
    "alteration", ["PIK3CA_mut", "PTEN_loss", "MET_amp", "IGF1R_up", "NRG1_autocrine", "AKT1_mut"]
)
def test_oracle_bypass_and_downstream_alterations_rescue_growth_from_her2_blockade(
    context: str, alteration: str
) -> None:
    wild_type = steady_state(context, TRASTUZUMAB)
    altered = steady_state(context, TRASTUZUMAB, alterations=(alteration,))
    assert altered["AKT1"] > wild_type["AKT1"]
    assert altered["proliferation"] > wild_type["proliferation"]
    assert altered["survival"] > wild_type["survival"]


def test_oracle_pertuzumab_adds_to_trastuzumab_where_neuregulin_rescues() -> None:
    """Ligand-driven HER2-HER3 dimers escape trastuzumab, not pertuzumab."""
    for context in HER2_POSITIVE:
        one, two = (
            steady_state(context, effects, alterations=("NRG1_autocrine",))["AKT1"]
            for effects in (TRASTUZUMAB, TRASTUZUMAB | PERTUZUMAB)
        )
        assert two < one


def test_oracle_esr1_mutation_escapes_estrogen_deprivation_and_answers_to_a_degrader() -> None:
    context = "er_positive"
    starved = steady_state(context, LETROZOLE, alterations=("ESR1_mut",))
    assert starved["proliferation"] > 1.2 * steady_state(context, LETROZOLE)["proliferation"]
    assert (
        steady_state(context, FULVESTRANT, alterations=("ESR1_mut",))["proliferation"]
        < 0.9 * starved["proliferation"]
    )


def test_oracle_her2_loss_takes_much_of_the_effect_of_trastuzumab() -> None:
    for context in HER2_POSITIVE:
        lost, treated = (
            steady_state(context, given, alterations=("ERBB2_loss",)) for given in ({}, TRASTUZUMAB)
        )
        assert _shrinkage(treated, lost) < 0.6 * _benefit(context, TRASTUZUMAB)
        assert lost["proliferation"] < steady_state(context)["proliferation"]


def test_oracle_pten_loss_costs_the_alpha_selective_inhibitor() -> None:
    """Juric 2015; Costa 2020."""
    assert _benefit("er_positive", ALPELISIB, "PTEN_loss") < 0.7 * _benefit("er_positive", ALPELISIB)


def test_oracle_mtorc1_brake_loss_keeps_s6k_on_under_pi3k_inhibition() -> None:
    """Elkabets 2013; everolimus reverses it."""
    everolimus = {Action("inhibit", "MTORC1", "everolimus"): 0.8}
    wild, lost, both = (
        steady_state("er_positive", effects, alterations=alterations)["RPS6KB1"]
        for effects, alterations in (
            (ALPELISIB, ()),
            (ALPELISIB, ("MTORC1_brake_loss",)),
            (ALPELISIB | everolimus, ("MTORC1_brake_loss",)),
        )
    )
    assert lost > 2 * wild
    assert both < 0.5 * lost


def test_unit_every_drug_of_the_catalogue_finds_its_targets_in_the_network() -> None:
    actions = [
        Action(action.kind, action.target, drug.name, drug.drug_class)
        for drug in load_drugs().values()
        for action in drug.actions
    ]
    assert len(compile_actions(compiled(), actions).code) == len(actions) > 30


def test_unit_access_operators_name_drugs_and_classes_that_exist() -> None:
    drugs = load_drugs().values()
    for alteration in load_alterations().values():
        for operator in alteration.operators:
            if isinstance(operator, LimitAccess):
                assert {*operator.drugs} <= {drug.name for drug in drugs}, alteration.id
                assert {*operator.classes} <= {drug.drug_class for drug in drugs}, alteration.id
