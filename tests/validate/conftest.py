"""Synthetic evidence tables, written the way a curator would."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from forestall.studies.validation.derivation import Question, TrialPlan, questions
from forestall.studies.validation.evidence import read_evidence

TRIAL = {
    "disease": "breast", "trial": "ONE", "setting": "metastatic", "line": "1", "population": "postmenopausal",
    "her2": "neg", "hr_status": "HR+", "prior_therapy": "none", "assessor": "INV", "scan_interval_weeks": "8",
    "verified": "yes", "year": "",
}  # fmt: skip
ARM = {
    "disease": "breast", "trial": "ONE", "arm": "", "subgroup": "all", "drugs": "", "dose_text": "", "n": "200",
    "endpoint": "PFS", "median_months": "", "ci_lo": "", "ci_hi": "", "rate_pct": "", "rate_time_months": "",
    "verified": "yes", "preferred": "", "notes": "", "assessor": "",
}  # fmt: skip
COMPARISON = {
    "disease": "breast", "trial": "ONE", "endpoint": "PFS", "subgroup": "all", "arm_exp": "both",
    "arm_ctl": "alone", "hr": "0.60", "hr_lo": "0.47", "hr_hi": "0.77", "p_value": "<0.001", "n_exp": "200",
    "n_ctl": "200", "verified": "yes", "preferred": "", "notes": "", "assessor": "",
}  # fmt: skip
BOTH = {"arm": "both", "drugs": "palbociclib;letrozole", "median_months": "24"}
ALONE = {"arm": "alone", "drugs": "placebo;letrozole", "median_months": "14"}

Row = Mapping[str, str]
Writer = Callable[..., Path]


def _write(path: Path, usual: Row, rows: Sequence[Row]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(usual))
        writer.writeheader()
        writer.writerows({**usual, **row} for row in rows)


@pytest.fixture
def tables(tmp_path: Path) -> Writer:
    """Writes a folder of evidence; each row is what differs from a sound one."""

    def write(
        trials: Sequence[Row] = ({},),
        arms: Sequence[Row] = (BOTH, ALONE),
        comparisons: Sequence[Row] = ({},),
        overrides: str = "",
    ) -> Path:
        folder = tmp_path / "evidence"
        folder.mkdir(exist_ok=True)
        _write(folder / "trials.csv", TRIAL, trials)
        _write(folder / "arms.csv", ARM, arms)
        _write(folder / "comparisons.csv", COMPARISON, comparisons)
        if overrides:
            (folder / "overrides.yaml").write_text(overrides)
        return folder

    return write


@pytest.fixture(scope="session")
def shared_evidence() -> Path:
    """The curated tables; the test is skipped where a clone does not have them."""
    root = os.environ.get("FORESTALL_SHARED", Path(__file__).resolve().parents[3] / "shared")
    folder = Path(root) / "evidence"
    if not folder.is_dir():
        pytest.skip("the shared evidence tables are not here")
    return folder


def only(folder: Path, trials: Path | None = None) -> Question:
    """The one question that a folder of evidence asks."""
    (found,) = questions(read_evidence(folder), trials)
    return found


def under_tamoxifen(tables: Writer, trial: Row, subgroup: str = "all") -> TrialPlan:
    """The plan of a trial whose arms say nothing of its patients, as an aromatase inhibitor would of their menopause."""
    arms = [{**BOTH, "drugs": "palbociclib;tamoxifen"}, {**ALONE, "drugs": "tamoxifen"}]
    plan = only(tables(trials=[trial], arms=arms, comparisons=[{"subgroup": subgroup}])).plan
    assert plan is not None
    return plan
