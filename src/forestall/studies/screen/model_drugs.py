"""Drugs and genotypes of models that others published: what a word of the command line does to nodes or parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from forestall.errors import InputError
from forestall.studies.screen.request import dose_table
from forestall.studies.screen.system import Array

DEFAULT_SHARES = ("0.25,0.5,0.75,1",)
WILD_TYPE = "wild type"


@dataclass(frozen=True)
class ModelDrug:
    """What a drug does at its full dose; at a share of the dose it goes that share of the way."""

    name: str
    targets: tuple[tuple[str, float], ...]
    """Nodes or parameters, and the value that each is taken to."""


def drug_from_text(text: str) -> ModelDrug:
    """A drug from "[LABEL:]TARGET[=VALUE][+TARGET[=VALUE]...]"; without a value the target is taken to 0.

    Raises:
        InputError: if the text has another form.
    """
    label, colon, rest = text.partition(":")
    targets = tuple(_target(part, text, "drugs", usual=0.0) for part in (rest if colon else text).split("+"))
    return ModelDrug(label.strip() if colon else text.strip(), targets)


def genotype_from_text(text: str) -> tuple[tuple[str, float], ...]:
    """A genotype from "TARGET=VALUE[+TARGET=VALUE...]", or nothing for the wild type.

    Raises:
        InputError: if the text has another form.
    """
    if text.strip().casefold().replace("-", " ").replace("_", " ") in (WILD_TYPE, "wildtype", "wt"):
        return ()
    return tuple(_target(part, text, "genotypes", usual=None) for part in text.split("+"))


def _target(part: str, text: str, field: str, usual: float | None) -> tuple[str, float]:
    name, equals, number = part.partition("=")
    try:
        value = float(number) if equals else usual
    except ValueError:
        value = None
    if not name.strip() or value is None or not math.isfinite(value):
        allowed = "NAME, NAME=VALUE or LABEL:NAME=VALUE" if field == "drugs" else "NAME=VALUE, or 'wild type'"
        raise InputError(
            "expected a node or parameter and its value", field=field, value=text, allowed=allowed
        )
    return name.strip(), value


def share_table(drugs: Sequence[ModelDrug], texts: Sequence[str] | None) -> Array:
    """Doses (drugs, m) as shares of the full effect.

    Raises:
        InputError: if a share is not above 0 and at most 1.
    """
    return dose_table([drug.name for drug in drugs], texts or DEFAULT_SHARES, _share)


def _share(drug: str, text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        allowed = "a share of the target that is inhibited, above 0 and up to 1, such as 0.5 or 50%"
        raise InputError(
            "this is no dose for a model of others", field=f"doses of {drug}", value=text, allowed=allowed
        )
    return share
