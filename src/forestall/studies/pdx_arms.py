"""What each mouse tells: its mean growth, and when mice leave the study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge import parameters
from forestall.knowledge.pdx_fits import PdxArm as ArmSummary
from forestall.knowledge.pdx_fits import PdxRemoval
from forestall.studies.pdx_data import PdxArm

Floats = NDArray[np.float64]

VOLUME_CLASSES: Final = (150.0, 500.0, 700.0, 900.0, 1000.0, 1300.0, 1600.0)
"""mm^3; finer near the volumes at which mice are taken out."""
FIRST_DAY: Final = 14.0
_PRIOR_VISITS: Final = 2.0
"""Visits without removal that are added to each class, so that no probability is 0 or 1 by chance."""


def log_volume(volumes: Floats) -> Floats:
    """Natural log of volumes in mm^3, no smaller than what one can measure."""
    smallest = parameters.value("xenograft.detection_volume", "mm^3")
    logs: Floats = np.log(np.maximum(volumes, smallest))
    return logs


def summarize(arm: PdxArm) -> ArmSummary:
    """Least-squares slope of the log volume and length of follow-up.

    A straight line, because over all arms a waning drug effect (exponential decay of the kill rate, as in tumor growth inhibition
    models) predicted left-out arms worse; see docs/explanation/xenografts.md.
    """
    slope = float(np.polyfit(arm.days, log_volume(arm.volumes), 1)[0]) if arm.days.size > 1 else 0.0
    return ArmSummary(slope=round(slope, 5), days=float(max(arm.days[-1], 1.0)))


def residual_sd(arms: Sequence[PdxArm]) -> float:
    """Pooled standard deviation of the log volume around each arm's line."""
    squares, freedom = 0.0, 0
    for arm in arms:
        if arm.days.size > 2:
            logs = log_volume(arm.volumes)
            line = np.polyval(np.polyfit(arm.days, logs, 1), arm.days)
            squares += float(((logs - line) ** 2).sum())
            freedom += arm.days.size - 2
    return float(np.sqrt(squares / max(freedom, 1)))


def removal_of(arms: Sequence[PdxArm]) -> PdxRemoval:
    """How likely a mouse is taken out at a visit, by volume and by whether two weeks have passed."""
    days = np.concatenate([arm.days[1:] for arm in arms])
    volumes = np.concatenate([arm.volumes[1:] for arm in arms])
    last = np.concatenate([np.arange(1, arm.days.size) == arm.days.size - 1 for arm in arms])
    gaps = np.concatenate([np.diff(arm.days) for arm in arms])
    return PdxRemoval(
        interval=float(np.median(gaps)),
        first_day=FIRST_DAY,
        volumes=VOLUME_CLASSES,
        early=_shares(volumes, last, days < FIRST_DAY),
        late=_shares(volumes, last, days >= FIRST_DAY),
        error_sd=round(residual_sd(arms), 4),
    )


def _shares(volumes: Floats, last: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[float, ...]:
    which = np.searchsorted(VOLUME_CLASSES, volumes)
    return tuple(
        round(float(last[among & (which == k)].sum() / ((among & (which == k)).sum() + _PRIOR_VISITS)), 4)
        for k in range(len(VOLUME_CLASSES) + 1)
    )
