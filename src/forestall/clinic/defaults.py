"""What is assumed of treatment where nobody says."""

from __future__ import annotations

from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.regimens import Regimen, parse_regimen

DEFAULT_AFTER_PROGRESSION = "capecitabine q3w"
"""Catalogued regimen that patients receive after progression."""


def default_after_progression() -> Regimen:
    """The regimen that patients receive after progression unless the study says otherwise; a pack may name its own."""
    pack = pack_in_force()
    return parse_regimen(DEFAULT_AFTER_PROGRESSION if pack is None else pack.after_progression)
