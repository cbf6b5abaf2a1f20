"""Plasma holds what dying cells shed, against normal DNA, and a tube is a Poisson sample of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from forestall.clinic.blood import LiquidBiopsy
from forestall.clinic.laboratory import Laboratory
from forestall.errors import InputError
from forestall.knowledge.parameters import value

from .tumors import SAMPLES, Z_LIMIT, tumor

USUAL = LiquidBiopsy.usual()
MUTANT = [set(), {"ESR1_mut"}]


def test_oracle_a_cubic_centimeter_sheds_what_was_published() -> None:
    """Avanzini 2020 (preprint): 1.7 genome equivalents in 15 mL of blood per cm3 of tumor, at a death rate of 0.136 per day."""
    cells = 1000.0 * value("tumor.cells_per_mm3", "cells/mm**3")
    per_ml_of_plasma = float(USUAL.tumor_dna(tumor([[cells]], [set()], dying_share=0.136)).sum())
    assert per_ml_of_plasma * USUAL.plasma_ml / USUAL.blood_ml * 15.0 == pytest.approx(1.7, rel=0.02)


@pytest.mark.parametrize("growth", [-0.1, 0.0, 0.05])
def test_oracle_plasma_is_in_balance_with_the_day(growth: float) -> None:
    """The ODE dC/dt = shed exp(g t) - k C, from an empty plasma over ten half-lives, to within 1%."""
    shed = USUAL.shed_per_death * 0.136e9 / USUAL.plasma_ml
    days = 10 * math.log(2) / USUAL.clearance_per_day
    solved = solve_ivp(
        lambda t, c: shed * math.exp(growth * (t - days)) - USUAL.clearance_per_day * c,
        (0.0, days),
        [0.0],
        rtol=1e-9,
        atol=1e-12,
    )
    balance = float(USUAL.tumor_dna(tumor([[1e9]], [set()])).sum())
    assert balance == pytest.approx(solved.y[0, -1], rel=0.01)


def test_oracle_molecules_in_a_tube_are_a_poisson_sample() -> None:
    """Mutant molecules ~ Poisson(mL * efficiency * genomes * share), one copy per genome; mean and variance, false alarm 1e-6 each."""
    tube = replace(USUAL, molecule_error=1e-12)
    state = tumor([[0.8e11, 0.2e11]], MUTANT)
    drawn = [tube.draw(replace(state, patient=n)).variant("ESR1_mut") for n in range(SAMPLES)]
    seen = np.array([item.variant_reads for item in drawn if item is not None], np.float64)
    mean = tube.drawn_ml * tube.efficiency * float(tube.tumor_dna(state)[:, 1].sum())
    assert mean > 5
    assert abs(seen.mean() - mean) / math.sqrt(mean / SAMPLES) < Z_LIMIT
    error = math.sqrt((mean + 2 * mean**2) / SAMPLES)
    assert abs(seen.var(ddof=1) - mean) / error < Z_LIMIT


def test_oracle_normal_dna_varies_as_in_the_catalog() -> None:
    """The logarithm of ng/mL ~ Normal(log median, sd); Z of the mean, false alarm 1e-6."""
    none = tumor([[1.0]], [set()])
    amount = np.array([USUAL.draw(replace(none, patient=n)).dna_ng_per_ml or 0.0 for n in range(SAMPLES)])
    z = (np.log(amount) - math.log(USUAL.background_ng_per_ml)) / USUAL.background_log_sd
    assert abs(z.mean()) * math.sqrt(SAMPLES) < Z_LIMIT
    assert abs(z.var(ddof=1) - 1) / math.sqrt(2 / SAMPLES) < Z_LIMIT


def test_oracle_circulating_cells_are_in_balance_with_their_half_life() -> None:
    """Cells in blood = entry * half-life / ln 2; counts are Poisson; false alarm 1e-6."""
    state = tumor([[5e10]], [set()])
    seen = np.array([USUAL.draw(replace(state, patient=n)).circulating_cells or 0 for n in range(SAMPLES)])
    inside = 5e10 * value("ctc.entry_rate", "1/day") * value("ctc.half_life", "day") / math.log(2)
    mean = inside * value("ctc.blood_drawn", "mL") / 5000.0
    assert abs(seen.mean() - mean) / math.sqrt(mean / SAMPLES) < Z_LIMIT


def test_property_more_tumor_is_never_seen_less() -> None:
    sizes = [1e7, 1e8, 1e9, 1e10, 1e11]
    found = [USUAL.draw(tumor([[cells, cells]], MUTANT)) for cells in sizes]
    counts = [item.variant_reads or 0 for sample in found if (item := sample.variant("ESR1_mut")) is not None]
    assert counts == sorted(counts)
    assert counts[-1] > 0
    shares = [sample.tumor_share for sample in found]
    assert shares == sorted(shares)


def test_property_lesions_add_up_and_the_brain_sheds_less() -> None:
    state = tumor([[1e9], [1e9]], [set()], site=["liver", "brain"])
    shares = dict(USUAL.draw(state).lesion_share)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["brain 1"] / shares["liver 0"] == pytest.approx(USUAL.brain_share)


def test_property_a_tumor_without_dying_cells_sheds_nothing() -> None:
    sample = replace(USUAL, molecule_error=1e-12).draw(tumor([[1e11, 1e11]], MUTANT, dying_share=0.0))
    assert sample.tumor_share == 0.0
    assert sample.called == ()


def test_unit_numbers_of_the_laboratory_can_be_set() -> None:
    made = Laboratory.with_numbers(["sequencing.depth=1000", "ctdna.half_life=2 hours"])
    assert made.biopsy.depth == 1000
    assert made.liquid_biopsy.clearance_per_day == pytest.approx(12 * math.log(2))
    assert Laboratory.with_numbers().biopsy.depth == value("sequencing.depth", "1")


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("sequencing.dept=1000", "sequencing.depth"),
        ("sequencing.depth", "NAME=VALUE"),
        ("sequencing.depth=-5", "sequencing.depth"),
        ("biopsy.purity=1.5", "biopsy.purity"),
        ("growth.birth_rate=1", "laboratory"),
    ],
)
def test_unit_a_wrong_setting_is_refused(setting: str, names: str) -> None:
    with pytest.raises(InputError, match=names):
        Laboratory.with_numbers([setting])
