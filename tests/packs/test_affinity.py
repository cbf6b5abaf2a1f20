"""A variant's affinity for a drug is exact in its clone, and of several variants of one target the most resistant shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.compile import compiled
from forestall.biology.signaling.lanes import build_lanes, compile_alterations
from forestall.clinic.arms import Arm, compile_arm
from forestall.knowledge.alterations import Operator, ShiftAffinity, load_alterations
from forestall.knowledge.packs import find_disease
from forestall.knowledge.regimens import parse_regimen
from forestall.knowledge.scope import in_scope


def _arm(regimen: str) -> Arm:
    return compile_arm("arm", parse_regimen(regimen), parse_regimen("no treatment"), (0, 28), 56)


def _shifts(operator: Operator, drug: str) -> bool:
    return isinstance(operator, ShiftAffinity) and operator.drug == drug


def _access(names: list[str], drug: str) -> dict[str, float]:
    """Access of each variant's action (\"\" is the common one) in a clone with the named alterations."""
    alterations = load_alterations()
    shifted = (
        name for name, entry in alterations.items() if any(_shifts(part, drug) for part in entry.operators)
    )
    variants = ["", *shifted]
    actions = [Action("inhibit", "BCR_ABL", drug, "kinase_inhibitor", variant) for variant in variants]
    network = compiled()
    arrays = compile_alterations(network, list(alterations.values()), actions)
    genotype = np.array([sum(1 << list(alterations).index(name) for name in names)], np.int64)
    expression = network.expression_of("chronic_phase")[:, None]
    lanes = build_lanes(network, arrays, genotype, np.zeros(1, np.int64), np.ascontiguousarray(expression))
    return dict(zip(variants, lanes.access[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("names", "shows"),
    [
        ([], ""),
        (["ABL1_T315I"], "ABL1_T315I"),
        (["ABL1_M351T"], "ABL1_M351T"),
        (["ABL1_M351T", "ABL1_T315I"], "ABL1_T315I"),
        (["ABL1_E255K", "ABL1_M351T", "ABL1_F317L"], "ABL1_E255K"),
        (["BCL2_up"], ""),
    ],
)
def test_unit_one_action_shows_in_each_clone(names: list[str], shows: str) -> None:
    with in_scope(find_disease("cml")):
        access = _access(names, "imatinib")
    assert access.pop(shows) == 1.0
    assert set(access.values()) == {0.0}


def test_oracle_variant_actions_have_the_folds_and_slopes_of_the_published_table() -> None:
    """T315I under imatinib: 5885 nM and Hill 7.50 against 187.6 nM and 2.61 in the wild type (Leighow 2020)."""
    with in_scope(find_disease("cml")):
        arm = _arm("imatinib")
        order = list(load_alterations())
        required = arm.shared.alterations.required
    wild = int(np.flatnonzero(required == 0)[0])
    mutant = int(np.flatnonzero(required == 1 << order.index("ABL1_T315I"))[0])
    assert arm.model.potency[mutant] / arm.model.potency[wild] == pytest.approx(5885 / 187.6, rel=2e-3)
    assert (arm.model.hill[mutant], arm.model.hill[wild]) == (7.5, 2.61)


def test_unit_drugs_without_a_row_act_on_a_variant_as_on_the_wild_type() -> None:
    with in_scope(find_disease("cml")):
        assert _access(["ABL1_M244V"], "ponatinib")[""] == 1.0


def test_unit_a_pack_without_affinities_adds_no_action(gist: Path) -> None:
    from forestall.knowledge.pack_reading import read_pack

    text = gist.read_text(encoding="utf-8")
    cut = text.index("affinity:\n")
    keep = text[:cut]
    start, end = keep.index("  - id: KIT_V654A"), keep.index("  - id: bypass")
    gist.write_text(keep[:start] + keep[end:], encoding="utf-8")
    with in_scope(read_pack(gist)):
        assert _arm("imatinib").model.potency.size == 1
