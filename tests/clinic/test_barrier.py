"""The brain's barrier: a power of every drug's penetration, which a calibration changes in arms that are compiled already."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forestall.clinic.arms import Arm, compile_arm, renewed
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.parameter_sets import ParameterSet, using
from forestall.knowledge.regimens import parse_regimen

REGIMEN = "tucatinib 300 mg bid + trastuzumab 6 mg/kg q3w (load 8 mg/kg)"


def _arm() -> Arm:
    return compile_arm("arm", parse_regimen(REGIMEN), parse_regimen("no treatment"), (0, 63), 64)


def _share(arm: Arm) -> dict[str, float]:
    """Free concentration in brain metastases over that elsewhere, by drug."""
    return {
        drug.name: float(inside / outside)
        for drug, (outside, inside) in zip(arm.drugs, arm.model.free, strict=True)
    }


@pytest.mark.parametrize("barrier", [0.0, 1.0, 2.0])
def test_unit_the_barrier_is_a_power_of_the_penetration(barrier: float) -> None:
    with using(ParameterSet("x", {"brain.barrier": barrier})):
        found = _share(_arm())
    penetration = {name: load_drugs()[name].brain_penetration.to("1") for name in found}
    assert found == pytest.approx({name: share**barrier for name, share in penetration.items()})


def test_property_an_arm_renewed_under_a_set_is_the_arm_compiled_under_it() -> None:
    """The order in which sets meet an arm must not matter: nothing but the renewed numbers may depend on the set."""
    before = _arm()
    with using(ParameterSet("x", {"brain.barrier": 0.3, "death.signal_rate": 0.09})):
        again, compiled = renewed(before), _arm()
    assert _share(again) == _share(compiled) != _share(before)
    assert again.model.signal_death == compiled.model.signal_death == 0.09
    for field, mine, other in zip(compiled.schedule._fields, again.schedule, compiled.schedule, strict=True):
        np.testing.assert_array_equal(mine, other, err_msg=field)
    changed = {
        field.name
        for field in dataclasses.fields(before)
        if getattr(again, field.name) is not getattr(before, field.name)
    }
    assert changed <= {"model", "relevant"}
