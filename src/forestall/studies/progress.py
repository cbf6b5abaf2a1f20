"""How a study tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0 if unknown)."""


def quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""
