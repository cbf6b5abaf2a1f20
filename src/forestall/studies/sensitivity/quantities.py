"""The results whose sensitivity is asked: a trial's hazard ratio, and the median of its control arm."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.statistics.twin_hazards import twin_hazard_ratio
from forestall.studies.validation.derivation import DAYS_PER_MONTH
from forestall.studies.validation.samples import Sample

LOG_RATIO: Final = "log hazard ratio"
LOG_MEDIAN: Final = "log median of the control arm"
QUANTITIES: Final = (LOG_RATIO, LOG_MEDIAN)


class Contrast(NamedTuple):
    """The arms that are compared, and on what."""

    experimental: str
    control: str
    endpoint: str
    """PFS or OS."""


def results_of(sample: Sample, contrast: Contrast) -> tuple[float, float]:
    """`QUANTITIES` of a sample under one parameter set.

    Args:
        sample: With one parameter set.
        contrast: The arms.

    Returns:
        NaN where there are too few events: no ratio, or a median beyond follow-up.
    """
    (treated, treated_event), (control, control_event) = (
        sample.times(arm, contrast.endpoint) for arm in (contrast.experimental, contrast.control)
    )
    known = np.isfinite(treated[0]) & np.isfinite(control[0])
    if not known.any():
        return math.nan, math.nan
    ratio = twin_hazard_ratio(
        treated[0][known], treated_event[0][known], control[0][known], control_event[0][known]
    )
    median = kaplan_meier(control[0][known], control_event[0][known]).median.value
    log_median = math.log(median / DAYS_PER_MONTH) if math.isfinite(median) and median > 0 else math.nan
    return ratio.log_ratio, log_median
