"""What tables without comparisons ask: arms beside each other, without a published ratio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from forestall.studies.validation.rows import ENDPOINTS, ArmRow, ComparisonRow, Subgroup

_USUAL_LEVEL: Final = 0.95


def pairs(arms: Iterable[ArmRow]) -> Iterator[ComparisonRow]:
    """Every arm of a trial against its first arm with the fewest drugs, for each endpoint that is predicted, and each subgroup."""
    groups: dict[tuple[str, Subgroup, str], dict[str, ArmRow]] = {}
    for row in arms:
        if row.endpoint in ENDPOINTS:
            groups.setdefault((row.trial, row.subgroup, row.endpoint), {}).setdefault(row.arm, row)
    for group in groups.values():
        control = min(group.values(), key=_drugs)
        yield from (_pair(row, control) for row in group.values() if row is not control)


def _drugs(row: ArmRow) -> int:
    """How many drugs a cell names, beside placebos."""
    parts = (part.strip().casefold() for part in re.split(r"[;+]", row.drugs))
    return sum(not part.startswith("placebo") for part in parts)


def _pair(row: ArmRow, control: ArmRow) -> ComparisonRow:
    return ComparisonRow(
        source_line=row.source_line,
        trial=row.trial,
        endpoint=row.endpoint,
        subgroup=row.subgroup,
        experimental=row.arm,
        control=control.arm,
        hr=None,
        interval=None,
        level=_USUAL_LEVEL,
        p=None,
        n_experimental=row.n,
        n_control=control.n,
        preferred=row.preferred,
        assessor=row.assessor,
    )
