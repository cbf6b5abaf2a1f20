"""Predicted spectra: their parts against exact simulation, and what they say of BCR-ABL1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from forestall.knowledge.packs import find_disease
from forestall.knowledge.scope import in_scope
from forestall.studies.spectrum import Spectrum, chance_to_reach, clones_found, spectrum

RUNS = 4000
FALSE_ALARM = 1e-6
"""Two-sided, of each statistical test here."""
Z = 4.89


def _reaches(rng: np.random.Generator, birth: float, death: float, days: float, size: int) -> bool:
    """Whether one cell's lineage has `size` cells at the end (Gillespie)."""
    cells, time = 1, 0.0
    while cells:
        time += rng.exponential(1.0 / ((birth + death) * cells))
        if time > days:
            break
        cells += 1 if rng.random() < birth / (birth + death) else -1
    return cells >= size


@pytest.mark.parametrize(
    ("birth", "death", "days", "size"), [(0.2, 0.1, 20, 5), (0.1, 0.05, 40, 1), (0.3, 0.29, 30, 10)]
)
def test_oracle_chance_to_reach_a_size_against_gillespie(
    birth: float, death: float, days: float, size: int
) -> None:
    """n = 4000, binomial, |z| < 4.89: false alarm 1e-6."""
    rng = np.random.default_rng(1)
    share = np.mean([_reaches(rng, birth, death, days, size) for _ in range(RUNS)])
    expected = chance_to_reach(birth, death, days, size)
    assert abs(share - expected) < Z * math.sqrt(expected * (1 - expected) / RUNS)


def test_oracle_clones_found_against_branching_simulation() -> None:
    """Clones of a tumor that grows to 2000 cells, each cell of which succeeds with probability p; n = 3000, |z| < 4.89.

    The tumor is followed event by event; at each birth a clone is founded with probability u, and grows at the tumor's rates
    until the tumor has its size. Growth is taken as exponential by the formula, so that its time is drawn from the size.
    """
    rng, birth, death, cells, chance, mutation = np.random.default_rng(2), 0.2, 0.1, 2000, 0.02, 2e-4
    net = birth - death
    found = np.zeros(3000)
    for run in range(found.size):
        births = rng.poisson(mutation * birth / net * cells)
        for size in rng.random(births) * cells:
            left = math.log(cells / max(size, 1.0)) / net
            grown = math.expm1(net * left)
            alive = net * (grown + 1) / (birth * grown + net)
            if rng.random() < alive:
                clone = rng.geometric(net / (birth * grown + net))
                found[run] += rng.random() < 1 - (1 - chance) ** clone
    expected = mutation * clones_found(chance, cells, net / birth, 0.0, 1.0)
    assert abs(found.mean() - expected) < Z * found.std() / math.sqrt(found.size) + 0.02 * expected


def test_unit_what_cannot_grow_is_not_found() -> None:
    assert chance_to_reach(0.1, 0.1, 1e4, 10) == 0.0
    assert chance_to_reach(0.0, 0.1, 1e4, 10) == 0.0
    assert clones_found(0.0, 1e9, 0.1, 0.1, 0.1) == 0.0


def test_unit_every_clone_is_found_if_every_cell_succeeds() -> None:
    assert clones_found(1.0, 1e6, 0.1, 0.0, 1.0) == pytest.approx(1e6)


@pytest.fixture(scope="module")
def spectra() -> dict[str, Spectrum]:
    with in_scope(find_disease("cml")):
        return {
            regimen: spectrum(regimen, patients=60)
            for regimen in ("imatinib", "nilotinib", "dasatinib", "ponatinib")
        }


def _growth(found: Spectrum, name: str) -> float:
    return next(row.growth_per_day for row in found.variants if row.alteration == name)


def test_unit_t315i_grows_under_all_but_ponatinib(spectra: dict[str, Spectrum]) -> None:
    assert all(
        _growth(spectra[drug], "ABL1_T315I") > 0.003 for drug in ("imatinib", "nilotinib", "dasatinib")
    )
    assert _growth(spectra["ponatinib"], "ABL1_T315I") < 0


def test_unit_the_drugs_of_the_second_generation_leave_fewer_variants(spectra: dict[str, Spectrum]) -> None:
    growing = {drug: sum(row.growth_per_day > 0 for row in found.variants) for drug, found in spectra.items()}
    assert growing["imatinib"] > 2 * growing["nilotinib"]
    assert growing["imatinib"] > 2 * growing["dasatinib"]
    assert growing["ponatinib"] == 0


def test_unit_each_drug_has_its_own_second_variant(spectra: dict[str, Spectrum]) -> None:
    leaders = {drug: [row.alteration for row in found.variants[:2]] for drug, found in spectra.items()}
    assert leaders["nilotinib"] == ["ABL1_T315I", "ABL1_Y253H"]
    assert leaders["dasatinib"] == ["ABL1_T315I", "ABL1_F317L"]


def test_oracle_imatinib_spectrum_against_264_findings(spectra: dict[str, Spectrum]) -> None:
    """Rank correlation with the published counts (Leighow 2020); by chance it exceeds 0.5 in 1.5% of 19 variants."""
    rows = [row for row in spectra["imatinib"].variants if row.count]
    correlation = spearmanr([row.share for row in rows], [row.count for row in rows]).statistic
    assert len(rows) == 19
    assert correlation > 0.5


def test_unit_shares_add_up_and_do_not_depend_on_other_regimens(spectra: dict[str, Spectrum]) -> None:
    for found in spectra.values():
        assert sum(row.share for row in found.variants) == pytest.approx(1.0)
