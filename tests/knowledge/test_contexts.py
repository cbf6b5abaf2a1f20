"""Tumor types in the words that people use."""

from __future__ import annotations

import pytest

from forestall.errors import InputError
from forestall.knowledge.contexts import CONTEXTS, find_context, short_name
from forestall.knowledge.networks import load_networks


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("HER2+/ER+", "her2_positive_er_positive"),
        ("er+ her2+", "her2_positive_er_positive"),
        ("HER2-positive, ER-negative", "her2_positive_er_negative"),
        ("HER2+/ER\N{MINUS SIGN}", "her2_positive_er_negative"),
        ("HER2-/ER+", "er_positive"),
        ("er_positive", "er_positive"),
        ("TNBC", "triple_negative"),
        ("triple-negative", "triple_negative"),
        ("HER2 neg, ER neg", "triple_negative"),
    ],
)
def test_unit_a_tumor_type_is_found(text: str, context: str) -> None:
    assert find_context(text) == context


def test_property_short_names_are_read_back() -> None:
    assert set(CONTEXTS.values()) == set(load_networks()["breast"].contexts)
    for context in CONTEXTS.values():
        assert find_context(short_name(context)) == context


@pytest.mark.parametrize("text", ["", "HER2+", "ER", "HER3+/ER+", "breast"])
def test_unit_what_names_no_type_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"HER2\+/ER-"):
        find_context(text)
