"""Which assay can see an alteration, and what the cells of a clone show it.

A panel reads mutations and inactivating changes as variant reads and amplifications as copies. Loss of a receptor is seen by
immunohistochemistry. What is only expressed more, or spliced otherwise, no assay here sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from forestall.knowledge.alterations import Alteration, load_alterations
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.scope import per_scope

RECEPTORS = {"ER": "ESR1", "PR": "PGR", "HER2": "ERBB2"}
"""Receptor -> gene."""
NORMAL_COPIES = 2.0
_MARKER_OF = {gene: marker for marker, gene in RECEPTORS.items()}


class Assay(StrEnum):
    """What an alteration is seen by."""

    READS = "variant reads"
    COPIES = "copy number"
    STAINING = "immunohistochemistry"
    NONE = "not seen"


def assay_for(alteration: Alteration) -> Assay:
    """The assay that sees an alteration."""
    if alteration.kind == "loss" and alteration.gene in _MARKER_OF:
        return Assay.STAINING
    if alteration.kind in ("mutation", "loss", "rearrangement"):
        return Assay.READS
    return Assay.COPIES if alteration.kind == "amplification" else Assay.NONE


@per_scope
def panel() -> dict[str, Assay]:
    """Every alteration of the catalog with the assay that sees it."""
    return {name: assay_for(alteration) for name, alteration in load_alterations().items()}


def seen_by(assay: Assay) -> tuple[str, ...]:
    """Alterations that an assay sees, in the order of the catalog."""
    return tuple(name for name, kind in panel().items() if kind is assay)


def stains() -> tuple[str, ...]:
    """Receptors that tissue is stained for: those of breast cancer, none in other diseases."""
    return tuple(RECEPTORS) if pack_in_force() is None else ()


def marker_lost(name: str) -> str | None:
    """The receptor that is lost with an alteration; None if it is seen in another way."""
    return _MARKER_OF[load_alterations()[name].gene] if panel()[name] is Assay.STAINING else None


def copies(name: str, carried: Iterable[str]) -> float:
    """Copies of the gene of an amplification in a cell.

    Args:
        name: The amplification.
        carried: Alterations of the cell.
    """
    return value("amplification.copies", "1") if name in carried else NORMAL_COPIES


def shows(marker: str, carried: Iterable[str], *, founding: bool) -> bool:
    """Whether the cells of a clone stain for a receptor.

    Args:
        marker: ER, PR or HER2.
        carried: Alterations of the clone.
        founding: Whether the founding clone stains.
    """
    gene = RECEPTORS["ER"] if marker == "PR" else RECEPTORS[marker]
    lost = (name for name in seen_by(Assay.STAINING) if load_alterations()[name].gene == gene)
    return founding and not any(name in carried for name in lost)
