"""Tumor response by RECIST 1.1: from baseline for response, from the nadir for progression.

References:
    Eisenhauer EA, Therasse P, Bogaerts J, et al. New response evaluation criteria in solid tumours: revised
    RECIST guideline (version 1.1). Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.engine.kernels import bare_kernel, kernel

NO_VISIT = -1
NOT_EVALUABLE = 0
COMPLETE_RESPONSE = 1
PARTIAL_RESPONSE = 2
STABLE_DISEASE = 3
PROGRESSIVE_DISEASE = 4
RESPONSES = ("NE", "CR", "PR", "SD", "PD")
"""Name of each response code, 0 to 4."""

_FALL_FOR_RESPONSE = 0.30
_RISE_FOR_PROGRESSION = 0.20
_RISE_FOR_PROGRESSION_MM = 5.0
_NORMAL_NODE_MM = 10.0
TARGET_MM, TARGET_NODE_MM = 10.0, 15.0
"""Least diameter of a measurable lesion, and least short axis of a measurable lymph node."""
_TARGETS = 5
_TARGETS_PER_ORGAN = 2
_ROUNDING_MM = 1e-9


@bare_kernel
def has_risen(sum_mm: float, nadir_mm: float) -> bool:
    """Whether a sum of diameters is so far above its smallest that it is progression, both in mm."""
    rise = sum_mm - nadir_mm + _ROUNDING_MM
    return bool(rise >= _RISE_FOR_PROGRESSION * nadir_mm and rise >= _RISE_FOR_PROGRESSION_MM)


@bare_kernel
def assess_visit(
    sum_mm: float,
    baseline_mm: float,
    nadir_mm: float,
    worse: bool,
    complete: bool = False,
    others: bool = False,
) -> tuple[int, float]:
    """The response at one visit and the nadir after it.

    Args:
        sum_mm: Sum of the target lesions' diameters at this visit, mm; NaN if they were not all measured.
        baseline_mm: The sum at baseline, mm.
        nadir_mm: The smallest sum so far, baseline included, mm.
        worse: Whether a lesion is seen that was not there at baseline, or the other lesions have progressed.
        complete: Whether every target lesion is gone although the sum is not zero, because a node of normal
            size (short axis under 10 mm) adds to it; see `target_sum`.
        others: Whether a lesion that is no target is still seen: then no response is complete.

    Returns:
        Response code and the updated nadir, mm. A visit that cannot be evaluated leaves the nadir alone.
        Without target lesions (baseline 0) anything between complete response and progression is stable
        disease.
    """
    if math.isnan(sum_mm):
        return (PROGRESSIVE_DISEASE if worse else NOT_EVALUABLE), nadir_mm
    nadir = min(nadir_mm, sum_mm)
    if worse or has_risen(sum_mm, nadir_mm):
        return PROGRESSIVE_DISEASE, nadir
    if not others and (complete or (sum_mm <= 0.0 and baseline_mm > 0.0)):
        return COMPLETE_RESPONSE, nadir
    if baseline_mm > 0.0 and baseline_mm - sum_mm + _ROUNDING_MM >= _FALL_FOR_RESPONSE * baseline_mm:
        return PARTIAL_RESPONSE, nadir
    return STABLE_DISEASE, nadir


@bare_kernel
def target_sum(
    diameter_mm: NDArray[np.float64], target: NDArray[np.bool_], node: NDArray[np.bool_], visible_mm: float
) -> tuple[float, bool]:
    """Sum of the target lesions, or of the others, and whether all of them are gone.

    Args:
        diameter_mm: (L,) measured diameters (nodes: short axis), mm; NaN if not measured.
        target: (L,) whether the lesion is a target.
        node: (L,) whether it is a lymph node. A node adds its short axis even when it is of normal size.
        visible_mm: Smallest diameter that the scan shows, mm; a smaller lesion is gone and adds nothing.

    Returns:
        The sum, mm (NaN if a target was not measured), and whether every other target is gone and every node
        is shorter than 10 mm.
    """
    total, complete = 0.0, True
    for lesion in range(diameter_mm.size):
        if not target[lesion]:
            continue
        size = diameter_mm[lesion]
        if math.isnan(size):
            return math.nan, False
        if node[lesion]:
            complete = complete and size < _NORMAL_NODE_MM
        elif size < visible_mm:
            size = 0.0
        else:
            complete = False
        total += size
    return total, complete


@kernel
def select_targets(
    diameter_mm: NDArray[np.float64],
    site: NDArray[np.int8],
    node: NDArray[np.bool_],
    unmeasurable: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The target lesions at baseline: the largest measurable ones, at most five, at most two per organ.

    Args:
        diameter_mm: (L,) measured diameters (nodes: short axis), mm; NaN where there is no lesion.
        site: (L,) code of the organ.
        node: (L,) whether the lesion is a lymph node, which counts from 15 mm instead of 10 mm.
        unmeasurable: (L,) whether it is in bone, or in a place that was treated locally. Bone lesions with a soft-tissue mass would be
            measurable, and so would irradiated ones that have progressed since; both are taken as rare.
    """
    chosen = np.zeros(diameter_mm.size, dtype=np.bool_)
    for _ in range(_TARGETS):
        best = -1
        for lesion in range(diameter_mm.size):
            size = diameter_mm[lesion]
            measurable = not unmeasurable[lesion] and size >= (TARGET_NODE_MM if node[lesion] else TARGET_MM)
            if (
                not measurable
                or chosen[lesion]
                or (chosen & (site == site[lesion])).sum() >= _TARGETS_PER_ORGAN
            ):
                continue
            if best < 0 or size > diameter_mm[best]:
                best = lesion
        if best < 0:
            break
        chosen[best] = True
    return chosen


@kernel
def assess_visits(
    sum_mm: NDArray[np.float64],
    new_lesion: NDArray[np.bool_],
    complete: NDArray[np.bool_],
    visits: NDArray[np.int16],
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Responses of a batch of patients, visit by visit.

    Args:
        sum_mm: (n, V) sums of target lesions, mm; column 0 is the baseline.
        new_lesion: (n, V) whether a new lesion is seen.
        complete: (n, V) whether every target lesion is gone.
        visits: (n,) number of visits made, baseline included.

    Returns:
        (n, V) response codes, with "not evaluable" at baseline and -1 where no visit was made, and the (n, V)
        nadir after each visit, mm.
    """
    response = np.full(sum_mm.shape, NO_VISIT, dtype=np.int8)
    nadir = np.full(sum_mm.shape, math.nan)
    for patient in range(sum_mm.shape[0]):
        lowest = sum_mm[patient, 0]
        for visit in range(visits[patient]):
            code = NOT_EVALUABLE
            if visit > 0:
                code, lowest = assess_visit(
                    sum_mm[patient, visit],
                    sum_mm[patient, 0],
                    lowest,
                    new_lesion[patient, visit],
                    complete[patient, visit],
                )
            response[patient, visit], nadir[patient, visit] = code, lowest
    return response, nadir


@kernel
def _holds(
    response: NDArray[np.int8], day: NDArray[np.float64], visit: int, level: int, confirm_days: float
) -> bool:
    """Whether the response at a visit is confirmed at `level` or better, with no worse visit in between."""
    if response[visit] < COMPLETE_RESPONSE or response[visit] > level:
        return False
    if confirm_days <= 0.0:
        return True
    for later in range(visit + 1, response.size):
        if response[later] <= NOT_EVALUABLE:
            continue
        if response[later] > level:
            return False
        if day[later] - day[visit] >= confirm_days:
            return True
    return False


@kernel
def _until_progression(response: NDArray[np.int8]) -> int:
    """One past the last visit that counts: the first progression is included, what follows is not."""
    for visit in range(1, response.size):
        if response[visit] == PROGRESSIVE_DISEASE:
            return visit + 1
    return int(response.size)


@kernel
def _best(
    response: NDArray[np.int8], day: NDArray[np.float64], confirm_days: float, stable_days: float
) -> int:
    partial, stable, progressed = False, False, False
    for visit in range(1, response.size):
        code = response[visit]
        if _holds(response, day, visit, COMPLETE_RESPONSE, confirm_days):
            return COMPLETE_RESPONSE
        partial = partial or _holds(response, day, visit, PARTIAL_RESPONSE, confirm_days)
        stable = stable or (COMPLETE_RESPONSE <= code <= STABLE_DISEASE and day[visit] >= stable_days)
        progressed = progressed or code == PROGRESSIVE_DISEASE
    if partial:
        return PARTIAL_RESPONSE
    if stable:
        return STABLE_DISEASE
    return PROGRESSIVE_DISEASE if progressed else NOT_EVALUABLE


@kernel
def best_overall_response(
    response: NDArray[np.int8], day: NDArray[np.float64], confirm_days: float, stable_days: float
) -> NDArray[np.int8]:
    """The best response from baseline until progression.

    Args:
        response: (n, V) response codes; column 0 is the baseline.
        day: (n, V) days of the visits.
        confirm_days: A response counts if a later visit, at least this many days on, is at least as good,
            with nothing worse in between; visits that cannot be evaluated are passed over. 0 asks for no
            confirmation; RECIST asks for 28 days where confirmation is required.
        stable_days: Days from baseline after which a visit can establish stable disease (RECIST: 6 to 8
            weeks). A response that was not confirmed counts as stable disease under the same condition.

    Returns:
        (n,) response codes.
    """
    best = np.empty(response.shape[0], dtype=np.int8)
    for patient in range(response.shape[0]):
        stop = _until_progression(response[patient])
        best[patient] = _best(response[patient, :stop], day[patient, :stop], confirm_days, stable_days)
    return best


@kernel
def first_response_day(
    response: NDArray[np.int8], day: NDArray[np.float64], confirm_days: float
) -> NDArray[np.float64]:
    """Day of the first complete or partial response that counts, (n,); NaN if there is none.

    Args:
        response: (n, V) response codes; column 0 is the baseline.
        day: (n, V) days of the visits.
        confirm_days: As in `best_overall_response`.
    """
    first = np.full(response.shape[0], math.nan)
    for patient in range(response.shape[0]):
        stop = _until_progression(response[patient])
        for visit in range(1, stop):
            if _holds(response[patient, :stop], day[patient, :stop], visit, PARTIAL_RESPONSE, confirm_days):
                first[patient] = day[patient, visit]
                break
    return first
