"""The number of cells over an interval, as those who bear mutants."""

from __future__ import annotations

from typing import NamedTuple

Shares = tuple[float, float, float, float]


class Path(NamedTuple):
    """Cells that may bear mutants, over an interval."""

    shares: Shares
    """Cell-days that each node stands for."""
    start: float
    """Day on which the interval begins."""
    days: float
    """Its length."""
    fastest: float
    """`fastest_change` in it, 1/day."""
    bend: float
    """Logarithm of the cells' growth along an exponential path; nan for another path."""
