"""The checks of `forestall verify`: all of them at a twentieth of the samples, and in full with `make verify`.

Each verdict states its false-alarm probability: 1e-6 where nothing else is said.
"""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest

from forestall.studies.verification.bozic import TwoDrugs, failing_share
from forestall.studies.verification.laws import dsmts_scores, moments
from forestall.studies.verification.models import burdens, one_type, outcomes, watched
from forestall.studies.verification.suite import TOPICS, run_checks
from forestall.studies.verification.verdict import QUICK, Effort, by_p_value, by_score, share_score

SHARED = Path(os.environ.get("FORESTALL_SHARED") or Path(__file__).resolve().parents[3] / "shared")
TABLES = SHARED / "evidence" / "other_cancers"
Z_LIMIT = 4.9


def failures(topic: str, effort: Effort) -> list[str]:
    verdicts = [verdict for _, verdict in run_checks((topic,), effort)]
    assert verdicts
    return [
        f"{v.claim}: {v.statistic} {v.value:.3g}, not {v.low:.3g} to {v.high:.3g}"
        for v in verdicts
        if not v.passed
    ]


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_oracle_every_check_passes_on_small_samples(topic: str) -> None:
    assert failures(topic, QUICK) == []


@pytest.mark.verify
@pytest.mark.parametrize("topic", TOPICS)
def test_oracle_every_check_passes(topic: str) -> None:
    assert failures(topic, Effort()) == []


def rows_of(name: str) -> list[dict[str, str]]:
    if not (TABLES / name).is_file():
        pytest.skip(f"{TABLES / name} is not there; set FORESTALL_SHARED")
    with (TABLES / name).open() as lines:
        return list(csv.DictReader(lines))


@pytest.mark.verify
@pytest.mark.parametrize("shared", [0, 1])
def test_oracle_every_cell_of_table_1_of_bozic_2013(shared: int) -> None:
    """20,000 tumors a cell: |z| < 4.9 against the integral of the model; the printed formula lies up to 6% above it."""
    for k, row in enumerate(rows_of("bozic2013_table1.csv")):
        cells, printed = float(row["total_cells"]), float(row[f"pfail_dual_n12_{shared}"])
        model = TwoDrugs(shared=shared)
        expected = model.integral(cells)
        failed = failing_share(model, cells, 20_000, 300 + k)
        assert abs(share_score(failed, expected)) < Z_LIMIT, row["patient"]
        noise = Z_LIMIT * math.sqrt(max(expected * (1.0 - expected), 2.5e-5) / failed.size)
        burden = 0.5 * 10.0 ** (math.floor(math.log10(cells)) - 1) / cells
        assert abs(failed.mean() - printed) < (0.06 + burden) * printed + 5e-4 + noise


@pytest.mark.verify
def test_oracle_every_cell_of_table_1_with_one_drug_fails() -> None:
    """One drug: 50 sites resist it, and all of 10,000 tumors come back."""
    for row in rows_of("bozic2013_table1.csv"):
        found = outcomes(
            TwoDrugs().landscape(),
            float(row["total_cells"]),
            watched(3000.0, 3000.0, ((2, math.inf),)),
            10_000,
            7,
        )
        assert not np.concatenate([part.cured for part in found]).any()


@pytest.mark.verify
def test_oracle_every_cell_of_table_2_of_bozic_2013() -> None:
    """20,000 tumors a cell, against a table printed to two digits: within 0.005 and 4.9 standard errors."""
    for k, row in enumerate(rows_of("bozic2013_table2.csv")):
        for c, (name, cost) in enumerate((("c0", 0.0), ("c1pct", 0.01), ("c5pct", 0.05), ("c10pct", 0.1))):
            b, printed = float(row["birth_rate"]), float(row[f"pfail_{name}"])
            model = TwoDrugs(b, b - 0.01, b + 0.03, shared=int(row["n12"]), cost=cost)
            share = failing_share(model, float(row["cells"]), 20_000, 400 + 4 * k + c).mean()
            noise = Z_LIMIT * math.sqrt(max(printed * (1.0 - printed), 2.5e-5) / 20_000)
            assert abs(share - printed) < 0.005 + noise, (row, name, share)


def test_unit_verdicts_refuse_what_is_wrong() -> None:
    """Rates that are off by 3% are found by the DSMTS scores, and hits that are off by 2% by their score."""
    b, d, cells = 0.1, 0.11, 100.0
    sizes = burdens(outcomes(one_type(1.03 * b, d), cells, watched(50.0, 1.0), 2000, 1, grown=False))[:, 1:]
    known = np.array([moments(b, d, cells, day) for day in np.arange(1.0, 51.0)])
    z, y = dsmts_scores(sizes, known[:, 0], known[:, 1])
    assert abs(z).max() > 3.0
    assert abs(y).max() > 5.0
    hits = np.random.default_rng(1).random(100_000) < 0.52
    assert not by_score("off", "", hits.size, share_score(hits, 0.5)).passed
    assert not by_p_value("off", "", 1, 1e-7).passed
    assert not by_score("nan", "", 1, math.nan).passed
