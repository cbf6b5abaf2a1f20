"""Tumor types by the names that people use: "HER2+/ER+" for the context `her2_positive_er_positive`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from forestall.errors import InputError, did_you_mean

_NAMED = {
    (True, True): "her2_positive_er_positive",
    (True, False): "her2_positive_er_negative",
    (False, True): "er_positive",
    (False, False): "triple_negative",
}
"""Context by HER2 and ER."""
_WORDS = {"tnbc": "triple_negative", "hr+": "er_positive", "luminal": "er_positive"}
_TOKEN = re.compile(r"(HER2|ERBB2|ER|ESR1|HR)\s*(\+|-|positive|negative|pos|neg)", re.IGNORECASE)


def context_named(text: str, contexts: Iterable[str]) -> str:
    """The context that a text names.

    Args:
        text: A context's id, or receptor statuses such as "HER2+/ER-" or "ER+" (HER2 is negative unless it is named).
        contexts: The ids that exist.

    Raises:
        InputError: if it names none, or leaves ER open in a HER2-positive tumor.
    """
    known = list(contexts)
    word = text.strip().casefold().replace(" ", "_").replace("-_", "-")
    if word in known:
        return word
    found = _WORDS.get(word.replace("_", "")) or _from_receptors(text)
    if found in known:
        return str(found)
    fix = did_you_mean(text, known)
    raise InputError(
        "unknown tumor type", value=text, allowed="HER2+/ER+, HER2+/ER-, ER+, triple negative", fix=fix
    )


def _from_receptors(text: str) -> str | None:
    status = {"HER2": False} | {_receptor(name): sign[0] in "+pP" for name, sign in _TOKEN.findall(text)}
    rest = _TOKEN.sub("", text).strip(" /,;_")
    if rest or "ER" not in status:
        return None
    return _NAMED[status["HER2"], status["ER"]]


def _receptor(name: str) -> str:
    return "HER2" if name.upper() in ("HER2", "ERBB2") else "ER"
