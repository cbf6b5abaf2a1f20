"""The screened model of our own network: cell lines in culture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from forestall.biology.assay import log_fold_changes
from forestall.biology.culture import CellLine, Culture, Treatments
from forestall.studies.screen.mechanism import explanations
from forestall.studies.screen.system import Array, Panel


@dataclass(frozen=True)
class CultureSystem:
    """Cell lines of our network under drugs of the catalog."""

    panel: Panel
    culture: Culture
    lines: Sequence[CellLine]
    days: float
    """Length of the assay."""
    measure: Literal["cells", "output"] = "cells"

    def log_response(self, treatments: Treatments) -> Array:
        """(n,) natural logarithm of cells at the end over cells at the start."""
        return log_fold_changes(self.culture, treatments, self.days)

    def explain(self, base: Treatments, added: Treatments) -> list[str]:
        """Why the added drug changes what the base drugs leave, from the network's states under both."""
        return explanations(self.culture, self.panel, base, added, self.days)

    def notes(self) -> tuple[str, ...]:
        """Nothing: the catalog speaks for itself."""
        return ()

    def about(self) -> dict[str, object]:
        """Settings that results rest on."""
        return {
            "network": self.culture.network.network.id,
            "cell_lines": [line._asdict() for line in self.lines],
            "days": self.days,
            "rates_per_day": vars(self.culture.fates),
        }
