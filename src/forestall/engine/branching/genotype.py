"""Genotypes: which alterations a cell carries, and which of the orders that matter they came in."""

from __future__ import annotations

from typing import NamedTuple

MOST_ALTERATIONS = 64


class Genotype(NamedTuple):
    """A genotype."""

    mask: int = 0
    """Bit a is set if the cell carries alteration a."""
    order: int = 0
    """Bit k is set if the cell acquired the k-th declared pair in its declared order."""

    def carries(self, alteration: int) -> bool:
        """Whether the cell carries an alteration."""
        return bool(self.mask >> alteration & 1)

    def alterations(self) -> tuple[int, ...]:
        """The alterations that the cell carries, ascending."""
        return tuple(a for a in range(self.mask.bit_length()) if self.carries(a))

    def with_alteration(self, alteration: int, ordered: tuple[tuple[int, int], ...] = ()) -> Genotype:
        """The genotype of a daughter that acquired one more alteration.

        Args:
            alteration: The alteration.
            ordered: Declared pairs (first, second) whose order matters.
        """
        order = self.order
        for k, (first, second) in enumerate(ordered):
            if second == alteration and self.carries(first):
                order |= 1 << k
        return Genotype(self.mask | 1 << alteration, order)
