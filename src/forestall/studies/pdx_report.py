"""Everything that `forestall pdx report` says about the xenograft model, in one object and as tables."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from forestall.knowledge.pdx_fits import PdxFit
from forestall.studies.pdx_check import (
    Comparison,
    LeftOut,
    Score,
    Twin,
    compare_variants,
    left_out,
    score,
    twins,
)
from forestall.studies.pdx_data import PdxData
from forestall.studies.pdx_gain import Gain, gains
from forestall.studies.pdx_synthetic import Outcome, recover
from forestall.studies.pdx_unseen import Unseen, unseen_compounds

TWINS: Final = (
    ("BKM120", "CLR457"),
    ("CLR457", "BKM120"),
    ("BYL719", "BKM120"),
    ("CGM097", "HDM201"),
    ("HDM201", "CGM097"),
)
"""(compound, another with the same target): pan-PI3K, PI3K-alpha by pan-PI3K, MDM2."""


@dataclass(frozen=True)
class PdxReport:
    """How far to trust the predictions."""

    left_out: LeftOut
    change: Score
    """Left-out volume changes at the last day, % of the first volume."""
    change_by_treatment_mean: Score
    """The same by the mean of the other models under the treatment."""
    change_by_plain_growth: Score
    """The same by exponential growth at the predicted rate until the day that turned out to be the last."""
    gains: tuple[Gain, ...]
    """The first of these scores minus each of the two others, with intervals."""
    rate: Score
    """Left-out growth rates, 1/day."""
    variants: tuple[Comparison, ...]
    twins: tuple[Twin, ...]
    unseen: tuple[Unseen, ...]
    synthetic: tuple[Outcome, ...]


def check(fit: PdxFit, data: PdxData, *, trials: int, seed: int) -> PdxReport:
    """Check a calibration on its own data and on synthetic trials.

    Args:
        fit: A calibration on `data`.
        data: The data.
        trials: Synthetic trials per scenario.
        seed: Seed.
    """
    found = left_out(fit, data, seed=seed)
    arms = {code for model in fit.models.values() for code in model.arms}
    return PdxReport(
        left_out=found,
        change=score(found.seen, found.expected, found.treatment),
        change_by_treatment_mean=score(found.seen, found.treatment_mean, found.treatment),
        change_by_plain_growth=score(found.seen, found.plain_growth, found.treatment),
        gains=tuple(gains(found, seed=seed)),
        rate=score(found.seen_rate, found.expected_rate, found.treatment),
        variants=tuple(compare_variants(fit)),
        twins=tuple(twins(fit, [pair for pair in TWINS if set(pair) <= arms])),
        unseen=tuple(unseen_compounds(fit)),
        synthetic=tuple(recover(fit, trials=trials, seed=seed)),
    )


def as_data(report: PdxReport) -> Any:
    """The report without the arm-by-arm table, as plain data; what is not defined is None."""
    return _without_nan(_as_data(report))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _as_data(report: PdxReport) -> dict[str, Any]:
    return {
        "arms": len(report.left_out.model),
        "coverage_of_90_percent_intervals": report.left_out.coverage,
        "left_out_change": asdict(report.change),
        "left_out_change_by_treatment_mean": asdict(report.change_by_treatment_mean),
        "left_out_change_by_plain_growth": asdict(report.change_by_plain_growth),
        "gains_in_change": [asdict(item) for item in report.gains],
        "left_out_rate": asdict(report.rate),
        "variants": [asdict(item) for item in report.variants],
        "twins": [asdict(item) for item in report.twins],
        "unseen_compounds": [asdict(item) for item in report.unseen],
        "synthetic": [asdict(item) for item in report.synthetic],
    }


def write_tables(report: PdxReport, folder: Path) -> None:
    """Write the summary (`record.json`) and the left-out arms (`left_out.csv`)."""
    text = json.dumps(as_data(report), indent=2, allow_nan=False)
    (folder / "record.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    with (folder / "left_out.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ("model", "treatment", "seen_percent", "expected_percent", "low_percent", "high_percent")
        )
        writer.writerows(_rows(report.left_out))


def _rows(found: LeftOut) -> Sequence[tuple[str, ...]]:
    numbers = zip(found.seen, found.expected, found.low, found.high, strict=True)
    return [
        (model, treatment, *(f"{value:.1f}" for value in row))
        for model, treatment, row in zip(found.model, found.treatment, numbers, strict=True)
    ]
