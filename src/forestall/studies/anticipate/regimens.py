"""The regimens of a screen: every drug, pair and triple at once, and one drug after the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forestall.engine.branching.plan import Line, Plan
from forestall.errors import InputError
from forestall.studies.anticipate.subject import Drugs

MOST_REGIMENS = 2000
VISIT_DAYS = 56.0


@dataclass(frozen=True)
class Regimen:
    """Drugs in lines; each line lasts until it fails."""

    lines: tuple[Drugs, ...]

    @property
    def name(self) -> str:
        """As one writes it."""
        return ", then ".join(" + ".join(drugs) for drugs in self.lines)

    @property
    def drugs(self) -> Drugs:
        """All drugs, sorted."""
        return tuple(sorted(drug for line in self.lines for drug in line))

    @property
    def is_sequence(self) -> bool:
        """Whether drugs are given one after the other."""
        return len(self.lines) > 1

    def plan(self, horizon_days: float, detectable: float) -> Plan:
        """The plan: phase 1 is the first line, and so on; the course ends when the last line has failed."""
        lines = tuple(Line(((1 + k, math.inf),)) for k in range(len(self.lines)))
        return Plan(
            lines, horizon_days, VISIT_DAYS, detectable_cells=detectable, stop_at_last_progression=True
        )


def regimens_of(drugs: Sequence[str], order: int) -> list[Regimen]:
    """Single drugs, combinations of up to `order` drugs, and all sequences of the same drugs.

    Raises:
        InputError: if they are too many.
    """
    found = list(itertools.islice(_regimens(drugs, min(order, len(drugs))), MOST_REGIMENS + 1))
    if len(found) > MOST_REGIMENS:
        raise InputError(
            f"more than {MOST_REGIMENS} regimens",
            field="drugs",
            value=f"{len(drugs)} drugs",
            fix="name fewer drugs, or --order 2",
        )
    return found


def _regimens(drugs: Sequence[str], order: int) -> Iterator[Regimen]:
    for size in range(1, order + 1):
        for together in itertools.combinations(drugs, size):
            yield Regimen((together,))
            if size > 1:
                for sequence in itertools.permutations(together):
                    yield Regimen(tuple((drug,) for drug in sequence))
