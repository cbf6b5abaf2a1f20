"""How far single agents agree over xenografts: where the prior of `sensitivity.shared_by_all` comes from."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from forestall.knowledge.parameters import parameter

LAST_DAY, LEAST_VOLUME_MM3, LEAST_MODELS = 28, 30.0, 20
SAME_TARGET = {frozenset(pair) for pair in itertools.combinations(("BKM120", "BYL719", "CLR457"), 2)} | {
    frozenset(("CGM097", "HDM201"))
}
"""Inhibitors of PI3K, and of MDM2."""


@pytest.fixture(scope="module")
def residuals() -> dict[str, np.ndarray]:
    """Growth of each model under each single agent, less what its untreated mouse predicts; NaN where there is no mouse."""
    root = os.environ.get("FORESTALL_SHARED", Path(__file__).resolve().parents[3] / "shared")
    file = Path(root) / "data" / "pdx_breast" / "volumes.csv.gz"
    if not file.is_file():
        pytest.skip("the shared xenograft volumes are not here")
    mice = pl.read_csv(file).filter(pl.col("day") <= LAST_DAY).sort("model", "treatment", "day")
    rows = [
        (*names, np.polyfit(mouse["day"], np.log(np.maximum(mouse["volume_mm3"], LEAST_VOLUME_MM3)), 1)[0])
        for names, mouse in mice.group_by(["model", "treatment"], maintain_order=True)
        if len(mouse) >= 4
    ]
    growth = pl.DataFrame(rows, schema=["model", "treatment", "slope"], orient="row")
    wide = growth.pivot(on="treatment", index="model", values="slope").drop("model")
    untreated = wide["untreated"].to_numpy()
    found = {}
    for name in wide.columns:
        treated = wide[name].to_numpy().astype(np.float64)
        known = np.isfinite(treated) & np.isfinite(untreated)
        if name != "untreated" and known.sum() >= LEAST_MODELS:
            found[name] = np.where(
                known,
                treated - np.polyval(np.polyfit(untreated[known], treated[known], 1), untreated),
                np.nan,
            )
    return found


def test_oracle_agents_of_different_targets_agree_two_fifths_as_well_as_those_of_one(
    residuals: dict[str, np.ndarray],
) -> None:
    same, different = [], []
    for one, other in itertools.combinations(residuals, 2):
        known = np.isfinite(residuals[one]) & np.isfinite(residuals[other])
        agreement = float(spearmanr(residuals[one][known], residuals[other][known]).statistic)
        (same if frozenset((one, other)) in SAME_TARGET else different).append(agreement)
    assert (len(same), len(different)) == (4, 116)
    assert np.mean(different) == pytest.approx(0.21, abs=0.005)
    assert (min(same), max(same)) == pytest.approx((0.37, 0.58), abs=0.005)
    ratio = float(np.mean(different) / np.mean(same))
    prior = parameter("sensitivity.shared_by_all")
    assert prior.interval is not None
    assert prior.interval[0] < ratio < prior.interval[1]
    assert ratio == pytest.approx(0.43, abs=0.01)
