"""Curves of arms: what was published of progression-free survival, and which arms elsewhere received the same drugs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from forestall.errors import InputError
from forestall.statistics.combined_times import Weibull
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.population import derive_population
from forestall.studies.validation.rows import ENDPOINTS, TrialRow
from forestall.studies.validation.treatments import InexpressibleError, read_treatment

PROGRESSION: Final = ("PFS", "TTP")


@dataclass(frozen=True, slots=True)
class Kind:
    """Patients as far as arms of different trials are compared."""

    her2: str
    estrogen_receptor: str
    first_line: bool

    def fits(self, other: Kind) -> bool:
        """Whether arms of both kinds may stand for each other; "any" fits every status."""
        her2 = "any" in (self.her2, other.her2) or self.her2 == other.her2
        receptor = "any" in (self.estrogen_receptor, other.estrogen_receptor)
        same_receptor = receptor or self.estrogen_receptor == other.estrogen_receptor
        return her2 and same_receptor and self.first_line == other.first_line


def kind_of(row: TrialRow) -> Kind | None:
    """The kind of a trial's patients; None if its population cannot be derived."""
    try:
        fields = derive_population(row, "all").fields
    except InexpressibleError:
        return None
    receptor = {1.0: "positive", 0.0: "negative"}.get(fields.get("er_positive", "any"), "any")
    return Kind(fields["her2"], receptor, fields["line"] == "1")


def curve_of(evidence: Evidence, trial: str, arm: str, subgroup: str = "all") -> Weibull | None:
    """The curve through an arm's published median and landmark rates of PFS or TTP; None if there is no median."""
    middle = evidence.outcome(trial, arm, subgroup, "PFS")
    if middle is None or middle.median is None:
        return None
    points = [(middle.median, 0.5)]
    for row in evidence.arm_rows(trial, arm):
        same = (row.endpoint, row.subgroup) == (middle.endpoint, middle.subgroup)
        if same and row.rate is not None and row.rate_months is not None:
            points.append((row.rate_months, row.rate / 100))
    try:
        return Weibull.through(points)
    except InputError:
        return Weibull.of_median(middle.median)


def single_arm_curve(evidence: Evidence, drugs: frozenset[str], trial: str) -> tuple[Weibull | None, str]:
    """The curve of arms in other trials that received exactly these drugs in comparable patients.

    Args:
        evidence: The tables.
        drugs: What the arms received.
        trial: The trial that is left out, and whose patients are compared with.

    Returns:
        The curve at the geometric mean of the arms' scales and shapes, or None; and the arms, or why there are none.
    """
    here = kind_of(evidence.trials[trial])
    found = []
    for other, arm in _arms_with(evidence, drugs):
        kind = kind_of(evidence.trials[other]) if other != trial else None
        if here is not None and kind is not None and here.fits(kind):
            curve = curve_of(evidence, other, arm)
            if curve is not None:
                found.append((f"{other} {arm}", curve))
    if not found:
        return None, f"no arm of {' + '.join(sorted(drugs))} alone in comparable patients of another trial"
    scale = math.exp(sum(math.log(curve.scale) for _, curve in found) / len(found))
    shape = math.exp(sum(math.log(curve.shape) for _, curve in found) / len(found))
    return Weibull(scale, shape), ", ".join(name for name, _ in found)


def _arms_with(evidence: Evidence, drugs: frozenset[str]) -> Iterable[tuple[str, str]]:
    """(trial, arm) of arms with these drugs, each once."""
    seen = set()
    for row in evidence.arms:
        key = (row.trial, row.arm)
        progression = ENDPOINTS.get(row.endpoint) == "PFS" and row.subgroup.name == "all"
        if key in seen or not progression or row.trial not in evidence.trials:
            continue
        seen.add(key)
        try:
            treatment = read_treatment(row.drugs)
        except InexpressibleError:
            continue
        if not treatment.chosen and treatment.drugs == drugs:
            yield key
