"""What a recovery study says: how often intervals held the truth, how ranks are spread, and how much each unknown was narrowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from forestall.statistics.cluster_bootstrap import bootstrap_mean
from forestall.statistics.estimate import Estimate
from forestall.studies.calibration.recovery import Recovery
from forestall.studies.calibration.results import write_rows

TABLE: Final = "recovery.csv"
SUMMARY: Final = "recovery.json"
BINS: Final = 10
_DIGITS: Final = 4
_LEARNED: Final = 0.1


def coverage(found: Recovery) -> Estimate:
    """Share of truths inside their 90% intervals; its interval comes from whole worlds, whose unknowns are not independent."""
    worlds, unknowns = found.rank.shape
    return bootstrap_mean(
        found.held.ravel(), [str(world) for world in range(worlds) for _ in range(unknowns)]
    )


def learned_coverage(found: Recovery) -> float:
    """The same for the unknowns that the evidence narrows by a tenth at least, where intervals are put to the test."""
    narrowed = found.spread.mean(axis=0) < 1 - _LEARNED
    return float(found.held[:, narrowed].mean()) if narrowed.any() else float("nan")


def rank_counts(found: Recovery) -> NDArray[np.int64]:
    """(bins,) truths by their rank among the members."""
    place = np.minimum((found.rank * BINS).astype(np.int64), BINS - 1)
    return np.bincount(place.ravel(), minlength=BINS)


def uniformity(found: Recovery) -> float:
    """P value of uniform ranks, by a chi-square test over worlds whose unknowns are taken as independent."""
    counts = rank_counts(found)
    expected = counts.sum() / BINS
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1))


def usual_counts(found: Recovery) -> tuple[float, float]:
    """Within which a bin's count lies in 95% of cases if ranks are uniform."""
    low, high = binom.ppf((0.025, 0.975), found.rank.size, 1 / BINS)
    return float(low), float(high)


def recovery_rows(found: Recovery) -> list[dict[str, Any]]:
    """Of each unknown: coverage, how much narrower than the prior, error of the median in standard deviations of the prior."""
    error = found.median - found.truth
    columns = {
        "covered": found.held.mean(axis=0),
        "narrower": 1 - found.spread.mean(axis=0),
        "bias": error.mean(axis=0),
        "root_mean_square_error": np.sqrt((error**2).mean(axis=0)),
        "mean_rank": found.rank.mean(axis=0),
    }
    return [
        {"name": name, "worlds": len(found.truth)}
        | {column: round(float(values[place]), _DIGITS) for column, values in columns.items()}
        for place, name in enumerate(found.unknowns)
    ]


def recovery_summary(found: Recovery) -> Mapping[str, Any]:
    """The whole study as plain data."""
    whole = coverage(found)
    return {
        "worlds": len(found.truth),
        "unknowns": len(found.unknowns),
        "patients": found.patients,
        "emulator": {kind: round(value, _DIGITS) for kind, value in found.emulator.items()},
        "covered": round(whole.value, _DIGITS),
        "covered_90": [round(whole.lower, _DIGITS), round(whole.upper, _DIGITS)],
        "covered_of_learned": round(learned_coverage(found), _DIGITS),
        "rank_counts": rank_counts(found).tolist(),
        "uniform_p": round(uniformity(found), _DIGITS),
        "narrower": round(float(1 - found.spread.mean()), _DIGITS),
        "root_mean_square_error": round(float(np.sqrt(((found.median - found.truth) ** 2).mean())), _DIGITS),
    }


def write_recovery(found: Recovery, folder: Path) -> None:
    """Write the table and the summary."""
    write_rows(recovery_rows(found), folder / TABLE)
    text = json.dumps(recovery_summary(found), indent=2)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8", newline="\n")
