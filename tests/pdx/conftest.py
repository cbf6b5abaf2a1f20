"""Small synthetic xenograft folders, and the shared data where it is there."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

EFFECTS = {"untreated": 0.0, "BYL719": 0.5, "LEE011": 0.4, "tamoxifen": 0.05, "paclitaxel": 0.8}
"""Share of growth that each treatment takes away in the synthetic folder."""


@pytest.fixture(scope="session")
def synthetic_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve models under five treatments, growing exponentially with 5% error, until 1200 mm^3 or day 60."""
    folder = tmp_path_factory.mktemp("pdx")
    random = np.random.default_rng(7)
    with (folder / "volumes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["model", "animal_id", "tumor_type", "treatment", "day", "volume_mm3"])
        for number in range(12):
            growth = 0.03 + 0.005 * number
            for treatment, effect in EFFECTS.items():
                rate = growth * (1 - effect)
                for day in range(0, 61, 3):
                    volume = 200 * np.exp(rate * day + 0.05 * random.standard_normal() * (day > 0))
                    writer.writerow(
                        [f"M-{number:02d}", number, "BRCA", treatment, float(day), round(volume, 1)]
                    )
                    if volume > 1200:
                        break
    return folder


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The data of the published trial; the test is skipped where a clone does not have it."""
    root = os.environ.get("FORESTALL_SHARED", Path(__file__).resolve().parents[3] / "shared")
    folder = Path(root) / "data" / "pdx_breast"
    if not folder.is_dir():
        pytest.skip("the shared xenograft data are not here")
    return folder
