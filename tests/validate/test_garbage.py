"""Tables with anything in any cell."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forestall.studies.validation.answers import validate

Writer = Callable[..., Path]
GARBAGE = (
    "", "NA", "NR", "-1", "0", "1e400", "nan", "inf", "1.0.0", "<0.001", ">=2", "2+", "0.5-0.9", "?",
    "yes", "no", "a|b|c", "x or y", "x;y", "(((", ")", "[", "\\d+", "*", "+", "|", ";", "/",
    "letrozole (if ER+)", "T-DXd 5.4 mg/kg q3w", "\u2265 2", "\u00b5g", "\u202e", "a" * 5000, "prior",
    "PIK3CA-mutant PIK3CA-wt", "every 0 weeks", "0 (first 0 wk) then 0", "999999999", "=1+1",
    "'; DROP TABLE", "HR+ (150%)", "200% visceral",
)  # fmt: skip


def corrupted(source: Path, target: Path, seed: int, changes: int) -> None:
    """Copies of the tables with some cells replaced."""
    random = np.random.default_rng(seed)
    target.mkdir()
    for name in ("trials.csv", "arms.csv", "comparisons.csv"):
        with (source / name).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        for _ in range(changes):
            row = rows[int(random.integers(1, len(rows)))]
            row[int(random.integers(len(row)))] = GARBAGE[int(random.integers(len(GARBAGE)))]
        with (target / name).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(rows)


@pytest.mark.parametrize("seed", range(60))
def test_property_no_cell_stops_a_validation(tables: Writer, tmp_path: Path, seed: int) -> None:
    """Three cells of each small table; whatever is wrong is a defect or a reason."""
    source = tables()
    corrupted(source, tmp_path / "bad", seed, 3)
    found = validate(tmp_path / "bad")
    assert all(one.plan is not None or one.reason for one in found.questions)


def test_property_the_curated_tables_survive_garbage(shared_evidence: Path, tmp_path: Path) -> None:
    """Two hundred cells of each table."""
    before = validate(shared_evidence)
    for seed in range(3):
        folder = tmp_path / f"bad-{seed}"
        corrupted(shared_evidence, folder, seed, 200)
        found = validate(folder)
        assert len(found.evidence.defects) > len(before.evidence.defects)
        assert all(one.plan is not None or one.reason for one in found.questions)
        shutil.rmtree(folder)
