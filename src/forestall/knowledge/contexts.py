"""Tumor types in the words that people use: "HER2+/ER-", "TNBC", "HER2-positive, ER-positive"."""

from __future__ import annotations

import re

from forestall.errors import InputError, did_you_mean

CONTEXTS = {
    (False, True): "er_positive",
    (True, True): "her2_positive_er_positive",
    (True, False): "her2_positive_er_negative",
    (False, False): "triple_negative",
}
"""(HER2 positive, ER positive) -> the context of the breast network."""
_SHORT = {
    "er_positive": "HER2-/ER+",
    "her2_positive_er_positive": "HER2+/ER+",
    "her2_positive_er_negative": "HER2+/ER-",
    "triple_negative": "TNBC",
}
_MARKER = r"(?<![a-z0-9]){}\s*[ _-]?\s*(\+|pos(?:itive)?|-|neg(?:ative)?)(?![a-z+])"
_TRIPLE = re.compile(r"^(tnbc|triple[ _-]?negative)$")
ALLOWED = ", ".join(_SHORT.values())


def short_name(context: str) -> str:
    """A context in short: "HER2+/ER-"; its own name if it is none of the breast network."""
    return _SHORT.get(context, context)


def find_context(text: str) -> str:
    """The context of the breast network that a text means.

    Args:
        text: Such as "HER2+/ER-", "HER2-positive, ER-positive", "TNBC", or a context's own name.

    Raises:
        InputError: if it names no receptor status.
    """
    plain = re.sub("[\u2010-\u2015\u2212]", "-", text.strip().casefold())
    if plain in _SHORT:
        return plain
    if _TRIPLE.match(plain):
        return "triple_negative"
    her2, er = (_status(marker, plain) for marker in ("her2", "er"))
    if her2 is None or er is None:
        fix = did_you_mean(text, [*_SHORT.values(), *_SHORT])
        raise InputError("unknown tumor type", field="context", value=text, allowed=ALLOWED, fix=fix)
    return CONTEXTS[her2, er]


def _status(marker: str, text: str) -> bool | None:
    found = re.search(_MARKER.format(marker), text)
    return None if found is None else found[1][0] in "+p"
