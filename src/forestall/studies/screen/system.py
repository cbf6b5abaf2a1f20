"""What a screen asks of the model that it screens, whatever that model is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from forestall.biology.culture import Treatments

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """What a screen crosses."""

    lines: tuple[str, ...]
    """Names of the cell lines or genotypes."""
    drugs: tuple[str, ...]
    doses: Array
    """(drugs, m) positive and ascending."""
    unit: str
    """Of the doses: "nM", or "share" of the target that is inhibited."""
    order: int
    """Most drugs at once, 1 to 3."""


class System(Protocol):
    """A model of cells under drugs."""

    @property
    def panel(self) -> Panel:
        """What is crossed."""
        ...

    @property
    def measure(self) -> Literal["cells", "output"]:
        """Whether the response is a number of cells, so that it grows, or another output."""
        ...

    def log_response(self, treatments: Treatments) -> Array:
        """(n,) natural logarithm of cells at the end over cells at the start, or of the output."""
        ...

    def explain(self, base: Treatments, added: Treatments) -> list[str]:
        """Why the added drug changes what the base drugs leave, one sentence for each row.

        Args:
            base: (n, k - 1) the better part of each combination.
            added: (n, 1) the drug that completes it.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """What a reader of the result should know of the model, one line each."""
        ...

    def about(self) -> dict[str, object]:
        """Settings that results rest on, for the record."""
        ...


def untreated(lines: int) -> Treatments:
    """Every cell line without drugs."""
    return Treatments(np.arange(lines), np.zeros((lines, 1), np.int64), np.zeros((lines, 1)))


def joined(base: Treatments, added: Treatments) -> Treatments:
    """The drugs of both together."""
    return Treatments(
        base.line,
        np.concatenate([base.drug, added.drug], axis=1),
        np.concatenate([base.concentration, added.concentration], axis=1),
    )


def named(panel: Panel, drugs: Sequence[int]) -> str:
    """A combination in words."""
    return " + ".join(panel.drugs[drug] for drug in drugs)
