"""What is assumed of treatment where nobody says."""

from __future__ import annotations

from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.regimens import Regimen, parse_regimen

DEFAULT_AFTER_PROGRESSION = "capecitabine q3w"
"""Catalogued regimen that patients receive after progression."""
HER2_POSITIVE_AFTER_PROGRESSION = "trastuzumab + capecitabine"
"""The same where all tumors are HER2-positive: treatment against HER2 goes on beyond progression."""


def default_after_progression(her2: str | None) -> Regimen:
    """The regimen that patients receive after progression unless the study says otherwise; a pack may name its own.

    Args:
        her2: HER2 status that a trial asks for, or that of the patient.
    """
    pack = pack_in_force()
    if pack is not None:
        return parse_regimen(pack.after_progression)
    return parse_regimen(HER2_POSITIVE_AFTER_PROGRESSION if her2 == "positive" else DEFAULT_AFTER_PROGRESSION)
