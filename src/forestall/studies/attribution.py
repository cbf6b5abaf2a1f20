"""Why the patients of a trial progressed, arm by arm: counts and shares of each cause, with exact intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.estimate import Estimate
from forestall.statistics.proportions import proportion
from forestall.studies.course_files import number_or_none

ACQUIRED, TRUNCAL, REBOUND, OTHER = (
    "acquired alteration",
    "truncal alteration",
    "crosstalk rebound",
    "other",
)
_FIXED = {
    "brain sanctuary": "sanctuary",
    "tolerant cells": "tolerance",
    "waning effect": "waning effect",
    "regrowth after chemotherapy": "treatment ended",
    "incomplete inhibition": "incomplete inhibition",
    "ER switched on": REBOUND,
}


@dataclass(frozen=True, slots=True)
class Attribution:
    """One cause in one arm."""

    arm: str
    kind: str
    """What kind of mechanism it is."""
    cause: str
    """In the words of `forestall.clinic.causes`."""
    patients: int
    """Progressions that it led."""
    progressed: int
    """Progressions in the arm."""
    share: Estimate
    """Of the arm's progressions, with the exact 95% interval; unknown if nobody progressed."""


def kind_of(cause: str) -> str:
    """What kind of mechanism a cause is."""
    if cause in _FIXED:
        return _FIXED[cause]
    for ending, kind in (("(acquired)", ACQUIRED), ("(truncal)", TRUNCAL), (" rebound", REBOUND)):
        if cause.endswith(ending):
            return kind
    return OTHER


def attributions(arms: Sequence[str], causes: Sequence[str], counts: NDArray[np.int64]) -> list[Attribution]:
    """The table, arm by arm, the most frequent cause of the trial first.

    Args:
        arms: Names of the arms.
        causes: Words of the causes.
        counts: (arms, causes) patients whose progression was led by each cause. Causes of nobody are left out.
    """
    total = counts.sum(axis=0)
    order = [k for k in np.argsort(-total, kind="stable").tolist() if total[k] > 0]
    return [
        Attribution(
            arm=arm,
            kind=kind_of(causes[k]),
            cause=causes[k],
            patients=int(row[k]),
            progressed=int(row.sum()),
            share=proportion(int(row[k]), int(row.sum())),
        )
        for arm, row in zip(arms, counts, strict=True)
        for k in order
    ]


def kinds(arms: Sequence[str], causes: Sequence[str], counts: NDArray[np.int64]) -> list[Attribution]:
    """The same, summed over the causes of a kind; arguments as for `attributions`."""
    names = list(dict.fromkeys(kind_of(cause) for cause in causes))
    where = np.array([names.index(kind_of(cause)) for cause in causes])
    summed = np.stack([counts[:, where == k].sum(axis=1) for k in range(len(names))], axis=1)
    found = attributions(arms, names, summed)
    return [
        Attribution(item.arm, item.cause, item.cause, item.patients, item.progressed, item.share)
        for item in found
    ]


def attribution_rows(found: Sequence[Attribution]) -> list[dict[str, Any]]:
    """Attributions as rows of a table."""
    return [
        {
            "arm": item.arm,
            "kind": item.kind,
            "cause": item.cause,
            "patients": item.patients,
            "progressed": item.progressed,
            "share": number_or_none(item.share.value),
            "share_low": number_or_none(item.share.lower),
            "share_high": number_or_none(item.share.upper),
        }
        for item in found
    ]
