"""How far single agents agree over xenografts, on which the prior of `sensitivity.shared_by_all` rests."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from forestall.knowledge.parameters import parameter
from forestall.knowledge.pdx_treatments import UNTREATED, load_pdx_treatments
from forestall.studies.pdx_data import PdxArm, read_pdx

LAST_DAY, LEAST_VOLUME_MM3, LEAST_POINTS = 28, 30.0, 4


def _growth_per_day(arm: PdxArm) -> float:
    early = arm.days <= LAST_DAY
    if early.sum() < LEAST_POINTS:
        return np.nan
    return float(np.polyfit(arm.days[early], np.log(np.maximum(arm.volumes[early], LEAST_VOLUME_MM3)), 1)[0])


def _beyond_untreated(treated: np.ndarray, untreated: np.ndarray) -> np.ndarray:
    """Growth of each model under a drug, less what its untreated mouse predicts."""
    known = np.isfinite(treated) & np.isfinite(untreated)
    return treated - np.polyval(np.polyfit(untreated[known], treated[known], 1), untreated)


@pytest.fixture(scope="module")
def agreements(shared_folder: Path) -> dict[tuple[str, str], float]:
    """Rank correlation over models of each pair of single agents."""
    data = read_pdx(shared_folder)
    growth: dict[str, np.ndarray] = {}
    for arm in data.arms:
        column = growth.setdefault(arm.treatment, np.full(len(data.models), np.nan))
        column[data.models.index(arm.model)] = _growth_per_day(arm)
    untreated = growth.pop(UNTREATED)
    rest = {name: _beyond_untreated(treated, untreated) for name, treated in growth.items()}
    return {
        (one, other): float(spearmanr(rest[one], rest[other], nan_policy="omit").statistic)
        for one, other in itertools.combinations(sorted(rest), 2)
    }


def test_oracle_agents_of_different_families_agree_half_as_well_as_those_of_one(
    agreements: dict[tuple[str, str], float],
) -> None:
    known = load_pdx_treatments()
    family = {
        pair: known[pair[0]].family if known[pair[0]].family == known[pair[1]].family else None
        for pair in agreements
    }
    same = [agreement for pair, agreement in agreements.items() if family[pair]]
    different = [agreement for pair, agreement in agreements.items() if not family[pair]]
    assert (len(same), len(different)) == (5, 115)
    assert np.mean(different) == pytest.approx(0.21, abs=0.005)
    assert np.mean(same) == pytest.approx(0.40, abs=0.005)
    # Inhibitors of FGFR hardly act in these models.
    acting = [agreement for pair, agreement in agreements.items() if family[pair] in ("pi3k", "mdm2")]
    ratios = np.mean(different) / np.mean(same), np.mean(different) / np.mean(acting)
    assert ratios == pytest.approx((0.53, 0.43), abs=0.01)
    prior = parameter("sensitivity.shared_by_all")
    assert prior.interval is not None
    assert prior.interval[0] < min(ratios) < max(ratios) < prior.interval[1]
