"""Whether a marker is measured in place of the diameters of lesions, as in a leukemia."""

from __future__ import annotations

from forestall.knowledge.packs import pack_in_force


def marker_in_place_of_scans() -> str:
    """Name of the marker that is measured in place of diameters in the disease in force; empty if diameters are."""
    pack = pack_in_force()
    return "" if pack is None or pack.burden is None or not pack.burden.replaces_scans else pack.burden.name
