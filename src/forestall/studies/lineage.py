"""Which clone came from which: the tree of a patient's clones."""

from __future__ import annotations

from collections.abc import Sequence

from forestall.studies.course import CloneCourse


def parents(clones: Sequence[CloneCourse]) -> list[int | None]:
    """The parent of each clone; None for the founding one.

    A clone with several alterations may have come by several ways. The model keeps one clone for each set of alterations, so the way is
    not known: the parent named is the largest clone with one alteration less, or the nearest that lived if none such did.

    Args:
        clones: The founding clone first.
    """
    return [_parent(clones, number) for number in range(len(clones))]


def _parent(clones: Sequence[CloneCourse], number: int) -> int | None:
    own = set(clones[number].acquired)
    if not own:
        return None
    before = [other for other, clone in enumerate(clones) if set(clone.acquired) < own]
    return max(before, key=lambda other: (len(clones[other].acquired), _most(clones[other]), -other))


def _most(clone: CloneCourse) -> float:
    return float(clone.cells.sum(axis=1).max(initial=0.0))
